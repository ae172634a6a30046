// Two sources of the same calls at once, through the whole server: the figures of the real samples come out however
// the two are interleaved, and where they differ the more trusted one is believed, whoever comes first.
#include "tests/source_server.h"

#include <random>

#include "tests/feed.h"
#include "tests/peer.h"

namespace {

std::string kpi(const std::string& id, const std::string& formula) {
  return "[[tenant.kpi]]\nid = \"" + id + "\"\ntitle = \"" + id + "\"\nformula = \"" + formula +
         "\"\nunit = \"count\"\n";
}

// The ids of the KPIs are k0, k1, …
std::string kpis(const std::vector<std::string>& formulas) {
  std::string all;
  for (std::size_t i = 0; i < formulas.size(); ++i) all += kpi("k" + std::to_string(i), formulas[i]);
  return all;
}

// Of the whole time between two dates, as they are in the answer: k0:52,k1:46,…
std::string figures(LiveServer& server, std::size_t formulas, const std::string& from, const std::string& to) {
  std::string target = "/v1/history?scope=tenant&from=" + from + "&to=" + to + "&step=all&kpi=k0";
  for (std::size_t i = 1; i < formulas; ++i) target += ",k" + std::to_string(i);
  const std::string body = asked(server, target);
  const std::size_t at = body.find("\"values\":");
  return at == std::string::npos ? body : body.substr(at + 10, body.find('}', at) - at - 10);
}

// Once that many messages of the source are read: what is asked afterwards is answered after they are applied.
void read_all(LiveServer& server, const std::string& name, std::size_t messages) {
  until(server, "/v1/sources/" + name, count("messages", messages));
}

}  // namespace

TEST_CASE("the real queue_log as a file and over a connection at the same time gives its figures") {
  if (feed::absent("queue_log")) return;
  const std::string text = feed::file("queue_log");
  const std::vector<std::string> formulas = {
      "queued",       "wait",            "mean(wait)",  "within(wait, 20s)", "within(wait, 30s)",
      "abandon_wait", "agent_no_answer", "transferred", "talk"};
  const unsigned seed = GENERATE(1u, 2u, 3u);
  CAPTURE(seed);
  OwnFolder folder;
  folder.write("queue_log", "");
  const std::string trusted = seed == 3 ? "authority = 2\n" : "";  // who is believed makes no difference here
  LiveServer server(kept_in(folder) +
                    data_tenant(file_source("file", "asterisk_queue_log", folder.path("queue_log"), trusted) +
                                source("wire", "asterisk_queue_log", "listen = \"127.0.0.1:0\"") + kpis(formulas)));
  RawClient wire(listening(server, "wire"));
  std::mt19937 dice(seed);
  std::size_t in_file = 0, on_wire = 0;
  while (in_file < text.size() || on_wire < text.size()) {
    const std::size_t size = dice() % 700;
    std::size_t& at = dice() % 2 == 0 ? in_file : on_wire;
    const std::string piece = text.substr(at, size);
    if (&at == &in_file) folder.append("queue_log", piece);
    if (&at == &on_wire) wire.send(piece);
    at += piece.size();
  }
  read_all(server, "file", 500);
  read_all(server, "wire", 500);
  until(server, "/v1/history?scope=tenant&kpi=k0&from=2018-11-01&to=2019-01-01&step=all", "\"k0\":52");
  const std::string told = figures(server, formulas.size(), "2018-11-01", "2019-01-01");
  CAPTURE(told);
  CHECK_THAT(told, Catch::StartsWith(R"("k0":52,"k1":46,"k2":39434.78)"));
  CHECK_THAT(told, Catch::EndsWith(R"("k3":21,"k4":35,"k5":4,"k6":150,"k7":1,"k8":46)"));
}

