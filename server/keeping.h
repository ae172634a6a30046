// Keeping: what the shard's loop does for a tenant that survives a stop: it recognises what came before, makes
// journal batches of what is new, and hands out checkpoints a few rows at a time between batches. Reads and
// writes no disk itself but for ids and rows that have left memory. The loop's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "core/engine.h"
#include "state/event_codec.h"
#include "state/seen.h"
#include "state/store.h"

namespace server {

struct Checkpoint {
  state::CheckpointBatch batch;
  bool copy = false;  // keep a copy of the state as it is after this one
};

class Keeping {
 public:
  struct Start {
    state::Position last;
    core::Time applied_at = windows::kNever;  // of the last batch, or of the checkpoint where there is none since
    state::CheckpointInfo checkpoint;
    std::unique_ptr<state::StateArchive> archive;  // null in tests without a state
    std::unique_ptr<state::Seen> seen;
    windows::Duration interval = 10 * windows::kSecond;  // between checkpoints, steady
    std::size_t items = 200'000;  // and after at most so many items, which bounds what a restart applies again
    std::size_t rows_at_once = 100;  // handed out between two rounds of work: some tens of microseconds
  };
  explicit Keeping(Start start);

  // One item after the other: look, and if it is fresh either took or refused.
  state::Seen::Answer look(std::span<const core::Event> item, core::Time now);
  bool fresh(std::span<const core::Event> item, core::Time now);  // only asks
  void took(core::Time now);
  void refused();
  // What is to be appended after the items of a batch, as batch appended(); nothing if nothing was new.
  // `must`: also when there is nothing in it but the time.
  std::optional<std::string> finish(core::Time now, bool must);

  std::size_t waiting() const { return writer_.items(); }  // for finish
  std::uint64_t appended() const { return appended_; }
  core::Time applied_at() const { return applied_at_; }

  // Begins a checkpoint when it is time, goes on with one under way; answers it when it is complete and all it
  // stands for is synced.
  std::optional<Checkpoint> step(core::Engine& engine, std::uint64_t synced, windows::Time steady);
  // While an engine is made to take this one's place, none is begun: it starts from the last one and what came since.
  void hold(bool on) { held_ = on; }
  void let_go() { archive_.reset(); }  // of what the engine read, which is no more
  // The engine is another one, of other settings; `start_over`: and so is the state, of which nothing is kept yet.
  // `seen` where it was made anew.
  void change(std::unique_ptr<state::StateArchive> archive, std::unique_ptr<state::Seen> seen, bool start_over);
  // Begins one now, if anything was appended since the last. For a stop.
  void hurry() { hurried_ = true; }
  // The checkpoint of that generation is durable.
  void written(core::Engine& engine, std::uint64_t generation);
  // Whether step has more to do at once.
  bool collecting() const { return phase_ == Phase::collecting; }
  bool checkpointing() const { return phase_ != Phase::idle; }
  std::uint64_t checkpoint_sequence() const { return checkpoint_.sequence; }  // of the last durable one
  bool checkpointed() const { return checkpoint_.sequence == appended_ && !checkpointing(); }

 private:
  enum class Phase : std::uint8_t { idle, collecting, complete, writing };
  bool due(const core::Engine& engine, windows::Time steady) const;

  std::unique_ptr<state::StateArchive> archive_;
  std::unique_ptr<state::Seen> seen_;
  windows::Duration interval_;
  std::size_t items_;
  std::size_t rows_at_once_;

  state::PayloadWriter writer_;
  state::ItemKey key_;          // of the item being looked at
  std::uint64_t content_ = 0;
  std::uint64_t appended_ = 0;
  core::Time applied_at_ = windows::kNever;

  Phase phase_ = Phase::idle;
  state::CheckpointInfo checkpoint_;  // the last durable one
  state::CheckpointBatch batch_;      // the one under way
  windows::Time next_ = windows::kNever;  // steady
  bool hurried_ = false;
  bool held_ = false;
  std::size_t taken_ = 0;  // items since the last checkpoint began
};

}  // namespace server
