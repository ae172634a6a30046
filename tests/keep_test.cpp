// What an engine hands out and takes back: the cases that random streams do not reach (property_test.cpp has those).
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <random>

#include "core/engine.h"
#include "core/interval_row.h"
#include "map_archive.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace {

using core::Engine;
using core::Event;
using core::Keep;
using core::Time;
using windows::kDay;
using windows::kHour;
using windows::kMinute;
using windows::kSecond;

constexpr Time kBegin = 20'000 * kDay;

core::KpiSpec kpi(const char* id, const char* formula) {
  core::KpiSpec spec;
  spec.id = id;
  spec.formula = formula;
  return spec;
}

core::TenantSettings settings() {
  core::TenantSettings s;
  s.name = "kept";
  s.kpis = {kpi("handled_calls", "handled"),          kpi("mean_wait", "mean(wait)"),
            kpi("p95_wait", "percentile(wait, 95)"),  kpi("longest_wait", "maximum(wait)"),
            kpi("in_queue", "average(waiting)"),      kpi("most_waiting", "peak(waiting)"),
            kpi("level", "within(wait, target) / wait"), kpi("busy", "time(agents_on_contact)")};
  for (core::KpiSpec& spec : s.kpis) spec.attribution = core::Attribution::event;
  s.kept_in_memory = kDay;
  return s;
}

// An engine and its archive; time passes in hours, and every hour is kept.
class Tenant {
 public:
  explicit Tenant(core::TenantSettings s = settings()) : settings_(std::move(s)) {
    const auto restored = restart();
    REQUIRE(restored);
  }

  core::Status restart() {
    engine = std::move(*Engine::create(settings_));
    const auto restored = engine->restore(archive);
    engine->attach(&archive);
    return restored;
  }
  core::Status restart_as(core::TenantSettings s) {
    settings_ = std::move(s);
    return restart();
  }

  core::Result<core::Outcome> give(core::EventType type, const std::string& call, Time at, const char* queue = "",
                                   const char* agent = "", std::uint8_t authority = 5) {
    const std::string id = std::to_string(++count_);
    Event e;
    e.type = type;
    e.at = e.time = at;
    e.source = "acd";
    e.id = id;
    e.authority = authority;
    e.subject = call;
    e.queue = queue;
    e.agent = agent;
    return engine->apply(e);
  }

  void call(const std::string& id, Time at, const char* queue, const char* agent) {
    using T = core::EventType;
    for (const auto& [type, when] : {std::pair{T::call_queued, at}, {T::call_answered, at + 9 * kSecond},
                                     {T::call_ended, at + 99 * kSecond}}) {
      engine->advance(std::max(engine->now(), when));
      REQUIRE(give(type, id, when, type == T::call_queued ? queue : "", type == T::call_queued ? "" : agent));
    }
  }

  void keep() {
    const auto generation = ++generation_;
    REQUIRE(engine->begin_keep(generation));
    while (!engine->keep_some(100, [&](core::Kept&& row) { archive.write(generation, std::move(row)); })) {
    }
    archive.complete(generation);
    engine->kept(generation);
  }

  std::unique_ptr<Engine> engine;
  MapArchive archive;

 private:
  core::TenantSettings settings_;
  std::uint64_t generation_ = 0;
  int count_ = 0;
};

}  // namespace

TEST_CASE("memory holds what is recent, history everything") {
  Tenant tenant;
  core::TenantSettings all = settings();
  all.kept_in_memory = 1'000 * kDay;
  Tenant plain(all);
  std::size_t most = 0, early = 0;
  for (int hour = 0; hour < 24 * 40; ++hour) {
    for (Tenant* t : {&tenant, &plain}) {
      for (int i = 0; i < 10; ++i) {
        const Time at = kBegin + hour * kHour + i * 5 * kMinute;
        t->call(std::to_string(hour * 10 + i), at, i % 2 == 0 ? "help" : "sales", "ann");
      }
    }
    tenant.keep();
    if (hour == 24 * 10) early = tenant.engine->bytes();
    most = std::max<std::size_t>(most, tenant.engine->counts().records);
  }
  CHECK(plain.engine->counts().records == 24 * 40 * 10);
  CHECK(most < 24 * 10 * 3);
  CHECK(tenant.engine->bytes() < early * 3 / 2);
  CHECK(tenant.engine->digest() == plain.engine->digest());
  for (const core::Step step : {core::Step::interval, core::Step::hour, core::Step::day, core::Step::all}) {
    std::vector<std::string> ids;
    for (const auto& k : plain.engine->catalogue().kpis()) ids.push_back(k.spec.id);
    for (const char* scope : {"tenant", "queue/sales", "agent/ann"}) {
      const Time to = kBegin + 40 * kDay;
      const auto a = tenant.engine->history(scope, ids, kBegin, to, step);
      const auto b = plain.engine->history(scope, ids, kBegin, to, step);
      REQUIRE(a);
      REQUIRE(b);
      REQUIRE(a->size() == b->size());
      for (std::size_t i = 0; i < a->size(); ++i) REQUIRE((*a)[i].values == (*b)[i].values);
    }
  }
}

