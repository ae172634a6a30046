// AMI and Asterisk CDR: what their messages become, and the samples of public documentation. Framing of all switches.
#include <map>

#include "feed.h"
#include "ingest/framing.h"
#include "ingest/zone_file.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace {

using feed::kNow;
using feed::Lines;
using feed::Numbers;
using feed::read;
using feed::shown;

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

ingest::Intake read_stream(ingest::Format& format, const std::string& bytes, core::Time now, std::size_t piece) {
  ingest::Framer framer(ingest::Framing::ami);
  ingest::Intake out;
  for (std::size_t i = 0; i < bytes.size(); i += piece) {
    framer.feed(std::string_view(bytes).substr(i, piece));
    while (const auto message = framer.next()) feed::read(format, *message, now, out);
  }
  format.settle(now + 60'000, out);
  return out;
}

const std::string kCaller = "Uniqueid: 1.1;Linkedid: 1.1;CallerIDNum: 491234567;Queue: sales;";

// A caller rings at two agents, one misses it, the other answers, holds and hangs up.
std::string answered_call() {
  const double t = 1'789'999'000;
  return "Asterisk Call Manager/9.0.0\r\n" +
         ami("QueueMemberAdded", t, "Queue: sales;MemberName: PJSIP/8;Paused: 0;Status: 1") +
         ami("QueueMemberAdded", t, "Queue: help;MemberName: PJSIP/8;Paused: 0;Status: 1") +
         ami("QueueCallerJoin", t + 0.5, kCaller + "Position: 1;Count: 1") +
         ami("AgentCalled", t + 1, kCaller + "MemberName: PJSIP/9;Interface: PJSIP/9") +
         ami("AgentRingNoAnswer", t + 9, kCaller + "MemberName: PJSIP/9;RingTime: 8000") +
         ami("AgentCalled", t + 10, kCaller + "MemberName: PJSIP/8") +
         ami("QueueCallerLeave", t + 14.4, kCaller + "Count: 0") +
         ami("AgentConnect", t + 14.5, kCaller + "MemberName: PJSIP/8;DestUniqueid: 1.7;HoldTime: 14;RingTime: 4") +
         ami("Hold", t + 20, "Uniqueid: 1.7") + ami("Unhold", t + 30, "Uniqueid: 1.7") +
         ami("AgentComplete", t + 60.5, kCaller + "MemberName: PJSIP/8;HoldTime: 14;TalkTime: 46;Reason: agent") +
         ami("Hangup", t + 60.6, "Uniqueid: 1.1");
}

}  // namespace

