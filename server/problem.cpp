#include "server/problem.h"

#include "server/frames.h"
#include "server/json_text.h"

namespace server {
namespace {

int status_of(std::string_view code) {
  for (const std::string_view unknown : {"unknown_kpi", "unknown_view", "unknown_scope", "unknown_record",
                                         "unknown_alert", "unknown_silence", "unknown_receiver", "unknown_tenant"}) {
    if (code == unknown) return 404;
  }
  if (code == "unsupported_media_type") return 415;
  if (code == "too_large") return 413;
  if (code == "too_many_rows") return 422;
  return 400;
}

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Response problem(int status, std::string_view code, std::string_view detail) {
  Response response;
  response.status = status;
  response.content_type = "application/problem+json";
  std::string& out = response.body;
  out = R"({"type":"urn:ringside:problem:)";
  out.append(code).append(R"(","title":)");
  append_string(out, reason_phrase(status));
  out += R"(,"status":)";
  append_integer(out, status);
  out += R"(,"code":)";
  append_string(out, code);
  out += R"(,"detail":)";
  append_string(out, detail);
  out += '}';
  return response;
}

Response problem(const core::Error& error) {
  const std::string detail = error.where.empty() ? error.message : error.where + ": " + error.message;
  return problem(status_of(error.code), error.code, detail);
}

Response try_later(int status, std::string_view code, std::string_view detail, int seconds) {
  Response response = problem(status, code, detail);
  response.headers.emplace_back("Retry-After", std::to_string(seconds));
  return response;
}

Response firehose_problem(const Response& problem, std::string_view request_id, std::int64_t now_ms) {
  static constexpr std::string_view kDetail = R"("detail":)";  // the last of a problem, see above
  const std::size_t at = problem.body.find(kDetail);
  CHECK(at != std::string::npos, "it is a problem");
  Response answer = problem;
  answer.content_type = "application/json";
  answer.body = R"({"requestId":)";
  append_string(answer.body, request_id);
  answer.body += R"(,"timestamp":)" + std::to_string(now_ms) + R"(,"errorMessage":)";
  answer.body += problem.body.substr(at + kDetail.size());
  return answer;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Error";
  }
}

bool decode_percent(std::string_view text, bool plus_is_space, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (i + 2 >= text.size()) return false;
      const int high = hex(text[i + 1]);
      const int low = hex(text[i + 2]);
      if (high < 0 || low < 0) return false;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return valid_utf8(out);
}

bool parse_query(std::string_view text, std::map<std::string, std::string>& query) {
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    std::string name;
    std::string value;
    if (!decode_percent(pair.substr(0, equals), true, name)) return false;
    if (equals != std::string_view::npos && !decode_percent(pair.substr(equals + 1), true, value)) return false;
    if (!query.emplace(std::move(name), std::move(value)).second) return false;
  }
  return true;
}

}  // namespace server
