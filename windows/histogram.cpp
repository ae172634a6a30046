#include "windows/histogram.h"

#include <algorithm>

namespace windows {

void Histogram::grow(std::uint16_t bucket) {
  octaves_.resize((bucket >> kSubBits) + std::size_t{1});
  counts_.resize(octaves_.size() << kSubBits);
}

void Histogram::clear() {
  std::fill(counts_.begin(), counts_.end(), 0);
  std::fill(octaves_.begin(), octaves_.end(), 0);
  total_ = 0;
}

std::int64_t Histogram::quantile(int per_mille) const {
  if (total_ <= 0) return -1;
  const std::int64_t rank = std::max<std::int64_t>(1, (total_ * per_mille + 999) / 1000);
  std::int64_t seen = 0;
  std::size_t octave = 0;
  while (seen + octaves_[octave] < rank) seen += octaves_[octave++];
  std::size_t bucket = octave << kSubBits;
  while (seen + counts_[bucket] < rank) seen += counts_[bucket++];
  return bucket_middle(static_cast<std::uint16_t>(bucket));
}

}  // namespace windows
