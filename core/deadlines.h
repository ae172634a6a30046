// DeadlineIndex: which records have clocks that are not over, when the next of them is due, when the last was breached.
// Follows Clocks by one write per change; asked seldom, by walking all of it (10 ms for a million records).
// Derived from records, never stored. Deterministic; one thread at a time.
#pragma once

#include <span>
#include <vector>

#include "core/clocks.h"

namespace core {

class DeadlineIndex {
 public:
  struct Entry {
    std::uint32_t record = 0;
    std::uint16_t open = 0, overdue = 0, paused = 0;  // clocks; of the paused only those that are not overdue
    Time next = kNever;    // when the next clock that runs is due; kNever: none will be
    Time broken = kNever;  // when the last breach was, of those that are not over
    Scopes scopes;         // of the clock that is due first
  };

  void follow(std::uint32_t record, const Clocks& clocks);
  std::span<const Entry> entries() const { return entries_; }  // in no order
  bool has(std::uint32_t record) const { return record < place_.size() && place_[record] != kNone; }

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  std::vector<Entry> entries_;
  std::vector<std::uint32_t> place_;  // of a record's entry
};

}  // namespace core
