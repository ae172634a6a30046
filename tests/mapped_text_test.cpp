// Mapped text: mappings that are refused, features one by one, and a real file with known answers.
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "ingest/instant.h"
#include "ingest/mapped_text.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace {

using core::Event;
using core::EventType;
using ingest::Batch;
using ingest::Mapping;
using ingest::MappedText;

constexpr core::Time kNow = 1'769'938'200'000;  // 2026-02-01T09:30:00Z

const std::string kHead = R"(source = "file"
[time]
format = "%Y-%m-%d %H:%M:%S"
zone = "Europe/Berlin"
)";

const std::string kEvent = R"([[event]]
type = "agent.logout"
id = "{#}"
time = "{at}"
agent = "{who}"
)";

struct Read {
  std::shared_ptr<Mapping> mapping;  // the events point into it
  std::shared_ptr<std::string> text;
  Batch batch;
  bool usable = false;
};

Read read(const std::string& toml, std::string text) {
  auto mapping = Mapping::parse(toml);
  if (!mapping) FAIL(mapping.error().where + " " + mapping.error().message);
  Read result{std::make_shared<Mapping>(*mapping),
              std::make_shared<std::string>(std::move(text)), {}};
  MappedText reader(*result.mapping);
  result.usable = reader.read(*result.text, kNow, result.batch);
  return result;
}

std::string refusal(const Batch& batch, std::size_t i = 0) {
  if (batch.refusals.size() <= i) return "";
  const auto& r = batch.refusals[i];
  return std::to_string(r.index) + " " + r.error.code +
         (r.error.where.empty() ? "" : " " + r.error.where);
}

core::Time at(const char* text) { return ingest::parse_rfc3339(text).value(); }

std::string file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("a mapping with a fault is refused with its line and column") {
  struct Row {
    std::string toml, where;
  };
  for (const Row& row : std::vector<Row>{
           {"source = ", "1:10"},
           {"", "1:1"},
           {"source = \"x\"\n[[\x01\tent]]", "2:3"},
           {"source = \"x\"\n [[= {", "2:4"},
           {"source = \"x\"\ns =[ }Y", "2:6"},
           {"source = 5", "1:10"},
           {"source = \"x\"", "1:1"},
           {"source = \"x\"\nauthority = 16\n" + kEvent, "2:13"},
           {"source = \"x\"\nsuorce = 1\n" + kEvent, "2:10"},
           {"source = \"x\"\n[time]\nzone = \"Mars/Base\"\n" + kEvent, "3:8"},
           {"source = \"x\"\n[time]\nformat = \"%H:%M\"\n" + kEvent, "3:10"},
           {"source = \"x\"\n[time]\nformat = \"%Y%m%d%Q\"\n" + kEvent, "3:10"},
           {"source = \"x\"\n[time]\nunit = \"min\"\n" + kEvent, "3:8"},
           {"source = \"x\"\n[text]\nseparator = \";;\"\n" + kEvent, "3:13"},
           {"source = \"x\"\n[text]\nencoding = \"ebcdic\"\n" + kEvent, "3:12"},
           {"source = \"x\"\n[text]\nheader = false\n" + kEvent, "1:1"},
           {"source = \"x\"\n" + kEvent + "mood = \"good\"", "7:8"},
           {"source = \"x\"\n" + kEvent + "legs = \"1\"", "7:8"},
           {"source = \"x\"\n" + kEvent + "queue = \"{open\"", "7:9"},
           {"source = \"x\"\n" + kEvent + "queue = { text = \"a\", column = \"b\" }", "7:9"},
           {"source = \"x\"\n" + kEvent + "queue = { column = \"a\", when = \"none\" }", "7:32"},
           {"source = \"x\"\n" + kEvent + "when = { column = \"a\", like = 1 }", "7:31"},
           {"source = \"x\"\n" + kEvent + "[conditions]\na = \"b\"\nb = \"a\"\n[[filter]]\n" +
                "name = \"f\"\ndrop_when = \"a\"\n",
            "9:5"},
           {"source = \"x\"\n[[event]]\ntype = \"agent.logout\"\n", "2:1"},
       }) {
    INFO(row.toml);
    const auto mapping = Mapping::parse(row.toml);
    REQUIRE_FALSE(mapping);
    CHECK(mapping.error().code == "bad_mapping");
    CHECK_FALSE(mapping.error().message.empty());
    CHECK(mapping.error().where == row.where);
  }
}

