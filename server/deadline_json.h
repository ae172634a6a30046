// Deadlines as JSON, for the stream and REST alike (docs/stream.md). Pure, any thread.
#pragma once

#include <span>
#include <string>

#include "core/engine.h"

namespace server {

// [{"record":{"kind":"ticket","id":"T-1"},"clock":"first_response",…},…], in the order given.
// `elapsed`: with what grows by itself while a clock runs; two lists without it are equal if nothing happened.
std::string deadlines_json(std::span<const core::Deadline> list, bool elapsed);

}  // namespace server
