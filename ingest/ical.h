// Holidays from an iCalendar file (RFC 5545): the dates of its all-day events.
//
// Read are DTSTART and DTEND or DURATION in whole days, RRULE by year or month, RDATE, EXDATE; events with
// STATUS:CANCELLED are left out. An event that begins at a time of day, recurs more often, or changes one day of a
// series is refused rather than guessed at. Parsing and recurrence are libical's. Any thread; no state.
#pragma once

#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/zone.h"

namespace ingest {

inline constexpr std::size_t kMaxIcalBytes = 4 * 1024 * 1024;

// Ascending, each once, from 1970 to 2100. Errors: bad_ical; `where` is the line.
core::Result<std::vector<core::Date>> read_holidays(std::string_view ics);

}  // namespace ingest
