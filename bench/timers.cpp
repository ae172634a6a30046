// The timer wheel at a million timers against the priority queue everybody would write first, in the same run: arming,
// arming anew (an event moved the deadline), cancelling, firing as time passes in steps of 10 ms. ns per operation.
//
//   ringside-bench-timers [TIMERS]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <queue>
#include <random>
#include <vector>

#include "windows/wheel.h"

namespace {

using windows::Time;

// A heap from which nothing can be taken out: what was cancelled or moved stays in it until it comes to the top.
class Queue {
 public:
  explicit Queue(std::size_t subjects) : at_(subjects, windows::kNever) {}
  void arm(std::uint32_t subject, Time at) {
    at_[subject] = at;
    if (at != windows::kNever) heap_.push({at, subject});
  }
  void take_due(Time now, std::vector<windows::Wheel::Due>& out) {
    while (!heap_.empty() && heap_.top().first <= now) {
      const auto [at, subject] = heap_.top();
      heap_.pop();
      if (at_[subject] != at) continue;
      at_[subject] = windows::kNever;
      out.push_back({at, subject});
    }
  }

 private:
  using Entry = std::pair<Time, std::uint32_t>;
  std::vector<Time> at_;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> heap_;
};

struct Figures {
  double arm, rearm, cancel, fire;
  std::size_t fired;
};

template <class Timers>
Figures measure(Timers& timers, std::size_t n) {
  using Clock = std::chrono::steady_clock;
  constexpr Time kBegin = 1'790'000'000'000;
  std::mt19937_64 dice(1);
  std::vector<std::uint32_t> order(n);
  for (std::size_t i = 0; i < n; ++i) order[i] = static_cast<std::uint32_t>(i);
  std::shuffle(order.begin(), order.end(), dice);
  std::vector<Time> instants(2 * n);  // within eight hours, as targets are
  for (Time& t : instants) t = kBegin + 1 + static_cast<Time>(dice() % (8 * windows::kHour));
  std::vector<windows::Wheel::Due> due;
  timers.take_due(kBegin, due);
  const auto timed = [&](std::size_t operations, auto work) {
    const auto begin = Clock::now();
    work();
    return std::chrono::duration<double, std::nano>(Clock::now() - begin).count() / static_cast<double>(operations);
  };
  Figures f{};
  f.arm = timed(n, [&] {
    for (std::size_t i = 0; i < n; ++i) timers.arm(order[i], instants[i]);
  });
  f.rearm = timed(n, [&] {
    for (std::size_t i = 0; i < n; ++i) timers.arm(order[n - 1 - i], instants[n + i]);
  });
  f.cancel = timed(n / 2, [&] {
    for (std::size_t i = 0; i < n / 2; ++i) timers.arm(order[i], windows::kNever);
  });
  f.fire = timed(n - n / 2, [&] {
    for (Time now = kBegin; now <= kBegin + 8 * windows::kHour; now += 10) {
      due.clear();
      timers.take_due(now, due);
      f.fired += due.size();
    }
  });
  return f;
}

void show(const char* name, const Figures& f) {
  std::printf("%-16s arm %6.1f   arm anew %6.1f   cancel %6.1f   fire %6.1f ns   (%zu fired)\n", name, f.arm, f.rearm,
              f.cancel, f.fire, f.fired);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t n = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  for (int round = 0; round < 3; ++round) {
    windows::Wheel wheel;
    const Figures a = measure(wheel, n);
    Queue queue(n);
    const Figures b = measure(queue, n);
    show("wheel", a);
    show("priority queue", b);
    if (a.fired != b.fired) return 1;
  }
  return 0;
}
