// Conversations with switches over real sockets, the other side played by the test: AMI and event socket with the
// connection lost at any byte, 3CX both ways, a real queue_log, signatures. The numbers are always those of the same
// bytes read from a file.
#include "tests/source_server.h"

#include <cstdlib>
#include <ctime>

#include "ingest/signature.h"
#include "tests/feed.h"
#include "tests/peer.h"
#include "tests/tls_peer.h"

namespace {

constexpr std::string_view kQuestion =
    "/v1/current?scope=*&kpi=offered,answered,abandoned,waiting,average_speed_of_answer,talk_time,transferred,"
    "ring_no_answer,state&window=60m,today";

std::string config(const std::string& format, const std::string& more = {}) {
  return data_tenant(source("pbx", format, more));
}

std::string numbers(LiveServer& server) { return asked(server, std::string(kQuestion)); }

// What we ask a switch after a connection is answered as of now; here always with "nobody is waiting". So of the day of
// the call only what was told of it can be compared, and not what was concluded while the connection was away.
std::string history(LiveServer& server) {
  return asked(server, "/v1/history?scope=*&kpi=offered,abandoned,talk_time,transferred,ring_no_answer"
                       "&from=2026-02-01&to=2026-02-02&step=all");
}

// The numbers of bytes read from a file, once so many messages are read and applied.
std::string from_file(const std::string& format, const std::string& bytes, const std::string& done,
                      std::string (*read)(LiveServer&) = numbers, const std::string& more = {}) {
  OwnFolder folder;
  folder.write("bytes", bytes);
  LiveServer server(data_tenant(file_source("pbx", format, folder.path("bytes"), more)));
  until(server, "/v1/sources/pbx", R"("state":"following")");
  until(server, std::string(kQuestion), done);
  if (format == "3cx_cdr") until(server, std::string(kQuestion), "not_available");
  return read(server);
}

std::size_t every() { return std::getenv("RINGSIDE_LONG_TESTS") != nullptr ? 1 : 7; }

std::string ami(const std::string& event, double at, const std::string& rest) {
  char stamp[32];
  std::snprintf(stamp, sizeof stamp, "%.6f", at);
  std::string text = "Event: " + event + "\r\nPrivilege: agent,all\r\nTimestamp: " + stamp + "\r\n";
  for (std::size_t i = 0; i < rest.size();) {
    const std::size_t end = std::min(rest.find(';', i), rest.size());
    text += rest.substr(i, end - i) + "\r\n";
    i = end + 1;
  }
  return text + "\r\n";
}

const std::string kCaller = "Uniqueid: 1.1;Linkedid: 1.1;CallerIDNum: 491234567;Queue: sales;";

std::string answered_call() {
  const double t = 1'769'940'000;
  return ami("QueueMemberAdded", t, "Queue: sales;MemberName: PJSIP/8;Paused: 0;Status: 1") +
         ami("QueueCallerJoin", t + 0.5, kCaller + "Position: 1;Count: 1") +
         ami("AgentCalled", t + 1, kCaller + "MemberName: PJSIP/9;Interface: PJSIP/9") +
         ami("AgentRingNoAnswer", t + 9, kCaller + "MemberName: PJSIP/9;RingTime: 8000") +
         ami("AgentCalled", t + 10, kCaller + "MemberName: PJSIP/8") +
         ami("QueueCallerLeave", t + 14.4, kCaller + "Count: 0") +
         ami("AgentConnect", t + 14.5, kCaller + "MemberName: PJSIP/8;DestUniqueid: 1.7;HoldTime: 14;RingTime: 4") +
         ami("AgentComplete", t + 60.5, kCaller + "MemberName: PJSIP/8;HoldTime: 14;TalkTime: 46;Reason: agent") +
         ami("Hangup", t + 60.6, "Uniqueid: 1.1") +
         ami("QueueMemberPause", t + 90, "Queue: sales;MemberName: PJSIP/8;Paused: 1;PausedReason: lunch");
}

// The login, and the questions that follow it.
void log_in(Peer& peer) {
  peer.wait_for_call();
  peer.say("Asterisk Call Manager/5.0.2\r\n");
  peer.hear("AuthType: MD5\r\n\r\n");
  peer.say("Response: Success\r\nActionID: ringside-challenge\r\nChallenge: 17\r\n\r\n");
  peer.hear("Key: 6f0cbb15dabf19803149f4f1a30adb08\r\n");
  peer.hear("\r\n\r\n");
  peer.say("Response: Success\r\nActionID: ringside-login\r\nMessage: Authentication accepted\r\n\r\n");
  peer.hear("ActionID: ringside-status\r\n\r\n");
  peer.hear("ActionID: ringside-channels\r\n\r\n");
}

// Until the connection is cut after so many bytes of `events`.
void play_ami(Peer& peer, std::string_view events) {
  log_in(peer);
  peer.say(
      "Response: Success\r\nActionID: ringside-status\r\nEventList: start\r\n\r\n"
      "Event: QueueStatusComplete\r\nActionID: ringside-status\r\nEventList: Complete\r\nListItems: 0\r\n\r\n"
      "Response: Success\r\nActionID: ringside-channels\r\nEventList: start\r\n\r\n"
      "Event: CoreShowChannelsComplete\r\nActionID: ringside-channels\r\nEventList: Complete\r\nListItems: 0\r\n\r\n");
  peer.say(events);
}

}  // namespace

