// Calendar: when a support organisation works, and the arithmetic of business time on the instant timeline.
//
// An instant is business time if the schedule in force at it says so: its local date is special (a holiday, or a day
// with hours of its own) and its local time lies in a frame of that date, or else it lies in a frame of its weekday.
// That is a statement about instants, so days of 23 and 25 hours need no rule: a local time that does not exist is
// never asked about, one that happens twice counts twice. 24/7 is exactly elapsed time. Durations in ms.
// Value type, any thread.
#pragma once

#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/result.h"
#include "core/zone.h"

namespace core {

// Of the wall's clock, ms since local midnight: 0 <= from < to <= 24 h.
struct Frame {
  Duration from = 0;
  Duration to = 0;
  bool operator==(const Frame&) const = default;
};

struct Schedule {
  Time valid_from = windows::kNever;  // kNever: from the beginning
  std::array<std::vector<Frame>, 7> week;  // from Monday
  std::map<Date, std::vector<Frame>> special;  // empty: closed all day
};

class Calendar {
 public:
  // Errors (bad_calendar, what and where: "/schedule/1/monday", "/schedule/0/2026-12-25"): frames that are empty,
  // overlap or are out of order, an invalid date, schedules out of order, a first schedule that does not hold from the
  // beginning, no business time at all in the weeks of the schedule in force last.
  static Result<Calendar> create(std::string id, Zone zone, std::vector<Schedule> schedules);

  const std::string& id() const { return id_; }
  const Zone& zone() const { return zone_; }
  const std::vector<Schedule>& schedules() const { return schedules_; }

  bool open_at(Time at) const;
  // Business time in [from, to); 0 when to <= from.
  Duration between(Time from, Time to) const;
  // The first instant with between(from, it) == duration; kNever when there is none within ten years.
  Time after(Time from, Duration duration) const;
  // The next instant after `at` at which open_at changes; kNever when there is none within ten years.
  Time next_change(Time at) const;

 private:
  struct Days {  // of one schedule
    std::vector<std::pair<std::int64_t, std::vector<Frame>>> special;  // by days since 1970-01-01
    Duration whole_week = 0;
  };

  Calendar() = default;
  template <class Piece, class Weeks>
  void walk(Time from, Piece piece, Weeks weeks) const;

  std::string id_;
  Zone zone_;
  std::vector<Schedule> schedules_;
  std::vector<Days> days_;
};

}  // namespace core
