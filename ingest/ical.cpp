#include "ingest/ical.h"

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <string>

#include <libical/ical.h>

namespace ingest {
namespace {

using core::Date;
using core::Error;

constexpr std::size_t kMaxDates = 100'000;
constexpr Date kFirst{1970, 1, 1}, kLast{2100, 12, 31};

struct FreeComponent {
  void operator()(icalcomponent* c) const { icalcomponent_free(c); }
};
using Component = std::unique_ptr<icalcomponent, FreeComponent>;

Error bad(std::string message, std::size_t line) {
  return {"bad_ical", "line " + std::to_string(line) + ": " + std::move(message), std::to_string(line)};
}

// A content line: continued lines are joined.
struct Line {
  std::string text;
  std::size_t number = 0;  // of its beginning, from 1
  std::string name;        // in capitals, without parameters
};

bool is(const Line& line, std::string_view word) {
  const auto same = [](char a, char b) { return a == b || a == (b & ~0x20); };
  return line.text.size() == word.size() && std::equal(word.begin(), word.end(), line.text.begin(), same);
}

std::vector<Line> unfold(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<Line> lines;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if ((line[0] == ' ' || line[0] == '\t') && !lines.empty()) {
      lines.back().text += line.substr(1);
    } else {
      lines.push_back({std::string(line), number, {}});
    }
  }
  for (Line& line : lines) {
    line.name = line.text.substr(0, line.text.find_first_of(":;"));
    for (char& c : line.name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return lines;
}

std::int64_t days_of(const icaltimetype& t) { return core::days_from({t.year, t.month, t.day}); }

class Event {
 public:
  explicit Event(std::size_t line) : line_(line), component_(icalcomponent_new(ICAL_VEVENT_COMPONENT)) {}

  core::Status add(const Line& line) {
    constexpr std::array<std::string_view, 8> kRead = {"DTSTART", "DTEND", "DURATION", "RRULE",
                                                       "RDATE",   "EXDATE", "STATUS",  "RECURRENCE-ID"};
    if (std::find(kRead.begin(), kRead.end(), line.name) == kRead.end()) return core::Done{};
    if (line.name == "RECURRENCE-ID") return bad("an event that changes one day of a series is not read", line.number);
    icalerror_clear_errno();
    icalproperty* property = icalproperty_new_from_string(line.text.c_str());
    if (property == nullptr || icalerrno != ICAL_NO_ERROR) {
      if (property != nullptr) icalproperty_free(property);
      icalerror_clear_errno();
      return bad(line.name + " makes no sense", line.number);
    }
    const auto fail = [&](const char* message) {
      icalproperty_free(property);
      return bad(message, line.number);
    };
    if (line.name != "STATUS" && line.name != "RRULE" && line.name != "DURATION") {
      const icaltimetype time = line.name == "DTSTART"  ? icalproperty_get_dtstart(property)
                                : line.name == "DTEND"  ? icalproperty_get_dtend(property)
                                : line.name == "EXDATE" ? icalproperty_get_exdate(property)
                                                        : icalproperty_get_rdate(property).time;
      if (!icaltime_is_date(time)) return fail("a holiday is a date, without a time of day");
      if (!core::is_valid({time.year, time.month, time.day})) return fail("there is no such date");
    }
    if (line.name == "RRULE") {
      const auto frequency = icalproperty_get_rrule(property).freq;
      if (frequency != ICAL_YEARLY_RECURRENCE && frequency != ICAL_MONTHLY_RECURRENCE)
        return fail("holidays recur by year or by month");
    }
    icalcomponent_add_property(component_.get(), property);
    return core::Done{};
  }

  core::Status finish(std::set<std::int64_t>& dates) {
    icalcomponent* c = component_.get();
    if (icalcomponent_get_status(c) == ICAL_STATUS_CANCELLED) return core::Done{};
    if (icalcomponent_count_properties(c, ICAL_DTSTART_PROPERTY) != 1)
      return bad("an event has one DTSTART", line_);
    if (icalcomponent_count_properties(c, ICAL_RRULE_PROPERTY) > 1) return bad("an event has one RRULE", line_);
    if (days_of(icalcomponent_get_dtstart(c)) < core::days_from(kFirst))
      if (icalcomponent_count_properties(c, ICAL_RRULE_PROPERTY) == 0) return core::Done{};
    const auto length = days();
    if (!length) return length.error();
    struct Found {
      std::set<std::int64_t>& dates;
      std::int64_t days;
    } found{dates, *length};
    const auto each = [](icalcomponent*, struct icaltime_span* span, void* data) {
      Found& f = *static_cast<Found*>(data);
      const auto first = windows::floor_div(static_cast<std::int64_t>(span->start), 86'400);
      for (std::int64_t day = first; day < first + f.days && f.dates.size() <= kMaxDates; ++day) f.dates.insert(day);
    };
    icaltimetype from = icaltime_null_date(), to = from;
    from.year = kFirst.year;
    from.month = from.day = 1;
    to.year = kLast.year + 1;
    to.month = to.day = 1;
    icalcomponent_foreach_recurrence(c, from, to, each, &found);
    if (dates.size() > kMaxDates) return bad("more than 100,000 days", line_);
    return core::Done{};
  }

 private:
  core::Result<std::int64_t> days() {
    icalcomponent* c = component_.get();
    const bool has_end = icalcomponent_get_first_property(c, ICAL_DTEND_PROPERTY) != nullptr;
    icalproperty* duration = icalcomponent_get_first_property(c, ICAL_DURATION_PROPERTY);
    std::int64_t days = 1;
    if (has_end) {
      days = days_of(icalcomponent_get_dtend(c)) - days_of(icalcomponent_get_dtstart(c));
      if (days == 0) days = 1;  // common, though the end is the day after
    } else if (duration != nullptr) {
      const icaldurationtype d = icalproperty_get_duration(duration);
      if (d.is_neg != 0 || d.hours != 0 || d.minutes != 0 || d.seconds != 0)
        return bad("a holiday lasts whole days", line_);
      days = std::int64_t{d.days} + std::int64_t{d.weeks} * 7;
    }
    if (days < 1 || days > 366) return bad("a holiday lasts 1 to 366 days", line_);
    return days;
  }

  std::size_t line_;
  Component component_;
};

}  // namespace

core::Result<std::vector<Date>> read_holidays(std::string_view ics) {
  if (ics.size() > kMaxIcalBytes) return bad("the file has more than 4 MiB", 1);
  if (ics.find('\0') != std::string_view::npos) return bad("a zero byte: this is no text", 1);
  icalerror_set_errors_are_fatal(0);
  const std::vector<Line> lines = unfold(ics);
  if (lines.empty() || !is(lines.front(), "BEGIN:VCALENDAR")) return bad("a calendar begins with BEGIN:VCALENDAR", 1);
  std::set<std::int64_t> dates;
  std::vector<std::string> open;  // components we are in
  std::unique_ptr<Event> event;
  std::size_t depth = 0;  // of the event
  for (const Line& line : lines) {
    if (line.name == "BEGIN") {
      open.push_back(line.text.substr(line.text.find(':') + 1));
      if (open.size() > 8) return bad("components in components in components", line.number);
      if (is(line, "BEGIN:VEVENT") && event == nullptr) {
        event = std::make_unique<Event>(line.number);
        depth = open.size();
      }
    } else if (line.name == "END") {
      if (open.empty() || line.text.substr(line.text.find(':') + 1) != open.back())
        return bad("ends something that has not begun", line.number);
      open.pop_back();
      if (event != nullptr && open.size() + 1 == depth) {
        const core::Status status = event->finish(dates);
        if (!status) return status.error();
        event.reset();
      }
    } else if (open.empty()) {
      return bad("stands outside the calendar", line.number);
    } else if (event != nullptr && open.size() == depth) {  // of the event, not of its alarm
      const core::Status status = event->add(line);
      if (!status) return status.error();
    }
  }
  if (!open.empty()) return bad("the file ends within " + open.back(), lines.back().number);
  std::vector<Date> all;
  for (const std::int64_t day : dates) {
    const Date date = core::date_from(day);
    if (date >= kFirst && date <= kLast) all.push_back(date);
  }
  return all;
}

}  // namespace ingest