TEST_CASE("a bad row costs that row") {
  const Read r = read(kHead + kEvent,
                      "at,who\n2026-01-05 10:00:00,ann\nyesterday,bob\n2026-01-05 10:00:00\n"
                      "\"2026-01-05 10:00:00\",\"eve\"\"x\"\n2026-01-05 10:00:00,\"open\n"
                      "2026-01-05 10:00:00,\xFF\n2026-01-05 10:00:00,a\x01z\n"
                      "2027-01-05 10:00:00,zoe\n1980-01-05 10:00:00,zoe\n2026-01-05 10:00:00,\n"
                      "2026-07-05 10:00:00,last");
  CHECK(r.usable);
  REQUIRE(r.batch.events.size() == 2);
  CHECK(r.batch.events[0].at == at("2026-01-05T10:00:00+01:00"));
  CHECK(r.batch.events[0].source == "file");
  CHECK(r.batch.events[0].id == "2");
  CHECK(r.batch.events[1].subject == "eve\"x");
  CHECK(r.batch.items == std::vector<std::uint32_t>{2, 5});
  CHECK(refusal(r.batch, 0) == "3 bad_time at");
  CHECK(refusal(r.batch, 1) == "4 malformed");
  CHECK(refusal(r.batch, 2) == "6 malformed");
  CHECK(refusal(r.batch, 3) == "7 malformed");
  CHECK(refusal(r.batch, 4) == "8 bad_text who");
  CHECK(refusal(r.batch, 5) == "9 future_time at");
  CHECK(refusal(r.batch, 6) == "10 past_time at");
  CHECK(refusal(r.batch, 7) == "11 missing_field who");
  CHECK(refusal(r.batch, 8) == "12 future_time at");
  CHECK(r.batch.refused == 9);
}

TEST_CASE("the header decides where the columns are, also in pieces") {
  auto mapping = Mapping::parse(kHead + kEvent);
  REQUIRE(mapping);
  MappedText reader(*mapping);
  Batch batch;
  REQUIRE(reader.read("\xEF\xBB\xBFwho,x,at\r\n", kNow, batch));
  REQUIRE(reader.read("ann,1,2026-01-05 10:00:00\r\n", kNow, batch));
  REQUIRE(reader.read("bob,2,2026-01-05 10:00:01\r\n\r\n", kNow, batch));
  REQUIRE(batch.events.size() == 2);
  CHECK(batch.events[1].subject == "bob");
  CHECK(batch.events[1].id == "3");
  CHECK(reader.rows() == 2);

  const Read r = read(kHead + kEvent, "who,when\nann,2026-01-05 10:00:00\n");
  CHECK_FALSE(r.usable);
  CHECK(refusal(r.batch) == "1 missing_column at");
}

TEST_CASE("fixed width, comments, Latin-1, maps, defaults, constants and templates") {
  const Read r = read(R"(source = "fixed"
[text]
layout = "fixed"
header = false
comment = "#"
encoding = "latin-1"
null = ["", "-"]
[[column]]
name = "day"
at = 1
width = 6
[[column]]
name = "time"
at = 8
width = 6
[[column]]
name = "who"
at = 15
width = 6
[[column]]
name = "what"
at = 21
width = 4
[time]
date = "day"
format = "%y%m%d %H%M%S"
zone = "Asia/Kathmandu"
[[event]]
type = "agent.state"
id = "{day}/{time}"
time = "{time}"
agent = { column = "who", default = "nobody" }
state = { column = "what", map = { BRK = "break", LUN = "break" }, unmapped = "refuse" }
reason = { column = "what", map = { LUN = "lunch {}" }, unmapped = "null" }
team = "{{day}}"
)",
                      "# comment\n260105 101500 Jos\xE9  LUN\n260105 101501 -     BRK \n"
                      "260105 101502 eve   ODD\n");
  REQUIRE(r.batch.events.size() == 2);
  const Event& e = r.batch.events[0];
  CHECK(e.at == at("2026-01-05T10:15:00+05:45"));
  CHECK(e.subject == "Jos\xC3\xA9");
  CHECK(e.id == "260105/101500");
  CHECK(e.text == "break");
  CHECK(e.reason == "lunch {}");
  CHECK(e.team == "{day}");
  CHECK(r.batch.events[1].subject == "nobody");
  CHECK(r.batch.events[1].reason.empty());
  CHECK(refusal(r.batch) == "4 bad_value what");
}

