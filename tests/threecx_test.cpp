// 3CX: lines of public documentation, calls over several segments, and orders of the fields.
#include <cmath>
#include <random>

#include "feed.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace {

using feed::kNow;
using feed::Lines;
using feed::Numbers;
using feed::read;
using feed::shown;

}  // namespace

TEST_CASE("3CX: the line of public documentation, and the segments of a call") {
  auto options = feed::options();
  options.queues = {{"960", "support"}};
  auto format = feed::make("3cx_cdr", options);
  const std::string line =
      "Call 612504,00000C21DE5C2470_6531,00:05:36,2023/09/19 13:33:54,2023/09/19 13:33:54,2023/09/19 13:39:31,"
      "TerminatedBySrc,+15555550123,Ext.960,10021,960,960,QFwdToDNA,Ext.504,504,,,,,"
      "Chain: +15555550123'Ext.960;Ext.504;";
  CHECK(shown(read(*format, line)) ==
        Lines{"2023-09-19T13:33:54.000Z call.started 00000C21DE5C2470_6531 text=inbound",
              "2023-09-19T13:33:54.000Z call.queued 00000C21DE5C2470_6531 queue=support",
              "2023-09-19T13:39:31.000Z call.lost 00000C21DE5C2470_6531"});
  Numbers n(1'695'200'000'000,
            {"queued", "wait", "sum(wait)", "sum(talk)", "abandon_wait", "left_wait", "transferred"});
  const std::string agent =
      "Call 612505,00000C21DE5C2470_6531,00:05:00,2023/09/19 13:34:20,2023/09/19 13:34:31,2023/09/19 13:39:31,"
      "TerminatedBySrc,+15555550123,Ext.504,10021,504,504,,Ext.504,504";
  const std::string gone =
      "Call 612506,00000C21DE5C2470_6532,00:00:36,2023/09/19 13:33:54,2023/09/19 13:33:54,2023/09/19 13:34:30,"
      "TerminatedBySrc,+15555550124,Ext.960,10021,960,960,,,";
  n.take(read(*format, line));
  CHECK(n.sum("tenant", 5) == 1);  // nobody says yet who took it
  n.take(read(*format, agent));
  n.take(read(*format, line));
  n.take(read(*format, gone));
  CHECK(n.faults.empty());
  CHECK(n.sums("queue/support") == std::vector<double>{2, 1, 37'000, 300'000, 1, 0, 0});
  if (feed::absent("payloads/3cx_cdr_line.txt")) return;
  CHECK(read(*format, feed::lines(feed::file("payloads/3cx_cdr_line.txt"))[0]).batch.events.size() == 3);
}

