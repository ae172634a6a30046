// The whole server on a real folder: what it knew is there again, and what it says when the disk is full or bad.
#include "tests/live_server.h"

#include <atomic>
#include <filesystem>
#include <fstream>

namespace {

namespace fs = std::filesystem;

// A folder of its own, gone with the test.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "ringside-test-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string data() const { return path_ + "/data"; }
  std::string config(const std::string& more = {}) const {
    return "[storage]\nfolder = \"" + data() + "\"\nshed_bytes = 0\nresume_bytes = 0\n" + more +
           "[[tenant]]\nname = \"test\"\nclock = \"data\"\n";
  }

 private:
  std::string path_;
};

// A connection may ask 10,000 times; that is less than a second.
void wait_until_ready(LiveServer& server) {
  for (bool ready = false; !ready;) {
    RawClient client(server.port());
    for (int i = 0; i < 1'000 && !ready; ++i) ready = client.get("/readyz").status == 200;
  }
}

constexpr const char* kQuestions[] = {
    "/v1/scopes", "/v1/current?scope=*&kpi=offered,waiting,oldest_waiting_since,service_level,state&window=5m,today",
    "/v1/history?scope=*&kpi=offered,answered,wait_p95&from=2026-03-02&to=2026-03-03",
    "/v1/trend?kpi=offered,waiting&minutes=30&step=30s", "/v1/records/call/c1"};

std::vector<std::string> answers(RawClient& client, const std::string& asof = {}) {
  std::vector<std::string> all;
  for (const std::string question : kQuestions) {
    const char mark = question.find('?') == std::string::npos ? '?' : '&';
    const auto answer = client.get(asof.empty() ? question : question + mark + "asof=" + asof);
    CAPTURE(question, asof, answer.body);
    CHECK(answer.status == 200);
    all.push_back(answer.body);
  }
  return all;
}

std::string calls(int from, int to) {
  std::string lines;
  for (int call = from; call < to; ++call) {
    lines += queued(call, call * 20, call % 3 == 0 ? "vip" : "sales");
    if (call % 4 != 0) lines += answered(call, call * 20 + call % 17, "a" + std::to_string(call % 5));
  }
  return lines;
}

}  // namespace

TEST_CASE("what was known before a stop is known after it, bit for bit, and nothing is counted twice") {
  Folder folder;
  const std::string config = folder.config(GENERATE("", "checkpoint_interval = \"50ms\"\n"));
  std::vector<std::string> before;
  {
    LiveServer server(config);
    wait_until_ready(server);
    RawClient client(server.port());
    for (int i = 0; i < 40; i += 4) REQUIRE(client.post("/v1/events", calls(i, i + 4)).status == 200);
    before = answers(client);
  }
  LiveServer server(config);
  wait_until_ready(server);
  RawClient client(server.port());
  CHECK(answers(client) == before);
  CHECK_THAT(client.post("/v1/events", calls(0, 40)).body, Catch::StartsWith(R"({"accepted":0,"unchanged":70,)"));
  CHECK(answers(client) == before);
  CHECK_THAT(client.post("/v1/events", queued(1, 999, "other")).body, Catch::Contains(R"("code":"id_conflict")"));
  CHECK(answers(client) == before);
  const std::string metrics = client.get("/metrics").body;
  CHECK_THAT(metrics, Catch::Contains("ringside_repeated_total{tenant=\"test\"} 70\n"));
  CHECK_THAT(metrics, Catch::Contains("code=\"id_conflict\"} 1\n"));
}