TEST_CASE("one row can make several events, all or none; durations in every unit") {
  const std::string toml = R"(source = "cdr"
[text]
separator = ";"
[[filter]]
name = "tests"
drop_when = [{ column = "q", equals = "test" }]
[[event]]
when = { column = "wait", null = false }
type = "call.answered"
id = "{id}a"
time = { column = "at", format = "epoch_s" }
call = "{id}"
agent = "{who}"
wait_ms = { column = "wait", unit = "h:mm:ss" }
[[event]]
when = { not = { column = "q", in = ["none"] } }
type = "call.ended"
id = "{id}e"
time = { column = "at", format = "epoch_s" }
call = "{id}"
talk_ms = "{talk}"
)";
  const Read r = read(toml,
                      "id;at;q;who;wait;talk\n1;1769900000;sales;ann;1:02:03;4.5\n"
                      "2;1769900000;none;ann;-0:00:05;1\n3;1769900000;test;ann;0:01;1\n"
                      "4;1769900000;sales;ann;0:01;x\n5;1769900000;none;ann;;1\n"
                      "6;1769900000.25;sales;;;-2\n");
  REQUIRE(r.batch.events.size() == 4);
  CHECK(r.batch.accepted == 3);
  CHECK(r.batch.events[0].value == 3'723'000);
  CHECK(r.batch.events[1].value == 4'500);
  CHECK(r.batch.events[2].value == 0);
  CHECK(r.batch.events[3].value == 0);
  CHECK(r.batch.events[3].at == 1'769'900'000'250);
  CHECK(r.batch.clamped == 2);
  CHECK(r.batch.filtered.at("tests") == 1);
  CHECK(r.batch.filtered.at("no_event") == 1);
  CHECK(refusal(r.batch) == "5 bad_duration talk");
}

TEST_CASE("the bank's file, read with nothing but its mapping") {
  const auto mapping = Mapping::parse(file(RINGSIDE_SOURCE_DIR "/docs/examples/bank.toml"));
  if (!mapping) FAIL(mapping.error().where + " " + mapping.error().message);
  const std::string text = file(RINGSIDE_SOURCE_DIR "/../shared/data/bank-1999-02.tsv");
  if (text.empty()) {
    WARN("skipped: the bank's file is not here");
    return;
  }
  MappedText reader(*mapping);
  Batch batch;
  REQUIRE(reader.read(text, kNow, batch));
  CHECK(refusal(batch) == "");
  CHECK(reader.rows() == 33'344);
  CHECK(batch.filtered == decltype(batch.filtered){{"negative_vru_time", 23}, {"phantom", 278}});
  CHECK(batch.accepted == 33'043);

  std::map<EventType, int> count;
  std::int64_t waits = 0;
  std::int64_t longest = 0;
  std::int64_t talk = 0;
  int talks = 0;
  std::map<std::string_view, int> ids;
  for (const Event& e : batch.events) {
    ++count[e.type];
    if (e.type == EventType::call_answered) waits += e.value;
    if (e.type == EventType::call_started) ++ids[e.id];
    if (e.type == EventType::call_answered) longest = std::max(longest, e.value);
    if (e.type == EventType::call_abandoned) longest = std::max(longest, e.value);
    if (e.type == EventType::call_ended && !e.agent.empty()) {
      talk += e.value;
      ++talks;
    }
    if (e.type == EventType::call_queued && e.subject == "AA0102-31056") {
      CHECK(e.at == at("1999-02-16T00:00:00+02:00"));
    }
    CHECK(e.at <= e.time + 86'400'000);
  }
  CHECK(count[EventType::call_started] == 33'043);
  CHECK(ids.size() == 33'043);
  CHECK(count[EventType::call_answered] == 27'141);
  CHECK(count[EventType::call_abandoned] == 3'961);
  CHECK(count[EventType::call_queued] == 18'036);
  // An answered call ends once, and so does one that gave up in the menu.
  CHECK(count[EventType::call_ended] == 27'141 + 1'941);
  CHECK(static_cast<double>(waits) / 27'141 / 1000 == Approx(40.7299).margin(0.00005));
  CHECK(longest == 908'000);
  CHECK(talks == 26'650);
  CHECK(static_cast<double>(talk) / talks / 1000 == Approx(179.068).margin(0.0005));
}
