// Sources on a whole server: files, connections and requests give the numbers that the events themselves give,
// whatever happens in between; what nobody can read is kept, shown and read again.
#include "tests/source_server.h"

#include "ingest/signature.h"
#include "tests/gzip.h"
#include "tests/peer.h"

namespace {

constexpr std::string_view kQuestion =
    "/v1/current?scope=*&kpi=offered,answered,waiting,wait_p95,service_level,state&window=5m,today";

std::string config(const OwnFolder& folder, const std::string& sources, const std::string& more = {}) {
  return more + kept_in(folder) + data_tenant(sources);
}

std::string native(const std::string& more) { return source("acd", "ringside", more); }
std::string followed(const OwnFolder& folder) { return file_source("acd", "ringside", folder.path("log")); }

std::vector<std::string> calls(int from, int to) {
  std::vector<std::string> lines;
  for (int call = from; call < to; ++call) {
    lines.push_back(queued(call, call * 7, call % 3 == 0 ? "vip" : "sales"));
    if (call % 4 != 0) lines.push_back(answered(call, call * 7 + call % 17, "a" + std::to_string(call % 5)));
  }
  return lines;
}

// What the events give when they are simply posted.
std::string direct(const std::string& lines) {
  LiveServer server(kDataClock);
  RawClient client(server.port());
  REQUIRE(client.post("/v1/events", lines).status == 200);
  return client.get(std::string(kQuestion)).body;
}

std::string numbers(LiveServer& server) { return asked(server, std::string(kQuestion)); }

}  // namespace

TEST_CASE("a followed file gives the numbers of its events, across rotations and a restart") {
  OwnFolder folder;
  const auto lines = calls(0, 60);
  const std::size_t third = lines.size() / 3;
  const auto part = [&](std::size_t from, std::size_t to) {
    return joined({lines.begin() + static_cast<std::ptrdiff_t>(from), lines.begin() + static_cast<std::ptrdiff_t>(to)});
  };
  const std::string toml = config(folder, followed(folder));
  folder.write("log", part(0, third));
  {
    LiveServer server(toml);
    until(server, "/v1/sources/acd", count("accepted", third));
    folder.append("log", part(third, third + 3));
    until(server, "/v1/sources/acd", count("accepted", third + 3));
    folder.rename("log", "log.1");
    folder.write("log", part(third + 3, third + 8));
    until(server, "/v1/sources/acd", count("accepted", third + 8));
    until(server, "/v1/sources/acd", R"("state":"following","well":true)");
  }
  folder.append("log", part(third + 8, lines.size() - 1));
  folder.rename("log", "log.2");
  folder.write("log", part(lines.size() - 1, lines.size()));
  LiveServer server(toml);
  const std::string health = until(server, "/v1/sources/acd", count("accepted", lines.size() - third - 8));
  CHECK_THAT(health, Catch::Contains(count("repeated", 0)));
  CHECK_THAT(health, Catch::Contains(count("gaps", 0)));
  CHECK(numbers(server) == direct(joined(lines)));
}

TEST_CASE("a mark older than what was applied only means that events come twice") {
  OwnFolder folder;
  const auto lines = calls(0, 40);
  const std::string toml = config(folder, followed(folder));
  folder.write("log", joined(lines));
  {
    LiveServer server(toml);
    until(server, "/v1/sources/acd", count("accepted", lines.size()));
  }
  const std::string mark = folder.path("data/test/sources/acd");
  REQUIRE(std::filesystem::exists(mark));
  const bool damaged = GENERATE(false, true);
  if (damaged) {
    folder.append("data/test/sources/acd", "?");
  } else {
    std::filesystem::remove(mark);
  }
  LiveServer server(toml);
  until(server, "/v1/sources/acd", count("repeated", lines.size()));
  CHECK(numbers(server) == direct(joined(lines)));
}

TEST_CASE("a file is read no faster than it is applied, and all of it is") {
  OwnFolder folder;
  const auto lines = calls(0, 800);
  folder.write("log", joined(lines));
  LiveServer server(config(folder, followed(folder),
                           "[limits]\nqueue_items = 1\nqueue_bytes = 65536\n"));
  until(server, "/v1/sources/acd", count("accepted", lines.size()));
  CHECK(numbers(server) == direct(joined(lines)));
}

