// ringside: what the program can do, one function a command.
#include <cstdio>
#include <filesystem>
#include <string>

#include "server/check_config.h"
#include "server/cli.h"
#include "server/config.h"
#include "server/keep_commands.h"
#include "server/recompute.h"
#include "server/replay.h"
#include "server/serve.h"

namespace {

int fail(const core::Error& error) {
  const std::string place = error.where.empty() ? "" : error.where + ": ";
  std::fprintf(stderr, "%s%s\n", place.c_str(), error.message.c_str());
  return error.code == "bad_usage" ? 2 : 1;
}

int serve(const server::CommandLine& line) {
  auto config = server::load_config(line);
  if (!config) return fail(config.error());
  if (!config->storage.folder) config->storage.folder = server::kDefaultFolder;
  const std::string folder = *config->storage.folder;
  const auto again = [line, folder] {
    auto next = server::load_config(line);
    if (next && !next->storage.folder) next->storage.folder = folder;
    return next;
  };
  auto service = server::Service::create(std::move(*config), {}, again);
  if (!service) return fail(service.error());
  std::printf("Ringside %s\n", server::build_name().c_str());
  if (folder.empty()) {
    std::printf("Nothing is kept after it stops: numbers start from zero at every start.\n");
  } else {
    std::printf("Kept in %s\n", std::filesystem::absolute(folder).c_str());
  }
  std::printf("Wallboard: %s\n", (*service)->address().c_str());
  std::fflush(stdout);
  (*service)->on_signals();
  return (*service)->run().code;  // why is in the log
}

int check_config(const server::CommandLine& line) {
  const auto checked = server::check_config(line.arguments[0]);
  if (!checked) return fail(checked.error());
  for (const std::string& doubt : *checked) std::fprintf(stderr, "%s\n", doubt.c_str());
  std::printf("%s: good\n", line.arguments[0].c_str());
  return 0;
}

int kpis(const server::CommandLine& line) {
  const auto config = server::load_config(line);
  if (!config) return fail(config.error());
  for (const server::TenantConfig& tenant : config->tenants) {
    if (line.has("tenant") && tenant.settings.name != line.option("tenant")) continue;
    for (const core::KpiSpec& kpi : tenant.settings.kpis) {
      std::printf("%-32s %s\n%-32s %s\n%-32s = %s\n", kpi.id.c_str(), kpi.title.c_str(), "", kpi.description.c_str(),
                  "", kpi.formula.c_str());
    }
    break;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const auto line = server::parse_command_line(argc, argv);
  if (!line) {
    std::fprintf(stderr, "ringside: %s\n\n%s", line.error().message.c_str(), server::usage().c_str());
    return 2;
  }
  if (line->command == "serve") return serve(*line);
  if (line->command == "replay") return server::replay(*line);
  if (line->command == "recompute") return server::recompute(*line);
  if (line->command == "check-config") return check_config(*line);
  if (line->command == "kpis") return kpis(*line);
  if (line->command == "verify") return server::verify(*line);
  if (line->command == "backup") return server::backup(*line);
  if (line->command == "restore") return server::restore(*line);
  if (line->command == "journal") return server::journal(*line);
  if (line->command == "version") {
    std::printf("ringside %s\n", server::build_name().c_str());
    return 0;
  }
  std::printf("%s", server::usage().c_str());
  return 0;
}