TEST_CASE("Amazon Connect: contact record, contact events and agent events from two webhooks, in any order") {
  const std::string record = "payloads/amazon_connect_ctr_1.json";
  const std::string pair = "payloads/amazon_connect_agent_events_acw_pair.jsonl";
  if (feed::absent(record) || feed::absent(pair)) return;
  const std::vector<std::string> agent_events = feed::lines(feed::file(pair));
  const std::string id = "15a5cf14-3212-45a1-9f86-a8e97db8afaf";
  const auto contact_event = [&](const std::string& type, const std::string& at, const std::string& more) {
    return R"({"version":"0","id":")" + type + R"(","detail-type":"Amazon Connect Contact Event",)" +
           R"("source":"aws.connect","time":")" + at + R"(","detail":{"eventType":")" + type + R"(","contactId":")" +
           id + R"(","channel":"VOICE","initiationMethod":"INBOUND",)" +
           R"("instanceArn":"arn:aws:connect:us-east-1:1:instance/i",)" + more +
           R"("initiationTimestamp":"2022-04-08T14:59:38Z"}})";
  };
  struct Message {
    std::string to, body;
  };
  const std::vector<Message> all = {
      {"records", feed::file(record)},
      {"agents", agent_events[0]},
      {"agents", agent_events[1]},
      {"agents", contact_event("INITIATED", "2022-04-08T14:59:38Z", "")},
      {"agents", contact_event("QUEUED", "2022-04-08T15:00:42Z",
                         R"("queueInfo":{"queueArn":"arn:aws:connect:x:1:instance/i/queue/q","queueType":"STANDARD",)"
                         R"("enqueueTimestamp":"2022-04-08T15:00:42Z"},)")},
      {"agents", contact_event("DISCONNECTED", "2022-04-08T15:01:22Z",
                               R"("disconnectTimestamp":"2022-04-08T15:01:22Z",)")}};
  const std::vector<std::string> formulas = {"queued",  "handled",      "sum(wait)",   "sum(talk)",
                                             "wrap_up", "sum(wrap_up)", "now(waiting)"};
  std::vector<std::size_t> order = {0, 1, 2, 3, 4, 5};
  const unsigned seed = GENERATE(0u, 1u, 2u, 3u, 4u, 5u);
  CAPTURE(seed);
  std::mt19937 dice(seed);
  if (seed > 0) std::shuffle(order.begin(), order.end(), dice);
  LiveServer server(data_tenant(source("records", "amazon_connect", "authority = 3") +
                                source("agents", "amazon_connect") +
                                kpis(formulas)));
  until(server, "/v1/sources/agents", "waiting for requests");
  RawClient client(server.port());
  for (const bool again : {false, true}) {
    for (const std::size_t i : order) {
      const auto answer = client.post("/v1/sources/" + all[i].to, all[i].body, "Content-Type: application/json\r\n");
      CAPTURE(i, again, answer.body);
      CHECK_THAT(answer.body, Catch::Contains(R"("refused":0)"));
    }
  }
  // One call of the record: 7 s, 33 s, 32 s; one of the agent events: 6.006 s, 5.005 s.
  CHECK(figures(server, formulas.size(), "2018-10-01", "2022-05-01") ==
        R"("k0":1,"k1":2,"k2":7000,"k3":39006,"k4":2,"k5":37005,"k6":0)");
}

TEST_CASE("what two sources say of one call is believed by authority, not by arrival") {
  const std::string live = call_line("queued", 1, 0, R"(,"queue":"sales")") +
                           call_line("answered", 1, 30, R"(,"agent":"ann")") +
                           call_line("ended", 1, 90, R"(,"agent":"ann")");
  const std::string record =
      R"({"type":"call.record","id":"r1","time":"2026-03-02T10:05:00Z","call":"c1","queue":"sales",)"
      R"("outcome":"answered",)"
      R"("queued_at":"2026-03-02T10:00:00Z","answered_at":"2026-03-02T10:00:25Z","agent":"bob","talk_ms":50000})"
      "\n";
  const std::vector<std::string> formulas = {"queued", "handled", "sum(wait)", "sum(talk)", "now(waiting)"};
  const int trusted = GENERATE(0, 1, 5);  // authority of the record; live events have 1
  const bool record_first = GENERATE(false, true);
  CAPTURE(trusted, record_first);
  LiveServer server(data_tenant(source("live", "ringside", "listen = \"127.0.0.1:0\"\nauthority = 1") +
                                source("cdr", "ringside", "authority = " + std::to_string(trusted)) + kpis(formulas)));
  RawClient wire(listening(server, "live"));
  RawClient client(server.port());
  const auto tell_live = [&] {
    wire.send(live);
    read_all(server, "live", 3);
  };
  if (!record_first) tell_live();
  CHECK(client.post("/v1/sources/cdr", record).status == 200);
  if (record_first) tell_live();
  const std::string expected = trusted >= 1 ? R"("k0":1,"k1":1,"k2":25000,"k3":50000,"k4":0)"
                                            : R"("k0":1,"k1":1,"k2":30000,"k3":60000,"k4":0)";
  CHECK(figures(server, formulas.size(), "2026-03-02", "2026-03-03") == expected);
  CHECK_THAT(client.get("/v1/current?scope=agent/*&kpi=handled&window=today").body,
             Catch::Contains(trusted >= 1 ? R"("agent/bob":{"handled@today":1})"
                                          : R"("agent/ann":{"handled@today":1})"));
}