TEST_CASE("who connects may keep one connection or make one for each record, and need not end the last line") {
  OwnFolder folder;
  const auto lines = calls(0, 30);
  LiveServer server(config(folder, native("listen = \"127.0.0.1:0\"")));
  const std::uint16_t port = listening(server, "acd");
  const bool each = GENERATE(false, true);
  if (each) {
    for (const std::string& line : lines) {
      RawClient client(port);
      client.send(line.substr(0, line.size() - 1));
    }
  } else {
    RawClient client(port);
    for (const std::string& line : lines) client.send(line);
    until(server, "/v1/sources/acd", count("accepted", lines.size()));
  }
  const std::string health = until(server, "/v1/sources/acd", count("accepted", lines.size()));
  CHECK_THAT(health, Catch::Contains(count("connections", each ? lines.size() : 1)));
  CHECK(numbers(server) == direct(joined(lines)));
}

TEST_CASE("a connection that is lost at any byte is made again, and nothing counts twice") {
  OwnFolder folder;
  Peer peer;
  const auto lines = calls(0, 3);
  const std::string all = joined(lines);
  LiveServer server(
      config(folder, native("connect = \"" + peer.address() + "\"\nreconnect_after = \"10ms\"")));
  for (std::size_t cut = 0; cut < all.size(); cut += 13) {
    peer.wait_for_call();
    peer.say(std::string_view(all).substr(0, cut));
  }
  peer.wait_for_call();
  peer.say(all);
  // Its last line was never told before.
  until(server, "/v1/sources/acd", count("accepted", lines.size()));
  const std::string health = until(server, "/v1/sources/acd", R"("state":"connected","well":true)");
  CHECK_THAT(health, Catch::Contains(count("open_connections", 1)));
  CHECK(numbers(server) == direct(all));
}

TEST_CASE("what nobody can read is kept across a restart, shown, and read again once the mapping is right") {
  OwnFolder folder;
  folder.write("map.toml", R"(source = "pbx"
[text]
header = false
[[column]]
name = "at"
[[column]]
name = "what"
[[column]]
name = "call"
[time]
format = "%Y-%m-%d %H:%M:%S"
[[event]]
type = { column = "what", map = { in = "call.queued" }, unmapped = "refuse" }
id = "{what}{call}"
time = "{at}"
call = "{call}"
queue = "sales"
)");
  const std::string toml =
      config(folder, source("pbx", "mapped_text", "mapping = \"" + folder.path("map.toml") + "\""));
  {
    LiveServer server(toml);
    until(server, "/v1/sources/pbx", "waiting for requests");
    RawClient client(server.port());
    const auto answer =
        client.post("/v1/sources/pbx", "2026-03-02 10:00:00,in,1\n2026-03-02 10:00:05,gone,1\nnonsense\n");
    CHECK(answer.status == 200);
    CHECK_THAT(answer.body, Catch::Contains(R"("accepted":1,"unchanged":0,"refused":2,"quarantined":2,)"));
  }
  std::ifstream before(folder.path("map.toml"));
  std::string mapping((std::istreambuf_iterator<char>(before)), {});
  mapping.replace(mapping.find("in = "), 5, "gone = \"call.abandoned\", in = ");
  folder.write("map.toml", mapping);
  LiveServer server(toml);
  const std::string listed = until(server, "/v1/quarantine", R"("matching":2,)");
  CHECK_THAT(listed, Catch::Contains(R"("begins":"nonsense")"));
  const std::size_t at = listed.find(R"("number":)") + 9;
  const std::string number = listed.substr(at, listed.find(',', at) - at);
  RawClient client(server.port());
  CHECK(client.get("/v1/quarantine/" + number).body == "2026-03-02 10:00:05,gone,1");
  CHECK(client.get("/v1/quarantine/999999").status == 404);
  const std::string replayed = client.post("/v1/quarantine/replay?source=pbx", "").body;
  CHECK_THAT(replayed, Catch::StartsWith(R"({"read":2,"accepted":1,"unchanged":0,"refused":1,"quarantined":1,)"));
  CHECK_THAT(client.get("/v1/quarantine").body, Catch::Contains(R"("matching":1,)"));
  CHECK_THAT(client.get("/v1/current?kpi=abandoned&window=today").body, Catch::Contains(R"("abandoned@today":1)"));
  CHECK(client.post("/v1/quarantine/purge?source=pbx", "").body == R"({"purged":1})");
  CHECK_THAT(client.get("/metrics").body, Catch::Contains("ringside_quarantine_entries{tenant=\"test\"} 0\n"));
}

