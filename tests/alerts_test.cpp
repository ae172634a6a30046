// Matchers, the rule machine against a naive reading of its rules, thresholds, and random lives of alerts: the same
// from the journal, restored anywhere; no false all-clear; what settings that change make of what there was.
#include "core/alerts.h"

#include <algorithm>
#include <cstdlib>

#include "alert_script.h"
#include "core/rule.h"
#include "map_archive.h"
#include "oracle.h"
#include "streams.h"
#include "zones.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace {

using alert_script::Batch;
using alert_script::Said;
using core::AlertStep;
using core::Engine;
using core::Time;
using streams::Dice;
using windows::kMinute;
using windows::kSecond;

std::string error_of(const char* text) {
  const auto parsed = core::parse_matcher(text);
  return parsed ? "" : parsed.error().code + " " + parsed.error().where;
}

core::Alert alert_about(core::Labels labels) {
  core::Alert alert;
  alert.key = "rule/long/queue/sales";
  alert.name = "long";
  alert.scope = "queue/sales";
  alert.severity = core::Severity::critical;
  alert.labels = std::move(labels);
  return alert;
}

bool fits(const char* matcher, const core::Alert& alert) { return core::matches(*core::parse_matcher(matcher), alert); }

}  // namespace

TEST_CASE("a matcher reads what it writes, and says where it does not understand") {
  for (const char* text : {"", "a=b", "a=b, c!=d", "a=\"b, c\"", "a=\"x\\\"y\\\\z\"", "a=b*", "a=\"*\"", "a=\"b\\*\"",
                           "  a  =  b  ", "a=", "a!=", "a=b*c", "severity=critical,scope=queue/*"}) {
    INFO(text);
    const auto parsed = core::parse_matcher(text);
    REQUIRE(parsed);
    const auto again = core::parse_matcher(core::text_of(*parsed));
    REQUIRE(again);
    CHECK(*again == *parsed);
  }
  CHECK(core::parse_matcher("a=\"b\\*\"")->at(0) == core::LabelMatch{"a", "b*", false, false});
  CHECK(core::parse_matcher("a!=b*")->at(0) == core::LabelMatch{"a", "b", true, true});
  CHECK(error_of("=b") == "bad_matcher 1");
  CHECK(error_of("a") == "bad_matcher 2");
  CHECK(error_of("a=b c=d") == "bad_matcher 5");
  CHECK(error_of("a=b,") == "bad_matcher 5");
  CHECK(error_of("a=\"b") == "bad_matcher 5");
  CHECK(error_of("a=\"b\\") == "bad_matcher 6");
  CHECK(error_of("a=b\"c") == "bad_matcher 4");
}

TEST_CASE("labels match as a whole, by their beginning, or not at all") {
  const core::Alert alert = alert_about({{"queue", "sales"}, {"site", "north"}});
  CHECK(fits("", alert));
  CHECK(fits("queue=sales, site=north, severity=critical, name=long", alert));
  CHECK(fits("scope=queue/*", alert));
  CHECK(fits("key=rule/*", alert));
  CHECK(fits("team=", alert));
  CHECK(fits("team!=night", alert));
  CHECK_FALSE(fits("queue=sale", alert));
  CHECK_FALSE(fits("queue=sales, site=south", alert));
  CHECK_FALSE(fits("queue!=sal*", alert));
  CHECK_FALSE(fits("team=*x", alert));
}

TEST_CASE("durations are said as people say them") {
  CHECK(core::spoken(250) == "250 ms");
  CHECK(core::spoken(90 * kSecond) == "90 s");
  CHECK(core::spoken(5 * kMinute) == "5 min");
  CHECK(core::spoken(150 * kSecond) == "2 min 30 s");
  CHECK(core::spoken(windows::kHour) == "1 h");
  CHECK(core::spoken(90 * kMinute) == "1 h 30 min");
  CHECK(core::spoken(50 * windows::kHour) == "2 d 2 h");
}

// ---- the rule machine ---------------------------------------------------------------------------------------

