// Mapped JSON: an unknown system's documents, however deep its lists, CloudEvents in both modes; and that the tables of
// a source hold for everything that is mapped.
#include <map>

#include "feed.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace {

using feed::kNow;
using feed::Lines;
using feed::read;
using feed::shown;

std::unique_ptr<ingest::Format> mapped(const std::string& mapping, const std::string& format = "mapped_json") {
  auto options = feed::options("desk");
  options.mapping = mapping;
  options.agents = {{"7", "anna"}};
  options.queues = {{"S", "sales"}};
  options.call_prefix = "x-";
  options.customer_secret = "secret";
  return feed::make(format, options);
}

std::string fault(const std::string& mapping) {
  ingest::FormatOptions options = feed::options("desk");
  options.mapping = "source = \"x\"\n" + mapping;
  auto made = ingest::make_format("mapped_json", options);
  return made ? "none" : made.error().where + " " + made.error().message;
}

constexpr const char* kNested = R"(source = "x"
[json]
records = "/sites/*/calls/*/events"
[time]
zone = "Europe/Berlin"
format = ["epoch_ms", "rfc3339", "%d-%b-%Y %I:%M:%S %p"]
[conditions]
talks = { column = "/kind", begins_with = "talk." }
[[event]]
when = { column = "/kind", equals = "queue.in" }
type = "call.queued"
id = "{//delivery}-{#}"
call = "{../id}"
time = "{/at}"
queue = "{../queue}"
tags = "{../labels/*/name}"
customer = "{../from}"
site = "{../../name}"
[[event]]
when = "talks"
type = { column = "/kind", after = "talk.", map = { begin = "call.answered", end = "call.ended" }, unmapped = "refuse" }
id = "{//delivery}-{#}"
call = "{../id}"
time = "{/at}"
agent = { column = "/who", after = "/", before = "-" }
)";

}  // namespace

TEST_CASE("mapped JSON: events in calls in sites, with three kinds of times") {
  const auto format = mapped(kNested);
  const std::string body =
      R"({"delivery":"d1","sites":[{"name":"Lyon","calls":[)"
      R"({"id":1,"queue":"S","from":"+49301234567","labels":[{"name":"vip"},{"name":"dsl"},{}],"events":[)"
      R"({"kind":"queue.in","at":1789999000000},)"
      R"({"kind":"talk.begin","at":"2026-09-21T13:57:00.5Z","who":"SIP/7-0001"},)"
      R"({"kind":"noise","at":0},{"kind":"talk.end","at":"21-Sep-2026 03:58:00 PM","who":"SIP/7-0001"}]},)"
      R"({"id":2,"queue":"T"}]},{"name":"Rom","calls":[)"
      R"({"id":3,"queue":"T","events":[{"kind":"queue.in","at":1789999100000}]}]}]})";
  const ingest::Intake out = read(*format, body);
  CHECK(shown(out) == Lines{"2026-09-21T13:56:40.000Z call.queued x-1 queue=sales",
                            "2026-09-21T13:56:40.000Z call.tags x-1 text=dsl,vip",
                            "2026-09-21T13:57:00.500Z call.answered x-1 agent=anna",
                            "2026-09-21T13:58:00.000Z call.ended x-1 agent=anna",
                            "2026-09-21T13:58:20.000Z call.queued x-3 queue=T"});
  REQUIRE(out.batch.events.size() == 5);
  CHECK(out.batch.events[0].site == "Lyon");
  CHECK(out.batch.events[4].site == "Rom");
  CHECK(out.batch.events[0].id == "d1-1");
  CHECK(out.batch.events[3].id == "d1-4");
  CHECK(out.batch.events[4].id == "d1-5");
  CHECK(out.batch.events[0].customer.size() == 24);
  CHECK(out.unmapped_queues == std::set<std::string, std::less<>>{"T"});
  // Sent again the ids are the same, whatever came in between.
  CHECK(read(*format, body).batch.events[4].id == "d1-5");
  CHECK(read(*format, R"({"delivery":"d2","sites":{"a":{"name":"L","calls":[]}}})").batch.refused == 0);
  CHECK(read(*format, R"({"delivery":"d2","sites":[{"calls":5}]})").batch.refused_by_code.at("missing_field") == 1);
  CHECK(read(*format, R"({"delivery":"d2"})").batch.refused_by_code.at("missing_field") == 1);
}