TEST_CASE("Amazon Data Firehose: packed or not, and every answer in its form") {
  LiveServer server("[limits]\nbody_bytes = 4096\n" +
                    data_tenant(source("connect", "amazon_connect", "secret = \"k\"")));
  until(server, "/v1/sources/connect", "waiting for requests");
  RawClient client(server.port());
  const std::string record =
      R"({"ContactId":"c1","Channel":"VOICE","InitiationMethod":"INBOUND",)"
      R"("InitiationTimestamp":"2026-03-02T10:00:00Z","DisconnectTimestamp":"2026-03-02T10:01:00Z",)"
      R"("DisconnectReason":"CUSTOMER_DISCONNECT",)"
      R"("LastUpdateTimestamp":"2026-03-02T10:01:30Z","Queue":{"Name":"Basic",)"
      R"("EnqueueTimestamp":"2026-03-02T10:00:10Z","DequeueTimestamp":"2026-03-02T10:01:00Z","Duration":50}})";
  const std::string body =
      R"({"requestId":"r1","timestamp":1,"records":[{"data":")" + ingest::base64(record) + R"("}]})";
  const auto post = [&](const std::string& name, const std::string& bytes, const std::string& key, bool packed) {
    return client.post("/v1/sources/" + name, bytes,
                       "X-Amz-Firehose-Request-Id: r1\r\nX-Amz-Firehose-Access-Key: " + key +
                           "\r\nContent-Type: application/json\r\n" + (packed ? "Content-Encoding: gzip\r\n" : ""));
  };
  const auto refused = [&](const RawClient::Answer& answer, int status, const std::string& why) {
    CHECK(answer.status == status);
    CHECK_THAT(answer.head, Catch::Contains("Content-Type: application/json\r\n"));
    CHECK_THAT(answer.body, Catch::StartsWith(R"({"requestId":"r1","timestamp":1)"));
    CHECK_THAT(answer.body, Catch::Contains(R"(,"errorMessage":")" + why));
    CHECK_THAT(answer.body, Catch::EndsWith("\"}"));
  };
  refused(post("connect", gzip(body), "x", true), 401, "");
  refused(post("none", gzip(body), "k", true), 404, "there is no source 'none'");
  refused(post("connect", body, "k", true), 400, "the gzip body is damaged");
  refused(post("connect", gzip(std::string(100'000, ' ')), "k", true), 413, "the body is larger than");
  CHECK_THAT(client.get("/v1/sources/connect").body, Catch::Contains(count("messages", 0)));
  const auto taken = post("connect", gzip(body), "k", true);
  CHECK(taken.status == 200);
  CHECK_THAT(taken.body, Catch::StartsWith(R"({"requestId":"r1","timestamp":1)"));
  CHECK_THAT(taken.body, !Catch::Contains("errorMessage"));
  CHECK(post("connect", body, "k", false).status == 200);  // again, not packed: the same
  CHECK_THAT(client.get("/v1/current?scope=tenant&kpi=offered,abandoned&window=today").body,
             Catch::Contains(R"("abandoned@today":1,"offered@today":1)"));
  // Too large before it is unpacked: the connection is over.
  refused(post("connect", std::string(5'000, 'x'), "k", false), 413, "the body is too large");
}

TEST_CASE("requests for sources that are not there or not to be asked are told so") {
  OwnFolder folder;
  folder.write("log", "");
  LiveServer server(config(folder, followed(folder) + source("web", "ringside")));
  until(server, "/v1/sources/web", "waiting for requests");
  RawClient client(server.port());
  CHECK(client.post("/v1/sources/none", "{}").status == 404);
  CHECK(client.get("/v1/sources/none").status == 404);
  CHECK(client.post("/v1/sources/acd", "{}").status == 409);
  CHECK(client.post("/v1/sources/web?uuid=1", queued(1, 1, "sales")).status == 200);
  CHECK(client.post("/v1/sources/web", "x", "Origin: http://elsewhere.example\r\n").status == 403);
  CHECK_THAT(client.post("/v1/sources/web", queued(1, 1, "sales"), "X-Amz-Firehose-Request-Id: r1\r\n").body,
             Catch::StartsWith(R"({"requestId":"r1","timestamp":)"));
  CHECK(client.post("/v1/quarantine/replay", "").status == 404);
}