namespace {

struct Episode {
  Time from, to;  // fired, resolved; to = kNever: goes on
  bool operator==(const Episode&) const = default;
};

// In terms of runs instead of states: it fires at the end of a run of bad values that lasted `hold`, and is over at the
// end of a run of good ones that lasted `keep_firing`; each run begins after the episode, or its end, began.
std::vector<Episode> naive(const core::AlertRule& rule, const std::vector<std::pair<Time, double>>& values) {
  std::vector<Episode> episodes;
  const auto bad = [&](double v) { return rule.above ? v >= rule.enter : v <= rule.enter; };
  const auto good = [&](double v) { return rule.above ? v < rule.leave : v > rule.leave; };
  std::size_t i = 0;
  while (i < values.size()) {
    const bool firing = !episodes.empty() && episodes.back().to == windows::kNever;
    const Time needed = firing ? rule.keep_firing : rule.hold;
    const auto belongs = [&](std::size_t at) { return firing ? good(values[at].second) : bad(values[at].second); };
    if (!belongs(i)) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < values.size() && belongs(end) && values[end].first - values[i].first < needed) ++end;
    if (end == values.size()) break;
    if (!belongs(end)) {
      i = end;
      continue;
    }
    if (firing) {
      episodes.back().to = values[end].first;
    } else {
      episodes.push_back({values[end].first, windows::kNever});
    }
    i = end + 1;
  }
  return episodes;
}

}  // namespace

TEST_CASE("a rule fires and ends when a naive reading of its history says so") {
  for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
    Dice dice(seed);
    core::AlertRule rule;
    rule.above = dice.percent(50);
    rule.enter = static_cast<double>(dice.below(10));
    rule.leave = rule.enter + static_cast<double>(dice.below(4)) * (rule.above ? -1 : 1);
    rule.hold = dice.percent(30) ? 0 : dice.below(5) * kSecond;
    rule.keep_firing = dice.percent(30) ? 0 : dice.below(5) * kSecond;
    std::vector<std::pair<Time, double>> values;
    Time at = 0;
    double value = 5;
    for (int i = 0; i < 60; ++i) {
      at += (dice.percent(80) ? 1 : 1 + dice.below(4)) * kSecond;  // some seconds are leapt over
      value = std::clamp(value + static_cast<double>(dice.below(7) - 3), 0.0, 10.0);
      values.emplace_back(at, value);
    }
    core::RuleMachine machine;
    std::vector<Episode> episodes;
    for (const auto& [when, v] : values) {
      const core::Turn turn = core::judge(rule, {v}, when, machine);
      if (turn == core::Turn::fired) episodes.push_back({when, windows::kNever});
      if (turn == core::Turn::resolved) episodes.back().to = when;
    }
    INFO("seed " << seed);
    REQUIRE(episodes == naive(rule, values));
  }
}

TEST_CASE("thresholds of a KPI become rules, the ones of a scope before those of all") {
  core::KpiSpec kpi;
  kpi.id = "service_level";
  kpi.direction = core::Direction::higher;
  kpi.thresholds = {{"", 80, 75, 60}, {"queue/vip", 95, 90, {}}};
  const auto rules = core::threshold_rules(kpi, "30m", {"queue/*"});
  REQUIRE(rules.size() == 3);
  CHECK(rules[0].id == "kpi.service_level@30m.warn.queue/vip");
  CHECK(rules[0].enter == 90);
  CHECK(rules[0].scopes == std::vector<std::string>{"queue/vip"});
  CHECK(rules[1].id == "kpi.service_level@30m.crit");
  CHECK(rules[1].severity == core::Severity::critical);
  CHECK_FALSE(rules[1].above);
  CHECK(rules[1].except == std::vector<std::string>{"queue/vip"});
  CHECK(rules[2].id == "kpi.service_level@30m.warn");
  kpi.direction = core::Direction::none;
  CHECK(core::threshold_rules(kpi, "30m", {"queue/*"}).empty());
}

// ---- random lives -------------------------------------------------------------------------------------------

