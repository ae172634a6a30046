#include "ingest/zone_file.h"

#include <date/tz.h>

#include <charconv>
#include <chrono>
#include <exception>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ingest {

namespace {

constexpr core::Date kFirst{1970, 1, 1};
constexpr core::Date kLast{2101, 1, 1};
constexpr std::string_view kZoneFolder = "/usr/share/zoneinfo/";

// "M3.5.0/2": the fifth (that is, last) Sunday of March at 02:00 of the clock in use before.
struct Switch {
  int month = 0, week = 0, weekday = 0;
  core::Duration time = 2 * windows::kHour;
};

// What repeats every year after the last listed transition: "CET-1CEST,M3.5.0,M10.5.0/3".
struct Yearly {
  core::Duration standard = 0, summer = 0;
  Switch begin, end;
};

class RuleText {
 public:
  explicit RuleText(std::string_view text) : text_(text) {}

  std::optional<Yearly> read() {
    Yearly yearly;
    // West of Greenwich is positive here.
    if (!skip_name() || !read_time(yearly.standard)) return std::nullopt;
    yearly.standard = -yearly.standard;
    if (text_.empty() || !skip_name()) return std::nullopt;
    yearly.summer = yearly.standard + windows::kHour;
    if (!text_.starts_with(',')) {
      if (!read_time(yearly.summer)) return std::nullopt;
      yearly.summer = -yearly.summer;
    }
    if (!read_switch(yearly.begin) || !read_switch(yearly.end) || !text_.empty()) {
      return std::nullopt;
    }
    return yearly;
  }

 private:
  bool take(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }

  bool skip_name() {
    const bool quoted = text_.starts_with('<');
    std::size_t n = 0;
    if (quoted) {
      n = text_.find('>');
      if (n == std::string_view::npos) return false;
      ++n;
    } else {
      while (n < text_.size() && static_cast<unsigned>((text_[n] | 0x20) - 'a') < 26) ++n;
    }
    text_.remove_prefix(n);
    return n > 0;
  }

  bool read_number(int& value) {
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (error != std::errc() || value < 0 || value > 200) return false;
    text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    return true;
  }

  // [+-]h[:mm[:ss]]
  bool read_time(core::Duration& time) {
    const bool negative = take('-');
    if (!negative) take('+');
    time = 0;
    core::Duration unit = windows::kHour;
    do {
      int value = 0;
      if (unit < windows::kSecond || !read_number(value)) return false;
      time += value * unit;
      unit /= 60;
    } while (take(':'));
    if (negative) time = -time;
    return true;
  }

  bool read_switch(Switch& s) {
    const bool date = take(',') && take('M') && read_number(s.month) && take('.') &&
                      read_number(s.week) && take('.') && read_number(s.weekday);
    if (!date || s.month < 1 || s.month > 12 || s.week < 1 || s.week > 5 || s.weekday > 6) {
      return false;
    }
    return !take('/') || read_time(s.time);
  }

  std::string_view text_;
};

core::Time switch_in(int year, const Switch& s, core::Duration offset_before) {
  const std::int64_t first = core::days_from({year, s.month, 1});
  const std::int64_t weekday = (first + 4) - windows::floor_to(first + 4, 7);  // 0 = Sunday
  std::int64_t day = first + (s.weekday - weekday + 7) % 7 + (s.week - 1) * 7;
  const std::int64_t next_month =
      core::days_from({s.month == 12 ? year + 1 : year, s.month % 12 + 1, 1});
  if (day >= next_month) day -= 7;
  return day * windows::kDay + s.time - offset_before;
}

// The library lists what the file lists, which ends in 2037; the rule for later stands in the
// file's last line.
void extend(const std::string& name, std::vector<core::Zone::Transition>& transitions) {
  std::ifstream file(std::string(kZoneFolder) + name, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!bytes.starts_with("TZif") || !bytes.ends_with('\n')) return;
  const std::size_t begin = bytes.find_last_of('\n', bytes.size() - 2) + 1;
  const std::string_view rule = std::string_view(bytes).substr(begin, bytes.size() - 1 - begin);
  const auto yearly = RuleText(rule).read();
  if (!yearly) return;

  const core::Time listed = transitions.back().utc;
  const int from = listed == windows::kNever ? kFirst.year
                                             : core::date_from(listed / windows::kDay).year;
  for (int year = from; year < kLast.year; ++year) {
    core::Zone::Transition a{switch_in(year, yearly->begin, yearly->standard), yearly->summer};
    core::Zone::Transition b{switch_in(year, yearly->end, yearly->summer), yearly->standard};
    if (b.utc < a.utc) std::swap(a, b);
    for (const auto& t : {a, b}) {
      if (t.utc > transitions.back().utc && t.offset != transitions.back().offset) {
        transitions.push_back(t);
      }
    }
  }
}

core::Zone read_zone(const date::time_zone& zone) {
  using std::chrono::milliseconds;
  const date::sys_seconds first{std::chrono::seconds(core::days_from(kFirst) * 86'400)};
  const date::sys_seconds last{std::chrono::seconds(core::days_from(kLast) * 86'400)};

  std::vector<core::Zone::Transition> transitions;
  for (date::sys_seconds at = first; at < last;) {
    const date::sys_info info = zone.get_info(at);
    const core::Duration offset = milliseconds(info.offset).count();
    // Neighbours that differ only in their abbreviation are one.
    if (transitions.empty()) {
      transitions.push_back({windows::kNever, offset});
    } else if (transitions.back().offset != offset) {
      transitions.push_back({milliseconds(at.time_since_epoch()).count(), offset});
    }
    if (info.end <= at) break;
    at = info.end;
  }
  extend(zone.name(), transitions);
  return core::Zone(zone.name(), std::move(transitions));
}

}  // namespace

core::Result<core::Zone> load_zone(std::string_view name) {
  const std::string wanted(name);
  try {
    return read_zone(*date::locate_zone(wanted));
  } catch (const std::exception&) {
    return core::Error{"unknown_zone", "there is no time zone named \"" + wanted + "\"", ""};
  }
}

}  // namespace ingest
