#include "core/zone.h"

#include <algorithm>
#include <utility>

#include "windows/check.h"

namespace core {

using windows::floor_div;
using windows::kDay;
using windows::kHour;
using windows::kNever;

Date date_from(std::int64_t days) {
  const std::int64_t z = days + 719'468;
  const std::int64_t era = floor_div(z, 146'097);
  const std::int64_t day_of_era = z - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month = (5 * day_of_year + 2) / 153;
  Date date;
  date.day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  date.month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  date.year = static_cast<int>(year_of_era + era * 400 + (date.month <= 2 ? 1 : 0));
  return date;
}

bool is_valid(Date date) {
  if (date.month < 1 || date.month > 12 || date.day < 1) return false;
  if (date.day <= 28) return true;
  return date_from(days_from(date)) == date;
}

Zone::Zone() : Zone("UTC", {{kNever, 0}}) {}

Zone::Zone(std::string name, std::vector<Transition> transitions)
    : name_(std::move(name)), transitions_(std::move(transitions)) {
  CHECK(!transitions_.empty() && transitions_.front().utc == kNever, "a zone begins at kNever");
  for (std::size_t i = 0; i < transitions_.size(); ++i) {
    const Duration offset = transitions_[i].offset;
    CHECK(offset >= -26 * kHour && offset <= 26 * kHour, "an offset of more than 26 hours");
    CHECK(i == 0 || transitions_[i - 1].utc < transitions_[i].utc, "transitions out of order");
  }
}

std::size_t Zone::segment_at(Time utc) const {
  const auto after = std::upper_bound(transitions_.begin(), transitions_.end(), utc,
                                      [](Time t, const Transition& x) { return t < x.utc; });
  return static_cast<std::size_t>(after - transitions_.begin()) - 1;
}

Duration Zone::offset_at(Time utc) const { return transitions_[segment_at(utc)].offset; }

Time Zone::from_local(Time local) const {
  // Every instant that can show `local` lies within 26 hours of it.
  std::size_t i = segment_at(local - 26 * kHour);
  for (; i + 1 < transitions_.size(); ++i) {
    const Time end = transitions_[i + 1].utc;
    const Time utc = local - transitions_[i].offset;
    if (utc < end) return utc;  // shown before the next jump: the earlier of two
    // The next offset would put it before that jump: the wall skipped it.
    if (local - transitions_[i + 1].offset < end) return utc;
  }
  return local - transitions_[i].offset;
}

Time Zone::first_instant(std::int64_t day) const {
  const Time begin = day * kDay;
  const Time end = begin + kDay;
  for (std::size_t i = segment_at(begin - 26 * kHour); i < transitions_.size(); ++i) {
    const Duration offset = transitions_[i].offset;
    const Time from = transitions_[i].utc;
    if (from != kNever && from > end + 26 * kHour) break;
    const Time utc = from == kNever ? begin - offset : std::max(from, begin - offset);
    const bool before_next_jump = i + 1 == transitions_.size() || utc < transitions_[i + 1].utc;
    if (before_next_jump && utc + offset < end) return utc;
  }
  return kNever;
}

std::int64_t Zone::day_at(Time utc) const {
  // Where the clock fell back across midnight, the wall shows the day before once more; the day has
  // begun already.
  const std::int64_t day = floor_div(to_local(utc), kDay);
  const Time next = first_instant(day + 1);
  return next != kNever && next <= utc ? day + 1 : day;
}

Time Zone::midnight_at_or_before(Time utc) const { return first_instant(day_at(utc)); }

Time Zone::next_midnight(Time utc) const {
  const std::int64_t day = day_at(utc);
  for (std::int64_t next = day + 1; next <= day + 4; ++next) {
    const Time begin = first_instant(next);
    if (begin != kNever) return begin;
  }
  CHECK(false, "four dates in a row that no clock showed");
}

Date Zone::date_at(Time utc) const { return date_from(day_at(utc)); }

}  // namespace core
