// Notices as bytes in the outbox. Damaged bytes are an error, never a crash. Pure; any thread.
// The format is in docs/hooks.md, "The outbox".
#pragma once

#include <optional>
#include <string>

#include "core/alert.h"
#include "core/keep_codec.h"

namespace state {

void append_notice(core::RowWriter& row, const core::Notice& notice);
std::optional<core::Notice> read_notice(core::RowReader& row);  // none: damaged

void append_alert(core::RowWriter& row, const core::Alert& alert);
std::optional<core::Alert> read_alert(core::RowReader& row);

}  // namespace state
