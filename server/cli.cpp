#include "server/cli.h"

#include <algorithm>

#include "server/config_text.h"

namespace server {
namespace {

struct Command {
  std::size_t arguments;          // exactly
  std::set<std::string> options;  // each with a value
};

const std::map<std::string, Command>& commands() {
  static const std::map<std::string, Command> kCommands{
      {"serve", {0, {"config", "data", "listen"}}},
      {"replay", {1, {"config", "listen", "mapping", "speed", "clock", "to", "tenant"}}},
      {"recompute", {0, {"config", "data", "tenant"}}},
      {"check-config", {1, {}}},
      {"kpis", {0, {"config", "tenant"}}},
      {"verify", {1, {}}},
      {"backup", {2, {}}},
      {"restore", {2, {}}},
      {"journal", {1, {"tenant", "from", "to"}}},
      {"version", {0, {}}},
      {"help", {0, {}}},
  };
  return kCommands;
}

core::Error bad_usage(std::string message) { return {"bad_usage", std::move(message), ""}; }

std::string did_you_mean(const std::string& word, const std::set<std::string>& known, const char* dashes) {
  const auto meant = nearest(word, known);
  return meant ? std::string("; did you mean '") + dashes + *meant + "'?" : "";
}

}  // namespace

std::string CommandLine::option(const std::string& name, const std::string& otherwise) const {
  const auto it = options.find(name);
  return it == options.end() ? otherwise : it->second;
}

core::Result<CommandLine> parse_command_line(int argc, const char* const* argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  CommandLine line;
  line.command = "serve";
  for (const std::string& word : words) {
    if (word == "--help" || word == "-h") line.command = "help";
    if (word == "--version") line.command = "version";
    if (line.command == "help" || line.command == "version") return line;
  }
  if (!words.empty() && !words[0].starts_with("-")) {
    line.command = words[0];
    words.erase(words.begin());
  }
  const auto command = commands().find(line.command);
  if (command == commands().end()) {
    std::set<std::string> names;
    for (const auto& [name, unused] : commands()) names.insert(name);
    return bad_usage("unknown command '" + line.command + "'" + did_you_mean(line.command, names, ""));
  }
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!words[i].starts_with("--")) {
      line.arguments.push_back(words[i]);
      continue;
    }
    const std::size_t equals = words[i].find('=');
    const std::string name = words[i].substr(2, equals == std::string::npos ? equals : equals - 2);
    if (!command->second.options.contains(name)) {
      return bad_usage("'" + line.command + "' has no option '--" + name + "'" +
                       did_you_mean(name, command->second.options, "--"));
    }
    if (equals == std::string::npos && i + 1 == words.size()) return bad_usage("'--" + name + "' needs a value");
    line.options[name] = equals == std::string::npos ? words[++i] : words[i].substr(equals + 1);
  }
  if (line.arguments.size() != command->second.arguments) {
    return bad_usage("'" + line.command + "' takes " + std::to_string(command->second.arguments) + " argument" +
                     (command->second.arguments == 1 ? "" : "s"));
  }
  return line;
}

std::string usage() {
  return R"(ringside: real-time metrics of a call center, from events to wallboards.

  ringside [serve] [--config FILE] [--listen ADDRESS:PORT] [--data FOLDER]
      Takes events on POST /v1/events and serves the wallboard. Without --config: one tenant, built-in KPIs,
      http://127.0.0.1:8080/. What it was told is kept in FOLDER, otherwise ./ringside-data; "none": not at all.

  ringside replay FILE [--mapping FILE.toml] [--speed N|max] [--clock wall|data] [--tenant NAME]
                       [--config FILE] [--listen ADDRESS:PORT] [--to URL]
      Plays recorded events: NDJSON, or any text a mapping describes. By default into engines of its own, and
      serves them; with --to into a running server.
      --speed   times as fast as they happened; max (default): as fast as possible
      --clock   data (default): the recorded instants are now; wall: they are moved so that the first is now

  ringside recompute [--config FILE] [--data FOLDER] [--tenant NAME]
      Rebuilds all numbers from the journal and compares them with what is stored, while no server uses it. Ends with
      1 and the first difference if there is one.

  ringside check-config FILE    says everything that is wrong with a configuration
  ringside kpis [--config FILE] [--tenant NAME]    prints the catalogue of KPIs

  ringside verify FOLDER              reads everything that is stored, and says what is not whole
  ringside backup FOLDER BACKUP       brings BACKUP up to date; also while it is running; the next time it is quicker
  ringside restore BACKUP FOLDER      what was in FOLDER is moved aside, and what only it had is taken over;
                                      BACKUP may be 'none': then from what can still be read in FOLDER
  ringside journal FOLDER [--tenant NAME] [--from BATCH|INSTANT] [--to BATCH|INSTANT]
      Prints the accepted events as NDJSON, as `replay` reads it.
      These exit with 0 when all is well, 1 when it could not be done, 3 when something is damaged or lost.

  ringside version
  ringside --help
)";
}

}  // namespace server
