// Dirty: which of many numbered things changed since the last generation of rows, and which of the generation
// being handed out are still to be written. A frozen thing is written before it changes. One thread at a time.
#pragma once

#include <cstdint>
#include <vector>

namespace core {

class Dirty {
 public:
  void mark(std::uint32_t index) {
    if (index >= state_.size()) state_.resize(index + index / 2 + std::size_t{16});
    if ((state_[index] & kMarked) != 0) return;
    state_[index] |= kMarked;
    marked_.push_back(index);
  }
  bool marked(std::uint32_t index) const { return index < state_.size() && (state_[index] & kMarked) != 0; }
  bool frozen(std::uint32_t index) const { return index < state_.size() && (state_[index] & kFrozen) != 0; }

  // What is marked becomes frozen. Nothing may be frozen still.
  void freeze() {
    frozen_.swap(marked_);
    marked_.clear();
    for (const std::uint32_t index : frozen_) state_[index] = kFrozen;
  }
  template <class F>
  void each_frozen(F&& f) const {
    for (const std::uint32_t index : frozen_) f(index);
  }
  // A frozen thing was written.
  void written(std::uint32_t index) { state_[index] &= static_cast<std::uint8_t>(~kFrozen); }
  // The next thing to write; false when there is none.
  bool next(std::uint32_t& index) {
    while (!frozen_.empty()) {
      index = frozen_.back();
      frozen_.pop_back();
      if (frozen(index)) return true;
    }
    return false;
  }

 private:
  static constexpr std::uint8_t kMarked = 1, kFrozen = 2;
  std::vector<std::uint8_t> state_;
  std::vector<std::uint32_t> marked_, frozen_;
};

}  // namespace core
