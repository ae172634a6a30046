// Stored: a store on a faulty disk together with what was committed to it, so that a test can compare every byte.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "state/store.h"
#include "tests/faulty_disk.h"

struct Stored {
  FaultyDisk disk;
  std::unique_ptr<state::Store> store;
  state::StoreOptions options;

  struct Batch {
    core::Time applied_at = 0;
    std::string payload;
    bool operator==(const Batch&) const = default;
  };
  std::vector<Batch> committed;  // acknowledged: commit() said yes
  std::vector<Batch> attempted;  // handed over; begins with all committed ones

  // `made`: on a disk that has an empty store already, which is much faster than making one.
  explicit Stored(bool made = false);
  // Empty, or the code of the error; the message is in `error`.
  std::string open();
  std::string error;

  // `count` batches of about `bytes` each in one commit. Whether it succeeded.
  bool commit(int count, std::size_t bytes = 40);
  // A checkpoint of all that is committed: rows derived from the batches, so that they can be checked.
  bool checkpoint();
  // Empty when the journal holds exactly the first n attempted batches, n >= committed, and the state what its sequence
  // says; else what is wrong.
  std::string check();
};
