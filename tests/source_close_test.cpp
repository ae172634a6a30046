// Calls that a source never ends: closed by its rule on the data's clock, marked as concluded, undone when the truth
// arrives; across a restart, too.
#include "tests/source_server.h"

namespace {

std::string settings(const OwnFolder& folder, const std::string& close_after) {
  return kept_in(folder) + data_tenant(source("acd", "ringside", "listen = \"127.0.0.1:0\"\n" + close_after));
}
const std::string kRule = "close_after = \"60s\"";

std::string ended(int call, int second, const std::string& agent) {
  return call_line("ended", call, second, ",\"agent\":\"" + agent + "\"");
}

constexpr const char* kToday =
    "/v1/current?scope=queue/sales&kpi=offered,answered,left,waiting,contacts_active,talk_time&window=today";

// The same without what it is as of.
std::string values(LiveServer& server) {
  const std::string body = asked(server, kToday);
  return body.substr(body.find("\"values\""));
}

}  // namespace

TEST_CASE("a call nobody ends is closed once the data says that time has passed, until somebody says more") {
  const OwnFolder folder;
  const bool restart = GENERATE(false, true);
  CAPTURE(restart);
  auto server = std::make_unique<LiveServer>(settings(folder, kRule));
  std::string all;
  std::size_t told = 0;
  // Each piece on a connection of its own; with its items applied.
  const auto tell = [&](const std::string& lines) {
    RawClient acd(listening(*server, "acd"));
    acd.send(lines);
    told += static_cast<std::size_t>(std::count(lines.begin(), lines.end(), '\n'));
    all += lines;
    until(*server, "/v1/sources/acd", count("messages", told));
  };
  const auto again = [&] {
    if (!restart) return;
    server.reset();
    server = std::make_unique<LiveServer>(settings(folder, kRule));
    told = 0;
  };
  tell(queued(1, 0, "sales") + queued(2, 10, "sales") + answered(2, 15, "ann"));
  until(*server, kToday, R"("waiting":1)");
  // 50 s after the last word on the first: nothing yet.
  tell(queued(3, 50, "sales"));
  until(*server, kToday, R"("waiting":2)");
  again();
  tell(queued(4, 100, "sales"));
  until(*server, "/v1/sources/acd", R"("inferred":{"close_after":2})");
  // The first left the queue, the second's talk is over, both at the last instant heard of them.
  until(*server, kToday, R"("contacts_active":0)");
  CHECK_THAT(until(*server, kToday, R"("waiting":2)"), Catch::Contains(R"("left@today":1)"));
  const std::string record = asked(*server, "/v1/records/call/c1");
  CHECK_THAT(record, Catch::Contains(R"("type":"call.lost")"));
  again();
  // The truth, late.
  tell(answered(1, 30, "bob") + ended(1, 95, "bob") + ended(2, 99, "ann") + answered(3, 101, "ann") +
       ended(3, 102, "ann") +
       call_line("abandoned", 4, 103));
  until(*server, kToday, R"("talk_time@today":150000)");
  OwnFolder other;
  LiveServer plain(settings(other, ""));
  RawClient acd(listening(plain, "acd"));
  acd.send(all);
  until(plain, kToday, R"("talk_time@today":150000)");
  CHECK(values(*server) == values(plain));
  CHECK_THAT(values(plain), Catch::Contains(R"("left@today":0)"));
}
