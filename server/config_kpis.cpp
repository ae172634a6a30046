// [[kpi]]: definitions of KPIs, complete or as changes of known ones.
#include <algorithm>

#include "server/config.h"
#include "server/config_parts.h"

namespace server {
namespace {

bool valid_id(std::string_view id) {
  if (id.empty() || id.size() > 64 || id[0] < 'a' || id[0] > 'z') return false;
  return std::all_of(id.begin(), id.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

void read_limits(Section& section, core::Thresholds& thresholds) {
  if (const auto target = section.number("target")) thresholds.target = target;
  if (const auto warn = section.number("warn")) thresholds.warn = warn;
  if (const auto crit = section.number("crit")) thresholds.crit = crit;
}

core::Thresholds& thresholds_for(core::KpiSpec& kpi, const std::string& scope) {
  for (core::Thresholds& known : kpi.thresholds) {
    if (known.scope == scope) return known;
  }
  core::Thresholds added;
  added.scope = scope;
  // Everywhere comes first, then by scope as they were written.
  const auto at = scope.empty() ? kpi.thresholds.begin() : kpi.thresholds.end();
  return *kpi.thresholds.insert(at, std::move(added));
}

template <class E, class Named>
void read_word(Section& section, const std::string& key, E& value, Named named, const char* words) {
  const std::string word = section.text(key);
  if (!section.has(key) || section.at(key).kind != Node::Kind::text) return;
  if (const auto found = named(word)) {
    value = *found;
  } else {
    section.fail(key, std::string("must be one of ") + words);
  }
}

void read_thresholds(Section& section, core::KpiSpec& kpi) {
  if (section.has("target") || section.has("warn") || section.has("crit")) {
    read_limits(section, thresholds_for(kpi, {}));
  } else {
    core::Thresholds none;
    read_limits(section, none);
  }
  for (const Node* node : section.tables("threshold")) {
    Section scoped(*node, section.path("threshold"), section.findings());
    scoped.require("scope");
    const std::string scope = scoped.text("scope");
    core::Thresholds read;
    read_limits(scoped, read);
    if (!read.target && !read.warn && !read.crit) scoped.fail("scope", "needs a target, warn or crit beside it");
    core::Thresholds& known = thresholds_for(kpi, scope);
    if (read.target) known.target = read.target;
    if (read.warn) known.warn = read.warn;
    if (read.crit) known.crit = read.crit;
  }
}

void read_kpi(Section& section, std::vector<core::KpiSpec>& kpis) {
  section.require("id");
  const std::string id = section.text("id");
  if (section.has("id") && !valid_id(id)) section.fail("id", "must be lower case letters, digits and _");
  auto it = std::find_if(kpis.begin(), kpis.end(), [&](const core::KpiSpec& known) { return known.id == id; });
  const bool is_new = it == kpis.end();
  core::KpiSpec kpi = is_new ? core::KpiSpec{} : *it;
  kpi.id = id;
  if (is_new) {
    for (const char* key : {"title", "formula", "unit"}) section.require(key);
  }
  kpi.version = static_cast<int>(section.integer("version", kpi.version, 1, 1'000'000));
  kpi.title = section.text("title", kpi.title);
  kpi.description = section.text("description", kpi.description);
  kpi.formula = section.text("formula", kpi.formula);
  kpi.decimals = static_cast<int>(section.integer("decimals", kpi.decimals, 0, 9));
  read_word(section, "unit", kpi.unit, core::unit_named, "count, percent, duration, time, ratio, rate, score");
  read_word(section, "direction", kpi.direction, core::direction_named, "higher, lower, none");
  read_word(section, "attribution", kpi.attribution, core::attribution_named, "entry, event, end, time");
  read_thresholds(section, kpi);
  if (is_new) {
    kpis.push_back(std::move(kpi));
  } else {
    *it = std::move(kpi);
  }
}

}  // namespace

void read_kpis(Section& section, std::vector<core::KpiSpec>& kpis) {
  for (const Node* node : section.tables("kpi")) {
    Section kpi(*node, section.path("kpi"), section.findings());
    read_kpi(kpi, kpis);
  }
}

core::Result<std::vector<core::KpiSpec>> parse_kpis(std::string_view toml, std::string_view file) {
  auto document = parse_toml(toml, file);
  if (!document) return document.error();
  Findings findings;
  findings.file = file;
  std::vector<core::KpiSpec> kpis;
  {
    Section root(*document, "", findings);
    read_kpis(root, kpis);
  }
  if (!findings.problems.empty()) return findings.error();
  return kpis;
}

}  // namespace server
