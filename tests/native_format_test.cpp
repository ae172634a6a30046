// Native events and mapped rows as sources: line by line, across restarts and files that follow.
#include "ingest/native_format.h"

#include <catch2/catch.hpp>

namespace {

constexpr std::string_view kMapping = R"(source = "file"
[time]
format = "%Y-%m-%d %H:%M:%S"
[[event]]
type = "agent.logout"
id = "{#}"
time = "{at}"
agent = "{who}"
)";

std::unique_ptr<ingest::Format> make(std::string_view name, std::string_view mapping = {}) {
  ingest::FormatOptions options;
  options.source = "pbx";
  options.authority = 3;
  options.mapping = mapping;
  auto made = ingest::make_format(name, options);
  if (!made) FAIL(made.error().message);
  return std::move(*made);
}

void read(ingest::Format& format, std::string_view line, ingest::Intake& out) {
  const std::string gone_afterwards(line);
  ingest::Message message;
  message.bytes = gone_afterwards;
  format.read(message, 1'800'000'000'000, out);
}

}  // namespace

TEST_CASE("native events come one to a line; a bad one costs itself and is kept") {
  const auto format = make("ringside");
  ingest::Intake out;
  read(*format, R"({"type":"call.queued","id":"1","time":"2026-03-02T10:00:00Z","call":"c1","queue":"sales"})", out);
  read(*format, "nonsense", out);
  read(*format, R"({"type":"call.queued","id":"2","time":"2026-03-02T10:00:01Z","call":"c2","queue":"sales"})", out);
  REQUIRE(out.batch.events.size() == 2);
  CHECK(out.batch.items == std::vector<std::uint32_t>{0, 2});
  CHECK(out.batch.events[1].subject == "c2");
  CHECK(out.batch.events[1].source == "pbx");
  CHECK(int{out.batch.events[1].authority} == 3);
  REQUIRE(out.remainders.size() == 1);
  CHECK(out.remainders[0].bytes == "nonsense");
  CHECK(out.messages == 3);
}

TEST_CASE("what is no format, has options of another one or lacks its mapping is refused") {
  CHECK(ingest::make_format("nonsense", {}).error().code == "unknown_format");
  CHECK(ingest::make_format("mapped_text", {}).error().code == "bad_mapping");
  ingest::FormatOptions options;
  options.more["fields"] = {"a"};
  CHECK(ingest::make_format("ringside", options).error().where == "fields");
}

TEST_CASE("mapped rows go on after a restart: the header and the line numbers are remembered") {
  const std::string_view lines[] = {"at,who", "2026-03-02 10:00:00,anna", "", "2026-03-02 10:00:05,bert",
                                    "at,who", "2026-03-02 10:00:09,carl"};
  const auto whole = make("mapped_text", kMapping);
  ingest::Intake all;
  for (const auto line : lines) read(*whole, line, all);
  REQUIRE(all.batch.events.size() == 3);
  CHECK(all.batch.events[0].id == "2");
  CHECK(all.batch.events[2].subject == "carl");
  CHECK(all.batch.refused == 0);
  CHECK(int{all.batch.events[2].authority} == 3);

  for (std::size_t stop = 0; stop < std::size(lines); ++stop) {
    const auto before = make("mapped_text", kMapping);
    ingest::Intake out;
    for (std::size_t i = 0; i < stop; ++i) read(*before, lines[i], out);
    const auto after = make("mapped_text", kMapping);
    REQUIRE(after->remember(before->memory()));
    for (std::size_t i = stop; i < std::size(lines); ++i) read(*after, lines[i], out);
    CAPTURE(stop);
    REQUIRE(out.batch.events.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) CHECK(out.batch.events[i].id == all.batch.events[i].id);
  }
  CHECK(make("mapped_text", kMapping)->remember("nonsense").error().code == "bad_memory");
}
