#include "server/alert_feed.h"

#include "server/frames.h"

#include <catch2/catch.hpp>

namespace {

core::Alert alert(const std::string& key, std::uint64_t number, core::AlertState state) {
  core::Alert made;
  made.key = key;
  made.name = "long-wait";
  made.scope = "queue/sales";
  made.state = state;
  made.step = state == core::AlertState::normal ? core::AlertStep::resolved : core::AlertStep::fired;
  made.episode = 1;
  made.version = number;
  return made;
}

server::Told whole(std::uint64_t number, std::vector<core::Alert> active) {
  server::Told told;
  told.number = number;
  told.active = std::move(active);
  return told;
}

// Firing at odd numbers, over at even ones: one key after the other.
server::Told change(std::uint64_t number) {
  server::Told told;
  told.number = number;
  const auto state = number % 2 == 1 ? core::AlertState::firing : core::AlertState::normal;
  told.changes.push_back({number, alert("k" + std::to_string((number + 1) / 2), number, state)});
  return told;
}

std::string text(const std::vector<server::Payload>& frames) {
  std::string all;
  for (const server::Payload& frame : frames) {
    const std::string_view json = server::payload_of(*frame);
    const std::string_view to = json.substr(0, std::min(json.find(",\"active\""), json.find(",\"change\"")));
    all.append(all.empty() ? "" : " ").append(to);
  }
  return all;
}

using server::AlertFeed;

}  // namespace

TEST_CASE("a reader is given the state, then every change, once") {
  AlertFeed feed;
  AlertFeed::Place place;
  CHECK_FALSE(feed.started());
  CHECK_FALSE(feed.behind(place));
  feed.take_in(whole(0, {}));
  CHECK(text(feed.begin(std::nullopt, place)) == R"({"t":"alerts","number":0)");
  for (std::uint64_t n = 1; n <= 5; ++n) feed.take_in(change(n));
  CHECK(feed.active() == 1);
  CHECK(text(feed.next(place, 3)) ==
        R"({"t":"alert","number":1 {"t":"alert","number":2 {"t":"alert","number":3)");
  CHECK(text(feed.next(place, 3)) == R"({"t":"alert","number":4 {"t":"alert","number":5)");
  CHECK(feed.next(place, 3).empty());
  CHECK_FALSE(feed.behind(place));
}

TEST_CASE("who was away is told what it missed, if it is remembered") {
  AlertFeed feed(4);
  feed.take_in(whole(0, {}));
  for (std::uint64_t n = 1; n <= 10; ++n) feed.take_in(change(n));
  AlertFeed::Place place;
  CHECK(text(feed.begin(8, place)) == R"({"t":"alerts","number":10)");
  CHECK(text(feed.next(place, 9)) == R"({"t":"alert","number":9 {"t":"alert","number":10)");
  CHECK(text(feed.begin(6, place)) == R"({"t":"alerts","number":10)");
  CHECK(feed.next(place, 9).size() == 4);
  CHECK(feed.gaps() == 0);
  CHECK(text(feed.begin(5, place)) ==
        R"({"t":"gap","from":6,"to":10,"reason":"not remembered any more"} {"t":"alerts","number":10)");
  CHECK_FALSE(feed.behind(place));
  CHECK(text(feed.begin(11, place)) == R"({"t":"gap","reason":"numbered anew"} {"t":"alerts","number":10)");
  CHECK(feed.gaps() == 2);
}

TEST_CASE("one who is too slow is told of the gap") {
  AlertFeed feed(4);
  feed.take_in(whole(0, {}));
  AlertFeed::Place place;
  feed.begin(std::nullopt, place);
  feed.take_in(change(1));
  feed.next(place, 16);
  for (std::uint64_t n = 2; n <= 9; ++n) feed.take_in(change(n));
  CHECK(text(feed.next(place, 16)) ==
        R"({"t":"gap","from":2,"to":9,"reason":"too slow"} {"t":"alerts","number":9)");
  CHECK_FALSE(feed.behind(place));
}

TEST_CASE("told the same state again nobody is disturbed; another past is announced") {
  AlertFeed feed;
  feed.take_in(whole(0, {}));
  AlertFeed::Place place;
  feed.begin(std::nullopt, place);
  feed.take_in(change(1));
  feed.next(place, 16);
  feed.take_in(whole(1, {alert("k1", 1, core::AlertState::firing)}));
  CHECK_FALSE(feed.behind(place));
  feed.take_in(change(2));
  CHECK(text(feed.next(place, 16)) == R"({"t":"alert","number":2)");
  feed.take_in(whole(2, {alert("other", 2, core::AlertState::firing)}));
  CHECK(text(feed.next(place, 16)) == R"({"t":"gap","reason":"numbered anew"} {"t":"alerts","number":2)");
  feed.take_in(whole(1, {}));
  CHECK(text(feed.next(place, 16)) == R"({"t":"gap","reason":"numbered anew"} {"t":"alerts","number":1)");
}
