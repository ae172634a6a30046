// Configuration: a TOML file (docs/configuration.md) as plain structs. No file at all is a valid configuration.
// Errors: bad_toml, bad_config; the message holds one line "file:line:column: problem" for each finding.
// Unknown keys are refused. Values, any thread.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/engine.h"
#include "core/result.h"

namespace server {

inline constexpr std::uint8_t kLiveAuthority = 1;  // of a source the configuration does not name

struct Listen {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;
  std::vector<std::string> origins;  // pages of other origins that may open the stream
};

struct Limits {
  std::size_t body_bytes = 8u << 20;
  std::size_t queue_items = 1'024;      // per tenant, waiting to be applied
  std::size_t queue_bytes = 64u << 20;  // the same
  windows::Duration max_ahead = 5 * windows::kMinute;
  windows::Time accept_from = 631'152'000'000;  // 1990-01-01
  std::size_t connections = 10'000;
  std::size_t subscriptions = 50;  // per connection
  std::size_t client_views = 200;  // per tenant, defined by clients
};

enum class TenantClock : std::uint8_t {
  wall,  // now is now
  data,  // now is the newest event's instant: for replays of recorded data
};

enum class LogLevel : std::uint8_t { error, warn, info, debug };

struct TenantConfig {
  core::TenantSettings settings;
  TenantClock clock = TenantClock::wall;
  std::map<std::string, std::uint8_t, std::less<>> authority;  // by source
  std::vector<core::ViewDefinition> views;                     // ids are unique; always holds "wallboard"
};

struct Config {
  Listen listen;
  Limits limits;
  LogLevel log = LogLevel::info;
  unsigned shards = 1;
  std::vector<TenantConfig> tenants;  // at least one; the first is the default
};

// `builtin`: the KPIs known without configuration.
core::Result<Config> parse_config(std::string_view toml, std::string_view file,
                                  const std::vector<core::KpiSpec>& builtin);
// A file of [[kpi]] tables. Every KPI must be complete.
core::Result<std::vector<core::KpiSpec>> parse_kpis(std::string_view toml, std::string_view file);

// The view "wallboard" where the configuration has none.
core::ViewDefinition default_wallboard();
// Every option the code reads, as "limits.body_bytes"; `*` stands for names the user chooses.
std::set<std::string> known_options();

}  // namespace server
