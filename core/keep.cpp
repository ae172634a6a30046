#include "core/keep.h"

#include "core/interval_row.h"
#include "core/keep_codec.h"

namespace core {

std::string behind(std::string_view prefix) {
  std::string key(prefix);
  while (!key.empty() && key.back() == '\xFF') key.pop_back();
  CHECK(!key.empty(), "no key is behind all");
  key.back() = static_cast<char>(static_cast<std::uint8_t>(key.back()) + 1);
  return key;
}

// Three parts, each behind its length, so that a reader steps over what nobody asks for. Within a part every number is
// told as the difference to the one before, where they ascend.
std::string interval_row(const windows::Gathered& g) {
  RowWriter columns(RowWriter::kPart), buckets(RowWriter::kPart), items(RowWriter::kPart), row;
  std::uint32_t last = 0;
  for (const auto& c : g.columns) {
    columns.number(c.column - last);
    columns.difference(c.value);
    last = c.column;
  }
  last = 0;
  for (const auto& b : g.buckets) {
    buckets.number(b.cell - last);
    buckets.number(b.bucket);
    buckets.difference(b.count);
    last = b.cell;
  }
  last = 0;
  std::uint32_t offset = 0;
  for (const auto& i : g.items) {
    items.number(i.cell - last);
    if (i.cell != last) offset = 0;
    items.number(i.offset - offset);
    items.difference(i.value);
    items.difference(i.count);
    last = i.cell;
    offset = i.offset;
  }
  row.text(columns.take());
  row.text(buckets.take());
  row.text(items.take());
  return row.take();
}

bool read_interval(std::string_view value, const IntervalParts& parts, windows::Gathered& g) {
  g = {};
  RowReader row(value);
  RowReader columns(row.text(), RowReader::kPart), buckets(row.text(), RowReader::kPart),
      items(row.text(), RowReader::kPart);
  if (!row.ok() || !row.done()) return false;
  std::uint32_t last = 0;
  while (parts.columns && !columns.done() && columns.ok()) {
    last += columns.number32();
    g.columns.push_back({static_cast<std::uint16_t>(last), columns.difference()});
  }
  last = 0;
  while (parts.buckets && !buckets.done() && buckets.ok()) {
    last += buckets.number32();
    const auto bucket = static_cast<std::uint16_t>(buckets.number());
    g.buckets.push_back({static_cast<std::uint16_t>(last), bucket, buckets.difference()});
  }
  last = 0;
  std::uint32_t offset = 0;
  while (parts.items && !items.done() && items.ok()) {
    const std::uint32_t step = items.number32();
    if (step != 0) offset = 0;
    last += step;
    offset += items.number32();
    const std::int64_t number = items.difference();
    g.items.push_back({static_cast<std::uint16_t>(last), offset, number, items.difference()});
  }
  return columns.ok() && buckets.ok() && items.ok();
}

std::string merge_interval(std::string_view old, std::string_view delta) {
  if (old.empty()) return std::string(delta);
  if (delta.empty()) return std::string(old);
  windows::Gathered sum, added;
  const bool sound = read_interval(old, {}, sum) && read_interval(delta, {}, added);
  CHECK(sound, "a row of intervals makes no sense: the store hands back what it was given or says it is damaged");
  sum.add(added);
  return sum.empty() ? std::string() : interval_row(sum);
}

}  // namespace core
