// What sources cannot tell, on a whole server with real streams of them: the same in every answer, by who feeds what.
#include "tests/source_server.h"

#include "tests/stream_client.h"

namespace {

// 19 September 2025, 13:20 and later: a queue of the queue log, one of the CDR, and one that both speak of.
std::string log_line(int second, const std::string& rest) {
  return std::to_string(1'758'288'000 + second) + "|" + rest + "\n";
}
const std::string kLog = log_line(0, "1.1|first|NONE|ENTERQUEUE||491|1") +
                         log_line(9, "1.1|first|PJSIP/ann|CONNECT|9|1.2|4") +
                         log_line(40, "1.1|first|PJSIP/ann|COMPLETEAGENT|9|31|1") +
                         log_line(50, "1.3|both|NONE|ENTERQUEUE||492|1");
std::string cdr_line(const std::string& id, const std::string& queue) {
  return "Call " + id + ",00000C21DE5C2470_" + id + ",00:00:36,2025/09/19 13:40:54," +
         "2025/09/19 13:40:54,2025/09/19 13:41:30," +
         "TerminatedBySrc,+15555550124,Ext." + queue + ",10021," + queue + "," + queue + ",,,\r\n";
}
const std::string kAgent =
    "Call 3,00000C21DE5C2470_3,00:05:00,2025/09/19 13:34:20,2025/09/19 13:34:31,2025/09/19 13:39:31,"
    "TerminatedBySrc,+15555550123,Ext.504,10021,504,504,,Ext.504,504\r\n";
std::string assigned(const std::string& agent, const std::string& team) {
  return R"({"type":"agent.assigned","id":")" + agent + team + R"(","source":"hr",)" +
         R"("time":"2025-09-19T13:00:00Z","agent":")" +
         agent + R"(","team":")" + team + "\"}\n";
}

const std::string kKpis = "waiting,timed_out,average_wrap_up_time,talk_time";

struct Wall {
  explicit Wall(const std::string& more = {}) : toml(settings(more)), server(toml) {
    RawClient client(server.port());
    until(server, "/v1/sources/pbx", R"("state":"listening)");
    until(server, "/v1/sources/cdr", R"("state":"listening)");
    REQUIRE(client.post("/v1/events", assigned("ann", "mixed") + assigned("504", "mixed")).status == 200);
    RawClient log(listening(server, "pbx"));
    log.send(kLog);
    RawClient cdr(listening(server, "cdr"));
    cdr.send(cdr_line("1", "801") + cdr_line("2", "802") + kAgent);
    until(server, "/v1/sources/cdr", count("messages", 3));
    log.send(log_line(1'500, "1.5|first|NONE|ENTERQUEUE||494|1"));
    until(server, "/v1/sources/pbx", count("messages", 5));
    until(server, "/v1/kpis/waiting", R"("not_told_by":{"cdr":["waiting"]})");
    until(server, current("queue/second", "waiting"), "not_available");
    until(server, current("queue/both", "waiting"), "\"waiting\":1");
  }
  std::string settings(const std::string& more) const {
    return kept_in(folder) + data_tenant(source("pbx", "asterisk_queue_log", "listen = \"127.0.0.1:0\"\n") +
                                         source("cdr", "3cx_cdr", "listen = \"127.0.0.1:0\"\nzone = \"UTC\"\n"
                                                                  "queues = { 801 = \"second\", 802 = \"both\" }") +
                                         more);
  }
  static std::string current(const std::string& scope, const std::string& kpis) {
    return "/v1/current?scope=" + scope + "&kpi=" + kpis + "&window=today";
  }
  // Which of the KPIs are not available, in order.
  std::vector<std::string> missing(const std::string& target) {
    const std::string body = asked(server, target);
    CAPTURE(target, body);
    CHECK(body.find("\"code\":") == std::string::npos);
    std::vector<std::string> names;
    constexpr std::string_view kIs = ":\"not_available\"";
    for (std::size_t at = 0; (at = body.find(kIs, at)) != std::string::npos; at += kIs.size()) {
      const std::size_t quote = body.rfind('"', at - 2);
      std::string name = body.substr(quote + 1, at - quote - 2);
      name = name.substr(0, name.find('@'));
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    return names;
  }

  OwnFolder folder;
  std::string toml;
  LiveServer server;
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a number that the sources of its scope cannot tell is not available, wherever it is asked for") {
  Wall wall;
  const std::string asof = "&asof=2025-09-19T13:44:30Z";
  const std::pair<std::string, Names> expected[] = {
      {"queue/first", {"average_wrap_up_time"}},
      {"queue/second", {"average_wrap_up_time", "timed_out", "waiting"}},
      {"queue/both", {"average_wrap_up_time"}},
      {"agent/504", {"average_wrap_up_time", "timed_out", "waiting"}},
      {"team/mixed", {"average_wrap_up_time"}},
      {"channel/voice", {"average_wrap_up_time"}},
      {"tenant", {"average_wrap_up_time"}}};
  for (const auto& [scope, missing] : expected) {
    CAPTURE(scope);
    const std::string current = Wall::current(scope, kKpis);
    CHECK(wall.missing(current) == missing);
    CHECK(wall.missing(current + asof) == missing);
    const std::string history = "/v1/history?scope=" + scope + "&kpi=" + kKpis + "&from=2025-09-19T13:30:00Z";
    CHECK(wall.missing(history) == missing);
    CHECK(wall.missing(history + asof) == missing);
  }
  // A trend is a list of values: none of them is a number.
  const std::string trend = asked(wall.server, "/v1/trend?scope=queue/second&kpi=talk_time,waiting&minutes=2&step=30s");
  CHECK_THAT(trend, Catch::Contains(R"("waiting":["not_available","not_available","not_available","not_available"])"));
  CHECK_THAT(trend, !Catch::Contains(R"("talk_time":["not_available")"));

  StreamClient stream(wall.server.port());
  stream.subscribe();
  stream.until_cell("wallboard", "queue/second", "waiting", "\"not_available\"");
  stream.until_cell("wallboard", "queue/both", "waiting", "1");
  const std::string view = asked(wall.server, "/v1/views/wallboard?asof=2025-09-19T13:44:30Z");
  CHECK_THAT(view, Catch::Contains("\"not_available\""));
  // Live: the queue log speaks of the CDR's queue, and what is shown follows.
  RawClient log(listening(wall.server, "pbx"));
  log.send(log_line(3'000, "1.9|second|NONE|ENTERQUEUE||493|1"));
  stream.until_cell("wallboard", "queue/second", "waiting", "1");
  CHECK(wall.missing(Wall::current("queue/second", kKpis)) == Names{"average_wrap_up_time"});
}

TEST_CASE("why a number is not available can be asked") {
  Wall wall;
  const std::string cdr = asked(wall.server, "/v1/sources/cdr");
  CHECK_THAT(cdr, Catch::Contains(R"("abilities":{"arrival":"direct","queue_entry":"derived",)"));
  CHECK_THAT(cdr, Catch::Contains(R"("average_wrap_up_time":["wrap_up"])"));
  CHECK_THAT(asked(wall.server, "/v1/kpis/waiting"), Catch::Contains(R"("not_told_by":{"cdr":["waiting"]})"));
  const std::string of_second = asked(wall.server, "/v1/sources?scope=queue/second");
  CHECK_THAT(of_second, Catch::Contains(R"("name":"cdr")"));
  CHECK_THAT(of_second, !Catch::Contains(R"("name":"pbx")"));
  CHECK_THAT(asked(wall.server, "/v1/sources?scope=team/mixed"), Catch::Contains(R"("name":"pbx")"));
}

TEST_CASE("a source added by a reload brings its numbers from then on; one that is gone leaves those it told") {
  Wall wall;
  const std::string current = Wall::current("queue/second", kKpis);
  const std::string history = "/v1/history?scope=queue/second&kpi=" + kKpis;
  const std::string before = history + "&from=2025-09-19T13:30:00Z&to=2025-09-19T14:00:00Z";
  const Names of_cdr{"average_wrap_up_time", "timed_out", "waiting"};
  REQUIRE(wall.missing(current) == of_cdr);
  REQUIRE(wall.server.reload(wall.settings(source("acd", "ringside"))));
  until(wall.server, "/v1/sources/acd", "waiting for requests");
  RawClient client(wall.server.port());
  const std::string now =
      R"({"type":"call.queued","id":"n1","time":"2025-09-21T15:00:00Z","call":"n1","queue":"second"})";
  REQUIRE(client.post("/v1/sources/acd", now).status == 200);
  until(wall.server, current, "\"waiting\":1");
  CHECK(wall.missing(current) == Names{});
  CHECK(wall.missing(before) == of_cdr);
  CHECK(wall.missing(history + "&from=2025-09-21T15:00:00Z&to=2025-09-21T15:30:00Z") == Names{});
  // The CDR is not asked any more, and two days later what it told is still there.
  const std::string acd_only = kept_in(wall.folder) + data_tenant(source("acd", "ringside"));
  REQUIRE(wall.server.reload(acd_only));
  until(wall.server, "/v1/sources", R"({"sources":[{"name":"acd")");
  CHECK(wall.missing(current) == Names{});
  CHECK(wall.missing(before) == of_cdr);
  until(wall.server, "/v1/kpis/waiting", R"("not_told_by":{})");
}

TEST_CASE("what is not available is so from the first answer after a start") {
  OwnFolder folder;
  const std::string toml =
      kept_in(folder) + data_tenant(source("cdr", "3cx_cdr", "queues = { 801 = \"second\" }"));
  {
    LiveServer server(toml);
    until(server, "/v1/sources/cdr", "waiting for requests");
    RawClient client(server.port());
    REQUIRE(client.post("/v1/sources/cdr", cdr_line("1", "801")).status == 200);
    until(server, Wall::current("queue/second", "waiting"), "not_available");
  }
  LiveServer server(toml);
  RawClient client(server.port());
  std::string first;
  while (first.find("values") == std::string::npos) first = client.get(Wall::current("queue/second", "waiting")).body;
  CHECK_THAT(first, Catch::Contains(R"("waiting":"not_available")"));
}

TEST_CASE("no rule is judged by a number that nobody can tell, until a source comes that can; and so after a restart") {
  OwnFolder folder;
  const auto settings = [&](const std::string& more) {
    const std::string rule =
        "[[tenant.alert]]\nid = \"empty\"\nkpi = \"waiting\"\nwhen = \"below\"\nenter = 0\nscopes = [\"queue/*\"]\n";
    const std::string cdr = source("cdr", "3cx_cdr", "zone = \"UTC\"\nqueues = { 801 = \"second\" }");
    return kept_in(folder) + data_tenant(rule + cdr + more);
  };
  const auto event = [](const std::string& type, const std::string& id, const std::string& time,
                        const std::string& more) {
    return R"({"type":"call.)" + type + R"(","id":")" + type + id + R"(","source":"acd","time":"2025-09-19T)" + time +
           R"(Z","call":")" + id + "\"" + more + "}\n";
  };
  const std::string both = settings(source("acd", "ringside"));
  const auto asked_of = [](LiveServer& server) {
    return std::vector<std::string>{asked(server, "/v1/alerts"), asked(server, "/v1/alerts/history?limit=1000"),
                                    asked(server, Wall::current("queue/*", kKpis))};
  };
  std::vector<std::string> before;
  {
    LiveServer server(settings({}));
    until(server, "/v1/sources/cdr", "waiting for requests");
    RawClient client(server.port());
    REQUIRE(client.post("/v1/sources/cdr", cdr_line("1", "801")).status == 200);
    const std::string other = event("queued", "1", "13:45:00", R"(,"queue":"hotline")");
    REQUIRE(client.post("/v1/events", other).status == 200);
    CHECK_THAT(asked(server, "/v1/alerts"), Catch::Contains(R"("alerts":[],"not_judged":{"empty":["queue/second"]})"));

    REQUIRE(server.reload(both));
    until(server, "/v1/sources/acd", "waiting for requests");
    REQUIRE(client.post("/v1/sources/acd", event("queued", "2", "13:50:00", R"(,"queue":"second")")).status == 200);
    REQUIRE(client.post("/v1/sources/acd", event("answered", "2", "13:50:30", R"(,"agent":"ann")")).status == 200);
    CHECK_THAT(asked(server, "/v1/alerts"), Catch::Contains(R"("alerts":[],"not_judged":{})"));
    REQUIRE(client.post("/v1/sources/acd", event("ended", "2", "13:51:00", "")).status == 200);
    CHECK_THAT(asked(server, "/v1/alerts"), Catch::Contains(R"("key":"rule/empty/queue/second")"));
    before = asked_of(server);
  }
  // From the state, and from the journal alone.
  if (GENERATE(false, true)) std::filesystem::remove_all(folder.path("data/test/state"));
  LiveServer server(both);
  until(server, "/v1/sources/acd", "waiting for requests");
  CHECK(asked_of(server) == before);
}
