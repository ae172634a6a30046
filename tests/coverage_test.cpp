// Which numbers a scope's sources cannot tell: by what they are able to, and by who has spoken of what.
#include "server/coverage.h"

#include <catch2/catch.hpp>

#include "ingest/formats.h"
#include "server/serve.h"

using server::Coverage;

namespace {

server::SourceConfig source(std::string name, std::string format) {
  server::SourceConfig config;
  config.name = std::move(name);
  config.format = std::move(format);
  return config;
}

constexpr core::Time kNoon = 1'772'452'800'000;  // 2026-03-02T12:00Z

core::Event about(std::string_view queue, std::string_view agent = {}, core::Time at = kNoon) {
  core::Event event;
  event.type = core::EventType::call_queued;
  event.subject = "c";
  event.queue = queue;
  event.agent = agent;
  event.time = event.at = at;
  return event;
}

core::Event assigned(std::string_view agent, std::string_view team, core::Time at = kNoon) {
  core::Event event;
  event.type = core::EventType::agent_assigned;
  event.subject = agent;
  event.team = team;
  event.site = "north";
  event.time = event.at = at;
  return event;
}

bool now(const Coverage& coverage, std::string_view scope, std::string_view column) {
  return coverage.available(scope, column, server::shown_at(kNoon + windows::kHour));
}

const std::vector<core::KpiSpec> kKpis = server::builtin_kpis();

}  // namespace

TEST_CASE("where everything can be said, nothing is looked at") {
  Coverage coverage(kKpis, {source("a", "ringside")});
  CHECK_FALSE(coverage.watches());
  CHECK(now(coverage, "queue/sales", "average_handle_time@30m"));
  CHECK_FALSE(coverage.heard("a", std::vector{about("sales")}));
}

TEST_CASE("a queue's numbers are those its sources can tell; another source that speaks of it brings its own") {
  Coverage coverage(kKpis, {source("pbx", "asterisk_queue_log"), source("acd", "ringside")});
  REQUIRE(coverage.watches());
  CHECK(now(coverage, "queue/sales", "average_wrap_up_time@30m"));  // nobody has spoken yet
  CHECK(coverage.heard("pbx", std::vector{about("sales"), about("sales")}));
  CHECK_FALSE(coverage.heard("pbx", std::vector{about("sales", {}, kNoon + 5), about("sales", {}, kNoon - 5)}));
  CHECK(now(coverage, "queue/sales", "offered@today"));
  CHECK(now(coverage, "queue/sales", "waiting"));
  CHECK_FALSE(now(coverage, "queue/sales", "average_wrap_up_time@30m"));
  CHECK_FALSE(now(coverage, "tenant", "average_wrap_up_time@30m"));
  CHECK_FALSE(now(coverage, "channel/voice", "average_wrap_up_time@30m"));
  CHECK_FALSE(now(coverage, "priority/high", "average_wrap_up_time@30m"));
  CHECK(now(coverage, "channel/chat", "average_wrap_up_time@30m"));
  CHECK(now(coverage, "queue/other", "average_wrap_up_time@30m"));
  CHECK(now(coverage, "queue/sales", "no_such_kpi"));
  CHECK(coverage.feeds("pbx", "queue/sales"));
  CHECK_FALSE(coverage.feeds("acd", "queue/sales"));

  Coverage restarted(kKpis, {source("acd", "ringside"), source("pbx", "asterisk_queue_log")});
  restarted.remember(coverage.memory());
  CHECK_FALSE(now(restarted, "queue/sales", "average_wrap_up_time@30m"));
  CHECK(restarted.memory() == coverage.memory());

  CHECK(coverage.heard("acd", std::vector{about("sales")}));
  CHECK(now(coverage, "queue/sales", "average_wrap_up_time@30m"));
  CHECK(coverage.heard({}, std::vector{about("hotline")}));
  CHECK(now(coverage, "queue/hotline", "average_wrap_up_time@30m"));
}

