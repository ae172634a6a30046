#include "server/hub_view.h"

#include <zlib.h>

#include <algorithm>

#include "server/json_text.h"

namespace server {
namespace {

// A delta larger than this share of the snapshot costs nearly as much and does not start anew; of small views
// it does not matter.
constexpr double kSnapshotShare = 0.6;
constexpr std::size_t kSmall = 512;

constexpr std::size_t kCellOverhead = 4;  // quotes, colon, comma
constexpr std::size_t kRowOverhead = 6;   // the same and braces

std::size_t cost(std::string_view column, std::string_view value) {
  return column.size() + value.size() + kCellOverhead;
}

void append_member(std::string& out, std::string_view column, std::string_view value) {
  append_string(out, column);
  out += ':';
  out += value;
}

}  // namespace

void Hub::View::set(const CellUpdate& update, std::uint64_t at) {
  auto row = rows.find(update.row);
  if (row == rows.end()) {
    row = rows.emplace(update.row, Row{}).first;
    bytes += update.row.size() + kRowOverhead;
  }
  auto& cells = row->second.cells;
  auto it = cells.find(update.column);
  if (it == cells.end()) {
    it = cells.emplace(update.column, Cell{}).first;
    it->second.row = row->first;
    it->second.column = it->first;
    bytes += cost(it->first, {});
  }
  Cell& cell = it->second;
  bytes += update.value.size() - cell.value.size();
  cell.value = update.value;
  cell.seq = at;
  if (newest == &cell) return;
  if (cell.newer != nullptr) {
    cell.newer->older = cell.older;
    if (cell.older != nullptr) cell.older->newer = cell.newer;
  }
  cell.newer = nullptr;
  cell.older = newest;
  if (newest != nullptr) newest->newer = &cell;
  newest = &cell;
}

std::uint32_t Hub::View::checksum() const {
  if (checked_seq_ == seq) return checksum_;
  uLong crc = crc32(0, nullptr, 0);
  std::string line;
  for (const auto& [row, content] : rows) {
    for (const auto& [column, cell] : content.cells) {
      line.clear();
      line.append(row).append(1, '\t').append(column).append(1, '=').append(cell.value).append(1, '\n');
      crc = crc32(crc, reinterpret_cast<const Bytef*>(line.data()), static_cast<uInt>(line.size()));
    }
  }
  checksum_ = static_cast<std::uint32_t>(crc);
  checked_seq_ = seq;
  return checksum_;
}

void Hub::View::append_cells(std::string& out) const {
  out += '{';
  bool first_row = true;
  for (const auto& [row, content] : rows) {
    if (!first_row) out += ',';
    first_row = false;
    append_string(out, row);
    out += ":{";
    bool first_cell = true;
    for (const auto& [column, cell] : content.cells) {
      if (!first_cell) out += ',';
      first_cell = false;
      append_member(out, column, cell.value);
    }
    out += '}';
  }
  out += '}';
}

std::string Hub::View::snapshot() const {
  std::string out = R"({"t":"snap","view":)";
  append_string(out, name);
  out += R"(,"seq":)";
  append_integer(out, static_cast<std::int64_t>(seq));
  out += R"(,"asof":)";
  append_instant(out, asof);
  out += R"(,"d":)";
  append_cells(out);
  out += '}';
  return out;
}

std::string Hub::View::delta(std::uint64_t since) const {
  std::vector<const Cell*> changed;
  std::size_t size = 0;
  const double most = kSnapshotShare * static_cast<double>(bytes);
  for (const Cell* cell = newest; cell != nullptr && cell->seq > since; cell = cell->older) {
    const bool same_row = !changed.empty() && changed.back()->row == cell->row;
    size += cost(cell->column, cell->value) + (same_row ? 0 : cell->row.size() + kRowOverhead);
    changed.push_back(cell);
    if (size > kSmall && static_cast<double>(size) > most) return {};
  }
  std::sort(changed.begin(), changed.end(),
            [](const Cell* a, const Cell* b) { return a->row != b->row ? a->row < b->row : a->column < b->column; });
  std::string out = R"({"t":"delta","view":)";
  append_string(out, name);
  out += R"(,"prev":)";
  append_integer(out, static_cast<std::int64_t>(since));
  out += R"(,"seq":)";
  append_integer(out, static_cast<std::int64_t>(seq));
  out += R"(,"asof":)";
  append_instant(out, asof);
  out += R"(,"set":{)";
  std::string_view row;
  for (const Cell* cell : changed) {
    if (row.data() == nullptr || cell->row != row) {
      if (row.data() != nullptr) out += "},";
      row = cell->row;
      append_string(out, row);
      out += ":{";
    } else {
      out += ',';
    }
    append_member(out, cell->column, cell->value);
  }
  out += changed.empty() ? "}}" : "}}}";
  return out;
}

}  // namespace server
