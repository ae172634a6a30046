// core::Zone and the loader: offsets, local days, and the days that are odd.
#include "core/zone.h"
#include "ingest/instant.h"
#include "ingest/zone_file.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace {

using core::Date;
using core::Time;
using core::Zone;
using windows::kDay;
using windows::kHour;
using windows::kMinute;

Zone zone(const char* name) {
  auto loaded = ingest::load_zone(name);
  REQUIRE(loaded);
  return *loaded;
}

Time at(const char* text) {
  const auto time = ingest::parse_rfc3339(text);
  REQUIRE(time);
  return *time;
}

// Wall time as a number: the text read as if it were UTC.
Time wall(const char* text) { return at((std::string(text) + "Z").c_str()); }

// Every day of the zone follows the one before without gap or overlap, and its date is later.
void walk_days(const Zone& z, const char* from, int days) {
  Time begin = z.midnight_at_or_before(at(from));
  for (int i = 0; i < days; ++i) {
    const Time next = z.next_midnight(begin);
    REQUIRE(next > begin);
    REQUIRE(next - begin <= 49 * kHour);
    REQUIRE(z.midnight_at_or_before(begin) == begin);
    REQUIRE(z.midnight_at_or_before(next - 1) == begin);
    REQUIRE(z.next_midnight(next - 1) == next);
    REQUIRE(z.date_at(begin) < z.date_at(next));
    REQUIRE(z.date_at(next - 1) == z.date_at(begin));
    begin = next;
  }
}

}  // namespace

TEST_CASE("a zone without data is UTC") {
  const Zone utc;
  CHECK(utc.name() == "UTC");
  CHECK(utc.offset_at(0) == 0);
  CHECK(utc.midnight_at_or_before(kDay + 5) == kDay);
  CHECK(utc.midnight_at_or_before(-1) == -kDay);
  CHECK(utc.next_midnight(kDay) == 2 * kDay);
}

TEST_CASE("dates and day numbers are inverse") {
  for (std::int64_t day = -800'000; day < 800'000; day += 37) {
    const Date date = core::date_from(day);
    REQUIRE(core::days_from(date) == day);
    REQUIRE(core::is_valid(date));
  }
  CHECK(core::date_from(0) == Date{1970, 1, 1});
  CHECK(core::is_valid({2000, 2, 29}));
  CHECK_FALSE(core::is_valid({1900, 2, 29}));
  CHECK_FALSE(core::is_valid({2026, 4, 31}));
  CHECK_FALSE(core::is_valid({2026, 13, 1}));
  CHECK_FALSE(core::is_valid({2026, 0, 1}));
}

TEST_CASE("a zone that does not exist is refused") {
  for (const char* name : {"Europe/Atlantis", "", "../etc/passwd", "europe/berlin "}) {
    const auto loaded = ingest::load_zone(name);
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().code == "unknown_zone");
  }
}

TEST_CASE("Berlin has days of 23 and 25 hours") {
  const Zone z = zone("Europe/Berlin");
  CHECK(z.offset_at(at("2026-01-15T12:00:00Z")) == kHour);
  CHECK(z.offset_at(at("2026-07-15T12:00:00Z")) == 2 * kHour);

  const Time spring = z.midnight_at_or_before(at("2026-03-29T12:00:00Z"));
  CHECK(spring == at("2026-03-29T00:00:00+01:00"));
  CHECK(z.next_midnight(spring) - spring == 23 * kHour);
  const Time autumn = z.midnight_at_or_before(at("2026-10-25T12:00:00Z"));
  CHECK(autumn == at("2026-10-25T00:00:00+02:00"));
  CHECK(z.next_midnight(autumn) - autumn == 25 * kHour);

  CHECK(z.from_local(wall("2026-03-29T02:30:00")) == at("2026-03-29T03:30:00+02:00"));  // skipped
  CHECK(z.from_local(wall("2026-10-25T02:30:00")) == at("2026-10-25T02:30:00+02:00"));  // twice
  CHECK(z.from_local(wall("2026-10-25T03:00:00")) == at("2026-10-25T03:00:00+01:00"));
}

TEST_CASE("Sao Paulo, Cairo and Beirut had days without a midnight") {
  const Zone sao_paulo = zone("America/Sao_Paulo");
  const Time day = sao_paulo.midnight_at_or_before(at("2018-11-04T12:00:00-02:00"));
  CHECK(day == at("2018-11-04T01:00:00-02:00"));
  CHECK(sao_paulo.next_midnight(day) - day == 23 * kHour);
  CHECK(sao_paulo.from_local(wall("2018-11-04T00:30:00")) == at("2018-11-04T01:30:00-02:00"));
  // The clock fell back at midnight: 17 February 2018 lasted 25 hours.
  const Time long_day = sao_paulo.midnight_at_or_before(at("2018-02-17T12:00:00-02:00"));
  CHECK(sao_paulo.next_midnight(long_day) - long_day == 25 * kHour);
  walk_days(sao_paulo, "2015-01-01T00:00:00Z", 2000);

  const Zone cairo = zone("Africa/Cairo");
  CHECK(cairo.midnight_at_or_before(at("2024-04-26T12:00:00+03:00")) ==
        at("2024-04-26T01:00:00+03:00"));
  walk_days(cairo, "2010-01-01T00:00:00Z", 7000);

  const Zone beirut = zone("Asia/Beirut");
  CHECK(beirut.midnight_at_or_before(at("2024-03-31T12:00:00+03:00")) ==
        at("2024-03-31T01:00:00+03:00"));
  walk_days(beirut, "2020-01-01T00:00:00Z", 3000);
}

