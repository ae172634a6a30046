// When hooks are tried: the schedule, rates, circuits, and the queue of one target, all on a clock that tests name.
#include "server/hook_schedule.h"

#include <algorithm>
#include <map>
#include <random>

#include "server/hook_queue.h"

#include <catch2/catch.hpp>

namespace {

using server::CircuitBreaker;
using server::HookQueue;
using windows::kHour;
using windows::kMinute;
using windows::kSecond;

constexpr windows::Time kNow = 1'772'445'600'000;

}  // namespace

TEST_CASE("attempts are after 1, 3, 8, 20, 60 s, 5, 15, 30 min, then every hour, by a factor of 0.5 to 1.5") {
  const std::vector<windows::Duration> seconds{1, 3, 8, 20, 60, 300, 900, 1800, 3600, 3600, 3600};
  for (std::size_t i = 0; i < seconds.size(); ++i) {
    const int made = static_cast<int>(i) + 1;
    CHECK(server::hook_retry_delay(made, 0.5) == seconds[i] * kSecond);
    CHECK(server::hook_retry_delay(made, 0) == seconds[i] * kSecond / 2);
    CHECK(server::hook_retry_delay(made, 0.999) < seconds[i] * kSecond * 3 / 2);
  }
}

TEST_CASE("a token bucket lets its burst through at once and its rate after that") {
  server::TokenBucket bucket(4, 8);
  windows::Time now = kNow;
  int through = 0;
  for (; now < kNow + 10 * kSecond; ++through) {
    now = bucket.ready(now);
    bucket.take(now);
  }
  CHECK(through >= 8 + 39);
  CHECK(through <= 8 + 42);
  // Set back, it neither blocks for long nor gives anything away.
  CHECK(bucket.ready(kNow - kHour) <= kNow - kHour + kSecond);
}

TEST_CASE("a circuit opens after ten failures in a row and lets one probe through at a time") {
  CircuitBreaker breaker;
  for (int i = 0; i < 9; ++i) breaker.failed(kNow);
  CHECK(breaker.ready(kNow) == kNow);
  breaker.succeeded();
  for (int i = 0; i < 10; ++i) breaker.failed(kNow);
  REQUIRE(breaker.open());
  breaker.failed(kNow + 5);  // was under way when it opened: no probe
  windows::Time now = kNow;
  for (const windows::Duration pause : {15, 30, 60, 120, 240, 300, 300}) {
    CHECK(breaker.ready(now) == now + pause * kSecond);
    now = breaker.ready(now);
    breaker.began();
    CHECK(breaker.ready(now + kHour) == CircuitBreaker::kLater);
    breaker.failed(now);
  }
  breaker.began();
  breaker.succeeded();
  CHECK_FALSE(breaker.open());
  CHECK(breaker.ready(now) == now);
}

TEST_CASE("lines are told one attempt at a time, side by side up to the concurrency, all that waits at once") {
  HookQueue queue(2, 1000);
  queue.add("a", 1, kNow, kNow);
  queue.add("a", 2, kNow, kNow);
  queue.add("b", 3, kNow, kNow);
  queue.add("c", 4, kNow, kNow);
  const auto a = queue.begin(kNow);
  const auto b = queue.begin(kNow);
  REQUIRE(a);
  REQUIRE(b);
  CHECK(a->numbers == std::vector<std::uint64_t>{1, 2});
  CHECK(b->order == "b");
  CHECK_FALSE(queue.begin(kNow));  // two are under way
  queue.add("a", 5, kNow, kNow);   // while the line is being told
  queue.delivered(*b, kNow);
  const auto c = queue.begin(kNow);
  REQUIRE(c);
  CHECK(c->order == "c");
  queue.delivered(*a, kNow);
  const auto later = queue.begin(kNow);
  REQUIRE(later);
  CHECK(later->numbers == std::vector<std::uint64_t>{5});
  CHECK(queue.waiting() == 2);
}

