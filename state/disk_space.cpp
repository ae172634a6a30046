#include "state/disk_space.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/statvfs.h>

namespace state {
namespace {

std::string mebibytes(std::uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

}  // namespace

core::Result<std::uint64_t> free_space(const std::string& folder) {
  struct statvfs answer {};
  if (::statvfs(folder.c_str(), &answer) != 0) {
    return core::Error{"disk_error", "free space cannot be asked for: " + std::string(std::strerror(errno)), folder};
  }
  return static_cast<std::uint64_t>(answer.f_bavail) * answer.f_frsize;
}

DiskSpace::DiskSpace(std::string folder, const SpaceLimits& limits, SpaceSource source)
    : folder_(std::move(folder)), limits_(limits), source_(std::move(source)) {
  CHECK(limits_.resume >= limits_.shed, "resumes above where it sheds");
}

bool DiskSpace::enough() {
  const auto free = source_(folder_);
  if (!free) {
    free_ = 0;
    shedding_ = true;
    reason_ = free.error().where + ": " + free.error().message;
    return false;
  }
  free_ = *free;
  const std::uint64_t needed = shedding_ ? limits_.resume : limits_.shed;
  shedding_ = free_ < needed;
  reason_ = shedding_ ? "only " + mebibytes(free_) + " are free in " + folder_ + "; at least " +
                            mebibytes(limits_.resume) + " are needed to go on"
                      : "";
  return !shedding_;
}

}  // namespace state
