// Recovery: a tenant's engine as it was, from its store: the state as of the last checkpoint, then the journal's tail.
// Where the state is damaged or was made for other settings: from an older copy, or from the journal alone.
// The thread that will own the engine.
#pragma once

#include <memory>
#include <string>

#include "core/engine.h"
#include "server/config.h"
#include "state/seen.h"
#include "state/store.h"

namespace server {

struct Recovered {
  std::unique_ptr<core::Engine> engine;
  std::unique_ptr<state::StateArchive> archive;  // attached to the engine; destroyed after it
  std::unique_ptr<state::Seen> seen;
  std::uint64_t replayed = 0;   // batches
  std::uint64_t refused = 0;    // items that were accepted once and are not any more: other limits
};

struct RecoveryOptions {
  core::TenantSettings settings;
  core::Duration id_horizon = 48 * windows::kHour;
  state::Store::OnDamage on_damage;  // of the archive, once the engine is at work
};

// Errors: of Engine::create, of the journal.
core::Result<Recovered> recover(state::Store& store, const RecoveryOptions& options, const state::Progress& progress);

// Applies batches [from, to] of the journal that were applied no later than `until`, as they were then.
// `seen` may be null. Answers how many. Errors: journal_damaged, bad_payload, unknown_version.
struct ReplayCounts {
  std::uint64_t batches = 0;
  std::uint64_t refused = 0;
};
core::Result<ReplayCounts> replay_journal(const state::Store& store, std::uint64_t from, std::uint64_t to,
                                          core::Time until, core::Engine& engine, state::Seen* seen,
                                          const state::Progress& progress);

}  // namespace server
