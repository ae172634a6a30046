// The process's clocks. Called only at the edges: the shard's loop and the I/O thread; everything below is
// given the time. Any thread.
#pragma once

#include <chrono>

#include "windows/time.h"

namespace server {

inline windows::Time wall_now() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

// Never set back: for rates, deadlines and latencies.
inline std::int64_t steady_us() {
  using namespace std::chrono;
  return duration_cast<microseconds>(steady_clock::now().time_since_epoch()).count();
}
inline windows::Time steady_now() { return steady_us() / 1'000; }

}  // namespace server
