// The row of one interval of one scope. Cells and columns are those of the table of cells (core/engine_cold.cpp), whose
// numbers never change, not those of a series. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "windows/series.h"

namespace core {

struct IntervalParts {  // which to read
  bool columns = true;
  bool buckets = true;
  bool items = true;
};

std::string interval_row(const windows::Gathered& gathered);
bool read_interval(std::string_view row, const IntervalParts& parts, windows::Gathered& out);  // false: makes no sense

}  // namespace core
