// A request and a response of our HTTP interface, without any socket. Values; I/O thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace server {

struct Request {
  std::string method;
  std::string path;                                          // decoded, without the query
  std::string target;                                        // path and query as they were sent
  std::map<std::string, std::string> query;                  // decoded
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
  std::string id;                // of this request, also in the answer and in problems
  std::int64_t received_us = 0;  // steady

  std::string_view header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (key == name) return value;
    }
    return {};
  }
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::string_view shared;  // instead of body: bytes that live as long as the process
  std::vector<std::pair<std::string, std::string>> headers;

  std::string_view bytes() const { return shared.data() != nullptr ? shared : std::string_view(body); }
};

// "a=1&b=x%20y". False: malformed, or a name that is there twice.
bool parse_query(std::string_view text, std::map<std::string, std::string>& query);
// Percent-decoding; false: malformed or not UTF-8.
bool decode_percent(std::string_view text, bool plus_is_space, std::string& out);

std::string_view reason_phrase(int status);

}  // namespace server