namespace {

const char* const kSettings[] = {
    "calendar day 06:00-22:00",
    "rule waiting kpi=waiting scopes=queue/* above=1 for=2s keep=3s severity=critical escalate=100:0s:0s:desk "
    "escalate=100:1m:2m:boss:unless_acknowledged",
    "rule level kpi=service_level window=5m scopes=queue/*,tenant below=90 leave=95 sample=offered:2 no_data=alert",
    "rule long kpi=oldest_waiting_since scopes=queue/* above=15s hours=day",
    "rule agents kpi=handled window=1m scopes=agent/* above=1 no_data=normal",
    "watch acd within=90s",
    "watch cdr within=10m hours=day",
    "policy gold queue=vip first_response=4m next_reply=6m warn=50,80 escalate=80:0s:0s:desk escalate=100:1m:3m:boss",
    "policy urgent priority=urgent first_response=2m resolution=20m warn=75",
    "inhibit source=severity=critical target=severity=warning equal=queue",
    "route severity=critical to=pager,boss repeat=3m",
    "route name=agents to=board by=name wait=20s interval=40s repeat=5m",
    "route any to=board wait=15s repeat=4m",
    "limits flapping=3 within=3m most=7 kept=400",
};

core::TenantSettings random_settings(Dice& dice) {
  core::TenantSettings settings;
  settings.name = "random";
  settings.zone = zones::berlin();
  settings.kpis = streams::builtin_kpis();
  for (const char* line : kSettings) {
    if (std::string(line).rfind("calendar", 0) == 0 || dice.percent(85)) alert_script::add_setting(settings, line);
  }
  return settings;
}

// Some hundred events of calls and tickets, some of them heard of late, from sources that fall silent now and then.
std::vector<streams::Delivery> random_life(Dice& dice) {
  std::vector<streams::Delivery> life;
  const Time begin = 20'000 * windows::kDay + dice.below(24) * windows::kHour;
  const core::Duration span = (20 + dice.below(60)) * kMinute;
  int count = 0;
  const auto add = [&](core::EventType type, const std::string& subject, Time at, const char* by = "") {
    core::Event e;
    e.type = type;
    e.source = core::about(type) == core::About::ticket ? "desk" : dice.percent(90) ? "acd" : "cdr";
    e.id = oracle::keep("e" + std::to_string(++count));
    e.subject = oracle::keep(subject);
    e.at = e.time = at;
    e.authority = 5;
    e.by = by;
    if (type == core::EventType::call_queued || type == core::EventType::ticket_created)
      e.queue = dice.of<std::string_view>({"sales", "support", "vip"});
    if (type == core::EventType::call_answered || type == core::EventType::call_ended)
      e.agent = oracle::keep("agent" + subject.substr(subject.size() - 1));
    if (type == core::EventType::ticket_created || type == core::EventType::ticket_priority)
      e.priority = dice.of<std::string_view>({"normal", "urgent"});
    life.push_back({at + (dice.percent(10) ? dice.below(6 * kMinute) : dice.below(300)), e});
  };
  using core::EventType;
  for (int i = 0; i < 120; ++i) {
    const std::string call = "c" + std::to_string(i);
    Time at = begin + dice.below(span);
    if (dice.percent(30)) at = begin + at % (5 * kMinute);  // a rush, and quiet afterwards
    add(EventType::call_queued, call, at);
    at += dice.below(60 * kSecond);
    if (dice.percent(40)) {
      add(EventType::call_abandoned, call, at);
    } else {
      add(EventType::call_answered, call, at);
      add(EventType::call_ended, call, at + dice.below(3 * kMinute));
    }
  }
  for (int i = 0; i < 20; ++i) {
    const std::string ticket = "t" + std::to_string(i);
    Time at = begin + dice.below(span);
    add(EventType::ticket_created, ticket, at, "customer");
    for (std::int64_t n = dice.below(5); n > 0; --n) {
      at += dice.below(10 * kMinute);
      if (dice.percent(30)) {
        add(EventType::ticket_priority, ticket, at);
      } else {
        add(EventType::ticket_reply, ticket, at, dice.percent(60) ? "agent" : "customer");
      }
    }
  }
  std::stable_sort(life.begin(), life.end(), [](const auto& a, const auto& b) { return a.when < b.when; });
  return life;
}

core::Event command(core::EventType type, const std::string& subject, const std::string& text, core::Duration value,
                    Time at) {
  static int count = 0;
  core::Event e;
  e.type = type;
  e.source = "ringside";
  e.id = oracle::keep("command" + std::to_string(++count));
  e.at = e.time = at;
  e.subject = oracle::keep(subject);
  e.text = oracle::keep(text);
  e.value = value;
  e.by = "anna";
  e.reason = "because";
  return e;
}

// Somebody does something about alerts, sensible or not.
void do_something(alert_script::Loop& loop, Dice& dice) {
  using core::EventType;
  const std::vector<core::Alert> active = loop.engine().active_alerts();
  const Time now = loop.engine().now();
  const std::string id = "s" + std::to_string(dice.below(4));
  const auto act = [&](const core::Event& event) {
    const auto outcome = loop.give(event, false);
    if (!outcome) REQUIRE_FALSE(outcome.error().message.empty());
  };
  switch (dice.below(5)) {
    case 0:
      if (!active.empty()) act(command(EventType::alert_acknowledged, dice.of(active).key, "", -1, now));
      return;
    case 1:
      return act(command(EventType::alert_silenced, id,
                         dice.of<std::string>({"scope=queue/*", "severity!=critical", "name=level", "agent=\"a*\""}),
                         dice.below(5) * kMinute, now));
    case 2: return act(command(EventType::alert_silence_ended, id, "", -1, now));
    case 3: {
      std::vector<core::SourceAtWork> sources;
      for (const char* source : {"acd", "cdr", "desk"}) {
        if (dice.percent(20)) continue;
        sources.push_back({source, {}});
        for (std::size_t m = 0; dice.percent(60) && m < core::kMeasureCount; ++m) {
          if (dice.percent(10)) sources.back().cannot.set(m);
        }
      }
      return act(command(EventType::sources_told, "ringside", core::text_of(std::move(sources)), -1, now));
    }
    default: return act(command(EventType::server_started, "ringside", "", -1, now));
  }
}

Said live(const std::vector<streams::Delivery>& life, alert_script::Loop& loop, Dice& dice) {
  for (const streams::Delivery& delivery : life) {
    if (dice.percent(1)) loop.leap(delivery.when);  // the process was paused
    loop.pass(delivery.when);
    const auto outcome = loop.give(delivery.event, false);
    if (!outcome) REQUIRE_FALSE(outcome.error().message.empty());
    if (dice.percent(3)) do_something(loop, dice);
  }
  loop.pass(loop.engine().now() + 5 * kMinute);
  return loop.take();
}

void keep(Engine& engine, MapArchive& archive) {
  const auto generation = archive.generation() + 1;
  REQUIRE(engine.begin_keep(generation));
  REQUIRE(engine.keep_some(10'000'000, [&](core::Kept&& row) { archive.write(generation, std::move(row)); }));
  archive.complete(generation);
  engine.kept(generation);
}

// Applies the journal, restoring now and then from what was kept.
Said replay(const std::vector<Batch>& journal, const core::TenantSettings& settings, int restore_percent, Dice& dice,
            std::uint64_t& digest) {
  auto engine = std::move(*Engine::create(settings));
  MapArchive archive;
  Said said;
  for (const Batch& batch : journal) {
    if (batch.applied_at > engine->now()) engine->advance(batch.applied_at);
    for (const core::Event& event : batch.events) REQUIRE(static_cast<bool>(engine->apply(event)));
    for (core::AlertChange& change : engine->take_alert_changes()) said.changes.push_back(std::move(change));
    for (core::Notice& notice : engine->take_notices()) said.notices.push_back(std::move(notice));
    if (dice.below(1000) >= restore_percent) continue;
    keep(*engine, archive);
    engine = std::move(*Engine::create(settings));
    REQUIRE(static_cast<bool>(engine->restore(archive)));
    const Said by_itself{engine->take_alert_changes(), engine->take_notices()};
    REQUIRE(alert_script::lines(by_itself, core::Zone()) == std::vector<std::string>());
  }
  digest = engine->alerts_digest();
  return said;
}

void same(const Said& one, const Said& other) {
  REQUIRE(one.changes.size() == other.changes.size());
  for (std::size_t i = 0; i < one.changes.size(); ++i) {
    INFO(i << ": " << alert_script::shown(one.changes[i], core::Zone()));
    REQUIRE(alert_script::whole(one.changes[i].alert) == alert_script::whole(other.changes[i].alert));
  }
  REQUIRE(one.notices.size() == other.notices.size());
  for (std::size_t i = 0; i < one.notices.size(); ++i)
    REQUIRE(alert_script::whole(one.notices[i]) == alert_script::whole(other.notices[i]));
}

// What must hold of every life: numbers are dense, versions ascend, an episode begins before it ends, whoever is told
// an end was told of the episode, and nobody is told while it is held back.
void is_sound(const Said& said) {
  std::uint64_t number = 0;
  std::map<std::string, core::Alert> last;
  for (const core::AlertChange& change : said.changes) {
    const core::Alert& alert = change.alert;
    INFO(change.number << " " << alert_script::shown(change, core::Zone()));
    REQUIRE(change.number == ++number);
    REQUIRE(alert.version == number);
    const auto before = last.find(alert.key);
    if (before != last.end()) {
      const bool over = before->second.state == core::AlertState::normal;
      if (alert.step != AlertStep::suppressed || !over)
        REQUIRE(alert.episode == before->second.episode + (over ? 1 : 0));
    }
    if (alert.step == AlertStep::suppressed) REQUIRE_FALSE(alert.reason.empty());
    if (alert.step == AlertStep::resolved || alert.step == AlertStep::rescinded)
      REQUIRE((before != last.end() && before->second.state != core::AlertState::normal));
    last[alert.key] = alert;
  }
  std::map<std::pair<std::string, std::string>, std::uint32_t> told;  // receiver, key -> episode
  std::set<std::string> ids;
  for (const core::Notice& notice : said.notices) {
    REQUIRE(ids.insert(notice.id).second);
    REQUIRE_FALSE(notice.alerts.empty());
    for (const core::Alert& alert : notice.alerts) {
      INFO(notice.receiver << " " << core::name(alert.step) << " " << alert.key);
      std::uint32_t& episode = told[{notice.receiver, alert.key}];
      if (alert.state == core::AlertState::normal && alert.record_id.empty()) REQUIRE(episode == alert.episode);
      REQUIRE((alert.state == core::AlertState::normal || alert.held_back.empty()));
      episode = alert.episode;
    }
  }
  // No false all-clear: whoever was told that something fires is told when it is over.
  for (const auto& [who, episode] : told) {
    const core::Alert& alert = last.at(who.second);
    if (alert.state != core::AlertState::normal || alert.episode != episode) continue;
    const auto heard_end = std::any_of(said.notices.begin(), said.notices.end(), [&, w = who](const core::Notice& n) {
      return n.receiver == w.first && std::any_of(n.alerts.begin(), n.alerts.end(), [&](const core::Alert& a) {
               return a.key == w.second && a.episode == alert.episode && a.state == core::AlertState::normal;
             });
    });
    INFO(who.first << " " << who.second);
    REQUIRE((heard_end || alert.ended > said.notices.back().at - kMinute));
  }
}

}  // namespace

