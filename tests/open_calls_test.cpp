// Calls that nobody ends are closed at the instant last heard of; what ended or was told whole never is.
#include "server/open_calls.h"

#include <catch2/catch.hpp>

using core::EventType;
using server::OpenCalls;

namespace {

core::Event event(EventType type, std::string_view call, core::Time at) {
  core::Event e;
  e.type = type;
  e.subject = call;
  e.time = e.at = at;
  return e;
}

}  // namespace

TEST_CASE("what was begun and not ended is closed once nobody spoke of it for so long") {
  OpenCalls calls;
  calls.heard(event(EventType::call_queued, "a", 1'000));
  calls.heard(event(EventType::call_queued, "b", 1'000));
  calls.heard(event(EventType::call_answered, "b", 5'000));
  calls.heard(event(EventType::call_queued, "c", 1'000));
  calls.heard(event(EventType::call_abandoned, "c", 2'000));
  calls.heard(event(EventType::call_ended, "b", 4'000));  // of an earlier leg: it goes on
  core::Event whole = event(EventType::call_queued, "d", 1'000);
  whole.final = true;
  calls.heard(whole);
  CHECK(calls.size() == 2);

  OpenCalls again;
  const std::string memory = calls.memory();
  CHECK(memory == "call 1000 a\ncall 5000 b\n");
  again.remember("1000 a");
  again.remember("5000 b");
  again.remember("nonsense");
  CHECK(again.memory() == memory);

  ingest::Batch batch;
  CHECK(calls.close(1'000, 0, batch) == 0);
  CHECK(calls.close(1'001, 7, batch) == 1);
  REQUIRE(batch.events.size() == 1);
  CHECK(batch.items[0] == 7);
  CHECK(batch.events[0].type == EventType::call_lost);
  CHECK(batch.events[0].subject == "a");
  CHECK(batch.events[0].at == 1'000);
  CHECK(batch.events[0].source == "ringside");
  CHECK(batch.events[0].id == "lost/a/1000");
  CHECK(int{batch.events[0].authority} == 0);
  CHECK(calls.size() == 1);
}
