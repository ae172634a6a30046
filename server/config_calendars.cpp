// [[tenant.calendar]]: when somebody works, in hours of the wall's clock, with holidays and later changes.
#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <optional>

#include "ingest/ical.h"
#include "ingest/zone_file.h"
#include "server/check_config.h"
#include "server/config_parts.h"

namespace server {
namespace {

using Frames = std::vector<core::Frame>;
using Special = std::map<core::Date, Frames>;

constexpr std::array<const char*, 7> kDays{"monday", "tuesday",  "wednesday", "thursday",
                                           "friday", "saturday", "sunday"};

// "08:00" or "24:00", in minutes.
std::optional<int> time_of_day(std::string_view text) {
  int hour = 0;
  int minute = 0;
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto number = [&](std::size_t at, int& value) {
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + 2, value);
    return error == std::errc() && end == text.data() + at + 2 && value >= 0;
  };
  if (!number(0, hour) || !number(3, minute) || minute > 59 || hour * 60 + minute > 24 * 60) return std::nullopt;
  return hour * 60 + minute;
}

// ["08:00-12:00", "13:00-17:00"]
Frames read_frames(Section& section, const std::string& key) {
  Frames frames;
  for (const std::string& text : section.texts(key)) {
    const bool shape = text.size() == 11 && text[5] == '-';
    const auto from = shape ? time_of_day(std::string_view(text).substr(0, 5)) : std::nullopt;
    const auto to = shape ? time_of_day(std::string_view(text).substr(6)) : std::nullopt;
    if (!from || !to) {
      section.fail(key, "holds '" + text + "', not hours such as \"08:00-12:00\"");
    } else if (*from == *to) {
      section.fail(key, "holds '" + text + "', which is no time at all; all day is \"00:00-24:00\"");
    } else if (*from > *to) {
      section.fail(key, "holds '" + text + "', which goes past midnight; give the rest to the next day");
    } else {
      const core::Frame frame{*from * windows::kMinute, *to * windows::kMinute};
      if (!frames.empty() && frame.from < frames.back().to) {
        section.fail(key, "holds '" + text + "', which overlaps the hours before it or is out of order");
        continue;
      }
      frames.push_back(frame);
    }
  }
  return frames;
}

// [hours]: "every_day", then "weekdays" and "weekend", then single days; the narrower counts.
std::array<Frames, 7> read_week(Section& section) {
  std::array<Frames, 7> week;
  section.require("hours");
  const Node* node = section.table("hours");
  if (node == nullptr) return week;
  Section hours(*node, section.path("hours"), section.findings());
  const Frames every = read_frames(hours, "every_day");
  const Frames weekdays = read_frames(hours, "weekdays");
  const Frames weekend = read_frames(hours, "weekend");
  bool some = false;
  for (std::size_t day = 0; day < week.size(); ++day) {
    const bool late = day >= 5;
    const Frames own = read_frames(hours, kDays[day]);
    week[day] = every;
    if (hours.has(late ? "weekend" : "weekdays")) week[day] = late ? weekend : weekdays;
    if (hours.has(kDays[day])) week[day] = own;
    some = some || !week[day].empty();
  }
  if (!some) section.fail("hours", "leave no time to work at all");
  return week;
}

std::optional<core::Date> date_of(const Node& node) {
  if (node.kind != Node::Kind::instant || !node.local || node.integer % windows::kDay != 0) return std::nullopt;
  return core::date_from(windows::floor_div(node.integer, windows::kDay));
}

void read_holidays(Section& calendar, Special& special) {
  constexpr const char* kKey = "holidays";
  if (const Node* list = calendar.list(kKey)) {
    for (const Node& item : list->items) {
      if (const auto date = date_of(item)) {
        special[*date] = {};
      } else {
        calendar.findings().add(item, "'" + calendar.path(kKey) + "' must hold dates such as 2026-12-25, no quotes");
      }
    }
  }
  const std::string name = calendar.text("holidays_file");
  if (name.empty()) return;
  const std::filesystem::path path = std::filesystem::path(calendar.findings().file).parent_path() / name;
  const auto text = read_file(path.string());
  if (!text) return calendar.fail("holidays_file", text.error().message);
  const auto dates = ingest::read_holidays(*text);
  if (!dates) {
    return calendar.fail("holidays_file", path.string() + ":" + dates.error().where + ": " + dates.error().message);
  }
  for (const core::Date& date : *dates) special[date] = {};
}

// [[special]]: dates with hours of their own.
void read_special(Section& calendar, Special& special) {
  for (const Node* node : calendar.tables("special")) {
    Section day(*node, calendar.path("special"), calendar.findings());
    for (const char* key : {"date", "hours"}) day.require(key);
    const windows::Time written = day.instant("date", 0);
    const Frames hours = read_frames(day, "hours");
    if (!day.has("date") || day.at("date").kind != Node::Kind::instant) continue;
    const auto date = date_of(day.at("date"));
    if (!date) {
      day.fail("date", "must be a date such as 2026-12-24");
    } else if (const auto known = special.find(*date); known != special.end() && !known->second.empty()) {
      day.fail("date", "is there twice");
    } else {
      special[core::date_from(windows::floor_div(written, windows::kDay))] = hours;
    }
  }
}

std::vector<core::Schedule> read_schedules(Section& calendar, const core::Zone& zone) {
  Special special;
  read_holidays(calendar, special);
  read_special(calendar, special);
  std::vector<core::Schedule> schedules(1);
  schedules[0].week = read_week(calendar);
  schedules[0].special = special;
  for (const Node* node : calendar.tables("change")) {
    Section change(*node, calendar.path("change"), calendar.findings());
    change.require("from");
    core::Schedule schedule;
    schedule.valid_from = change.instant_in("from", zone, 0);
    schedule.week = read_week(change);
    schedule.special = special;
    if (schedules.size() > 1 && schedule.valid_from <= schedules.back().valid_from) {
      change.fail("from", "must be later than that of the change before it");
      continue;
    }
    schedules.push_back(std::move(schedule));
  }
  return schedules;
}

void read_calendar(Section& section, const core::Zone& zone, std::vector<core::Calendar>& calendars,
                   KnownNames& names) {
  section.require("id");
  const std::string id = section.text("id");
  core::Zone own = zone;
  const std::string zone_name = section.text("zone");
  if (!zone_name.empty()) {
    auto loaded = ingest::load_zone(zone_name);
    if (loaded) {
      own = std::move(*loaded);
    } else {
      section.fail("zone", "is '" + zone_name + "', which is not a time zone such as \"Europe/Berlin\"");
    }
  }
  const std::size_t before = section.findings().problems.size();
  std::vector<core::Schedule> schedules = read_schedules(section, own);
  if (!names.calendars.emplace(id, static_cast<int>(calendars.size())).second) {
    return section.fail("id", "is there twice");
  }
  // With findings of its own it would only be refused again, in other words; the name stays known all the same.
  if (section.findings().problems.size() != before) {
    schedules.assign(1, {});
    schedules[0].week.fill({{0, windows::kDay}});
  }
  auto calendar = core::Calendar::create(id, std::move(own), std::move(schedules));
  if (!calendar) {
    names.calendars.erase(id);
    return section.fail("id", "'" + id + "': " + calendar.error().message);
  }
  calendars.push_back(std::move(*calendar));
}

}  // namespace

void read_calendars(Section& tenant, const core::Zone& zone, std::vector<core::Calendar>& calendars,
                    KnownNames& names) {
  for (const Node* node : tenant.tables("calendar")) {
    Section calendar(*node, tenant.path("calendar"), tenant.findings());
    read_calendar(calendar, zone, calendars, names);
  }
}

int read_calendar_name(Section& section, const std::string& key, const KnownNames& names) {
  const std::string name = section.text(key);
  if (name.empty()) return -1;
  const auto known = names.calendars.find(name);
  if (known != names.calendars.end()) return known->second;
  section.fail(key, "is '" + name + "', which is not the id of a [[tenant.calendar]]");
  return -1;
}

}  // namespace server