TEST_CASE("what is older than the retention is erased, and refused") {
  core::TenantSettings s = settings();
  s.retention = 10 * kDay;
  Tenant tenant(s);
  for (int hour = 0; hour < 24 * 30; ++hour) {
    tenant.call(std::to_string(hour), kBegin + hour * kHour, "sales", "ann");
    tenant.keep();
  }
  for (const Keep table : {Keep::record, Keep::agent_record, Keep::interval, Keep::activity}) {
    INFO(static_cast<int>(table));
    const std::size_t per_day = table == Keep::record ? 24 : table == Keep::agent_record ? 3 * 24
                                : table == Keep::activity ? 1 : 4 * 24;
    CHECK(tenant.archive.at(table).size() < per_day * 13);
    CHECK(tenant.archive.at(table).size() > per_day * 7);
  }
  const auto old = tenant.give(core::EventType::call_queued, "1", tenant.engine->now() - 11 * kDay, "sales");
  REQUIRE(!old);
  CHECK(old.error().code == "too_old");
  CHECK(tenant.engine->counts().too_old == 1);
  const auto rows = tenant.engine->history("tenant", {"handled_calls"}, kBegin, kBegin + 31 * kDay, core::Step::day);
  REQUIRE(rows);
  CHECK((*rows)[1].values[0].number == 0);
  CHECK((*rows)[25].values[0].number == 24);
  REQUIRE(tenant.restart());
}

