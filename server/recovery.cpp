#include "server/recovery.h"

#include <limits>
#include <optional>
#include <utility>

#include "server/log.h"
#include "state/event_codec.h"
#include "state/failpoint.h"
#include "windows/planted_bug.h"

namespace server {
namespace {

constexpr std::uint64_t kTellEvery = 256;  // batches

// One attempt from what the store has now. Nothing when the state turned out to be of no use: then `why`.
core::Result<std::optional<Recovered>> attempt(state::Store& store, const RecoveryOptions& options,
                                               const state::Progress& progress, core::Error& why) {
  Recovered made;
  auto engine = core::Engine::create(options.settings);
  if (!engine) return engine.error();
  made.engine = std::move(*engine);
  // Damage found from now on is `why`; found at work, it is for whoever owns the engine.
  auto recovering = std::make_shared<bool>(true);
  made.archive = store.archive([recovering, at_work = options.on_damage](const core::Error& error) {
    if (!*recovering && at_work) at_work(error);
  });
  const state::CheckpointInfo checkpoint = store.checkpoint();
  if (checkpoint.generation != 0) {
    if (progress) progress("reading the state", 0, 0);
    core::Status restored = made.engine->restore(*made.archive);
    if (const core::Status sound = made.archive->status(); !sound) restored = sound;
    if (!restored) {
      why = restored.error();
      return std::optional<Recovered>();
    }
  }
  made.engine->attach(made.archive.get());
  made.seen = std::make_unique<state::Seen>(state::SeenOptions{options.id_horizon}, &store);
  constexpr core::Time kAll = std::numeric_limits<core::Time>::max();
  const std::uint64_t left_out = windows::planted_bug("the first batch of the tail is left out") ? 1 : 0;
  const auto replayed = replay_journal(store, checkpoint.sequence + 1 + left_out, store.last().sequence, kAll,
                                       *made.engine, made.seen.get(), progress);
  if (!replayed) return replayed.error();
  made.replayed = replayed->batches;
  made.refused = replayed->refused;
  if (const core::Status sound = made.archive->status(); !sound) {
    why = sound.error();
    return std::optional<Recovered>();
  }
  *recovering = false;
  return std::optional<Recovered>(std::move(made));
}

}  // namespace

core::Result<Recovered> recover(state::Store& store, const RecoveryOptions& options, const state::Progress& progress) {
  for (;;) {
    core::Error why;
    auto recovered = attempt(store, options, progress, why);
    if (!recovered) return recovered.error();
    if (*recovered) {
      FAILPOINT("after_recovery");
      return std::move(**recovered);
    }
    if (why.code == "unknown_format") return why;
    log_warn(store.folder() + ": " + why.message + "; going back to an older copy of the state, or to the journal");
    // An older copy helps against damage; against other settings, or where there is none, only the journal does.
    const std::uint64_t useless = store.checkpoint().sequence;
    core::Status back = why.code == "other_settings" ? core::Status(why) : store.fall_back(why);
    if (!back || store.checkpoint().sequence >= useless) back = store.start_over(why.message);
    if (!back) return back.error();
  }
}

core::Result<ReplayCounts> replay_journal(const state::Store& store, std::uint64_t from, std::uint64_t to,
                                          core::Time until, core::Engine& engine, state::Seen* seen,
                                          const state::Progress& progress) {
  ReplayCounts counts;
  if (from > to) return counts;
  core::Status readable = core::Done{};
  const core::Status read = store.read(from, to, [&](const state::JournalBatch& batch) {
    if (batch.applied_at > until) return false;
    if (batch.applied_at > engine.now()) engine.advance(batch.applied_at);
    state::PayloadReader items(batch.payload), ahead(batch.payload);
    const auto expect = [&] {
      if (std::span<const core::Event> soon; ahead.next(soon)) engine.expect(soon[0]);
    };
    for (std::size_t i = 0; i < core::Engine::kExpect; ++i) expect();
    for (std::span<const core::Event> item; items.next(item);) {
      expect();
      if (!engine.apply(item)) ++counts.refused;
      if (seen != nullptr && !windows::planted_bug("ids of the tail are not remembered")) {
        seen->remember(state::item_key(item[0].source, item[0].id), items.content(), batch.applied_at);
      }
    }
    readable = items.status();
    if (!readable) return false;
    if (++counts.batches % kTellEvery == 0 && progress) {
      progress("applying the journal", batch.sequence - from + 1, to - from + 1);
    }
    FAILPOINT("while_recovering");
    return true;
  });
  if (!read) return read.error();
  if (!readable) return readable.error();
  return counts;
}

}  // namespace server
