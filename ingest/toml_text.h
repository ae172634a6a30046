// What must be known about the text of a TOML file before and after the parser has it.
// Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace ingest {

// toml++ 3.3 stops the process, or worse, on some texts that are no TOML: control characters, letters
// outside ASCII where a name may stand, and a table header whose name begins with something that no name
// begins with. Found by fuzzing; they are refused here, as `bad_mapping`. The price: a text over several
// lines (""") must be ASCII.
std::optional<core::Error> unreadable_toml(std::string_view toml);

// "line:column", both from 1.
std::string place(std::size_t line, std::size_t column);

}  // namespace ingest
