#include <stdexcept>
#include <toml++/toml.h>

#include "streams.h"

namespace streams {

std::vector<core::KpiSpec> builtin_kpis() {
  std::vector<core::KpiSpec> all;
  const toml::table file = toml::parse_file(RINGSIDE_SOURCE_DIR "/core/catalogue.toml");
  for (const toml::node& node : *file["kpi"].as_array()) {
    const toml::table& t = *node.as_table();
    core::KpiSpec spec;
    spec.id = t["id"].value_or<std::string>("");
    spec.version = t["version"].value_or(0);
    spec.title = t["title"].value_or<std::string>("");
    spec.description = t["description"].value_or<std::string>("");
    spec.formula = t["formula"].value_or<std::string>("");
    const auto unit = core::unit_named(t["unit"].value_or<std::string>(""));
    const auto direction = core::direction_named(t["direction"].value_or<std::string>(""));
    const auto attribution = core::attribution_named(t["attribution"].value_or<std::string>(""));
    if (!unit || !direction || !attribution) throw std::runtime_error("bad word in KPI " + spec.id);
    spec.unit = *unit;
    spec.direction = *direction;
    spec.attribution = *attribution;
    spec.decimals = t["decimals"].value_or(0);
    all.push_back(std::move(spec));
  }
  return all;
}

}  // namespace streams
