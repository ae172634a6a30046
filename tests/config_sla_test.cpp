// What the configuration says of calendars, policies, rules and receivers: read right, and refused with its place.
#include "server/config.h"

#include <catch2/catch.hpp>

#include "server/serve.h"

namespace {

const std::string kTenant = "[[tenant]]\nname = \"a\"\nzone = \"Europe/Berlin\"\n";
const std::string kOffice =
    "[[tenant.calendar]]\nid = \"office\"\nhours = { weekdays = [\"08:00-12:00\", \"13:00-17:00\"] }\n";
const std::string kReceiver =
    "[[tenant.receiver]]\nname = \"r\"\nkind = \"generic\"\nurls = [\"https://hooks.example.com/x\"]\n"
    "secrets = [\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=\"]\n";

server::Config parsed(const std::string& toml) {
  auto config = server::parse_config(toml, "f.toml", server::builtin_kpis());
  if (!config) FAIL(config.error().where << config.error().message);
  return std::move(*config);
}

std::string error_of(const std::string& toml) {
  const auto config = server::parse_config(toml, "f.toml", server::builtin_kpis());
  REQUIRE_FALSE(config);
  return config.error().where + config.error().message;
}

}  // namespace

TEST_CASE("a calendar: narrower days count, special dates outrank holidays, changes follow") {
  const auto config = parsed(kTenant + R"(
[[tenant.calendar]]
id = "office"
holidays = [2026-12-24, 2026-12-25]
[tenant.calendar.hours]
every_day = ["10:00-11:00"]
weekdays = ["08:00-12:00", "13:00-24:00"]
friday = []
[[tenant.calendar.special]]
date = 2026-12-24
hours = ["08:00-09:00"]
[[tenant.calendar.change]]
from = 2027-01-01
hours = { sunday = ["00:00-24:00"] })");
  const core::SlaSettings& sla = config.tenants[0].settings.sla;
  REQUIRE(sla.calendars.size() == 1);
  const auto& schedules = sla.calendars[0].schedules();
  REQUIRE(schedules.size() == 2);
  using Frames = std::vector<core::Frame>;
  constexpr core::Duration h = windows::kHour;
  CHECK(schedules[0].week[0] == Frames{{8 * h, 12 * h}, {13 * h, 24 * h}});
  CHECK(schedules[0].week[4].empty());
  CHECK(schedules[0].week[5] == Frames{{10 * h, 11 * h}});
  CHECK(schedules[0].special.at({2026, 12, 24}) == Frames{{8 * h, 9 * h}});
  CHECK(schedules[0].special.at({2026, 12, 25}).empty());
  CHECK(schedules[1].valid_from == 1'798'758'000'000);  // midnight in Berlin
  CHECK(schedules[1].week[0].empty());
  CHECK(sla.calendars[0].zone().name() == "Europe/Berlin");
}

TEST_CASE("a policy, its targets and steps") {
  const auto config = parsed(kTenant + kOffice + kReceiver + R"(
[[tenant.sla]]
id = "gold"
match = { queues = ["vip"], tags = ["a", "b"] }
pauses = ["pending", "on_hold"]
warnings = [50, 90]
elapsed = "anew"
[[tenant.sla.target]]
clock = "resolution"
priorities = ["high", "urgent"]
within = "4h"
[[tenant.sla.target]]
clock = "resolution"
within = "8h"
calendar = "office"
[[tenant.sla.escalation]]
percent = 90
after = "1m"
repeat = "30m"
receivers = ["r"]
unless_acknowledged = true)");
  const core::SlaPolicy& policy = config.tenants[0].settings.sla.policies.at(0);
  CHECK(policy.match.tags.size() == 2);
  CHECK(policy.pauses == std::vector<core::Detail>{core::Detail::status_pending, core::Detail::status_on_hold});
  CHECK(policy.warnings == std::vector<int>{50, 90});
  CHECK_FALSE(policy.elapsed_is_kept);
  REQUIRE(policy.targets.size() == 3);
  CHECK(policy.targets[1].priority == "urgent");
  CHECK(policy.targets[1].calendar == -1);
  CHECK(policy.targets[2].clock == core::ClockKind::resolution);
  CHECK(policy.targets[2].calendar == 0);
  CHECK(policy.escalations.at(0).percent == 90);
  CHECK(policy.escalations.at(0).repeat == 30 * windows::kMinute);
  CHECK(config.tenants[0].receivers.at(0).name == "r");
}

