// Seen: exact against a model that remembers everything, with little memory, across checkpoints and restarts.
#include "state/seen.h"

#include <map>
#include <optional>
#include <random>

#include "tests/stored.h"

#include <catch2/catch.hpp>

using state::ItemKey;
using state::Seen;

TEST_CASE("fresh, then repeated; other content is a conflict; after the horizon it is fresh again") {
  Seen seen({1'000, 10}, nullptr);
  const ItemKey key = state::item_key("acd", "e1");
  CHECK(seen.look(key, 5, 100) == Seen::Answer::fresh);
  CHECK(seen.look(key, 5, 100) == Seen::Answer::fresh);  // looking is not remembering
  seen.remember(key, 5, 100);
  CHECK(seen.look(key, 5, 100) == Seen::Answer::repeated);
  CHECK(seen.look(key, 6, 100) == Seen::Answer::conflict);
  CHECK(seen.look(state::item_key("acd", "e2"), 5, 100) == Seen::Answer::fresh);
  CHECK(seen.look(key, 5, 1'100) == Seen::Answer::repeated);
  CHECK(seen.look(key, 6, 1'101) == Seen::Answer::fresh);
  seen.remember(key, 6, 1'101);
  CHECK(seen.look(key, 5, 1'101) == Seen::Answer::conflict);
}

TEST_CASE("without a store, memory is what bounds it") {
  Seen seen({1'000'000, 100}, nullptr);
  for (std::uint64_t i = 0; i < 1'000; ++i) seen.remember({i, i}, 1, static_cast<core::Time>(i));
  CHECK(seen.counts().in_memory == 100);
  CHECK(seen.look({999, 999}, 1, 1'000) == Seen::Answer::repeated);
  CHECK(seen.look({1, 1}, 1, 1'000) == Seen::Answer::fresh);
}

TEST_CASE("with a store: exact with little memory, across checkpoints and crashes") {
  constexpr core::Duration kHorizon = 2'000;
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 chance(seed);
    Stored stored(true);
    stored.options.id_horizon = kHorizon;
    REQUIRE(stored.open() == "");
    auto seen = std::make_unique<Seen>(state::SeenOptions{kHorizon, 50}, stored.store.get());
    struct Known {
      std::uint64_t content;
      core::Time at;
    };
    std::map<std::uint64_t, Known> model;
    struct Remembered {
      std::uint64_t id, content;
      core::Time at;
    };
    std::vector<Remembered> journal;  // one a batch
    std::uint64_t generation = 0;
    core::Time now = 10'000;
    for (int step = 0; step < 3'000; ++step) {
      now += static_cast<core::Time>(chance() % 4);
      const std::uint64_t id = chance() % 1'500;
      const std::uint64_t content = chance() % 8 == 0 ? 2 : 1;
      const auto known = model.find(id);
      const Seen::Answer expected = known == model.end() || known->second.at < now - kHorizon ? Seen::Answer::fresh
                                    : known->second.content == content                        ? Seen::Answer::repeated
                                                                                              : Seen::Answer::conflict;
      REQUIRE(seen->look({id, ~id}, content, now) == expected);
      if (expected == Seen::Answer::fresh) {
        model[id] = {content, now};
        seen->remember({id, ~id}, content, now);
        journal.push_back({id, content, now});
        const state::Append append{now, "x"};
        REQUIRE(stored.store->commit({&append, 1}));
      }
      if (chance() % 100 == 0 && !journal.empty()) {
        ++generation;
        REQUIRE(stored.store->write_checkpoint({{journal.size(), now, generation}, {}, seen->take(generation)}));
        if (chance() % 2 == 0) seen->kept(generation);
        CHECK(seen->counts().in_memory < 600);
      }
      if (chance() % 400 == 0) {
        stored.disk.crash(FaultyDisk::Unsynced::lost);
        stored.attempted.resize(journal.size());
        REQUIRE(stored.open() == "");
        seen = std::make_unique<Seen>(state::SeenOptions{kHorizon, 50}, stored.store.get());
        generation = stored.store->checkpoint().generation;
        for (std::size_t i = stored.store->checkpoint().sequence; i < journal.size(); ++i) {
          seen->remember({journal[i].id, ~journal[i].id}, journal[i].content, journal[i].at);
        }
      }
    }
    CHECK(seen->counts().looked_up > 0);
  }
}
