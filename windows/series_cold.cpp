// History beyond memory: intervals that left a series, and reading them together with those that did not.
#include "windows/check.h"
#include "windows/series.h"

namespace windows {
namespace {

std::int64_t wrap_add(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t wrap_mul(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}

// Adds to a sorted list: `same` tells whether two entries count the same thing, `number` is what is counted.
template <class T, class Less, class Number>
void add_to(std::vector<T>& list, const T& added, Less less, Number T::*number) {
  const auto at = list.empty() || less(list.back(), added) ? list.end()
                                                           : std::lower_bound(list.begin(), list.end(), added, less);
  if (at == list.end() || less(added, *at)) {
    if (added.*number != 0) list.insert(at, added);
    return;
  }
  (*at).*number = wrap_add((*at).*number, added.*number);
  if ((*at).*number == 0) list.erase(at);
}

}  // namespace

void Gathered::add(const Column& added) {
  add_to(columns, added, [](const Column& a, const Column& b) { return a.column < b.column; }, &Column::value);
}

void Gathered::add(const Bucket& added) {
  const auto less = [](const Bucket& a, const Bucket& b) {
    return a.cell != b.cell ? a.cell < b.cell : a.bucket < b.bucket;
  };
  add_to(buckets, added, less, &Bucket::count);
}

void Gathered::add(const Item& added) {
  const auto less = [](const Item& a, const Item& b) {
    if (a.cell != b.cell) return a.cell < b.cell;
    return a.offset != b.offset ? a.offset < b.offset : a.value < b.value;
  };
  add_to(items, added, less, &Item::count);
}

void Gathered::add(const Gathered& other) {
  for (const Column& column : other.columns) add(column);
  for (const Bucket& bucket : other.buckets) add(bucket);
  for (const Item& item : other.items) add(item);
}

void Series::leave(const Layout& layout, const Clock& clock, Time horizon) {
  CHECK(horizon % kInterval == 0 && horizon >= horizon_ && horizon <= clock.midnight, "a horizon that cannot be");
  settle(layout, clock);
  horizon_ = horizon;
  const std::size_t end = first_interval_at(static_cast<std::uint32_t>(horizon / kInterval));
  for (std::size_t i = 0; i < end; ++i) {
    const Interval& from = intervals_[i];
    Gathered g;
    for (const auto& [column, value] : from.columns) g.add(Gathered::Column{column, value});
    for (const Bucket& b : from.buckets) g.add(Gathered::Bucket{b.cell, b.bucket, b.count});
    for (const List& list : from.lists) {
      for (const Item& item : list.items) g.add(Gathered::Item{list.cell, item.offset, item.value, 1});
    }
    Gathered& to = left_[from.index];
    if (to.empty()) {
      to = std::move(g);
    } else {
      to.add(g);
    }
  }
  intervals_.erase(intervals_.begin(), intervals_.begin() + static_cast<std::ptrdiff_t>(end));
}

void Series::fold_left(const Layout& layout, const Entry& entry) {
  const auto index = static_cast<std::uint32_t>(entry.at / kInterval);
  Gathered& g = left_[index];
  const auto column = [&](std::uint16_t which, std::int64_t value) {
    g.add(Gathered::Column{which, value});
    std::int64_t& ever = row(make_row(which))[window_count_ + 2u];
    ever = wrap_add(ever, value);
  };
  switch (layout.kind(entry.cell)) {
    case CellKind::sum: column(layout.column(entry.cell), entry.value * entry.count); break;
    case CellKind::level: {
      const std::int64_t edges = entry.value * entry.count;
      column(layout.column(entry.cell), edges);
      column(static_cast<std::uint16_t>(layout.column(entry.cell) + 1), wrap_mul(edges, entry.at));
      break;
    }
    case CellKind::samples: g.add(Gathered::Bucket{entry.cell, bucket_of(entry.value), entry.count}); break;
    case CellKind::list:
      g.add(Gathered::Item{entry.cell, static_cast<std::uint32_t>(entry.at - Time{index} * kInterval), entry.value,
                           entry.count});
      break;
  }
  if (g.empty()) left_.erase(index);
}

void Series::start_level(const Layout& layout, std::uint16_t cell, std::int64_t edges) {
  std::int64_t& ever = row(make_row(layout.column(cell)))[window_count_ + 2u];
  ever = wrap_add(ever, edges);
}

Series Series::joined(const Layout& layout, const std::vector<std::pair<std::uint32_t, Gathered>>& older) const {
  CHECK(settled(), "only a settled series is read");
  Series copy = *this;
  copy.joined_ = true;
  copy.left_.clear();
  std::vector<Interval> intervals;
  intervals.reserve(older.size() + intervals_.size());
  for (const auto& [index, g] : older) {
    Interval& to = intervals.emplace_back(Interval{index, {}, {}, {}});
    for (const auto& c : g.columns) {
      copy.make_row(c.column);
      to.columns.push_back({c.column, c.value});
    }
    for (const auto& b : g.buckets) to.buckets.push_back({b.cell, b.bucket, static_cast<std::int32_t>(b.count)});
    for (const auto& item : g.items) {
      if (to.lists.empty() || to.lists.back().cell != item.cell) to.lists.push_back({item.cell, {}});
      auto& items = to.lists.back().items;
      for (std::int64_t n = item.count; n > 0; --n) items.push_back({item.value, item.offset});
    }
  }
  // A level that rose and fell within one interval has left only the second of its columns there.
  for (std::uint16_t cell = 0; cell < layout.cells(); ++cell) {
    if (layout.kind(cell) != CellKind::level) continue;
    const std::uint16_t column = layout.column(cell);
    if (copy.row_of(static_cast<std::uint16_t>(column + 1)) != nullptr) copy.make_row(column);
  }
  CHECK(intervals.empty() || intervals_.empty() || intervals.back().index < intervals_.front().index,
        "an interval is in memory and is not");
  intervals.insert(intervals.end(), intervals_.begin(), intervals_.end());
  copy.intervals_ = std::move(intervals);
  return copy;
}

std::int64_t Series::joined_after(std::uint16_t column, Time instant) const {
  auto& sums = after_[column];
  if (sums.empty()) {
    sums.resize(intervals_.size() + 1);
    const std::int64_t* cells = row_of(column);
    sums.back() = cells == nullptr ? 0 : cells[window_count_ + 1u];
    for (std::size_t i = intervals_.size(); i-- > 0;) {
      const auto& columns = intervals_[i].columns;
      const auto at = std::lower_bound(columns.begin(), columns.end(), column,
                                       [](const auto& c, std::uint16_t x) { return c.first < x; });
      const bool any = at != columns.end() && at->first == column;
      sums[i] = wrap_add(sums[i + 1], any ? at->second : 0);
    }
  }
  // The current interval is gathered apart from the others and lies behind them all.
  const auto index = static_cast<std::uint32_t>(instant / kInterval);
  return index > interval_ ? 0 : sums[first_interval_at(index)];
}

void Series::each(const Layout& layout, const EachPart& f) const {
  const auto tell = [&](Part part, std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t n) {
    if (n != 0) f(part, {a, b, c, n});
  };
  for (const Interval& i : intervals_) {
    for (const auto& [column, value] : i.columns) tell(Part::column, i.index, column, 0, value);
    for (const Bucket& b : i.buckets) tell(Part::bucket, i.index, b.cell, b.bucket, b.count);
    for (const List& list : i.lists) {
      for (const Item& item : list.items) f(Part::item, {i.index, list.cell, item.offset, item.value});
    }
  }
  for (std::uint32_t r = 0; r < row_column_.size(); ++r) {
    const std::int64_t* cells = row(r);
    tell(Part::column, interval_, row_column_[r], 0, cells[window_count_ + 1u]);
    for (std::size_t k = 0; k <= window_count_; ++k)
      tell(Part::window, static_cast<std::int64_t>(k), row_column_[r], 0, cells[k]);
  }
  for (std::uint16_t cell = 0; cell < layout.cells(); ++cell) {
    if (layout.kind(cell) != CellKind::level) continue;
    const std::int64_t* cells = row_of(layout.column(cell));
    if (cells != nullptr) tell(Part::level, cell, 0, 0, cells[window_count_ + 2u]);
  }
  for (std::size_t i = panes_head_; i < panes_.size(); ++i)
    tell(Part::pane, panes_[i].second, row_column_[panes_[i].row], 0, panes_[i].value);
  for (std::size_t i = sample_cursor_[window_count_ - 1u]; i < samples_.size(); ++i)
    tell(Part::sample, samples_[i].second, samples_[i].cell, samples_[i].bucket, samples_[i].count);
  for (const Open& o : open_) {
    for (const Time since : o.since) f(Part::open, {o.cell, since, 0, 0});
  }
}

}  // namespace windows
