#include "server/config.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

namespace {

// A catalogue of one, to be changed.
std::vector<core::KpiSpec> builtin() {
  auto kpis = server::parse_kpis(R"(
    [[kpi]]
    id = "service_level"
    title = "Service level"
    formula = "a / b"
    unit = "percent"
    direction = "higher"
    decimals = 1
    warn = 80
    [[kpi.threshold]]
    scope = "queue/vip"
    warn = 90)",
                                 "builtin");
  REQUIRE(kpis);
  return *kpis;
}

std::string error_of(std::string_view toml) {
  const auto config = server::parse_config(toml, "f.toml", builtin());
  REQUIRE_FALSE(config);
  return config.error().where + config.error().message;
}

std::string documentation() {
  std::ifstream file(RINGSIDE_SOURCE_DIR "/docs/configuration.md");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("no configuration at all is one") {
  const auto config = server::parse_config("", "none", builtin());
  REQUIRE(config);
  REQUIRE(config->tenants.size() == 1);
  const server::TenantConfig& tenant = config->tenants[0];
  CHECK(tenant.settings.name == "default");
  CHECK(tenant.settings.zone.name() == "UTC");
  CHECK(tenant.settings.windows.size() == 5);
  CHECK(tenant.settings.kpis.size() == 1);
  CHECK(tenant.views.at(0).id == "wallboard");
  CHECK(config->listen.port == 8080);
  CHECK(config->listen.address == "127.0.0.1");
}

TEST_CASE("a tenant's settings are its own") {
  const auto config = server::parse_config(R"(
    [[kpi]]
    id = "service_level"
    crit = 60
    [[tenant]]
    name = "a"
    zone = "Europe/Berlin"
    windows = ["60m", "30s", "30s"]
    clock = "data"
    [tenant.queues."*"]
    answer_target = "30s"
    [tenant.queues.vip]
    short_abandon = "2s"
    [[tenant.source]]
    name = "cdr"
    authority = 9
    [[tenant.source]]
    name = "pbx-162"
    [[tenant.source]]
    name = "pbx-278"  # the same mark, another authority
    authority = 2
    [[tenant.kpi]]
    id = "service_level"
    version = 2
    [[tenant.kpi.threshold]]
    scope = "queue/vip"
    crit = 70
    [[tenant]]
    name = "b")",
                                           "f.toml", builtin());
  REQUIRE(config);
  const auto& a = config->tenants.at(0);
  const auto& b = config->tenants.at(1);
  CHECK(a.settings.zone.name() == "Europe/Berlin");
  CHECK(a.settings.windows == std::vector<core::Duration>{30'000, 3'600'000});
  CHECK(a.clock == server::TenantClock::data);
  CHECK(a.settings.policy.queues.answer_target == 30'000);
  CHECK(a.settings.policy.queue.at("vip").answer_target == 30'000);
  CHECK(a.settings.policy.queue.at("vip").short_abandon == 2'000);
  CHECK(a.authority.at("cdr") == 9);

  const core::KpiSpec& changed = a.settings.kpis.at(0);
  CHECK(changed.version == 2);
  CHECK(changed.title == "Service level");
  CHECK(changed.decimals == 1);
  CHECK(changed.thresholds.at(0).warn == 80);
  CHECK(changed.thresholds.at(0).crit == 60);
  CHECK(changed.thresholds.at(1).scope == "queue/vip");
  CHECK(changed.thresholds.at(1).warn == 90);
  CHECK(changed.thresholds.at(1).crit == 70);

  CHECK(b.settings.kpis.at(0).version == 1);
  CHECK(b.settings.kpis.at(0).thresholds.at(0).crit == 60);
  CHECK(b.authority.empty());
}

TEST_CASE("what is wrong is said with its place and reason") {
  const auto [toml, expected] = GENERATE(table<std::string, std::string>({
      {"listen = {prot = 1}", "f.toml:1:18: unknown option 'listen.prot'; did you mean 'port'?"},
      {"\n\n  nonsense = 1", "f.toml:3:14: unknown option 'nonsense'"},
      {"[listen]\nport = 70000", "f.toml:2:8: 'listen.port' must be between 0 and 65535"},
      {"[listen]\nport = \"80\"", "f.toml:2:8: 'listen.port' must be a whole number"},
      {"[listen]\norigins = [\"wall.example.com\"]", "not scheme://host[:port]"},
      {"log = \"loud\"", "f.toml:1:7: 'log' must be one of error, warn, info, debug"},
      {"[limits]\nmax_ahead = \"5 minutes\"", "'limits.max_ahead' must be a duration such as"},
      {"[limits]\naccept_from = \"1990\"", "'limits.accept_from' must be a date"},
      {"[[tenant]]\nzone = \"UTC\"", "f.toml:1:1: 'tenant.name' is missing"},
      {"[[tenant]]\nname = \"a b\"", "'tenant.name' must be 1 to 64 letters"},
      {"[[tenant]]\nname = \"a\"\n[[tenant]]\nname = \"a\"", "f.toml:4:8: 'tenant.name' is there twice"},
      {"[[tenant]]\nname = \"a\"\nzone = \"Mars/Base\"", "f.toml:3:8: 'tenant.zone' is 'Mars/Base'"},
      {"[[tenant]]\nname = \"a\"\nwindows = [\"2h\"]", "holds '2h'"},
      {"[[tenant]]\nname = \"a\"\nclock = \"atomic\"", "must be \"wall\" or \"data\""},
      {"[[tenant]]\nname = \"a\"\n[[tenant.source]]\nname = \"pbx-162\"\n[[tenant.source]]\nname = \"pbx-278\"",
       "f.toml:6:8: 'tenant.source.name' has by chance the same mark in records as 'pbx-162'"},
      {"[[tenant]]\nname = \"a\"\n[tenant.queues.q]\nanswer_targt = \"1s\"", "did you mean 'answer_target'?"},
      {"[[kpi]]\nid = \"new_one\"", "'kpi.formula' is missing"},
      {"[[kpi]]\nid = \"New\"", "'kpi.id' must be lower case"},
      {"[[kpi]]\nid = \"service_level\"\nunit = \"percents\"", "'kpi.unit' must be one of count, percent"},
      {"[[kpi]]\nid = \"service_level\"\n[[kpi.threshold]]\nwarn = 1", "'kpi.threshold.scope' is missing"},
      {"[[view]]\nid = \"v\"", "'view.group' is missing"},
      {"[[view]]\nid = \"v\"\n[[view.group]]\nscopes = [1]\ncolumns = []", "must hold texts only"},
      {"[[tenant]]\nname = \"a\"\n[[tenant.source]]\nname = \"s\"\nformat = \"ringside\"\ntls = true",
       "'tenant.source.tls' is of connections we make"},
      {"[[tenant]]\nname = \"a\"\n[[tenant.source]]\nname = \"s\"\nformat = \"ringside\"\nconnect = \"a:1\"\n"
       "tls_name = \"b\"",
       "f.toml:7:12: 'tenant.source.tls_name' is of no use without tls = true"},
      {"[[tenant]]\nname = \"a\"\n[[tenant.source]]\nname = \"s\"\nformat = \"ringside\"\nconnect = \"a:1\"\n"
       "tls = true\ntls_ca = \"" RINGSIDE_SOURCE_DIR "/README.md\"",
       "README.md', which holds no certificate"},
      {"[[tenant]]\nname = \"a\"\n[[tenant.source]]\nname = \"s\"\nformat = \"ringside\"\nfiles = \"/a/b.log\"",
       "'tenant.source.files' must be a folder and a pattern of names in it"},
      {"[[tenant]]\nname = \"a\"\n[[tenant.source]]\nname = \"s\"\nformat = \"ringside\"\nfiles = \"/a*/b*\"",
       "'tenant.source.files' must be a folder and a pattern of names in it"},
      {"a = = 1", "f.toml:1:5"},
      {"[kpi]\nid = \"x\"", "'kpi' must be a list of tables"},
  }));
  CAPTURE(toml);
  CHECK_THAT(error_of(toml), Catch::Contains(expected));
}

TEST_CASE("everything that is wrong is said at once") {
  const std::string all = error_of("log = 1\n[listen]\nport = true\n[limit]\nx = 1");
  CHECK_THAT(all, Catch::Contains("'log'"));
  CHECK_THAT(all, Catch::Contains("'listen.port'"));
  CHECK_THAT(all, Catch::Contains("did you mean 'limits'?"));
}

TEST_CASE("every example of docs/configuration.md is valid") {
  const std::string text = documentation();
  int examples = 0;
  for (std::size_t at = text.find("```toml\n"); at != std::string::npos; at = text.find("```toml\n", at + 1)) {
    const std::size_t begin = at + 8;
    const std::string example = text.substr(begin, text.find("```", begin) - begin);
    CAPTURE(example);
    const auto config = server::parse_config(example, "example", builtin());
    if (!config) FAIL(config.error().where << config.error().message);
    ++examples;
  }
  CHECK(examples >= 5);
}

TEST_CASE("every option is documented in docs/configuration.md") {
  const std::string text = documentation();
  for (const std::string& option : server::known_options()) {
    CAPTURE(option);
    const bool named = text.find("`" + option + "`") != std::string::npos;
    const bool section = text.find("[" + option + "]") != std::string::npos ||
                         text.find("[" + option + ".") != std::string::npos ||
                         text.find("`" + option + ".") != std::string::npos;
    CHECK((named || section));
  }
}