TEST_CASE("a rule: which side is the bad one") {
  const std::string rule = kTenant + "[[tenant.alert]]\nid = \"x\"\nscopes = [\"queue/*\"]\n";
  const auto only = [&](const std::string& rest) { return parsed(rule + rest).tenants[0].settings.alerts.rules.at(0); };
  const auto low = only("kpi = \"service_level\"\nwindow = \"30m\"\nenter = 70\nleave = 80");
  CHECK_FALSE(low.above);
  CHECK(low.leave == 80);
  CHECK_FALSE(only("kpi = \"service_level\"\nwindow = \"today\"\nenter = 70").above);
  const auto wait = only("kpi = \"longest_wait\"\nwindow = \"30m\"\nenter = \"90s\"\nleave = \"1m\"\nfor = \"10s\"");
  CHECK(wait.above);
  CHECK(wait.enter == 90'000);
  CHECK(wait.leave == 60'000);
  CHECK(wait.hold == 10'000);
  CHECK(only("kpi = \"waiting\"\nenter = 5").window.empty());
  CHECK_FALSE(only("kpi = \"agents_available\"\nenter = 1\nwhen = \"below\"").above);
}

TEST_CASE("what cannot be meant is refused at its line") {
  const std::string sla = kTenant + kOffice + kReceiver + "[[tenant.sla]]\nid = \"s\"\n";  // line 13, 14
  const std::string target = "[[tenant.sla.target]]\nclock = \"resolution\"\n";
  const std::string calendar = kTenant + "[[tenant.calendar]]\nid = \"c\"\n";
  const std::string rule = kTenant + "[[tenant.alert]]\nid = \"x\"\nscopes = [\"tenant\"]\n";
  const auto [toml, expected] = GENERATE_COPY(table<std::string, std::string>({
      {calendar, "f.toml:4:1: 'tenant.calendar.hours' is missing"},
      {calendar + "hours = {}", "f.toml:6:9: 'tenant.calendar.hours' leave no time to work at all"},
      {calendar + "hours = { monday = [\"8-12\"] }", "f.toml:6:20: 'tenant.calendar.hours.monday' holds '8-12'"},
      {calendar + "hours = { monday = [\"12:00-12:00\"] }", "which is no time at all"},
      {calendar + "hours = { monday = [\"22:00-06:00\"] }", "goes past midnight"},
      {calendar + "hours = { monday = [\"08:00-24:01\"] }", "not hours such as"},
      {calendar + "hours = { monday = [\"08:00-12:00\", \"11:00-13:00\"] }", "overlaps the hours before it"},
      {calendar + "zone = \"Mars/Base\"\nhours = { monday = [\"08:00-12:00\"] }", "f.toml:6:8: 'tenant.calendar.zone'"},
      {calendar + "hours = { monday = [\"08:00-12:00\"] }\nholidays = [\"25 Dec\"]", "f.toml:7:13: "},
      {calendar + "hours = { monday = [\"08:00-12:00\"] }\nholidays_file = \"no.ics\"", "cannot read 'no.ics'"},
      {calendar + "hours = { monday = [\"08:00-12:00\"] }\n[[tenant.calendar]]\nid = \"c\"\n"
                  "hours = { monday = [\"08:00-12:00\"] }", "'tenant.calendar.id' is there twice"},
      {sla + target, "'tenant.sla.target.within' is missing"},
      {sla + target + "within = \"0s\"", "f.toml:16:10: 'tenant.sla.target.within' must be between 1ms"},
      {sla + target + "within = \"-1h\"", "must be a duration such as"},
      {sla + target + "within = \"400d\"", "must be between 1ms"},
      {sla + target + "within = \"1h\"\ncalendar = \"offce\"", "f.toml:17:12: 'tenant.sla.target.calendar' is 'offce'"},
      {sla + target + "within = \"1h\"\npriorities = [\"high\"]", "for some priorities only"},
      {sla + target + "within = \"1h\"\n" + target + "within = \"2h\"", "already"},
      {sla + "[[tenant.sla.target]]\nclock = \"answering\"\nwithin = \"1h\"", "is 'answering', not one of first_resp"},
      {sla + "warnings = [75, 50]", "f.toml:14:17: 'tenant.sla.warnings' must be in ascending order"},
      {sla + "warnings = [100]", "1 to 99"},
      {sla + "pauses = [\"asleep\"]", "holds 'asleep'"},
      {sla + "valid_from = 2026-02-01\nvalid_to = 2026-01-01", "must be later than 'valid_from'"},
      {sla + "[[tenant.sla.escalation]]\npercent = 50\nreceivers = [\"r\"]", "must be 100 or one of 'warnings'"},
      {sla + "[[tenant.sla.escalation]]\nreceivers = [\"nobody\"]", "not the name of a [[tenant.receiver]]"},
      {sla + "[[tenant.sla]]\nid = \"t\"\nmatch = { queues = [\"q\"] }", "'t' can never count: 's' before it"},
      {sla + "valid_to = 2026-02-01\n[[tenant.sla]]\nid = \"s\"\nvalid_from = 2026-03-01", "leave a gap"},
      {sla + "valid_to = 2026-04-01\n[[tenant.sla]]\nid = \"s\"\nvalid_from = 2026-03-01", "overlap"},
      {rule + "kpi = \"servicelevel\"\nenter = 1", "did you mean 'service_level'?"},
      {rule + "kpi = \"service_level\"\nenter = 1", "needs a 'window'"},
      {rule + "kpi = \"service_level\"\nwindow = \"7m\"\nenter = 1", "f.toml:8:10: 'tenant.alert.window' is '7m'"},
      {rule + "kpi = \"waiting\"\nwindow = \"30m\"\nenter = 1", "about this moment"},
      {rule + "kpi = \"longest_wait\"\nwindow = \"30m\"\nenter = 90", "write it as one"},
      {rule + "kpi = \"waiting\"\nenter = \"90s\"", "must be a number"},
      {rule + "kpi = \"oldest_waiting_since\"\nenter = 1", "an instant"},
      {rule + "kpi = \"waiting\"\nenter = 5\nleave = 7\nwhen = \"above\"", "on the good side"},
      {rule + "kpi = \"waiting\"\nenter = 5\nmin_sample = 3", "needs 'min_sample_kpi'"},
      {rule + "kpi = \"waiting\"", "'tenant.alert.enter' is missing"},
      {kTenant + "[[tenant.alert]]\nid = \"a/b\"\nkpi = \"waiting\"\nenter = 1\nscopes = [\"queues\"]", "without '/'"},
      {kTenant + "[[tenant.route]]\nmatch = \"severity\"\nreceivers = []", "f.toml:5:9: 'tenant.route.match'"},
      {kTenant + "[[tenant.inhibit]]\nsource = \"name=a\"", "'tenant.inhibit.target' is missing"},
      {kTenant + "[[tenant.source]]\nname = \"acd\"\nwatch = {}", "'tenant.source.watch.within' is missing"},
      {kTenant + "[[tenant.receiver]]\nname = \"r\"\nkind = \"pigeon\"", "'tenant.receiver.kind'"},
      {kTenant + "[[tenant.receiver]]\nname = \"r\"\nkind = \"generic\"\nurls = [\"https://a.example/\"]\n"
                 "secrets = [\"whsec_c2hvcnQ=\"]", "'tenant.receiver.secrets'"},
  }));
  CAPTURE(toml);
  CHECK_THAT(error_of(toml), Catch::Contains(expected));
}
