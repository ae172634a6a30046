#include "ingest/toml_text.h"

namespace ingest {

std::string place(std::size_t line, std::size_t column) {
  std::string text = std::to_string(line);
  text += ':';
  text += std::to_string(column);
  return text;
}

std::optional<core::Error> unreadable_toml(std::string_view toml) {
  const auto refuse = [](std::size_t line, std::size_t column, const char* message) {
    return core::Error{"bad_mapping", message, place(line, column)};
  };
  std::size_t number = 0;
  while (!toml.empty()) {
    const std::size_t end = toml.find('\n');
    const std::string_view line = toml.substr(0, end);
    toml.remove_prefix(end == std::string_view::npos ? toml.size() : end + 1);
    ++number;
    for (std::size_t i = 0; i < line.size(); ++i) {
      const auto c = static_cast<unsigned char>(line[i]);
      const bool control = (c < 0x20 && c != '\t' && c != '\r') || c == 0x7F;
      if (control) return refuse(number, i + 1, "a control character");
    }
    std::size_t at = line.find_first_not_of(" \t");
    if (at == std::string_view::npos || line[at] != '[') continue;
    ++at;
    if (at < line.size() && line[at] == '[') ++at;
    at = line.find_first_not_of(" \t", at);
    if (at == std::string_view::npos) continue;
    const char c = line[at];
    const bool name = (static_cast<unsigned>(c | 0x20) - 'a' < 26) || (c >= '0' && c <= '9') ||
                      std::string_view("_-\"'").find(c) != std::string_view::npos;
    if (!name && c != ']') return refuse(number, at + 1, "a line that begins with [ names a table");
  }
  return std::nullopt;
}

}  // namespace ingest
