#include "server/keeping.h"

#include <algorithm>

#include "windows/check.h"
#include "windows/planted_bug.h"

namespace server {
namespace {

constexpr core::Duration kCopyEvery = windows::kHour;  // of data

}  // namespace

Keeping::Keeping(Start start)
    : archive_(std::move(start.archive)),
      seen_(std::move(start.seen)),
      interval_(start.interval),
      items_(start.items),
      rows_at_once_(start.rows_at_once),
      appended_(start.last.sequence),
      applied_at_(start.applied_at),
      checkpoint_(start.checkpoint) {
  CHECK(seen_ != nullptr, "who is kept recognises repetitions");
}

// ---- events -------------------------------------------------------------------------------------------------

state::Seen::Answer Keeping::look(std::span<const core::Event> item, core::Time now) {
  content_ = writer_.add(item);
  key_ = state::item_key(item[0].source, item[0].id);
  const state::Seen::Answer answer = seen_->look(key_, content_, now);
  if (answer != state::Seen::Answer::fresh) writer_.drop_last();
  return answer;
}

bool Keeping::fresh(std::span<const core::Event> item, core::Time now) {
  if (look(item, now) != state::Seen::Answer::fresh) return false;
  writer_.drop_last();
  return true;
}

void Keeping::took(core::Time now) {
  seen_->remember(key_, content_, now);
  ++taken_;
}

void Keeping::refused() { writer_.drop_last(); }

std::optional<std::string> Keeping::finish(core::Time now, bool must) {
  if (writer_.empty() && !must) return std::nullopt;
  ++appended_;
  applied_at_ = now;
  return writer_.take();
}

// ---- checkpoints --------------------------------------------------------------------------------------------

void Keeping::change(std::unique_ptr<state::StateArchive> archive, std::unique_ptr<state::Seen> seen,
                     bool start_over) {
  CHECK(!checkpointing(), "no checkpoint is under way while engines change");
  archive_ = std::move(archive);
  if (seen) seen_ = std::move(seen);
  if (start_over) checkpoint_ = {};
  hurried_ = true;  // until then a start would do all of this again
  held_ = false;
}

bool Keeping::due(const core::Engine& engine, windows::Time steady) const {
  if (held_) return false;
  if (steady < next_ && !hurried_ && taken_ < items_) return false;
  // Where nothing comes in, what time alone changes is written once an hour.
  return appended_ != checkpoint_.sequence ||
         (checkpoint_.generation != 0 && engine.now() >= checkpoint_.applied_at + kCopyEvery);
}

std::optional<Checkpoint> Keeping::step(core::Engine& engine, std::uint64_t synced, windows::Time steady) {
  if (next_ == windows::kNever) next_ = steady + interval_;
  if (phase_ == Phase::idle && due(engine, steady) && engine.begin_keep(checkpoint_.generation + 1)) {
    next_ = steady + interval_;
    hurried_ = false;
    taken_ = 0;
    batch_ = {};
    batch_.info = {appended_, engine.now(), checkpoint_.generation + 1};
    batch_.ids = seen_->take(batch_.info.generation);
    phase_ = Phase::collecting;
  }
  if (phase_ == Phase::collecting) {
    const auto take = [this](core::Kept&& row) { batch_.rows.push_back(std::move(row)); };
    const bool all = engine.keep_some(rows_at_once_, take);
    if (all) phase_ = Phase::complete;
  }
  // What is not in the journal for good must not be in the state: after a crash it would never have been.
  if (phase_ != Phase::complete) return std::nullopt;
  if (synced < batch_.info.sequence && !windows::planted_bug("a checkpoint ahead of the journal")) return std::nullopt;
  phase_ = Phase::writing;
  Checkpoint checkpoint;
  const auto hour = [](core::Time time) { return windows::floor_to(std::max<core::Time>(time, 0), kCopyEvery); };
  checkpoint.copy = checkpoint_.generation == 0 || hour(batch_.info.applied_at) > hour(checkpoint_.applied_at);
  const state::CheckpointInfo info = batch_.info;
  checkpoint.batch = std::move(batch_);
  batch_ = {};
  batch_.info = info;
  return checkpoint;
}

void Keeping::written(core::Engine& engine, std::uint64_t generation) {
  CHECK(phase_ == Phase::writing && generation == batch_.info.generation, "one checkpoint at a time");
  checkpoint_ = batch_.info;
  phase_ = Phase::idle;
  if (archive_ != nullptr) archive_->refresh();
  engine.kept(generation);
  seen_->kept(generation);
}

}  // namespace server
