// Business time is a statement about instants; here it is walked in stretches over which it is easy: within one offset
// of the zone and one schedule, a local day is a list of frames. 24/7 and the weeks in between are not walked.
#include "core/calendar.h"

#include <algorithm>

namespace core {

using windows::floor_div;
using windows::kDay;
using windows::kNever;

namespace {

constexpr Duration kTooFar = 3'653 * kDay;  // ten years

std::string text_of(Date date) {
  const auto two = [](int n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  return std::to_string(date.year) + "-" + two(date.month) + "-" + two(date.day);
}

std::string check_frames(const std::vector<Frame>& frames) {
  for (std::size_t i = 0; i < frames.size(); ++i) {
    if (frames[i].from < 0 || frames[i].to > kDay) return "a frame lies within 00:00 and 24:00";
    if (frames[i].from >= frames[i].to) return "a frame ends after it begins";
    if (i > 0 && frames[i - 1].to > frames[i].from) return "the frames of a day are in order and do not overlap";
  }
  return "";
}

}  // namespace

Result<Calendar> Calendar::create(std::string id, Zone zone, std::vector<Schedule> schedules) {
  const auto fail = [&](std::size_t schedule, const std::string& part, const std::string& what) {
    return Error{"bad_calendar", "calendar " + id + ": " + what,
                 "/schedule/" + std::to_string(schedule) + (part.empty() ? "" : "/" + part)};
  };
  constexpr const char* kDays[] = {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"};
  if (schedules.empty()) return fail(0, "", "it has no schedule");
  for (std::size_t s = 0; s < schedules.size(); ++s) {
    const Schedule& schedule = schedules[s];
    if (s == 0 && schedule.valid_from != kNever)
      return fail(s, "valid_from", "the first schedule holds from the beginning; otherwise there is a gap before it");
    if (s > 0 && schedule.valid_from <= schedules[s - 1].valid_from)
      return fail(s, "valid_from", "schedules are in order of time, each from another instant");
    for (std::size_t day = 0; day < 7; ++day) {
      const std::string what = check_frames(schedule.week[day]);
      if (!what.empty()) return fail(s, kDays[day], what);
    }
    for (const auto& [date, frames] : schedule.special) {
      if (!is_valid(date)) return fail(s, text_of(date), "there is no such date");
      const std::string what = check_frames(frames);
      if (!what.empty()) return fail(s, text_of(date), what);
    }
  }
  const auto& week = schedules.back().week;
  if (std::all_of(week.begin(), week.end(), [](const auto& frames) { return frames.empty(); }))
    return fail(schedules.size() - 1, "", "its last schedule has no business time at all");
  Calendar calendar;
  calendar.id_ = std::move(id);
  calendar.zone_ = std::move(zone);
  for (Schedule& schedule : schedules) {
    Days& days = calendar.days_.emplace_back();
    for (const auto& [date, frames] : schedule.special) days.special.emplace_back(days_from(date), frames);
    for (const auto& frames : schedule.week) {
      for (const Frame& frame : frames) days.whole_week += frame.to - frame.from;
    }
  }
  calendar.schedules_ = std::move(schedules);
  return calendar;
}

// Calls piece(a, b) for stretches of business time from `from` on, in order, each within one local day, until it
// answers false; where whole weeks without special days follow, first weeks(at, most, business time of one), which
// answers how many of them it takes as they are.
template <class Piece, class Weeks>
void Calendar::walk(Time from, Piece piece, Weeks weeks) const {
  const auto& transitions = zone_.transitions();
  auto next = std::upper_bound(transitions.begin(), transitions.end(), from,
                               [](Time t, const Zone::Transition& x) { return t < x.utc; });
  std::size_t schedule = 0;
  const Time too_far = from + kTooFar;
  for (Time at = from; at < too_far;) {
    while (next != transitions.end() && next->utc <= at) ++next;
    while (schedule + 1 < schedules_.size() && schedules_[schedule + 1].valid_from <= at) ++schedule;
    const Duration offset = std::prev(next)->offset;
    Time end = too_far;
    if (next != transitions.end()) end = std::min(end, next->utc);
    if (schedule + 1 < schedules_.size()) end = std::min(end, schedules_[schedule + 1].valid_from);
    const Days& days = days_[schedule];
    std::int64_t day = floor_div(at + offset, kDay);
    const std::int64_t last = floor_div(end + offset, kDay);  // perhaps only a part of it
    auto special = std::lower_bound(days.special.begin(), days.special.end(), day,
                                    [](const auto& s, std::int64_t d) { return s.first < d; });
    for (; day <= last; ++day) {
      const Time begin = day * kDay - offset;
      if (begin >= at) {
        const std::int64_t until = special == days.special.end() ? last : std::min(last, special->first);
        if (until - day >= 7) {
          const std::int64_t taken = weeks(begin, (until - day) / 7, days.whole_week);
          if (taken > 0) {
            day += taken * 7 - 1;
            continue;
          }
        }
      }
      const bool is_special = special != days.special.end() && special->first == day;
      const std::vector<Frame>& frames =
          is_special ? special->second : schedules_[schedule].week[static_cast<std::size_t>((day % 7 + 10) % 7)];
      if (is_special) ++special;
      for (const Frame& frame : frames) {
        const Time a = std::max(at, begin + frame.from), b = std::min(end, begin + frame.to);
        if (a < b && !piece(a, b)) return;
      }
    }
    at = end;
  }
}

namespace {

std::int64_t no_weeks(Time, std::int64_t, Duration) { return 0; }

}  // namespace

bool Calendar::open_at(Time at) const {
  const Duration offset = zone_.offset_at(at);
  std::size_t schedule = 0;
  while (schedule + 1 < schedules_.size() && schedules_[schedule + 1].valid_from <= at) ++schedule;
  const std::int64_t day = floor_div(at + offset, kDay);
  const Duration time = at + offset - day * kDay;
  const auto special = schedules_[schedule].special.find(date_from(day));
  const std::vector<Frame>& frames = special != schedules_[schedule].special.end()
                                         ? special->second
                                         : schedules_[schedule].week[static_cast<std::size_t>((day % 7 + 10) % 7)];
  return std::any_of(frames.begin(), frames.end(), [&](const Frame& f) { return f.from <= time && time < f.to; });
}

Duration Calendar::between(Time from, Time to) const {
  Duration sum = 0;
  // Longer than the walk goes at once.
  for (; to - from > kTooFar; from += kTooFar) sum += between(from, from + kTooFar);
  if (to <= from) return sum;
  walk(
      from,
      [&](Time a, Time b) {
        sum += std::max<Duration>(0, std::min(b, to) - a);
        return b < to;
      },
      [&](Time at, std::int64_t most, Duration week) {
        const std::int64_t taken = std::clamp<std::int64_t>((to - at) / (7 * kDay), 0, most);
        sum += taken * week;
        return taken;
      });
  return sum;
}

Time Calendar::after(Time from, Duration duration) const {
  if (duration <= 0) return from;
  Time found = kNever;
  walk(
      from,
      [&](Time a, Time b) {
        if (b - a < duration) {
          duration -= b - a;
          return true;
        }
        found = a + duration;
        return false;
      },
      [&](Time, std::int64_t most, Duration week) {
        const std::int64_t taken = week == 0 ? most : std::min(most, (duration - 1) / week);
        duration -= taken * week;
        return taken;
      });
  return found;
}

Time Calendar::next_change(Time at) const {
  const bool open = open_at(at);
  Time until = at, found = kNever;
  walk(
      at,
      [&](Time a, Time b) {
        if (!open || a > until) {
          found = open ? until : a;
          return false;
        }
        until = b;
        return true;
      },
      no_weeks);
  if (open && found == kNever && until < at + kTooFar) found = until;
  return found;
}

}  // namespace core
