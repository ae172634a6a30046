// The command line: "ringside COMMAND [ARGUMENT…] [--option VALUE…]". What a command does not know is refused.
// Errors: bad_usage. Pure, any thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/result.h"

namespace server {

struct CommandLine {
  std::string command;  // "serve" when none is given
  std::vector<std::string> arguments;
  std::map<std::string, std::string> options;  // without the dashes

  std::string option(const std::string& name, const std::string& otherwise = {}) const;
  bool has(const std::string& name) const { return options.contains(name); }
};

core::Result<CommandLine> parse_command_line(int argc, const char* const* argv);
std::string usage();

}  // namespace server
