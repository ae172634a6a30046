#include "server/check_config.h"

#include <charconv>
#include <fstream>
#include <sstream>

#include "server/coverage.h"
#include "server/serve.h"
#include "server/tenant.h"
#include "windows/check.h"

namespace server {
namespace {

core::Status apply_listen(const std::string& text, Listen& listen) {
  const std::size_t colon = text.rfind(':');
  const core::Error bad{"bad_usage", "'--listen' must be ADDRESS:PORT, such as 127.0.0.1:8080", ""};
  if (colon == std::string::npos) return bad;
  std::string address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, listen.port);
  if (error != std::errc() || rest != end) return bad;
  if (!address.empty()) listen.address = address;
  return core::Done{};
}

core::Result<Config> load(const std::string& path) {
  if (path.empty()) return parse_config("", "", builtin_kpis());
  const auto text = read_file(path);
  if (!text) return text.error();
  return parse_config(*text, path, builtin_kpis());
}

// Rules about a number that the sources of the tenant, all together, cannot tell.
void find_untold_rules(const TenantConfig& tenant, std::vector<std::string>& doubts) {
  if (tenant.sources.empty()) return;
  core::MeasureSet cannot = ~core::MeasureSet();
  for (const SourceConfig& source : tenant.sources) cannot &= cannot_tell(source);
  const auto catalogue = core::Catalogue::compile(tenant.settings.kpis, tenant.settings.windows);
  CHECK(static_cast<bool>(catalogue), "the engine has compiled these KPIs");
  const std::vector<core::MeasureSet> asked = core::measures_asked(*catalogue);
  for (const core::AlertRule& rule : tenant.settings.alerts.rules) {
    for (const std::string& kpi : {rule.kpi, rule.sample_kpi}) {
      const int index = kpi.empty() ? -1 : catalogue->find(kpi);
      if (index < 0 || (asked[static_cast<std::size_t>(index)] & cannot).none()) continue;
      std::string measures;
      for (const std::string& name : core::names_of(asked[static_cast<std::size_t>(index)] & cannot)) {
        measures += (measures.empty() ? "" : ", ") + name;
      }
      doubts.push_back("tenant '" + tenant.settings.name + "': alert '" + rule.id + "' asks for '" + kpi +
                       "', and no source can tell " + measures +
                       ": it is judged only at scopes that events sent to /v1/events speak of");
    }
  }
}

}  // namespace

core::Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  if (file) text << file.rdbuf();
  if (!file || !text) return core::Error{"cannot_read", "cannot read '" + path + "'", ""};
  return std::move(text).str();
}

core::Result<Config> load_config(const CommandLine& line) {
  auto config = load(line.option("config"));
  if (!config) return config;
  if (line.has("data")) config->storage.folder = line.option("data") == "none" ? "" : line.option("data");
  if (line.has("listen")) {
    const core::Status listen = apply_listen(line.option("listen"), config->listen);
    if (!listen) return listen.error();
  }
  return config;
}

core::Result<std::vector<std::string>> check_config(const std::string& path) {
  const auto config = load(path);
  if (!config) return config.error();
  const auto tenants = Tenants::create(*config, {}, "check", [](const std::function<void()>&) {}, nullptr);
  if (!tenants) return tenants.error();
  std::vector<std::string> doubts;
  for (const TenantConfig& tenant : config->tenants) find_untold_rules(tenant, doubts);
  return doubts;
}

}  // namespace server
