// What alerts cost: judging rules at many scopes once a second, quiet and busy, and memory of an alert.
//
//   ringside-bench-alerts [AGENTS=10000] [RULES=10]
//
// Agents take a call each now and then; the rules are about live and windowed KPIs of every agent. A second is one
// advance that judges; the yardstick is the same advance without rules. CPU time of one thread.
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "engine_bench.h"

namespace {

using core::Event;
using core::EventType;
using core::Time;
using windows::kSecond;

constexpr Time kBegin = 20'000 * windows::kDay + 10 * windows::kHour;

core::TenantSettings settings(int rules) {
  core::TenantSettings made;
  made.name = "bench";
  made.kpis = bench::all_kpis();
  const char* kpis[] = {"handled", "average_handle_time", "occupancy", "average_talk_time", "transfer_rate"};
  const char* windows[] = {"5m", "30m", "15m", "60m", "1m"};
  for (int i = 0; i < rules; ++i) {
    core::AlertRule rule;
    rule.id = "rule" + std::to_string(i);
    rule.kpi = kpis[i % 5];
    rule.window = windows[i / 5 % 5];
    rule.scopes = {"agent/*"};
    rule.enter = rule.leave = 1e9;
    made.alerts.rules.push_back(rule);
  }
  return made;
}

class Tenant {
 public:
  Tenant(const core::TenantSettings& s, int agents) : engine_(bench::must(core::Engine::create(s))), agents_(agents) {
    engine_->advance(kBegin);
    for (int i = 0; i < agents; ++i) call(i);
  }

  // One call of an agent, over at once.
  void call(int agent) {
    const std::string id = "c" + std::to_string(++calls_), name = "agent" + std::to_string(agent);
    const Time now = engine_->now();
    give(EventType::call_queued, id, "", now - 20 * kSecond);
    give(EventType::call_answered, id, name, now - 10 * kSecond);
    give(EventType::call_ended, id, name, now);
  }

  // Milliseconds of a second in which `busy` agents took a call.
  double second(int busy) {
    for (int i = 0; i < busy; ++i) call(next_++ % agents_);
    const double before = bench::seconds();
    engine_->advance(engine_->now() + kSecond);
    return (bench::seconds() - before) * 1000;
  }
  core::Engine& engine() { return *engine_; }

 private:
  void give(EventType type, const std::string& call, const std::string& agent, Time at) {
    const std::string id = std::to_string(++events_);
    Event e;
    e.type = type;
    e.source = "bench";
    e.id = id;
    e.subject = call;
    e.queue = type == EventType::call_queued ? "queue" : "";
    e.agent = agent;
    e.at = e.time = at;
    bench::must(engine_->apply(e));
  }

  std::unique_ptr<core::Engine> engine_;
  int agents_, calls_ = 0, events_ = 0, next_ = 0;
};

double median(Tenant& tenant, int busy) {
  std::vector<double> times;
  for (int i = 0; i < 21; ++i) times.push_back(tenant.second(busy));
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

void judging(int agents, int rules) {
  Tenant without(settings(0), agents), with(settings(rules), agents);
  for (const int busy : {0, agents / 100, agents / 10}) {
    const double bare = median(without, busy), judged = median(with, busy);
    std::printf("%d agents, %d rules, %d calls a second: a second costs %.2f ms, %.2f ms without rules\n", agents,
                rules, busy, judged, bare);
  }
}

void memory(int agents) {
  core::TenantSettings firing = settings(1);
  firing.alerts.rules[0].enter = firing.alerts.rules[0].leave = 0;
  firing.alerts.most_active = 1'000'000;
  firing.alerts.routes = {core::AlertRoute{{}, {"pager"}, {}}};
  Tenant tenant(firing, agents);
  const std::size_t held = tenant.engine().bytes();
  const double before = bench::seconds();
  tenant.engine().advance(tenant.engine().now() + kSecond);
  const double took = bench::seconds() - before;
  const std::size_t active = tenant.engine().active_alerts().size();
  std::printf("%zu alerts fired in one second: %.2f us and %.0f bytes each, history included\n", active,
              took * 1e6 / static_cast<double>(active),
              static_cast<double>(tenant.engine().bytes() - held) / static_cast<double>(active));
}

}  // namespace

int main(int argc, char** argv) {
  const int agents = argc > 1 ? std::atoi(argv[1]) : 10'000, rules = argc > 2 ? std::atoi(argv[2]) : 10;
  if (agents < 1 || rules < 1) {
    std::fprintf(stderr, "usage: ringside-bench-alerts [AGENTS] [RULES]\n");
    return 2;
  }
  judging(agents, rules);
  memory(agents);
  return 0;
}
