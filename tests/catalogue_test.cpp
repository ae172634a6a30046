// The catalogue: every built-in KPI compiles, mistakes are named, null stays null, and the service levels of the
// ICMI check vector come out of events.
#include "core/catalogue.h"

#include <array>
#include <cmath>

#include "streams.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace {

using core::Attribution;
using core::Catalogue;
using core::Engine;
using core::Event;
using core::EventType;
using core::KpiSpec;
using windows::kMinute;
using windows::kSecond;
using windows::Time;

KpiSpec kpi(std::string id, std::string formula, core::Unit unit = core::Unit::count) {
  KpiSpec spec;
  spec.id = std::move(id);
  spec.formula = std::move(formula);
  spec.unit = unit;
  return spec;
}

const std::vector<windows::Duration> kWindows{kMinute, 5 * kMinute};

std::string error_of(std::vector<KpiSpec> specs) {
  const auto catalogue = Catalogue::compile(specs, kWindows);
  return catalogue ? "" : catalogue.error().code + " " + catalogue.error().where;
}

}  // namespace

TEST_CASE("the built-in catalogue compiles and says everything a KPI must say") {
  const auto specs = streams::builtin_kpis();
  CHECK(specs.size() > 100);
  const auto catalogue = Catalogue::compile(specs, kWindows);
  if (!catalogue) FAIL(catalogue.error().message);
  CHECK(catalogue->kpis().size() == specs.size());  // no id twice
  for (const KpiSpec& spec : specs) {
    INFO(spec.id);
    CHECK(!spec.title.empty());
    CHECK(!spec.description.empty());
    CHECK(spec.version >= 1);
    CHECK(catalogue->find(spec.id) >= 0);
  }
}

TEST_CASE("what is live and what takes a window") {
  const auto catalogue = Catalogue::compile({kpi("a", "now(waiting)"), kpi("b", "oldest(waiting)"),
                                             kpi("c", "now(waiting) / offered"), kpi("d", "a + 1")},
                                            kWindows);
  REQUIRE(static_cast<bool>(catalogue));
  const auto live = [&](const char* id) {
    return catalogue->kpis()[static_cast<std::size_t>(catalogue->find(id))].live;
  };
  CHECK(live("a"));
  CHECK(live("b"));
  CHECK(!live("c"));
  CHECK(live("d"));
  CHECK(catalogue->window("1m") == 0);
  CHECK(catalogue->window("5m") == 1);
  CHECK(catalogue->window("today") == 2);
  CHECK(catalogue->window("15m") == -1);
}

TEST_CASE("mistakes in a catalogue are named with their KPI and column") {
  CHECK(error_of({kpi("a", "1")}).empty());
  CHECK(error_of({kpi("A", "1")}) == "bad_kpi A");
  CHECK(error_of({kpi("", "1")}) == "bad_kpi ");
  CHECK(error_of({kpi("a", "1 +")}) == "bad_formula a:4");
  CHECK(error_of({kpi("a", "1 + nobody")}) == "unknown_name a:5");
  CHECK(error_of({kpi("a", "b"), kpi("b", "a")}).rfind("kpi_cycle", 0) == 0);
  CHECK(error_of({kpi("a", "a + 1")}).rfind("kpi_cycle", 0) == 0);
  CHECK(error_of({kpi("wait", "calls")}) == "bad_kpi wait");  // the name of a measure means that measure
  CHECK(error_of({kpi("wait", "wait")}).empty());
  CHECK(error_of({kpi("a", "1 +"), kpi("a", "2")}).empty());  // a later one with the same id replaces
  std::string deep = "1";
  for (int i = 0; i < 100; ++i) deep = "1 + (" + deep + ")";
  CHECK(error_of({kpi("a", deep)}).rfind("bad_formula", 0) == 0);
}

