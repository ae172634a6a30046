// A disk that fails or forgets under sources at work: the place of a file is never ahead of what is kept, so after the
// next start every event counts once, and what nobody could read is there.
#include "tests/source_server.h"

#include <cstdlib>

#include "tests/faulty_disk.h"

namespace {

constexpr std::string_view kNumbers = "/v1/current?scope=*&kpi=offered,answered,waiting,wait_p95&window=today";
constexpr int kCalls = 60;

std::string call_lines(int from, int to) {
  std::string all;
  for (int call = from; call < to; ++call) {
    all += queued(call, call * 5, "sales") + answered(call, call * 5 + 9, "ann");
    if (call % 20 == 7) all += "nonsense " + std::to_string(call) + "\n";
  }
  return all;
}

std::string settings(const OwnFolder& folder) {
  return "[storage]\nfolder = \"/data\"\nshed_bytes = 0\nresume_bytes = 0\ncheckpoint_interval = \"50ms\"\n" +
         data_tenant(file_source("acd", "ringside", folder.path("log")));
}

server::Seams seams(FaultyDisk& disk) {
  server::Seams all;
  all.disk = disk.disk();
  all.free_space = [](const std::string&) { return core::Result<std::uint64_t>(4ULL << 30); };
  return all;
}

// Asks as long as there is an answer.
bool all_read(LiveServer& server) {
  RawClient client(server.port());
  for (int i = 0; i < 9'000; ++i) {
    const auto answer = client.get("/v1/sources/acd");
    if (answer.status == 0) return false;
    if (answer.body.find(count("accepted", kCalls * 2)) != std::string::npos) return true;
  }
  return false;
}

std::string expected() {
  LiveServer server(kDataClock);
  RawClient client(server.port());
  REQUIRE(client.post("/v1/events", call_lines(0, kCalls), "Content-Type: application/x-ndjson\r\n").status == 200);
  const std::string body = client.get(std::string(kNumbers)).body;
  return body.substr(body.find("\"values\""));
}

void walk(FaultyDisk::Fault fault) {
  const bool all = std::getenv("RINGSIDE_LONG_TESTS") != nullptr;
  const std::string numbers = expected();
  std::uint64_t reached = 0;
  for (std::uint64_t n = 1; n < 4'000; n += all ? 1 : 1 + n / 2) {
    CAPTURE(n);
    OwnFolder folder;
    FaultyDisk disk;
    {
      LiveServer server(settings(folder), seams(disk));
      until(server, "/v1/sources/acd", "cannot read");
      disk.fail_at(n, fault);
      for (int call = 0; call < kCalls; call += 6) folder.append("log", call_lines(call, call + 6));
      all_read(server);
      server.stop();
      const int code = server.end().code;
      CHECK((code == 0 || code == 4));
    }
    const bool failed = disk.reached();
    INFO(disk.failed());
    disk.heal();
    disk.crash(n % 3 == 0   ? FaultyDisk::Unsynced::lost
               : n % 3 == 1 ? FaultyDisk::Unsynced::some
                            : FaultyDisk::Unsynced::kept,
               n);
    LiveServer server(settings(folder), seams(disk));
    until(server, std::string(kNumbers), numbers);
    const std::string health = until(server, "/v1/sources/acd", R"("state":"following")");
    CHECK_THAT(health, Catch::Contains(count("gaps", 0)));
    const std::string kept = asked(server, "/v1/quarantine");
    for (const char* one : {"nonsense 7\"", "nonsense 27\"", "nonsense 47\""}) CHECK_THAT(kept, Catch::Contains(one));
    if (!failed) break;
    ++reached;
  }
  CHECK(reached > 5);
}

}  // namespace

TEST_CASE("sources: EIO at the n-th call") { walk(FaultyDisk::Fault::io_error); }
TEST_CASE("sources: ENOSPC from the n-th call on") { walk(FaultyDisk::Fault::no_space); }
TEST_CASE("sources: every write fails from the n-th call on") { walk(FaultyDisk::Fault::broken); }
