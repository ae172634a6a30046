// Alerts through the whole server: from an event to the stream, REST and back.
#include "tests/stream_client.h"

namespace {

// On the data's clock, so that nothing happens but what an event brings about.
const std::string kRules = R"(
[storage]
folder = "none"
[[tenant]]
name = "test"
clock = "data"
[[tenant.alert]]
id = "crowd"
kpi = "waiting"
scopes = ["queue/*"]
enter = 2
leave = 1
severity = "critical"
[[tenant.calendar]]
id = "always"
hours = { every_day = ["00:00-24:00"] }
[[tenant.sla]]
id = "gold"
warnings = [50]
[[tenant.sla.target]]
clock = "first_response"
within = "10m"
)";

std::string ticket(const std::string& type, const std::string& id, int second, const std::string& more = {}) {
  char time[40];
  std::snprintf(time, sizeof time, "2026-03-02T10:%02d:%02dZ", second / 60 % 60, second % 60);
  return R"({"type":"ticket.)" + type + R"(","id":")" + type + id + R"(","source":"desk","time":")" + time +
         R"(","ticket":")" + id + "\"" + more + "}\n";
}

std::string of(const std::string& json, const std::string& key) {
  const std::size_t at = json.find("\"" + key + "\":");
  const std::size_t begin = at + key.size() + 3;
  return at == std::string::npos ? "" : json.substr(begin, json.find_first_of(",}]", begin) - begin);
}

}  // namespace

TEST_CASE("an alert on the stream and in REST, acknowledged, and over") {
  LiveServer server(kRules);
  RawClient client(server.port());
  StreamClient stream(server.port());
  stream.send(R"({"id":1,"op":"alerts"})");
  CHECK(of(stream.until("alerts"), "number") == "0");
  REQUIRE(client.post("/v1/events", queued(1, 1, "sales") + queued(2, 2, "sales")).status == 200);
  REQUIRE(client.post("/v1/events", queued(3, 5, "other")).status == 200);
  const std::string fired = stream.until("alert");
  CHECK(of(fired, "key") == "\"rule/crowd/queue/sales\"");
  CHECK(of(fired, "step") == "\"fired\"");
  CHECK(of(fired, "number") == "1");

  CHECK(client.get("/v1/alerts").body.find("rule/crowd/queue/sales") != std::string::npos);
  CHECK(client.get("/v1/alerts?scope=queue/other").body.find("rule/") == std::string::npos);
  CHECK(client.get("/v1/alerts?severity=info").body.find("rule/") == std::string::npos);
  CHECK(client.get("/v1/alerts/rule/crowd/queue/sales").status == 200);
  CHECK(client.get("/v1/alerts/rule/crowd/queue/nowhere").status == 404);

  const auto acknowledge = [&](const std::string& body) { return client.post("/v1/alerts/acknowledge", body); };
  CHECK(acknowledge(R"({"key":"rule/crowd/queue/sales"})").status == 400);
  CHECK(acknowledge(R"({"key":"rule/crowd/queue/sales","by":""})").status == 400);
  CHECK(acknowledge("[]").status == 400);
  CHECK(acknowledge(R"({"key":"rule/crowd/queue/sales","by":"anna","reason":"on it"})").status == 200);
  const std::string seen = stream.until("alert");
  CHECK(of(seen, "step") == "\"acknowledged\"");
  CHECK(of(seen, "by") == "\"anna\"");

  REQUIRE(client.post("/v1/events", answered(1, 8, "ann") + answered(2, 9, "bob")).status == 200);
  REQUIRE(client.post("/v1/events", queued(4, 20, "other")).status == 200);
  std::string over;
  do {
    over = stream.until("alert");
  } while (of(over, "step") != "\"resolved\"");
  CHECK(client.get("/v1/alerts").body.find("rule/crowd/queue/sales") == std::string::npos);

  // Everything again, for one who was away, and page by page.
  StreamClient late(server.port());
  late.send(R"({"id":1,"op":"alerts","after":1})");
  CHECK(late.until("alerts").find("\"active\":[]") != std::string::npos);
  CHECK(of(late.until("alert"), "number") == "2");
  late.send(R"({"id":2,"op":"unsub","what":"alerts"})");
  const auto page = client.get("/v1/alerts/history?limit=1");
  CHECK(page.body.find("\"number\":1,") != std::string::npos);
  CHECK(of(page.body, "next") == "1");
  CHECK(client.get("/v1/alerts/history?after=1&limit=1").body.find("\"number\":2,") != std::string::npos);
  CHECK(client.get("/v1/alerts/history?limit=none").status == 400);
  CHECK(client.get("/metrics").body.find("ringside_alert_changes_total{tenant=\"test\",step=\"fired\"} 1") !=
        std::string::npos);
}

