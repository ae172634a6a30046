// The server over raw sockets: framing, problems, limits, and what REST answers.
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <fstream>
#include <sstream>

#include "tests/gzip.h"
#include "tests/live_server.h"

namespace {

constexpr const char* kNdjson = "Content-Type: application/x-ndjson\r\n";

}  // namespace

TEST_CASE("a request with doubtful framing is answered once and the connection closed") {
  LiveServer server;
  const std::string hidden = "GET /livez HTTP/1.1\r\nHost: test\r\n\r\n";
  const std::string post = "POST /v1/events HTTP/1.1\r\nHost: test\r\n";
  const auto [bytes, status] = GENERATE_REF(table<std::string, int>({
      {post + "Transfer-Encoding: xchunked\r\n\r\n" + hidden, 501},
      {post + "Transfer-Encoding: chunked, identity\r\n\r\n" + hidden, 501},
      {post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n" + hidden, 400},
      {post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc" + hidden, 400},
      {post + "Content-Length: 3, 3\r\n\r\nabc" + hidden, 400},
      {post + "A: b\r\n folded\r\n\r\n" + hidden, 400},
      {post + "Host: other\r\n\r\n" + hidden, 400},
      {"GET / HTTP/1.1\r\n\r\n" + hidden, 400},
      {"POST /v1/events HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + hidden, 400},
      {post + "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n" + hidden, 400},
      {post + "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n" + hidden, 400},
      {post + "Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n" + hidden, 400},
      {post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n" + hidden, 400},
      {post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n0\r\n\r\n" + hidden, 400},
      {post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n" + hidden, 400},
      {post + "Content-Length: 999999999\r\n\r\n", 413},
      {"GET / HTTP/1.1\r\nHost: test\r\nA: " + std::string(9'000, 'x') + "\r\n\r\n", 431},
      {"GET /" + std::string(3'000, 'x') + " HTTP/1.1\r\nHost: test\r\n\r\n", 414},
      {"GET / HTTP/3.0\r\nHost: test\r\n\r\n", 505},
      {"\x16\x03\x01\x02\r\n\r\n", 400},
  }));
  CAPTURE(bytes.substr(0, 200));
  RawClient client(server.port());
  client.send(bytes);
  const std::string all = client.rest();
  CHECK(all.substr(0, 13) == "HTTP/1.1 " + std::to_string(status) + " ");
  CHECK(all.find("HTTP/1.1 200") == std::string::npos);  // what was hidden is not answered
  CHECK(all.find("application/problem+json") != std::string::npos);
}

TEST_CASE("requests in one go are answered one after the other, bodies in chunks are read") {
  LiveServer server;
  RawClient client(server.port());
  const std::string line = queued(1, 0, "sales");
  char size[16];
  std::snprintf(size, sizeof size, "%zx", line.size());
  client.send(
      "GET /livez HTTP/1.1\r\nHost: test\r\n\r\nPOST /v1/events HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: "
      "chunked\r\n\r\n" +
      std::string(size) + "\r\n" + line + "\r\n0\r\n\r\nHEAD / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
  CHECK(client.answer().body == "ok\n");
  CHECK(client.answer().body == R"({"accepted":1,"unchanged":0,"refused":0,"errors":[]})");
  const std::string last = client.rest();
  CHECK_THAT(
      last, Catch::StartsWith("HTTP/1.1 200 OK") && Catch::EndsWith("\r\n\r\n") && Catch::Contains("Content-Length: "));
}

TEST_CASE("a body is asked for where the client waits to be asked") {
  LiveServer server;
  RawClient client(server.port());
  client.send("POST /v1/events HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  CHECK(client.answer().status == 100);
  client.send("{}\n");
  CHECK(client.answer().status == 200);
}

TEST_CASE("what cannot be answered is a problem with a code") {
  LiveServer server;
  const auto [target, status, code] = GENERATE(table<std::string, int, std::string>({
      {"/nothing", 404, "not_found"},
      {"/v1/nothing", 404, "not_found"},
      {"/v1/kpis/nothing", 404, "unknown_kpi"},
      {"/v1/kpis?x=1", 400, "unknown_parameter"},
      {"/v1/kpis?tenant=nobody", 404, "unknown_tenant"},
      {"/v1/current", 400, "bad_parameter"},
      {"/v1/current?kpi=nothing", 404, "unknown_kpi"},
      {"/v1/current?kpi=waiting&scope=queue/nothing", 404, "unknown_scope"},
      {"/v1/current?kpi=offered&window=7m", 400, "unknown_window"},
      {"/v1/current?kpi=a&kpi=b", 400, "bad_query"},
      {"/v1/current?kpi=%zz", 400, "bad_query"},
      {"/v1/history?kpi=offered&from=yesterday", 400, "bad_parameter"},
      {"/v1/history?kpi=offered&step=7m", 400, "bad_parameter"},
      {"/v1/trend?kpi=offered&minutes=0", 400, "bad_parameter"},
      {"/v1/trend?kpi=offered&step=0s", 400, "bad_parameter"},
      {"/v1/trend?kpi=offered&scope=queue/*", 400, "bad_parameter"},
      {"/v1/records/call/nobody", 404, "unknown_record"},
      {"/v1/views/nothing", 404, "unknown_view"},
      {"/v1/events", 405, "method_not_allowed"},
      {"/v1/stream", 426, "upgrade_required"},
      {"/%ff", 400, "bad_target"},
  }));
  CAPTURE(target);
  RawClient client(server.port());
  const auto answer = client.get(target);
  CHECK(answer.status == status);
  CHECK_THAT(answer.head, Catch::Contains("Content-Type: application/problem+json"));
  CHECK_THAT(answer.body, Catch::Contains("\"code\":\"" + code + "\"") &&
                              Catch::Contains("\"status\":" + std::to_string(status)) &&
                              Catch::Contains("\"title\":") && Catch::Contains("\"request_id\":\""));
}

TEST_CASE("events are answered line by line") {
  LiveServer server;
  RawClient client(server.port());
  const std::string body = queued(1, 0, "sales") + "{oops\n\n" + queued(1, 0, "sales") + R"({"type":"call.queued"})";
  const auto answer = client.post("/v1/events", body, kNdjson);
  CHECK(answer.status == 200);
  CHECK_THAT(answer.body, Catch::StartsWith(R"({"accepted":1,"unchanged":1,"refused":2,"errors":[{"index":1,)"));
  CHECK_THAT(answer.body, Catch::Contains(R"({"index":4,"code":"missing_field")"));

  CHECK(client.post("/v1/events", "<xml/>", "Content-Type: text/xml\r\n").status == 415);
  CHECK(client.post("/v1/events", "[" + queued(2, 0, "sales") + "]", "Content-Type: application/json\r\n").body ==
        R"({"accepted":1,"unchanged":0,"refused":0,"errors":[]})");
  CHECK(
      client.post("/v1/events", queued(3, 0, "sales"), "Content-Type: application/x-www-form-urlencoded\r\n").status ==
      200);  // curl -d
  const auto metrics = client.get("/metrics").body;
  CHECK_THAT(metrics, Catch::Contains("ringside_events_total{tenant=\"default\",outcome=\"accepted\"} 3\n"));
  CHECK_THAT(metrics, Catch::Contains("ringside_events_total{tenant=\"default\",outcome=\"refused\"} 3\n") ||
                          Catch::Contains("ringside_events_total{tenant=\"default\",outcome=\"refused\"} 2\n"));
  CHECK_THAT(metrics, Catch::Contains("code=\"missing_field\"} 1\n"));
}

TEST_CASE("a body beyond the limit is refused before it is read, a page of another origin may not send") {
  LiveServer server("[limits]\nbody_bytes = 1024");
  RawClient client(server.port());
  const auto answer = client.post("/v1/events", std::string(1'025, ' '));
  CHECK(answer.status == 413);
  RawClient other(server.port());
  CHECK(other.post("/v1/events", queued(1, 0, "sales"), "Origin: http://evil.example\r\n").status == 403);
  CHECK(other.post("/v1/events", queued(1, 0, "sales"), "Origin: http://test\r\n").status == 200);
}

TEST_CASE("when too much is waiting nothing is taken, and nothing of another tenant is refused") {
  LiveServer server("[limits]\nqueue_items = 1\n[[tenant]]\nname = \"a\"\n[[tenant]]\nname = \"b\"");
  std::promise<void> begun;
  std::promise<void> release;
  // The shard's thread is held by a question until the test lets it go.
  boost::asio::post(server.service().io(), [&] {
    server::Tenant& tenant = *server.service().tenants().find("a");
    tenant.shard->ask(
        tenant.index,
        [&](core::Engine&) {
          begun.set_value();
          release.get_future().wait();
          return 0;
        },
        [](int) {});
  });
  begun.get_future().wait();
  RawClient first(server.port());
  const std::string body = queued(1, 0, "sales");
  first.send("POST /v1/events HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
             body);
  RawClient second(server.port());
  RawClient::Answer refused;
  while (refused.status != 429) refused = second.post("/v1/events", queued(2, 0, "sales"));  // until the first is in
  CHECK_THAT(refused.head, Catch::Contains("Retry-After: 1\r\n"));
  CHECK_THAT(refused.body, Catch::Contains("\"code\":\"overloaded\""));
  CHECK_THAT(second.get("/readyz").body, Catch::Contains("[-] queue_has_room"));
  RawClient other(server.port());
  const std::string theirs = queued(3, 0, "sales");
  other.send("POST /v1/events?tenant=b HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(theirs.size()) +
             "\r\n\r\n" + theirs);
  release.set_value();
  CHECK(first.answer().status == 200);
  CHECK(other.answer().body == R"({"accepted":1,"unchanged":0,"refused":0,"errors":[]})");
}

TEST_CASE("the same events in any order give the same bytes") {
  LiveServer server("[[tenant]]\nname = \"a\"\nclock = \"data\"\n[[tenant]]\nname = \"b\"\nclock = \"data\"");
  RawClient client(server.port());
  std::vector<std::string> lines;
  for (int call = 0; call < 40; ++call) {
    lines.push_back(queued(call, call * 20, call % 3 == 0 ? "vip" : "sales"));
    if (call % 4 != 0) lines.push_back(answered(call, call * 20 + call % 17, "a" + std::to_string(call % 5)));
  }
  std::string forwards;
  std::string backwards;
  for (const std::string& line : lines) {
    forwards += line;
    backwards = line + backwards;
  }
  REQUIRE(client.post("/v1/events?tenant=a", forwards).status == 200);
  REQUIRE(client.post("/v1/events?tenant=b", backwards + forwards).status == 200);
  for (const std::string query :
       {"/v1/history?scope=*&kpi=offered,answered,service_level,average_speed_of_answer&step=15m&from=2026-03-02",
        "/v1/history?scope=tenant&kpi=sl1,wait_p95&step=all&from=2026-03-02",
        "/v1/current?scope=*&kpi=offered,waiting,oldest_waiting_since,longest_wait&window=30m,today",
        "/v1/trend?scope=queue/sales&kpi=waiting,offered&minutes=30&step=30s", "/v1/scopes"}) {
    CAPTURE(query);
    const char mark = std::string(query).find('?') == std::string::npos ? '?' : '&';
    const auto a = client.get(query + mark + "tenant=a");
    const auto b = client.get(query + mark + "tenant=b");
    CHECK(a.status == 200);
    CHECK(a.body == b.body);
    CHECK(a.body.size() > 60);
  }
  CHECK_THAT(client.get("/v1/history?kpi=offered,answered&step=all&from=2026-03-02&to=2026-03-03").body,
             Catch::Contains(R"("values":{"answered":30,"offered":40}})"));
  CHECK_THAT(client.get("/v1/current?scope=queue/*&kpi=waiting").body,
             Catch::Contains(R"("values":{"queue/sales":{"waiting":6},"queue/vip":{"waiting":4}})"));
}

TEST_CASE("records, KPIs, views and health can be asked for") {
  LiveServer server(kDataClock);
  RawClient client(server.port());
  REQUIRE(client.post("/v1/events", queued(1, 0, "sales") + answered(1, 15, "ann")).status == 200);
  CHECK_THAT(client.get("/v1/records/call/c1").body, Catch::Contains("sales") && Catch::Contains("ann"));
  CHECK_THAT(client.get("/v1/kpis/service_level").body,
             Catch::StartsWith(R"({"id":"service_level","version":)") && Catch::Contains(R"("live":false)"));
  CHECK(client.get("/v1/views").body == R"({"views":["wallboard"]})");
  RawClient::Answer view;
  while (view.body.find("queue/sales") == std::string::npos) view = client.get("/v1/views/wallboard");
  const std::size_t at = view.head.find("ETag: ") + 6;
  const std::string etag = view.head.substr(at, view.head.find("\r\n", at) - at);
  client.send("GET /v1/views/wallboard HTTP/1.1\r\nHost: test\r\nIf-None-Match: " + etag + "\r\n\r\n");
  CHECK(client.answer(false).status == 304);
  CHECK(client.get("/readyz?verbose").body ==
        "[+] not_draining\n[+] disk_works\n[+] recovered\n[+] disk_has_room\n[+] engines_ticking\n"
        "[+] queue_has_room\nok\n");
}

TEST_CASE("the page comes with a strict policy and can be kept") {
  LiveServer server;
  RawClient client(server.port());
  const auto page = client.get("/");
  CHECK(page.status == 200);
  CHECK_THAT(page.head, Catch::Contains("Content-Security-Policy: default-src 'none'; script-src 'self'") &&
                            Catch::Contains("ws://test") && Catch::Contains("X-Content-Type-Options: nosniff") &&
                            Catch::Contains("Cache-Control: no-cache") && !Catch::Contains("unsafe"));
  const std::size_t script = page.body.find("wallboard/");
  REQUIRE(script != std::string::npos);
  const std::string path = "/" + page.body.substr(script, page.body.find('"', script) - script);
  const auto packed = client.get(path, "Accept-Encoding: gzip, br\r\n");
  CHECK_THAT(packed.head, Catch::Contains("Content-Encoding: gzip") && Catch::Contains("immutable"));
  CHECK(packed.body.size() < client.get(path).body.size());
  const std::size_t at = packed.head.find("ETag: ") + 6;
  const std::string etag = packed.head.substr(at, packed.head.find("\r\n", at) - at);
  client.send("GET " + path + " HTTP/1.1\r\nHost: test\r\nIf-None-Match: " + etag + "\r\n\r\n");
  CHECK(client.answer(false).status == 304);
}

TEST_CASE("connections beyond the limit are told to come back") {
  LiveServer server("[limits]\nconnections = 2");
  RawClient first(server.port());
  RawClient second(server.port());
  CHECK(first.get("/livez").status == 200);
  CHECK(second.get("/livez").status == 200);
  RawClient third(server.port());
  const auto answer = third.get("/livez");
  CHECK(answer.status == 503);
  CHECK_THAT(answer.head, Catch::Contains("Retry-After: "));
}

TEST_CASE("every question of docs/rest.md is answered, and its events are accepted") {
  std::ifstream file(RINGSIDE_SOURCE_DIR "/docs/rest.md");
  std::stringstream read;
  read << file.rdbuf();
  const std::string text = read.str();
  const auto block = [&](const std::string& begin, const std::string& end) {
    const std::size_t from = text.find(begin) + begin.size();
    REQUIRE(from > begin.size());
    return text.substr(from, text.find(end, from) - from);
  };
  LiveServer server(kDataClock);
  RawClient client(server.port());
  const auto taken = client.post("/v1/events", block("--data-binary '\n", "'\n"), kNdjson);
  CHECK(taken.body + "\n" == block("```json\n", "```"));
  const std::string state =
      R"({"type":"agent.state","id":"3","source":"acd","time":"2026-03-02T10:01:00Z","agent":"ann",)"
      R"("state":"available"})";
  REQUIRE_THAT(client.post("/v1/events", state).body, Catch::Contains("\"accepted\":1"));
  while (client.get("/v1/views/wallboard").status == 503) {
  }
  std::istringstream questions(block("```http\n", "```"));
  int asked = 0;
  for (std::string line; std::getline(questions, line); ++asked) {
    const auto answer = client.get(line.substr(4));
    CAPTURE(line, answer.body);
    CHECK(answer.status == 200);
  }
  CHECK(asked == 11);
}

TEST_CASE("a body may come packed: its limit is of what it holds, and a damaged one tells nothing") {
  LiveServer server("[limits]\nbody_bytes = 4096\n" + std::string(kDataClock));
  RawClient client(server.port());
  const std::string event =
      R"({"type":"call.queued","id":"1","source":"a","time":"2026-03-02T10:00:00Z","call":"c","queue":"q"})";
  const std::string headers = std::string(kNdjson) + "Content-Encoding: gzip\r\n";
  const auto post = [&](const std::string& body) { return client.post("/v1/events", body, headers); };
  const std::string packed = gzip(event);
  for (std::size_t cut = 0; cut < packed.size(); ++cut) {
    const auto answer = post(packed.substr(0, cut));
    CAPTURE(cut);
    CHECK(answer.status == 400);
    CHECK_THAT(answer.body, Catch::Contains(R"("code":"bad_encoding")"));
  }
  for (std::size_t at = packed.size() - 8; at < packed.size(); ++at) {  // the checksum and the length
    std::string damaged = packed;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    CHECK(post(damaged).status == 400);
  }
  CHECK(post(packed + "x").status == 400);
  CHECK(post(event).status == 400);
  const auto bomb = post(gzip(event + std::string(4'000'000, '\n')));
  CHECK(bomb.status == 413);
  CHECK_THAT(bomb.body, Catch::Contains("limits.body_bytes when it is unpacked"));
  CHECK(post(gzip(event + std::string(4'097 - event.size(), '\n'))).status == 413);
  CHECK_THAT(client.get("/v1/current?kpi=waiting").body, Catch::Contains(R"("waiting":0)"));
  // As large as it may be, and in two parts.
  const std::string all = event + std::string(4'096 - event.size(), '\n');
  CHECK_THAT(post(gzip(all.substr(0, 50)) + gzip(all.substr(50))).body, Catch::StartsWith(R"({"accepted":1,)"));
  CHECK_THAT(client.get("/v1/current?kpi=waiting").body, Catch::Contains(R"("waiting":1)"));
}
