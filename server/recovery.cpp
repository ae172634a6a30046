#include "server/recovery.h"

#include <algorithm>
#include <utility>

#include "server/log.h"
#include "state/event_codec.h"
#include "state/failpoint.h"
#include "windows/planted_bug.h"

namespace server {
namespace {

constexpr std::uint64_t kTellEvery = 256;  // batches
constexpr std::uint64_t kAtOnce = 1'024;  // batches between two looks at whether to give up

// The tail, in pieces. What was told before is not told again.
core::Status replay_tail(const state::Store& store, std::uint64_t from, std::uint64_t upto, std::uint64_t told,
                         const std::atomic<bool>& give_up, const state::Progress& progress, Recovered& made) {
  constexpr core::Time kAll = std::numeric_limits<core::Time>::max();
  const std::uint64_t to = std::min(upto, store.last().sequence);
  const auto overall = [&](std::string_view what, std::uint64_t done, std::uint64_t) {
    if (progress) progress(what, made.replayed + done, to - from + 1);
  };
  for (std::uint64_t next = from; next <= to;) {
    if (give_up) return core::Error{"given_up", "the server is stopping", ""};
    std::uint64_t end = std::min(to, next + kAtOnce - 1);
    if (next <= told) end = std::min(end, told);
    const auto replayed = replay_journal(store, next, end, kAll, *made.engine, made.seen.get(), overall);
    if (!replayed) return replayed.error();
    made.replayed += replayed->batches;
    made.refused += replayed->refused;
    if (end <= told) made.engine->take_notices();
    next = end + 1;
  }
  return core::Done{};
}

}  // namespace

core::Result<std::optional<Recovered>> restore_and_replay(const state::Store& store, const RecoveryOptions& options,
                                                          std::uint64_t upto, const state::Progress& progress,
                                                          const std::atomic<bool>& give_up, core::Error& why) {
  Recovered made;
  auto engine = core::Engine::create(options.settings);
  if (!engine) return engine.error();
  made.engine = std::move(*engine);
  // Damage found from now on is `why`; found at work, it is for whoever owns the engine.
  auto recovering = std::make_shared<bool>(true);
  made.archive = store.archive([recovering, at_work = options.on_damage](const core::Error& error) {
    if (!*recovering && at_work) at_work(error);
  });
  const state::CheckpointInfo checkpoint = made.archive->info();
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
  const std::uint64_t left_out = windows::planted_bug("the first batch of the tail is left out") ? 1 : 0;
  const core::Status replayed =
      replay_tail(store, checkpoint.sequence + 1 + left_out, upto, options.told, give_up, progress, made);
  if (!replayed) return replayed.error();
  if (const core::Status sound = made.archive->status(); !sound) {
    why = sound.error();
    return std::optional<Recovered>();
  }
  *recovering = false;
  return std::optional<Recovered>(std::move(made));
}

core::Result<std::optional<Recovered>> replay_all(const state::Store& store, const RecoveryOptions& options,
                                                  std::uint64_t upto, const state::Progress& progress,
                                                  const std::atomic<bool>& give_up) {
  Recovered made;
  auto engine = core::Engine::create(options.settings);
  if (!engine) return engine.error();
  made.engine = std::move(*engine);
  made.seen = std::make_unique<state::Seen>(state::SeenOptions{options.id_horizon}, &store);
  const std::uint64_t told = std::max(options.told, store.checkpoint().sequence);
  const core::Status replayed = replay_tail(store, 1, upto, told, give_up, progress, made);
  if (!replayed) return replayed.error();
  return std::optional<Recovered>(std::move(made));
}

core::Result<Recovered> recover(state::Store& store, const RecoveryOptions& options, const state::Progress& progress) {
  const std::atomic<bool> never{false};
  RecoveryOptions how = options;
  for (;;) {
    core::Error why;
    auto recovered = restore_and_replay(store, how, kAllBatches, progress, never, why);
    if (!recovered) return recovered.error();
    if (*recovered) {
      FAILPOINT("after_recovery");
      return std::move(**recovered);
    }
    if (why.code == "unknown_format") return why;
    log_warn(store.folder() + ": " + why.message + "; going back to an older copy of the state, or to the journal");
    // An older copy helps against damage; against other settings, or where there is none, only the journal does.
    const std::uint64_t useless = store.checkpoint().sequence;
    how.told = std::max(how.told, useless);
    core::Status back = why.code == "other_settings" ? core::Status(why) : store.fall_back(why);
    if (!back || store.checkpoint().sequence >= useless) back = store.start_over(why.message);
    if (!back) return back.error();
  }
}

core::Result<std::uint64_t> apply_batch(std::string_view payload, core::Time applied_at, core::Engine& engine,
                                        state::Seen* seen) {
  if (applied_at > engine.now()) engine.advance(applied_at);
  std::uint64_t refused = 0;
  state::PayloadReader items(payload), ahead(payload);
  const auto expect = [&] {
    if (std::span<const core::Event> soon; ahead.next(soon)) engine.expect(soon[0]);
  };
  for (std::size_t i = 0; i < core::Engine::kExpect; ++i) expect();
  for (std::span<const core::Event> item; items.next(item);) {
    expect();
    if (!engine.apply(item)) ++refused;
    if (seen != nullptr && !windows::planted_bug("ids of the tail are not remembered")) {
      seen->remember(state::item_key(item[0].source, item[0].id), items.content(), applied_at);
    }
  }
  const core::Status readable = items.status();
  if (!readable) return readable.error();
  return refused;
}

core::Result<ReplayCounts> replay_journal(const state::Store& store, std::uint64_t from, std::uint64_t to,
                                          core::Time until, core::Engine& engine, state::Seen* seen,
                                          const state::Progress& progress) {
  ReplayCounts counts;
  if (from > to) return counts;
  core::Status readable = core::Done{};
  const core::Status read = store.read(from, to, [&](const state::JournalBatch& batch) {
    if (batch.applied_at > until) return false;
    const auto refused = apply_batch(batch.payload, batch.applied_at, engine, seen);
    if (!refused) {
      readable = refused.error();
      return false;
    }
    counts.refused += *refused;
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
