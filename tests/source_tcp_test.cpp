// Native lines over a connection while nothing can be applied: the sender waits, and nothing is lost.
#include "tests/live_server.h"

#include <atomic>
#include <chrono>
#include <thread>

#include "tests/own_folder.h"

namespace {

// Asks until the answer holds what is waited for.
std::string until(LiveServer& server, const std::string& target, std::string_view holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  std::string body;
  while (std::chrono::steady_clock::now() < deadline) {
    RawClient client(server.port());
    for (int i = 0; i < 500; ++i) {
      body = client.get(target).body;
      if (body.find(holds) != std::string::npos) return body;
    }
  }
  FAIL("waited for " << holds << " in " << body);
  return body;
}

std::string line(int n) {
  return R"({"type":"call.queued","id":"e)" + std::to_string(n) + R"(","time":)" +
         std::to_string(1'769'940'000'000 + n) + R"(,"call":"c)" + std::to_string(n) + R"(","queue":"sales"})" + "\n";
}

}  // namespace

TEST_CASE("while the disk is nearly full a connection is not read: the sender waits, and then all is there") {
  OwnFolder folder;
  std::atomic<std::uint64_t> free{1};
  server::Seams seams;
  seams.free_space = [&free](const std::string&) -> core::Result<std::uint64_t> { return free.load(); };
  LiveServer server("[storage]\nfolder = \"" + folder.path("data") +
                        "\"\nshed_bytes = 100\nresume_bytes = 200\n[[tenant]]\nname = \"test\"\nclock = \"data\"\n"
                        "[[tenant.source]]\nname = \"acd\"\nformat = \"ringside\"\nlisten = \"127.0.0.1:0\"\n",
                    seams);
  const std::string state = until(server, "/v1/sources/acd", "listening on 127.0.0.1:");
  RawClient asking(server.port());
  while (asking.post("/v1/events", "").status != 503) {
  }
  const auto port = static_cast<std::uint16_t>(std::stoi(state.substr(state.find("127.0.0.1:") + 10)));

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
  until(server, "/v1/sources/acd", "\"connections\":1,");
  for (int i = 0; i < 200; ++i) until(server, "/v1/sources/acd", "\"accepted\":0,");
  CHECK_FALSE(sent);
  free = 1'000;
  sender.join();
  CHECK(sent);
  until(server, "/v1/current?scope=tenant&kpi=waiting", "\"waiting\":" + std::to_string(kLines));
}
