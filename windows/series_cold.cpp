// What a series has in common with what is kept of it: everything laid out piece by piece.
#include "windows/series.h"

namespace windows {

void Series::each(const Layout& layout, const EachPart& f) const {
  const auto tell = [&](Part part, std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t n) {
    if (n != 0) f(part, {a, b, c, n});
  };
  for (const Interval& i : intervals_) {
    for (const auto& [column, value] : i.columns) tell(Part::column, i.index, column, 0, value);
    for (const Bucket& b : i.buckets) tell(Part::bucket, i.index, b.cell, b.bucket, b.count);
    for (const Item& item : i.items)
      f(Part::item, {i.index, item.cell, item.offset, item.value});
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
