// Holidays from iCalendar files: what is read, and what is refused with its line.
#include "ingest/ical.h"

#include <string>

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace {

std::string calendar(const std::string& events) {
  return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\n" + events + "END:VCALENDAR\r\n";
}

std::string event(const std::string& lines) {
  return "BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:A day\r\n" + lines + "END:VEVENT\r\n";
}

std::string dates(const std::string& ics, int from = 2025, int to = 2027) {
  const auto holidays = ingest::read_holidays(ics);
  if (!holidays) return holidays.error().where + " " + holidays.error().message;
  std::string all;
  for (const core::Date& d : *holidays) {
    if (d.year >= from && d.year <= to)
      all += (all.empty() ? "" : " ") + std::to_string(d.year * 10'000 + d.month * 100 + d.day);
  }
  return all;
}

}  // namespace

TEST_CASE("holidays are read from an iCalendar file") {
  CHECK(dates(calendar("")).empty());
  CHECK(dates(calendar(event("DTSTART;VALUE=DATE:20261225\r\nDTEND;VALUE=DATE:20261227\r\nDESCRIPTION:\r\n"))) ==
        "20261225 20261226");
  CHECK(dates(calendar(event("DTSTART;VALUE=DATE:20261225\r\n"))) == "20261225");
  CHECK(dates(calendar(event("DTSTART;VALUE=DATE:20261225\r\nDTEND;VALUE=DATE:20261225\r\n"))) == "20261225");
  CHECK(dates(calendar(event("DTSTART;VALUE=DATE:20261230\r\nDURATION:P3D\r\n"))) == "20261230 20261231 20270101");
  CHECK(dates(calendar(event("DTSTART;VALUE=DATE:19990501\r\nRRULE:FREQ=YEARLY\r\n"))) == "20250501 20260501 20270501");
  CHECK(dates(calendar(event("DTSTART;VALUE=DATE:20101125\r\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH\r\n"))) ==
        "20251127 20261126 20271125");
  CHECK(dates(calendar(event("DTSTART;VALUE=DATE:20200525\r\n"
                             "RRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO;UNTIL=20260601\r\n"))) ==
        "20250526 20260525");
  CHECK(dates(calendar(event("DTSTART;VALUE=DATE:20250101\r\nRRULE:FREQ=YEARLY;COUNT=3\r\n"
                             "EXDATE;VALUE=DATE:20260101\r\n"
                             "RDATE;VALUE=DATE:20260102\r\n"))) == "20250101 20260102 20270101");
  CHECK(dates(calendar(event("DTSTART;VALUE=DATE:20261225\r\nSTATUS:CANCELLED\r\n"))).empty());
  // Lines are folded, line ends are what they are, alarms are not events, one day twice is one day.
  CHECK(dates("\xEF\xBB\xBF" "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:a long\n  story\nDTSTART;VALUE=DA\n TE:20260101\n"
              "BEGIN:VALARM\nTRIGGER:-PT5M\nDURATION:PT5M\nEND:VALARM\nEND:VEVENT\nBEGIN:VEVENT\n"
              "DTSTART;VALUE=DATE:20260101\nEND:VEVENT\n"
              "BEGIN:VTIMEZONE\nTZID:x\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
              "END:STANDARD\nEND:VTIMEZONE\nEND:VCALENDAR\n") == "20260101");
  CHECK(ingest::read_holidays(calendar(event("DTSTART;VALUE=DATE:19990501\r\nRRULE:FREQ=YEARLY\r\n")))->size() == 102);
}

TEST_CASE("iCalendar files that say something else are refused, with the line") {
  const auto place = [](const std::string& ics) {
    const auto holidays = ingest::read_holidays(ics);
    return holidays ? std::string() : holidays.error().code + " " + holidays.error().where;
  };
  CHECK(place("") == "bad_ical 1");
  CHECK(place("<html>") == "bad_ical 1");
  CHECK(place(std::string("BEGIN:VCALENDAR\0", 16)) == "bad_ical 1");
  CHECK(place("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR\r\n") == "bad_ical 3");
  CHECK(place("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n") == "bad_ical 2");
  CHECK(place(calendar("") + "X:1\r\n") == "bad_ical 5");
  CHECK(place(calendar(event(""))) == "bad_ical 4");
  CHECK(place(calendar(event("DTSTART:20261225T100000Z\r\n"))) == "bad_ical 7");
  CHECK(place(calendar(event("DTSTART;VALUE=DATE:20261232\r\n"))) == "bad_ical 7");
  CHECK(place(calendar(event("DTSTART;VALUE=DATE:tomorrow\r\n"))) == "bad_ical 7");
  CHECK(place(calendar(event("DTSTART;VALUE=DATE:20261225\r\nRRULE:FREQ=WEEKLY\r\n"))) == "bad_ical 8");
  CHECK(place(calendar(event("DTSTART;VALUE=DATE:20261225\r\nRRULE:FREQ=NEVER\r\n"))) == "bad_ical 8");
  CHECK(place(calendar(event("DTSTART;VALUE=DATE:20261225\r\nDTEND;VALUE=DATE:20261220\r\n"))) == "bad_ical 4");
  CHECK(place(calendar(event("DTSTART;VALUE=DATE:20261225\r\nDURATION:PT5H\r\n"))) == "bad_ical 4");
  CHECK(place(calendar(event("DTSTART;VALUE=DATE:20261225\r\nRECURRENCE-ID;VALUE=DATE:20261225\r\n"))) == "bad_ical 8");
}
