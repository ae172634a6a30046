// Loads an IANA zone ("Europe/Berlin") from the system's time zone files into a plain core::Zone.
//
// The only place that knows the tz library. Covers the years 1970 to 2100; outside them the nearest
// offset holds. Errors: `unknown_zone`. Reads files, so call it while starting or configuring, not
// per event. Thread-safe.
#pragma once

#include <string_view>

#include "core/result.h"
#include "core/zone.h"

namespace ingest {

core::Result<core::Zone> load_zone(std::string_view name);

}  // namespace ingest
