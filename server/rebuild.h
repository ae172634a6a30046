// Rebuild: a tenant's engine under other settings, made beside the running one from what is kept: the last checkpoint
// (or nothing, where what it holds was summed up for the old settings) and the journal, by the code that recovers
// after a crash. What is appended meanwhile comes as a log of batches (ShardLoop::take_log).
// A thread of its own; the store is only read.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "core/engine.h"
#include "core/memory_archive.h"
#include "server/recovery.h"
#include "server/shard_loop.h"

namespace server {

// Where `from_scratch`, there is no archive and the store is to start over before the engine takes the old one's place.
struct Rebuilt {
  Recovered recovered;
  bool from_scratch = false;
};

// With all batches up to `upto`, which are or will soon be synced. Errors: those of recovery; given_up.
core::Result<Rebuilt> rebuild(const state::Store& store, const RecoveryOptions& options, std::uint64_t upto,
                              const std::atomic<bool>& give_up);
// Where nothing is kept: from the rows of the running engine.
core::Result<Rebuilt> rebuild(core::MemoryArchive& rows, const core::TenantSettings& settings);

void apply_log(const std::vector<LoggedBatch>& log, Recovered& recovered);

}  // namespace server
