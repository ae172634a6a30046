// Options: the command line of ringside-simulate. Pure: the current time is an argument. One thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "tools/simulate/poster.h"
#include "tools/simulate/world.h"

namespace simulate {

struct Options {
  WorldOptions world;
  Duration warm = 0;
  Duration duration = 0;  // after the warm-up; 0: until stopped
  double speed = 1;       // 0: as fast as possible
  std::string file;       // empty: standard output
  std::optional<Url> post;
  bool quiet = false;
};

// Error code "help": the message is the usage text and nothing is wrong.
core::Result<Options> parse_options(const std::vector<std::string_view>& arguments, Time now);

}  // namespace simulate
