// HookQueue: what waits for one target, and what may be tried now. Lines are the orders of notices: within a line one
// attempt at a time, which tells all that waits in it; lines go side by side, up to the target's concurrency, rate and
// circuit. It knows numbers of the outbox's entries, not what is in them. Time is an argument: a clock that is never
// set back. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/hook_schedule.h"

namespace server {

class HookQueue {
 public:
  HookQueue(int concurrency, double rate) : concurrency_(concurrency), bucket_(rate, 2 * rate < 1 ? 1 : 2 * rate) {}
  void adjust(int concurrency, double rate);

  // A new notice is tried at once, whatever its line was waiting for; `attempts` and `next` are those of one that
  // waited already when the process started (in order of numbers).
  void add(const std::string& order, std::uint64_t number, Time put, Time now, int attempts = 0, Time next = 0);

  struct Attempt {
    std::string order;
    std::vector<std::uint64_t> numbers;  // all that wait in the line, oldest first
    int made = 0;                        // attempts before this one
  };
  std::optional<Attempt> begin(Time now);
  // It was told; or there was nothing left to tell, and nobody was asked.
  void delivered(const Attempt& attempt, Time now, bool asked = true);
  struct Failure {
    int attempts = 0;                   // of the line now
    Time next = 0;                      // of the line
    std::vector<std::uint64_t> later;   // try these again
    std::vector<std::uint64_t> dead;    // these waited long enough
  };
  Failure failed(const Attempt& attempt, Time now, double chance, Duration retry_after = 0);
  // Given up without an outcome (the target changed, the process stops): as if it had not begun.
  void abandoned(const Attempt& attempt, Time now);

  // Those that waited long enough, of lines nobody is trying; they leave.
  std::vector<std::uint64_t> take_overdue(Time now);
  std::vector<std::uint64_t> take_all();  // likewise, all of them
  // When begin() has something to begin, or there is something overdue; kLater: not by itself.
  Time wake(Time now) const;

  std::size_t waiting() const { return waiting_; }
  bool idle() const { return running_ == 0; }
  std::optional<Time> oldest_put() const;
  std::optional<Time> next_attempt() const;
  CircuitBreaker& breaker() { return breaker_; }
  const CircuitBreaker& breaker() const { return breaker_; }
  TokenBucket& bucket() { return bucket_; }

 private:
  struct Waiting {
    std::uint64_t number = 0;
    Time put = 0;
  };
  struct Line {
    std::deque<Waiting> entries;
    int attempts = 0;
    Time next = 0;
    bool running = false;
    bool renewed = false;  // something came while it was running
  };
  using Ready = std::pair<Time, std::string>;  // when, which line

  void settle(const std::string& order, Line& line);
  Line& running(const Attempt& attempt);

  int concurrency_;
  TokenBucket bucket_;
  CircuitBreaker breaker_;
  int running_ = 0;
  std::size_t waiting_ = 0;
  std::map<std::string, Line> lines_;
  std::set<Ready> ready_;                          // lines that are not running
  std::set<std::pair<Time, std::uint64_t>> puts_;  // of all that waits
};

}  // namespace server