TEST_CASE("3CX: a call through a menu, a queue, two agents and a colleague, its records in any order, each twice") {
  auto options = feed::options();
  options.queues = {{"800", "support"}};
  options.more["fields"] = {"historyid", "callid", "duration", "time-start", "time-answered", "time-end",
                            "reason-terminated", "from-no", "to-no", "from-dn", "to-dn", "reason-changed", "final-dn",
                            "from-type", "to-type", "chain"};
  auto format = feed::make("3cx_cdr", options);
  const auto at = [](const char* clock) { return "2023/09/19 " + std::string(clock); };
  const std::string caller = "+15555550123", talk = "Chain: +15555550123'Ext.800;Ext.501;Ext.502;Ext.503;";
  const auto line = [&](const char* n, const char* from, const char* answered, const char* to, const char* why,
                        const std::string& ends) {
    return "Call " + std::string(n) + ",c1,00:00:01," + at(from) + "," + (*answered ? at(answered) : "") + "," +
           at(to) + "," + why + "," + ends;
  };
  const Lines lines = {
      line("1", "13:00:00", "13:00:00", "13:00:20", "continued_in", caller + ",Ext.700,10001,700,,800,provider,ivr,"),
      line("2", "13:00:20", "13:00:20", "13:02:00", "continued_in",
           caller + ",Ext.800,10001,800,,502,provider,Queue,Chain: x;"),
      line("3", "13:00:21", "", "13:00:36", "no_answer", caller + ",Ext.501,10001,501,,501,provider,extension," + talk),
      line("4", "13:00:40", "13:00:50", "13:02:00", "continued_in",
           caller + ",Ext.502,10001,502,ReplacedDst,503,provider,Extension," + talk),
      line("5", "13:01:30", "13:01:40", "13:02:00", "dst_participant_terminated",
           "Ext.502,Ext.503,502,503,ReplacedSrc,503,extension,extension,"),
      line("6", "13:02:00", "13:02:00", "13:05:00", "src_participant_terminated",
           caller + ",Ext.503,10001,503,,503,provider,extension," + talk),
      "Call 7,c2,00:00:30," + at("13:10:00") + "," + at("13:10:05") + "," + at("13:10:35") +
          ",src_participant_terminated,Ext.501,+4930123456,501,10001,,10001,extension,outbound_rule,",
      "Call 8,c3,00:00:30," + at("13:10:00") + "," + at("13:10:00") + "," + at("13:10:35") +
          ",src_participant_terminated," + caller + ",Ext.800,10001,800,,,provider,queue,",
      "Call 9,c4,00:00:30," + at("13:20:00") + ",," + at("13:20:30") +
          ",no_answer,Ext.501,+4930123456,501,10001,,10001,extension,provider,"};
  std::mt19937 dice(1);
  for (int round = 0; round < 30; ++round) {
    Numbers n(1'695'200'000'000, {"queued", "wait", "sum(wait)", "sum(talk)", "abandon_wait", "left_wait",
                                  "transferred", "agent_no_answer", "agent_offers"});
    Lines order = lines;
    order.insert(order.end(), lines.begin(), lines.end());
    if (round > 0) std::shuffle(order.begin(), order.end(), dice);
    for (const std::string& one : order) n.take(read(*format, one));
    CAPTURE(round);
    CHECK(n.faults.empty());
    CHECK(n.sums("queue/support") == std::vector<double>{2, 1, 30'000, 70'000 + 180'000, 1, 0, 1, 1, 3});
    CHECK(n.sum("agent/501", 7) == 1);
    CHECK(n.sum("agent/501", 3) == 30'000);
    CHECK(n.sum("agent/502", 3) == 70'000);
    CHECK(n.sum("agent/503", 3) == 180'000);
    CHECK(std::isnan(n.sum("agent/700", 8)));    // a menu is no agent
    CHECK(std::isnan(n.sum("agent/10001", 8)));  // nor is a line to the outside
  }
}

TEST_CASE("3CX: what is a menu, a queue or a line without the fields that say so") {
  auto options = feed::options();
  options.more["queue_numbers"] = {"800"};
  options.more["menu_numbers"] = {"700"};
  options.more["fields"] = {"time-start", "time-answered", "time-end", "historyid", "from-no", "to-no", "to-dn"};
  auto format = feed::make("3cx_cdr", options);
  const auto told = [&](const std::string& ends) {
    Lines lines = shown(read(*format, "Call 2023/09/19 13:00:00,2023/09/19 13:00:00,2023/09/19 13:01:00,7," + ends));
    for (std::string& one : lines) one = one.substr(25);
    return lines;
  };
  CHECK(told("+4930123456,Ext.700,700") == Lines{"call.started 7 text=inbound", "call.lost 7"});
  CHECK(told("+4930123456,Ext.800,800") ==
        Lines{"call.started 7 text=inbound", "call.queued 7 queue=800", "call.lost 7"});
  CHECK(told("Ext.501,Ext.502,502") == Lines{"call.started 7 text=internal", "call.offered 7 agent=502",
                                             "call.answered 7 agent=502", "call.ended 7 agent=502 value=60000"});
  CHECK(told("Ext.501,+4930123456,10001") ==
        Lines{"call.started 7 text=outbound", "call.answered 7 agent=501", "call.ended 7 agent=501 value=60000"});
}

TEST_CASE("3CX: another order is configured, and noticed when it is wrong") {
  auto options = feed::options();
  options.more["fields"] = {"time-start", "time-answered", "time-end", "callid", "from-no", "to-no", "to-dn"};
  auto format = feed::make("3cx_cdr", options);
  CHECK(read(*format, "2023/09/19 13:33:54,,2023/09/19 13:34:31,c1,+4930123456,Ext.12,12").batch.events.size() == 4);
  const ingest::Intake wrong = read(*format, "Call 1,c1,00:05:36,2023/09/19 13:33:54,x,y,z");
  CHECK(wrong.batch.refused_by_code.at("bad_order") == 1);
  CHECK(wrong.remainders.size() == 1);  // kept, to be read again once the order is right
  for (const char* moved : {"2023/09/19 13:33:54,,2023/09/19 13:34:31,Ext.12,+4930123456,c1,12",
                            "2023/09/19 13:33:54,,2023/09/19 13:34:31,c1,+4930123456,Chain: a;b;,12",
                            "c1,2023/09/19 13:33:54,,2023/09/19 13:34:31,+4930123456,Ext.12,12"}) {
    CAPTURE(moved);
    CHECK(read(*format, moved).batch.refused_by_code.at("bad_order") == 1);
  }
  CHECK(read(*format, "yesterday,,2023/09/19 13:34:31,c1,+4930123456,Ext.12,12").batch.refused_by_code.at("bad_time") ==
        1);
  options.more["fields"] = {"callid", "callid"};
  CHECK_FALSE(ingest::make_format("3cx_cdr", options));
  options.more["fields"] = {"time-start", "time-answered", "time-end", "to-dn"};
  CHECK(ingest::make_format("3cx_cdr", options).error().message ==
        "fields must have callid: it is what joins segments");
  options.more["fields"] = {"callid", "colour", "time-start", "time-answered", "time-end", "to-dn"};
  CHECK(ingest::make_format("3cx_cdr", options).error().where == "fields");
}
