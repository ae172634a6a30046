// Random: the simulation's only source of chance. xoshiro256** seeded by splitmix64, and the distributions a
// support organisation needs, written out because the standard ones differ between libraries.
// Same seed, same sequence. Value type, one thread.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "windows/time.h"

namespace simulate {

using windows::Duration;
using windows::Time;

class Random {
 public:
  explicit Random(std::uint64_t seed) {
    for (auto& word : state_) word = splitmix(seed);
  }

  static std::uint64_t splitmix(std::uint64_t& x) {
    x += 0x9e3779b97f4a7c15u;
    std::uint64_t z = x;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  std::uint64_t next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }  // [0, 1)
  bool chance(double probability) { return unit() < probability; }
  // [low, high), for ranges far below 2^53
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(unit() * static_cast<double>(high - low));
  }

  // Durations, at least 1 ms.
  Duration exponential(double mean) { return whole(-mean * std::log1p(-unit())); }
  Duration lognormal(double median, double sigma) {
    const double radius = std::sqrt(-2 * std::log1p(-unit()));
    return whole(median * std::exp(sigma * radius * std::cos(2 * std::numbers::pi * unit())));
  }
  // Shape above 1: the longer one has waited, the likelier one gives up.
  Duration weibull(double scale, double shape) {
    return whole(scale * std::pow(-std::log1p(-unit()), 1 / shape));
  }

 private:
  static Duration whole(double ms) { return ms < 1 ? 1 : static_cast<Duration>(ms); }

  std::uint64_t state_[4];
};

}  // namespace simulate
