// Asterisk's queue_log: a real one with known answers, and what it says line by line.
#include <map>
#include <random>

#include "feed.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace {

using feed::Numbers;
using feed::shown;
using Lines = std::vector<std::string>;

constexpr core::Time kThen = 1'543'860'470'000;  // just after the last line of the real file

const std::vector<std::string> kFormulas = {
    "queued", "wait", "mean(wait)", "within(wait, 20s)", "within(wait, 30s)", "abandon_wait",
    "agent_no_answer", "transferred", "talk", "left_wait", "now(waiting)", "now(talking)"};

ingest::Intake read_all(ingest::Format& format, const Lines& lines, core::Time now = kThen) {
  ingest::Intake out;
  for (const std::string& line : lines) feed::read(format, line, now, out);
  return out;
}

// 6 of the 52 that entered did not get through: 4 gave up, 2 wait when the file ends.
void check_figures(Numbers& n, bool restarted = false) {
  CHECK(n.faults.empty());
  const auto s = n.sums("tenant");
  CHECK(s[0] == 52);
  CHECK(s[1] == 46);
  CHECK(std::abs(s[2] - 39'435) < 0.5);
  CHECK(s[3] == 21);
  CHECK(s[4] == 35);
  CHECK(s[5] == 4);
  CHECK(s[6] == 150);
  CHECK(s[7] == 1);
  CHECK(s[8] == 46);
  CHECK(s[9] == (restarted ? 2 : 0));
  CHECK(n.now("tenant", "k10") == (restarted ? "0" : "2"));
  CHECK(n.now("tenant", "k11") == "0");
}

TEST_CASE("the real queue_log gives its published figures, in order, shuffled, doubled and from two sources") {
  if (feed::absent("queue_log")) return;
  const Lines lines = feed::lines(feed::file("queue_log"));
  REQUIRE(lines.size() == 500);

  SECTION("in order") {
    auto format = feed::make("asterisk_queue_log");
    const ingest::Intake intake = read_all(*format, lines);
    CHECK(intake.batch.refused == 0);
    CHECK(intake.unknown.at("OUTDIAL") == 76);
    Numbers n(kThen, kFormulas);
    n.take(intake);
    check_figures(n);
  }
  SECTION("shuffled") {
    for (const unsigned seed : {1U, 2U, 3U, 4U, 5U}) {
      INFO("seed " << seed);
      Lines mixed = lines;
      if (seed % 2 == 0) mixed.push_back("1543860466|NONE|NONE|NONE|QUEUESTART|");  // those two end as well
      std::shuffle(mixed.begin(), mixed.end(), std::mt19937(seed));
      auto format = feed::make("asterisk_queue_log");
      Numbers n(kThen, kFormulas);
      n.take(read_all(*format, mixed));
      check_figures(n, seed % 2 == 0);
    }
  }
  SECTION("doubled") {
    Lines twice;
    for (const auto& line : lines) twice.insert(twice.end(), {line, line});
    twice.insert(twice.end(), lines.begin(), lines.end());
    auto format = feed::make("asterisk_queue_log");
    Numbers n(kThen, kFormulas);
    n.take(read_all(*format, twice));
    check_figures(n);
  }
  SECTION("from two sources") {
    auto one = feed::make("asterisk_queue_log", feed::options("one", 5));
    auto other = feed::make("asterisk_queue_log", feed::options("other", 7));
    Numbers n(kThen, kFormulas);
    n.take(read_all(*one, lines));
    n.take(read_all(*other, lines));
    check_figures(n);
  }
  SECTION("with its memory written out and read back between any two lines") {
    auto format = feed::make("asterisk_queue_log");
    Numbers n(kThen, kFormulas);
    for (const auto& line : lines) {
      auto next = feed::make("asterisk_queue_log");
      REQUIRE(next->remember(format->memory()));
      REQUIRE(next->memory() == format->memory());
      format = std::move(next);
      n.take(read_all(*format, {line}));
    }
    check_figures(n);
  }
}

TEST_CASE("a transfer into a second queue is one call with two visits") {
  const Lines lines = {
      "1717397259|1717397243.239826|1501|NONE|DID|5550007871",
      "1717397259|1717397243.239826|1501|NONE|ENTERQUEUE||5550006745|1",
      "1717397271|1717397243.239826|1501|PJSIP/7009|CONNECT|12|1717397259.239827|11",
      "1717397390|1717397390.239830|1509|NONE|DID|",
      "1717397390|1717397390.239830|1509|NONE|ENTERQUEUE||7009|1",
      "1717397391|1717397390.239830|1501|PJSIP/7009|ATTENDEDTRANSFER|APP|Queue|12|120|1",
      "1717397397|1717397243.239826|1509|PJSIP/7051|CONNECT|7|1717397390.239831|6",
      "1717397570|1717397243.239826|1509|PJSIP/7051|COMPLETEAGENT|7|173|1"};
  const std::vector<std::string> formulas = {"calls", "queued", "wait", "sum(wait)", "transferred", "sum(talk)",
                                             "now(waiting)", "now(talking)"};
  const auto check = [&](const Lines& told) {
    auto format = feed::make("asterisk_queue_log");
    Numbers n(1'717'400'000'000, formulas);
    n.take(read_all(*format, told, 1'717'400'000'000));
    CHECK(n.faults.empty());
    CHECK(n.sums("tenant") == std::vector<double>{1, 2, 2, 19'000, 1, 293'000, 0, 0});
    CHECK(n.sums("queue/1501") == std::vector<double>{0, 1, 1, 12'000, 1, 120'000, 0, 0});
    CHECK(n.sums("queue/1509") == std::vector<double>{0, 1, 1, 7'000, 0, 173'000, 0, 0});
    CHECK(n.sum("agent/7009", 4) == 1);
    CHECK(n.sum("agent/7051", 5) == 173'000);
  };
  check(lines);
  Lines without_transfer = lines;  // one database sink loses that row
  without_transfer.erase(without_transfer.begin() + 5);
  auto format = feed::make("asterisk_queue_log");
  Numbers n(1'717'400'000'000, formulas);
  n.take(read_all(*format, without_transfer, 1'717'400'000'000));
  CHECK(n.sum("tenant", 1) == 2);
  CHECK(n.sum("tenant", 2) == 2);
  CHECK(n.sum("tenant", 6) == 0);
}

TEST_CASE("what each verb of a queue_log becomes") {
  const auto events = [](const Lines& lines) {
    auto format = feed::make("asterisk_queue_log");
    return shown(read_all(*format, lines, 1'700'000'100'000));
  };
  const std::string t = "1700000010|1700000000.1|sales|";
  const std::string at = "2023-11-14T22:13:30.000Z ";
  const auto one = [&](const std::string& rest) {
    const auto all = events({t + rest});
    std::string text;
    for (const auto& e : all) text += (text.empty() ? "" : "; ") + e;
    return text;
  };
  CHECK(one("NONE|ENTERQUEUE||491234567|1") == at + "call.queued 1700000000.1 queue=sales");
  CHECK(one("NONE|ABANDON|1|2|31") == at + "call.abandoned 1700000000.1 queue=sales value=31000");
  CHECK(one("NONE|EXITWITHTIMEOUT|1|1|60") == at + "call.left 1700000000.1 queue=sales text=timeout");
  CHECK(one("NONE|EXITEMPTY|1|1|60") == at + "call.left 1700000000.1 queue=sales text=empty");
  CHECK(one("NONE|EXITWITHKEY|5|1") == at + "call.left 1700000000.1 queue=sales text=key");
  CHECK(one("NONE|WITHDRAW|1|1|60|by hand") == at + "call.left 1700000000.1 queue=sales text=other");
  CHECK(one("NONE|FULL") == at + "call.left 1700000000.1 queue=sales text=refused");
  CHECK(one("SIP/9|BLINDTRANSFER|200|from-queue|4|66|1") ==
        at + "call.transferred 1700000000.1 agent=9 queue=sales text=blind value=66000");
  CHECK(one("SIP/9|TRANSFER|200|from-queue|4|66") ==
        at + "call.transferred 1700000000.1 agent=9 queue=sales text=blind value=66000");
  CHECK(one("SIP/9|ATTENDEDTRANSFER|LINK|SIP/9-1|SIP/8-1|4|66|1") ==
        at + "call.transferred 1700000000.1 agent=9 queue=sales text=attended value=66000");
  CHECK(one("SIP/9|COMPLETECALLER|4|66|1") == at + "call.ended 1700000000.1 agent=9 queue=sales value=66000");
  CHECK(one("SIP/9|RINGNOANSWER|8000") == at + "agent.login 9; " + at +
                                            "call.no_answer 1700000000.1 agent=9 queue=sales value=8000");
  CHECK(one("SIP/9|ADDMEMBER|PAUSED") == at + "agent.login 9; " + at + "agent.state 9 text=break");
  CHECK(one("SIP/9|REMOVEMEMBER|") == at + "agent.logout 9");
  CHECK(one("NONE|CONFIGRELOAD|").empty());
  // Paused everywhere at first, then queue by queue; told once.
  CHECK(events({"1700000000|MANAGER|sales|Agent/9|ADDMEMBER|", "1700000000|MANAGER|help|Local/9@agents/n|ADDMEMBER|",
                "1700000010|NONE|NONE|Agent/9|PAUSEALL|lunch", "1700000010|NONE|sales|Agent/9|PAUSE|lunch",
                "1700000010|NONE|help|Agent/9|PAUSE|lunch", "1700000020|NONE|NONE|Agent/9|UNPAUSEALL|",
                "1700000020|NONE|sales|Agent/9|UNPAUSE|", "1700000030|NONE|sales|Agent/9|PAUSE|",
                "1700000040|NONE|sales|Agent/9|REMOVEMEMBER|", "1700000050|NONE|help|Agent/9|REMOVEMEMBER|"}) ==
        Lines{"2023-11-14T22:13:20.000Z agent.login 9",
              "2023-11-14T22:13:30.000Z agent.state 9 text=break reason=lunch",
              "2023-11-14T22:13:40.000Z agent.state 9 text=available", "2023-11-14T22:14:10.000Z agent.logout 9"});
}

TEST_CASE("a queue_log line that is none is refused and kept") {
  auto format = feed::make("asterisk_queue_log");
  const Lines bad = {"hello", "x|1.1|q|NONE|ENTERQUEUE||1|1", "1700000010|NONE|q|NONE|ENTERQUEUE||1|1",
                     "1700000010|1.1|q|NONE||", "1900000010|1.1|q|NONE|ENTERQUEUE||1|1",
                     "1700000010|1.1|q|NONE|CONNECT|1|2|3", "1700000010|1.1|NONE|NONE|ENTERQUEUE||1|1",
                     "1700000010|1.1|q\x01|NONE|ENTERQUEUE||1|1"};
  const ingest::Intake intake = read_all(*format, bad, 1'700'000'100'000);
  CHECK(intake.batch.events.empty());
  CHECK(intake.batch.refused == bad.size());
  REQUIRE(intake.remainders.size() == bad.size());
  CHECK(intake.remainders[0].bytes == "hello");
  CHECK(intake.batch.refused_by_code.at("bad_time") == 1);
  CHECK(intake.batch.refused_by_code.at("future_time") == 1);
  CHECK_FALSE(format->remember("nonsense\n"));
}

TEST_CASE("names are taken from the tables, and those in no table are reported") {
  auto options = feed::options();
  options.agents = {{"Local/9@agents/n", "nina"}, {"8", "otto"}};
  options.queues = {{"sales", "Sales"}};
  options.call_prefix = "berlin-";
  options.customer_secret = "s3cret";
  auto format = feed::make("asterisk_queue_log", options);
  const ingest::Intake intake = read_all(*format, {"1700000000|MANAGER|sales|Local/9@agents/n|ADDMEMBER|",
                                                   "1700000000|MANAGER|sales|PJSIP/8|ADDMEMBER|",
                                                   "1700000000|MANAGER|help|PJSIP/7|ADDMEMBER|",
                                                   "1700000010|1.1|sales|NONE|ENTERQUEUE||+49 30 1234567|1"},
                                         1'700'000'100'000);
  REQUIRE(intake.batch.events.size() == 4);
  CHECK(intake.batch.events[0].subject == "nina");
  CHECK(intake.batch.events[1].subject == "otto");
  CHECK(intake.batch.events[2].subject == "7");
  CHECK(intake.batch.events[3].subject == "berlin-1.1");
  CHECK(intake.batch.events[3].queue == "Sales");
  CHECK(intake.batch.events[3].customer.size() == 24);
  CHECK(intake.unmapped_agents == std::set<std::string, std::less<>>{"7"});
  CHECK(intake.unmapped_queues.empty());
}

}  // namespace
