#include "server/config.h"

#include <algorithm>

#include "ingest/zone_file.h"
#include "server/config_parts.h"
#include "server/config_text.h"

namespace server {
namespace {

constexpr windows::Duration kLongest = 7 * windows::kDay;

// Letters, digits and . _ -: it becomes part of addresses, labels and paths.
bool valid_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name[0] != '.' && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

std::size_t size(std::int64_t value) { return static_cast<std::size_t>(value); }

void read_listen(Section& section, Listen& listen) {
  listen.address = section.text("address", listen.address);
  listen.port = static_cast<std::uint16_t>(section.integer("port", listen.port, 0, 65'535));
  listen.origins = section.texts("origins");
  for (const std::string& origin : listen.origins) {
    const bool scheme = origin.starts_with("http://") || origin.starts_with("https://");
    if (!scheme || origin.ends_with('/')) section.fail("origins", "holds '" + origin + "', not scheme://host[:port]");
  }
}

void read_limits(Section& section, Limits& limits) {
  constexpr std::int64_t kMany = 1'000'000'000;
  const auto read = [&](const char* key, std::size_t& value, std::int64_t low, std::int64_t high) {
    value = size(section.integer(key, static_cast<std::int64_t>(value), low, high));
  };
  read("body_bytes", limits.body_bytes, 1'024, 256 << 20);
  read("queue_items", limits.queue_items, 1, kMany);
  read("queue_bytes", limits.queue_bytes, 65'536, std::int64_t{1} << 40);
  read("connections", limits.connections, 1, kMany);
  read("subscriptions", limits.subscriptions, 1, 10'000);
  read("client_views", limits.client_views, 0, 100'000);
  limits.max_ahead = section.duration("max_ahead", limits.max_ahead, 0, kLongest);
  limits.accept_from = section.instant("accept_from", limits.accept_from);
  // Time begins in 1970 inside, and a record may begin a week before the instant it was accepted for.
  if (limits.accept_from < 365 * windows::kDay) section.fail("accept_from", "must be 1971-01-01 or later");
}

void read_storage(Section& section, Storage& storage) {
  constexpr std::int64_t kMost = std::int64_t{1} << 50;
  if (section.has("folder")) {
    const std::string folder = section.text("folder");
    if (folder.empty()) section.fail("folder", "must be a folder, or \"none\" to keep nothing");
    storage.folder = folder == "none" ? "" : folder;
  } else {
    section.text("folder");
  }
  storage.checkpoint_interval =
      section.duration("checkpoint_interval", storage.checkpoint_interval, 50, windows::kHour);
  storage.id_horizon = section.duration("id_horizon", storage.id_horizon, windows::kMinute, 400 * windows::kDay);
  storage.retention = section.duration("retention", storage.retention, 8 * windows::kDay, 36'525 * windows::kDay);
  storage.kept_copies = static_cast<int>(section.integer("kept_copies", storage.kept_copies, 1, 10'000));
  const auto bytes = [&](const char* key, std::uint64_t& value) {
    value = static_cast<std::uint64_t>(section.integer(key, static_cast<std::int64_t>(value), 0, kMost));
  };
  bytes("shed_bytes", storage.shed_bytes);
  bytes("resume_bytes", storage.resume_bytes);
  if (storage.resume_bytes < storage.shed_bytes) section.fail("resume_bytes", "must not be below 'shed_bytes'");
}

void read_windows(Section& section, core::TenantSettings& settings) {
  const std::vector<std::string> labels = section.texts("windows");
  if (labels.empty()) {
    if (section.has("windows")) section.fail("windows", "must name at least one window");
    return;
  }
  settings.windows.clear();
  for (const std::string& label : labels) {
    const auto length = parse_duration(label);
    if (!length || *length < 10 * windows::kSecond || *length > windows::kHour || *length % windows::kSecond != 0) {
      section.fail("windows", "holds '" + label + "'; a window is \"10s\" to \"60m\" in whole seconds");
      continue;
    }
    settings.windows.push_back(*length);
  }
  std::sort(settings.windows.begin(), settings.windows.end());
  settings.windows.erase(std::unique(settings.windows.begin(), settings.windows.end()), settings.windows.end());
  if (settings.windows.size() > windows::kMaxWindows) {
    section.fail("windows", "holds more than " + std::to_string(windows::kMaxWindows) + " windows");
    settings.windows.resize(windows::kMaxWindows);
  }
}

core::QueuePolicy read_queue(Section& section, core::QueuePolicy policy) {
  policy.answer_target = section.duration("answer_target", policy.answer_target, 0, windows::kHour);
  policy.short_abandon = section.duration("short_abandon", policy.short_abandon, 0, windows::kHour);
  return policy;
}

// [tenant.queues."*"] is every queue; an entry of its own starts from it.
void read_queues(Section& section, core::Policy& policy) {
  const Node* queues = section.table("queues");
  if (queues == nullptr) return;
  const auto read = [&](const std::string& name, const Node& node, core::QueuePolicy from) {
    if (node.kind != Node::Kind::table) {
      section.findings().add(node, "'tenant.queues." + name + "' must be a table");
      return from;
    }
    Section queue(node, "tenant.queues.*", section.findings());
    return read_queue(queue, from);
  };
  const auto all = queues->members.find("*");
  if (all != queues->members.end()) policy.queues = read("*", all->second, policy.queues);
  for (const auto& [name, node] : queues->members) {
    if (name != "*") policy.queue[name] = read(name, node, policy.queues);
  }
}

void read_policy(Section& section, core::Policy& policy) {
  policy.repeat_within = section.duration("repeat_within", policy.repeat_within, windows::kMinute, 90 * windows::kDay);
}

void read_zone(Section& section, core::TenantSettings& settings) {
  const std::string name = section.text("zone", "UTC");
  auto zone = ingest::load_zone(name);
  if (zone) {
    settings.zone = std::move(*zone);
  } else {
    section.fail("zone", "is '" + name + "', which is not a time zone such as \"Europe/Berlin\"");
  }
}

void read_tenant(Section& section, TenantConfig& tenant) {
  section.require("name");
  tenant.settings.name = section.text("name");
  if (section.has("name") && !valid_name(tenant.settings.name)) {
    section.fail("name", "must be 1 to 64 letters, digits, '.', '_' or '-', not beginning with '.'");
  }
  read_zone(section, tenant.settings);
  const std::string clock = section.text("clock", "wall");
  if (clock != "wall" && clock != "data") section.fail("clock", "must be \"wall\" or \"data\"");
  tenant.clock = clock == "data" ? TenantClock::data : TenantClock::wall;
  read_windows(section, tenant.settings);
  read_policy(section, tenant.settings.policy);
  read_queues(section, tenant.settings.policy);
  read_kpis(section, tenant.settings.kpis);
  read_views(section, tenant.views);
  KnownNames names;
  read_calendars(section, tenant.settings.zone, tenant.settings.sla.calendars, names);
  read_receivers(section, tenant.receivers, names);
  read_policies(section, tenant.settings.zone, names, tenant.settings.sla);
  read_sources(section, names, tenant);
  read_quarantine(section, tenant.quarantine);
  read_alerts(section, names, tenant.settings);
}

// A value as text, so that two can be compared.
void append_node(std::string& out, const Node& node) {
  out += std::to_string(static_cast<int>(node.kind)) + ":" + std::to_string(node.integer) + ":" +
         std::to_string(node.real) + (node.boolean ? "t" : "f") + (node.local ? "l" : "z");
  out += std::to_string(node.text.size()) + ":" + node.text + "[";
  for (const Node& item : node.items) append_node(out, item);
  out += "]{";
  for (const auto& [key, member] : node.members) {
    out += std::to_string(key.size()) + ":" + key;
    append_node(out, member);
  }
  out += '}';
}

// Whom to tell and whom to believe more can change without an engine being made anew.
std::string fingerprint_of(const Node& document, const Node& tenant, const core::SlaSettings& sla) {
  std::string out;
  for (const char* common : {"kpi", "view", "storage"}) {
    if (const auto it = document.members.find(common); it != document.members.end()) append_node(out, it->second);
  }
  for (const auto& [key, member] : tenant.members) {
    if (key == "receiver" || key == "source" || key == "quarantine") continue;
    out += key;
    append_node(out, member);
  }
  if (const auto sources = tenant.members.find("source"); sources != tenant.members.end()) {
    for (const Node& source : sources->second.items) {
      const auto watch = source.members.find("watch");
      if (watch == source.members.end()) continue;
      if (const auto name = source.members.find("name"); name != source.members.end()) append_node(out, name->second);
      append_node(out, watch->second);
    }
  }
  for (const core::Calendar& calendar : sla.calendars) {  // with what a file of holidays says
    for (const auto& [date, frames] : calendar.schedules().front().special) {
      out += std::to_string(core::days_from(date)) + (frames.empty() ? "-" : "+");
    }
  }
  return out;
}

void read_tenants(Section& root, const TenantConfig& common, std::vector<TenantConfig>& tenants) {
  for (const Node* node : root.tables("tenant")) {
    tenants.push_back(common);
    Section section(*node, "tenant", root.findings());
    read_tenant(section, tenants.back());
    tenants.back().fingerprint = fingerprint_of(root.node(), *node, tenants.back().settings.sla);
    const auto same = [&](const TenantConfig& other) { return other.settings.name == tenants.back().settings.name; };
    if (std::count_if(tenants.begin(), tenants.end(), same) > 1) section.fail("name", "is there twice");
  }
  if (!tenants.empty()) return;
  tenants.push_back(common);
  tenants.back().settings.name = "default";
  tenants.back().fingerprint = fingerprint_of(root.node(), Node{}, {});
}

void read_log(Section& root, Config& config) {
  const std::string word = root.text("log", "info");
  const std::map<std::string, LogLevel> levels{
      {"error", LogLevel::error}, {"warn", LogLevel::warn}, {"info", LogLevel::info}, {"debug", LogLevel::debug}};
  const auto it = levels.find(word);
  if (it == levels.end()) {
    root.fail("log", "must be one of error, warn, info, debug");
  } else {
    config.log = it->second;
  }
}

void read_root(const Node& document, const std::vector<core::KpiSpec>& builtin, Findings& findings, Config& config) {
  Section root(document, "", findings);
  read_log(root, config);
  config.shards = static_cast<unsigned>(root.integer("shards", 1, 1, 64));
  if (const Node* node = root.table("listen")) {
    Section section(*node, "listen", findings);
    read_listen(section, config.listen);
  }
  if (const Node* node = root.table("limits")) {
    Section section(*node, "limits", findings);
    read_limits(section, config.limits);
  }
  if (const Node* node = root.table("storage")) {
    Section section(*node, "storage", findings);
    read_storage(section, config.storage);
  }
  TenantConfig common;
  common.settings.kpis = builtin;
  common.views.push_back(default_wallboard());
  read_kpis(root, common.settings.kpis);
  read_views(root, common.views);
  common.settings.retention = config.storage.retention;
  read_tenants(root, common, config.tenants);
}

}  // namespace

core::Result<Config> parse_config(std::string_view toml, std::string_view file,
                                  const std::vector<core::KpiSpec>& builtin) {
  const auto document = parse_toml(toml, file);
  if (!document) return document.error();
  Findings findings;
  findings.file = file;
  Config config;
  read_root(*document, builtin, findings, config);
  if (!findings.problems.empty()) return findings.error();
  return config;
}

std::set<std::string> known_options() {
  constexpr std::string_view kOneOfEach = R"(
    listen = {}
    limits = {}
    storage = {}
    kpi = [{ threshold = [{}] }]
    view = [{ group = [{}] }]
    [[tenant]]
    queues = { "*" = {} }
    calendar = [{ id = "", hours = {}, special = [{}], change = [{ hours = {} }] }]
    receiver = [{ severities = {} }]
    sla = [{ match = {}, target = [{}], escalation = [{}] }]
    source = [{ format = "ringside", name = "n", watch = { labels = {} } }]
    quarantine = {}
    alert = [{ labels = {}, escalation = [{}] }]
    route = [{}]
    inhibit = [{}]
    alerting = {}
    kpi = [{ threshold = [{}] }]
    view = [{ group = [{}] }])";
  const auto document = parse_toml(kOneOfEach, "");
  CHECK(static_cast<bool>(document), "the document of one of each is TOML");
  Findings findings;
  Config config;
  read_root(*document, {}, findings, config);
  return findings.asked;
}

}  // namespace server
