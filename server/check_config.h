// Reading a configuration for a command: from a file or the defaults, with the command line's wishes on top.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "server/cli.h"
#include "server/config.h"

namespace server {

// Errors: cannot_read, bad_toml, bad_config, bad_usage.
core::Result<Config> load_config(const CommandLine& line);
core::Result<std::string> read_file(const std::string& path);

// Also compiles the KPIs and opens the views, as `serve` would. Answers what is allowed and hardly meant: rules that no
// source can feed.
core::Result<std::vector<std::string>> check_config(const std::string& path);

}  // namespace server
