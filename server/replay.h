// Replay: recorded events, as if they happened again. Into a service in this process, or to a running one.
#pragma once

#include "server/cli.h"

namespace server {

// Plays the file and serves what comes of it until a signal; with --to, ends with the file. The exit code.
int replay(const CommandLine& line);

}  // namespace server
