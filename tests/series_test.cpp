// A series against the list of all its entries, recounted for every question.
#include "windows/series.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <set>

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace {

using windows::CellKind;
using windows::Clock;
using windows::Duration;
using windows::Entry;
using windows::kDay;
using windows::kHour;
using windows::kInterval;
using windows::kMinute;
using windows::kNever;
using windows::kPane;
using windows::kSecond;
using windows::Layout;
using windows::Range;
using windows::Series;
using windows::Time;

// Cells: two sums, two levels with their steps, two histograms, one list of values.
enum : std::uint16_t { kSum, kSum2, kLevel, kSteps, kLevel2, kSteps2, kSamples, kSamples2, kList };

class Trial {
 public:
  explicit Trial(std::uint64_t seed)
      : dice_(seed),
        layout_({kSecond * (1 + below(5)), kMinute, 5 * kMinute, kHour + kSecond * below(3)},
                {CellKind::sum, CellKind::sum, CellKind::level, CellKind::list, CellKind::level, CellKind::list,
                 CellKind::samples, CellKind::samples, CellKind::list}),
        series_(layout_) {
    now_ = 1'790'000'000'000 + below(kDay);
  }

  void run() {
    for (int step = 0; step < 120; ++step) {
      now_ += below(4) == 0 ? below(20) : below(3) == 0 ? below(2 * kHour) : below(90 * kSecond);
      if (below(40) == 0) now_ += below(4 * kDay);
      if (below(3) == 0) now_ -= now_ % kSecond;
      if (below(12) == 0) now_ -= now_ % kInterval;
      now_ = std::max(now_, clock_.now);
      for (auto n = below(6); n > 0; --n) add();
      if (below(5) == 0) take_back();
      clock_ = {now_, now_ - now_ % kDay};
      const bool was_pending = !series_.settled();
      const auto revision = series_.revision();
      series_.settle(layout_, clock_);
      REQUIRE(series_.settled());
      if (was_pending) REQUIRE(series_.revision() != revision);
      for (int i = 0; i < 12; ++i) ask();
    }
  }

  static inline std::int64_t questions = 0;

 private:
  std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(dice_() % static_cast<std::uint64_t>(n)); }

  Time instant() {
    switch (below(8)) {
      case 0: return now_;
      case 1: return now_ - below(6 * kDay);
      case 2: return now_ - below(2 * kHour);
      default: return now_ - below(100 * kSecond);
    }
  }

  void put(const Entry& e) {
    series_.add(layout_, e);
    entries_.push_back(e);
  }

  void add() {
    const Time at = instant();
    switch (below(5)) {
      case 0: put({at, below(5'000), 1, below(2) == 0 ? kSum : kSum2}); break;
      case 1:
        put({at, below(200'000), 1 + static_cast<std::int32_t>(below(2)), below(2) == 0 ? kSamples : kSamples2});
        break;
      case 2: put({at, below(500), 1, kList}); break;
      default: {  // a span, perhaps over already
        const bool second = below(2) == 0;
        const Time to = below(2) == 0 ? std::min(now_, at + below(kHour)) : kNever;
        spans_.push_back({second, at, to});
        level(second, at, to, 1);
      }
    }
  }

  void level(bool second, Time from, Time to, int sign) {
    for (const auto& [at, step] : {std::pair{from, 1}, {to, -1}}) {
      if (at == kNever) continue;
      put({at, step, sign, second ? kLevel2 : kLevel});
      put({at, step, sign, second ? kSteps2 : kSteps});
    }
    const std::uint16_t cell = second ? kLevel2 : kLevel;
    if (to == kNever && sign > 0) {
      series_.open(cell, from);
      open_[second].insert(from);
    } else if (to == kNever) {
      series_.close(cell, from);
      open_[second].erase(open_[second].find(from));
    }
  }

  void take_back() {
    if (!spans_.empty() && below(2) == 0) {
      const auto at = spans_.begin() + below(static_cast<std::int64_t>(spans_.size()));
      level(at->second_level, at->from, at->to, -1);
      spans_.erase(at);
      return;
    }
    std::vector<std::size_t> plain;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const Entry& e = entries_[i];
      const bool is_level = e.cell >= kLevel && e.cell <= kSteps2;
      if (!is_level && e.count > 0 && taken_.count(i) == 0) plain.push_back(i);
    }
    if (plain.empty()) return;
    const std::size_t i = plain[static_cast<std::size_t>(below(static_cast<std::int64_t>(plain.size())))];
    taken_.insert(i);
    Entry e = entries_[i];
    e.count = -e.count;
    taken_.insert(entries_.size());
    put(e);
  }

  // ---- the model ----
  bool inside(Time at, const Range& r) const {
    const bool runs = r.kind == Range::Kind::window || r.kind == Range::Kind::today || r.to > clock_.now;
    return at >= r.from && (runs || at < r.to);
  }
  std::int64_t sum(std::uint16_t cell, const Range& r) const {
    std::int64_t total = 0;
    for (const Entry& e : entries_) {
      if (e.cell == cell && inside(e.at, r)) total += e.value * e.count;
    }
    return total;
  }
  std::vector<std::int64_t> values(std::uint16_t cell, const Range& r) const {
    std::map<std::int64_t, std::int64_t> counts;
    for (const Entry& e : entries_) {
      if (e.cell == cell && inside(e.at, r)) counts[e.value] += e.count;
    }
    std::vector<std::int64_t> all;
    for (const auto& [value, count] : counts) {
      for (std::int64_t i = 0; i < count; ++i) all.push_back(value);
    }
    return all;
  }
  std::int64_t level_at(bool second, Time t) const {
    std::int64_t n = 0;
    for (const Span& s : spans_) n += s.second_level == second && s.from <= t && (s.to == kNever || s.to > t);
    return n;
  }

  Range range() {
    const auto kind = below(10);
    if (kind < 4) return windows::window_range(layout_, static_cast<int>(below(4)), clock_);
    if (kind < 6) return windows::today_range(clock_);
    if (kind < 8) {  // intervals, perhaps up to one that still runs
      Time to = clock_.now - clock_.now % kInterval + kInterval * (1 - (below(2) == 0 ? below(30) : 0));
      return {Range::Kind::intervals, 0, to - kInterval * (1 + below(20)), to};
    }
    const Time second = clock_.now - clock_.now % kPane;
    const Duration back = kPane * below(2'000);
    const Time from = second - back;
    return {Range::Kind::panes, 0, from, from + kPane * (1 + below(back / kPane + 1))};
  }

  void ask() {
    ++questions;
    const Range r = range();
    INFO("kind " << static_cast<int>(r.kind) << " window " << r.window << " [" << r.from << ", " << r.to << ") now "
                 << clock_.now);
    for (const std::uint16_t cell : {kSum, kSum2}) REQUIRE(series_.sum(layout_, cell, r) == sum(cell, r));
    const bool runs = r.kind == Range::Kind::window || r.kind == Range::Kind::today || r.to > clock_.now;
    const Time end = std::min(r.to, clock_.now);
    REQUIRE(series_.length(r) == std::max<Duration>(0, end - r.from));
    for (const bool second : {false, true}) {
      const std::uint16_t cell = second ? kLevel2 : kLevel;
      REQUIRE(series_.level_at_end(layout_, cell, r) == level_at(second, runs ? clock_.now : r.to - 1));
      std::int64_t total = 0;
      for (const Span& s : spans_) {
        const Time a = std::max(s.from, r.from), b = s.to == kNever ? end : std::min(s.to, end);
        if (s.second_level == second && b > a) total += b - a;
      }
      REQUIRE(series_.level_time(layout_, cell, r) == total);
      peak(second, r, runs);
      REQUIRE(series_.oldest(cell) == (open_[second].empty() ? kNever : *open_[second].begin()));
    }
    const auto listed = values(kList, r);
    std::int64_t highest = 0;
    REQUIRE(series_.maximum(kList, r, highest) == !listed.empty());
    if (!listed.empty()) REQUIRE(highest == listed.back());
    for (const std::uint16_t cell : {kSamples, kSamples2}) {
      const auto sorted = values(cell, r);
      const int per_mille = below(2) == 0 ? 950 : static_cast<int>(1 + below(1000));
      const std::int64_t got = series_.quantile(layout_, cell, r, per_mille);
      if (sorted.empty()) {
        REQUIRE(got == -1);
        continue;
      }
      std::size_t rank = 1;
      while (rank * 1000 < sorted.size() * static_cast<std::size_t>(per_mille)) ++rank;
      REQUIRE(got == windows::bucket_middle(windows::bucket_of(sorted[rank - 1])));
    }
  }

  void peak(bool second, const Range& r, bool runs) const {
    std::set<Time> instants{r.from};
    for (const Span& s : spans_) {
      if (s.second_level == second && s.from > r.from && (runs || s.from < r.to)) instants.insert(s.from);
    }
    std::int64_t most = -1;
    Time first = 0;
    for (const Time t : instants) {
      if (level_at(second, t) <= most) continue;
      most = level_at(second, t);
      first = t;
    }
    std::int64_t value = 0;
    Time at = 0;
    series_.peak(layout_, second ? kLevel2 : kLevel, second ? kSteps2 : kSteps, r, value, at);
    REQUIRE(value == most);
    REQUIRE(at == first);
  }

  struct Span {
    bool second_level;
    Time from, to;
  };

  std::mt19937_64 dice_;
  Layout layout_;
  Series series_;
  Time now_ = 0;
  Clock clock_;
  std::vector<Entry> entries_;
  std::set<std::size_t> taken_;
  std::vector<Span> spans_;
  std::multiset<Time> open_[2];
};

}  // namespace

TEST_CASE("a series answers as if it recounted everything") {
  const char* chosen = std::getenv("RINGSIDE_SEED");
  const std::uint64_t first = chosen == nullptr ? 1 : std::strtoull(chosen, nullptr, 10);
  const std::uint64_t last = chosen == nullptr ? first + 249 : first;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    INFO("RINGSIDE_SEED=" << seed);
    Trial(seed).run();
  }
  std::printf("series: seeds %llu to %llu, %lld questions\n", static_cast<unsigned long long>(first),
              static_cast<unsigned long long>(last), static_cast<long long>(Trial::questions));
}
