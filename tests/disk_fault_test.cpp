// Every call that reaches the disk fails once, by EIO or by ENOSPC: nothing acknowledged is lost, nothing is
// acknowledged after a failed commit, and the store opens again.
#include <cstdlib>

#include "tests/stored.h"

#include <catch2/catch.hpp>

namespace {

const bool kLong = std::getenv("RINGSIDE_LONG_TESTS") != nullptr;

// One life of a store, from opening to a kept copy. False as soon as something failed.
bool live(Stored& stored) {
  if (stored.open() != "") return false;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 4; ++i) {
      if (stored.commit(2, 600)) continue;
      // Never again: whatever is asked of it now, it acknowledges nothing.
      const std::size_t committed = stored.committed.size();
      stored.disk.heal();
      CHECK(!stored.commit(1));
      CHECK(!stored.commit(1));
      CHECK(stored.committed.size() == committed);
      return false;
    }
    if (!stored.checkpoint()) {
      stored.disk.heal();
      CHECK(!stored.checkpoint());
      CHECK(stored.commit(1));  // the journal is another database: it goes on
      return false;
    }
    if (!stored.store->keep_copy()) return false;
  }
  return true;
}

void walk(FaultyDisk::Fault fault, bool reads) {
  std::uint64_t reached = 0;
  for (std::uint64_t n = 1;; n += kLong ? 1 : 1 + n / 4) {
    Stored stored(n % 4 != 1);
    // A first life without faults, so that opening has something to recover.
    if (n % 2 == 0) {
      REQUIRE(live(stored));
      REQUIRE(stored.commit(3));
    }
    stored.store.reset();
    stored.disk.fail_at(n, fault, reads);
    live(stored);
    const std::string failed = stored.disk.failed();
    INFO("call " << n << ": " << failed);
    stored.disk.heal();
    if (n % 3 == 0) {
      stored.store.reset();
    } else {
      stored.disk.crash(n % 3 == 1 ? FaultyDisk::Unsynced::lost : FaultyDisk::Unsynced::some, n);
    }
    const std::string code = stored.open();
    INFO(stored.error);
    REQUIRE(code == "");
    REQUIRE(stored.check() == "");
    REQUIRE(stored.commit(1));
    REQUIRE(stored.checkpoint());
    REQUIRE(stored.check() == "");
    if (failed.empty()) break;
    ++reached;
  }
  CHECK(reached > 10);
}

}  // namespace

TEST_CASE("EIO at the n-th call, for every n") { walk(FaultyDisk::Fault::io_error, false); }
TEST_CASE("ENOSPC from the n-th call on, for every n") { walk(FaultyDisk::Fault::no_space, false); }
TEST_CASE("EIO at the n-th call, reading included") { walk(FaultyDisk::Fault::io_error, true); }
