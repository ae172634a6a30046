// ringside-simulator: runs seeds, each twice, and says what was reached.
//
//   ringside-simulator [--seeds N] [--from SEED] [--bug NAME]
//
// --bug only in a build with RINGSIDE_PLANTED_BUGS (windows/planted_bug.h).
// Exit 0: everything held, every path was reached; 1: something did not hold; 2: wrong usage; 3: a path was never
// reached (asked from 100 seeds on).
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "server/log.h"
#include "simulator.h"
#include "windows/planted_bug.h"

int main(int argc, char** argv) {
  std::uint64_t seeds = 200, from = 1;
  bool bug = false;
  for (int i = 1; i < argc; i += 2) {
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    if (std::strcmp(argv[i], "--seeds") == 0) {
      seeds = std::strtoull(value, nullptr, 10);
    } else if (std::strcmp(argv[i], "--from") == 0) {
      from = std::strtoull(value, nullptr, 10);
#ifdef RINGSIDE_PLANTED_BUGS
    } else if (std::strcmp(argv[i], "--bug") == 0) {
      windows::plant_bug(value);
      bug = true;
#endif
    } else {
      std::fprintf(stderr, "usage: ringside-simulator [--seeds N] [--from SEED]\n");
      return 2;
    }
  }
  server::set_log_level(server::LogLevel::error);
  auto reached = simulator::all_paths();
  std::uint64_t events = 0, steps = 0, crashes = 0;
  double hours = 0;
  for (std::uint64_t seed = from; seed < from + seeds; ++seed) {
    const simulator::Report report = simulator::run(seed);
    if (!report.failure.empty()) {
      std::printf("seed %llu, step %llu: %s\n", static_cast<unsigned long long>(seed),
                  static_cast<unsigned long long>(report.steps), report.failure.c_str());
      return 1;
    }
    if (!bug && simulator::run(seed).trace != report.trace) {
      std::printf("seed %llu: two runs, two traces\n", static_cast<unsigned long long>(seed));
      return 1;
    }
    events += report.events;
    steps += report.steps;
    hours += static_cast<double>(report.simulated_ms) / 3.6e6;
    for (const auto& [path, times] : report.reached) {
      reached[path] += times;
      if (path.starts_with("crash ") && !path.starts_with("crash with")) crashes += times;
    }
  }
  std::printf("seeds %llu to %llu, each twice: %llu steps, %llu crashes, %llu events acknowledged, "
              "%.0f simulated hours\n",
              static_cast<unsigned long long>(from), static_cast<unsigned long long>(from + seeds - 1),
              static_cast<unsigned long long>(steps), static_cast<unsigned long long>(crashes),
              static_cast<unsigned long long>(events), hours);
  int missing = 0;
  for (const auto& [path, times] : reached) {
    std::printf("  %-40s %llu\n", path.c_str(), static_cast<unsigned long long>(times));
    missing += times == 0;
  }
  if (missing > 0) std::printf("%d of these were never reached\n", missing);
  return missing > 0 && seeds >= 100 ? 3 : 0;
}
