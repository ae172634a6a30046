// Zones made by hand for tests that must not depend on the system's time zone files.
#pragma once

#include <string>
#include <vector>

#include "core/zone.h"

namespace zones {

using windows::kDay;
using windows::kHour;
using windows::kMinute;
using windows::Time;

// 00:00 UTC of the last Sunday of a month of 31 days.
inline Time last_sunday(int year, int month) {
  std::int64_t day = core::days_from({year, month, 31});
  while ((day + 4) % 7 != 0) --day;  // 1970-01-01 was a Thursday
  return day * kDay;
}

// Clocks go forward on the last Sunday of March and back on that of October, at `hour` UTC.
inline core::Zone with_summer_time(std::string name, core::Duration winter, Time hour) {
  std::vector<core::Zone::Transition> list{{windows::kNever, winter}};
  for (int year = 2015; year < 2035; ++year) {
    list.push_back({last_sunday(year, 3) + hour, winter + kHour});
    list.push_back({last_sunday(year, 10) + hour, winter});
  }
  return core::Zone(std::move(name), std::move(list));
}

inline core::Zone berlin() { return with_summer_time("Europe/Berlin", kHour, kHour); }
// The clock jumps from midnight to one o'clock: that day begins at one. In autumn it falls back to 23:00.
inline core::Zone beirut() { return with_summer_time("Asia/Beirut", 2 * kHour, -2 * kHour); }
inline core::Zone kathmandu() {
  return core::Zone("Asia/Kathmandu", {{windows::kNever, 5 * kHour + 45 * kMinute}});
}

inline core::Zone named(const std::string& name) {
  if (name == "Europe/Berlin") return berlin();
  if (name == "Asia/Beirut") return beirut();
  if (name == "Asia/Kathmandu") return kathmandu();
  return {};
}

}  // namespace zones
