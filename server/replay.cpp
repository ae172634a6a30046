#include "server/replay.h"

#include <cstdio>

namespace server {

int replay(const CommandLine&) {
  std::fprintf(stderr, "not yet\n");
  return 1;
}

}  // namespace server
