// Sources under other settings while their messages flow: nothing is lost, nothing counts twice, positions, counts and
// connections go on as far as they can.
#include "tests/source_server.h"

#include <atomic>
#include <thread>

namespace {

constexpr std::string_view kNumbers =
    "/v1/current?scope=*&kpi=offered,answered,waiting,wait_p95,service_level&window=5m,today";

std::string settings(const OwnFolder& folder, bool kept, const std::string& sources) {
  return (kept ? kept_in(folder) : "[storage]\nfolder = \"none\"\n") + data_tenant(sources);
}

std::string call_lines(int from, int to) {
  std::string all;
  for (int call = from; call < to; ++call) {
    all += queued(call, call * 7, call % 3 == 0 ? "vip" : "sales");
    if (call % 4 != 0) all += answered(call, call * 7 + call % 17, "a" + std::to_string(call % 5));
  }
  return all;
}

std::string numbers(LiveServer& server) { return asked(server, std::string(kNumbers)); }

std::string direct(const std::string& lines) {
  LiveServer server(kDataClock);
  RawClient client(server.port());
  REQUIRE(client.post("/v1/events", lines).status == 200);
  return client.get(std::string(kNumbers)).body;
}

std::string queue_log(int call, const std::string& agent) {
  const std::string id = "1.";
  const std::string at = std::to_string(1'758'288'000 + call * 10);
  const std::string name = id + std::to_string(call);
  return at + "|" + name + "|sales|NONE|ENTERQUEUE||491|1\n" + at + "|" + name + "|sales|" + agent + "|CONNECT|0|x|0\n";
}

}  // namespace

TEST_CASE("other names of agents hold from the next message on, also in the middle of a line") {
  const OwnFolder folder;
  const auto with = [&](const std::string& more) {
    return settings(folder, true, source("pbx", "asterisk_queue_log", "listen = \"127.0.0.1:0\"\n" + more));
  };
  LiveServer server(with(""));
  const std::uint16_t port = listening(server, "pbx");
  RawClient pbx(port);
  const std::string third = queue_log(3, "PJSIP/77");
  pbx.send(queue_log(1, "PJSIP/77") + queue_log(2, "PJSIP/77") + third.substr(0, 40));
  until(server, "/v1/sources/pbx", count("messages", 4));
  REQUIRE(server.reload(with("agents = { \"PJSIP/77\" = \"ann\" }")));
  pbx.send(third.substr(40));
  const std::string health = until(server, "/v1/sources/pbx", count("messages", 6));
  CHECK_THAT(health, Catch::Contains(count("connections", 1)));
  CHECK_THAT(health, Catch::Contains(count("open_connections", 1)));
  CHECK(listening(server, "pbx") == port);
  until(server, "/v1/current?scope=agent/ann&kpi=handled&window=today", R"("handled@today":1)");
}

TEST_CASE("a file that is followed goes on where it was, whatever else changes") {
  const OwnFolder folder;
  const bool kept = GENERATE(true, false);
  CAPTURE(kept);
  const auto with = [&](const std::string& file, const std::string& more = {}) {
    return settings(folder, kept, file_source("acd", "ringside", folder.path(file), more));
  };
  folder.write("log", call_lines(0, 20));
  LiveServer server(with("log"));
  until(server, "/v1/sources/acd", count("accepted", 35));
  SECTION("its authority") {
    REQUIRE(server.reload(with("log", "authority = 7\n")));
    folder.append("log", call_lines(20, 40));
    CHECK_THAT(until(server, "/v1/sources/acd", count("accepted", 70)), Catch::Contains(R"("authority":7)"));
  }
  SECTION("where it begins, which makes another inlet") {
    REQUIRE(server.reload(with("log", "read_from = \"end\"\n")));
    folder.append("log", call_lines(20, 40));
    until(server, "/v1/sources/acd", count("accepted", 70));
  }
  SECTION("its name, and it is the same file") {
    folder.rename("log", "moved");
    REQUIRE(server.reload(with("moved")));
    folder.append("moved", call_lines(20, 40));
    until(server, "/v1/sources/acd", count("accepted", 70));
  }
  SECTION("its name, and it is another file") {
    folder.write("other", call_lines(20, 40));
    REQUIRE(server.reload(with("other")));
    until(server, "/v1/sources/acd", count("accepted", 70));
  }
  SECTION("its name, and it is another file that was read by another source") {
    folder.append("log", call_lines(20, 40));
    until(server, "/v1/sources/acd", count("accepted", 70));
    REQUIRE(server.reload(with("none")));
    until(server, "/v1/sources/acd", "none");
    REQUIRE(server.reload(with("log")));
    until(server, "/v1/sources/acd", R"("state":"following")");
  }
  const std::string health = until(server, "/v1/sources/acd", R"("state":"following")");
  CHECK_THAT(health, Catch::Contains(count("repeated", 0)));
  CHECK_THAT(health, Catch::Contains(count("gaps", 0)));
  CHECK(numbers(server) == direct(call_lines(0, 40)));
}

TEST_CASE("a file whose end was all that was of interest is read on from there after a restart") {
  const OwnFolder folder;
  folder.write("log", call_lines(0, 5));
  const std::string config =
      settings(folder, true, file_source("acd", "ringside", folder.path("log"), "read_from = \"end\"\n"));
  {
    LiveServer server(config);
    until(server, "/v1/sources/acd", R"("state":"following")");
  }
  const std::string more = call_lines(5, 12);
  folder.append("log", more);
  LiveServer server(config);
  const std::string expected = direct(more);
  until(server, std::string(kNumbers), expected.substr(expected.find("\"values\"")));
}

TEST_CASE("another format reads the file anew") {
  const OwnFolder folder;
  folder.write("log", queue_log(1, "PJSIP/77"));
  LiveServer server(settings(folder, true, file_source("pbx", "ringside", folder.path("log"))));
  until(server, "/v1/sources/pbx", count("messages", 2));
  until(server, "/v1/quarantine", R"("matching":2,)");
  REQUIRE(server.reload(settings(folder, true, file_source("pbx", "asterisk_queue_log", folder.path("log")))));
  until(server, "/v1/current?scope=queue/sales&kpi=answered&window=today", R"("answered@today":1)");
  // What the one before could not read is still there to be looked at, and can be read again now.
  RawClient client(server.port());
  CHECK_THAT(client.post("/v1/quarantine/replay?source=pbx", "").body, Catch::StartsWith(R"({"read":2,)"));
  CHECK_THAT(client.get("/v1/quarantine").body, Catch::Contains(R"("matching":0,)"));
  CHECK_THAT(client.get("/v1/current?scope=queue/sales&kpi=answered&window=today").body,
             Catch::Contains(R"("answered@today":1)"));
}

TEST_CASE("another port is listened on, the old one is not, and counts go on") {
  const OwnFolder folder;
  const auto with = [&](const std::string& address) {
    return settings(folder, true, source("acd", "ringside", "listen = \"" + address + "\""));
  };
  LiveServer server(with("127.0.0.1:0"));
  const std::uint16_t port = listening(server, "acd");
  RawClient before(port);
  before.send(queued(1, 1, "sales"));
  until(server, "/v1/sources/acd", count("accepted", 1));
  REQUIRE(server.reload(with("0.0.0.0:0")));
  const std::string state = until(server, "/v1/sources/acd", "listening on 0.0.0.0:");
  CHECK(before.rest().empty());  // closed
  const std::size_t at = state.find("0.0.0.0:") + 8;
  RawClient after(static_cast<std::uint16_t>(std::stoi(state.substr(at))));
  after.send(queued(2, 2, "sales"));
  const std::string health = until(server, "/v1/sources/acd", count("accepted", 2));
  CHECK_THAT(health, Catch::Contains(count("connections", 2)));
  CHECK_THAT(health, Catch::Contains(count("open_connections", 1)));
}

TEST_CASE("limits that change hold for sources at work") {
  const OwnFolder folder;
  const std::string sources = source("web", "ringside");
  LiveServer server(settings(folder, true, sources));
  until(server, "/v1/sources/web", "waiting for requests");
  RawClient client(server.port());
  REQUIRE(server.reload("[limits]\naccept_from = 2026-03-02T10:00:30Z\n" + settings(folder, true, sources)));
  CHECK_THAT(client.post("/v1/sources/web", queued(1, 1, "sales")).body, Catch::Contains("past_time"));
  CHECK_THAT(client.post("/v1/sources/web", queued(2, 40, "sales")).body, Catch::StartsWith(R"({"accepted":1,)"));
}

TEST_CASE("while events flow sources come, go and change, and every event counts once") {
  const OwnFolder folder;
  const bool kept = GENERATE(true, false);
  CAPTURE(kept);
  folder.write("log", "");
  const auto with = [&](int round) {
    std::string all = "";
    if (round % 3 != 1 || !kept) {  // without a folder its place goes with it, and it is read from the beginning
      all = file_source("acd", "ringside", folder.path("log"),
                        round % 2 == 0 ? "authority = 3\n" : "read_from = \"end\"\n");
    }
    all += source("web", "ringside", "call_prefix = \"r" + std::to_string(round) + "-\"\n");
    if (round % 4 == 2) all += source("more", "ringside");
    // A KPI of its own: the tenant's engine is made anew each time.
    return settings(folder, kept, all + "[[tenant.kpi]]\nid = \"k" + std::to_string(round % 2) +
                                      "\"\ntitle = \"k\"\nformula = \"offered\"\nunit = \"count\"\n");
  };
  LiveServer server(with(0));
  // Else it is first seen when it is read from its end.
  until(server, "/v1/sources/acd", R"("state":"following")");
  std::string all;
  std::atomic<bool> done = false;
  std::thread writer([&] {  // which checks nothing: Catch is for one thread
    std::ofstream log(folder.path("log"), std::ios::binary | std::ios::app);
    for (int call = 0; call < 600 || !done; ++call) {
      if (call >= 600) {
        std::this_thread::yield();
        continue;
      }
      const std::string lines = call_lines(call, call + 1);
      all += lines;
      log << lines.substr(0, lines.size() / 2) << std::flush;
      log << lines.substr(lines.size() / 2) << std::flush;
    }
  });
  for (int round = 1; round < 12; ++round) REQUIRE(server.reload(with(round)));
  REQUIRE(server.reload(with(0)));
  done = true;
  writer.join();
  const std::string expected = direct(all);
  until(server, "/v1/sources/acd", R"("state":"following")");
  until(server, std::string(kNumbers), expected.substr(expected.find("\"values\"")));
  CHECK_THAT(until(server, "/v1/sources/acd", R"("state":"following")"), Catch::Contains(count("gaps", 0)));
}

TEST_CASE("a tenant that goes while its sources are read, and comes again, has every event once") {
  const OwnFolder folder;
  const std::string other = "[[tenant]]\nname = \"other\"\n";
  const std::string process = kept_in(folder);
  const std::string tenant = data_tenant(file_source("acd", "ringside", folder.path("log")));
  folder.write("log", call_lines(0, 400));
  LiveServer server(process + other + tenant);
  until(server, "/v1/sources/acd?tenant=test", R"("name":"acd")");
  for (int round = 0; round < 4; ++round) {
    REQUIRE(server.reload(process + other));
    folder.append("log", call_lines(400 + round * 20, 420 + round * 20));
    REQUIRE(server.reload(process + other + tenant));
  }
  const std::string expected = direct(call_lines(0, 480));
  until(server, std::string(kNumbers) + "&tenant=test", expected.substr(expected.find("\"values\"")));
}

TEST_CASE("whoever sent something to a tenant that goes hears of it") {
  const OwnFolder folder;
  const std::string other = "[[tenant]]\nname = \"other\"\n";
  const std::string process = kept_in(folder);
  LiveServer server(process + other + data_tenant(source("web", "ringside")));
  until(server, "/v1/sources/web?tenant=test", "waiting for requests");
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 60; ++i) {
    const std::string lines = call_lines(i * 10, i * 10 + 10);
    clients.push_back(std::make_unique<RawClient>(server.port()));
    const std::string target = i % 3 == 0 ? "/v1/events" : "/v1/sources/web";
    clients.back()->send("POST " + target + "?tenant=test HTTP/1.1\r\nHost: test\r\nContent-Length: " +
                         std::to_string(lines.size()) + "\r\n\r\n" + lines);
  }
  REQUIRE(server.reload(process + other));
  for (const auto& client : clients) {
    const RawClient::Answer answer = client->answer();
    CAPTURE(answer.status, answer.body);
    CHECK((answer.status == 200 || answer.status == 404 || answer.status == 503));
  }
}
