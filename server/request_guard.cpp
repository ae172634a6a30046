#include "server/request_guard.h"

#include <algorithm>
#include <cctype>

namespace server {
namespace {

bool is_token(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

bool same(std::string_view a, std::string_view lower) {
  return a.size() == lower.size() && std::equal(a.begin(), a.end(), lower.begin(), [](char x, char y) {
           return (x >= 'A' && x <= 'Z' ? static_cast<char>(x + 32) : x) == y;
         });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool only_digits(std::string_view text) {
  return !text.empty() && text.size() <= 15 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool has_controls(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t') || byte == 0x7F;
  });
}

struct Seen {
  std::string_view method, version;
  int hosts = 0, lengths = 0, encodings = 0, packings = 0, fields = 0;
};

std::optional<HeadProblem> bad(std::string detail, int status = 400) { return HeadProblem{status, std::move(detail)}; }

std::optional<HeadProblem> judge_request_line(std::string_view line, Seen& seen) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return bad("the request line is not method, target, version");
  seen.method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  seen.version = line.substr(last + 1);
  if (!is_token(seen.method)) return bad("the method is not a token");
  if (target.size() > kMaxTargetBytes) return bad("the target is longer than 2 KiB", 414);
  const bool visible =
      std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7F && c != '#'; });
  if (target.empty() || target[0] != '/' || !visible) return bad("the target is not an absolute path");
  if (seen.version == "HTTP/1.1" || seen.version == "HTTP/1.0") return std::nullopt;
  if (seen.version.starts_with("HTTP/") && seen.version.size() == 8) return bad("only HTTP/1.1 and HTTP/1.0", 505);
  return bad("the version is not HTTP/1.1");
}

std::optional<HeadProblem> judge_field(std::string_view line, Seen& seen) {
  if (line[0] == ' ' || line[0] == '\t') return bad("a header is folded over two lines");
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return bad("a header has no colon");
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (!is_token(name)) return bad("a header's name is not a token");
  if (has_controls(value)) return bad("a header's value holds control characters");
  if (same(name, "host")) {
    const bool plain = value.find_first_of(" \t,;'\"/@?#\\<>") == std::string_view::npos;
    if (++seen.hosts > 1 || value.empty() || !plain) return bad("Host must be one host");
  } else if (same(name, "content-length")) {
    if (++seen.lengths > 1 || !only_digits(value)) return bad("Content-Length must be one number");
  } else if (same(name, "transfer-encoding")) {
    if (++seen.encodings > 1 || !same(value, "chunked")) return bad("Transfer-Encoding must be exactly chunked", 501);
  } else if (same(name, "content-encoding")) {
    if (++seen.packings > 1 || (!same(value, "identity") && !same(value, "gzip"))) {
      return bad("Content-Encoding must be gzip or identity", 415);
    }
  } else if (same(name, "expect") && !same(value, "100-continue")) {
    return bad("only 100-continue can be expected", 417);
  } else if (same(name, "trailer")) {
    return bad("trailers are not accepted");
  }
  return std::nullopt;
}

}  // namespace

std::size_t head_length(std::string_view bytes) {
  const std::size_t end = bytes.find("\r\n\r\n");
  return end == std::string_view::npos ? 0 : end + 4;
}

std::optional<HeadProblem> judge_head(std::string_view head) {
  Seen seen;
  bool first = true;
  while (true) {
    const std::size_t end = head.find('\n');
    if (end == std::string_view::npos || end == 0 || head[end - 1] != '\r') return bad("lines must end in CR LF");
    const std::string_view line = head.substr(0, end - 1);
    head.remove_prefix(end + 1);
    if (line.find('\r') != std::string_view::npos) return bad("a CR stands alone");
    if (line.empty()) {
      if (first) return bad("the request line is empty");
      break;
    }
    if (!first && ++seen.fields > static_cast<int>(kMaxFields)) return bad("more than 64 headers", 431);
    if (const auto problem = first ? judge_request_line(line, seen) : judge_field(line, seen)) return problem;
    first = false;
  }
  const bool newer = seen.version == "HTTP/1.1";
  if (newer && seen.hosts == 0) return bad("Host is missing");
  if (seen.encodings > 0 && !newer) return bad("Transfer-Encoding needs HTTP/1.1");
  if (seen.encodings > 0 && seen.lengths > 0) return bad("both Transfer-Encoding and Content-Length");
  return std::nullopt;
}

}  // namespace server
