#include "server/source_health.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace {

core::Event event(core::EventType type, core::Time at) {
  core::Event e;
  e.type = type;
  e.time = at;
  return e;
}

}  // namespace

TEST_CASE("after-call work that is told ahead is no clock that is ahead") {
  server::SourceHealth health;
  ingest::Intake intake;
  intake.batch.events = {event(core::EventType::call_ended, 9'900), event(core::EventType::call_wrapped, 14'000)};
  health.read(intake, true, 10'000, 0);
  CHECK(health.skew.estimate() == 100);
  CHECK(health.lag == 100);
  CHECK(health.last_event == 9'900);

  intake.batch.events = {event(core::EventType::call_queued, 10'400)};
  health.read(intake, true, 10'100, 100);
  CHECK(health.skew.estimate() == -300);
}
