// [[tenant.source]]: who reports about the tenant, who is believed, and who must be heard of.
#include "server/config_parts.h"

namespace server {
namespace {

// [tenant.source.watch]
void read_watch(Section& source, const std::string& name, const KnownNames& names,
                std::vector<core::SourceWatch>& watches) {
  const Node* node = source.table("watch");
  if (node == nullptr) return;
  Section section(*node, source.path("watch"), source.findings());
  section.require("within");
  core::SourceWatch watch;
  watch.source = name;
  watch.within = section.duration("within", windows::kMinute, windows::kSecond, 30 * windows::kDay);
  watch.calendar = read_calendar_name(section, "schedule", names);
  watch.severity = read_severity(section, watch.severity);
  watch.labels = section.labels("labels");
  watches.push_back(std::move(watch));
}

}  // namespace

void read_sources(Section& tenant, const KnownNames& names, TenantConfig& config) {
  for (const Node* node : tenant.tables("source")) {
    Section source(*node, tenant.path("source"), tenant.findings());
    source.require("name");
    const std::string name = source.text("name");
    const auto authority = static_cast<std::uint8_t>(source.integer("authority", kLiveAuthority, 0, 15));
    if (!config.authority.emplace(name, authority).second) source.fail("name", "is there twice");
    read_watch(source, name, names, config.settings.alerts.sources);
  }
}

}  // namespace server