TEST_CASE("AMI: a call from its entry to its end, cut into any pieces") {
  const Lines expected = {
      "2026-09-21T13:56:40.000Z agent.login 8",
      "2026-09-21T13:56:40.500Z call.queued 1.1 queue=sales",
      "2026-09-21T13:56:41.000Z agent.login 9",
      "2026-09-21T13:56:41.000Z call.offered 1.1 agent=9 queue=sales",
      "2026-09-21T13:56:49.000Z call.no_answer 1.1 agent=9 queue=sales value=8000",
      "2026-09-21T13:56:50.000Z call.offered 1.1 agent=8 queue=sales",
      "2026-09-21T13:56:54.500Z call.answered 1.1 agent=8 queue=sales value=14000",
      "2026-09-21T13:57:00.000Z call.held 1.1 agent=8",
      "2026-09-21T13:57:10.000Z call.resumed 1.1 agent=8",
      "2026-09-21T13:57:40.500Z call.ended 1.1 agent=8 queue=sales value=46000"};
  for (const std::size_t piece : {1U, 2U, 3U, 7U, 100'000U}) {
    auto format = feed::make("asterisk_ami");
    CHECK(shown(read_stream(*format, answered_call(), kNow, piece)) == expected);
  }
}

TEST_CASE("AMI: how a caller left is told by what follows") {
  const double t = 1'789'999'000;
  const std::string begin = ami("Hangup", t - 9, "Uniqueid: 0.9") + ami("QueueCallerJoin", t, kCaller);
  const auto how = [&](const std::string& rest) {
    auto format = feed::make("asterisk_ami");
    return shown(read_stream(*format, begin + rest, kNow, 1000)).at(1).substr(25);
  };
  const std::string abandon = ami("QueueCallerAbandon", t + 30, kCaller + "HoldTime: 30");
  const std::string leave = ami("QueueCallerLeave", t + 30, kCaller);
  CHECK(how(abandon + leave + ami("Hangup", t + 30.2, "Uniqueid: 1.1")) ==
        "call.abandoned 1.1 queue=sales value=30000");
  CHECK(how(abandon + leave + ami("Newexten", t + 30.2, "Uniqueid: 1.1;Application: VoiceMail")) ==
        "call.left 1.1 queue=sales text=voicemail");
  CHECK(how(abandon + leave + ami("Newexten", t + 33, "Uniqueid: 1.1;Application: Playback")) ==
        "call.left 1.1 queue=sales text=other");
  CHECK(how(leave + ami("Newexten", t + 36, "Uniqueid: 1.1;Application: Playback")) ==
        "call.left 1.1 queue=sales text=key");
  CHECK(how(ami("Hangup", t + 3, "Uniqueid: 1.1")) == "call.abandoned 1.1 queue=sales value=3000");
}

TEST_CASE("AMI: after a lost connection what is there is taken over, and what is gone is ended as concluded") {
  const double t = 1'789'999'000;
  auto format = feed::make("asterisk_ami");
  Numbers n(kNow, {"queued", "now(waiting)", "now(talking)", "abandon_wait", "now(agents_logged_in)"});
  const std::string talks = "Uniqueid: 1.2;Queue: sales;MemberName: PJSIP/8;DestUniqueid: 1.8;HoldTime: 2";
  n.take(read_stream(*format, ami("QueueMemberAdded", t, "Queue: sales;MemberName: PJSIP/8") +
                                  ami("QueueMemberAdded", t, "Queue: sales;MemberName: PJSIP/9") +
                                  ami("QueueCallerJoin", t, kCaller) +
                                  ami("QueueCallerJoin", t, "Uniqueid: 1.2;Queue: sales") +
                                  ami("AgentConnect", t + 2, talks), kNow, 999));
  CHECK(n.now("queue/sales", "k1") == "1");
  CHECK(n.now("tenant", "k2") == "1");
  const std::string memory = format->memory();
  format = feed::make("asterisk_ami");
  REQUIRE(format->remember(memory));
  CHECK(format->memory() == memory);
  format->reconnected();
  const ingest::Intake listed = read_stream(
      *format, ami("QueueParams", t + 100, "Queue: sales;Calls: 1") +
                   ami("QueueMember", t + 100, "Queue: sales;Name: PJSIP/8;Location: PJSIP/8;Status: 1;Paused: 1;"
                                               "PausedReason: lunch") +
                   ami("QueueEntry", t + 100, "Queue: sales;Uniqueid: 1.5;Wait: 40") +
                   ami("QueueStatusComplete", t + 100, "ListItems: 3") +
                   ami("CoreShowChannel", t + 100, "Uniqueid: 1.5") +
                   ami("CoreShowChannelsComplete", t + 100, "ListItems: 1"), kNow, 999);
  n.take(listed);
  CHECK(n.faults.empty());
  REQUIRE(listed.gauges.size() == 1);
  CHECK(listed.gauges[0].scope == "queue/sales");
  CHECK(listed.gauges[0].value == 1);
  CHECK(listed.inferred.at("queue_status") == 2);  // the caller who waited, and agent 9
  CHECK(listed.inferred.at("channels") == 2);
  CHECK(n.sum("tenant", 0) == 3);
  CHECK(n.now("queue/sales", "k1") == "1");
  CHECK(n.now("tenant", "k2") == "0");
  CHECK(n.sum("tenant", 3) == 0);
  CHECK(n.now("tenant", "k4") == "1");
  CHECK(n.now("agent/8", "state") == "break");
}

TEST_CASE("AMI: what is no event of it is refused or passed over") {
  auto format = feed::make("asterisk_ami");
  CHECK(read(*format, "nonsense").batch.refused_by_code.at("malformed") == 1);
  CHECK(read(*format, "Response: Success\r\nMessage: fine").silent == 1);
  CHECK(read(*format, "Event: VarSet\r\nVariable: x").silent == 1);
  CHECK(read(*format, "Event: QueueCallerJoin\r\nQueue: q").batch.refused_by_code.at("missing_field") == 1);
  CHECK(read(*format, "Event: QueueCallerJoin\r\nTimestamp: soon").batch.refused_by_code.at("bad_time") == 1);
}

TEST_CASE("a queue_log and a manager interface tell of the same calls, which count once") {
  const double t = 1'789'999'000;
  auto live = feed::make("asterisk_ami", feed::options("ami", 4));
  auto log = feed::make("asterisk_queue_log", feed::options("log", 5));
  Numbers n(kNow, {"queued", "wait", "agent_no_answer", "agent_offers", "talk", "sum(hold)", "handled"});
  n.take(read_stream(*live, answered_call(), kNow, 1000));
  const std::string s = std::to_string(static_cast<long>(t)).substr(0, 7);
  for (const std::string& line :
       Lines{s + "000|1.1|sales|NONE|ENTERQUEUE||491234567|1", s + "009|1.1|sales|PJSIP/9|RINGNOANSWER|8000",
             s + "014|1.1|sales|PJSIP/8|CONNECT|14|1.7|4", s + "060|1.1|sales|PJSIP/8|COMPLETEAGENT|14|46|1"}) {
    n.take(read(*log, line));
  }
  CHECK(n.faults.empty());
  CHECK(n.sums("tenant") == std::vector<double>{1, 1, 1, 2, 1, 10'000, 1});
}

TEST_CASE("Asterisk CDR: the lines of public documentation") {
  auto options = feed::options();
  options.more["internal_contexts"] = {"sip0"};
  auto format = feed::make("asterisk_cdr", options);
  const std::string direct =
      R"("","8001","8002","sip0","""8001"" <8001>","TELCHAN/5/19","SIP/sip0-00000011","Dial","SIP/8002@sip0,,gT",)"
      R"("2020-08-27 11:02:16","2020-08-27 11:02:20","2020-08-27 11:02:25",8,5,"ANSWERED",)"
      R"("DOCUMENTATION","1598518936.86","")";
  CHECK(shown(read(*format, direct)) ==
        Lines{"2020-08-27T11:02:16.000Z call.started 1598518936.86 text=internal",
              "2020-08-27T11:02:16.000Z call.offered 1598518936.86 agent=sip0",
              "2020-08-27T11:02:20.000Z call.answered 1598518936.86 agent=sip0 value=4000",
              "2020-08-27T11:02:25.000Z call.ended 1598518936.86 agent=sip0 value=5000"});
  if (feed::absent("payloads/asterisk_cdr_master_lines.csv")) return;
  std::size_t events = 0;
  for (const std::string& line : feed::lines(feed::file("payloads/asterisk_cdr_master_lines.csv"))) {
    if (line.empty()) continue;
    const ingest::Intake intake = read(*format, line);
    INFO(line);
    CHECK(intake.batch.refused == 0);
    events += intake.batch.events.size();
  }
  CHECK(events >= 12);
}

TEST_CASE("Asterisk CDR: local time, the end of what nobody else ended, and what is no record") {
  auto options = feed::options("cdr", 3);
  options.zone = *ingest::load_zone("Europe/Berlin");
  auto format = feed::make("asterisk_cdr", options);
  auto log = feed::make("asterisk_queue_log");
  Numbers n(kNow, {"queued", "now(waiting)", "calls"});
  n.take(read(*log, "1789999000|1789998990.7|sales|NONE|ENTERQUEUE||491234567|1"));
  CHECK(n.now("queue/sales", "k1") == "1");
  const auto record = [](const std::string& start, const std::string& id) {
    return R"("","0301","2","from-pstn","x","SIP/1","","Queue","sales,c",")" + start + R"(",")" + start +
           R"(","2026-09-21 16:00:00",82,82,"ANSWERED","DOCUMENTATION",")" + id + R"(","")";
  };
  n.take(read(*format, record("2026-09-21 15:56:30", "1789998990.7")));
  CHECK(n.faults.empty());
  CHECK(n.sums("tenant") == std::vector<double>{1, 0, 1});
  CHECK(read(*format, record("yesterday", "1789998990.7")).batch.refused_by_code.at("bad_time") == 1);
  CHECK(read(*format, record("2026-09-21 15:56:30", "")).batch.refused_by_code.at("missing_field") == 1);
  CHECK(read(*format, "a,b").batch.refused_by_code.at("malformed") == 1);
  CHECK(read(*format, "\"a").batch.refused_by_code.at("malformed") == 1);
}

TEST_CASE("framing: what is too long costs itself only, and every cut gives the same messages") {
  using ingest::Framer;
  using ingest::Framing;
  const std::string lines = "one\r\n\n" + std::string(300, 'x') + "\ntwo\nthree";
  const std::string blocks = "A: 1\r\nB: 2\r\n\r\n\r\nC: " + std::string(300, 'x') + "\r\nD: 1\r\n\r\nE: 5\r\n\r\nF: 1";
  const std::string frames = "Content-Length: 3\n\nabcContent-Length: 300\n\n" + std::string(300, 'x') +
                             "Content-Length: 1\r\n\r\nzReply-Text: ok\n\n";
  const auto cut = [](Framing framing, const std::string& bytes, std::size_t piece) {
    Framer framer(framing, 100);
    Lines out;
    for (std::size_t i = 0; i < bytes.size(); i += piece) {
      framer.feed(std::string_view(bytes).substr(i, piece));
      while (const auto message = framer.next()) out.emplace_back(*message);
    }
    if (const auto rest = framer.rest()) out.emplace_back(*rest);
    CHECK(framer.too_large() == 1);
    CHECK(framer.position() == bytes.size());
    return out;
  };
  for (std::size_t piece = 1; piece < 40; ++piece) {
    INFO("pieces of " << piece);
    CHECK(cut(Framing::lines, lines, piece) == Lines{"one", "two", "three"});
    CHECK(cut(Framing::ami, blocks, piece) == Lines{"A: 1\r\nB: 2", "E: 5"});
    CHECK(cut(Framing::event_socket, frames, piece) ==
          Lines{"Content-Length: 3\n\nabc", "Content-Length: 1\r\n\r\nz", "Reply-Text: ok"});
  }
}
