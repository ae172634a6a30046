// ringside-bench-engine: throughput, windows, keys and memory, as ratios within one run. See bench/RESULTS.md.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "bench/engine_bench.h"
#include "tools/generate/stream.h"

namespace {

using bench::RunOptions;

constexpr windows::Duration kOne[] = {30 * windows::kMinute};
const std::vector<windows::Duration> kFive = {windows::kMinute, 5 * windows::kMinute, 15 * windows::kMinute,
                                              30 * windows::kMinute, windows::kHour};

std::string stream(std::uint64_t calls, std::uint32_t agents, double zipf) {
  generate::GenerateOptions options;
  options.calls = calls;
  options.agents = agents;
  options.zipf = zipf;
  std::string text = generate::generate_stream(options);
  text.reserve(text.size() + 64);  // simdjson reads past the end
  return text;
}

struct Measured {
  double ns = 0;     // per event, median
  double bare = 0;   // the yardstick beside it
  double changes = 0;
};

Measured measure(const char* name, const std::string& text, const RunOptions& options, int rounds) {
  std::vector<double> ratios, ns, bare;
  Measured out;
  for (int i = 0; i < rounds; ++i) {
    double begin = bench::seconds();
    volatile std::uint64_t sink = bench::read_bare(text);
    (void)sink;
    const double yardstick = bench::seconds() - begin;
    const auto result = bench::run(text, options);
    const auto events = static_cast<double>(result.events);
    ns.push_back(result.seconds / events * 1e9);
    bare.push_back(yardstick / events * 1e9);
    ratios.push_back(yardstick / result.seconds);
    out.changes = static_cast<double>(result.changes) / events;
    if (i == 0) {
      const auto counts = result.engine->counts();
      std::printf("  %-44s %llu events, %llu unchanged, %llu refused, %llu records, %llu scopes, %.0f B a scope\n",
                  name, static_cast<unsigned long long>(result.events),
                  static_cast<unsigned long long>(counts.unchanged), static_cast<unsigned long long>(result.refused),
                  static_cast<unsigned long long>(counts.records), static_cast<unsigned long long>(counts.scopes),
                  static_cast<double>(result.engine->bytes()) / static_cast<double>(counts.scopes));
    }
  }
  out.ns = bench::median(ns);
  out.bare = bench::median(bare);
  std::printf("  %-44s %7.1f ns/event  %6.2f M/s  %5.1f %% of bare simdjson (%.1f ns), %.2f changes/event\n", name,
              out.ns, 1e3 / out.ns, bench::median(ratios) * 100, out.bare, out.changes);
  std::fflush(stdout);
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t calls = 1'000'000;
  int rounds = 3;
  bool quick = false, views = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--calls") == 0 && i + 1 < argc) calls = std::strtoull(argv[++i], nullptr, 10);
    if (std::strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) rounds = std::atoi(argv[++i]);
    if (std::strcmp(argv[i], "--quick") == 0) quick = true;
    if (std::strcmp(argv[i], "--views") == 0) views = true;
  }
  const std::string zipf = stream(calls, 20'000, 0.9);
  std::printf("stream: %.0f MB, %.0f bytes a line\n", static_cast<double>(zipf.size()) / 1e6,
              static_cast<double>(zipf.size()) / (3.06 * static_cast<double>(calls)));
  RunOptions job{bench::job_kpis(), kFive};
  const Measured five = measure("20 k agents, Zipf 0.9, 5 windows + today", zipf, job, rounds);
  if (quick) return 0;
  RunOptions one = job;
  one.windows.assign(std::begin(kOne), std::end(kOne));
  const Measured single = measure("the same, 1 window + today", zipf, one, rounds);
  std::printf("  1 -> 5 windows: %+.1f %%\n", (five.ns / single.ns - 1) * 100);

  const std::string flat20 = stream(calls, 20'000, 0);
  const Measured k20 = measure("20 k agents, uniform", flat20, job, rounds);
  const std::string flat100 = stream(calls, 100'000, 0);
  const Measured k100 = measure("100 k agents, uniform", flat100, job, rounds);
  std::printf("  20 k -> 100 k agents: %+.1f %%\n", (k100.ns / k20.ns - 1) * 100);

  if (!views) return 0;
  RunOptions agents = job;
  agents.view_agents = true;
  measure("the same, 5 windows, every agent looked at", zipf, agents, rounds);
  RunOptions all{bench::all_kpis(), kFive};
  all.view_queues = false;  // 141 KPIs of 200 queues for six windows is nothing anybody looks at
  measure("the same, whole built-in catalogue, tenant looked at", zipf, all, rounds);
  return 0;
}
