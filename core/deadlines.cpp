#include "core/deadlines.h"

#include <algorithm>

namespace core {

void DeadlineIndex::follow(std::uint32_t record, const Clocks& clocks) {
  Entry entry;
  entry.record = record;
  bool scoped = false;
  for (const ClockState& clock : clocks) {
    if (!clock.open()) continue;
    ++entry.open;
    bool first = !scoped;
    if (clock.state == ClockState::State::breached) {
      ++entry.overdue;
      entry.broken = std::max(entry.broken, clock.breached_at);
    } else if (clock.due == kNever) {
      ++entry.paused;
    } else if (entry.next == kNever || clock.due < entry.next) {
      entry.next = clock.due;
      first = true;
    }
    if (first) entry.scopes = clock.scopes;
    scoped = true;
  }
  if (entry.open == 0) {
    if (!has(record)) return;
    const std::uint32_t hole = place_[record];
    place_[record] = kNone;
    if (hole + std::size_t{1} < entries_.size()) {
      entries_[hole] = entries_.back();
      place_[entries_[hole].record] = hole;
    }
    entries_.pop_back();
    return;
  }
  if (record >= place_.size()) place_.resize(std::max<std::size_t>(record + std::size_t{1}, place_.size() * 2), kNone);
  if (place_[record] == kNone) {
    place_[record] = static_cast<std::uint32_t>(entries_.size());
    entries_.push_back(entry);
  } else {
    entries_[place_[record]] = entry;
  }
}

}  // namespace core
