// Log-linear histogram of non-negative integers: exact below 64, then 32 buckets per power of two.
// A bucket's middle differs from any value in it by at most 1/64 of the value (1.6 %), whatever the range.
// Counts add and subtract exactly, so a histogram slides with its window and merges over intervals.
// Method: HdrHistogram / circllhist family, base 2; see docs/kpis.md, "Percentiles". Value type, any thread.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace windows {

inline constexpr int kSubBits = 5;  // 32 buckets per octave
inline constexpr std::uint32_t kLinear = 2u << kSubBits;

constexpr std::uint16_t bucket_of(std::int64_t value) {
  const auto v = value < 0 ? std::uint64_t{0} : static_cast<std::uint64_t>(value);
  if (v < kLinear) return static_cast<std::uint16_t>(v);
  const int shift = static_cast<int>(std::bit_width(v)) - kSubBits - 1;
  return static_cast<std::uint16_t>((static_cast<std::uint64_t>(shift) << kSubBits) + (v >> shift));
}

// Smallest value that falls into the bucket.
constexpr std::int64_t bucket_floor(std::uint16_t bucket) {
  if (bucket < kLinear) return bucket;
  const int shift = (bucket >> kSubBits) - 1;
  const std::int64_t mantissa = (bucket & ((1 << kSubBits) - 1)) | (1 << kSubBits);
  return mantissa << shift;
}

// What is reported for a value in the bucket: its middle, rounded down.
constexpr std::int64_t bucket_middle(std::uint16_t bucket) {
  if (bucket < kLinear) return bucket;
  const int shift = (bucket >> kSubBits) - 1;
  return bucket_floor(bucket) + ((std::int64_t{1} << shift) - 1) / 2;
}

class Histogram {
 public:
  void add(std::uint16_t bucket, std::int64_t count) {
    if (bucket >= counts_.size()) grow(bucket);
    counts_[bucket] += count;
    octaves_[bucket >> kSubBits] += count;
    total_ += count;
  }
  std::int64_t total() const { return total_; }

  // The value below or at which at least per_mille/1000 of all values lie (nearest rank); -1 when empty.
  std::int64_t quantile(int per_mille) const;

  void clear();
  std::size_t bytes() const { return (counts_.capacity() + octaves_.capacity()) * sizeof(std::int64_t); }

 private:
  void grow(std::uint16_t bucket);

  std::vector<std::int64_t> counts_;   // whole octaves of buckets
  std::vector<std::int64_t> octaves_;  // sums of 32 buckets, to find a rank in few steps
  std::int64_t total_ = 0;
};

}  // namespace windows
