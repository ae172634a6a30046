// Bytes to events: whatever arrives, the batch stays consistent, and on the question what is JSON we
// agree with a second opinion (simdjson's DOM, which checks everything).
#include <simdjson.h>

#include <cstdint>
#include <string>

#include "ingest/body.h"
#include "windows/check.h"

namespace {

constexpr core::Time kNow = 1'769'938'200'000;
constexpr const char* kTypes[] = {"application/x-ndjson", "application/json", "",
                                  "application/cloudevents+json",
                                  "application/cloudevents-batch+json"};

void inspect(const ingest::Batch& batch) {
  CHECK(batch.events.size() == batch.items.size(), "every event has its item");
  CHECK(batch.refusals.size() <= batch.refused, "more refusals than were counted");
  std::size_t sum = 0;
  for (const auto& event : batch.events) {
    CHECK(!event.id.empty() && !event.source.empty() && !event.subject.empty(), "unnamed event");
    CHECK(event.at <= kNow + 5 * windows::kMinute, "an event from the future");
    CHECK(event.value >= core::kNoValue, "a negative value");
    for (const auto text : {event.source, event.id, event.subject, event.agent, event.queue,
                            event.customer, event.text, event.reason, event.by}) {
      CHECK(text.size() <= ingest::kMaxTextBytes, "a text too long");
      for (const char c : text) CHECK(static_cast<unsigned char>(c) >= 0x20, "a control character");
      sum += text.size();
    }
  }
  for (const auto& r : batch.refusals) {
    CHECK(!r.error.code.empty() && !r.error.message.empty(), "a refusal without reason");
  }
  CHECK(sum <= batch.events.size() * 10 * ingest::kMaxTextBytes, "sum of texts");
}

// One document: refused as malformed exactly when it is no JSON.
void compare(ingest::JsonEvents& parser, const std::string& text) {
  if (text.size() > ingest::kMaxEventBytes) return;
  static simdjson::dom::parser dom;
  ingest::Batch batch;
  const bool accepted = parser.native(text, 0, {.source = "fuzz"}, kNow, batch);
  const auto second = dom.parse(text).error();
  // Numbers beyond 64 bits or doubles are numbers to us where nobody reads them.
  const bool number = second == simdjson::NUMBER_ERROR;
  if (accepted && !number) CHECK(!second, "accepted what is no JSON");
  const bool malformed = !accepted && batch.refusals.at(0).error.code == "malformed";
  if (malformed) CHECK(second, "called JSON malformed");
  inspect(batch);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static ingest::JsonEvents parser;
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  // Six ways, by the low bits of the first byte, which a corpus file may choose as a letter.
  const unsigned way = static_cast<unsigned>(data[0]) % 6;
  if (way == 5) {
    const ingest::Header headers[] = {{"ce-id", "1"}, {"ce-type", "call.queued"},
                                      {"Ce-Source", std::string_view(text).substr(0, 9)},
                                      {"ce-specversion", "1.0"},
                                      {"ce-time", "2026-02-01T09:30:00Z"}};
    inspect(ingest::parse_body(parser, "application/json", headers, text, {}, kNow));
  } else {
    inspect(ingest::parse_body(parser, kTypes[way], {}, text, {.source = "fuzz"}, kNow));
  }
  compare(parser, text);
  return 0;
}
