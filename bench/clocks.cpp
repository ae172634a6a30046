// What SLA clocks cost: the same events with no policy, with a policy for tickets only, and with policies for both.
// Tickets: created and answered by a public reply; calls: queued, answered, ended. ns per event, and the memory a
// million tickets with three running clocks each take beside what they take without.
//
//   ringside-bench-clocks [TICKETS [none | tickets | both]]   a process each for the memory
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "core/engine.h"

namespace {

using core::EventType;
using core::Time;
using windows::kHour;

constexpr Time kBegin = 1'790'000'000'000;

std::size_t resident() {  // bytes
  std::FILE* f = std::fopen("/proc/self/statm", "r");
  unsigned long pages = 0, all = 0;
  if (f == nullptr || std::fscanf(f, "%lu %lu", &all, &pages) != 2) pages = 0;
  if (f != nullptr) std::fclose(f);
  return pages * 4096;
}

core::TenantSettings settings(bool tickets, bool calls) {
  core::TenantSettings s;
  s.name = "bench";
  for (const char* measure : {"sla_met", "sla_breached", "offered", "tickets_created"}) {
    core::KpiSpec& kpi = s.kpis.emplace_back();
    kpi.id = kpi.title = kpi.description = kpi.formula = measure;
    kpi.version = 1;
  }
  core::Schedule week;
  for (std::size_t day = 0; day < 5; ++day) week.week[day] = {{9 * kHour, 17 * kHour}};
  s.sla.calendars.push_back(*core::Calendar::create("office", {}, {week}));
  core::SlaPolicy policy;
  policy.id = "all";
  policy.warnings = {50, 75, 90};
  if (tickets) {
    policy.targets = {{core::ClockKind::first_response, "", 4 * kHour, 0},
                      {core::ClockKind::resolution, "", 40 * kHour, 0},
                      {core::ClockKind::requester_wait, "", 80 * kHour, -1}};
  }
  if (calls) policy.targets.push_back({core::ClockKind::answer, "", 30'000, -1});
  if (!policy.targets.empty()) s.sla.policies.push_back(policy);
  return s;
}

void run(const char* name, bool tickets, bool calls, std::size_t n) {
  const std::size_t before = resident();
  auto engine = std::move(*core::Engine::create(settings(tickets, calls)));
  engine->advance(kBegin);
  std::string id;
  const auto give = [&](EventType type, char kind, std::size_t i, Time at, const char* by = "") {
    core::Event e;
    id = kind + std::to_string(i);
    e.type = type;
    e.subject = e.id = id;
    e.source = "bench";
    e.time = e.at = at;
    e.queue = i % 2 == 0 ? "it" : "hr";
    e.agent = type == EventType::call_answered ? "anna" : "";
    e.by = by;
    if (!engine->apply(e)) std::abort();
  };
  using Clock = std::chrono::steady_clock;
  const auto timed = [&](std::size_t operations, auto work) {
    const auto begin = Clock::now();
    work();
    return std::chrono::duration<double, std::nano>(Clock::now() - begin).count() / static_cast<double>(operations);
  };
  const double create = timed(n, [&] {
    for (std::size_t i = 0; i < n; ++i) give(EventType::ticket_created, 't', i, kBegin - static_cast<Time>(i % 60'000));
  });
  const std::size_t after = resident();
  const double reply = timed(n, [&] {
    for (std::size_t i = 0; i < n; ++i) give(EventType::ticket_reply, 't', i, kBegin, "agent");
  });
  const std::size_t some = n / 4;
  const double call = timed(3 * some, [&] {
    for (std::size_t i = 0; i < some; ++i) {
      give(EventType::call_queued, 'c', i, kBegin - 9'000);
      give(EventType::call_answered, 'c', i, kBegin - 4'000);
      give(EventType::call_ended, 'c', i, kBegin);
    }
  });
  const double deadlines = timed(5, [&] {
    for (int i = 0; i < 5; ++i) engine->deadlines("queue/it", 50, 25);
  });
  std::printf("%-16s create %6.0f   reply %6.0f   call %6.0f ns an event   %5zu bytes a ticket   deadlines %5.1f ms\n",
              name, create, reply, call, (after - before) / n, deadlines / 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t n = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  const char* only = argc > 2 ? argv[2] : "";  // memory is told well only for the first of a process
  if (*only == '\0' || std::strcmp(only, "none") == 0) run("no policy", false, false, n);
  if (*only == '\0' || std::strcmp(only, "tickets") == 0) run("tickets", true, false, n);
  if (*only == '\0' || std::strcmp(only, "both") == 0) run("tickets, calls", true, true, n);
  return 0;
}
