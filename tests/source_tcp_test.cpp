// Native lines over a connection while nothing can be applied: the sender waits, and nothing is lost.
#include "tests/source_server.h"

#include <atomic>
#include <thread>

namespace {

std::string line(int n) {
  return R"({"type":"call.queued","id":"e)" + std::to_string(n) + R"(","time":)" +
         std::to_string(1'769'940'000'000 + n) + R"(,"call":"c)" + std::to_string(n) + R"(","queue":"sales"})" + "\n";
}

}  // namespace

TEST_CASE("while the disk is nearly full a connection is not read: the sender waits, and then all is there") {
  OwnFolder folder;
  std::atomic<std::uint64_t> free{1'000};
  server::Seams seams;
  seams.free_space = [&free](const std::string&) -> core::Result<std::uint64_t> { return free.load(); };
  LiveServer server("[storage]\nfolder = \"" + folder.path("data") +
                        "\"\nshed_bytes = 100\nresume_bytes = 200\n" +
                        data_tenant(source("acd", "ringside", "listen = \"127.0.0.1:0\"")),
                    seams);
  const std::uint16_t port = listening(server, "acd");
  free = 1;
  until(server, "/v1/sources/acd", "held back");
  RawClient asking(server.port());
  CHECK(asking.post("/v1/events", "").status == 503);

  // More than the buffers of both sides hold.
  constexpr int kLines = 100'000;
  std::atomic<bool> sent{false};
  std::thread sender([&] {
    RawClient client(port);
    std::string some;
    for (int n = 0; n < kLines; ++n) {
      some += line(n);
      if (some.size() < 60'000 && n + 1 < kLines) continue;
      client.send(some);
      some.clear();
    }
    sent = true;
  });
  until(server, "/v1/sources/acd", count("connections", 1));
  for (int i = 0; i < 200; ++i) until(server, "/v1/sources/acd", count("accepted", 0));
  CHECK_FALSE(sent);
  free = 1'000;
  sender.join();
  CHECK(sent);
  until(server, "/v1/current?scope=tenant&kpi=waiting", "\"waiting\":" + std::to_string(kLines));
}
