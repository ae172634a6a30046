#include "windows/wheel.h"

#include <algorithm>
#include <bit>

#include "windows/check.h"

namespace windows {

Wheel::Wheel() {
  for (Level& level : levels_) {
    level.head.fill(kNil);
    level.occupied.fill(0);
  }
}

Time Wheel::armed(std::uint32_t subject) const {
  return subject < nodes_.size() ? nodes_[subject].at : kNever;
}

void Wheel::arm(std::uint32_t subject, Time at) {
  if (subject >= nodes_.size()) {
    if (at == kNever) return;
    nodes_.resize(std::max<std::size_t>(subject + std::size_t{1}, nodes_.size() * 2));
  }
  Node& node = nodes_[subject];
  if (node.at == at) return;
  if (node.at != kNever) unlink(subject);
  node.at = at;
  if (at != kNever) link(subject);
}

// A timer goes into the finest level at which it still shares all higher digits with the current tick.
void Wheel::link(std::uint32_t subject) {
  Node& node = nodes_[subject];
  const auto tick = static_cast<std::uint64_t>(std::max(node.at >> kTickBits, tick_));
  const std::uint64_t differs = tick ^ static_cast<std::uint64_t>(tick_);
  const int level = differs == 0 ? 0 : (static_cast<int>(std::bit_width(differs)) - 1) / kSlotBits;
  CHECK(level < kLevels, "a timer more than five centuries away");
  const auto slot = static_cast<std::uint32_t>((tick >> (level * kSlotBits)) & 0xFF);
  Level& l = levels_[static_cast<std::size_t>(level)];
  node.slot = static_cast<std::uint16_t>(level * 256 + static_cast<int>(slot));
  node.previous = kNil;
  node.next = l.head[slot];
  if (node.next != kNil) nodes_[node.next].previous = subject;
  l.head[slot] = subject;
  l.occupied[slot / 64] |= std::uint64_t{1} << (slot % 64);
  ++size_;
}

void Wheel::unlink(std::uint32_t subject) {
  Node& node = nodes_[subject];
  const std::uint32_t slot = node.slot % 256u;
  Level& level = levels_[node.slot / 256u];
  if (node.previous != kNil) nodes_[node.previous].next = node.next;
  if (node.next != kNil) nodes_[node.next].previous = node.previous;
  if (level.head[slot] == subject) {
    level.head[slot] = node.next;
    if (node.next == kNil) level.occupied[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
  }
  --size_;
}

int Wheel::next_occupied(const Level& level, int from) const {
  for (int word = from / 64; word < 4; ++word) {
    std::uint64_t bits = level.occupied[static_cast<std::size_t>(word)];
    if (word == from / 64) bits &= ~std::uint64_t{0} << (from % 64);
    if (bits != 0) return word * 64 + std::countr_zero(bits);
  }
  return 256;
}

Time Wheel::next() const {
  for (int l = 0; l < kLevels; ++l) {
    const Level& level = levels_[static_cast<std::size_t>(l)];
    const int shift = l * kSlotBits;
    const int slot = next_occupied(level, static_cast<int>((tick_ >> shift) & 0xFF));
    if (slot == 256) continue;
    if (l > 0) return ((tick_ >> (shift + kSlotBits) << kSlotBits) + slot) << (shift + kTickBits);
    const std::uint32_t first = level.head[static_cast<std::size_t>(slot)];
    Time earliest = nodes_[first].at;
    for (std::uint32_t s = nodes_[first].next; s != kNil; s = nodes_[s].next)
      earliest = std::min(earliest, nodes_[s].at);
    return earliest;
  }
  return kNever;
}

void Wheel::take_due(Time now, std::vector<Due>& out) {
  const std::size_t first = out.size();
  const Time last = now >> kTickBits;
  CHECK(last >= tick_, "time went backwards");
  const auto take = [&](Level& level, std::uint32_t slot) {
    std::uint32_t subject = level.head[slot];
    while (subject != kNil) {
      const std::uint32_t next = nodes_[subject].next;
      if (nodes_[subject].at <= now) {
        out.push_back({nodes_[subject].at, subject});
        unlink(subject);
        nodes_[subject].at = kNever;
      }
      subject = next;
    }
  };
  // Every slot the clock has passed or reached, level by level; what is not due yet is linked again, closer.
  std::vector<std::uint32_t> again;
  for (int l = 0; l < kLevels; ++l) {
    Level& level = levels_[static_cast<std::size_t>(l)];
    const int shift = l * kSlotBits;
    const bool all = (last >> (shift + kSlotBits)) != (tick_ >> (shift + kSlotBits));
    const int from = static_cast<int>((tick_ >> shift) & 0xFF);
    const int to = all ? 255 : static_cast<int>((last >> shift) & 0xFF);
    for (int slot = next_occupied(level, from); slot <= to; slot = next_occupied(level, slot + 1)) {
      take(level, static_cast<std::uint32_t>(slot));
      for (std::uint32_t s = level.head[static_cast<std::size_t>(slot)]; s != kNil; s = nodes_[s].next)
        again.push_back(s);
    }
    if (!all) break;  // the digits above did not change, so no slot above was reached
  }
  for (const std::uint32_t subject : again) unlink(subject);
  tick_ = last;
  for (const std::uint32_t subject : again) link(subject);
  std::sort(out.begin() + static_cast<std::ptrdiff_t>(first), out.end(), [](const Due& a, const Due& b) {
    return a.at != b.at ? a.at < b.at : a.subject < b.subject;
  });
}

}  // namespace windows