TEST_CASE("as of an earlier instant the answers are those of then, bit for bit") {
  Folder folder;
  LiveServer server(folder.config(GENERATE("", "checkpoint_interval = \"50ms\"\n")));
  wait_until_ready(server);
  RawClient client(server.port());
  std::vector<std::pair<std::string, std::vector<std::string>>> shown;
  std::string wall;
  for (int i = 0; i < 40; i += 4) {
    REQUIRE(client.post("/v1/events", calls(i, i + 4)).status == 200);
    const auto now = client.get("/v1/current?kpi=waiting").body;
    shown.emplace_back(now.substr(8, now.find(',') - 8), answers(client));
    if (i == 20) {
      // The view follows within a moment: until it is of this instant.
      while (wall.find("\"asof\":" + shown.back().first + ",") == std::string::npos) {
        wall = client.get("/v1/views/wallboard").body;
      }
    }
  }
  for (std::size_t i = 0; i + 1 < shown.size(); ++i) CHECK(answers(client, shown[i].first) == shown[i].second);
  const std::string then = client.get("/v1/views/wallboard?asof=" + shown[5].first).body;
  CHECK(then.substr(then.find("\"d\":")) == wall.substr(wall.find("\"d\":")));
  CHECK_THAT(client.get("/v1/current?kpi=offered&asof=10:00:21").body, Catch::Contains(R"("offered@today":)"));
  CHECK(client.get("/v1/current?kpi=offered&asof=23:00").status == 400);
  CHECK(client.get("/v1/current?kpi=offered&asof=25:00").status == 400);
}

TEST_CASE("what nobody keeps has no past") {
  LiveServer server(kDataClock);
  RawClient client(server.port());
  REQUIRE(client.post("/v1/events", queued(1, 0, "sales") + queued(2, 60, "sales")).status == 200);
  RawClient::Answer answer;
  while (answer.status != 404) answer = client.get("/v1/current?kpi=offered&asof=10:00:30");
  CHECK_THAT(answer.body, Catch::Contains("\"code\":\"not_kept\""));
}

TEST_CASE("with too little disk space events are turned away, everything else goes on, until there is room") {
  Folder folder;
  auto free = std::make_shared<std::atomic<std::uint64_t>>(4ull << 30);
  server::Seams seams;
  seams.free_space = [free](const std::string&) { return core::Result<std::uint64_t>(free->load()); };
  std::string config = folder.config();
  config.replace(config.find("shed_bytes = 0\nresume_bytes = 0"), 31, "shed_bytes = 1000\nresume_bytes = 2000");
  LiveServer server(config, seams);
  wait_until_ready(server);
  RawClient client(server.port());
  REQUIRE(client.post("/v1/events", queued(1, 0, "sales")).status == 200);
  *free = 999;
  RawClient::Answer answer;
  for (int call = 2; answer.status != 503; ++call) answer = client.post("/v1/events", queued(call, 0, "sales"));
  CHECK_THAT(answer.body, Catch::Contains("\"code\":\"low_disk_space\""));
  CHECK_THAT(answer.head, Catch::Contains("Retry-After: "));
  CHECK(client.get("/readyz").status == 503);
  CHECK_THAT(client.get("/readyz").body, Catch::Contains("[-] disk_has_room: only 0 MiB are free in " + folder.data()));
  CHECK(client.get("/v1/current?kpi=waiting").status == 200);
  *free = 1'999;  // not yet
  CHECK(client.post("/v1/events", queued(1'001, 0, "sales")).status == 503);
  *free = 2'000;
  wait_until_ready(server);
  CHECK(client.post("/v1/events", queued(1'002, 0, "sales")).status == 200);
}

TEST_CASE("a damaged journal ends the start with what is wrong, and nothing is answered") {
  Folder folder;
  {
    LiveServer server(folder.config());
    wait_until_ready(server);
    RawClient client(server.port());
    REQUIRE(client.post("/v1/events", calls(0, 40)).status == 200);
  }
  std::size_t damaged = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder.data() + "/test/journal")) {
    if (entry.path().extension() != ".log" && entry.path().extension() != ".sst") continue;
    fs::resize_file(entry.path(), 0);
    ++damaged;
  }
  REQUIRE(damaged > 0);
  LiveServer server(folder.config());
  CHECK(server.end().code == server::kDataRefused);
  CAPTURE(server.end().error.message);
  CHECK_FALSE(server.end().error.message.empty());
}
