// Agenda: what happens next. A discrete-event queue over simulated time: actions run in order of their instant,
// those of one instant in the order they were put down. No clock: now() moves only from action to action.
// One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "windows/check.h"
#include "windows/time.h"

namespace simulate {

using windows::Duration;
using windows::Time;

class Agenda {
 public:
  using Action = std::function<void()>;

  explicit Agenda(Time start) : now_(start) {}

  Time now() const { return now_; }

  void at(Time when, Action action) {
    CHECK(when >= now_, "an action in the past");
    entries_.push(Entry{when, ++last_, std::move(action)});
  }
  void after(Duration delay, Action action) { at(now_ + delay, std::move(action)); }

  void run(Time until) {
    while (!entries_.empty() && entries_.top().when <= until) {
      now_ = entries_.top().when;
      const Action action = std::move(entries_.top().action);
      entries_.pop();
      action();
    }
    if (now_ < until) now_ = until;
  }

 private:
  struct Entry {
    Time when;
    std::uint64_t order;
    mutable Action action;  // moved out just before its entry is popped

    bool operator<(const Entry& other) const {  // the largest is the earliest
      return when != other.when ? when > other.when : order > other.order;
    }
  };

  Time now_;
  std::uint64_t last_ = 0;
  std::priority_queue<Entry> entries_;
};

}  // namespace simulate
