// A backup holds how far sources were read, never further than its batches, and what nobody could read; a restored
// server goes on from there, and every event counts once.
#include "tests/source_server.h"

#include "server/source_mark.h"
#include "state/inspect.h"

namespace {

constexpr std::string_view kNumbers = "/v1/current?scope=*&kpi=offered,answered,waiting,wait_p95&window=today";

std::string call_lines(int from, int to) {
  std::string all;
  for (int call = from; call < to; ++call) all += queued(call, call * 5, "sales") + answered(call, call * 5 + 9, "ann");
  return all;
}

std::string settings(const OwnFolder& folder, const std::string& more = {}) {
  return kept_in(folder) + "checkpoint_interval = \"50ms\"\n" +
         data_tenant(file_source("acd", "ringside", folder.path("log")) + source("web", "ringside") + more);
}

std::string direct(const std::string& lines) {
  LiveServer server(kDataClock);
  RawClient client(server.port());
  REQUIRE(client.post("/v1/events", lines).status == 200);
  const std::string body = client.get(std::string(kNumbers)).body;
  return body.substr(body.find("\"values\""));
}

std::uint64_t back_up(const OwnFolder& folder) {
  const auto report = state::back_up(folder.path("data/test"), folder.path("backup"), {});
  if (!report) FAIL(report.error().message);
  return report->batches;
}

std::uint64_t number(const std::string& text, const std::string& name) {
  const std::size_t at = text.find("\"" + name + "\":");
  REQUIRE(at != std::string::npos);
  return std::stoull(text.substr(at + name.size() + 3));
}

void no_data(const OwnFolder& folder) { std::filesystem::remove_all(folder.path("data")); }

}  // namespace

TEST_CASE("a restored server reads on from where the backup was, and what was quarantined is there") {
  OwnFolder folder;
  folder.write("log", call_lines(0, 20));
  {
    LiveServer server(settings(folder));
    until(server, "/v1/sources/acd", count("accepted", 40));
    RawClient client(server.port());
    CHECK_THAT(client.post("/v1/sources/web", "nonsense\n").body, Catch::Contains(R"("quarantined":1)"));
  }  // a stop writes how far it is
  back_up(folder);
  folder.append("log", call_lines(20, 30));
  {
    LiveServer server(settings(folder));
    until(server, "/v1/sources/acd", count("accepted", 20));
  }
  SECTION("nothing is left: from the backup alone") {
    no_data(folder);
    std::filesystem::create_directory(folder.path("data"));
    REQUIRE(state::restore(folder.path("backup"), folder.path("data/test"), {}));
    LiveServer server(settings(folder));
    const std::string health = until(server, "/v1/sources/acd", count("accepted", 20));
    CHECK_THAT(health, Catch::Contains(count("messages", 20)));
    const std::string expected = direct(call_lines(0, 30));
    until(server, std::string(kNumbers), expected);
    CHECK_THAT(asked(server, "/v1/quarantine"), Catch::Contains(R"("begins":"nonsense")"));
  }
  SECTION("the folder is still there: from it, where it knows more") {
    const auto report = state::restore(folder.path("backup"), folder.path("data/test"), {});
    REQUIRE(report);
    CHECK(report->salvaged > 0);
    CHECK(report->lost == 0);
    folder.append("log", call_lines(30, 31));
    LiveServer server(settings(folder));
    const std::string health = until(server, "/v1/sources/acd", count("accepted", 2));
    CHECK_THAT(health, Catch::Contains(count("messages", 2)));
    until(server, std::string(kNumbers), direct(call_lines(0, 31)));
    CHECK_THAT(asked(server, "/v1/quarantine"), Catch::Contains(R"("begins":"nonsense")"));
  }
  SECTION("its journal is gone: places that lie ahead of what is left are not used") {
    std::filesystem::remove_all(folder.path("data/test/journal"));
    const auto report = state::restore(folder.path("backup"), folder.path("data/test"), {});
    REQUIRE(report);
    CHECK(report->lost > 0);
    LiveServer server(settings(folder));
    until(server, std::string(kNumbers), direct(call_lines(0, 30)));
  }
  SECTION("damage beside the store is said, and starts all the same") {
    folder.append("backup/sources/acd", "?");
    const auto seen = state::inspect(folder.path("backup"), {});
    REQUIRE(seen);
    CHECK(seen->faults.empty());
    no_data(folder);
    std::filesystem::create_directory(folder.path("data"));
    REQUIRE(state::restore(folder.path("backup"), folder.path("data/test"), {}));
    LiveServer server(settings(folder));
    until(server, "/v1/sources/acd", count("repeated", 40));
    until(server, std::string(kNumbers), direct(call_lines(0, 30)));
  }
}

