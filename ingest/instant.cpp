#include "ingest/instant.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/zone.h"

namespace ingest {

using windows::kDay;
using windows::kHour;
using windows::kMinute;
using windows::kSecond;

namespace {

constexpr std::array<std::int64_t, 7> kPowersOfTen = {1,      10,      100,      1'000,
                                                      10'000, 100'000, 1'000'000};

// Out of range for every field when a character is no digit.
inline unsigned digit(char c) {
  const auto d = static_cast<unsigned>(static_cast<unsigned char>(c)) - '0';
  return d <= 9 ? d : 100'000;
}

inline unsigned two(const char* p) { return digit(p[0]) * 10 + digit(p[1]); }

unsigned days_in_month(unsigned year, unsigned month) {
  constexpr std::array<unsigned, 13> kDays{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month];
}

// Reads 1 to `max` digits; false if there are none or more.
bool read_digits(std::string_view text, std::size_t& at, std::size_t max, std::int64_t& value) {
  const std::size_t begin = at;
  value = 0;
  for (; at < text.size() && digit(text[at]) <= 9; ++at) {
    if (at - begin == max) return false;
    value = value * 10 + digit(text[at]);
  }
  return at > begin;
}

// ".25" to 250: digits below the millisecond are cut off.
bool read_fraction(std::string_view text, std::size_t& at, std::int64_t& ms) {
  ++at;
  const std::size_t begin = at;
  std::int64_t value = 0;
  if (!read_digits(text, at, 9, value)) return false;
  const std::size_t n = at - begin;
  ms = n <= 3 ? value * kPowersOfTen[3 - n] : value / kPowersOfTen[n - 3];
  return true;
}

// "Z" or "+hh:mm", which must be the rest of the text.
bool read_offset(std::string_view rest, Duration& offset) {
  if (rest.size() == 1 && (rest[0] == 'Z' || rest[0] == 'z')) {
    offset = 0;
    return true;
  }
  if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':') return false;
  const unsigned hours = two(rest.data() + 1);
  const unsigned minutes = two(rest.data() + 4);
  if (hours > 23 || minutes > 59) return false;
  offset = hours * kHour + minutes * kMinute;
  if (rest[0] == '-') offset = -offset;
  return true;
}

void put(char*& p, std::int64_t value, int digits) {
  for (int i = digits - 1; i >= 0; --i) {
    p[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  p += digits;
}

}  // namespace

std::optional<Time> parse_rfc3339(std::string_view text) {
  if (text.size() < 20) return std::nullopt;
  const char* p = text.data();
  const unsigned century = two(p);
  const unsigned of_century = two(p + 2);
  const unsigned month = two(p + 5);
  const unsigned day = two(p + 8);
  const unsigned hour = two(p + 11);
  const unsigned minute = two(p + 14);
  const unsigned second = two(p + 17);
  const bool marks = p[4] == '-' && p[7] == '-' && (p[10] | 0x20) == 't' && p[13] == ':' &&
                     p[16] == ':';
  const bool ranges = century <= 99 && of_century <= 99 && month - 1 <= 11 && hour <= 23 &&
                      minute <= 59 && second <= 59;
  if (!marks || !ranges) return std::nullopt;
  const unsigned year = century * 100 + of_century;
  if (day < 1 || day > days_in_month(year, month)) return std::nullopt;

  std::size_t at = 19;
  std::int64_t ms = 0;
  if (text[at] == '.' && !read_fraction(text, at, ms)) return std::nullopt;
  Duration offset = 0;
  if (!read_offset(text.substr(at), offset)) return std::nullopt;

  const std::int64_t days = core::days_from(
      {static_cast<int>(year), static_cast<int>(month), static_cast<int>(day)});
  return days * kDay + hour * kHour + minute * kMinute + second * kSecond + ms - offset;
}

std::optional<Time> parse_epoch_ms(std::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  std::size_t at = negative ? 1 : 0;
  std::int64_t value = 0;
  if (!read_digits(text, at, 18, value) || at != text.size()) return std::nullopt;
  return negative ? -value : value;
}

std::optional<Time> parse_epoch_s(std::string_view text) {
  const bool negative = !text.empty() && text[0] == '-';
  std::size_t at = negative ? 1 : 0;
  std::int64_t seconds = 0;
  std::int64_t ms = 0;
  if (!read_digits(text, at, 15, seconds)) return std::nullopt;
  if (at < text.size() && (text[at] != '.' || !read_fraction(text, at, ms))) return std::nullopt;
  if (at != text.size()) return std::nullopt;
  const Time value = seconds * kSecond + ms;
  return negative ? -value : value;
}

std::string format_instant(Time utc) {
  std::string text = format_instant(utc, 0);
  text.resize(23);
  text += 'Z';
  return text;
}

std::string format_instant(Time utc, Duration offset) {
  constexpr Time kEarliest = -62'167'219'200'000;  // 0000-01-01
  constexpr Time kLatest = 253'402'300'799'999;    // 9999-12-31T23:59:59.999
  const Duration shift = windows::floor_to(offset, kMinute);
  const Time lowest = std::min(utc, kLatest);  // before adding: a sentinel must not overflow
  const Time local = std::clamp(std::max(lowest, kEarliest) + shift, kEarliest, kLatest);
  const core::Date date = core::date_from(windows::floor_div(local, kDay));
  const std::int64_t of_day = local - windows::floor_to(local, kDay);

  std::array<char, 29> out;
  char* p = out.data();
  put(p, date.year, 4);
  *p++ = '-';
  put(p, date.month, 2);
  *p++ = '-';
  put(p, date.day, 2);
  *p++ = 'T';
  put(p, of_day / kHour, 2);
  *p++ = ':';
  put(p, of_day / kMinute % 60, 2);
  *p++ = ':';
  put(p, of_day / kSecond % 60, 2);
  *p++ = '.';
  put(p, of_day % kSecond, 3);
  const Duration width = shift < 0 ? -shift : shift;
  *p++ = shift < 0 ? '-' : '+';
  put(p, width / kHour, 2);
  *p++ = ':';
  put(p, width / kMinute % 60, 2);
  return std::string(out.data(), out.size());
}

}  // namespace ingest
