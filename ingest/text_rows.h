// TextRows: cuts separated or fixed-width text into rows of cells.
//
// Quoted cells may hold separators, line ends and doubled quotes (RFC 4180). A quote that is not
// closed within kMaxRowBytes costs its line only. Cells are views into the text, or into the arena
// where something had to be undone. One per file, one thread.
#pragma once

#include <string_view>
#include <vector>

#include "ingest/batch.h"
#include "ingest/mapping_plan.h"

namespace ingest {

inline constexpr std::size_t kMaxRowBytes = 64 * 1024;

class TextRows {
 public:
  explicit TextRows(const MappingPlan& plan) : plan_(plan) {}

  // The text to read from now on; line numbers go on.
  void feed(std::string_view text) { rest_ = text; }

  enum class Step : std::uint8_t { row, bad, end };
  // The next row that is neither blank nor a comment. bad: see fault().
  Step next(Arena& arena);

  const std::vector<std::string_view>& cells() const { return cells_; }
  std::size_t line() const { return row_line_; }  // of the row, from 1
  const char* fault() const { return fault_; }

 private:
  std::string_view take_line();
  bool split(std::string_view line, Arena& arena);
  bool quoted_cell(std::string_view& line, Arena& arena);
  void split_fixed(std::string_view line);
  bool recode(Arena& arena);
  Step bad(const char* fault);

  const MappingPlan& plan_;
  std::string_view rest_;
  std::size_t line_ = 0;
  std::size_t row_line_ = 0;
  std::vector<std::string_view> cells_;
  const char* fault_ = nullptr;
};

}  // namespace ingest