TEST_CASE("alerts are a function of the journal, wherever the engine is restored") {
  const std::uint64_t seeds = std::getenv("RINGSIDE_LONG_TESTS") != nullptr ? 60 : 6;
  std::size_t changes = 0, notices = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    INFO("seed " << seed);
    Dice dice(seed);
    const core::TenantSettings settings = random_settings(dice);
    alert_script::Loop loop(settings, 100 + dice.below(900));
    const Said said = live(random_life(dice), loop, dice);
    changes += said.changes.size();
    notices += said.notices.size();
    is_sound(said);
    for (const int restored : {0, 20}) {
      INFO("restored " << restored << " of 1000 batches");
      std::uint64_t digest = 0;
      same(said, replay(loop.journal(), settings, restored, dice, digest));
      REQUIRE(digest == loop.engine().alerts_digest());
    }
  }
  CHECK(changes > 300 * seeds / 6);  // the lives are worth looking at
  CHECK(notices > 100 * seeds / 6);
}

// ---- other settings -----------------------------------------------------------------------------------------

namespace {

core::TenantSettings settings_of(const std::vector<std::string>& lines) {
  core::TenantSettings settings;
  settings.name = "changed";
  settings.kpis = streams::builtin_kpis();
  for (const std::string& line : lines) alert_script::add_setting(settings, line);
  return settings;
}

core::Event queued(const std::string& call, const std::string& queue, Time at) {
  core::Event e;
  e.type = core::EventType::call_queued;
  e.source = "acd";
  e.id = oracle::keep(call + "/queued");
  e.subject = oracle::keep(call);
  e.queue = oracle::keep(queue);
  e.at = e.time = at;
  e.authority = 5;
  return e;
}

std::vector<std::string> after_change(alert_script::Loop& loop, const core::TenantSettings& settings) {
  MapArchive archive;
  keep(loop.engine(), archive);
  auto engine = std::move(*Engine::create(settings));
  REQUIRE(static_cast<bool>(engine->restore(archive)));
  Said said{engine->take_alert_changes(), engine->take_notices()};
  std::vector<std::string> lines = alert_script::lines(said, core::Zone());
  engine->advance(engine->now() + 5 * kSecond);
  said = {engine->take_alert_changes(), engine->take_notices()};
  for (const std::string& line : alert_script::lines(said, core::Zone())) lines.push_back(line);
  return lines;
}

constexpr Time kTen = 20'000 * windows::kDay + 10 * windows::kHour;

}  // namespace

