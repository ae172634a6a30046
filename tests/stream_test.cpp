// The stream with a real WebSocket client of another make (Beast), against the whole server.
#include "server/client_message.h"

#include <fstream>
#include <utility>

#include "tests/stream_client.h"

namespace {

std::string handshake(std::uint16_t port, const std::string& target, const std::string& more) {
  RawClient client(port);
  client.send("GET " + target + " HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" + more +
              "\r\n");
  return client.answer().head.substr(0, 12);
}

}  // namespace

TEST_CASE("the handshake is refused with a reason, before anything is opened") {
  LiveServer server;
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const std::string version = "Sec-WebSocket-Version: 13\r\n";
  const std::string protocol = "Sec-WebSocket-Protocol: kpi.v1.json\r\n";
  CHECK(handshake(server.port(), "/v1/stream", version + protocol) == "HTTP/1.1 400");
  CHECK(handshake(server.port(), "/v1/stream", key + protocol) == "HTTP/1.1 426");
  CHECK(handshake(server.port(), "/v1/stream", key + version) == "HTTP/1.1 400");
  CHECK(handshake(server.port(), "/v1/stream", "Sec-WebSocket-Key: short==\r\n" + version + protocol) ==
        "HTTP/1.1 400");
  CHECK(handshake(server.port(), "/v1/stream", key + version + protocol + "Origin: http://evil.example\r\n") ==
        "HTTP/1.1 403");
  CHECK(handshake(server.port(), "/v1/stream?tenant=nobody", key + version + protocol) == "HTTP/1.1 404");
  CHECK(handshake(server.port(), "/v1/stream", key + version + protocol + "Origin: http://test\r\n") == "HTTP/1.1 101");
}

TEST_CASE("hello, snapshot, deltas and heartbeats") {
  LiveServer server(kDataClock);
  RawClient http(server.port());
  REQUIRE(http.post("/v1/events", queued(1, 0, "sales")).status == 200);
  StreamClient client(server.port());
  CHECK_THAT(client.until("hello"), Catch::Contains(R"("hb_ms":2000)") && Catch::Contains(R"("tenant":"test")"));
  client.subscribe();
  client.until("snap");
  client.until_cell("wallboard", "queue/sales", "waiting", "1");
  REQUIRE(http.post("/v1/events", queued(2, 5, "sales")).status == 200);
  client.until_cell("wallboard", "queue/sales", "waiting", "2");
  CHECK(client.model.deltas > 0);
  CHECK(client.model.views["wallboard"].rows["queue/sales"]["oldest_waiting_since"] == "1772445600000");
  CHECK_THAT(client.until("hb"),
             Catch::Contains(R"("last_event":1772445605000)") && Catch::Contains(R"("now":1772445605000)"));
  CHECK(client.model.checked > 0);
}

TEST_CASE("resync answers with a snapshot, unsub with silence, mistakes with their code") {
  LiveServer server;
  StreamClient client(server.port());
  client.subscribe();
  client.until("snap");
  client.send(R"({"id":2,"op":"resync","view":"wallboard"})");
  client.until("snap");
  CHECK(client.model.snapshots == 2);
  client.send(R"({"id":3,"op":"unsub","view":"wallboard"})");
  client.until("ok");
  const auto [message, code] = GENERATE(table<std::string, std::string>({
      {R"({"id":4,"op":"unsub","view":"wallboard"})", "not_subscribed"},
      {R"({"id":4,"op":"resync","view":"wallboard"})", "not_subscribed"},
      {R"({"id":4,"op":"sub","view":"nothing"})", "unknown_view"},
      {R"({"id":4,"op":"dance","view":"wallboard"})", "unknown_op"},
      {R"({"op":"sub","view":"wallboard"})", "bad_message"},
      {R"({"id":4,"op":"sub"})", "bad_message"},
      {R"({"id":4,"op":"sub","view":"v","hz":"fast"})", "bad_message"},
      {R"({"id":4,"op":"sub","view":"v","def":{}})", "bad_message"},
      {R"({"id":4,"op":"sub","view":"v","def":{"groups":[{"scopes":["tenant"],"columns":["nothing"]}]}})",
       "unknown_kpi"},
      {R"([])", "bad_message"},
      {R"({"id":4,)", "bad_message"},
  }));
  CAPTURE(message);
  client.send(message);
  client.until("err");
  CHECK(client.model.last_code == code);
}

