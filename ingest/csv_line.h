// One line of a CSV file, cut into cells: quotes may hold commas, a doubled quote is one. Values, one thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ingest {

// False: a quote that is not closed. Lenient where systems are: text after a closing quote belongs to the cell.
bool csv_cells(std::string_view line, std::vector<std::string>& cells);

}  // namespace ingest
