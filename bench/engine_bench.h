// What the benchmarks of the engine share: the stream, the yardstick, one run through parser and engine.
// Method and results: bench/RESULTS.md. One thread.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/engine.h"

namespace bench {

// The value, or the end of the benchmark with the reason.
template <class T>
T must(core::Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "%s: %s\n", result.error().where.c_str(), result.error().message.c_str());
    std::exit(1);
  }
  return std::move(*result);
}

// CPU time of this thread: on a shared machine the only clock that measures us and not our neighbours.
double seconds();

// The eight KPIs of the comparison job: counts, a threshold, a sum and a maximum of waits, a percentile, talk.
std::vector<core::KpiSpec> job_kpis();
// The whole built-in catalogue.
std::vector<core::KpiSpec> all_kpis();

// One pass of simdjson On-Demand over every line, touching every field; answers a checksum.
std::uint64_t read_bare(std::string_view ndjson);

struct RunOptions {
  std::vector<core::KpiSpec> kpis;
  std::vector<core::Duration> windows;
  bool view_queues = true;   // queues are looked at, not only the tenant
  bool view_agents = false;  // agents are looked at too
  core::Duration tick = 5 * windows::kSecond;  // of data time between two takings of changes
};

struct RunResult {
  double seconds = 0;
  std::uint64_t events = 0;
  std::uint64_t refused = 0;
  std::uint64_t changes = 0;
  std::unique_ptr<core::Engine> engine;
};

// NDJSON bytes -> events -> records -> windows -> changes of a view, on the data's own clock.
RunResult run(std::string_view ndjson, const RunOptions& options);

std::unique_ptr<core::Engine> make_engine(const RunOptions& options);
// Opens the view that the run reports; every KPI of the options for every window.
int open_job_view(core::Engine& engine, const RunOptions& options);

std::size_t resident_bytes();
double median(std::vector<double> values);

}  // namespace bench
