// Bodies that come packed (Content-Encoding: gzip, RFC 1952). Pure, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/result.h"

namespace server {

// What the bytes hold, of which there may be at most so many: no more than that is ever unpacked.
// Errors: too_large; bad_encoding: it is no gzip, damaged, or not whole.
core::Result<std::string> unpacked(std::string_view bytes, std::size_t most);

}  // namespace server
