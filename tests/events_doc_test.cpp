// docs/events.md keeps its word: every example is read, and every type has one.
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "core/event.h"
#include "ingest/body.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace {

std::string page() {
  std::ifstream in(RINGSIDE_SOURCE_DIR "/docs/events.md", std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string_view content_type(std::string_view language) {
  if (language == "ndjson") return "application/x-ndjson";
  return language == "json" ? "application/json" : "application/cloudevents+json";
}

}  // namespace

TEST_CASE("the examples of docs/events.md are read, and show every type") {
  const std::string text = page();
  REQUIRE_FALSE(text.empty());
  ingest::JsonEvents parser;
  std::set<std::string_view> shown;
  int examples = 0;
  for (std::size_t at = text.find("```"); at != std::string::npos; at = text.find("```", at)) {
    const std::size_t body = text.find('\n', at) + 1;
    const std::size_t end = text.find("```", body);
    REQUIRE(end != std::string::npos);
    const std::string language = text.substr(at + 3, body - at - 4);
    const auto batch =
        ingest::parse_body(parser, content_type(language), {}, text.substr(body, end - body),
                           {.source = "docs"}, 1'769'938'200'000);
    INFO(text.substr(body, end - body));
    for (const auto& r : batch.refusals) FAIL(r.error.code + r.error.where + r.error.message);
    CHECK(batch.accepted > 0);
    for (const auto& event : batch.events) shown.insert(core::name(event.type));
    ++examples;
    at = end + 3;
  }
  CHECK(examples >= 8);
  for (int i = 0; i < core::kEventTypes; ++i) {
    if (core::about(static_cast<core::EventType>(i)) == core::About::alert) continue;  // not from sources
    INFO(core::name(static_cast<core::EventType>(i)));
    CHECK(shown.count(core::name(static_cast<core::EventType>(i))) == 1);
  }
}
