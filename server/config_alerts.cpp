// [[tenant.alert]], [[tenant.route]], [[tenant.inhibit]], [tenant.alerting]: what is told to people, when, and to whom.
#include <algorithm>
#include <array>
#include <optional>

#include "core/catalogue.h"
#include "server/config_parts.h"

namespace server {
namespace {

using core::AlertRule;
using core::AlertSettings;

constexpr windows::Duration kLongest = 30 * windows::kDay;

// What the names of KPIs and windows are checked against.
struct Kpis {
  const core::TenantSettings& settings;
  std::optional<core::Catalogue> catalogue;  // none where it does not compile, which is told elsewhere

  explicit Kpis(const core::TenantSettings& from) : settings(from) {
    auto compiled = core::Catalogue::compile(from.kpis, from.windows);
    if (compiled) catalogue.emplace(std::move(*compiled));
  }
  const core::KpiSpec* find(const std::string& id) const {
    const auto it = std::find_if(settings.kpis.begin(), settings.kpis.end(), [&](const auto& k) { return k.id == id; });
    return it == settings.kpis.end() ? nullptr : &*it;
  }
};

const core::KpiSpec* read_kpi(Section& section, const std::string& key, const Kpis& kpis) {
  const std::string id = section.text(key);
  if (id.empty()) return nullptr;
  const core::KpiSpec* kpi = kpis.find(id);
  if (kpi == nullptr) {
    std::set<std::string> known;
    for (const core::KpiSpec& spec : kpis.settings.kpis) known.insert(spec.id);
    const auto meant = nearest(id, known);
    section.fail(key, "is '" + id + "', which is no KPI" + (meant ? "; did you mean '" + *meant + "'?" : ""));
  } else if (kpi->unit == core::Unit::time) {
    section.fail(key, "is '" + id + "', an instant; there is nothing to compare it with");
    return nullptr;
  }
  return kpi;
}

void check_window(Section& section, const AlertRule& rule, const Kpis& kpis) {
  if (!kpis.catalogue) return;
  if (!rule.window.empty() && kpis.catalogue->window(rule.window) < 0) {
    return section.fail("window", "is '" + rule.window + "', which is neither one of 'tenant.windows' nor \"today\"");
  }
  const auto check = [&](const char* key, const std::string& id) {
    const int index = kpis.catalogue->find(id);
    if (index < 0) return;
    const bool live = kpis.catalogue->kpis()[static_cast<std::size_t>(index)].live;
    if (!live && rule.window.empty()) section.fail(key, "is '" + id + "', which needs a 'window'");
  };
  check("kpi", rule.kpi);
  check("min_sample_kpi", rule.sample_kpi);
  const int index = kpis.catalogue->find(rule.kpi);
  if (index >= 0 && kpis.catalogue->kpis()[static_cast<std::size_t>(index)].live && !rule.window.empty()) {
    section.fail("window", "is not for '" + rule.kpi + "', which is about this moment");
  }
}

// A number in the KPI's unit; of durations a text such as "90s".
std::optional<double> read_level(Section& section, const std::string& key, const core::KpiSpec* kpi) {
  const bool text = section.has(key) && section.at(key).kind == Node::Kind::text;
  if (!text) {
    const auto number = section.number(key);
    if (number && kpi != nullptr && kpi->unit == core::Unit::duration) {
      section.fail(key, "is about a duration: write it as one, such as \"90s\"");
    }
    return number;
  }
  if (kpi != nullptr && kpi->unit != core::Unit::duration) section.fail(key, "must be a number");
  return static_cast<double>(section.duration(key, 0, 0, 100 * windows::kDay));
}

void read_levels(Section& section, const core::KpiSpec* kpi, AlertRule& rule) {
  section.require("enter");
  rule.enter = read_level(section, "enter", kpi).value_or(0);
  rule.leave = read_level(section, "leave", kpi).value_or(rule.enter);
  rule.above = rule.leave != rule.enter ? rule.leave < rule.enter
                                        : kpi == nullptr || kpi->direction != core::Direction::higher;
  constexpr std::array<std::string_view, 2> kWhen{"above", "below"};
  const bool above = section.word("when", kWhen, rule.above ? 0 : 1) == 0;
  if (rule.leave != rule.enter && above != rule.above) {
    section.fail("leave", "must be on the good side of 'enter'");
  }
  rule.above = above;
}

bool valid_pattern(std::string_view pattern) {
  if (pattern == "tenant") return true;
  const std::size_t slash = pattern.find('/');
  if (slash == std::string_view::npos || slash + 1 == pattern.size()) return false;
  constexpr std::array<std::string_view, 6> kKinds{"site", "team", "queue", "agent", "channel", "priority"};
  return std::find(kKinds.begin(), kKinds.end(), pattern.substr(0, slash)) != kKinds.end();
}

AlertRule read_rule(Section& section, const KnownNames& names, const Kpis& kpis) {
  AlertRule rule;
  for (const char* key : {"id", "kpi", "scopes"}) section.require(key);
  rule.id = section.text("id");
  if (section.has("id") && (rule.id.empty() || rule.id.find('/') != std::string::npos)) {
    section.fail("id", "must be a name without '/'");
  }
  rule.title = section.text("title");
  rule.kpi = section.text("kpi");
  const core::KpiSpec* kpi = read_kpi(section, "kpi", kpis);
  rule.window = section.text("window");
  rule.scopes = section.texts("scopes");
  for (const std::string& pattern : rule.scopes) {
    if (!valid_pattern(pattern)) section.fail("scopes", "holds '" + pattern + "', not \"tenant\" or \"queue/*\"");
  }
  read_levels(section, kpi, rule);
  rule.hold = section.duration("for", 0, 0, kLongest);
  rule.keep_firing = section.duration("keep_firing_for", 0, 0, kLongest);
  rule.sample_kpi = section.text("min_sample_kpi");
  read_kpi(section, "min_sample_kpi", kpis);
  rule.sample_min = section.number("min_sample").value_or(0);
  if (section.has("min_sample") != section.has("min_sample_kpi")) {
    section.fail("min_sample", "needs 'min_sample_kpi' and the other way round: at least so much of what");
  }
  check_window(section, rule, kpis);
  rule.calendar = read_calendar_name(section, "schedule", names);
  rule.severity = read_severity(section, rule.severity);
  constexpr std::array<std::string_view, 3> kNoData{"keep", "alert", "normal"};
  rule.no_data = static_cast<AlertRule::NoData>(section.word("no_data", kNoData, 0));
  rule.sources = section.texts("sources");
  rule.escalations = read_escalations(section, {}, names);
  rule.labels = section.labels("labels");
  return rule;
}

core::Matcher read_matcher(Section& section, const std::string& key) {
  auto matcher = core::parse_matcher(section.text(key));
  if (matcher) return std::move(*matcher);
  section.fail(key, matcher.error().message + (matcher.error().where.empty() ? "" : " at " + matcher.error().where));
  return {};
}

core::AlertRoute read_route(Section& section, const KnownNames& names) {
  core::AlertRoute route;
  section.require("receivers");
  route.match = read_matcher(section, "match");
  route.receivers = read_receiver_names(section, names);
  route.group_by = section.texts("group_by");
  route.group_wait = section.duration("group_wait", route.group_wait, 0, windows::kHour);
  route.group_interval = section.duration("group_interval", route.group_interval, 0, windows::kDay);
  route.repeat_interval = section.duration("repeat_interval", route.repeat_interval, 0, kLongest);
  return route;
}

core::Inhibition read_inhibition(Section& section) {
  core::Inhibition inhibition;
  for (const char* key : {"source", "target"}) section.require(key);
  inhibition.source = read_matcher(section, "source");
  inhibition.target = read_matcher(section, "target");
  inhibition.equal = section.texts("equal");
  return inhibition;
}

void read_alerting(Section& tenant, AlertSettings& alerts) {
  const Node* node = tenant.table("alerting");
  if (node == nullptr) return;
  Section section(*node, tenant.path("alerting"), tenant.findings());
  const auto count = [&](const char* key, std::size_t& value, std::int64_t low, std::int64_t high) {
    value = static_cast<std::size_t>(section.integer(key, static_cast<std::int64_t>(value), low, high));
  };
  alerts.flapping_after = static_cast<int>(section.integer("flapping_after", alerts.flapping_after, 1, 1'000));
  alerts.flapping_within =
      section.duration("flapping_within", alerts.flapping_within, windows::kSecond, windows::kDay);
  alerts.late_after = section.duration("late_after", alerts.late_after, windows::kSecond, windows::kDay);
  alerts.not_told_after = section.duration("not_told_after", alerts.not_told_after, windows::kMinute, kLongest);
  count("most_active", alerts.most_active, 1, 1'000'000);
  count("late_per_second", alerts.late_per_second, 1, 100'000);
  count("kept", alerts.kept, 100, 10'000'000);
}

}  // namespace

void read_alerts(Section& tenant, const KnownNames& names, core::TenantSettings& settings) {
  AlertSettings& alerts = settings.alerts;
  const Kpis kpis(settings);
  for (const Node* node : tenant.tables("alert")) {
    Section section(*node, tenant.path("alert"), tenant.findings());
    AlertRule rule = read_rule(section, names, kpis);
    const auto same = [&](const AlertRule& other) { return other.id == rule.id; };
    if (std::any_of(alerts.rules.begin(), alerts.rules.end(), same)) section.fail("id", "is there twice");
    alerts.rules.push_back(std::move(rule));
  }
  for (const Node* node : tenant.tables("route")) {
    Section section(*node, tenant.path("route"), tenant.findings());
    alerts.routes.push_back(read_route(section, names));
  }
  for (std::size_t i = 0; i + 1 < alerts.routes.size(); ++i) {
    if (!alerts.routes[i].match.empty()) continue;
    tenant.fail("route", "has one without 'match' before others, which can never be taken");
    break;
  }
  for (const Node* node : tenant.tables("inhibit")) {
    Section section(*node, tenant.path("inhibit"), tenant.findings());
    alerts.inhibitions.push_back(read_inhibition(section));
  }
  read_alerting(tenant, alerts);
}

}  // namespace server
