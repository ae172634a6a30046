// Series: every measure of one scope, in sliding windows, today, and 15-minute intervals.
//
// add() puts an entry where it belongs as of the last settle; settle(clock) lets the windows slide up to the clock.
// Reading needs a settled series. Everything is integer and additive, so taking an entry back is adding its
// negative, and an entry may be of any age: a late one lands in the pane, the interval and the day it belongs to.
//
// A window of length W seen at now covers the panes (whole seconds) floor(now)-W+1s … floor(now), the last one
// partly: its right edge is now, its left edge moves once a second. Windows are segments of one ordered log of
// panes; an entry that leaves the 1-minute window moves into the segment between 1 and 5 minutes, and so on, so
// five windows cost little more than one.
//
// Invariants: entries are never stamped after the clock they are settled at; now never goes backwards.
// Deterministic, no clock of its own. One thread at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "windows/histogram.h"
#include "windows/time.h"

namespace windows {

inline constexpr Duration kPane = kSecond;
inline constexpr Duration kInterval = 15 * kMinute;
inline constexpr int kMaxWindows = 8;

enum class CellKind : std::uint8_t {
  sum,      // value is added
  level,    // value is +1/-1 at the instant a span begins/ends: how many now, and the time-integral
  samples,  // value goes into a histogram; the count of equal entries is added
  list,     // (instant, value) is kept as it is: exact maxima, and peaks of levels
};

// An additive entry: `count` equal contributions of `value` at `at`; count is negative to take back.
struct Entry {
  Time at = 0;
  std::int64_t value = 0;
  std::int32_t count = 1;
  std::uint16_t cell = 0;
};

// Which cells a series has. Shared by all series of an engine; cells are numbered from 0.
class Layout {
 public:
  // windows ascending, whole seconds, at most kMaxWindows.
  Layout(std::vector<Duration> windows, std::vector<CellKind> cells);

  int windows() const { return static_cast<int>(windows_.size()); }
  Duration window(int index) const { return windows_[static_cast<std::size_t>(index)]; }
  // Length of a window in panes.
  std::uint32_t panes(std::size_t index) const { return panes_[index]; }
  CellKind kind(std::uint16_t cell) const { return kinds_[cell]; }
  int cells() const { return static_cast<int>(kinds_.size()); }
  // Number of integers a cell sums up: sum 1, level 2 (edges; edges times instant), others 0.
  std::uint16_t column(std::uint16_t cell) const { return columns_[cell]; }
  int columns() const { return column_count_; }

 private:
  std::vector<Duration> windows_;
  std::vector<std::uint32_t> panes_;
  std::vector<CellKind> kinds_;
  std::vector<std::uint16_t> columns_;
  int column_count_ = 0;
};

struct Clock {
  Time now = 0;
  Time midnight = 0;  // first instant of today in the tenant's zone
};

// A stretch of time to read.
struct Range {
  enum class Kind : std::uint8_t { window, today, intervals, panes };
  Kind kind = Kind::window;
  int window = 0;  // index, for Kind::window
  Time from = 0;   // first instant; a multiple of the interval or pane for those kinds
  // End, exclusive. A range that reaches beyond the clock ends there, and what happens at that very instant is in it.
  Time to = 0;
};

// What a scope gathered in one interval. Additive like entries, so numbers may be negative: what was taken back from an
// interval that is kept elsewhere. Each list is sorted and holds no zero.
struct Gathered {
  struct Column {
    std::uint16_t column;
    std::int64_t value;
    auto operator<=>(const Column&) const = default;
  };
  struct Bucket {
    std::uint16_t cell;
    std::uint16_t bucket;
    std::int64_t count;
    auto operator<=>(const Bucket&) const = default;
  };
  struct Item {
    std::uint16_t cell;
    std::uint32_t offset;  // ms since the interval's start
    std::int64_t value;
    std::int64_t count;
    auto operator<=>(const Item&) const = default;
  };
  std::vector<Column> columns;
  std::vector<Bucket> buckets;
  std::vector<Item> items;

  bool empty() const { return columns.empty() && buckets.empty() && items.empty(); }
  void add(const Column& column);
  void add(const Bucket& bucket);
  void add(const Item& item);
  void add(const Gathered& other);
};

class Series {
 public:
  explicit Series(const Layout& layout);

