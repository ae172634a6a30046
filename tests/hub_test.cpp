#include "server/hub.h"

#include <catch2/catch.hpp>
#include <random>

#include "server/frames.h"
#include "tests/stream_model.h"

namespace {

using server::CellUpdate;
using server::Hub;
using server::ViewUpdate;

ViewUpdate update(std::string view, std::int64_t asof, std::vector<CellUpdate> cells) {
  ViewUpdate made;
  made.view = std::move(view);
  made.asof = asof;
  made.last_event = asof - 5;
  made.cells = std::move(cells);
  return made;
}

std::vector<std::string> frames(Hub& hub, server::SubscriberId id, std::int64_t now) {
  std::vector<std::string> texts;
  for (const auto& payload : hub.take(id, now, 1'000'000 + now).payloads) {
    texts.emplace_back(server::payload_of(*payload));
  }
  return texts;
}

void open_wall(Hub& hub) {
  hub.open_view("wall", "wall");
  hub.publish(update("wall", 100,
                     {{"queue/a", "waiting", "1"},
                      {"queue/a", "sl", "80.5"},
                      {"queue/b", "waiting", "2"},
                      {"queue/b", "sl", "null"}}),
              0);
}

}  // namespace

TEST_CASE("a new subscriber gets the snapshot, then only what changed") {
  Hub hub({"e1"});
  open_wall(hub);
  const auto id = hub.join(0);
  REQUIRE(hub.subscribe(id, "wall", 10, std::nullopt, 0));
  REQUIRE(hub.due(0) == std::vector<server::SubscriberId>{id});
  REQUIRE(
      frames(hub, id, 0) ==
      std::vector<std::string>{R"({"t":"snap","view":"wall","seq":1,"asof":100,"d":{"queue/a":{"sl":80.5,"waiting":1},)"
                               R"("queue/b":{"sl":null,"waiting":2}}})"});
  REQUIRE(hub.due(5'000).empty());  // a write is in flight
  hub.written(id, 1);

  hub.publish(update("wall", 200, {{"queue/b", "waiting", "3"}}), 50);
  REQUIRE(hub.due(50).empty());  // not more often than asked for
  REQUIRE(hub.next_due() == 100);
  REQUIRE(frames(hub, id, 100) ==
          std::vector<std::string>{
              R"({"t":"delta","view":"wall","prev":1,"seq":2,"asof":200,"set":{"queue/b":{"waiting":3}}})"});
}

TEST_CASE("all who have the same share one encoding") {
  Hub hub({"e1"});
  open_wall(hub);
  std::vector<server::SubscriberId> ids;
  for (int i = 0; i < 5; ++i) {
    ids.push_back(hub.join(0));
    REQUIRE(hub.subscribe(ids.back(), "wall", 4, std::nullopt, 0));
    hub.take(ids.back(), 0, 0);
    hub.written(ids.back(), 0);
  }
  hub.publish(update("wall", 200, {{"queue/b", "waiting", "3"}}), 300);
  const auto first = hub.take(ids[0], 300, 0).payloads.at(0);
  for (std::size_t i = 1; i < ids.size(); ++i) REQUIRE(hub.take(ids[i], 300, 0).payloads.at(0) == first);
  REQUIRE(hub.counts().encoded == 2);
}

TEST_CASE("a subscriber resumes with one delta in the same epoch, with a snapshot otherwise") {
  Hub hub({"e1"});
  open_wall(hub);
  hub.publish(update("wall", 200, {{"queue/b", "waiting", "3"}}), 0);
  const auto first_frame = [&](const server::ResumePoint& from) {
    const auto id = hub.join(0);
    REQUIRE(hub.subscribe(id, "wall", 4, from, 0));
    const auto texts = frames(hub, id, 0);
    return texts.empty() ? std::string("nothing") : texts[0].substr(0, 10);
  };
  REQUIRE(first_frame({"e1", 1}) == R"({"t":"delt)");
  REQUIRE(first_frame({"e1", 2}) == "nothing");
  REQUIRE(first_frame({"e0", 1}) == R"({"t":"snap)");
  REQUIRE(first_frame({"e1", 3}) == R"({"t":"snap)");  // from the future

  hub.open_view("late", "late");
  hub.publish(update("late", 200, {{"tenant", "waiting", "3"}}), 0);
  const auto id = hub.join(0);
  REQUIRE(hub.subscribe(id, "late", 4, server::ResumePoint{"e1", 2}, 0));
  REQUIRE(frames(hub, id, 0).at(0).substr(0, 10) == R"({"t":"snap)");  // before this view was opened
}

TEST_CASE("a delta of nearly everything is sent as a snapshot") {
  Hub hub({"e1"});
  hub.open_view("wall", "wall");
  const auto rows = [](int count, const std::string& value) {
    std::vector<CellUpdate> cells;
    for (int i = 0; i < count; ++i) cells.push_back({"queue/number-" + std::to_string(i), "average_wait", value});
    return cells;
  };
  hub.publish(update("wall", 100, rows(60, "12345")), 0);
  const auto id = hub.join(0);
  REQUIRE(hub.subscribe(id, "wall", 10, std::nullopt, 0));
  hub.take(id, 0, 0);
  hub.written(id, 0);
  hub.publish(update("wall", 200, rows(60, "23456")), 100);
  REQUIRE(frames(hub, id, 100).at(0).substr(0, 10) == R"({"t":"snap)");
  hub.written(id, 100);
  hub.publish(update("wall", 300, rows(20, "34567")), 200);
  REQUIRE(frames(hub, id, 200).at(0).substr(0, 10) == R"({"t":"delt)");
}

TEST_CASE("heartbeats speak of what was sent, and carry a checksum when that is the present state") {
  Hub hub({"e1"});
  open_wall(hub);
  const auto id = hub.join(0);
  REQUIRE(hub.subscribe(id, "wall", 0.2, std::nullopt, 0));
  StreamModel client;
  REQUIRE(client.apply(frames(hub, id, 0).at(0)).empty());
  hub.written(id, 0);
  REQUIRE(hub.next_due() == 2'000);
  auto texts = frames(hub, id, 2'000);
  REQUIRE(texts.size() == 1);
  REQUIRE(client.apply(texts[0]).empty());
  REQUIRE(client.checked == 1);
  hub.written(id, 2'000);

  hub.publish(update("wall", 300, {{"queue/a", "waiting", "7"}}), 2'100);  // held back: 0.2 Hz
  texts = frames(hub, id, 4'000);
  REQUIRE(texts ==
          std::vector<std::string>{R"({"t":"hb","now":1004000,"v":{"wall":{"seq":1,"asof":100,"last_event":295}}})"});
}

TEST_CASE("an update without changes moves only the freshness") {
  Hub hub({"e1"});
  open_wall(hub);
  const auto id = hub.join(0);
  REQUIRE(hub.subscribe(id, "wall", 4, std::nullopt, 0));
  hub.take(id, 0, 0);
  hub.written(id, 0);
  hub.publish(update("wall", 900, {}), 1'000);
  REQUIRE(hub.next_due() == 2'000);
  REQUIRE_THAT(frames(hub, id, 2'000).at(0), Catch::Contains(R"("seq":1,"asof":900,"last_event":895,"crc":)"));
}

TEST_CASE("unknown views, names taken twice, resync and leaving") {
  Hub hub({"e1"});
  open_wall(hub);
  hub.open_view("other", "wall");
  const auto id = hub.join(0);
  REQUIRE(hub.subscribe(id, "nothing", 4, std::nullopt, 0).error().code == "unknown_view");
  REQUIRE(hub.subscribe(id, "wall", 4, std::nullopt, 0));
  REQUIRE(hub.subscribe(id, "other", 4, std::nullopt, 0).error().code == "name_taken");
  REQUIRE(frames(hub, id, 0).size() == 1);
  hub.written(id, 0);
  REQUIRE_FALSE(hub.resync(id, "nothing", 0));
  REQUIRE(hub.resync(id, "wall", 10));
  REQUIRE(frames(hub, id, 10).at(0).substr(0, 10) == R"({"t":"snap)");
  REQUIRE(hub.unsubscribe(id, "wall") == "wall");
  REQUIRE(hub.subscribers_of("wall") == 0);
  hub.leave(id);
  REQUIRE(hub.next_due() == windows::kNever);
}

// Random publishing, arbitrary stalls, reconnects with and without a resume point, resyncs: whatever a client
// applies is a state the server had, never an older one, and in the end the present one.
TEST_CASE("a client always arrives at the server's state and never goes backwards") {
  const auto seed = static_cast<unsigned>(GENERATE(range(1, 31)));
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };

  struct Client {
    server::SubscriberId id = 0;
    bool writing = false;
    double hz = 4;
    StreamModel model;
  };
  Hub hub({"e1"});
  hub.open_view("wall", "wall");
  StreamModel::View truth;
  std::vector<Client> clients(4);
  const double rates[] = {10, 4, 1, 0.2};
  for (auto& client : clients) {
    client.hz = rates[below(4)];
    client.id = hub.join(0);
    REQUIRE(hub.subscribe(client.id, "wall", client.hz, std::nullopt, 0));
  }
  const auto deliver = [&](Client& client, std::int64_t now) {
    for (const auto& payload : hub.take(client.id, now, now).payloads) {
      client.writing = true;
      REQUIRE(client.model.apply(server::payload_of(*payload)) == "");
    }
  };
  std::int64_t now = 0;
  for (int step = 0; step < 2'000; ++step) {
    now += below(40);
    Client& client = clients[below(4)];
    switch (below(8)) {
      case 0:
      case 1:
      case 2: {
        std::vector<CellUpdate> cells;
        for (unsigned i = below(6); i-- > 0;) {
          cells.push_back(
              {"queue/" + std::to_string(below(5)), "kpi" + std::to_string(below(4)), std::to_string(below(1'000))});
          truth.rows[cells.back().row][cells.back().column] = cells.back().value;
        }
        hub.publish(update("wall", now, std::move(cells)), now);
        break;
      }
      case 3:
      case 4:
      case 5:
        deliver(client, now);
        break;
      case 6:
        if (client.writing) hub.written(client.id, now);
        client.writing = false;
        break;
      case 7:
        if (below(10) == 0) {  // the connection broke: all that was taken may or may not have arrived
          hub.leave(client.id);
          client.id = hub.join(now);
          client.writing = false;
          const auto it = client.model.views.find("wall");
          std::optional<server::ResumePoint> from;
          if (it != client.model.views.end() && below(2) == 0) from = server::ResumePoint{"e1", it->second.seq};
          REQUIRE(hub.subscribe(client.id, "wall", client.hz, from, now));
        } else if (below(10) == 0) {
          REQUIRE(hub.resync(client.id, "wall", now));
        }
        break;
    }
  }
  for (Client& client : clients) {
    if (client.writing) hub.written(client.id, now);
    for (int i = 0; i < 2; ++i) {
      now += 6'000;
      deliver(client, now);
      hub.written(client.id, now);
    }
    REQUIRE(client.model.views["wall"].rows == truth.rows);
    REQUIRE(client.model.checked > 0);
  }
}