TEST_CASE("sums of old intervals are refused when they were made for other targets or other KPIs") {
  Tenant tenant;
  tenant.call("1", kBegin, "sales", "ann");
  tenant.keep();
  core::TenantSettings stricter = settings();
  stricter.policy.queues.answer_target = 5 * kSecond;
  SECTION("nothing has left memory: all is told anew") {
    REQUIRE(tenant.restart_as(stricter));
    CHECK(tenant.engine->current("tenant", "level@today")->number == 0);
  }
  tenant.engine->advance(kBegin + 5 * kDay);
  tenant.keep();
  tenant.keep();
  SECTION("other targets") {
    const auto restored = tenant.restart_as(stricter);
    REQUIRE(!restored);
    CHECK(restored.error().code == "other_settings");
  }
  SECTION("another cell") {
    core::TenantSettings more = settings();
    more.kpis.push_back(kpi("talked", "sum(talk)"));
    const auto restored = tenant.restart_as(more);
    REQUIRE(!restored);
    CHECK(restored.error().code == "other_settings");
    CHECK(restored.error().message.find("talk") != std::string::npos);
  }
  SECTION("fewer, and new ones of the same cells") {
    core::TenantSettings other = settings();
    other.kpis = {kpi("a_new_name", "handled"), kpi("twice", "2 * handled"), kpi("mean_wait", "mean(wait)")};
    for (core::KpiSpec& spec : other.kpis) spec.attribution = core::Attribution::event;
    REQUIRE(tenant.restart_as(other));
    const auto rows = tenant.engine->history("tenant", {"twice", "mean_wait"}, kBegin, kBegin + kDay, core::Step::all);
    REQUIRE(rows);
    CHECK((*rows)[0].values[0].number == 2);
    CHECK((*rows)[0].values[1].number == 9'000);
  }
}

TEST_CASE("rows that make no sense are refused by name, and so are rows of another format") {
  Tenant tenant;
  tenant.call("1", kBegin, "sales", "ann");
  tenant.keep();
  const MapArchive sound = tenant.archive;
  for (const Keep table : {Keep::name, Keep::record, Keep::activity, Keep::meta}) {
    tenant.archive = sound;
    const MapArchive::Table rows = tenant.archive.at(table);
    for (const auto& [key, value] : rows) {
      INFO(static_cast<int>(table) << " " << key);
      tenant.archive = sound;
      tenant.archive.at(table)[key][0] = 9;
      auto restored = tenant.restart();
      REQUIRE(!restored);
      CHECK(restored.error().code == "unknown_format");
      CHECK(restored.error().message.find("format 9") != std::string::npos);
      tenant.archive.at(table)[key] = value.substr(0, value.size() - 1);
      restored = tenant.restart();
      REQUIRE(!restored);
      CHECK(restored.error().code == "damaged");
    }
  }
  tenant.archive = sound;
  tenant.archive.at(Keep::meta).clear();
  const auto restored = tenant.restart();
  REQUIRE(!restored);
  CHECK(restored.error().code == "damaged");
  // Whatever the bytes are, they are an error or an engine.
  std::mt19937 dice(7);
  for (int i = 0; i < 2'000; ++i) {
    tenant.archive = sound;
    const Keep table = static_cast<Keep>(dice() % 4 == 0 ? 2 : dice() % 2);
    auto row = tenant.archive.at(table).begin();
    std::advance(row, static_cast<std::ptrdiff_t>(dice() % tenant.archive.at(table).size()));
    row->second[dice() % row->second.size()] = static_cast<char>(dice());
    (void)tenant.restart();
  }
}

TEST_CASE("rows that do not say who told are read as they were meant: by authority") {
  Tenant tenant;
  using T = core::EventType;
  for (const std::uint8_t authority : {std::uint8_t{5}, std::uint8_t{4}}) {
    const Time at = kBegin + (authority == 4 ? 700 : 0);
    REQUIRE(tenant.give(T::call_queued, "1", at, "sales", "", authority));
    REQUIRE(tenant.give(T::call_answered, "1", at, "sales", "ann", authority));
    REQUIRE(tenant.give(T::call_ended, "1", at, "sales", "ann", authority));
  }
  tenant.engine->advance(kBegin + kMinute);
  CHECK(tenant.engine->current("tenant", "handled_calls@today")->number == 1);
  tenant.keep();
  REQUIRE(tenant.archive.at(Keep::record).size() == 1);
  std::string& row = tenant.archive.at(Keep::record).begin()->second;
  for (std::size_t i = 1; i <= 6; ++i) {
    const std::uint16_t none = 1;
    std::memcpy(row.data() + row.size() - i * sizeof(core::Observation) + offsetof(core::Observation, origin), &none,
                sizeof none);
  }
  REQUIRE(tenant.restart());
  tenant.engine->advance(kBegin + kMinute);
  CHECK(tenant.engine->current("tenant", "handled_calls@today")->number == 1);
}

TEST_CASE("rows of intervals add up in any order, and to nothing") {
  std::mt19937 dice(11);
  const auto random = [&] {
    windows::Gathered g;
    for (auto n = dice() % 5; n > 0; --n) {
      const auto number = static_cast<std::int64_t>(dice() % 7) - 3;
      const auto cell = static_cast<std::uint16_t>(dice() % 4);
      g.add(windows::Gathered::Column{cell, number});
      g.add(windows::Gathered::Bucket{cell, static_cast<std::uint16_t>(dice() % 3), -number});
      const auto offset = static_cast<std::uint32_t>(dice() % 3);
      g.add(windows::Gathered::Item{cell, offset, static_cast<std::int64_t>(dice() % 3) - 1, number});
    }
    return g.empty() ? std::string() : core::interval_row(g);
  };
  for (int i = 0; i < 20'000; ++i) {
    const std::string a = random(), b = random(), c = random();
    REQUIRE(core::merge_interval(a, b) == core::merge_interval(b, a));
    REQUIRE(core::merge_interval(a, core::merge_interval(b, c)) == core::merge_interval(core::merge_interval(a, b), c));
    windows::Gathered g, negative;
    REQUIRE((a.empty() || core::read_interval(a, {}, g)));
    for (auto& x : g.columns) negative.add(windows::Gathered::Column{x.column, -x.value});
    for (auto& x : g.buckets) negative.add(windows::Gathered::Bucket{x.cell, x.bucket, -x.count});
    for (auto& x : g.items) negative.add(windows::Gathered::Item{x.cell, x.offset, x.value, -x.count});
    if (!a.empty()) REQUIRE(core::merge_interval(a, core::interval_row(negative)).empty());
  }
}
