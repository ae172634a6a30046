// FreeSWITCH: documents of mod_json_cdr, and what the event socket tells of queues, agents and voicemail.
#include "feed.h"
#include "ingest/framing.h"
#include "ingest/signature.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace {

using feed::kNow;
using feed::Lines;
using feed::Numbers;
using feed::read;
using feed::shown;

}  // namespace

TEST_CASE("FreeSWITCH json_cdr: a queue's caller, encoded in any of its ways") {
  const std::string json =
      R"({"core-uuid":"x","variables":{"uuid":"u1","direction":"inbound","start_epoch":"1789999000",)"
      R"("end_epoch":"1789999130","cc_side":"member","cc_queue":"support%40default","cc_agent":"1001%40default",)"
      R"("cc_queue_joined_epoch":"1789999005","cc_queue_answered_epoch":"1789999015",)"
      R"("cc_queue_terminated_epoch":"1789999130","cc_cause":"answered","hold_accum_ms":"15000"}})";
  const Lines expected = {"2026-09-21T13:56:40.000Z call.started u1 text=inbound",
                          "2026-09-21T13:56:45.000Z call.queued u1 queue=support",
                          "2026-09-21T13:56:55.000Z call.answered u1 agent=1001 queue=support value=10000",
                          "2026-09-21T13:58:50.000Z call.hold_total u1 agent=1001 value=15000",
                          "2026-09-21T13:58:50.000Z call.ended u1 agent=1001 value=100000",
                          "2026-09-21T13:58:50.000Z call.ended u1"};
  auto format = feed::make("freeswitch_cdr");
  CHECK(shown(read(*format, json)) == expected);
  std::string form = "cdr=";
  for (const char c : json) {
    char hex[4];
    std::snprintf(hex, sizeof hex, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
    form += hex;
  }
  CHECK(shown(read(*format, form)) == expected);
  std::string canceled = json;
  const auto swap = [&](const std::string& from, const std::string& to) {
    canceled.replace(canceled.find(from), from.size(), to);
  };
  swap(R"("cc_queue_answered_epoch":"1789999015")", R"("cc_cancel_reason":"TIMEOUT")");
  swap(R"("cc_cause":"answered")", R"("cc_cause":"cancel","cc_queue_canceled_epoch":"1789999060")");
  CHECK(shown(read(*format, canceled)).at(2).find("call.left u1 queue=support text=timeout") != std::string::npos);
  const auto id_of = [&](const std::string& body) {
    const ingest::Intake out = read(*format, body);
    return out.batch.events.empty() ? std::string() : std::string(out.batch.events[0].id);
  };
  for (const std::string& wrapped :
       {json + "\n", form, form + "\r\n", form.substr(4), "cdr=" + ingest::base64(json), ingest::base64(json) + "\n"}) {
    CAPTURE(wrapped);
    CHECK(shown(read(*format, wrapped)) == expected);
    CHECK(id_of(wrapped) == id_of(json));  // so it counts once, whichever way it comes again
  }
  // Pulled out of the queue, or hung up: what came first.
  swap("\"TIMEOUT\"", "\"BREAK_OUT\"");
  CHECK(shown(read(*format, canceled)).at(2).find("call.left u1 queue=support text=other") != std::string::npos);
  swap(R"("end_epoch":"1789999130")", R"("end_epoch":"1789999060")");
  CHECK(shown(read(*format, canceled)).at(2).find("call.abandoned u1 queue=support value=55000") != std::string::npos);
  swap(R"("cc_cause")", R"("voicemail_message_len":"12","cc_cause")");
  CHECK(shown(read(*format, canceled)).at(2).find("call.left u1 queue=support text=voicemail") != std::string::npos);
  CHECK(read(*format, "{}").batch.refused == 1);
  CHECK(read(*format, "{\"variables\":").batch.refused == 1);
}

TEST_CASE("FreeSWITCH json_cdr: the documents of public documentation") {
  if (feed::absent("payloads/freeswitch_json_cdr_1.json")) return;
  auto format = feed::make("freeswitch_cdr");
  CHECK(shown(read(*format, feed::file("payloads/freeswitch_json_cdr_1.json"))) ==
        Lines{"2018-03-14T11:09:18.006Z call.started 5a3a1d91-90d3-4db4-af5c-cc3ae15d93a4",
              "2018-03-14T11:09:18.006Z call.offered 5a3a1d91-90d3-4db4-af5c-cc3ae15d93a4 agent=1002",
              "2018-03-14T11:09:27.766Z call.answered 5a3a1d91-90d3-4db4-af5c-cc3ae15d93a4 agent=1002",
              "2018-03-14T11:09:48.366Z call.hold_total 5a3a1d91-90d3-4db4-af5c-cc3ae15d93a4 agent=1002 value=15486",
              "2018-03-14T11:09:48.366Z call.ended 5a3a1d91-90d3-4db4-af5c-cc3ae15d93a4 agent=1002 value=5114"});
  CHECK(shown(read(*format, feed::file("payloads/freeswitch_json_cdr_3.json"))) ==
        Lines{"2014-04-08T19:10:21.278Z call.started 86cfd6e2-dbda-45a3-b59d-f683ec368e8b"});
}

TEST_CASE("FreeSWITCH events: a good call in the order of mod_callcenter, states told once, wrap-up configured") {
  auto options = feed::options();
  options.more["wrap_up_s"] = {"30"};
  auto format = feed::make("freeswitch_events", options);
  const auto event = [](long s, const std::string& rest) {
    std::string body = "Event-Name: CUSTOM\nEvent-Subclass: callcenter%3A%3Ainfo\nEvent-Date-Timestamp: " +
                       std::to_string(s) + "000000\nCC-Queue: support%40default\n" + rest + "\n\n";
    return "Content-Length: " + std::to_string(body.size()) + "\nContent-Type: text/event-plain\n\n" + body;
  };
  const std::string member = "CC-Member-Session-UUID: u1\nCC-Agent: 1001%40default\n";
  const std::string stream =
      "Content-Type: auth/request\n\n" +
      event(1789998000, "CC-Action: agent-status-change\nCC-Agent: 1001%40default\nCC-Agent-Status: Available") +
      event(1789998001, "CC-Action: agent-status-change\nCC-Agent: 1001%40default\nCC-Agent-Status: Available") +
      event(1789999000, member + "CC-Action: member-queue-start") +
      event(1789999000, "CC-Action: members-count\nCC-Count: 1") +
      event(1789999002, member + "CC-Action: agent-offering") +
      event(1789999007, member + "CC-Action: bridge-agent-start") +
      event(1789999008, "CC-Action: agent-state-change\nCC-Agent: 1001%40default\n"
                        "CC-Agent-State: In%20a%20queue%20call") +
      event(1789999068, member + "CC-Action: bridge-agent-end") +
      event(1789999068, member + "CC-Action: member-queue-end\nCC-Cause: Terminated") +
      event(1789999100, "CC-Action: agent-status-change\nCC-Agent: 1001%40default\nCC-Agent-Status: On%20Break") +
      event(1789999200, "CC-Action: something-new");
  for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, std::size_t{100'000}}) {
    format = feed::make("freeswitch_events", options);
    ingest::Framer framer(ingest::Framing::event_socket);
    ingest::Intake out;
    for (std::size_t i = 0; i < stream.size(); i += piece) {
      framer.feed(std::string_view(stream).substr(i, piece));
      while (const auto message = framer.next()) feed::read(*format, *message, kNow, out);
    }
    CHECK(shown(out) == Lines{"2026-09-21T13:40:00.000Z agent.login 1001",
                              "2026-09-21T13:56:40.000Z call.queued u1 queue=support",
                              "2026-09-21T13:56:42.000Z call.offered u1 agent=1001 queue=support",
                              "2026-09-21T13:56:48.000Z call.answered u1 agent=1001 queue=support",
                              "2026-09-21T13:57:48.000Z call.ended u1 agent=1001 queue=support",
                              "2026-09-21T13:58:18.000Z call.wrapped u1 agent=1001 value=30000",
                              "2026-09-21T13:58:20.000Z agent.state 1001 text=break"});
    CHECK(out.gauges.size() == 1);
    CHECK(out.unknown.at("something-new") == 1);
  }
  const std::string voicemail =
      R"({"Event-Name":"CUSTOM","Event-Subclass":"vm::maintenance","Event-Date-Timestamp":"1789999000000000",)"
      R"("VM-Action":"leave-message","VM-UUID":"m1","VM-Message-Len":"12"})";
  CHECK(shown(read(*format, "Content-Length: 9\nContent-Type: text/event-json\n\n" + voicemail)) ==
        Lines{"2026-09-21T13:56:40.000Z call.left voicemail-m1 text=voicemail"});
}

namespace {

std::string callcenter(double s, const std::string& rest) {
  const std::string body = "Event-Name: CUSTOM\nEvent-Subclass: callcenter%3A%3Ainfo\nEvent-Date-Timestamp: " +
                           std::to_string(static_cast<long>(s * 1e6)) + "\nCC-Queue: support%40default\n" + rest +
                           "\n\n";
  return "Content-Length: " + std::to_string(body.size()) + "\nContent-Type: text/event-plain\n\n" + body;
}

std::string answer(const std::string& body) {
  return "Content-Type: api/response\nContent-Length: " + std::to_string(body.size()) + "\n\n" + body;
}

ingest::Intake socket(ingest::Format& format, const std::string& bytes, core::Time now = kNow) {
  ingest::Framer framer(ingest::Framing::event_socket);
  framer.feed(bytes);
  ingest::Intake out;
  while (const auto message = framer.next()) feed::read(format, *message, now, out);
  return out;
}

const std::string kU1 = "CC-Member-Session-UUID: u1\n", kA1 = "CC-Agent: 1001%40default\n";
const std::vector<std::string> kOutcome = {"queued",          "wait",         "sum(wait)", "abandon_wait",
                                           "agent_no_answer", "left_wait",    "sum(talk)", "voicemail"};

}  // namespace

TEST_CASE("FreeSWITCH events: who picks up and gets nobody has answered nothing") {
  const double t = 1'789'999'000;
  const std::string begin = callcenter(t, kU1 + "CC-Action: member-queue-start") +
                            callcenter(t + 2, kU1 + kA1 + "CC-Action: agent-offering") +
                            callcenter(t + 8, kU1 + kA1 + "CC-Action: bridge-agent-start");
  auto format = feed::make("freeswitch_events");
  SECTION("the caller hung up at that moment") {
    Numbers n(kNow, kOutcome);
    n.take(socket(*format, begin + callcenter(t + 9, kU1 + kA1 + "CC-Action: bridge-agent-end\n"
                                                                 "CC-Agent-Bridged: false") +
                               callcenter(t + 9, kU1 + "CC-Action: member-queue-end\nCC-Cause: Cancel\n"
                                                       "CC-Cancel-Reason: NONE\nAnswer-State: hangup")));
    CHECK(n.faults.empty());
    CHECK(n.sum("tenant", 3) == 1);
    CHECK(n.sum("tenant", 1) == 0);
    CHECK(n.sum("tenant", 4) == 1);
  }
  SECTION("an announcement comes before the caller") {
    Numbers n(kNow, kOutcome);
    const std::string memory = [&] {
      n.take(socket(*format, begin));
      return format->memory();
    }();
    format = feed::make("freeswitch_events");  // restarted in between
    REQUIRE(format->remember(memory));
    CHECK(format->memory() == memory);
    n.take(socket(*format, callcenter(t + 12, kA1 + "CC-Action: agent-state-change\n"
                                                    "CC-Agent-State: In%20a%20queue%20call") +
                               callcenter(t + 72, kU1 + kA1 + "CC-Action: bridge-agent-end\nCC-Agent-Bridged: true") +
                               callcenter(t + 72, kU1 + "CC-Action: member-queue-end\nCC-Cause: Terminated")));
    CHECK(n.faults.empty());
    CHECK(n.sums("tenant") == std::vector<double>{1, 1, 12'000, 0, 0, 0, 60'000, 0});
  }
  SECTION("the state is never told") {
    ingest::Intake out = socket(*format, begin, static_cast<core::Time>(t + 9) * 1000);
    CHECK(out.batch.events.size() == 2);
    format->settle(static_cast<core::Time>(t + 30) * 1000, out);
    CHECK(out.batch.events.size() == 2);
    format->settle(static_cast<core::Time>(t + 90) * 1000, out);
    CHECK(shown(out).at(2) == "2026-09-21T13:56:48.000Z call.answered u1 agent=1001 queue=support");
  }
}

TEST_CASE("FreeSWITCH events: of all who were rung only those who did not answer missed it") {
  auto format = feed::make("freeswitch_events");
  const double t = 1'789'999'000;
  const auto fail = [&](const char* why) {
    return shown(socket(*format, callcenter(t, kU1 + kA1 + "CC-Action: bridge-agent-fail\nCC-Hangup-Cause: " + why +
                                                   "\nCC-Agent-Called-Time: 1789998992\n"
                                                   "CC-Agent-Aborted-Time: 1789999000")));
  };
  CHECK(fail("NO_ANSWER") == Lines{"2026-09-21T13:56:40.000Z call.no_answer u1 agent=1001 value=8000"});
  CHECK(fail("USER_BUSY").size() == 1);
  CHECK(fail("LOSE_RACE").empty());
  CHECK(fail("ORIGINATOR_CANCEL").empty());
}

TEST_CASE("FreeSWITCH events: how a caller left the queue, and the message left afterwards") {
  const double t = 1'789'999'000;
  const auto how = [&](const std::string& why, const std::string& then = {}) {
    auto format = feed::make("freeswitch_events");
    Numbers n(kNow, kOutcome);
    n.take(socket(*format, callcenter(t, kU1 + "CC-Action: member-queue-start") +
                               callcenter(t + 30, kU1 + "CC-Action: member-queue-end\nCC-Cause: Cancel\n" + why) +
                               then));
    CHECK(n.faults.empty());
    return std::vector<double>{n.sum("tenant", 3), n.sum("tenant", 5), n.sum("tenant", 7)};
  };
  const std::string json =
      R"({"Event-Name":"CUSTOM","Event-Subclass":"vm::maintenance","Event-Date-Timestamp":"1789999090000000",)"
      R"("VM-Action":"leave-message","Unique-ID":"u1","VM-UUID":"m1","VM-Message-Len":"12"})";
  const std::string message =
      "Content-Length: " + std::to_string(json.size()) + "\nContent-Type: text/event-json\n\n" + json;
  CHECK(how("CC-Cancel-Reason: NONE\nAnswer-State: hangup") == std::vector<double>{1, 0, 0});
  CHECK(how("CC-Cancel-Reason: BREAK_OUT\nAnswer-State: hangup") == std::vector<double>{1, 0, 0});
  CHECK(how("CC-Cancel-Reason: BREAK_OUT\nAnswer-State: answered") == std::vector<double>{0, 1, 0});
  CHECK(how("CC-Cancel-Reason: TIMEOUT\nAnswer-State: answered") == std::vector<double>{0, 1, 0});
  CHECK(how("CC-Cancel-Reason: TIMEOUT\nAnswer-State: answered", message).back() == 1);
  CHECK(how("CC-Cancel-Reason: EXIT_WITH_KEY\nAnswer-State: answered", message).back() == 1);
}

TEST_CASE("FreeSWITCH: through two queues, as events and as the document that knows only the last, in either order") {
  const double t = 1'789'999'000;
  const std::string second = "CC-Queue: sales%40default\n";
  const auto event = [&](double s, const std::string& rest) { return callcenter(s, kU1 + rest); };
  const std::string in_sales =
      "Event-Name: CUSTOM\nEvent-Subclass: callcenter%3A%3Ainfo\nEvent-Date-Timestamp: 1789999031200000\n" + second +
      kU1 + "CC-Action: member-queue-start\n\n";
  const std::string live =
      event(t, "CC-Action: member-queue-start") +
      event(t + 31, "CC-Action: member-queue-end\nCC-Cause: Cancel\nCC-Cancel-Reason: TIMEOUT\n"
                    "Answer-State: answered") +
      "Content-Length: " + std::to_string(in_sales.size()) + "\nContent-Type: text/event-plain\n\n" + in_sales +
      event(t + 39, kA1 + "CC-Action: bridge-agent-start") +
      event(t + 40, kA1 + "CC-Action: agent-state-change\nCC-Agent-State: In%20a%20queue%20call") +
      event(t + 100, kA1 + "CC-Action: bridge-agent-end\nCC-Agent-Bridged: true") +
      event(t + 100, "CC-Action: member-queue-end\nCC-Cause: Terminated");
  const std::string document =
      R"({"variables":{"uuid":"u1","direction":"inbound","start_epoch":"1789998990","end_epoch":"1789999100",)"
      R"("cc_side":"member","cc_queue":"sales%40default","cc_agent":"1001%40default",)"
      R"("cc_queue_joined_epoch":"1789999031","cc_queue_answered_epoch":"1789999040",)"
      R"("cc_queue_terminated_epoch":"1789999100","cc_cause":"answered"}})";
  const bool document_first = GENERATE(false, true);
  auto events = feed::make("freeswitch_events", feed::options("live", 1));
  auto records = feed::make("freeswitch_cdr", feed::options("cdr", 1));
  Numbers n(kNow, {"queued", "wait", "timed_out", "abandon_wait", "talk", "calls"});
  if (document_first) n.take(read(*records, document));
  n.take(socket(*events, live));
  if (!document_first) n.take(read(*records, document));
  CHECK(n.faults.empty());
  CHECK(n.sums("tenant") == std::vector<double>{2, 1, 1, 0, 1, 1});
  CHECK(n.sum("queue/support", 2) == 1);
  CHECK(n.sum("queue/sales", 1) == 1);
}

TEST_CASE("FreeSWITCH: of several domains on a switch only the one that is configured") {
  auto options = feed::options();
  options.more["domain"] = {"default"};
  auto mine = feed::make("freeswitch_events", options);
  options.more["domain"] = {"other.example"};
  auto other = feed::make("freeswitch_events", options);
  const double t = 1'789'999'000;
  const std::string stream =
      callcenter(t, kU1 + "CC-Action: member-queue-start") + callcenter(t, "CC-Action: members-count\nCC-Count: 1");
  CHECK(socket(*mine, stream).batch.events.size() == 1);
  const ingest::Intake none = socket(*other, stream);
  CHECK(none.batch.events.empty());
  CHECK(none.gauges.empty());
  CHECK(none.unmapped_queues.empty());
  CHECK(none.silent == 2);
  auto records = feed::make("freeswitch_cdr", options);
  const std::string leg = R"({"variables":{"uuid":"u1","start_epoch":"1789998990","end_epoch":"1789999100",)";
  CHECK(read(*records, leg + R"("cc_queue":"a%40default","cc_queue_joined_epoch":"1789999000"}})").silent == 1);
  CHECK(read(*records, leg + R"("domain_name":"default"}})").silent == 1);
  CHECK(read(*records, leg + R"("domain_name":"other.example"}})").batch.events.size() == 2);
  CHECK(read(*records, leg + R"("cc_queue":"a%40other.example","cc_queue_joined_epoch":"1789999000"}})")
            .batch.events.size() == 3);
}

TEST_CASE("FreeSWITCH events: what is there when we come, and what is gone when we come again") {
  const std::string agents =
      "name|instance_id|uuid|type|contact|status|state|max_no_answer|last_status_change\n"
      "1001@default|single_box|a1|callback|[leg_timeout=10]user/1001|Available|In a queue call|3|1789990000\n"
      "1002@default|single_box||callback|user/1002|sofia/gateway/x/1|On Break|Waiting|3|1789995000\n"
      "1003@default|single_box||callback|user/1003|Logged Out|Waiting|3|0\n"
      "1004@default|single_box||callback|user/1004|Available (On Demand)|Idle|3|1789991000\n+OK\n";
  const std::string head =
      "queue|instance_id|uuid|session_uuid|cid_number|cid_name|system_epoch|joined_epoch|rejoined_epoch|bridge_epoch|"
      "abandoned_epoch|base_score|skill_score|serving_agent|serving_system|state|score\n";
  const std::string members =
      head +
      "support@default|single_box|m1|s1|49301|A|B|1789999000|1789999000|0|0|0|0|0|||Waiting|40\n"
      "support@default|single_box|m2|s2|49302|C|1789998000|1789998000|0|1789998030|0|0|0|1001@default|x|Answered|9\n"
      "support@default|single_box|m3|s3|49303|D|1789980000|1789980000|0|1789980030|0|0|0|1004@default|x|Answered|9\n"
      "support@default|single_box|m4||49304|E|1789998000|1789998000|0|0|1789998500|0|0|||Abandoned|9\n+OK\n";
  auto format = feed::make("freeswitch_events");
  Numbers n(kNow, {"queued", "now(waiting)", "now(talking)", "abandon_wait", "now(agents_logged_in)", "sum(wait)"});
  format->reconnected();
  const ingest::Intake first = socket(*format, answer(agents) + answer(members));
  n.take(first);
  CHECK(n.faults.empty());
  CHECK(shown(first) ==
        Lines{"2026-09-21T11:26:40.000Z agent.login 1001", "2026-09-21T12:50:00.000Z agent.login 1002",
              "2026-09-21T12:50:00.000Z agent.state 1002 text=break", "2026-09-21T11:43:20.000Z agent.login 1004",
              "2026-09-21T13:56:40.000Z call.queued s1 queue=support",
              "2026-09-21T13:40:00.000Z call.queued s2 queue=support",
              "2026-09-21T13:40:30.000Z call.answered s2 agent=1001 queue=support"});
  CHECK(n.now("queue/support", "k1") == "1");
  CHECK(n.now("tenant", "k2") == "1");
  CHECK(n.now("tenant", "k4") == "3");
  CHECK(socket(*format, answer("anything|else\n1|2\n")).silent == 1);  // nobody asked
  // Connected anew after two minutes: the same, except that s2 is over and 1004 is gone.
  const auto later = kNow + 120'000;
  format->reconnected();
  std::string fewer = agents, rest = members;
  fewer.erase(fewer.find("1004@"), fewer.find("+OK") - fewer.find("1004@"));
  rest.erase(rest.find("support@default|single_box|m2"), rest.find("support@default|single_box|m3") -
                                                             rest.find("support@default|single_box|m2"));
  // s1 was answered meanwhile.
  const std::string waiting = "0|0|0|0|0|||Waiting", taken = "0|1790000060|0|0|0|1001@default|x|Answered";
  rest.replace(rest.find(waiting), waiting.size(), taken);
  const std::string memory = format->memory();
  format = feed::make("freeswitch_events");
  REQUIRE(format->remember(memory));
  format->reconnected();
  const ingest::Intake second = socket(*format, answer(fewer) + answer(rest), later);
  CHECK(shown(second) == Lines{"2026-09-21T14:15:20.000Z agent.logout 1004",
                               "2026-09-21T14:14:20.000Z call.answered s1 agent=1001 queue=support",
                               "2026-09-21T14:15:20.000Z call.lost s2"});
  CHECK(second.inferred.at("agent_list") == 1);
  CHECK(second.inferred.at("member_list") == 1);
  // A socket without mod_callcenter.
  format->reconnected();
  const ingest::Intake none = socket(*format, answer("-ERR callcenter_config Command not found!\n") +
                                                  answer("-ERR callcenter_config Command not found!\n"), later);
  CHECK(none.batch.events.empty());
  CHECK(none.unknown.at("callcenter_config") == 2);
}