  void add(const Layout& layout, const Entry& entry);
  bool settled() const { return added_ == 0; }
  // Entries since the last settle, and when that was. Settle now and then also where nobody looks.
  std::size_t added() const { return added_; }
  Time settled_at() const { return now_; }
  // Answers whether any window's or today's content changed by this call.
  bool settle(const Layout& layout, const Clock& clock);

  // Asks for the memory an entry of now will touch; the series itself is there already.
  void prefetch() const {
    __builtin_prefetch(row_index_.data());
    __builtin_prefetch(rows_.data());
    if (!panes_.empty()) __builtin_prefetch(&panes_.back());
    if (!intervals_.empty()) __builtin_prefetch(&intervals_.back());
  }

  // Changes whenever any window's or today's content may have changed.
  std::uint64_t revision() const { return revision_; }

  // Reading; `range` made by window_range(), today_range() or by hand.
  Duration length(const Range& range) const { return std::max<Duration>(0, end_of(range) - range.from); }
  std::int64_t sum(const Layout& layout, std::uint16_t cell, const Range& range) const;
  std::int64_t level_at_end(const Layout& layout, std::uint16_t cell, const Range& range) const;
  std::int64_t level_time(const Layout& layout, std::uint16_t cell, const Range& range) const;  // ms
  // Quantile of a samples cell; -1 when there are none. The first look at a window makes the series keep that
  // cell's histograms up to date from then on: scopes nobody looks at carry none.
  std::int64_t quantile(const Layout& layout, std::uint16_t cell, const Range& range, int per_mille) const;
  // Largest value of a list cell; false when there is none.
  bool maximum(std::uint16_t cell, const Range& range, std::int64_t& value) const;
  // Highest level reached in the range and the first instant it was reached; `steps` is the list cell that
  // holds the level's edges.
  void peak(const Layout& layout, std::uint16_t level, std::uint16_t steps, const Range& range,
            std::int64_t& value, Time& at) const;

  // Open spans: instants since when something goes on, for "longest now". Not additive entries: a set.
  void open(std::uint16_t cell, Time since);
  void close(std::uint16_t cell, Time since);
  Time oldest(std::uint16_t cell) const;  // kNever when none is open

  std::size_t bytes() const;  // memory held

  // History beyond memory (windows/series_cold.cpp): intervals before `horizon` leave the series, and what is added to
  // them later is only noted; take_left() hands out both. The horizon is a multiple of the interval, never moves
  // back, and lies before today and all windows. Levels go on: what ever came and went is not forgotten.
  void leave(const Layout& layout, const Clock& clock, Time horizon);
  bool any_left() const { return !left_.empty(); }
  const std::map<std::uint32_t, Gathered>& left() const { return left_; }  // by interval: instant / kInterval
  std::map<std::uint32_t, Gathered> take_left() { return std::exchange(left_, {}); }
  // Of a level, what came and went in intervals that the series never saw.
  void start_level(const Layout& layout, std::uint16_t cell, std::int64_t edges);
  // A copy that knows these intervals as well, all of them before the horizon, ascending; reading its levels at many
  // instants costs little. For reading only.
  Series joined(const Layout& layout, const std::vector<std::pair<std::uint32_t, Gathered>>& older) const;

  // Everything a settled series holds, piece by piece in no particular order; equal series tell the same pieces.
  enum class Part : std::uint8_t { column, bucket, item, window, level, pane, sample, open };
  using EachPart = std::function<void(Part, const std::array<std::int64_t, 4>&)>;
  void each(const Layout& layout, const EachPart& f) const;

