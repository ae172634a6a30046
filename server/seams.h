// Seams: what of the machine a test may put something else in the place of. Empty: the machine's own.
#pragma once

#include <memory>

#include "state/disk.h"
#include "state/disk_space.h"

namespace server {

struct Seams {
  std::shared_ptr<state::Disk> disk;
  state::SpaceSource free_space;
};

}  // namespace server
