// Instants and durations as plain integers.
// Units: milliseconds, UTC, since 1970-01-01T00:00:00Z. Zones exist only at the edges (core/zone.h).
// Values: safe from any thread.
#pragma once

#include <cstdint>
#include <limits>

namespace windows {

using Time = std::int64_t;
using Duration = std::int64_t;

inline constexpr Duration kSecond = 1'000;
inline constexpr Duration kMinute = 60 * kSecond;
inline constexpr Duration kHour = 60 * kMinute;
inline constexpr Duration kDay = 24 * kHour;

// "No such instant" / "not given". Smaller than every real time, so max() keeps the known one.
inline constexpr Time kNever = std::numeric_limits<Time>::min();

// Largest multiple of `size` that is <= t; right for negative times too.
constexpr std::int64_t floor_to(std::int64_t t, std::int64_t size) {
  const std::int64_t r = t % size;
  return r < 0 ? t - r - size : t - r;
}

constexpr std::int64_t floor_div(std::int64_t t, std::int64_t size) { return floor_to(t, size) / size; }

}  // namespace windows