 private:
  struct Pane {  // what one column gained in one second
    std::uint32_t second;
    std::uint32_t row;
    std::int64_t value;
  };
  struct Sample {  // what one bucket gained in one second
    std::uint32_t second;
    std::uint16_t cell;
    std::uint16_t bucket;
    std::int32_t count;
  };
  struct Bucket {
    std::uint16_t cell;
    std::uint16_t bucket;
    std::int32_t count;
  };
  struct Item {
    std::int64_t value;
    std::uint32_t offset;  // ms since the interval's start
  };
  struct List {
    std::uint16_t cell;
    std::vector<Item> items;  // sorted by offset, value: what comes in order is added at the end
  };
  struct Interval {
    std::uint32_t index;  // instant / kInterval
    std::vector<std::pair<std::uint16_t, std::int64_t>> columns;  // sorted by column
    std::vector<Bucket> buckets;                                  // sorted by cell, bucket
    std::vector<List> lists;                                      // sorted by cell
  };
  // Histograms of a samples cell somebody looks at: one per window, the last of today.
  struct Watch {
    std::uint16_t cell;
    std::vector<Histogram> windows;
  };
  // The largest item of a list cell in a window, remembered until it leaves the window or is taken back.
  struct Highest {
    std::uint16_t cell;
    std::uint8_t window;
    bool known;
    bool any;
    std::int64_t value;
    Time at;
  };
  struct Open {
    std::uint16_t cell;
    std::vector<Time> since;  // sorted
  };

  // A row holds one column: segments of the windows, then today, the current interval, and everything ever.
  std::size_t stride() const { return window_count_ + std::size_t{3}; }
  std::int64_t* row(std::uint32_t index) { return rows_.data() + index * stride(); }
  const std::int64_t* row(std::uint32_t index) const { return rows_.data() + index * stride(); }
  const std::int64_t* row_of(std::uint16_t column) const;
  std::uint32_t make_row(std::uint16_t column);

  // The shortest window that holds the second; window_count_ when none does.
  std::size_t segment_of(const Layout& layout, std::uint32_t second) const;
  bool slide(const Layout& layout, std::uint32_t second);
  bool slide_samples(const Layout& layout, std::uint32_t second);
  void samples(std::uint16_t cell, const Range& range, Histogram& out) const;
  Highest scan_highest(std::uint16_t cell, const Range& range) const;
  void roll(const Clock& clock);
  void fold_column(const Layout& layout, std::uint16_t column, Time at, std::int64_t value);
  void fold_sample(const Layout& layout, const Entry& entry);
  void fold_item(const Entry& entry);
  void fold_left(const Layout& layout, const Entry& entry);
  std::int64_t joined_after(std::uint16_t column, Time instant) const;
  Interval& interval(std::uint32_t index);
  std::int64_t column_sum(std::uint16_t column, const Range& range) const;
  std::int64_t column_after(std::uint16_t column, Time instant) const;
  std::size_t first_interval_at(std::uint32_t index) const;
  template <class F>
  void each_item(std::uint16_t cell, const Range& range, F&& f) const;

  bool runs(const Range& range) const {
    return range.kind == Range::Kind::window || range.kind == Range::Kind::today || range.to > now_;
  }
  Time end_of(const Range& range) const { return std::min(range.to, now_); }

  Time now_ = 0;                // of the last settle
  Time newest_ = 0;             // of all entries
  std::uint32_t added_ = 0;     // entries since the last settle
  std::uint64_t revision_ = 1;
  std::uint32_t second_ = 0;    // of the last settle
  std::uint32_t interval_ = 0;  // the current one
  Time midnight_ = kNever;
  std::array<Time, kMaxWindows> window_from_{};  // first instant of each window at the last settle
  std::uint8_t window_count_;
  std::vector<std::uint16_t> row_index_;  // column -> row + 1, 0 = none yet
  std::vector<std::int64_t> rows_;
  std::vector<std::uint16_t> row_column_;  // row -> column
  std::vector<Pane> panes_;              // sorted by second, row; the last longest window only
  std::size_t panes_head_ = 0;
  std::array<std::size_t, kMaxWindows> cursor_{};  // first pane inside window k
  std::vector<Sample> samples_;          // sorted by second, cell, bucket
  std::array<std::size_t, kMaxWindows> sample_cursor_{};  // first sample inside window k
  mutable std::vector<Watch> watches_;
  mutable std::vector<Highest> highest_;
  std::vector<Interval> intervals_;      // sorted by index
  std::vector<Open> open_;
  Time horizon_ = kNever;
  std::map<std::uint32_t, Gathered> left_;
  // Of a joined copy: what a column gained from each interval on, made when first asked.
  bool joined_ = false;
  mutable std::map<std::uint16_t, std::vector<std::int64_t>> after_;
};

// The range of a window or of today at the clock: panes floor(now)-W+1s … now, or midnight … now.
Range window_range(const Layout& layout, int window, const Clock& clock);
Range today_range(const Clock& clock);

}  // namespace windows
