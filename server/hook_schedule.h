// When to try again, and how often at all: the schedule of attempts, a token bucket and a circuit breaker. Time is an
// argument (ms, any clock that the caller keeps to), chance too. Values; one thread at a time.
#pragma once

#include <cstdint>

#include "windows/time.h"

namespace server {

using windows::Duration;
using windows::Time;

inline constexpr Duration kHookGivesUpAfter = 24 * windows::kHour;  // since it was put; then it is a dead letter
inline constexpr Duration kLongestRetryAfter = windows::kHour;      // of what a receiver asks for

// How long to wait after the `attempts`-th attempt (from 1) failed: 1, 3, 8, 20, 60 s, 5, 15, 30 min, then an hour each
// time, by a factor between 0.5 and 1.5 so that receivers are not met by all at once. An alert's value decays fast:
// hence the quick beginning. `chance`: [0, 1).
Duration hook_retry_delay(int attempts, double chance);

// Lets `rate` a second through, and up to `burst` at once after a pause.
class TokenBucket {
 public:
  TokenBucket(double rate, double burst) : rate_(rate), burst_(burst), tokens_(burst) {}

  Time ready(Time now) const;  // now, or when there will be a token
  void take(Time now);         // there is one

 private:
  void refill(Time now);

  double rate_, burst_, tokens_;
  Time at_ = windows::kNever;
};

// After ten failures in a row nobody tries any more but one, now and then: after 15 s, and twice as long each time up
// to five minutes. One success closes it.
class CircuitBreaker {
 public:
  static constexpr int kOpensAfter = 10;
  static constexpr Duration kFirstPause = 15 * windows::kSecond;
  static constexpr Duration kLongestPause = 5 * windows::kMinute;

  bool open() const { return failures_ >= kOpensAfter; }
  int failures() const { return failures_; }
  Time ready(Time now) const;  // when an attempt may begin; kLater while the probe is under way
  static constexpr Time kLater = INT64_MAX;

  void began();  // an attempt
  void succeeded();
  void failed(Time now);
  void abandoned() { probing_ = false; }  // without an outcome
  void forget() { *this = {}; }

 private:
  int failures_ = 0;
  Duration pause_ = 0;
  Time probe_ = 0;
  bool probing_ = false;
};

}  // namespace server