TEST_CASE("silences have an author, an end, and can be ended") {
  LiveServer server(kRules);
  RawClient client(server.port());
  REQUIRE(client.post("/v1/events", queued(1, 1, "sales")).status == 200);
  const auto silence = [&](const std::string& body) { return client.post("/v1/silences", body); };
  CHECK(silence(R"({"matcher":"scope=queue/*","for":"2h"})").status == 400);
  CHECK(silence(R"({"matcher":"scope","for":"2h","by":"anna"})").status == 400);
  CHECK(silence(R"({"matcher":"scope=queue/*","for":"forever","by":"anna"})").status == 400);
  const auto made = silence(R"({"matcher":"scope=queue/*","for":"2h","by":"anna","reason":"all-hands"})");
  REQUIRE(made.status == 200);
  const std::string id = of(made.body, "id");
  const std::string listed = client.get("/v1/silences").body;
  CHECK(of(listed, "id") == id);
  CHECK(of(listed, "by") == "\"anna\"");
  CHECK(client.post("/v1/silences/" + id.substr(1, id.size() - 2) + "/expire", R"({"by":"bob"})").status == 200);
  CHECK(client.get("/v1/silences").body.find("\"silences\":[]") != std::string::npos);
}

TEST_CASE("deadlines on the stream and in REST") {
  LiveServer server(kRules);
  RawClient client(server.port());
  StreamClient stream(server.port());
  stream.send(R"({"id":7,"op":"deadlines","scope":"tenant","limit":4})");
  CHECK(stream.until("deadlines").find("\"list\":[]") != std::string::npos);
  REQUIRE(client.post("/v1/events", ticket("created", "T-1", 0, R"(,"queue":"help","by":"customer")")).status == 200);
  const std::string list = stream.until("deadlines");
  CHECK(of(list, "id") == "7");
  CHECK(of(list, "total") == "1");
  CHECK(of(list, "deadline_at") == "1772446200000");
  CHECK(of(list, "policy") == "\"gold\"");
  CHECK(of(client.get("/v1/deadlines").body, "deadline_at") == "1772446200000");
  CHECK(client.get("/v1/deadlines?scope=queue/none").body.find("\"deadlines\":[]") != std::string::npos);
  CHECK(client.get("/v1/deadlines?limit=0x").status == 400);
  // Eleven minutes later it is broken, and somebody is told.
  stream.send(R"({"id":8,"op":"alerts"})");
  stream.until("alerts");
  REQUIRE(client.post("/v1/events", queued(1, 660, "sales")).status == 200);
  CHECK(stream.until("alert").find("sla/ticket/T-1/first_response/1") != std::string::npos);
  stream.send(R"({"id":9,"op":"unsub","what":"deadlines"})");
  stream.until("ok");
  CHECK(client.get("/v1/deadlines").body.find("\"breached\":true") != std::string::npos);
}

TEST_CASE("promises, calendars and receivers can be looked at") {
  LiveServer server(kRules);
  RawClient client(server.port());
  REQUIRE(client.post("/v1/events", queued(1, 1, "sales")).status == 200);
  CHECK(client.get("/v1/sla/policies").body ==
        R"({"policies":[{"id":"gold","targets":[{"clock":"first_response","within_ms":600000}],"warnings":[50]}]})");
  CHECK(client.get("/v1/calendars").body.find(R"("id":"always","zone":"UTC","open":true)") != std::string::npos);
  CHECK(client.get("/v1/receivers").body == R"({"receivers":[]})");
  CHECK(client.post("/v1/receivers/nobody/test", "").status == 404);
  CHECK(client.get("/v1/dead-letters").body == R"({"dead_letters":[]})");
  CHECK(client.post("/v1/dead-letters/redrive", "").status == 400);
  CHECK(client.post("/v1/dead-letters/redrive?by=anna", "").body == R"({"redriven":0})");
  CHECK(client.post("/v1/dead-letters/purge?by=anna", "").body == R"({"purged":0})");
}
