// Recompute: rebuilds all numbers of each tenant from the journal alone and compares them with what is stored.
#pragma once

#include "server/cli.h"

namespace server {

// The exit code: 0 all equal, 1 something differs (the first difference is told), 3 the stored data was refused.
int recompute(const CommandLine& line);

}  // namespace server