// Nobody says whom to believe; the second call is over within the two seconds in which two sources tell of one thing.
TEST_CASE("AMI, the queue_log and the CDR of one call are one call, whoever comes first") {
  const double t = 1'769'940'000;
  const auto ami = [&](const std::string& event, double at, std::string rest) {
    for (std::size_t i = 0; (i = rest.find(';', i)) != std::string::npos; i += 2) rest.replace(i, 1, "\r\n");
    return "Event: " + event + "\r\nTimestamp: " + std::to_string(t + at) + "\r\n" + rest + "\r\n\r\n";
  };
  const std::string caller = "Uniqueid: 1.1;Linkedid: 1.1;CallerIDNum: 491234567;Queue: sales;";
  const std::string other = "Uniqueid: 1.2;Linkedid: 1.2;CallerIDNum: 491234568;Queue: sales;";
  const std::string agent = "MemberName: PJSIP/8;Interface: PJSIP/8";
  const std::vector<std::string> by_ami = {
      ami("QueueCallerJoin", 0, caller + "Position: 1;Count: 1"), ami("AgentCalled", 10, caller + agent),
      ami("QueueCallerLeave", 14, caller + "Count: 0"),
      ami("AgentConnect", 14, caller + agent + ";DestUniqueid: 1.7;HoldTime: 14;RingTime: 4"),
      ami("AgentComplete", 60, caller + agent + ";HoldTime: 14;TalkTime: 46;Reason: agent"),
      ami("Hangup", 60, "Uniqueid: 1.1"),
      ami("QueueCallerJoin", 100.746, other + "Position: 1;Count: 1"), ami("AgentCalled", 100.747, other + agent),
      ami("QueueCallerLeave", 100.748, other + "Count: 0"),
      ami("AgentConnect", 100.748, other + agent + ";DestUniqueid: 1.8;HoldTime: 0;RingTime: 0"),
      ami("AgentComplete", 101.247, other + agent + ";HoldTime: 0;TalkTime: 1;Reason: agent"),
      ami("Hangup", 101.247, "Uniqueid: 1.2")};
  const auto at = [&](int second) {
    return std::to_string(static_cast<long>(t) + second) + (second < 100 ? "|1.1|sales|" : "|1.2|sales|");
  };
  const std::string by_log = at(0) + "NONE|ENTERQUEUE||491234567|1\n" + at(14) + "PJSIP/8|CONNECT|14|1.7|4\n" +
                             at(60) + "PJSIP/8|COMPLETEAGENT|14|46|1\n" + at(100) +
                             "NONE|ENTERQUEUE||491234568|1\n" + at(100) + "PJSIP/8|CONNECT|0|1.8|0\n" + at(101) +
                             "PJSIP/8|COMPLETEAGENT|0|1|1\n";
  const std::string by_cdr =
      R"("","491234567","800","from-trunk","""A"" <491234567>","PJSIP/trunk-1","PJSIP/8-2","Queue","sales,t",)"
      R"("2026-02-01 10:00:00","2026-02-01 10:00:14","2026-02-01 10:01:00",60,46,"ANSWERED","DOCUMENTATION","1.1","")"
      "\n"
      R"("","491234568","800","from-trunk","""B"" <491234568>","PJSIP/trunk-3","PJSIP/8-4","Queue","sales,t",)"
      R"("2026-02-01 10:01:40","2026-02-01 10:01:40","2026-02-01 10:01:41",1,1,"ANSWERED","DOCUMENTATION","1.2","")"
      "\n";
  const std::vector<std::string> formulas = {"queued",    "handled",      "sum(wait)",
                                             "sum(talk)", "now(waiting)", "now(talking)"};
  std::vector<int> order = {0, 1, 2};
  const int permutation = GENERATE(0, 1, 2, 3, 4, 5);
  for (int i = 0; i < permutation; ++i) std::next_permutation(order.begin(), order.end());
  CAPTURE(order);
  OwnFolder folder;
  for (const char* name : {"ami", "cdr"}) folder.write(name, "");
  LiveServer server(data_tenant(file_source("ami", "asterisk_ami", folder.path("ami")) +
                                source("log", "asterisk_queue_log", "listen = \"127.0.0.1:0\"") +
                                file_source("cdr", "asterisk_cdr", folder.path("cdr"),
                                            "authority = 3\nzone = \"UTC\"\ninbound_contexts = [\"from-trunk\"]\n") +
                                kpis(formulas)));
  RawClient log(listening(server, "log"));
  for (const int who : order) {
    if (who == 0) {
      for (const std::string& event : by_ami) folder.append("ami", event);
      read_all(server, "ami", by_ami.size());
    } else if (who == 1) {
      log.send(by_log);
      read_all(server, "log", 6);
    } else {
      folder.append("cdr", by_cdr);
      read_all(server, "cdr", 2);
    }
  }
  CHECK(figures(server, formulas.size(), "2026-02-01", "2026-02-02") ==
        R"("k0":2,"k1":2,"k2":14000,"k3":47000,"k4":0,"k5":0)");
}