TEST_CASE("Lord Howe moves by half an hour, Kathmandu is at +05:45") {
  const Zone lord_howe = zone("Australia/Lord_Howe");
  CHECK(lord_howe.offset_at(at("2026-01-15T00:00:00Z")) == 11 * kHour);
  CHECK(lord_howe.offset_at(at("2026-07-15T00:00:00Z")) == 10 * kHour + 30 * kMinute);
  const Time autumn = lord_howe.midnight_at_or_before(at("2026-04-05T12:00:00+10:30"));
  CHECK(lord_howe.next_midnight(autumn) - autumn == 24 * kHour + 30 * kMinute);

  const Zone kathmandu = zone("Asia/Kathmandu");
  CHECK(kathmandu.midnight_at_or_before(at("2026-07-15T12:00:00Z")) ==
        at("2026-07-15T00:00:00+05:45"));
  CHECK(kathmandu.offset_at(at("1985-06-01T00:00:00Z")) == 5 * kHour + 30 * kMinute);
}

TEST_CASE("Apia has no 30 December 2011") {
  const Zone z = zone("Pacific/Apia");
  const Time last = z.midnight_at_or_before(at("2011-12-29T12:00:00-10:00"));
  CHECK(z.date_at(last) == Date{2011, 12, 29});
  const Time next = z.next_midnight(last);
  CHECK(next - last == 24 * kHour);
  CHECK(z.date_at(next) == Date{2011, 12, 31});
  walk_days(z, "2011-12-01T00:00:00Z", 60);
}

TEST_CASE("St John's fell back across midnight: the new day goes on") {
  const Zone z = zone("America/St_Johns");
  // At 00:01 on 29 October 2006 the clock went back to 23:01 of the 28th.
  const Time midnight = at("2006-10-29T00:00:00-02:30");
  const Time repeated = at("2006-10-28T23:30:00-03:30");
  REQUIRE(midnight < repeated);
  CHECK(z.midnight_at_or_before(repeated) == midnight);
  CHECK(z.date_at(repeated) == Date{2006, 10, 29});
  walk_days(z, "2000-01-01T00:00:00Z", 4500);
}

TEST_CASE("Jerusalem, and wall times there and back") {
  const Zone z = zone("Asia/Jerusalem");
  CHECK(z.offset_at(at("1999-02-15T00:00:00Z")) == 2 * kHour);
  CHECK(z.offset_at(at("2026-07-15T00:00:00Z")) == 3 * kHour);
  walk_days(z, "1999-01-01T00:00:00Z", 11'000);
  for (Time t = at("2026-01-01T00:00:00Z"); t < at("2027-01-01T00:00:00Z"); t += 17 * kMinute) {
    const Time back = z.from_local(z.to_local(t));
    // The second run through a repeated hour maps to the first.
    REQUIRE((back == t || back == t - kHour));
    REQUIRE(z.to_local(back) == z.to_local(t));
  }
}

TEST_CASE("a zone covers 1970 to 2100") {
  const Zone z = zone("America/New_York");
  CHECK(z.offset_at(at("1970-01-01T00:00:00Z")) == -5 * kHour);
  CHECK(z.offset_at(at("2100-07-01T00:00:00Z")) == -4 * kHour);
  CHECK(z.offset_at(at("2100-12-01T00:00:00Z")) == -5 * kHour);
  // Second Sunday of March, first Sunday of November, also where the zone file has only the rule.
  CHECK(z.offset_at(at("2099-03-08T06:59:59Z")) == -5 * kHour);
  CHECK(z.offset_at(at("2099-03-08T07:00:00Z")) == -4 * kHour);
  CHECK(z.offset_at(at("2099-11-01T05:59:59Z")) == -4 * kHour);
  CHECK(z.offset_at(at("2099-11-01T06:00:00Z")) == -5 * kHour);
  // Friday before the last Sunday of March, at 02:00.
  const Zone jerusalem = zone("Asia/Jerusalem");
  CHECK(jerusalem.offset_at(at("2090-03-23T23:59:59Z")) == 2 * kHour);
  CHECK(jerusalem.offset_at(at("2090-03-24T00:00:00Z")) == 3 * kHour);
  CHECK(zone("Australia/Sydney").offset_at(at("2090-01-01T00:00:00Z")) == 11 * kHour);
  CHECK(zone("Australia/Sydney").offset_at(at("2090-07-01T00:00:00Z")) == 10 * kHour);
  CHECK(z.offset_at(windows::kNever + kDay) == -5 * kHour);
  walk_days(z, "1970-01-02T00:00:00Z", 47'000);
}
