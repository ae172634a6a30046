// The timer wheel against a sorted list of (instant, subject).
#include "windows/wheel.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace {

using windows::kDay;
using windows::kNever;
using windows::Time;
using windows::Wheel;

std::uint64_t first_seed() {
  const char* text = std::getenv("RINGSIDE_SEED");
  return text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
}

}  // namespace

TEST_CASE("a wheel fires what a sorted list would, however the clock leaps") {
  const std::uint64_t first = first_seed();
  const std::uint64_t last = std::getenv("RINGSIDE_SEED") != nullptr ? first : first + 299;
  std::size_t fired = 0;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    INFO("RINGSIDE_SEED=" << seed);
    std::mt19937_64 dice(seed);
    const auto below = [&](std::int64_t n) { return static_cast<Time>(dice() % static_cast<std::uint64_t>(n)); };
    const auto span = [&] {  // from a millisecond to some years
      return below(std::int64_t{1} << (1 + below(38)));
    };
    Wheel wheel;
    std::set<std::pair<Time, std::uint32_t>> model;
    std::map<std::uint32_t, Time> armed;
    Time now = below(2) == 0 ? 0 : 1'790'000'000'000 + below(kDay);
    std::vector<Wheel::Due> due;
    wheel.take_due(now, due);
    for (int step = 0; step < 400; ++step) {
      for (auto n = below(6); n > 0; --n) {
        const auto subject = static_cast<std::uint32_t>(below(40));
        if (const auto known = armed.find(subject); known != armed.end()) {
          model.erase({known->second, subject});
          armed.erase(known);
        }
        const auto kind = below(10);
        const Time at = kind == 0 ? kNever : kind == 1 ? std::max<Time>(0, now - span()) : now + span();
        wheel.arm(subject, at);
        if (at != kNever) {
          model.insert({at, subject});
          armed[subject] = at;
        }
        REQUIRE(wheel.armed(subject) == at);
      }
      REQUIRE(wheel.size() == model.size());
      // Whoever waits until next() never comes late, and comes there in a few steps.
      const Time earliest = model.empty() ? kNever : model.begin()->first;
      REQUIRE((wheel.next() == kNever) == model.empty());
      if (!model.empty()) REQUIRE(wheel.next() <= std::max(earliest, now));
      if (!model.empty() && below(4) == 0 && earliest > now) {
        for (int waits = 0; wheel.next() < earliest; ++waits) {
          REQUIRE(waits < 6);
          now = std::max(now, wheel.next());
          due.clear();
          wheel.take_due(now, due);
          REQUIRE(due.empty());
        }
        REQUIRE(wheel.next() == earliest);
      }
      now += below(3) == 0 ? span() : below(300);
      due.clear();
      wheel.take_due(now, due);
      for (const Wheel::Due& d : due) {
        REQUIRE(!model.empty());
        REQUIRE(d.at == model.begin()->first);
        REQUIRE(d.subject == model.begin()->second);
        REQUIRE(d.at <= now);
        REQUIRE(wheel.armed(d.subject) == kNever);
        armed.erase(d.subject);
        model.erase(model.begin());
        ++fired;
      }
      REQUIRE((model.empty() || model.begin()->first > now));
    }
  }
  std::printf("wheel: seeds %llu to %llu, %zu timers fired\n", static_cast<unsigned long long>(first),
              static_cast<unsigned long long>(last), fired);
}

TEST_CASE("a timer fires at its millisecond and not before") {
  Wheel wheel;
  std::vector<Wheel::Due> due;
  wheel.arm(7, 1'790'000'000'123);
  wheel.take_due(1'790'000'000'122, due);
  CHECK(due.empty());
  wheel.take_due(1'790'000'000'123, due);
  REQUIRE(due.size() == 1);
  CHECK(due[0].subject == 7);
  CHECK(wheel.size() == 0);
  // An instant that has passed fires at once.
  wheel.arm(3, 5);
  due.clear();
  wheel.take_due(1'790'000'000'123, due);
  CHECK(due.size() == 1);
}