TEST_CASE("settings that change end what has no rule any more, and move what goes elsewhere") {
  const std::string rule = "rule long kpi=waiting scopes=queue/* above=1 severity=critical";
  alert_script::Loop loop(settings_of({rule, "watch acd within=30s", "route any to=pager"}));
  loop.leap(kTen);
  REQUIRE(static_cast<bool>(loop.give(queued("1", "sales", kTen))));
  loop.pass(kTen + 5 * kSecond);
  REQUIRE(loop.engine().active_alerts().size() == 1);
  using Lines = std::vector<std::string>;
  SECTION("nothing changed") {
    CHECK(after_change(loop, settings_of({rule, "watch acd within=30s", "route any to=pager"})).empty());
  }
  SECTION("the rule is gone") {
    CHECK(after_change(loop, settings_of({"watch acd within=30s", "route any to=pager"})) ==
          Lines{"10:00:05 rescinded rule/long/queue/sales", "10:00:10 -> pager rescinded rule/long/queue/sales"});
  }
  SECTION("the rule is about other queues") {
    CHECK(after_change(loop, settings_of({"rule long kpi=waiting scopes=queue/other above=1", "route any to=pager"})) ==
          Lines{"10:00:05 rescinded rule/long/queue/sales", "10:00:10 -> pager rescinded rule/long/queue/sales"});
  }
  SECTION("the limit is another: it is over at the next judgement") {
    CHECK(after_change(loop, settings_of({"rule long kpi=waiting scopes=queue/* above=2 severity=critical",
                                          "route any to=pager"})) ==
          Lines{"10:00:10 resolved rule/long/queue/sales", "10:00:10 -> pager resolved rule/long/queue/sales"});
  }
  SECTION("nobody is told twice because routes are in another order") {
    CHECK(after_change(loop, settings_of({rule, "route name=other to=boss", "route any to=pager"})).empty());
  }
}