TEST_CASE("no data is null, and null stays null") {
  core::TenantSettings settings;
  settings.windows = kWindows;
  settings.kpis = {kpi("zero", "offered"), kpi("division", "1 / offered"), kpi("sum_of_null", "1 + 1 / offered"),
                   kpi("times_null", "offered * (1 / offered)"), kpi("null_below", "1 / (1 / offered)"),
                   kpi("negated", "-(1 / offered)"), kpi("mean_of_nothing", "mean(wait)"),
                   kpi("highest", "maximum(wait)"),
                   kpi("middle", "percentile(wait, 50)"), kpi("total", "sum(wait)"), kpi("since", "oldest(waiting)"),
                   kpi("when", "peak_at(waiting)"), kpi("level", "average(waiting)"), kpi("minus_zero", "-offered")};
  auto created = Engine::create(settings);
  REQUIRE(static_cast<bool>(created));
  Engine& engine = **created;
  engine.advance(1'790'000'000'000);
  const auto value = [&](const char* column) { return *engine.current("tenant", column); };
  for (const char* none : {"division@1m", "sum_of_null@1m", "times_null@1m", "null_below@1m", "negated@1m",
                           "mean_of_nothing@1m", "highest@1m", "middle@today", "since", "when@5m"}) {
    INFO(none);
    CHECK(value(none).kind == core::Value::Kind::none);
  }
  for (const char* zero : {"zero@1m", "total@5m", "level@today", "minus_zero@1m"}) {
    INFO(zero);
    CHECK(value(zero) == core::Value::of(0.0));
    CHECK(!std::signbit(value(zero).number));
  }
}

TEST_CASE("rounding is half away from zero and knows no minus zero") {
  CHECK(core::rounded(0.25, 1) == 0.3);
  CHECK(core::rounded(-0.25, 1) == -0.3);
  CHECK(core::rounded(82.6949, 2) == 82.69);
  CHECK(!std::signbit(core::rounded(-0.001, 2)));
}

TEST_CASE("ICMI: the five service levels of one thousand answered and sixty abandoned") {
  core::TenantSettings settings;
  settings.kpis = streams::builtin_kpis();
  settings.policy.queues = {20 * kSecond, 5 * kSecond};
  auto created = Engine::create(settings);
  REQUIRE(static_cast<bool>(created));
  Engine& engine = **created;
  const Time noon = 1'790'000'000'000;
  engine.advance(noon);
  int id = 0;
  const auto calls = [&](int count, windows::Duration wait, EventType out) {
    for (int i = 0; i < count; ++i) {
      const std::string call = "c" + std::to_string(++id);
      Event e;
      e.subject = e.id = call;
      e.source = "test";
      e.type = EventType::call_queued;
      e.queue = "sales";
      e.at = e.time = noon - kMinute - wait;
      REQUIRE(*engine.apply(e) == core::Outcome::applied);
      e.type = out;
      e.queue = {};
      e.at = e.time = noon - kMinute;
      REQUIRE(*engine.apply(e) == core::Outcome::applied);
    }
  };
  calls(860, 20 * kSecond, EventType::call_answered);
  calls(140, 21 * kSecond, EventType::call_answered);
  calls(10, 5 * kSecond, EventType::call_abandoned);
  calls(10, 20 * kSecond, EventType::call_abandoned);
  calls(40, 60 * kSecond, EventType::call_abandoned);
  const std::pair<const char*, double> expected[] = {{"sl1", 83.02}, {"sl2", 86.00}, {"sl3", 81.13}, {"sl4", 82.69},
                                                     {"sl5", 82.08}, {"service_level", 82.69}};
  for (const auto& [sl, percent] : expected) {
    for (const char* window : {"@5m", "@60m", "@today"}) {
      INFO(sl << window);
      CHECK(core::rounded(engine.current("queue/sales", std::string(sl) + window)->number, 2) == percent);
    }
  }
  CHECK(engine.current("tenant", "answered@5m")->number == 1000);
  CHECK(engine.current("tenant", "abandoned@5m")->number == 60);
}
