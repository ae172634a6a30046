// NameTable: finds a word among a fixed few in one probe: a hash over the length and four
// characters whose multiplier is searched at compile time so that no two words share a slot. Words
// are at least two characters long. Value, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace ingest {

template <std::size_t N>
class NameTable {
 public:
  consteval explicit NameTable(const std::array<std::string_view, N>& names) : names_(names) {
    static_assert(N < kNone);
    while (!fill()) multiplier_ = multiplier_ * 6364136223846793005u + 1442695040888963407u;
  }

  // Index of `name` among the words, or -1.
  int find(std::string_view name) const {
    if (name.size() < 2) return -1;
    const std::uint8_t i = slots_[slot_of(name)];
    if (i == kNone || names_[i].size() != name.size()) return -1;
    return same(names_[i].data(), name.data(), name.size()) ? i : -1;
  }

  std::string_view operator[](std::size_t i) const { return names_[i]; }

 private:
  static constexpr std::uint8_t kNone = 255;

  // Two overlapping words cover what is at most two words long, without a call.
  template <class Word>
  static bool same_ends(const char* a, const char* b, std::size_t n) {
    Word a0, a1, b0, b1;
    std::memcpy(&a0, a, sizeof(Word));
    std::memcpy(&b0, b, sizeof(Word));
    std::memcpy(&a1, a + n - sizeof(Word), sizeof(Word));
    std::memcpy(&b1, b + n - sizeof(Word), sizeof(Word));
    return ((a0 ^ b0) | (a1 ^ b1)) == 0;
  }

  static bool same(const char* a, const char* b, std::size_t n) {
    if (n > 16) return std::memcmp(a, b, n) == 0;
    if (n >= 8) return same_ends<std::uint64_t>(a, b, n);
    return n >= 4 ? same_ends<std::uint32_t>(a, b, n) : same_ends<std::uint16_t>(a, b, n);
  }

  constexpr std::size_t slot_of(std::string_view name) const {
    const std::size_t n = name.size();
    const auto byte = [&](std::size_t i) -> std::uint64_t {
      return static_cast<unsigned char>(name[i]);
    };
    const std::uint64_t mix = byte(0) | byte(n / 2) << 8 | byte(n * 3 / 4) << 16 |
                              byte(n - 1) << 24 | static_cast<std::uint64_t>(n) << 32;
    return static_cast<std::size_t>(mix * multiplier_ >> 56);
  }

  consteval bool fill() {
    for (auto& slot : slots_) slot = kNone;
    for (std::size_t i = 0; i < N; ++i) {
      auto& slot = slots_[slot_of(names_[i])];
      if (slot != kNone) return false;
      slot = static_cast<std::uint8_t>(i);
    }
    return true;
  }

  std::array<std::string_view, N> names_;
  std::array<std::uint8_t, 256> slots_{};
  std::uint64_t multiplier_ = 0x9E3779B97F4A7C15u;
};

}  // namespace ingest
