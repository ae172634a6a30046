// What a format remembers, as lines of words: "call\tid\tqueue…\n". Tabs, line ends and backslashes in words are
// escaped, so that any word comes back as it was. Pure functions and values, any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "windows/time.h"

namespace ingest {

class MemoryWriter {
 public:
  void line(std::initializer_list<std::string_view> words);
  void line(const std::vector<std::string>& words);
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

using MemoryLine = std::vector<std::string>;
std::vector<MemoryLine> memory_lines(std::string_view text);

// Instants in memory: "" is windows::kNever. False: not an instant.
std::string time_word(windows::Time at);
bool read_time_word(std::string_view word, windows::Time& at);

}  // namespace ingest
