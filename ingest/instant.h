// Instants as text: RFC 3339, epoch numbers, and back.
//
// Strict: four-digit year, every field in its range, the date must exist, no leap second (:60),
// fraction of 1 to 9 digits, Z or ±hh:mm. Digits below the millisecond are cut off, never rounded
// up. nullopt = not an instant. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "windows/time.h"

namespace ingest {

using windows::Duration;
using windows::Time;

// "2026-02-01T09:30:00.250+01:00". T and Z may be lower case, as the RFC allows; a space for T may
// not.
std::optional<Time> parse_rfc3339(std::string_view text);

// "1760000000123": optional minus, 1 to 18 digits.
std::optional<Time> parse_epoch_ms(std::string_view text);

// "1760000000.123": seconds with an optional fraction of 1 to 9 digits.
std::optional<Time> parse_epoch_s(std::string_view text);

// "2026-02-01T08:30:00.250Z", or with an offset in whole minutes "2026-02-01T09:30:00.250+01:00".
// Years outside 0..9999 are clamped to that range: they can only come from a sentinel, not from an
// event.
std::string format_instant(Time utc);
std::string format_instant(Time utc, Duration offset);

}  // namespace ingest