TEST_CASE("policies that change move running clocks at the restart, and take back what is no breach any more") {
  const std::string route = "route any to=pager";
  const auto policy = [](const char* within) { return std::string("policy gold queue=help first_response=") + within; };
  core::Event created = queued("T", "help", kTen);
  created.type = core::EventType::ticket_created;
  created.by = "customer";
  using Lines = std::vector<std::string>;
  const std::string key = "sla/ticket/T/first_response/1";
  alert_script::Loop loop(settings_of({policy("10m"), route}));
  loop.leap(kTen);
  REQUIRE(static_cast<bool>(loop.give(created)));
  SECTION("breached, and then the policy is gone") {
    loop.pass(kTen + 11 * kMinute);
    CHECK(after_change(loop, settings_of({route})) ==
          Lines{"10:11:00 rescinded " + key, "10:11:05 -> pager rescinded " + key});
  }
  SECTION("breached, and then there is more time") {
    loop.pass(kTen + 11 * kMinute);
    CHECK(after_change(loop, settings_of({policy("1h"), route})) ==
          Lines{"10:11:00 rescinded " + key, "10:11:05 -> pager rescinded " + key});
  }
  SECTION("breached, and then there is less time: known already") {
    loop.pass(kTen + 11 * kMinute);
    CHECK(after_change(loop, settings_of({policy("5m"), route})).empty());
  }
  SECTION("not breached, and then there is less time: raised, late") {
    loop.pass(kTen + 9 * kMinute);
    CHECK(after_change(loop, settings_of({policy("5m"), route})) ==
          Lines{"10:09:00 fired " + key + " late 10:05:00", "10:09:05 -> pager fired " + key});
  }
  SECTION("what would have been a breach long ago is not told") {
    core::TenantSettings settings = settings_of({policy("5m"), route, "limits not_told_after=3m"});
    loop.pass(kTen + 9 * kMinute);
    CHECK(after_change(loop, settings) == Lines{"10:09:00 fired " + key + " late 10:05:00",
                                                "10:09:00 suppressed " + key + " (older than what is told)"});
  }
}

