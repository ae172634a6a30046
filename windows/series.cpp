#include "windows/series.h"

#include <algorithm>
#include <limits>

#include "windows/check.h"

namespace windows {
namespace {

std::uint32_t second_of(Time at) {
  CHECK(at >= 0, "instants before 1970 are refused at the edge");
  return static_cast<std::uint32_t>(at / kPane);
}

std::uint32_t interval_of(Time at) { return static_cast<std::uint32_t>(at / kInterval); }

// Moments (edges times instant) may pass through 2^63 on their way to a small difference: wrap, do not trap.
std::int64_t wrap_add(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t wrap_mul(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}

}  // namespace

Layout::Layout(std::vector<Duration> windows, std::vector<CellKind> cells)
    : windows_(std::move(windows)), kinds_(std::move(cells)) {
  CHECK(!windows_.empty() && windows_.size() <= kMaxWindows, "one to eight windows");
  CHECK(std::is_sorted(windows_.begin(), windows_.end()), "windows ascend");
  for (const Duration w : windows_) {
    CHECK(w > 0 && w % kPane == 0, "windows are whole seconds");
    panes_.push_back(static_cast<std::uint32_t>(w / kPane));
  }
  columns_.reserve(kinds_.size());
  for (const CellKind kind : kinds_) {
    columns_.push_back(static_cast<std::uint16_t>(column_count_));
    column_count_ += kind == CellKind::sum ? 1 : kind == CellKind::level ? 2 : 0;
  }
}

Range window_range(const Layout& layout, int window, const Clock& clock) {
  const Time from = floor_to(clock.now, kPane) - layout.window(window) + kPane;
  return {Range::Kind::window, window, std::max<Time>(0, from), clock.now};
}

Range today_range(const Clock& clock) { return {Range::Kind::today, 0, clock.midnight, clock.now}; }

Series::Series(const Layout& layout)
    : window_count_(static_cast<std::uint8_t>(layout.windows())),
      row_index_(static_cast<std::size_t>(layout.columns())) {}

const std::int64_t* Series::row_of(std::uint16_t column) const {
  const std::uint16_t index = row_index_[column];
  return index == 0 ? nullptr : row(index - 1u);
}

std::uint32_t Series::make_row(std::uint16_t column) {
  std::uint16_t& index = row_index_[column];
  if (index == 0) {
    row_column_.push_back(column);
    rows_.resize(rows_.size() + stride());
    index = static_cast<std::uint16_t>(row_column_.size());
  }
  return index - 1u;
}

void Series::add(const Layout& layout, const Entry& entry) {
  ++added_;
  newest_ = std::max(newest_, entry.at);
  if (entry.at < horizon_) return fold_left(layout, entry);
  switch (layout.kind(entry.cell)) {
    case CellKind::sum: return fold_column(layout, layout.column(entry.cell), entry.at, entry.value * entry.count);
    case CellKind::level: {
      const std::int64_t edges = entry.value * entry.count;
      const std::uint16_t column = layout.column(entry.cell);
      fold_column(layout, column, entry.at, edges);
      return fold_column(layout, static_cast<std::uint16_t>(column + 1), entry.at, wrap_mul(edges, entry.at));
    }
    case CellKind::samples: return fold_sample(layout, entry);
    case CellKind::list: return fold_item(entry);
  }
}

bool Series::settle(const Layout& layout, const Clock& clock) {
  const std::uint32_t second = second_of(clock.now);
  CHECK(second >= second_, "time went backwards");
  CHECK(newest_ <= clock.now, "an entry from the future was settled");
  bool changed = added_ != 0;
  added_ = 0;
  if (second != second_) changed |= slide(layout, second);
  second_ = second;
  now_ = clock.now;
  for (int k = 0; k < window_count_; ++k)
    window_from_[static_cast<std::size_t>(k)] = window_range(layout, k, clock).from;
  roll(clock);
  if (changed) ++revision_;
  return changed;
}

// Panes that left window k since the last settle move on to the segment of the next longer window.
bool Series::slide(const Layout& layout, std::uint32_t second) {
  bool moved = false;
  const std::size_t end = panes_.size();
  for (int k = 0; k < layout.windows(); ++k) {
    const auto ku = static_cast<std::size_t>(k);
    const std::uint32_t length = layout.panes(ku);
    std::size_t& at = cursor_[ku];
    while (at < end && panes_[at].second + length <= second) {
      const Pane& pane = panes_[at++];
      std::int64_t* cells = row(pane.row);
      cells[ku] = wrap_add(cells[ku], -pane.value);
      if (ku + 1 < window_count_) cells[ku + 1] = wrap_add(cells[ku + 1], pane.value);
      moved = true;
    }
  }
  panes_head_ = cursor_[window_count_ - 1u];
  if (panes_head_ > 64 && panes_head_ * 2 > panes_.size()) {
    panes_.erase(panes_.begin(), panes_.begin() + static_cast<std::ptrdiff_t>(panes_head_));
    for (std::size_t k = 0; k < window_count_; ++k) cursor_[k] -= panes_head_;
    panes_head_ = 0;
  }
  return slide_samples(layout, second) || moved;
}

bool Series::slide_samples(const Layout& layout, std::uint32_t second) {
  bool moved = false;
  const std::size_t end = samples_.size();
  for (std::size_t k = 0; k < window_count_; ++k) {
    const std::uint32_t length = layout.panes(k);
    std::size_t& at = sample_cursor_[k];
    for (; at < end && samples_[at].second + length <= second; ++at) {
      moved = true;
      for (Watch& w : watches_) {
        if (w.cell == samples_[at].cell) w.windows[k].add(samples_[at].bucket, -samples_[at].count);
      }
    }
  }
  const std::size_t head = sample_cursor_[window_count_ - 1u];
  if (head > 64 && head * 2 > samples_.size()) {
    samples_.erase(samples_.begin(), samples_.begin() + static_cast<std::ptrdiff_t>(head));
    for (std::size_t k = 0; k < window_count_; ++k) sample_cursor_[k] -= head;
  }
  return moved;
}

// A new interval or day begins: what the rows gathered for the old one moves to where it is kept.
void Series::roll(const Clock& clock) {
  const std::uint32_t current = interval_of(clock.now);
  if (current != interval_) {
    Interval* closed = nullptr;
    for (std::uint32_t r = 0; r < row_column_.size(); ++r) {
      std::int64_t& gathered = row(r)[window_count_ + 1u];
      if (gathered == 0) continue;
      if (closed == nullptr) closed = &interval(interval_);
      const std::uint16_t column = row_column_[r];
      auto& columns = closed->columns;
      auto at = std::lower_bound(columns.begin(), columns.end(), column,
                                 [](const auto& c, std::uint16_t x) { return c.first < x; });
      if (at != columns.end() && at->first == column) {
        at->second = wrap_add(at->second, gathered);
      } else {
        columns.insert(at, {column, gathered});
      }
      gathered = 0;
    }
    interval_ = current;
    // What was added since the last settle may have gone to the interval that is the current one now.
    if (!intervals_.empty() && intervals_.back().index == current) {
      for (const auto& [column, value] : intervals_.back().columns) {
        std::int64_t& gathered = row(row_index_[column] - 1u)[window_count_ + 1u];
        gathered = wrap_add(gathered, value);
      }
      intervals_.back().columns.clear();
    }
  }
  if (clock.midnight != midnight_) {
    midnight_ = clock.midnight;
    for (std::uint32_t r = 0; r < row_column_.size(); ++r) row(r)[window_count_] = row(r)[window_count_ + 1u];
    for (std::size_t i = first_interval_at(interval_of(midnight_)); i < intervals_.size(); ++i) {
      for (const auto& [column, value] : intervals_[i].columns) {
        std::int64_t& today = row(row_index_[column] - 1u)[window_count_];
        today = wrap_add(today, value);
      }
    }
    for (Watch& w : watches_) {
      w.windows[window_count_].clear();
      samples(w.cell, {Range::Kind::today, 0, midnight_, clock.now}, w.windows[window_count_]);
    }
    highest_.clear();
  }
}

std::size_t Series::segment_of(const Layout& layout, std::uint32_t second) const {
  std::size_t segment = 0;
  while (segment < window_count_ && second + layout.panes(segment) <= second_) ++segment;
  return segment;
}

void Series::fold_column(const Layout& layout, std::uint16_t column, Time at, std::int64_t value) {
  const std::uint32_t index = make_row(column);
  std::int64_t* cells = row(index);
  cells[window_count_ + 2u] = wrap_add(cells[window_count_ + 2u], value);
  if (at >= midnight_) cells[window_count_] = wrap_add(cells[window_count_], value);
  if (interval_of(at) == interval_) {
    cells[window_count_ + 1u] = wrap_add(cells[window_count_ + 1u], value);
  } else {
    auto& columns = interval(interval_of(at)).columns;
    auto place = std::lower_bound(columns.begin(), columns.end(), column,
                                  [](const auto& c, std::uint16_t x) { return c.first < x; });
    if (place != columns.end() && place->first == column) {
      place->second = wrap_add(place->second, value);
    } else {
      columns.insert(place, {column, value});
    }
  }

  const std::uint32_t second = second_of(at);
  const std::size_t segment = segment_of(layout, second);
  if (segment == window_count_) return;  // older than every window: history and totals only
  cells[segment] = wrap_add(cells[segment], value);

  const auto key = [](std::uint32_t s, std::uint32_t r) { return (std::uint64_t{s} << 32) | r; };
  const std::uint64_t wanted = key(second, index);
  auto place = panes_.end();
  if (panes_head_ < panes_.size() && key(panes_.back().second, panes_.back().row) >= wanted) {
    const auto first = panes_.begin() + static_cast<std::ptrdiff_t>(panes_head_);
    const auto less = [&](const Pane& p, std::uint64_t x) { return key(p.second, p.row) < x; };
    // Most entries belong to the second that is going on: look at the newest panes before all of them.
    constexpr std::ptrdiff_t kNear = 16;
    const auto near = panes_.end() - std::min<std::ptrdiff_t>(kNear, panes_.end() - first);
    place = less(*near, wanted) ? std::lower_bound(near, panes_.end(), wanted, less)
                                : std::lower_bound(first, near + 1, wanted, less);
    if (key(place->second, place->row) == wanted) {
      place->value = wrap_add(place->value, value);
      return;
    }
  }
  panes_.insert(place, {second, index, value});
  for (std::size_t k = 0; k < segment; ++k) ++cursor_[k];  // it lies before the windows it is too old for
}

void Series::fold_sample(const Layout& layout, const Entry& entry) {
  const std::uint16_t bucket = bucket_of(entry.value);
  const auto count = entry.count;
  auto& buckets = interval(interval_of(entry.at)).buckets;
  const auto before = [](const Bucket& b, std::uint32_t x) {
    return ((std::uint32_t{b.cell} << 16) | b.bucket) < x;
  };
  const auto at = std::lower_bound(buckets.begin(), buckets.end(),
                                   (std::uint32_t{entry.cell} << 16) | bucket, before);
  if (at != buckets.end() && at->cell == entry.cell && at->bucket == bucket) {
    at->count += count;
    if (at->count == 0) buckets.erase(at);
  } else {
    buckets.insert(at, {entry.cell, bucket, count});
  }
  const Sample sample{second_of(entry.at), entry.cell, bucket, count};
  const std::size_t segment = segment_of(layout, sample.second);
  for (Watch& w : watches_) {
    if (w.cell != entry.cell) continue;
    for (std::size_t k = segment; k < window_count_; ++k) w.windows[k].add(bucket, count);
    if (entry.at >= midnight_) w.windows[window_count_].add(bucket, count);
  }
  if (segment == window_count_) return;

  const auto key = [](const Sample& s) {
    return (std::uint64_t{s.second} << 32) | (std::uint32_t{s.cell} << 16) | s.bucket;
  };
  const std::size_t head = sample_cursor_[window_count_ - 1u];
  auto place = samples_.end();
  if (head < samples_.size() && key(samples_.back()) >= key(sample)) {
    place = std::lower_bound(samples_.begin() + static_cast<std::ptrdiff_t>(head), samples_.end(), key(sample),
                             [&](const Sample& s, std::uint64_t x) { return key(s) < x; });
    if (key(*place) == key(sample)) {
      place->count += count;
      return;
    }
  }
  samples_.insert(place, sample);
  for (std::size_t k = 0; k < segment; ++k) ++sample_cursor_[k];
}

void Series::fold_item(const Entry& entry) {
  const std::uint32_t index = interval_of(entry.at);
  auto& lists = interval(index).lists;
  auto list = std::lower_bound(lists.begin(), lists.end(), entry.cell,
                               [](const List& l, std::uint16_t cell) { return l.cell < cell; });
  if (list == lists.end() || list->cell != entry.cell) list = lists.insert(list, List{entry.cell, {}});
  auto& items = list->items;
  const Item item{entry.value, static_cast<std::uint32_t>(entry.at - Time{index} * kInterval)};
  const auto before = [](const Item& a, const Item& b) {
    return a.offset != b.offset ? a.offset < b.offset : a.value < b.value;
  };
  for (Highest& h : highest_) {
    if (h.cell != entry.cell || !h.known) continue;
    if (entry.count < 0) {
      h.known = !h.any || entry.value < h.value;
    } else if (!h.any || entry.value > h.value || (entry.value == h.value && entry.at > h.at)) {
      // Only if it lies in the window; an older one would be found again when this one leaves.
      const Time from = h.window == window_count_ ? midnight_ : window_from_[h.window];
      if (entry.at >= from) h = {h.cell, h.window, true, true, entry.value, entry.at};
    }
  }
  auto at = items.empty() || !before(item, items.back()) ? items.end()
                                                         : std::lower_bound(items.begin(), items.end(), item, before);
  if (entry.count > 0) {
    items.insert(at, static_cast<std::size_t>(entry.count), item);
    return;
  }
  if (at == items.end()) at = std::lower_bound(items.begin(), items.end(), item, before);
  for (std::int32_t n = entry.count; n < 0; ++n) {
    CHECK(at != items.end() && !before(item, *at), "a list item is taken back that was never there");
    at = items.erase(at);
  }
}

std::size_t Series::first_interval_at(std::uint32_t index) const {
  const auto at = std::lower_bound(intervals_.begin(), intervals_.end(), index,
                                   [](const Interval& i, std::uint32_t x) { return i.index < x; });
  return static_cast<std::size_t>(at - intervals_.begin());
}

Series::Interval& Series::interval(std::uint32_t index) {
  if (!intervals_.empty() && intervals_.back().index == index) return intervals_.back();
  const std::size_t at = first_interval_at(index);
  if (at < intervals_.size() && intervals_[at].index == index) return intervals_[at];
  return *intervals_.insert(intervals_.begin() + static_cast<std::ptrdiff_t>(at), Interval{index, {}, {}, {}});
}

std::int64_t Series::column_sum(std::uint16_t column, const Range& range) const {
  const std::int64_t* cells = row_of(column);
  if (cells == nullptr) return 0;
  std::int64_t total = 0;
  switch (range.kind) {
    case Range::Kind::window:
      for (int k = 0; k <= range.window; ++k) total = wrap_add(total, cells[k]);
      return total;
    case Range::Kind::today:
      return cells[window_count_];
    case Range::Kind::intervals: {
      const auto last = static_cast<std::uint32_t>((range.to + kInterval - 1) / kInterval);
      for (std::size_t i = first_interval_at(interval_of(range.from));
           i < intervals_.size() && intervals_[i].index < last; ++i) {
        const auto& columns = intervals_[i].columns;
        const auto at = std::lower_bound(columns.begin(), columns.end(), column,
                                         [](const auto& c, std::uint16_t x) { return c.first < x; });
        if (at != columns.end() && at->first == column) total = wrap_add(total, at->second);
      }
      if (interval_ >= interval_of(range.from) && interval_ < last)
        total = wrap_add(total, cells[window_count_ + 1u]);
      return total;
    }
    case Range::Kind::panes: {
      const std::uint32_t index = row_index_[column] - 1u;
      const auto from = static_cast<std::uint32_t>(range.from / kPane);
      const auto to = static_cast<std::uint32_t>((range.to + kPane - 1) / kPane);
      auto at = std::lower_bound(panes_.begin() + static_cast<std::ptrdiff_t>(panes_head_), panes_.end(), from,
                                 [](const Pane& p, std::uint32_t x) { return p.second < x; });
      for (; at != panes_.end() && at->second < to; ++at) {
        if (at->row == index) total = wrap_add(total, at->value);
      }
      return total;
    }
  }
  return total;
}

// What the column gained at or after `instant`, a multiple of the pane (last hour) or of the interval.
std::int64_t Series::column_after(std::uint16_t column, Time instant) const {
  const Time end = (Time{second_} + 1) * kPane;
  if (instant >= end) return 0;
  if (joined_ && instant % kInterval == 0) return joined_after(column, instant);
  if (instant % kInterval == 0) {
    return column_sum(column, {Range::Kind::intervals, 0, instant, std::max(end, Time{interval_ + 1} * kInterval)});
  }
  return column_sum(column, {Range::Kind::panes, 0, instant, end});
}

std::int64_t Series::sum(const Layout& layout, std::uint16_t cell, const Range& range) const {
  return column_sum(layout.column(cell), range);
}

std::int64_t Series::level_at_end(const Layout& layout, std::uint16_t cell, const Range& range) const {
  const std::uint16_t column = layout.column(cell);
  const std::int64_t* cells = row_of(column);
  if (cells == nullptr) return 0;
  const std::int64_t ever = cells[window_count_ + 2u];
  if (runs(range)) return ever;
  return ever - column_after(column, range.to);
}

std::int64_t Series::level_time(const Layout& layout, std::uint16_t cell, const Range& range) const {
  const std::uint16_t column = layout.column(cell);
  const Time end = end_of(range);
  if (row_of(column) == nullptr || end <= range.from) return 0;
  const std::int64_t edges = column_sum(column, range);
  const std::int64_t moment = column_sum(static_cast<std::uint16_t>(column + 1), range);
  const std::int64_t before = level_at_end(layout, cell, range) - edges;
  // Integral of the level: what was there before, all the time; what came, from its instant on.
  std::int64_t integral = wrap_mul(before, end - range.from);
  integral = wrap_add(integral, wrap_mul(edges, end));
  return wrap_add(integral, -moment);
}

void Series::samples(std::uint16_t cell, const Range& range, Histogram& out) const {
  if (range.kind == Range::Kind::today || range.kind == Range::Kind::intervals) {
    const auto last = static_cast<std::uint32_t>((range.to + kInterval - 1) / kInterval);
    for (std::size_t i = first_interval_at(interval_of(range.from));
         i < intervals_.size() && (range.kind == Range::Kind::today || intervals_[i].index < last); ++i) {
      const auto& buckets = intervals_[i].buckets;
      auto at = std::lower_bound(buckets.begin(), buckets.end(), cell,
                                 [](const Bucket& b, std::uint16_t x) { return b.cell < x; });
      for (; at != buckets.end() && at->cell == cell; ++at) out.add(at->bucket, at->count);
    }
    return;
  }
  const auto from = static_cast<std::uint32_t>(range.from / kPane);
  const auto to = range.kind == Range::Kind::window ? second_ + 1
                                                    : static_cast<std::uint32_t>((range.to + kPane - 1) / kPane);
  const std::size_t head = sample_cursor_[window_count_ - 1u];
  auto at = std::lower_bound(samples_.begin() + static_cast<std::ptrdiff_t>(head), samples_.end(), from,
                             [](const Sample& s, std::uint32_t x) { return s.second < x; });
  for (; at != samples_.end() && at->second < to; ++at) {
    if (at->cell == cell) out.add(at->bucket, at->count);
  }
}

std::int64_t Series::quantile(const Layout& layout, std::uint16_t cell, const Range& range,
                              int per_mille) const {
  if (range.kind == Range::Kind::intervals || range.kind == Range::Kind::panes) {
    Histogram histogram;
    samples(cell, range, histogram);
    return histogram.quantile(per_mille);
  }
  auto watch = std::find_if(watches_.begin(), watches_.end(), [&](const Watch& w) { return w.cell == cell; });
  if (watch == watches_.end()) {
    watch = watches_.insert(watches_.end(), Watch{cell, std::vector<Histogram>(window_count_ + std::size_t{1})});
    const Clock clock{Time{second_} * kPane, midnight_};
    for (int k = 0; k < window_count_; ++k)
      samples(cell, window_range(layout, k, clock), watch->windows[static_cast<std::size_t>(k)]);
    samples(cell, today_range(clock), watch->windows[window_count_]);
  }
  const auto k = range.kind == Range::Kind::today ? window_count_ : static_cast<std::size_t>(range.window);
  return watch->windows[k].quantile(per_mille);
}

template <class F>
void Series::each_item(std::uint16_t cell, const Range& range, F&& f) const {
  const Time end = runs(range) ? now_ + 1 : range.to;
  for (std::size_t i = first_interval_at(interval_of(range.from)); i < intervals_.size(); ++i) {
    const Time base = Time{intervals_[i].index} * kInterval;
    if (base >= end) break;
    const auto& lists = intervals_[i].lists;
    const auto list = std::lower_bound(lists.begin(), lists.end(), cell,
                                       [](const List& l, std::uint16_t c) { return l.cell < c; });
    if (list == lists.end() || list->cell != cell) continue;
    auto at = list->items.begin();
    if (range.from > base) {
      const auto from = static_cast<std::uint32_t>(std::min<Time>(range.from - base, kInterval));
      at = std::lower_bound(at, list->items.end(), from,
                            [](const Item& item, std::uint32_t offset) { return item.offset < offset; });
    }
    for (; at != list->items.end() && base + at->offset < end; ++at) f(base + at->offset, at->value);
  }
}

Series::Highest Series::scan_highest(std::uint16_t cell, const Range& range) const {
  Highest highest{cell, 0, true, false, 0, kNever};
  each_item(cell, range, [&](Time at, std::int64_t value) {
    if (highest.any && value < highest.value) return;
    highest.any = true;
    highest.value = value;
    highest.at = at;
  });
  return highest;
}

bool Series::maximum(std::uint16_t cell, const Range& range, std::int64_t& value) const {
  if (range.kind == Range::Kind::intervals || range.kind == Range::Kind::panes) {
    const Highest highest = scan_highest(cell, range);
    value = highest.value;
    return highest.any;
  }
  const auto window = range.kind == Range::Kind::today ? window_count_ : static_cast<std::uint8_t>(range.window);
  auto known = std::find_if(highest_.begin(), highest_.end(), [&](const Highest& h) {
    return h.cell == cell && h.window == window;
  });
  if (known == highest_.end()) known = highest_.insert(highest_.end(), Highest{cell, window, false, false, 0, 0});
  if (!known->known || (known->any && known->at < range.from)) {
    *known = scan_highest(cell, range);
    known->window = window;
  }
  value = known->value;
  return known->any;
}

void Series::peak(const Layout& layout, std::uint16_t level, std::uint16_t steps, const Range& range,
                  std::int64_t& value, Time& at) const {
  std::int64_t count = level_at_end(layout, level, range) - column_sum(layout.column(level), range);
  // Steps at one instant count together: a call that leaves as another enters is not two waiting.
  Time instant = range.from;
  value = std::numeric_limits<std::int64_t>::min();
  const auto settle_instant = [&] {
    if (count <= value) return;
    value = count;
    at = instant;
  };
  each_item(steps, range, [&](Time t, std::int64_t step) {
    if (t != instant) settle_instant();
    instant = t;
    count += step;
  });
  settle_instant();
}

void Series::open(std::uint16_t cell, Time since) {
  auto at = std::find_if(open_.begin(), open_.end(), [&](const Open& o) { return o.cell == cell; });
  if (at == open_.end()) at = open_.insert(open_.end(), Open{cell, {}});
  at->since.insert(std::upper_bound(at->since.begin(), at->since.end(), since), since);
}

void Series::close(std::uint16_t cell, Time since) {
  const auto at = std::find_if(open_.begin(), open_.end(), [&](const Open& o) { return o.cell == cell; });
  CHECK(at != open_.end(), "a span is closed that was never open");
  const auto place = std::lower_bound(at->since.begin(), at->since.end(), since);
  CHECK(place != at->since.end() && *place == since, "a span is closed that was never open");
  at->since.erase(place);
}

Time Series::oldest(std::uint16_t cell) const {
  for (const Open& o : open_) {
    if (o.cell == cell) return o.since.empty() ? kNever : o.since.front();
  }
  return kNever;
}

std::size_t Series::bytes() const {
  std::size_t total = sizeof *this + row_index_.capacity() * 2 +
                      rows_.capacity() * 8 + row_column_.capacity() * 2 + panes_.capacity() * sizeof(Pane) +
                      samples_.capacity() * sizeof(Sample) + intervals_.capacity() * sizeof(Interval);
  for (const Interval& i : intervals_) {
    total += i.columns.capacity() * sizeof(i.columns[0]) + i.buckets.capacity() * sizeof(Bucket) +
             i.lists.capacity() * sizeof(List);
    for (const List& list : i.lists) total += list.items.capacity() * sizeof(Item);
  }
  for (const Watch& w : watches_) {
    for (const Histogram& h : w.windows) total += sizeof h + h.bytes();
  }
  total += highest_.capacity() * sizeof(Highest);
  for (const Open& o : open_) total += sizeof o + o.since.capacity() * sizeof(Time);
  for (const auto& [index, g] : left_) {
    total += sizeof g + g.columns.capacity() * sizeof(Gathered::Column) +
             g.buckets.capacity() * sizeof(Gathered::Bucket) + g.items.capacity() * sizeof(Gathered::Item);
  }
  return total;
}

}  // namespace windows