TEST_CASE("a team and a site are fed by who feeds their agents and queues, whenever it is said who belongs to them") {
  Coverage coverage(kKpis, {source("pbx", "asterisk_queue_log"), source("cloud", "amazon_connect")});
  const bool first = GENERATE(false, true);
  const std::vector roster{assigned("ann", "a"), assigned("bob", "b")};
  if (first) coverage.heard({}, roster);
  coverage.heard("pbx", std::vector{about({}, "ann"), about({}, "bob")});
  if (!first) coverage.heard({}, roster);
  CHECK_FALSE(now(coverage, "team/a", "average_wrap_up_time@30m"));  // who told the roster tells no work
  CHECK_FALSE(now(coverage, "team/b", "average_wrap_up_time@30m"));
  CHECK(coverage.heard("cloud", std::vector{about("sales", "bob")}));
  CHECK_FALSE(now(coverage, "team/a", "average_wrap_up_time@30m"));
  CHECK(now(coverage, "team/b", "average_wrap_up_time@30m"));
  CHECK(now(coverage, "site/north", "average_wrap_up_time@30m"));
  coverage.heard({}, std::vector{assigned("bob", "a", kNoon + 10)});
  CHECK(now(coverage, "team/a", "average_wrap_up_time@30m"));
  Coverage restarted(kKpis, {source("pbx", "asterisk_queue_log"), source("cloud", "amazon_connect")});
  restarted.remember(coverage.memory());
  CHECK(restarted.memory() == coverage.memory());
}

TEST_CASE("what was told before a source came, and after it went, is judged by who was there") {
  Coverage coverage(kKpis, {source("pbx", "asterisk_queue_log")});
  coverage.heard("pbx", std::vector{about("sales"), about("sales", {}, kNoon + windows::kHour)});
  Coverage next(kKpis, {source("cdr", "3cx_cdr")});
  next.remember(coverage.memory());
  next.heard("cdr", std::vector{about("sales", {}, kNoon + 10 * windows::kDay)});
  const auto on = [&](const char* kpi, int day) {
    const core::Time from = kNoon + day * windows::kDay - 10 * windows::kMinute;
    return next.available("queue/sales", kpi, {from, from + 15 * windows::kMinute});
  };
  CHECK(on("timed_out", 0));  // the queue log tells how calls leave a queue, the CDR does not
  CHECK(on("timed_out", 5));  // nobody: no data
  CHECK_FALSE(on("timed_out", 10));
  CHECK_FALSE(on("timed_out", 11));
  CHECK(on("average_wrap_up_time", -1));
  CHECK_FALSE(on("average_wrap_up_time", 0));
}

TEST_CASE("which KPI misses which measure of which source is told") {
  const Coverage coverage(kKpis, {source("pbx", "asterisk_queue_log"), source("acd", "ringside")});
  const auto missing = coverage.missing("pbx");
  REQUIRE(missing.contains("average_wrap_up_time"));
  CHECK(missing.at("average_wrap_up_time") == std::vector<std::string>{"wrap_up"});
  CHECK(missing.at("average_handle_time") == std::vector<std::string>{"handle"});  // talk alone is less
  CHECK_FALSE(missing.contains("average_talk_time"));
  CHECK_FALSE(missing.contains("waiting"));
  CHECK(coverage.missing("acd").empty());
  CHECK(coverage.missed_by("average_wrap_up_time") == server::NameLists{{"pbx", {"wrap_up"}}});
  CHECK(coverage.missed_by("offered").empty());
}

TEST_CASE("lines of a memory that are none are left out, whatever they hold") {
  Coverage coverage(kKpis, {source("pbx", "asterisk_queue_log")});
  coverage.remember("x\nfed\tqueue\nfed\tplanet\ta\tpbx\tasterisk_queue_log\t1\t2\n\n"
                    "fed\tqueue\ta\tpbx\tasterisk_queue_log\tone\t2\nmember\tagent\tann\tt\ts\t\n");
  CHECK(coverage.memory().empty());
}
