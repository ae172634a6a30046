// Histograms: exact when small, never further off than promised, and as good after taking back as if never added.
#include "windows/histogram.h"

#include <algorithm>
#include <cstdlib>
#include <random>

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

using windows::bucket_floor;
using windows::bucket_middle;
using windows::bucket_of;
using windows::Histogram;

TEST_CASE("buckets follow each other without gap and hold what they should") {
  for (int b = 0; b < 1'200; ++b) {
    const auto bucket = static_cast<std::uint16_t>(b);
    const std::int64_t from = bucket_floor(bucket);
    const std::int64_t to = bucket_floor(static_cast<std::uint16_t>(b + 1)) - 1;
    REQUIRE(from <= to);
    REQUIRE(bucket_of(from) == bucket);
    REQUIRE(bucket_of(to) == bucket);
    const std::int64_t middle = bucket_middle(bucket);
    REQUIRE((middle >= from && middle <= to));
    if (to < 64) {
      REQUIRE(from == to);  // exact
    }
    // The error bound: 1/64 of any value in the bucket.
    for (const std::int64_t value : {from, to}) REQUIRE(std::abs(middle - value) * 64 <= value);
  }
  CHECK(bucket_of(-5) == 0);
}

TEST_CASE("quantiles lie within 1.6 % of the nearest rank, also after taking back") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 dice(seed);
    const auto below = [&](std::int64_t n) {
      return static_cast<std::int64_t>(dice() % static_cast<std::uint64_t>(n));
    };
    Histogram histogram;
    std::vector<std::int64_t> values;
    for (int i = 0; i < 200; ++i) {
      if (!values.empty() && below(3) == 0) {
        const auto at = values.begin() + below(static_cast<std::int64_t>(values.size()));
        histogram.add(bucket_of(*at), -1);
        values.erase(at);
      } else {
        values.push_back(below(std::int64_t{1} << (1 + below(36))));
        histogram.add(bucket_of(values.back()), 1);
      }
      REQUIRE(histogram.total() == static_cast<std::int64_t>(values.size()));
      std::vector<std::int64_t> sorted = values;
      std::sort(sorted.begin(), sorted.end());
      for (const int per_mille : {1, 100, 500, 950, 999, 1000}) {
        if (sorted.empty()) {
          REQUIRE(histogram.quantile(per_mille) == -1);
          continue;
        }
        std::size_t rank = 1;
        while (rank * 1000 < sorted.size() * static_cast<std::size_t>(per_mille)) ++rank;
        const std::int64_t exact = sorted[rank - 1];
        const std::int64_t got = histogram.quantile(per_mille);
        REQUIRE(std::abs(got - exact) * 64 <= exact);
      }
    }
  }
}

TEST_CASE("an emptied histogram is an empty one") {
  Histogram histogram;
  histogram.add(bucket_of(5'000), 3);
  histogram.clear();
  CHECK(histogram.quantile(500) == -1);
  histogram.add(bucket_of(7), 1);
  CHECK(histogram.quantile(1000) == 7);
}
