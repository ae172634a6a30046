// What a person does with stores from outside: look through everything in one, copy it while it is in use, put a copy
// back, read its journal. None of it needs the process that may be using the store, and none of it changes the store
// that is read. Errors: those of Store::open; not_a_store, not_empty, in_use. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "state/disk.h"
#include "state/store.h"

namespace state {

// A store itself, or the stores in a folder of stores, by name; empty when there are none.
struct Place {
  std::string name;  // empty for a store itself
  std::string path;
};
std::vector<Place> stores_in(const std::string& folder);

struct Inspection {
  std::uint64_t batches = 0, items = 0, events = 0;  // whole ones, from the beginning
  std::uint64_t promised = 0;                        // by the witness
  core::Time first = windows::kNever, last = windows::kNever;  // applied_at
  CheckpointInfo state;
  std::uint64_t rows = 0;    // of the state
  std::uint64_t copies = 0;  // good ones
  std::uint64_t waiting = 0, dead = 0;  // notices of the outbox
  std::vector<std::string> faults;    // one sentence each; none: everything is whole
  std::vector<std::string> warnings;  // damage of what can be made again
};
// Reads every byte there is. Only a folder that is no store is an error; what is wrong with a store is in the answer.
core::Result<Inspection> inspect(const std::string& folder, const Progress& progress);

struct BackupReport {
  std::uint64_t before = 0;  // batches that were in the backup already
  std::uint64_t batches = 0;
  std::string copy;  // of the state, by name; empty when there is none yet
};
// Brings the backup `to` up to what the store's witness promises now; makes it when it is not there. Checks
// everything it copies against the chain. The outbox goes with it, and what sources keep beside the store: how far they
// were read, never further than the batches of the backup, and what nobody could read. Errors also: other_store,
// outbox_damaged.
core::Result<BackupReport> back_up(const std::string& from, const std::string& to, const Progress& progress);

struct RestoreReport {
  std::uint64_t batches = 0;   // of the backup
  std::uint64_t salvaged = 0;  // that only the store that was there had
  std::uint64_t lost = 0;      // promised by the witness that was there, and nowhere to be found
  std::string aside;           // where the store that was there is now
};
// The outbox, and what sources keep, are taken from where they are newer: from the store that was there, if it can be
// read and none of its batches is lost, else from the backup.
// Makes a store at `to` from a backup; an empty `backup` means: from what can still be read at `to` alone. A store that
// is there is moved aside, and what its journal has beyond the backup is taken as far as it is whole.
core::Result<RestoreReport> restore(const std::string& backup, const std::string& to, const Progress& progress);

// Batches [from, to] of a store that may be in use.
core::Status read_journal(const std::string& folder, std::uint64_t from, std::uint64_t to,
                          const std::function<bool(const JournalBatch&)>& row);

}  // namespace state
