// Wheel: a hierarchical timer wheel. A timer says "look at this subject again at this instant"; it holds no
// state of its own, so the wheel is never stored: it is rebuilt by looking at every subject.
//
// Five levels of 256 slots, the finest 16 ms wide; a bitmap per level jumps over empty slots, so a clock that
// leaps years costs no more than one that ticks. arm, cancel: O(1). Fires exactly: no timer before its instant.
// At most one timer per subject; subjects are small dense numbers. Deterministic: due timers come out ordered by
// (instant, subject). Method: Varghese and Lauck, hashed and hierarchical timing wheels, 1987. One thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "windows/time.h"

namespace windows {

class Wheel {
 public:
  struct Due {
    Time at;
    std::uint32_t subject;
  };

  Wheel();

  // (Re)arms the subject's timer; kNever cancels it. An instant that has passed fires at the next take_due.
  void arm(std::uint32_t subject, Time at);
  Time armed(std::uint32_t subject) const;  // kNever when not armed
  std::size_t size() const { return size_; }
  // No timer fires before it: exact within the finest level, else the beginning of the slot the earliest one is in, so
  // that whoever waits until then and takes what is due comes closer. kNever: none is armed.
  Time next() const;

  // All timers with instant <= now, ordered, removed from the wheel. now never goes backwards.
  void take_due(Time now, std::vector<Due>& out);

 private:
  static constexpr int kLevels = 5;
  static constexpr int kSlotBits = 8;
  static constexpr int kTickBits = 4;
  static constexpr std::uint32_t kNil = 0xFFFFFFFF;

  struct Node {
    Time at = kNever;
    std::uint32_t next = kNil;
    std::uint32_t previous = kNil;
    std::uint16_t slot = 0;  // level * 256 + slot
  };
  struct Level {
    std::array<std::uint32_t, 256> head;
    std::array<std::uint64_t, 4> occupied;
  };

  void link(std::uint32_t subject);
  void unlink(std::uint32_t subject);
  int next_occupied(const Level& level, int from) const;  // slot >= from, or 256

  std::vector<Node> nodes_;
  std::array<Level, kLevels> levels_;
  Time tick_ = 0;  // everything before this tick (instant >> kTickBits) has been taken
  std::size_t size_ = 0;
};

}  // namespace windows