TEST_CASE("mapped JSON: a CloudEvent is the same in structured and in binary mode") {
  const auto format = mapped(R"(source = "x"
[json]
[[event]]
type = { column = "/type", map = { "org.example.waiting" = "call.queued" }, unmapped = "refuse" }
id = "{/id}"
time = "{/time}"
call = "{/subject}"
queue = "{/data/queue}"
)");
  const std::string structured =
      R"({"specversion":"1.0","type":"org.example.waiting","id":"e\"1","source":"/acd","time":"2026-09-21T13:57:00Z",)"
      R"("subject":"c 1","data":{"queue":"S"}})";
  const ingest::Intake whole = read(*format, structured);
  CHECK(shown(whole) == Lines{"2026-09-21T13:57:00.000Z call.queued x-c 1 queue=sales"});
  const std::vector<ingest::Header> headers = {
      {"Content-Type", "application/json"}, {"CE-SpecVersion", "1.0"}, {"ce-type", "org.example.waiting"},
      {"ce-id", "e%221"},                   {"ce-source", "/acd"},     {"ce-time", "2026-09-21T13:57:00Z"},
      {"ce-subject", "c%201"}};
  ingest::Message message{R"({"queue":"S"})", "application/json", headers, {}};
  ingest::Intake binary;
  format->read(message, kNow, binary);
  CHECK(shown(binary) == shown(whole));
  CHECK(binary.batch.events.at(0).id == whole.batch.events.at(0).id);
  message.bytes = "{";
  ingest::Intake bad;
  format->read(message, kNow, bad);
  CHECK(bad.batch.refused_by_code.at("malformed") == 1);
}

TEST_CASE("a mapping's faults are told before the first row") {
  CHECK(fault("[json]\n[[event]]\ntype = \"call.queud\"\nid = \"1\"\ntime = \"{/t}\"\n") ==
        "4:8 there is no type of event \"call.queud\"");
  CHECK(fault("[json]\n[[event]]\ntype = { column = \"/k\", map = { a = \"call.ended\", b = \"over\" } }\n"
              "id = \"1\"\ntime = \"{/t}\"\n") == "4:8 there is no type of event \"over\"");
  CHECK(fault("[json]\n[[event]]\ntype = \"call.queued\"\nid = \"1\"\ntime = \"{/t}\"\ncall = \"c\"\n") ==
        "3:1 call.queued needs \"queue\"");
  CHECK(fault("[json]\n[[event]]\ntype = \"call.ended\"\nid = \"1\"\ntime = \"{/t}\"\ncall = \"{../id}\"\n") ==
        "7:8 there is nothing so far around a record");
  CHECK(fault("[json]\nrecord = \"/items\"\n") == "3:10 unknown key \"record\"; there are here: records, null");
  CHECK(fault("[json]\n[time]\nformat = [\"rfc3339\", \"%I:%M\"]\n") ==
        "4:10 %I and %p belong together, and take the place of %H");
  CHECK(fault("[json]\n[time]\nformat = []\n") == "4:10 format is empty");
}

