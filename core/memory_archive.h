// MemoryArchive: what a store does for an engine, in memory: rows arrive in generations and count when a generation is
// complete. For engines that are rebuilt without a disk, and for tests. One thread at a time.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "core/keep.h"

namespace core {

class MemoryArchive : public Archive {
 public:
  using Table = std::map<std::string, std::string, std::less<>>;

  bool get(Keep table, std::string_view key, std::string& value) override {
    const Table& rows = at(table);
    const auto row = rows.find(key);
    if (row == rows.end()) return false;
    value = row->second;
    return true;
  }
  void scan(Keep table, std::string_view from, std::string_view to,
            const std::function<bool(std::string_view, std::string_view)>& f) override {
    const Table& rows = at(table);
    const auto end = rows.lower_bound(to);
    for (auto row = rows.lower_bound(from); row != rows.end() && row != end; ++row) {
      if (!f(row->first, row->second)) return;
    }
  }
  std::uint64_t generation() override { return generation_; }

  void write(std::uint64_t generation, Kept&& row) { waiting_[generation].push_back(std::move(row)); }
  void forget() { waiting_.clear(); }
  // Everything up to this generation becomes what get and scan see.
  void complete(std::uint64_t generation) {
    for (; !waiting_.empty() && waiting_.begin()->first <= generation; waiting_.erase(waiting_.begin())) {
      for (Kept& row : waiting_.begin()->second) {
        Table& rows = at(row.table);
        if (row.merge) row.value = merge_interval(rows[row.key], row.value);
        if (row.value.empty()) {
          rows.erase(row.key);
        } else {
          rows[row.key] = std::move(row.value);
        }
      }
    }
    generation_ = generation;
  }
  Table& at(Keep table) { return tables_[static_cast<std::size_t>(table)]; }

 private:
  std::array<Table, kKeeps> tables_;
  std::map<std::uint64_t, std::vector<Kept>> waiting_;
  std::uint64_t generation_ = 0;
};

}  // namespace core
