// Instants as text: what is read, what is refused, and that writing is the inverse of reading.
#include "ingest/instant.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

using ingest::format_instant;
using ingest::parse_epoch_ms;
using ingest::parse_epoch_s;
using ingest::parse_rfc3339;

TEST_CASE("RFC 3339 instants") {
  CHECK(parse_rfc3339("1970-01-01T00:00:00Z") == 0);
  CHECK(parse_rfc3339("2026-02-01T09:30:00.250Z") == 1'769'938'200'250);
  CHECK(parse_rfc3339("2026-02-01T09:30:00.250+01:00") == 1'769'934'600'250);
  CHECK(parse_rfc3339("2026-02-01T09:30:00-03:30") == 1'769'950'800'000);
  CHECK(parse_rfc3339("2026-02-01t09:30:00z") == 1'769'938'200'000);
  CHECK(parse_rfc3339("2026-02-01T09:30:00-00:00") == 1'769'938'200'000);
  CHECK(parse_rfc3339("2000-02-29T23:59:59.999999999Z") == 951'868'799'999);  // cut off
  CHECK(parse_rfc3339("1969-12-31T23:59:59.9999Z") == -1);
  CHECK(parse_rfc3339("2026-02-01T09:30:00.1Z") == 1'769'938'200'100);
  CHECK(parse_rfc3339("0000-01-01T00:00:00Z") == -62'167'219'200'000);
  CHECK(parse_rfc3339("9999-12-31T23:59:59.999Z") == 253'402'300'799'999);
}

TEST_CASE("what is not an instant") {
  for (const char* text :
       {"", "2026", "2026-02-01", "2026-02-01T09:30Z", "2026-02-01T09:30:00",
        "2026-02-01 09:30:00Z",
        "2026-02-30T09:30:00Z", "1900-02-29T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
        "2026-04-31T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T23:60:00Z",
        "2026-06-30T23:59:60Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.1234567890Z",
        "2026-01-01T00:00:00,5Z", "2026-01-01T00:00:00+0100", "2026-01-01T00:00:00+1:00",
        "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+01:60", "2026-01-01T00:00:00 Z",
        "2026-01-01T00:00:00ZZ", "2026-01-01T00:00:00Z ", " 2026-01-01T00:00:00Z",
        "2026-1-01T00:00:00ZZ", "+026-01-01T00:00:00Z", "2026-01-01T0a:00:00Z",
        "2026/01/01T00:00:00Z", "-2026-01-01T00:00:00Z", "2026-01-01T00:00:00.25"}) {
    INFO(text);
    CHECK_FALSE(parse_rfc3339(text));
  }
}

TEST_CASE("epoch numbers") {
  CHECK(parse_epoch_ms("1760000000123") == 1'760'000'000'123);
  CHECK(parse_epoch_ms("-5") == -5);
  CHECK(parse_epoch_s("1760000000") == 1'760'000'000'000);
  CHECK(parse_epoch_s("1760000000.1239") == 1'760'000'000'123);
  CHECK(parse_epoch_s("-1.5") == -1'500);
  for (const char* text : {"", "-", "+1", "1.", ".5", "1e3", " 1", "1 ", "0x10",
                           "1234567890123456789"}) {
    INFO(text);
    CHECK_FALSE(parse_epoch_ms(text));
    CHECK_FALSE(parse_epoch_s(text));
  }
  CHECK_FALSE(parse_epoch_ms("1.5"));
}

TEST_CASE("instants are written in UTC or with an offset") {
  CHECK(format_instant(1'769'938'200'250) == "2026-02-01T09:30:00.250Z");
  CHECK(format_instant(1'769'938'200'250, 3'600'000) == "2026-02-01T10:30:00.250+01:00");
  CHECK(format_instant(1'769'938'200'250, -12'600'000) == "2026-02-01T06:00:00.250-03:30");
  CHECK(format_instant(-1) == "1969-12-31T23:59:59.999Z");
  CHECK(format_instant(windows::kNever) == "0000-01-01T00:00:00.000Z");
  CHECK(format_instant(windows::kNever, -3'600'000) == "0000-01-01T00:00:00.000-01:00");
  CHECK(format_instant(std::numeric_limits<windows::Time>::max()) == "9999-12-31T23:59:59.999Z");
}

TEST_CASE("reading is the inverse of writing") {
  windows::Time t = -62'167'219'200'000;
  for (int i = 0; i < 20'000; ++i, t += 15'778'475'973) {
    REQUIRE(parse_rfc3339(format_instant(t)) == t);
    REQUIRE(parse_rfc3339(format_instant(t % 4'000'000'000'000, -34'200'000)) ==
            t % 4'000'000'000'000);
  }
}