TEST_CASE("a backup taken at any moment while a file is read is never ahead of itself") {
  OwnFolder folder;
  folder.write("log", "");
  std::string all;
  int call = 0;
  {
    LiveServer server(settings(folder));
    for (int round = 0; round < 6; ++round) {
      for (int i = 0; i < 40; ++i, ++call) {
        const std::string lines = call_lines(call, call + 1);
        folder.append("log", lines);
        all += lines;
      }
      const std::uint64_t sent = static_cast<std::uint64_t>(call) * 2;
      std::string health = asked(server, "/v1/sources/acd");
      // In the middle of it, mostly.
      while (health.find("\"accepted\":") == std::string::npos || number(health, "accepted") + 60 < sent) {
        health = asked(server, "/v1/sources/acd");
      }
      const std::uint64_t batches = back_up(folder);
      const auto mark = state::Disk::real()->read(folder.path("backup/sources/acd"));
      if (!mark) continue;  // none was written yet
      const auto read = server::source_mark(*mark);
      REQUIRE(read);
      CHECK(read->sequence <= batches);
    }
  }
  no_data(folder);
  std::filesystem::create_directory(folder.path("data"));
  REQUIRE(state::restore(folder.path("backup"), folder.path("data/test"), {}));
  LiveServer server(settings(folder));
  until(server, std::string(kNumbers), direct(all));
}

TEST_CASE("notices on their way are in a backup, and are told once after it is put back") {
  OwnFolder folder;
  const std::string alerts =
      "[[tenant.sla]]\nid = \"gold\"\n[[tenant.sla.target]]\nclock = \"answer\"\nwithin = \"5s\"\n"
      "[[tenant.route]]\nmatch = \"\"\nreceivers = [\"desk\"]\n"
      // Nobody listens there.
      "[[tenant.receiver]]\nname = \"desk\"\nkind = \"generic\"\n"
      "urls = [\"http://127.0.0.1:9/\"]\nallow = [\"127.0.0.1\"]\n";
  folder.write("log", queued(1, 0, "sales") + queued(2, 8, "sales"));
  std::uint64_t waiting = 0;
  {
    LiveServer server(settings(folder, alerts));
    until(server, "/v1/alerts", "\"state\":\"firing\"");
    until(server, "/v1/receivers", R"("name":"desk")");
    while (waiting == 0) waiting = number(asked(server, "/v1/receivers"), "waiting");
    until(server, "/metrics", "ringside_");
    back_up(folder);
    const auto seen = state::inspect(folder.path("backup"), {});
    REQUIRE(seen);
    CHECK(seen->faults.empty());
    CHECK(seen->waiting == waiting);
  }
  no_data(folder);
  std::filesystem::create_directory(folder.path("data"));
  REQUIRE(state::restore(folder.path("backup"), folder.path("data/test"), {}));
  LiveServer server(settings(folder, alerts));
  until(server, "/v1/alerts", "\"state\":\"firing\"");
  CHECK(number(asked(server, "/v1/receivers"), "waiting") == waiting);
}