TEST_CASE("what a mapping can tell follows from the events it makes") {
  const auto told = [](const std::string& events, const std::string& format = "mapped_json") {
    auto options = feed::options("desk");
    options.mapping = "source = \"x\"\n" + std::string(format == "mapped_json" ? "[json]\n" : "") + events;
    std::string names;
    for (const ingest::Capability& can : ingest::abilities(*ingest::format_named(format), options)) {
      names += (names.empty() ? "" : " ") + std::string(ingest::name(can.ability));
    }
    return names;
  };
  const auto event = [](const std::string& type, const std::string& fields) {
    return "[[event]]\ntype = " + type + "\nid = \"1\"\ntime = \"{/t}\"\n" + fields;
  };
  const std::string ticket = "ticket = \"{/i}\"\n";
  CHECK(told(event("\"ticket.created\"", ticket + "customer = \"{/f}\"\n") + event("\"ticket.closed\"", ticket)) ==
        "customer ticket_created ticket_solved");
  CHECK(told(event("\"ticket.created\"", ticket + "agent = \"{/a}\"\n")) == "ticket_created ticket_assigned");
  CHECK(told(event("\"call.queued\"", "call = \"{/c}\"\nqueue = \"{/q}\"\n") +
             event("\"call.left\"", "call = \"{/c}\"\nreason = { column = \"/r\", map = { v = \"voicemail\", "
                                  "c = \"callback\" }, unmapped = \"refuse\" }\n")) ==
        "arrival queue_entry voicemail callback live_waiting");
  // Nothing that is told afterwards is live; and an outcome that the rows say may be any.
  CHECK(told(event("\"call.record\"", "call = \"{/c}\"\noutcome = \"answered\"\nqueue = \"{/q}\"\n")) ==
        "arrival queue_entry answer wait talk");
  CHECK(told(event("\"call.record\"", "call = \"{/c}\"\noutcome = \"{/o}\"\nwrap_ms = \"{/w}\"\n")) ==
        "arrival menu refused answer wait abandon exits voicemail callback talk wrap_up");
  // A type that the rows say may be any as well.
  const std::string any = told(event("{ column = \"/k\", map = { a = \"agent.state\" } }", "agent = \"{/a}\"\n"));
  CHECK(std::count(any.begin(), any.end(), ' ') == ingest::kAbilities - 1);
  CHECK(told(event("{ column = \"k\", map = { a = \"agent.login\", b = \"agent.logout\" }, unmapped = \"null\" }",
                   "agent = \"{/a}\"\n"), "mapped_text") == "agent_presence");
}

TEST_CASE("the tables of a source hold for mapped rows and native lines as well") {
  const auto rows = mapped(R"(source = "file"
[[event]]
type = "call.queued"
id = "{#}"
time = "{at}"
call = "{call}"
queue = "{queue}"
agent = "{who}"
customer = "{from}"
)", "mapped_text");
  const ingest::Intake out = read(*rows, "at,call,queue,who,from");
  CHECK(out.silent == 1);
  const ingest::Intake told = read(*rows, "2026-09-21T13:57:00Z,1,S,7,0301234567");
  REQUIRE(told.batch.events.size() == 1);
  const core::Event& row = told.batch.events[0];
  CHECK(shown(told) == Lines{"2026-09-21T13:57:00.000Z call.queued x-1 agent=anna queue=sales"});
  CHECK(row.source == "desk");
  CHECK(row.customer.size() == 24);  // no number in clear

  auto options = feed::options("desk");
  options.agents = {{"7", "anna"}};
  options.call_prefix = "x-";
  const auto native = feed::make("ringside", options);
  const ingest::Intake lines =
      read(*native, R"({"type":"call.offered","id":"1","time":"2026-09-21T13:57:00Z","call":"1","queue":"S",)"
                    R"("agent":"7","customer":"k1"})");
  REQUIRE(lines.batch.events.size() == 1);
  CHECK(shown(lines) == Lines{"2026-09-21T13:57:00.000Z call.offered x-1 agent=anna queue=S"});
  CHECK(lines.batch.events[0].customer == "k1");  // a pseudonym already
  CHECK(lines.unmapped_queues.empty());           // nor is a name of ours one that is missing
}
