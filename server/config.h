// Configuration: a TOML file (docs/configuration.md) as plain structs. No file at all is a valid configuration.
// Errors: bad_toml, bad_config; the message holds one line "file:line:column: problem" for each finding.
// Unknown keys are refused. What it names (zones, holidays, secrets) is read along with it. Values, any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/engine.h"
#include "core/result.h"
#include "server/receivers.h"
#include "server/source_config.h"

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

// What survives a stop (docs/durability.md). A tenant's part is the folder of its name below `folder`.
struct Storage {
  std::optional<std::string> folder;  // not said: whoever serves decides; empty: nothing is kept
  windows::Duration checkpoint_interval = 10 * windows::kSecond;
  windows::Duration id_horizon = 48 * windows::kHour;         // how late a source may deliver again
  windows::Duration retention = 2'562 * windows::kDay;        // of records and history: seven years
  int kept_copies = 48;                                       // of the state, one for each hour of data
  std::uint64_t shed_bytes = 512u << 20;                      // free space: with less, events are turned away …
  std::uint64_t resume_bytes = 1'024u << 20;                  // … until there is more than this

  bool keeps() const { return folder && !folder->empty(); }
  bool operator==(const Storage&) const = default;
};
inline constexpr const char* kDefaultFolder = "ringside-data";

enum class TenantClock : std::uint8_t {
  wall,  // now is now
  data,  // now is the newest event's instant: for replays of recorded data
};

enum class LogLevel : std::uint8_t { error, warn, info, debug };

struct TenantConfig {
  std::string fingerprint;  // what its engine and views depend on, as text: equal if nothing of it changed
  core::TenantSettings settings;
  TenantClock clock = TenantClock::wall;
  std::map<std::string, std::uint8_t, std::less<>> authority;  // by source
  std::vector<SourceConfig> sources;                           // those with a format
  QuarantineLimits quarantine;
  std::vector<core::ViewDefinition> views;                     // ids are unique; always holds "wallboard"
  std::vector<Receiver> receivers;
};

struct Config {
  Listen listen;
  Limits limits;
  Storage storage;
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
// The built-in wallboard shows two windows; a tenant may keep others. All other views as they are.
core::ViewDefinition fitting(core::ViewDefinition view, const std::vector<windows::Duration>& windows);
// Every option the code reads, as "limits.body_bytes"; `*` stands for names the user chooses.
std::set<std::string> known_options();

}  // namespace server
