#include "ingest/text_rows.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "ingest/json_tokens.h"

namespace ingest {

namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Windows-1252 differs from Latin-1 in 0x80..0x9F; 0 = unassigned.
constexpr std::array<char16_t, 32> kWindows1252 = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

std::string_view to_utf8(std::string_view text, bool windows, Arena& arena) {
  char* const place = arena.take(text.size() * 3);
  char* p = place;
  for (const char c : text) {
    unsigned code = static_cast<unsigned char>(c);
    if (windows && code >= 0x80 && code < 0xA0) code = kWindows1252[code - 0x80];
    if (code < 0x80) {
      *p++ = static_cast<char>(code);
    } else if (code < 0x800) {
      *p++ = static_cast<char>(0xC0 | code >> 6);
      *p++ = static_cast<char>(0x80 | (code & 0x3F));
    } else {
      *p++ = static_cast<char>(0xE0 | code >> 12);
      *p++ = static_cast<char>(0x80 | (code >> 6 & 0x3F));
      *p++ = static_cast<char>(0x80 | (code & 0x3F));
    }
  }
  const auto size = static_cast<std::size_t>(p - place);
  arena.shrink(text.size() * 3 - size);
  return {place, size};
}

}  // namespace

std::string_view TextRows::take_line() {
  const std::size_t end = rest_.find('\n');
  std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
  ++line_;
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

TextRows::Step TextRows::bad(const char* fault) {
  fault_ = fault;
  return Step::bad;
}

TextRows::Step TextRows::next(Arena& arena) {
  while (!rest_.empty()) {
    if (line_ == 0 && rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
    const std::string_view line = take_line();
    row_line_ = line_;
    if (line_ <= plan_.skip_lines || trimmed(line).empty()) continue;
    if (!plan_.comment.empty() && line.starts_with(plan_.comment)) continue;
    if (line.size() > kMaxRowBytes) return bad("longer than 64 KiB");
    cells_.clear();
    if (plan_.layout == MappingPlan::Layout::fixed) {
      split_fixed(line);
    } else if (!split(line, arena)) {
      return bad("a quoted cell is not closed, or something follows it");
    }
    if (!recode(arena)) return bad("not valid UTF-8");
    return Step::row;
  }
  return Step::end;
}

bool TextRows::split(std::string_view line, Arena& arena) {
  for (;;) {
    if (plan_.quote != '\0' && line.starts_with(plan_.quote)) {
      if (!quoted_cell(line, arena)) return false;
      if (line.empty()) return true;
      if (line.front() != plan_.separator) return false;
      line.remove_prefix(1);
      continue;
    }
    const std::size_t end = line.find(plan_.separator);
    const std::string_view cell = line.substr(0, end);
    cells_.push_back(plan_.trim ? trimmed(cell) : cell);
    if (end == std::string_view::npos) return true;
    line.remove_prefix(end + 1);
  }
}

// `line` begins with the quote; afterwards it begins behind the closing one. A cell that goes on
// beyond its line takes the lines it needs.
bool TextRows::quoted_cell(std::string_view& line, Arena& arena) {
  const char* const begin = line.data() + 1;
  const char* const limit = rest_.data() + rest_.size();
  const char* p = begin;
  bool doubled = false;
  for (; p != limit && p - begin < static_cast<std::ptrdiff_t>(kMaxRowBytes); ++p) {
    if (*p != plan_.quote) continue;
    if (p + 1 == limit || p[1] != plan_.quote) break;
    doubled = true;
    ++p;
  }
  if (p == limit || *p != plan_.quote) return false;
  // The lines that the cell reached into belong to this row.
  while (p >= line.data() + line.size()) {
    const std::string_view more = take_line();
    line = {line.data(), static_cast<std::size_t>(more.data() + more.size() - line.data())};
  }
  std::string_view cell(begin, static_cast<std::size_t>(p - begin));
  if (doubled) {
    char* const place = arena.take(cell.size());
    std::size_t size = 0;
    for (std::size_t i = 0; i < cell.size(); ++i) {
      if (cell[i] == plan_.quote) ++i;
      place[size++] = cell[i];
    }
    arena.shrink(cell.size() - size);
    cell = {place, size};
  }
  cells_.push_back(cell);
  line.remove_prefix(static_cast<std::size_t>(p + 1 - line.data()));
  return true;
}

void TextRows::split_fixed(std::string_view line) {
  for (const Column& column : plan_.columns) {
    const std::string_view cell =
        column.at < line.size() ? line.substr(column.at, column.width) : std::string_view();
    cells_.push_back(plan_.trim ? trimmed(cell) : cell);
  }
}

bool TextRows::recode(Arena& arena) {
  for (std::string_view& cell : cells_) {
    if (is_ascii(cell)) continue;
    if (plan_.encoding == MappingPlan::Encoding::utf8) {
      if (!is_utf8(cell)) return false;
    } else {
      cell = to_utf8(cell, plan_.encoding == MappingPlan::Encoding::windows1252, arena);
    }
  }
  return true;
}

}  // namespace ingest
