// Events back to the native format (docs/events.md): what the journal holds as lines that can be sent again.
//
// An item becomes one JSON object: an event, or a call.record when it is final. Instants that a record computed when it
// was read are given as instants. Pure, any thread.
#pragma once

#include <span>
#include <string>

#include "core/event.h"

namespace server {

// Without a newline.
std::string native_text(std::span<const core::Event> item);

}  // namespace server
