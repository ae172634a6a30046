#include "server/hook_queue.h"

#include <algorithm>
#include <iterator>

#include "windows/check.h"

namespace server {

void HookQueue::adjust(int concurrency, double rate) {
  concurrency_ = concurrency;
  bucket_ = TokenBucket(rate, std::max(1.0, 2 * rate));
}

// A line that waits is in ready_, one that is empty is not there at all.
void HookQueue::settle(const std::string& order, Line& line) {
  if (line.entries.empty()) {
    lines_.erase(order);
  } else {
    ready_.emplace(line.next, order);
  }
}

void HookQueue::add(const std::string& order, std::uint64_t number, Time put, Time now, int attempts, Time next) {
  Line& line = lines_[order];
  ready_.erase({line.next, order});
  // Nearly always the last place; what is redriven is older than what waits.
  auto place = line.entries.end();
  while (place != line.entries.begin() && std::prev(place)->number > number) --place;
  CHECK(place == line.entries.begin() || std::prev(place)->number != number, "an entry waits once");
  line.entries.insert(place, {number, put});
  puts_.emplace(put, number);
  ++waiting_;
  line.attempts = attempts;
  line.next = attempts == 0 ? now : next;
  if (line.running) {
    line.renewed = true;
  } else {
    ready_.emplace(line.next, order);
  }
}

std::optional<HookQueue::Attempt> HookQueue::begin(Time now) {
  if (running_ >= concurrency_ || ready_.empty() || ready_.begin()->first > now) return std::nullopt;
  if (breaker_.ready(now) > now || bucket_.ready(now) > now) return std::nullopt;
  const std::string order = ready_.begin()->second;
  ready_.erase(ready_.begin());
  Line& line = lines_.at(order);
  line.running = true;
  line.renewed = false;
  ++running_;
  bucket_.take(now);
  breaker_.began();
  Attempt attempt{order, {}, line.attempts};
  for (const Waiting& one : line.entries) attempt.numbers.push_back(one.number);
  return attempt;
}

HookQueue::Line& HookQueue::running(const Attempt& attempt) {
  Line& line = lines_.at(attempt.order);
  CHECK(line.running && line.entries.size() >= attempt.numbers.size(), "it was begun");
  line.running = false;
  --running_;
  return line;
}

void HookQueue::delivered(const Attempt& attempt, Time now, bool asked) {
  Line& line = running(attempt);
  if (asked) {
    breaker_.succeeded();
  } else {
    breaker_.abandoned();
  }
  std::erase_if(line.entries, [&](const Waiting& one) {
    const bool told = std::binary_search(attempt.numbers.begin(), attempt.numbers.end(), one.number);
    if (told) puts_.erase({one.put, one.number});
    return told;
  });
  waiting_ -= attempt.numbers.size();
  line.attempts = 0;
  line.next = now;
  settle(attempt.order, line);
}

HookQueue::Failure HookQueue::failed(const Attempt& attempt, Time now, double chance, Duration retry_after) {
  Line& line = running(attempt);
  breaker_.failed(now);
  Failure failure;
  if (!line.renewed) line.attempts = attempt.made + 1;
  const Duration delay = line.renewed ? 0 : hook_retry_delay(line.attempts, chance);
  line.next = now + std::max(delay, std::min(retry_after, kLongestRetryAfter));
  failure.attempts = line.attempts;
  failure.next = line.next;
  std::erase_if(line.entries, [&](const Waiting& one) {
    const bool over = one.put + kHookGivesUpAfter <= now;
    if (over) puts_.erase({one.put, one.number});
    const bool tried = std::binary_search(attempt.numbers.begin(), attempt.numbers.end(), one.number);
    if (over || tried) (over ? failure.dead : failure.later).push_back(one.number);
    return over;
  });
  waiting_ -= failure.dead.size();
  settle(attempt.order, line);
  return failure;
}

void HookQueue::abandoned(const Attempt& attempt, Time now) {
  Line& line = running(attempt);
  breaker_.abandoned();
  line.next = now;
  settle(attempt.order, line);
}

std::vector<std::uint64_t> HookQueue::take_overdue(Time now) {
  std::vector<std::uint64_t> numbers;
  if (puts_.empty() || puts_.begin()->first + kHookGivesUpAfter > now) return numbers;
  for (auto it = lines_.begin(); it != lines_.end();) {
    const std::string& order = it->first;
    Line& line = (it++)->second;
    if (line.running) continue;
    const std::size_t before = numbers.size();
    std::erase_if(line.entries, [&](const Waiting& one) {
      const bool over = one.put + kHookGivesUpAfter <= now;
      if (over) {
        puts_.erase({one.put, one.number});
        numbers.push_back(one.number);
      }
      return over;
    });
    if (numbers.size() == before) continue;
    ready_.erase({line.next, order});
    settle(order, line);
  }
  waiting_ -= numbers.size();
  return numbers;
}

std::vector<std::uint64_t> HookQueue::take_all() {
  std::vector<std::uint64_t> numbers;
  for (auto it = lines_.begin(); it != lines_.end();) {
    if (it->second.running) {
      ++it;
      continue;
    }
    for (const Waiting& one : it->second.entries) {
      numbers.push_back(one.number);
      puts_.erase({one.put, one.number});
    }
    ready_.erase({it->second.next, it->first});
    it = lines_.erase(it);
  }
  waiting_ -= numbers.size();
  return numbers;
}

Time HookQueue::wake(Time now) const {
  Time when = CircuitBreaker::kLater;
  if (!ready_.empty() && running_ < concurrency_) {
    const Time circuit = breaker_.ready(now);
    if (circuit != CircuitBreaker::kLater) when = std::max({ready_.begin()->first, circuit, bucket_.ready(now)});
  }
  // One that is being tried is judged when that ends.
  if (!puts_.empty() && running_ == 0) when = std::min(when, puts_.begin()->first + kHookGivesUpAfter);
  return when;
}

std::optional<Time> HookQueue::oldest_put() const {
  if (puts_.empty()) return std::nullopt;
  return puts_.begin()->first;
}

std::optional<Time> HookQueue::next_attempt() const {
  if (ready_.empty()) return std::nullopt;
  return ready_.begin()->first;
}

}  // namespace server