TEST_CASE("AMI: logged in, asked for everything, and the call's numbers; however often the connection is lost") {
  const std::string events = answered_call();
  Peer peer;
  LiveServer server(config("asterisk_ami", "connect = \"" + peer.address() +
                           "\"\nuser = \"ringside\"\npassword = \"s3cret\"\nreconnect_after = \"10ms\""));
  for (std::size_t cut = every() - 1; cut < events.size(); cut += every()) {
    play_ami(peer, std::string_view(events).substr(0, cut));
  }
  play_ami(peer, events);
  until(server, std::string(kQuestion), R"("state":"break")");
  CHECK_THAT(until(server, "/v1/sources/pbx", R"("state":"connected","well":true)"),
             Catch::Contains(R"("open_connections":1)"));
  const std::string told = history(server);
  CHECK(told == from_file("asterisk_ami", events, R"("state":"break")", history));
  CHECK_THAT(told, Catch::Contains(R"("talk_time":46000)"));
}

TEST_CASE("AMI: a refused login is the source's state, and is tried again") {
  Peer peer;
  LiveServer server(config("asterisk_ami", "connect = \"" + peer.address() +
                           "\"\nuser = \"ringside\"\npassword = \"wrong\"\nreconnect_after = \"10ms\""));
  for (int i = 0; i < 2; ++i) {
    peer.wait_for_call();
    peer.say("Asterisk Call Manager/5.0.2\r\n");
    peer.hear("\r\n\r\n");
    peer.say("Response: Success\r\nActionID: ringside-challenge\r\nChallenge: 17\r\n\r\n");
    peer.hear("\r\n\r\n");
    peer.say("Response: Error\r\nActionID: ringside-login\r\nMessage: Authentication failed\r\n\r\n");
    until(server, "/v1/sources/pbx", R"("state":"login refused: Authentication failed","well":false)");
  }
}

TEST_CASE("AMI: a connection whose user lacks a right is not well and says which; events count all the same") {
  Peer peer;
  LiveServer server(config("asterisk_ami", "connect = \"" + peer.address() +
                           "\"\nuser = \"ringside\"\npassword = \"s3cret\"\nreconnect_after = \"10ms\""));
  log_in(peer);
  peer.say(
      "Response: Success\r\nActionID: ringside-status\r\nEventList: start\r\n\r\n"
      "Event: QueueStatusComplete\r\nActionID: ringside-status\r\nEventList: Complete\r\nListItems: 0\r\n\r\n"
      "Response: Error\r\nActionID: ringside-channels\r\nMessage: Permission denied\r\n\r\n");
  peer.say(answered_call());
  until(server, "/v1/sources/pbx",
        R"("state":"connected, but CoreShowChannels is refused (Permission denied): )"
        R"(the manager user needs write = reporting","well":false)");
  until(server, std::string(kQuestion), R"("state":"break")");
  CHECK_THAT(history(server), Catch::Contains(R"("talk_time":46000)"));
  // Rights count from a login on: after one with them all is well.
  play_ami(peer, {});
  until(server, "/v1/sources/pbx", R"("state":"connected","well":true)");
}

TEST_CASE("AMI through TLS: the same conversation, the same numbers, also after the connection was lost") {
  const std::string events = answered_call();
  const TestCertificate certificate("IP:127.0.0.1");
  OwnFolder folder;
  folder.write("pbx.pem", certificate.pem());
  TlsPeer peer(certificate);
  LiveServer server(config("asterisk_ami", "connect = \"" + peer.address() + "\"\ntls = true\ntls_ca = \"" +
                           folder.path("pbx.pem") + "\"\nuser = \"ringside\"\npassword = \"s3cret\"\n" +
                           "reconnect_after = \"10ms\""));
  for (const std::size_t cut : {std::size_t{0}, events.size() / 3, events.size() / 2, events.size() - 1}) {
    play_ami(peer, std::string_view(events).substr(0, cut));
  }
  play_ami(peer, events);
  until(server, std::string(kQuestion), R"("state":"break")");
  until(server, "/v1/sources/pbx", R"("state":"connected","well":true)");
  CHECK(history(server) == from_file("asterisk_ami", events, R"("state":"break")", history));
}

