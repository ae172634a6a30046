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

core::Event about(std::string_view queue) {
  core::Event event;
  event.type = core::EventType::call_queued;
  event.subject = "c";
  event.queue = queue;
  return event;
}

}  // namespace

TEST_CASE("where everything can be said, nothing is looked at") {
  Coverage coverage(server::builtin_kpis(), {source("a", "ringside")});
  CHECK_FALSE(coverage.watches());
  CHECK(coverage.available("queue/sales", "average_handle_time@30m"));
  CHECK_FALSE(coverage.heard(0, std::vector{about("sales")}));
}

TEST_CASE("a queue's numbers are those its sources can tell; another source that speaks of it brings its own") {
  Coverage coverage(server::builtin_kpis(), {source("pbx", "asterisk_queue_log"), source("acd", "ringside")});
  REQUIRE(coverage.watches());
  CHECK(coverage.available("queue/sales", "average_wrap_up_time@30m"));  // nobody has spoken yet
  CHECK(coverage.heard(coverage.speaker("pbx"), std::vector{about("sales"), about("sales")}));
  CHECK_FALSE(coverage.heard(coverage.speaker("pbx"), std::vector{about("sales")}));
  CHECK(coverage.available("queue/sales", "offered@today"));
  CHECK(coverage.available("queue/sales", "waiting"));
  CHECK_FALSE(coverage.available("queue/sales", "average_wrap_up_time@30m"));
  CHECK_FALSE(coverage.available("tenant", "average_wrap_up_time@30m"));
  CHECK(coverage.available("queue/other", "average_wrap_up_time@30m"));
  CHECK(coverage.available("queue/sales", "no_such_kpi"));

  Coverage restarted(server::builtin_kpis(), {source("acd", "ringside"), source("pbx", "asterisk_queue_log")});
  restarted.remember(coverage.memory());
  CHECK_FALSE(restarted.available("queue/sales", "average_wrap_up_time@30m"));
  CHECK(restarted.memory().find("pbx queue/sales\n") != std::string::npos);

  CHECK(coverage.heard(coverage.speaker("acd"), std::vector{about("sales")}));
  CHECK(coverage.available("queue/sales", "average_wrap_up_time@30m"));
  CHECK(coverage.heard(Coverage::kAnyone, std::vector{about("hotline")}));
  CHECK(coverage.available("queue/hotline", "average_wrap_up_time@30m"));
}
