// Other settings while everything goes on, against the whole server.
#include "tests/stream_client.h"
#include "tests/folder.h"

#include <atomic>
#include <memory>

namespace {

const std::string kTenant = "[[tenant]]\nname = \"test\"\nclock = \"data\"\n";

std::string stored(const Folder& folder) {
  return "[storage]\nfolder = \"" + folder.data() +
         "\"\nshed_bytes = 0\nresume_bytes = 0\ncheckpoint_interval = \"50ms\"\n";
}

std::string target(const std::string& seconds) {
  return "[tenant.queues.\"*\"]\nanswer_target = \"" + seconds + "\"\n";
}

void wait_until_ready(LiveServer& server) {
  for (bool ready = false; !ready;) {
    RawClient client(server.port());
    for (int i = 0; i < 1'000 && !ready; ++i) ready = client.get("/readyz").status == 200;
  }
}

// Ten calls, answered after 10 s each.
std::string calls(int from) {
  std::string lines;
  for (int call = from; call < from + 10; ++call) {
    lines += queued(call, call % 10, "sales") + answered(call, call % 10 + 10, "ann");
  }
  return lines;
}

std::string value(RawClient& client, const std::string& kpi, const std::string& tenant = "test") {
  const auto answer = client.get("/v1/current?kpi=" + kpi + "&tenant=" + tenant);
  const std::size_t at = answer.body.find("@today\":");
  return at == std::string::npos ? answer.body : answer.body.substr(at + 8, answer.body.find('}') - at - 8);
}

}  // namespace

TEST_CASE("other settings hold for all that is known, and streams stay") {
  const Folder folder;
  const bool kept = GENERATE(false, true);
  CAPTURE(kept);
  const std::string process = kept ? stored(folder) : "[storage]\nfolder = \"none\"\n";
  auto running = std::make_unique<LiveServer>(process + kTenant + target("5s"));
  LiveServer& server = *running;
  wait_until_ready(server);
  RawClient client(server.port());
  REQUIRE(client.post("/v1/events", calls(0)).status == 200);
  StreamClient stream(server.port());
  stream.subscribe();
  stream.until_cell("wallboard", "queue/sales", "service_level@today", "0");

  REQUIRE(server.reload(process + kTenant + target("15s")));
  CHECK(value(client, "service_level") == "100");
  stream.until_cell("wallboard", "queue/sales", "service_level@today", "100");
  CHECK(stream.model.views["wallboard"].rows["queue/sales"]["offered@today"] == "10");
  // And again, which begins where the last one ended.
  REQUIRE(client.post("/v1/events", calls(10)).body.find("\"accepted\":20") != std::string::npos);
  REQUIRE(server.reload(process + kTenant + target("12s") + "[[tenant.view]]\nid = \"lobby\"\n[[tenant.view.group]]\n"
                                                            "scopes = [\"tenant\"]\ncolumns = [\"waiting\"]\n"));
  stream.until_cell("wallboard", "queue/sales", "offered@today", "20");
  stream.send(R"({"id":2,"op":"sub","view":"lobby"})");
  stream.until_cell("lobby", "tenant", "waiting", "0");
  REQUIRE(server.reload(process + kTenant + target("12s")));
  stream.until("gone");
  CHECK(client.get("/v1/views/lobby").status == 404);
  CHECK(value(client, "offered") == "20");
  if (!kept) return;
  running.reset();
  LiveServer again(process + kTenant + target("12s"));
  wait_until_ready(again);
  RawClient second(again.port());
  CHECK(value(second, "offered") == "20");
  CHECK(value(second, "service_level") == "100");
}

TEST_CASE("what is on the disk only, summed up for other settings, is told again") {
  const Folder folder;
  const std::string process = stored(folder);
  auto running = std::make_unique<LiveServer>(process + kTenant + target("5s"));
  LiveServer& server = *running;
  wait_until_ready(server);
  RawClient client(server.port());
  // Twelve days, so that most of them leave memory; each is given the time to.
  for (int day = 1; day <= 12; ++day) {
    const std::string date = "2026-03-" + std::string(day < 10 ? "0" : "") + std::to_string(day);
    std::string lines = calls(day * 10);
    for (std::size_t at = 0; (at = lines.find("2026-03-02", at)) != std::string::npos; at += 10) {
      lines.replace(at, 10, date);
    }
    REQUIRE(client.post("/v1/events", lines).status == 200);
  }
  const std::string asked =
      "/v1/history?scope=queue/sales&kpi=service_level,offered&from=2026-03-01&to=2026-03-13&step=all";
  CHECK(client.get(asked).body.find(R"({"offered":120,"service_level":0})") != std::string::npos);
  REQUIRE(server.reload(process + kTenant + target("15s")));
  CHECK(client.get(asked).body.find(R"({"offered":120,"service_level":100})") != std::string::npos);
  REQUIRE(client.post("/v1/events", calls(500)).status == 200);
  CHECK(client.get(asked).body.find(R"({"offered":130,"service_level":100})") != std::string::npos);
  server.stop();
  CHECK(server.end().code == 0);
  running.reset();
  LiveServer again(process + kTenant + target("15s"));
  wait_until_ready(again);
  RawClient second(again.port());
  CHECK(second.get(asked).body.find(R"({"offered":130,"service_level":100})") != std::string::npos);
}

TEST_CASE("no event is lost or counted twice while settings change again and again") {
  const Folder folder;
  const bool kept = GENERATE(false, true);
  CAPTURE(kept);
  const std::string process = kept ? stored(folder) : "[storage]\nfolder = \"none\"\n";
  LiveServer server(process + kTenant + target("5s"));
  wait_until_ready(server);
  std::atomic<bool> enough{false};
  std::atomic<int> sent{0};
  std::thread sender([&] {
    RawClient client(server.port());
    for (int batch = 0; !enough; ++batch) {
      const auto answer = client.post("/v1/events", calls(batch * 10));
      if (answer.status == 200 && answer.body.find("\"accepted\":20") != std::string::npos) sent += 10;
    }
  });
  for (int i = 0; i < 8; ++i) {
    const core::Status done = server.reload(process + kTenant + target(i % 2 == 0 ? "15s" : "5s"));
    CHECK(done);
  }
  enough = true;
  sender.join();
  RawClient client(server.port());
  CHECK(sent > 0);
  CHECK(value(client, "offered") == std::to_string(sent));
  CHECK(value(client, "service_level") == "0");
}

TEST_CASE("a configuration with a fault changes nothing") {
  LiveServer server("[storage]\nfolder = \"none\"\n" + kTenant + target("15s"));
  wait_until_ready(server);
  RawClient client(server.port());
  REQUIRE(client.post("/v1/events", calls(0)).status == 200);
  const core::Status done = server.reload("[storage]\nfolder = \"none\"\n" + kTenant + target("5x") + "[lisen]\n");
  REQUIRE_FALSE(done);
  CHECK_THAT(done.error().message, Catch::Contains("test:7:17: 'tenant.queues.*.answer_target' must be a duration"));
  CHECK_THAT(done.error().message, Catch::Contains("did you mean 'listen'?"));
  const core::Status formula = server.reload(
      kTenant + "[[tenant.kpi]]\nid = \"x\"\ntitle = \"X\"\nunit = \"count\"\nformula = \"nonsense\"\n");
  REQUIRE_FALSE(formula);
  CHECK_THAT(formula.error().message, Catch::Contains("tenant 'test'"));
  CHECK(value(client, "service_level") == "100");
}

TEST_CASE("tenants come and go, and come back with what they knew") {
  const Folder folder;
  const std::string process = stored(folder);
  const std::string other = "[[tenant]]\nname = \"other\"\nclock = \"data\"\n";
  LiveServer server(process + kTenant);
  wait_until_ready(server);
  RawClient client(server.port());
  CHECK(client.get("/v1/scopes?tenant=other").status == 404);
  REQUIRE(server.reload(process + kTenant + other));
  REQUIRE(client.post("/v1/events?tenant=other", calls(0)).status == 200);
  CHECK(value(client, "offered", "other") == "10");
  CHECK(client.get("/v1/current?kpi=offered").body.find(":0}") != std::string::npos);

  StreamClient stream(server.port(), "?tenant=other");
  stream.subscribe();
  stream.until_cell("wallboard", "tenant", "offered@today", "10");
  REQUIRE(server.reload(process + kTenant));
  CHECK(stream.close_code() == 4504);
  CHECK(client.get("/v1/scopes?tenant=other").status == 404);
  CHECK(client.get("/v1/scopes").status == 200);

  REQUIRE(server.reload(process + other + kTenant));  // and is the default now
  CHECK(value(client, "offered", "other") == "10");
  CHECK(client.get("/v1/current?kpi=offered").body.find(":10}") != std::string::npos);
  REQUIRE(client.post("/v1/events", calls(10)).body.find("\"accepted\":20") != std::string::npos);
  CHECK(client.post("/v1/events", calls(0)).body.find("\"unchanged\":20") != std::string::npos);
  server.stop();
  CHECK(server.end().code == 0);
}

TEST_CASE("a tenant taken out while its state is being read comes back") {
  const Folder folder;
  const std::string process = stored(folder);
  const std::string other = "[[tenant]]\nname = \"other\"\nclock = \"data\"\n";
  {
    LiveServer server(process + kTenant + other);
    wait_until_ready(server);
    RawClient client(server.port());
    REQUIRE(client.post("/v1/events?tenant=other", calls(0)).status == 200);
  }
  LiveServer server(process + kTenant + other);
  REQUIRE(server.reload(process + kTenant));  // asked for before it is ready
  REQUIRE(server.reload(process + kTenant + other));
  wait_until_ready(server);
  RawClient client(server.port());
  CHECK(value(client, "offered", "other") == "10");
  server.stop();
  CHECK(server.end().code == 0);
}

TEST_CASE("limits and origins are exchanged; what needs a start is left") {
  const std::string process = "[storage]\nfolder = \"none\"\n";
  LiveServer server(process + kTenant);
  wait_until_ready(server);
  RawClient client(server.port());
  const std::string origin = "Origin: https://wall.example.com\r\n";
  CHECK(client.post("/v1/events", calls(0), origin).status == 403);
  REQUIRE(server.reload(process + "[listen]\nport = 1\norigins = [\"https://wall.example.com\"]\n" +
                        "[limits]\nbody_bytes = 2000\n[[tenant]]\nname = \"test\"\nclock = \"wall\"\n"));
  CHECK(client.post("/v1/events", queued(1, 1, "sales"), origin).status == 200);
  CHECK(client.post("/v1/events", calls(0), origin).status == 413);
  RawClient second(server.port());
  CHECK(second.get("/v1/current?kpi=offered").body.find("1772") != std::string::npos);  // still the data's clock
}

TEST_CASE("a breach that other settings undo is taken back, not forgotten") {
  const Folder folder;
  const std::string process = stored(folder) + kTenant;
  const auto promise = [](const std::string& within) {
    return "[[tenant.sla]]\nid = \"gold\"\n[[tenant.sla.target]]\nclock = \"answer\"\nwithin = \"" + within + "\"\n";
  };
  LiveServer server(process + promise("5s"));
  wait_until_ready(server);
  RawClient client(server.port());
  // The second call brings the time at which the first is overdue.
  REQUIRE(client.post("/v1/events", queued(1, 0, "sales") + queued(2, 8, "sales")).status == 200);
  const auto breached = client.get("/v1/alerts").body;
  CAPTURE(breached);
  REQUIRE(breached.find("\"state\":\"firing\"") != std::string::npos);

  REQUIRE(server.reload(process + promise("1h")));
  CHECK(client.get("/v1/alerts").body.find("\"state\":\"firing\"") == std::string::npos);
  const auto history = client.get("/v1/alerts/history").body;
  CAPTURE(history);
  CHECK(history.find("\"step\":\"fired\"") != std::string::npos);
  CHECK(history.find("\"step\":\"rescinded\"") != std::string::npos);
}
