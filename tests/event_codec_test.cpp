// Events as bytes: what goes in comes out; what was damaged is an error or at least not a crash.
#include "state/event_codec.h"

#include <random>

#include <catch2/catch.hpp>

namespace {

using core::Event;

struct RandomEvents {
  std::mt19937_64 chance;
  std::vector<std::unique_ptr<std::string>> texts;

  std::uint64_t below(std::uint64_t n) { return chance() % n; }

  std::string_view text() {
    if (below(3) != 0) return {};
    auto made = std::make_unique<std::string>();
    const std::uint64_t size = 1 + (below(8) == 0 ? below(128) : below(12));
    for (std::uint64_t i = 0; i < size; ++i) made->push_back(static_cast<char>(below(256)));
    texts.push_back(std::move(made));
    return *texts.back();
  }

  std::int64_t number() {
    switch (below(6)) {
      case 0: return static_cast<std::int64_t>(chance());
      case 1: return std::numeric_limits<std::int64_t>::min();
      case 2: return std::numeric_limits<std::int64_t>::max();
      case 3: return -static_cast<std::int64_t>(below(1000));
      default: return 1'769'937'000'000 + static_cast<std::int64_t>(below(100'000'000));
    }
  }

  Event event() {
    Event made;
    made.type = static_cast<core::EventType>(below(core::kEventTypes));
    made.final = below(2) == 0;
    made.is_public = below(2) == 0;
    made.visit = static_cast<std::uint8_t>(below(256));
    made.authority = static_cast<std::uint8_t>(below(16));
    made.time = number();
    made.at = below(2) == 0 ? made.time : number();
    made.value = below(2) == 0 ? core::kNoValue : number();
    for (std::string_view* field : {&made.source, &made.id, &made.subject, &made.agent, &made.queue, &made.team,
                                    &made.site, &made.channel, &made.priority, &made.text, &made.reason, &made.by,
                                    &made.customer}) {
      *field = text();
    }
    return made;
  }

  std::vector<Event> item() {
    std::vector<Event> events{event()};
    for (std::uint64_t more = below(4) == 0 ? below(6) : 0; more > 0; --more) {
      Event next = event();
      if (below(2) == 0) next.source = events.back().source;
      if (below(2) == 0) next.subject = events.back().subject;
      events.push_back(next);
    }
    return events;
  }
};

bool same(const Event& a, const Event& b) {
  return a.type == b.type && a.final == b.final && a.is_public == b.is_public && a.visit == b.visit &&
         a.authority == b.authority && a.time == b.time && a.at == b.at && a.value == b.value && a.source == b.source &&
         a.id == b.id && a.subject == b.subject && a.agent == b.agent && a.queue == b.queue && a.team == b.team &&
         a.site == b.site && a.channel == b.channel && a.priority == b.priority && a.text == b.text &&
         a.reason == b.reason && a.by == b.by && a.customer == b.customer;
}

}  // namespace

TEST_CASE("random events come back as they were, in their items") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    RandomEvents random{std::mt19937_64(seed), {}};
    state::PayloadWriter writer;
    std::vector<std::vector<Event>> items;
    std::vector<std::uint64_t> contents;
    for (std::uint64_t n = random.below(20); n > 0; --n) {
      const auto item = random.item();
      const std::uint64_t content = writer.add(item);
      if (random.below(4) == 0) {
        writer.drop_last();
        continue;
      }
      items.push_back(item);
      contents.push_back(content);
    }
    CHECK(writer.items() == items.size());
    const std::string payload = writer.take();
    CHECK(writer.empty());
    state::PayloadReader reader(payload);
    std::span<const Event> item;
    std::size_t at = 0;
    while (reader.next(item)) {
      REQUIRE(at < items.size());
      CHECK(reader.content() == contents[at]);
      REQUIRE(item.size() == items[at].size());
      for (std::size_t i = 0; i < item.size(); ++i) CHECK(same(item[i], items[at][i]));
      ++at;
    }
    CHECK(reader.status());
    CHECK(at == items.size());
  }
}

TEST_CASE("what an item says does not depend on its authority; anything else does") {
  Event event;
  event.source = "acd";
  event.id = "1";
  event.time = event.at = 5;
  state::PayloadWriter writer;
  const std::uint64_t content = writer.add({&event, 1});
  event.authority = 7;
  CHECK(writer.add({&event, 1}) == content);
  event.at = 6;
  CHECK(writer.add({&event, 1}) != content);
}

TEST_CASE("who an item is: the border between source and id counts") {
  CHECK(state::item_key("a", "bc") == state::item_key("a", "bc"));
  CHECK(!(state::item_key("a", "bc") == state::item_key("ab", "c")));
  CHECK(!(state::item_key("", "abc") == state::item_key("abc", "")));
}

TEST_CASE("damaged payloads are errors or other events, never a crash") {
  std::size_t refused = 0;
  for (std::uint64_t seed = 1; seed <= 2'000; ++seed) {
    INFO("seed " << seed);
    RandomEvents random{std::mt19937_64(seed), {}};
    state::PayloadWriter writer;
    for (std::uint64_t n = 1 + random.below(5); n > 0; --n) writer.add(random.item());
    std::string payload(writer.payload());
    for (std::uint64_t n = 1 + random.below(3); n > 0 && !payload.empty(); --n) {
      const std::size_t at = random.below(payload.size());
      if (random.below(3) == 0) {
        payload.resize(at);
      } else {
        payload[at] = static_cast<char>(random.chance());
      }
    }
    // In memory of exactly its size, so that reading beyond it is noticed.
    const std::vector<char> exact(payload.begin(), payload.end());
    state::PayloadReader reader(std::string_view(exact.data(), exact.size()));
    std::span<const Event> item;
    std::size_t bytes = 0;
    while (reader.next(item)) {
      for (const Event& event : item) bytes += event.source.size() + event.customer.size();
    }
    refused += reader.status() ? 0 : 1;
    CHECK(bytes <= 2 * 6 * exact.size() + 1);
  }
  CHECK(refused > 500);
}

TEST_CASE("another version is refused by name") {
  state::PayloadReader reader("\x02whatever");
  std::span<const Event> item;
  CHECK(!reader.next(item));
  REQUIRE(!reader.status());
  CHECK(reader.status().error().code == "unknown_version");
  CHECK(reader.status().error().message == "the events are in format 2; this program reads format 1");
}
