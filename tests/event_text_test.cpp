// Events back to text: what is printed reads back as the same events.
#include "server/event_text.h"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "ingest/body.h"
#include "tests/same_event.h"

#include <catch2/catch.hpp>

namespace {

ingest::Batch read(const std::string& lines) {
  ingest::JsonEvents parser;
  ingest::SourceOptions options;
  options.source = "test";
  return ingest::parse_body(parser, "application/x-ndjson", {}, lines, options, 2'000'000'000'000);
}

// Every item of the text, printed and read again.
std::size_t check_all(const std::string& lines) {
  const ingest::Batch batch = read(lines);
  for (const ingest::Refusal& refusal : batch.refusals) FAIL(refusal.error.message << " in item " << refusal.index);
  std::size_t items = 0;
  for (std::size_t i = 0; i < batch.events.size(); ++items) {
    std::size_t end = i;
    while (end < batch.events.size() && batch.items[end] == batch.items[i]) ++end;
    const std::span<const core::Event> item(batch.events.data() + i, end - i);
    const std::string text = server::native_text(item);
    INFO(text);
    const ingest::Batch again = read(text);
    REQUIRE(again.events.size() == item.size());
    for (std::size_t j = 0; j < item.size(); ++j) CHECK(same_event(again.events[j], item[j]));
    i = end;
  }
  return items;
}

}  // namespace

TEST_CASE("every example of docs/events.md is printed as it was read") {
  std::ifstream file(RINGSIDE_SOURCE_DIR "/docs/events.md");
  std::string line, block, lines;
  bool inside = false;
  while (std::getline(file, line)) {
    if (line == "```ndjson" || line == "```json") {
      inside = true;
    } else if (line == "```") {
      if (!block.empty()) lines += block + "\n";
      block.clear();
      inside = false;
    } else if (inside) {
      block += line.starts_with("{\"type\":") && !block.empty() ? "\n" + line : line;
    }
  }
  CHECK(check_all(lines) > 25);
}

TEST_CASE("records with every part there may be") {
  const std::string head = R"({"type":"call.record","id":"r","time":1769937600000,"call":"c","customer":"k",)";
  const std::vector<std::string> tails{
      R"("outcome":"abandoned_in_ivr","queue":"menu","started_at":1769937000000,"ended_at":1769937001000})",
      R"("outcome":"abandoned","queue":"q","ended_at":1769937500000,"wait_ms":42000})",
      R"("outcome":"abandoned","ended_at":1769937500000,"wait_ms":42000})",
      R"("outcome":"voicemail","queue":"q","queued_at":1769937400000,"wait_ms":1000})",
      R"("outcome":"answered","queue":"q","queued_at":1769937400000,"wait_ms":1000,"agent":"a"})",
      R"("outcome":"answered","answered_at":1769937400000,"agent":"a","hold_ms":5})",
      R"("outcome":"answered","answered_at":1769937400000,"agent":"a","talk_ms":5000,"hold_ms":5,"wrap_ms":7})",
      R"("outcome":"answered","answered_at":1769937400000,"talk_ms":5,"priority":"1","wrapped_at":1769937500000})",
      R"("outcome":"answered","answered_at":1769937400000,"agent":"a","talk_ms":9,"transferred":"blind"})",
      R"("outcome":"answered","queue":"q","wait_ms":7,"direction":"outbound","started_at":1769937000000,"legs":[)"
      R"({"agent":"a","offered_at":1769937100000,"answered_at":1769937200000,"talk_ms":5,)"
      R"("transferred":"attended","wrap_ms":3},)"
      R"({"agent":"b","answered_at":1769937300000,"ended_at":1769937400000,"hold_ms":9,"wrapped_at":1769937500000}]})"};
  std::string lines;
  for (const std::string& tail : tails) lines += head + tail + "\n";
  CHECK(check_all(lines) == tails.size());
}

TEST_CASE("texts that need escapes") {
  CHECK(check_all(R"({"type":"agent.state","id":"\"\\","time":1769937000000,"agent":"Zoë \u2028",)"
                  R"("state":"break","reason":"é\"x"})"
                  "\n") == 1);
}
