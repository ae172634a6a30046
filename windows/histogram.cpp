#include "windows/histogram.h"

#include <algorithm>

namespace windows {

std::int64_t Histogram::quantile(int per_mille) const {
  if (total_ <= 0) return -1;
  const std::int64_t rank = std::max<std::int64_t>(1, (total_ * per_mille + 999) / 1000);
  std::int64_t seen = 0;
  for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    seen += counts_[bucket];
    if (seen >= rank) return bucket_middle(static_cast<std::uint16_t>(bucket));
  }
  return -1;
}

}  // namespace windows
