// Recovery: a tenant's engine as it was, from its store: the state as of the last checkpoint, then the journal's tail.
// Where the state is damaged or was made for other settings: from an older copy, or from the journal alone.
// The thread that will own the engine.
#pragma once

#include <atomic>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/engine.h"
#include "server/config.h"
#include "state/seen.h"
#include "state/store.h"

namespace server {

struct Recovered {
  // Destroyed in the other order: the engine reads the archive.
  std::unique_ptr<state::StateArchive> archive;
  std::unique_ptr<core::Engine> engine;
  std::unique_ptr<state::Seen> seen;
  std::uint64_t replayed = 0;   // batches
  std::uint64_t refused = 0;    // items that were accepted once and are not any more: other limits
};

struct RecoveryOptions {
  core::TenantSettings settings;
  core::Duration id_horizon = 48 * windows::kHour;
  state::Store::OnDamage on_damage;  // of the archive, once the engine is at work
  // Notices made by batches up to this one were in the outbox before a checkpoint was written: they are not made again.
  std::uint64_t told = 0;
};

// Errors: of Engine::create, of the journal.
core::Result<Recovered> recover(state::Store& store, const RecoveryOptions& options, const state::Progress& progress);

// Its parts. With batches up to `upto`; nothing where the state is of no use, then `why`. Errors: also given_up.
constexpr std::uint64_t kAllBatches = std::numeric_limits<std::uint64_t>::max();
core::Result<std::optional<Recovered>> restore_and_replay(const state::Store& store, const RecoveryOptions& options,
                                                          std::uint64_t upto, const state::Progress& progress,
                                                          const std::atomic<bool>& give_up, core::Error& why);
// From the journal alone; no archive is attached.
core::Result<std::optional<Recovered>> replay_all(const state::Store& store, const RecoveryOptions& options,
                                                  std::uint64_t upto, const state::Progress& progress,
                                                  const std::atomic<bool>& give_up);

// Applies batches [from, to] of the journal that were applied no later than `until`, as they were then.
// `seen` may be null. Answers how many. Errors: journal_damaged, bad_payload, unknown_version.
struct ReplayCounts {
  std::uint64_t batches = 0;
  std::uint64_t refused = 0;
};
core::Result<ReplayCounts> replay_journal(const state::Store& store, std::uint64_t from, std::uint64_t to,
                                          core::Time until, core::Engine& engine, state::Seen* seen,
                                          const state::Progress& progress);
// One of them. Answers how many items were refused. Errors: bad_payload, unknown_version.
core::Result<std::uint64_t> apply_batch(std::string_view payload, core::Time applied_at, core::Engine& engine,
                                        state::Seen* seen);

}  // namespace server