TEST_CASE("rules that make no sense are refused with the place") {
  const auto error = [](const std::string& line) {
    const auto made = Engine::create(settings_of({line}));
    return made ? std::string() : made.error().code + " " + made.error().where;
  };
  CHECK(error("rule a kpi=waiting scopes=queue/* above=3").empty());
  CHECK(error("rule a kpi=nothing scopes=queue/* above=3") == "unknown_kpi rules[0].kpi");
  CHECK(error("rule a kpi=state scopes=agent/* above=3") == "bad_rule rules[0].kpi");
  CHECK(error("rule a kpi=service_level scopes=queue/* above=3") == "unknown_window rules[0].kpi");
  CHECK(error("rule a kpi=waiting scopes=queue/* above=3 leave=4") == "bad_rule rules[0].leave");
  CHECK(error("rule a kpi=waiting above=3") == "bad_rule rules[0].scopes");
  CHECK(error("rule a kpi=waiting scopes=queue/* above=3 sample=nothing:3") == "bad_rule rules[0].sample_kpi");
}

TEST_CASE("the history is a ring, and says which numbers it has") {
  alert_script::Loop loop(settings_of({"limits kept=10", "rule long kpi=waiting scopes=queue/* above=1"}));
  loop.leap(kTen);
  for (int i = 0; i < 30; ++i)
    REQUIRE(static_cast<bool>(loop.give(queued(std::to_string(i), "q" + std::to_string(i), kTen))));
  loop.pass(kTen + 2 * kSecond);
  const auto all = loop.engine().alert_history({});
  REQUIRE(all.size() == 10);
  CHECK(all.front().number == 21);
  CHECK(loop.engine().last_alert_change() == 30);
  core::AlertFilter filter;
  filter.after = 25;
  filter.limit = 2;
  CHECK(loop.engine().alert_history(filter).front().number == 26);
  CHECK(loop.engine().alert_history(filter).size() == 2);
  filter = {};
  filter.scope = "queue/q2*";
  CHECK(loop.engine().alert_history(filter).size() == 10);
  filter.scope = "queue/q29";
  CHECK(loop.engine().alert_history(filter).size() == 1);
  filter = {};
  filter.key = "rule/other";
  CHECK(loop.engine().alert_history(filter).empty());
  const auto states = loop.engine().rule_states("queue/q7");
  REQUIRE(states.size() == 1);
  CHECK(states[0].state == core::AlertState::firing);
  CHECK(states[0].value == 1.0);
}
