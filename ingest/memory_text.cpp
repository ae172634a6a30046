#include "ingest/memory_text.h"

#include <charconv>

namespace ingest {

namespace {

void append_word(std::string& text, std::string_view word) {
  for (const char c : word) {
    switch (c) {
      case '\t': text += "\\t"; break;
      case '\n': text += "\\n"; break;
      case '\\': text += "\\\\"; break;
      default: text += c;
    }
  }
}

}  // namespace

void MemoryWriter::line(std::initializer_list<std::string_view> words) {
  bool first = true;
  for (const std::string_view word : words) {
    if (!first) text_ += '\t';
    first = false;
    append_word(text_, word);
  }
  text_ += '\n';
}

void MemoryWriter::line(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text_ += '\t';
    append_word(text_, words[i]);
  }
  text_ += '\n';
}

std::vector<MemoryLine> memory_lines(std::string_view text) {
  std::vector<MemoryLine> lines;
  MemoryLine line;
  std::string word;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\t' || c == '\n') {
      line.push_back(std::move(word));
      word.clear();
      if (c == '\t') continue;
      lines.push_back(std::move(line));
      line.clear();
    } else if (c == '\\' && i + 1 < text.size()) {
      const char next = text[++i];
      word += next == 't' ? '\t' : next == 'n' ? '\n' : next;
    } else {
      word += c;
    }
  }
  // A last line without its end was cut off and says nothing for sure.
  return lines;
}

std::string time_word(windows::Time at) { return at == windows::kNever ? "" : std::to_string(at); }

bool read_time_word(std::string_view word, windows::Time& at) {
  at = windows::kNever;
  if (word.empty()) return true;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), at);
  return error == std::errc() && end == word.data() + word.size();
}

}  // namespace ingest
