#include "tools/simulate/lines.h"

#include <fmt/format.h>

#include <algorithm>

#include "windows/check.h"

namespace simulate {

// Civil date from days since 1970-01-01, after Howard Hinnant's "chrono-compatible low-level date algorithms".
std::string rfc3339(Time instant) {
  const std::int64_t days = windows::floor_div(instant, windows::kDay);
  const Duration of_day = instant - days * windows::kDay;
  const std::int64_t shifted = days + 719468;
  const std::int64_t era = windows::floor_div(shifted, 146097);
  const std::int64_t day_of_era = shifted - era * 146097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const std::int64_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  const std::int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", year, month, day,
                     of_day / windows::kHour, of_day / windows::kMinute % 60,
                     of_day / windows::kSecond % 60, of_day % 1000);
}

Line::Line(std::string_view type, std::string_view source, std::string_view id, Time time) {
  json_.reserve(320);
  json_ += "{\"type\":\"";
  json_ += type;
  json_ += '"';
  text("id", id);
  text("source", source);
  instant("time", time);
}

Line& Line::text(std::string_view name, std::string_view value) {
  if (value.empty()) return *this;
  const bool plain = std::all_of(value.begin(), value.end(), [](char c) {
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
  });
  CHECK(plain, "simulated text needs no escaping");
  fmt::format_to(std::back_inserter(json_), ",\"{}\":\"{}\"", name, value);
  return *this;
}

Line& Line::number(std::string_view name, std::int64_t value) {
  fmt::format_to(std::back_inserter(json_), ",\"{}\":{}", name, value);
  return *this;
}

Line& Line::flag(std::string_view name, bool value) {
  fmt::format_to(std::back_inserter(json_), ",\"{}\":{}", name, value);
  return *this;
}

Line& Line::instant(std::string_view name, Time value) {
  return value == windows::kNever ? *this : text(name, rfc3339(value));
}

std::string Line::finish() && {
  json_ += '}';
  return std::move(json_);
}

}  // namespace simulate