TEST_CASE("a failure waits by the schedule, by Retry-After where that is longer, and not for what is new") {
  HookQueue queue(4, 1000);
  queue.add("a", 1, kNow, kNow);
  auto attempt = queue.begin(kNow);
  auto failure = queue.failed(*attempt, kNow, 0.5);
  CHECK(failure.next == kNow + kSecond);
  CHECK(failure.later == std::vector<std::uint64_t>{1});
  CHECK_FALSE(queue.begin(kNow + 999));
  CHECK(queue.wake(kNow) == kNow + kSecond);
  attempt = queue.begin(kNow + kSecond);
  REQUIRE(attempt);
  CHECK(attempt->made == 1);
  failure = queue.failed(*attempt, kNow + kSecond, 0.5, 40 * kSecond);
  CHECK(failure.next == kNow + 41 * kSecond);
  failure.next = 0;
  queue.add("a", 2, kNow + 2 * kSecond, kNow + 2 * kSecond);
  attempt = queue.begin(kNow + 2 * kSecond);
  REQUIRE(attempt);
  CHECK(attempt->made == 0);
  CHECK(attempt->numbers == std::vector<std::uint64_t>{1, 2});
  queue.add("a", 3, kNow + 2 * kSecond, kNow + 2 * kSecond);
  failure = queue.failed(*attempt, kNow + 3 * kSecond, 0.5);
  CHECK(failure.next == kNow + 3 * kSecond);  // the third has not been tried
  attempt = queue.begin(kNow + 3 * kSecond);
  REQUIRE(attempt);
  CHECK(attempt->numbers.size() == 3);
  failure = queue.failed(*attempt, kNow + 3 * kSecond, 0.5, 48 * kHour);
  CHECK(failure.next == kNow + 3 * kSecond + kHour);  // nobody is kept waiting for longer
}

TEST_CASE("after a day it is a dead letter, also behind an open circuit") {
  HookQueue queue(4, 1000);
  queue.add("a", 1, kNow, kNow);
  queue.add("a", 2, kNow + kHour, kNow + kHour);
  queue.add("b", 3, kNow + 2 * kHour, kNow + 2 * kHour);
  windows::Time now = kNow + 2 * kHour;
  while (!queue.breaker().open()) {
    const auto attempt = queue.begin(now);
    if (attempt) {
      CHECK(queue.failed(*attempt, now, 0.5).dead.empty());
    } else {
      now = queue.wake(now);
    }
  }
  CHECK(queue.take_overdue(kNow + 24 * kHour - 1).empty());
  CHECK(queue.take_overdue(kNow + 24 * kHour) == std::vector<std::uint64_t>{1});
  const auto attempt = queue.begin(kNow + 25 * kHour);
  REQUIRE(attempt);
  REQUIRE(attempt->numbers.size() == 1);
  const auto failure = queue.failed(*attempt, kNow + 27 * kHour, 0.5);
  CHECK(failure.dead == attempt->numbers);
  CHECK(queue.take_overdue(kNow + 27 * kHour).size() == 1);
  CHECK(queue.waiting() == 0);
}

TEST_CASE("what waited when the process stopped goes on where it was") {
  HookQueue queue(4, 1000);
  queue.add("a", 1, kNow, kNow, 3, kNow + 8 * kSecond);
  queue.add("a", 2, kNow, kNow, 3, kNow + 8 * kSecond);
  CHECK_FALSE(queue.begin(kNow));
  const auto attempt = queue.begin(kNow + 8 * kSecond);
  REQUIRE(attempt);
  CHECK(attempt->made == 3);
  CHECK(attempt->numbers.size() == 2);
}

TEST_CASE("by chance: nothing is lost, told twice, or told out of order within its line") {
  const unsigned seed = GENERATE(1u, 2u, 3u, 4u, 5u);
  INFO("seed " << seed);
  std::mt19937 random(seed);
  HookQueue queue(3, 50);
  windows::Time now = kNow;
  std::uint64_t next = 0;
  std::map<std::string, std::uint64_t> told;  // the last of each line
  std::map<std::uint64_t, int> outcome;
  std::vector<HookQueue::Attempt> running;
  for (int step = 0; step < 4'000; ++step) {
    now += random() % 2'000;
    switch (random() % 4) {
      case 0:
        if (next < 500) queue.add("line" + std::to_string(random() % 7), ++next, now, now);
        break;
      case 1:
        if (auto attempt = queue.begin(now)) {
          for (const auto& other : running) REQUIRE(other.order != attempt->order);
          running.push_back(*attempt);
        }
        REQUIRE(running.size() <= 3);
        break;
      default: {
        if (running.empty()) break;
        const std::size_t i = random() % running.size();
        const HookQueue::Attempt attempt = running[i];
        running.erase(running.begin() + static_cast<std::ptrdiff_t>(i));
        if (random() % 3 == 0) {
          for (const auto number : queue.failed(attempt, now, 0.25).dead) ++outcome[number];
          break;
        }
        queue.delivered(attempt, now);
        for (const auto number : attempt.numbers) {
          REQUIRE(number > told[attempt.order]);
          told[attempt.order] = number;
          ++outcome[number];
        }
      }
    }
  }
  for (const auto& attempt : running) queue.delivered(attempt, now);
  for (const auto& attempt : running) {
    for (const auto number : attempt.numbers) ++outcome[number];
  }
  for (const auto number : queue.take_all()) ++outcome[number];
  CHECK(queue.waiting() == 0);
  CHECK(outcome.size() == next);
  for (const auto& [number, times] : outcome) CHECK(times == 1);
}
