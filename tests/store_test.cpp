// Store: what was committed is there, exactly, after whatever happened to the process or the power.
#include "state/store.h"

#include <random>

#include "tests/stored.h"

#include <catch2/catch.hpp>

namespace {

// RINGSIDE_LONG_TESTS=1: every call and many seeds instead of a sample.
const bool kLong = std::getenv("RINGSIDE_LONG_TESTS") != nullptr;

}  // namespace

TEST_CASE("a new store is empty, and what is committed is read back") {
  Stored stored(true);
  REQUIRE(stored.open() == "");
  CHECK(stored.store->last().sequence == 0);
  CHECK(stored.store->checkpoint().sequence == 0);
  CHECK(stored.check() == "");
  REQUIRE(stored.commit(3));
  REQUIRE(stored.commit(1, 5'000));
  CHECK(stored.store->last().sequence == 4);
  CHECK(stored.check() == "");
  const state::Position before = stored.store->last();
  REQUIRE(stored.open() == "");
  CHECK(stored.store->last() == before);
  CHECK(stored.check() == "");
}

TEST_CASE("only one may have a store open") {
  Stored stored(true);
  REQUIRE(stored.open() == "");
  const auto second = state::Store::open(stored.options);
  REQUIRE(!second);
  CHECK(second.error().code == "in_use");
}

TEST_CASE("a checkpoint carries its sequence; archives show one instant until they are refreshed") {
  Stored stored(true);
  REQUIRE(stored.open() == "");
  stored.commit(5);
  REQUIRE(stored.checkpoint());
  const auto archive = stored.store->archive();
  CHECK(archive->info().sequence == 5);
  CHECK(archive->generation() == 1);
  stored.commit(5);
  REQUIRE(stored.checkpoint());
  std::string value;
  CHECK(!archive->get(core::Keep::record, "r7", value));
  CHECK(archive->generation() == 1);
  archive->refresh();
  CHECK(archive->get(core::Keep::record, "r7", value));
  CHECK(archive->info().sequence == 10);
  CHECK(archive->generation() == 2);
  CHECK(stored.check() == "");
}

TEST_CASE("rows are erased, intervals are added up") {
  Stored stored(true);
  REQUIRE(stored.open() == "");
  stored.commit(1);
  state::CheckpointBatch first{{1, 100, 1}, {{core::Keep::record, "a", "1"}, {core::Keep::record, "b", "2"}}, {}};
  REQUIRE(stored.store->write_checkpoint(std::move(first)));
  stored.commit(1);
  REQUIRE(stored.store->write_checkpoint({{2, 200, 2}, {{core::Keep::record, "a", ""}}, {}}));
  const auto archive = stored.store->archive();
  std::string value;
  CHECK(!archive->get(core::Keep::record, "a", value));
  CHECK(archive->get(core::Keep::record, "b", value));
}

TEST_CASE("kept copies: as of an instant, the oldest go") {
  Stored stored(true);
  REQUIRE(stored.open() == "");
  for (int i = 0; i < 5; ++i) {
    stored.commit(10);
    REQUIRE(stored.checkpoint());
    REQUIRE(stored.store->keep_copy());
  }
  const auto at = [&](int batch) { return stored.committed[static_cast<std::size_t>(batch - 1)].applied_at; };
  const auto as_of = [&](core::Time time) {
    auto archive = stored.store->archive_as_of(time);
    REQUIRE(archive);
    return *archive ? static_cast<int>((*archive)->info().sequence) : 0;
  };
  CHECK(as_of(at(50)) == 50);
  CHECK(as_of(at(49)) == 40);
  CHECK(as_of(at(40)) == 40);
  CHECK(as_of(at(35)) == 30);
  CHECK(as_of(at(29)) == 0);  // three are kept
  const auto archive = stored.store->archive_as_of(at(35));
  std::string value;
  CHECK((*archive)->get(core::Keep::meta, "last", value));
  CHECK(value == "v30");
  REQUIRE(stored.open() == "");
  CHECK(as_of(at(49)) == 40);
}

TEST_CASE("starting over: the state is empty, the journal is not, copies stay") {
  Stored stored(true);
  REQUIRE(stored.open() == "");
  stored.commit(10);
  REQUIRE(stored.checkpoint());
  REQUIRE(stored.store->keep_copy());
  REQUIRE(stored.store->start_over("the settings are others"));
  CHECK(stored.store->checkpoint().sequence == 0);
  CHECK(stored.store->notes().size() == 2);
  CHECK(stored.check() == "");
  REQUIRE(stored.checkpoint());
  CHECK(stored.check() == "");
  REQUIRE(stored.open() == "");
  CHECK(stored.store->checkpoint().sequence == 10);
}

TEST_CASE("a power cut at any moment loses nothing that was acknowledged") {
  for (std::uint64_t seed = 1; seed <= (kLong ? 1'000u : 5u); ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 chance(seed);
    Stored stored(true);
    for (int life = 0; life < 4; ++life) {
      REQUIRE(stored.open() == "");
      REQUIRE(stored.check() == "");
      const std::uint64_t steps = chance() % 12;
      for (std::uint64_t step = 0; step < steps; ++step) {
        REQUIRE(stored.commit(1 + static_cast<int>(chance() % 4), 20 + chance() % 3'000));
        if (chance() % 4 == 0) REQUIRE(stored.checkpoint());
        if (chance() % 8 == 0) REQUIRE(stored.store->keep_copy());
      }
      // Some of what is written last is in flight when the power goes.
      if (chance() % 2 == 0) {
        stored.disk.fail_at(1 + chance() % 6, FaultyDisk::Fault::io_error);
        if (chance() % 2 == 0 || stored.committed.empty()) {
          stored.commit(3, 4'000);
        } else {
          stored.checkpoint();
        }
      }
      stored.disk.crash(FaultyDisk::Unsynced::some, chance());
    }
    REQUIRE(stored.open() == "");
    REQUIRE(stored.check() == "");
  }
}

TEST_CASE("a power cut while a store is made, or opened, leaves one that opens") {
  for (std::uint64_t n = 1;; n += kLong ? 1 : 17) {
    INFO("call " << n);
    Stored stored;
    stored.disk.fail_at(n, FaultyDisk::Fault::io_error);
    stored.open();
    const bool reached = stored.disk.reached();
    stored.disk.crash(n % 2 == 0 ? FaultyDisk::Unsynced::some : FaultyDisk::Unsynced::lost, n);
    REQUIRE(stored.open() == "");
    REQUIRE(stored.commit(2));
    REQUIRE(stored.check() == "");
    if (!reached) break;
  }
}

TEST_CASE("two stores on the same batches have the same chain; another batch, another chain") {
  Stored one(true), two(true), three(true);
  REQUIRE(one.open() == "");
  REQUIRE(two.open() == "");
  REQUIRE(three.open() == "");
  one.commit(3);
  for (int i = 0; i < 3; ++i) two.commit(1);
  three.commit(3, 41);
  CHECK(one.store->last() == two.store->last());
  CHECK(one.store->last().chain != three.store->last().chain);
}