TEST_CASE("a client can define a view of its own") {
  LiveServer server(kDataClock);
  RawClient http(server.port());
  REQUIRE(http.post("/v1/events", queued(1, 0, "sales") + queued(2, 0, "vip")).status == 200);
  StreamClient client(server.port());
  const std::string view =
      R"("view":"mine","def":{"groups":[{"scopes":["queue/*"],"columns":["waiting","offered@30m"]}]}})";
  client.send(R"({"id":1,"op":"sub",)" + view);
  client.until("snap");
  CHECK(client.model.views["mine"].rows.size() == 2);
  CHECK(client.model.views["mine"].rows["queue/vip"] ==
        std::map<std::string, std::string>{{"offered@30m", "1"}, {"waiting", "1"}});
  StreamClient other(server.port());
  other.send(R"({"id":1,"op":"sub",)" + view);
  other.until("snap");
  REQUIRE(http.post("/v1/events", queued(3, 5, "vip")).status == 200);
  client.until_cell("mine", "queue/vip", "waiting", "2");
  other.until_cell("mine", "queue/vip", "waiting", "2");
}

TEST_CASE("after a reconnect the same epoch goes on where it was left") {
  LiveServer server(kDataClock);
  RawClient http(server.port());
  REQUIRE(http.post("/v1/events", queued(1, 0, "sales") + queued(2, 0, "vip") + queued(3, 0, "billing")).status == 200);
  StreamModel kept;
  {
    StreamClient client(server.port());
    client.subscribe();
    client.until_cell("wallboard", "queue/billing", "waiting", "1");
    kept = client.model;
  }
  REQUIRE(http.post("/v1/events", queued(4, 10, "sales")).status == 200);
  StreamClient again(server.port());
  again.model = kept;
  const std::string seq = std::to_string(kept.views["wallboard"].seq);
  again.subscribe(R"(,"from":{"epoch":")" + kept.epoch + R"(","seq":)" + seq + "}");
  again.until_cell("wallboard", "queue/sales", "waiting", "2");
  CHECK(again.model.snapshots == kept.snapshots);

  StreamClient stranger(server.port());
  stranger.subscribe(R"(,"from":{"epoch":"other","seq":)" + seq + "}");
  stranger.until("snap");
}

namespace {

// Changes every queue of the wall, again and again, each time until `fast` has seen it: its progress is the
// clock of these tests.
constexpr int kQueues = 60;
const std::string kLongName = "queue-with-a-long-name-";

void change_all(RawClient& http, StreamClient& fast, int rounds) {
  int call = 0;
  for (int round = 1; round <= rounds; ++round) {
    std::string body;
    for (int queue = 0; queue < kQueues; ++queue) body += queued(++call, round, kLongName + std::to_string(queue));
    REQUIRE(http.post("/v1/events", body).status == 200);
    fast.until_cell("wallboard", "queue/" + kLongName + "0", "waiting", std::to_string(round));
  }
}

}  // namespace

TEST_CASE("one that reads slowly gets the newest state, not the whole past") {
  LiveServer server(kDataClock);
  RawClient http(server.port());
  StreamClient slow(server.port(), "", 4'096);
  slow.subscribe();
  StreamClient fast(server.port());
  fast.subscribe();
  change_all(http, fast, 40);
  slow.until_cell("wallboard", "queue/" + kLongName + "59", "waiting", "40");
  CHECK(slow.model.snapshots + slow.model.deltas < fast.model.snapshots + fast.model.deltas);
  // The values are right, and the checksums of later heartbeats agree.
  slow.until("hb");
  CHECK(slow.model.views["wallboard"].rows == fast.model.views["wallboard"].rows);
}

TEST_CASE("one that does not read for ten seconds is let go with 4408, and disturbs nobody") {
  LiveServer server(kDataClock);
  RawClient http(server.port());
  StreamClient stuck(server.port(), "", 4'096);
  stuck.subscribe();
  StreamClient fast(server.port());
  fast.subscribe();
  change_all(http, fast, 40);
  while (http.get("/metrics").body.find("ringside_stream_subscribers{tenant=\"test\"} 2") != std::string::npos) {
    fast.until("hb");
  }
  CHECK_THAT(http.get("/metrics").body, Catch::Contains("ringside_stream_closes_total{code=\"4408\"} 1"));
}

TEST_CASE("too many messages end the connection with 4429") {
  LiveServer server;
  StreamClient client(server.port());
  for (int i = 0; i < 60; ++i) client.ping();
  CHECK(client.close_code() == 4429);
}

TEST_CASE("a stopping server says goodbye") {
  LiveServer server;
  StreamClient client(server.port());
  client.subscribe();
  client.until("snap");
  server.stop();
  CHECK_THAT(client.until("bye"), Catch::Contains(R"("reason":"drain","retry_ms":[500,8000])"));
  CHECK(client.close_code() == 1001);
}

TEST_CASE("no byte of one tenant reaches another") {
  LiveServer server("[[tenant]]\nname = \"a\"\nclock = \"data\"\n[[tenant]]\nname = \"b\"\nclock = \"data\"");
  RawClient http(server.port());
  StreamClient a(server.port(), "?tenant=a");
  StreamClient b(server.port(), "?tenant=b");
  a.subscribe();
  b.subscribe();
  REQUIRE(http.post("/v1/events?tenant=a", queued(1, 0, "secret")).status == 200);
  REQUIRE(http.post("/v1/events?tenant=b", queued(1, 0, "open")).status == 200);
  a.until_cell("wallboard", "queue/secret", "waiting", "1");
  b.until_cell("wallboard", "queue/open", "waiting", "1");
  b.until("hb");
  CHECK_FALSE(b.model.views["wallboard"].rows.contains("queue/secret"));
  CHECK(http.get("/v1/scopes?tenant=b").body.find("secret") == std::string::npos);
}

TEST_CASE("the messages of docs/stream.md are what the server reads and a client understands") {
  std::ifstream file(RINGSIDE_SOURCE_DIR "/docs/stream.md");
  int from_client = 0;
  int from_server = 0;
  StreamModel client;
  for (std::string line; std::getline(file, line);) {
    CAPTURE(line);
    if (line.starts_with(R"({"id":)")) {
      std::optional<std::int64_t> id;
      CHECK(static_cast<bool>(server::parse_client_message(line, id)));
      CHECK(id == ++from_client);
    } else if (line.starts_with(R"({"t":)")) {
      ++from_server;
      const std::string wrong = client.apply(line);
      CHECK((wrong.empty() || wrong == "checksum differs"));  // the example's view is an excerpt
    }
  }
  CHECK(from_client == 7);
  CHECK(from_server == 12);
}
