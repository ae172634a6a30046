// Zone: the offsets of one place from UTC, as plain data, and the arithmetic of local days on top
// of it.
//
// Where the data comes from is not its business (ingest/zone_file.h reads the system's time zone
// files). What the engine needs of a zone is days: a day begins at the first instant that bears its
// date. That is midnight, except where the clock jumps over midnight; a date that was skipped
// (Samoa, 30 December 2011) has no day; and where a clock falls back across midnight the day goes
// on, so days never overlap and always follow each other. Value type, any thread.
#pragma once

#include <compare>
#include <string>
#include <vector>

#include "windows/time.h"

namespace core {

using windows::Duration;
using windows::Time;

// A date of the proleptic Gregorian calendar.
struct Date {
  int year = 1970;
  int month = 1;  // 1..12
  int day = 1;    // 1..31

  auto operator<=>(const Date&) const = default;
};

// Days since 1970-01-01 and back. `date` need not be valid for days_from: 31 February counts on into
// March. Howard Hinnant's civil calendar: eras of 400 years, years that begin in March.
constexpr std::int64_t days_from(Date date) {
  const std::int64_t y = date.month <= 2 ? date.year - 1 : date.year;
  const std::int64_t era = windows::floor_div(y, 400);
  const std::int64_t year_of_era = y - era * 400;
  const std::int64_t month = (date.month + 9) % 12;
  const std::int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         719'468;
}
Date date_from(std::int64_t days);
bool is_valid(Date date);

class Zone {
 public:
  // From `utc` on, local time is utc + offset.
  struct Transition {
    Time utc = windows::kNever;
    Duration offset = 0;
  };

  // UTC.
  Zone();

  // `transitions` ascending in utc, the first one at kNever, no offset beyond 26 hours (CHECKed).
  Zone(std::string name, std::vector<Transition> transitions);

  const std::string& name() const { return name_; }
  const std::vector<Transition>& transitions() const { return transitions_; }

  Duration offset_at(Time utc) const;

  // Local wall time, counted in ms since 1970-01-01T00:00 of the wall.
  Time to_local(Time utc) const { return utc + offset_at(utc); }

  // The instant of a local wall time. One that happens twice is the earlier of the two; one that
  // was skipped is read with the offset before the jump, hence moved later by the width of the gap.
  Time from_local(Time local) const;

  // The beginning of the day that `utc` is in, and of the day after it: begin <= utc < next.
  Time midnight_at_or_before(Time utc) const;
  Time next_midnight(Time utc) const;

  // The date of that day.
  Date date_at(Time utc) const;

 private:
  std::size_t segment_at(Time utc) const;
  // First instant whose local date is `day` (days since 1970-01-01), or kNever when the date was
  // skipped.
  Time first_instant(std::int64_t day) const;
  std::int64_t day_at(Time utc) const;

  std::string name_;
  std::vector<Transition> transitions_;
};

}  // namespace core
