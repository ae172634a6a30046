#include "ingest/toml_text.h"

#include <algorithm>

namespace ingest {

std::string place(std::size_t line, std::size_t column) {
  std::string text = std::to_string(line);
  text += ':';
  text += std::to_string(column);
  return text;
}

namespace {

struct Finding {
  std::size_t column;  // from 0
  const char* message;
};

std::optional<Finding> bad_character(std::string_view line) {
  char quote = '\0';
  bool comment = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const auto c = static_cast<unsigned char>(line[i]);
    if ((c < 0x20 && c != '\t' && c != '\r') || c == 0x7F) return Finding{i, "a control character"};
    if (comment) continue;
    if (quote != '\0') {
      if (c == '\\' && quote == '"') {
        ++i;
      } else if (line[i] == quote) {
        quote = '\0';
      }
    } else if (c == '"' || c == '\'') {
      quote = line[i];
    } else if (c == '#') {
      comment = true;
    } else if (c >= 0x80) {
      return Finding{i, "only what stands in quotes may have letters outside ASCII"};
    }
  }
  return std::nullopt;
}

std::optional<Finding> bad_header(std::string_view line) {
  std::size_t at = line.find_first_not_of(" \t");
  if (at == std::string_view::npos || line[at] != '[') return std::nullopt;
  ++at;
  if (at < line.size() && line[at] == '[') ++at;
  at = std::min(line.find_first_not_of(" \t", at), line.size());
  const char c = at == line.size() ? '\0' : line[at];
  const bool letter = static_cast<unsigned>(c | 0x20) - 'a' < 26 || (c >= '0' && c <= '9');
  if (letter || std::string_view("_-\"']").find(c) != std::string_view::npos) return std::nullopt;
  return Finding{at, "a line that begins with [ names a table"};
}

}  // namespace

std::optional<core::Error> unreadable_toml(std::string_view toml) {
  if (toml.starts_with("\xEF\xBB\xBF")) toml.remove_prefix(3);
  for (std::size_t number = 1; !toml.empty(); ++number) {
    const std::size_t end = toml.find('\n');
    const std::string_view line = toml.substr(0, end);
    toml.remove_prefix(end == std::string_view::npos ? toml.size() : end + 1);
    auto finding = bad_character(line);
    if (!finding) finding = bad_header(line);
    if (!finding) continue;
    return core::Error{"bad_mapping", finding->message, place(number, finding->column + 1)};
  }
  return std::nullopt;
}

}  // namespace ingest
