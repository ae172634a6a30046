// The hash index against a multimap, with hashes that collide on purpose.
#include "core/hash_index.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <vector>

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

TEST_CASE("a hash index finds what was put in and nothing else, whatever collides") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    std::mt19937_64 dice(seed);
    INFO("seed " << seed);
    const std::uint64_t span = seed % 4 == 0 ? 8 : seed % 4 == 1 ? 300 : ~0ull;  // few hashes, or neighbours, or all
    core::HashIndex index;
    std::map<std::uint64_t, std::set<std::uint32_t>> model;
    std::uint32_t next = 0;
    for (int step = 0; step < 3'000; ++step) {
      std::uint64_t hash = dice() % span;
      if (dice() % 5 < 3) {
        index.insert(hash, next);
        model[hash].insert(next++);
      } else if (!model.empty()) {
        auto at = model.lower_bound(hash);
        if (at == model.end()) at = model.begin();
        const std::uint32_t number = *at->second.begin();
        index.erase(at->first, number);
        at->second.erase(number);
        if (at->second.empty()) model.erase(at);
      }
      hash = dice() % span;
      const auto known = model.find(hash);
      REQUIRE((index.guess(hash) != core::HashIndex::kNone) == (known != model.end()));
      if (known == model.end()) continue;
      const std::uint32_t last = *known->second.rbegin();
      REQUIRE(index.find(hash, [&](std::uint32_t n) { return n == last; }) == last);
      REQUIRE(index.find(hash, [&](std::uint32_t n) { return n == next; }) == core::HashIndex::kNone);
    }
    std::size_t size = 0;
    for (const auto& [hash, numbers] : model) {
      size += numbers.size();
      for (const std::uint32_t number : numbers)
        REQUIRE(index.find(hash, [&](std::uint32_t n) { return n == number; }) == number);
    }
    REQUIRE(index.size() == size);
  }
}