TEST_CASE("event socket: password, subscription, events, and the connection lost at any byte") {
  const auto frame = [](const std::string& body) {
    return "Content-Length: " + std::to_string(body.size()) + "\nContent-Type: text/event-plain\n\n" + body;
  };
  const auto event = [&](long at, const std::string& rest) {
    return frame("Event-Name: CUSTOM\nEvent-Subclass: callcenter%3A%3Ainfo\nEvent-Date-Timestamp: " +
                 std::to_string(at) + "000000\n" + rest + "\n\n");
  };
  const std::string member = "CC-Queue: sales%40default\nCC-Member-UUID: m1\nCC-Member-Session-UUID: s1\n";
  const std::string events =
      event(1'769'940'000, "CC-Action: member-queue-start\n" + member + "CC-Member-CID-Number: 49123") +
      event(1'769'940'010, "CC-Action: bridge-agent-start\n" + member +
                               "CC-Agent: 1000%40default\nCC-Agent-Called-Time: 1769940003\n"
                               "CC-Agent-Answered-Time: 1769940010\nCC-Member-Joined-Time: 1769940000") +
      event(1'769'940'040, "CC-Action: bridge-agent-end\n" + member +
                               "CC-Agent: 1000%40default\nCC-Agent-Called-Time: 1769940003\n"
                               "CC-Agent-Answered-Time: 1769940010\nCC-Member-Joined-Time: 1769940000\n"
                               "CC-Bridge-Terminated-Time: 1769940040") +
      event(1'769'940'041, "CC-Action: member-queue-end\n" + member +
                               "CC-Cause: Terminated\nCC-Member-Joined-Time: 1769940000\n"
                               "CC-Member-Leaving-Time: 1769940041\nCC-Agent-Answered-Time: 1769940010\n"
                               "CC-Agent: 1000%40default") +
      event(1'769'940'050, "CC-Action: agent-status-change\nCC-Agent: 1000%40default\nCC-Agent-Status: On%20Break");
  Peer peer;
  LiveServer server(config("freeswitch_events", "connect = \"" + peer.address() +
                           "\"\npassword = \"ClueCon\"\nreconnect_after = \"10ms\""));
  const auto play = [&](std::string_view bytes) {
    peer.wait_for_call();
    peer.say("Content-Type: auth/request\n\n");
    CHECK(peer.hear("\n\n") == "auth ClueCon\n\n");
    peer.say("Content-Type: command/reply\nReply-Text: +OK accepted\n\n");
    CHECK_THAT(peer.hear("\n\n"), Catch::StartsWith("event plain "));
    peer.say("Content-Type: command/reply\nReply-Text: +OK event listener enabled plain\n\n");
    peer.hear("queue list members\n\n");
    const std::string none = "Content-Type: api/response\nContent-Length: 16\n\n-ERR not loaded!";
    peer.say(none + none);
    peer.say(bytes);
  };
  for (std::size_t cut = every() - 1; cut < events.size(); cut += every()) {
    play(std::string_view(events).substr(0, cut));
  }
  play(events);
  until(server, std::string(kQuestion), R"("state":"break")");
  CHECK(numbers(server) == from_file("freeswitch_events", events, R"("state":"break")"));
}

TEST_CASE("3CX all ways: they connect, once or for each record, or we do, or each call is a file") {
  const std::string line =
      "Call 612505,00000C21DE5C2470_6531,00:05:00,2025/09/19 13:34:20,2025/09/19 13:34:31,2025/09/19 13:39:31,"
      "TerminatedBySrc,+15555550123,Ext.504,10021,504,504,,Ext.504,504";
  const std::string other =
      "Call 612506,00000C21DE5C2470_6532,00:00:36,2025/09/19 13:40:54,2025/09/19 13:40:54,2025/09/19 13:41:30,"
      "TerminatedBySrc,+15555550124,Ext.960,10021,960,960,,,";
  const std::string queues = "\nqueues = { \"960\" = \"support\" }";
  const std::string expected =
      from_file("3cx_cdr", line + "\r\n" + other + "\r\n", R"("talk_time@60m":300000)", numbers, queues);
  const auto check = [&](LiveServer& server) {
    until(server, "/v1/sources/pbx", R"("messages":2,)");
    until(server, "/v1/sources/pbx", R"("accepted":2,)");
    until(server, std::string(kQuestion), R"("waiting":"not_available")");
    CHECK(numbers(server) == expected);
  };
  SECTION("they connect") {
    LiveServer server(config("3cx_cdr", "listen = \"127.0.0.1:0\"" + queues));
    const std::uint16_t port = listening(server, "pbx");
    const bool each = GENERATE(false, true);
    RawClient one(port);
    one.send(line + (each ? "" : "\r\n" + other + "\r\n"));
    if (each) {
      one.send("\r\n");
      RawClient two(port);
      two.send(other);  // its end is the connection's
    }
    check(server);
  }
  SECTION("we connect") {
    Peer peer;
    LiveServer server(config("3cx_cdr", "connect = \"" + peer.address() + "\"" + queues));
    peer.wait_for_call();
    peer.say(line + "\r\n" + other + "\r\n");
    check(server);
  }
  SECTION("a file for each call, each read once, also by the next process") {
    OwnFolder folder;
    const std::string toml =
        kept_in(folder) + config("3cx_cdr", "files = \"" + folder.path("call-*.log") + "\"" + queues);
    folder.write("call-612505.log", line + "\r\n");
    folder.write("call-612506.log", other);
    folder.write("cdr.log", "of no interest\r\n");
    {
      LiveServer server(toml);
      check(server);
    }
    LiveServer server(toml);
    std::string third = line;
    third.replace(third.find("_6531"), 5, "_6533").replace(third.find("612505"), 6, "612507");
    folder.write("call-612507.log", third + "\r\n");
    until(server, std::string(kQuestion), R"("talk_time@60m":600000)");
    CHECK_THAT(asked(server, "/v1/sources/pbx"), Catch::Contains(count("messages", 1)));
  }
}

TEST_CASE("the real queue_log, followed, gives its published figures, and what it cannot tell is not zero") {
  if (feed::absent("queue_log")) return;
  const std::string text = feed::file("queue_log");
  OwnFolder folder;
  folder.write("queue_log", text);
  LiveServer server(data_tenant(file_source("pbx", "asterisk_queue_log", folder.path("queue_log"))));
  until(server, "/v1/sources/pbx", R"("messages":500,)");
  until(server, "/v1/sources/pbx", R"("OUTDIAL":76)");
  RawClient client(server.port());
  const std::string figures = client
                                  .get("/v1/history?scope=tenant&kpi=queued,answered,abandoned,average_speed_of_answer,"
                                       "service_level_20s&from=2018-11-01&to=2018-12-31&step=all")
                                  .body;
  CAPTURE(figures);
  CHECK_THAT(figures, Catch::Contains("52"));
  const std::string current = until(server, "/v1/current?scope=tenant&kpi=queued,average_wrap_up_time&window=today",
                                    R"("average_wrap_up_time@today":"not_available")");
  CHECK_THAT(current, Catch::Contains(R"("queued@today":)"));
  CHECK_THAT(current, !Catch::Contains(R"("queued@today":"not_available")"));
}

TEST_CASE("a webhook with a right signature is taken, once; with a wrong, missing or old one it is refused") {
  LiveServer server(config("zendesk", "secret = \"s3cret\""));
  until(server, "/v1/sources/pbx", "waiting for requests");
  const std::string body =
      R"({"type":"zen:event-type:ticket.status_changed","id":"e1","time":"2026-02-01T14:00:00.123Z",)"
      R"("detail":{"id":"5158","status":"OPEN","group_id":"9","via":{"channel":"email"}},)"
      R"("event":{"current":"PENDING","previous":"OPEN"}})";
  const auto stamp_of = [](std::time_t time) {
    char text[32];
    std::tm utc{};
    gmtime_r(&time, &utc);
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return std::string(text);
  };
  const auto signed_as = [&](const std::string& stamp, const std::string& text) {
    const std::string signature = ingest::base64(ingest::hmac(ingest::Digest::sha256, "s3cret", stamp + text));
    return "Content-Type: application/json\r\nX-Zendesk-Webhook-Signature: " + signature +
           "\r\nX-Zendesk-Webhook-Signature-Timestamp: " + stamp + "\r\n";
  };
  const std::time_t now = std::time(nullptr);
  const std::string target = "/v1/sources/pbx";
  RawClient client(server.port());
  const auto code = [&](const std::string& headers) {
    const auto answer = client.post(target, body, headers);
    CHECK(answer.status == 401);
    return answer.body;
  };
  CHECK_THAT(code(""), Catch::Contains("missing_signature"));
  CHECK_THAT(code(signed_as(stamp_of(now), body + " ")), Catch::Contains("bad_signature"));
  CHECK_THAT(code(signed_as(stamp_of(now - 3'600), body)), Catch::Contains("stale_signature"));
  CHECK_THAT(client.get(target).body, Catch::Contains(R"("forbidden":3,)"));
  const auto first = client.post(target, body, signed_as(stamp_of(now), body));
  CHECK(first.status == 200);
  CHECK_THAT(first.body, Catch::StartsWith(R"({"accepted":1,)"));
  CHECK_THAT(client.post(target, body, signed_as(stamp_of(now), body)).body, Catch::StartsWith(R"({"accepted":0,)"));
}
