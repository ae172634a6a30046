// Native lines over a connection: while nothing can be applied the sender waits and nothing is lost; through TLS they
// come only from whom we trust.
#include "tests/source_server.h"

#include <atomic>
#include <thread>

#include "tests/tls_peer.h"

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
  until(server, "/v1/sources/acd", "halted");
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

namespace {

// A source that connects to the peer through TLS and trusts what is in the file.
std::string trusting(const Peer& peer, const std::string& certificates, const std::string& more = {}) {
  return data_tenant(source("acd", "ringside", "connect = \"" + peer.address() + "\"\ntls = true\n" +
                            (certificates.empty() ? "" : "tls_ca = \"" + certificates + "\"\n") +
                            "reconnect_after = \"10ms\"\n" + more));
}

}  // namespace

TEST_CASE("through TLS only who is trusted, and is who it should be, is listened to; the state says what is wrong") {
  const TestCertificate certificate("DNS:pbx.example.com"), other("IP:127.0.0.1"), old("IP:127.0.0.1", -60);
  OwnFolder folder;
  folder.write("pbx.pem", certificate.pem());
  folder.write("other.pem", other.pem());
  folder.write("old.pem", old.pem());
  TlsPeer peer(certificate);
  const std::string where = peer.address();
  const auto refused = [&](TlsPeer& to, LiveServer& server, const std::string& why) {
    CHECK_FALSE(to.wait_for_handshake());
    to.hang_up();
    // Tried again, and refused again.
    CHECK_FALSE(to.wait_for_handshake());
    until(server, "/v1/sources/acd", "\"state\":\"cannot trust " + to.address() + ": " + why + "\",\"well\":false");
    to.hang_up();
  };
  SECTION("signed by nobody the system knows") {
    LiveServer server(trusting(peer, ""));
    refused(peer, server, "self-signed certificate");
  }
  SECTION("signed by somebody else than those named") {
    LiveServer server(trusting(peer, folder.path("other.pem")));
    refused(peer, server, "self-signed certificate");
  }
  SECTION("not valid any more") {
    TlsPeer late(old);
    LiveServer server(trusting(late, folder.path("old.pem")));
    refused(late, server, "certificate has expired");
  }
  SECTION("of another name than the address we connect to, until that is said") {
    LiveServer server(trusting(peer, folder.path("pbx.pem")));
    refused(peer, server, "its certificate is not for 127.0.0.1");
    const core::Status loaded =
        server.reload(trusting(peer, folder.path("pbx.pem"), "tls_name = \"pbx.example.com\"\n"));
    REQUIRE(loaded);
    bool agreed = false;
    for (int i = 0; i < 100 && !agreed; ++i) agreed = peer.wait_for_handshake();  // some of the old try may wait
    REQUIRE(agreed);
    CHECK(peer.asked_for() == "pbx.example.com");
    peer.say(line(1));
    until(server, "/v1/current?scope=tenant&kpi=waiting", "\"waiting\":1");
    CHECK_THAT(asked(server, "/v1/sources/acd"), Catch::Contains(R"("state":"connected","well":true)"));
  }
  SECTION("does not speak TLS") {
    Peer plain;
    LiveServer server(trusting(plain, folder.path("pbx.pem")));
    plain.wait_for_call();
    plain.say("Asterisk Call Manager/5.0.2\r\n");
    until(server, "/v1/sources/acd", "\"state\":\"no TLS with " + plain.address() + ": wrong version number");
  }
}
