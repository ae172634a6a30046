// HashIndex: from a 64-bit hash to the numbers of things that have it. The things themselves are elsewhere, so whoever
// looks says which of the candidates is meant; two things with one hash are two entries.
//
// Open addressing with linear probing, at most half full: a hit is one cache line nearly always. prefetch() asks for
// that line early, which is most of what a look-up costs when there are hundreds of thousands of things.
// Never walked, so its order reaches nobody. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "windows/check.h"

namespace core {

class HashIndex {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  // The number among those with this hash for which `is` holds; kNone when there is none.
  template <class Is>
  std::uint32_t find(std::uint64_t hash, Is&& is) const {
    if (slots_.empty()) return kNone;
    for (std::size_t at = hash & mask_;; at = (at + 1) & mask_) {
      const Slot& slot = slots_[at];
      if (slot.number == kNone) return kNone;
      if (slot.hash == hash && is(slot.number)) return slot.number;
    }
  }
  // Some number with this hash: good enough to fetch its memory early.
  std::uint32_t guess(std::uint64_t hash) const {
    return find(hash, [](std::uint32_t) { return true; });
  }
  void prefetch(std::uint64_t hash) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[hash & mask_]);
  }

  void insert(std::uint64_t hash, std::uint32_t number) {
    if (2 * (size_ + 1) > slots_.size()) grow();
    put(hash, number);
    ++size_;
  }

  void erase(std::uint64_t hash, std::uint32_t number) {
    CHECK(!slots_.empty(), "what is erased is there");
    std::size_t hole = hash & mask_;
    while (slots_[hole].number != number || slots_[hole].hash != hash) {
      CHECK(slots_[hole].number != kNone, "what is erased is there");
      hole = (hole + 1) & mask_;
    }
    // What follows without a gap moves up if the hole lies between its home and its place.
    for (std::size_t at = (hole + 1) & mask_; slots_[at].number != kNone; at = (at + 1) & mask_) {
      const std::size_t home = slots_[at].hash & mask_;
      if (((at - home) & mask_) < ((at - hole) & mask_)) continue;
      slots_[hole] = slots_[at];
      hole = at;
    }
    slots_[hole].number = kNone;
    --size_;
  }

  std::size_t size() const { return size_; }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t number = kNone;
  };

  void put(std::uint64_t hash, std::uint32_t number) {
    std::size_t at = hash & mask_;
    while (slots_[at].number != kNone) at = (at + 1) & mask_;
    slots_[at] = {hash, number};
  }

  void grow() {
    std::vector<Slot> old(slots_.empty() ? 16 : 2 * slots_.size());
    old.swap(slots_);
    mask_ = slots_.size() - 1;
    for (const Slot& slot : old) {
      if (slot.number != kNone) put(slot.hash, slot.number);
    }
  }

  std::vector<Slot> slots_;  // a power of two
  std::size_t mask_ = 0;
  std::size_t size_ = 0;
};

}  // namespace core
