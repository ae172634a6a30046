// Random streams of a support organisation in which nothing goes smoothly: events go missing, come late, twice, in
// the wrong order and from the near future; sources contradict each other, records correct, agents move.
// Everything follows from the seed.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "core/engine.h"

namespace streams {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  // 0 … n-1
  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(n));
  }
  bool percent(int p) { return below(100) < p; }
  template <class T>
  const T& of(const std::vector<T>& list) {
    return list[static_cast<std::size_t>(below(static_cast<std::int64_t>(list.size())))];
  }
  template <class T>
  void shuffle(std::vector<T>& list) {
    for (std::size_t i = list.size(); i > 1; --i)
      std::swap(list[i - 1], list[static_cast<std::size_t>(below(static_cast<std::int64_t>(i)))]);
  }

 private:
  std::mt19937_64 engine_;
};

struct Delivery {
  core::Time when;  // the engine hears of it
  core::Event event;
};

struct Stream {
  core::TenantSettings settings;
  core::Time begin = 0;
  std::vector<Delivery> deliveries;  // in order of `when`
};

Stream make(std::uint64_t seed);

// The built-in catalogue, read from core/catalogue.toml.
std::vector<core::KpiSpec> builtin_kpis();

}  // namespace streams
