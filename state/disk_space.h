// DiskSpace: whether there is room to promise durability. Below `shed` nothing is acknowledged any more; that goes on
// until there is more than `resume`, so that it does not flicker. Both are well above what RocksDB needs to close
// files properly. One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/result.h"

namespace state {

struct SpaceLimits {
  std::uint64_t shed = 512ULL << 20;     // bytes
  std::uint64_t resume = 1'024ULL << 20;  // bytes, more than `shed`
};

// Bytes a process without privileges can still write below `folder`. Errors: disk_error.
using SpaceSource = std::function<core::Result<std::uint64_t>(const std::string& folder)>;
core::Result<std::uint64_t> free_space(const std::string& folder);

class DiskSpace {
 public:
  DiskSpace(std::string folder, const SpaceLimits& limits, SpaceSource source = free_space);

  // Looks, and says whether events may be acknowledged now. A source that fails counts as no room.
  bool enough();
  std::uint64_t free() const { return free_; }  // as of the last look
  // "only 103 MiB are free in /var/lib/ringside; at least 1,024 MiB are needed to go on"; empty when enough.
  const std::string& reason() const { return reason_; }

 private:
  std::string folder_;
  SpaceLimits limits_;
  SpaceSource source_;
  std::uint64_t free_ = 0;
  bool shedding_ = false;
  std::string reason_;
};

}  // namespace state
