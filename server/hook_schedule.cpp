#include "server/hook_schedule.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "windows/check.h"

namespace server {

Duration hook_retry_delay(int attempts, double chance) {
  static constexpr std::array<Duration, 9> kSeconds{1, 3, 8, 20, 60, 300, 900, 1'800, 3'600};
  CHECK(attempts >= 1 && chance >= 0 && chance < 1, "an attempt was made, and chance is a part of one");
  const auto step = std::min(static_cast<std::size_t>(attempts - 1), kSeconds.size() - 1);
  return std::llround(static_cast<double>(kSeconds[step] * windows::kSecond) * (0.5 + chance));
}

void TokenBucket::refill(Time now) {
  if (at_ != windows::kNever && now > at_) {
    tokens_ = std::min(burst_, tokens_ + static_cast<double>(now - at_) / 1000 * rate_);
  }
  at_ = now;  // a clock that was set back gives nothing and takes nothing
}

Time TokenBucket::ready(Time now) const {
  TokenBucket then = *this;
  then.refill(now);
  if (then.tokens_ >= 1) return now;
  return now + std::max<Time>(1, static_cast<Time>(std::ceil((1 - then.tokens_) / rate_ * 1000)));
}

void TokenBucket::take(Time now) {
  refill(now);
  tokens_ -= 1;
}

Time CircuitBreaker::ready(Time now) const {
  if (!open()) return now;
  return probing_ ? kLater : std::max(now, probe_);
}

void CircuitBreaker::began() { probing_ = open(); }

void CircuitBreaker::succeeded() { forget(); }

void CircuitBreaker::failed(Time now) {
  const bool was_open = open();
  failures_ = std::min(failures_ + 1, kOpensAfter);
  if (!open() || (was_open && !probing_)) return;  // others that were under way when it opened
  probing_ = false;
  pause_ = pause_ == 0 ? kFirstPause : std::min(2 * pause_, kLongestPause);
  probe_ = now + pause_;
}

}  // namespace server
