// Store: one tenant's folder: the journal of what was accepted, the witness of what was promised, the state as of the
// last checkpoint, and kept copies of it. What each file promises is in docs/durability.md.
//
//   commit(batches)         durable when it returns
//   write_checkpoint(rows)  atomic; carries the sequence it stands for
//   archive(), read()       what there is
// Sequences count journal batches from 1, without gaps. Each batch holds the hash of all before it.
//
// Threads: commit() belongs to one thread, write_checkpoint() and keep_copy() to another; everything const is for any
// thread. An Archive belongs to one thread. A failed commit or checkpoint is final: the store refuses all further ones,
// and whoever owns it stops the process; what was durable is found out at the next open().
// Errors name the file, what is missing, and the command to use next.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/keep.h"
#include "core/result.h"
#include "state/disk.h"
#include "state/seen.h"
#include "windows/time.h"

namespace state {

using Chain = std::array<std::uint64_t, 2>;

struct Position {
  std::uint64_t sequence = 0;  // 0: nothing yet
  Chain chain{};               // of everything up to it
  bool operator==(const Position&) const = default;
};

struct Append {  // to the journal
  core::Time applied_at = 0;
  std::string_view payload;  // state/event_codec.h
};

struct JournalBatch {  // from the journal
  std::uint64_t sequence = 0;
  core::Time applied_at = 0;
  std::string_view payload;
};

struct CheckpointInfo {
  std::uint64_t sequence = 0;  // 0: none was written; the state is that of before the first batch
  core::Time applied_at = windows::kNever;
  std::uint64_t generation = 0;
};

struct CheckpointBatch {
  CheckpointInfo info;  // `sequence` is committed already; not smaller than that of the last one
  std::vector<core::Kept> rows;
  std::vector<SeenRow> ids;
};

// How far something long has come; `total` 0 = unknown. Called every few thousand steps on the caller's thread.
using Progress = std::function<void(std::string_view what, std::uint64_t done, std::uint64_t total)>;

struct StoreOptions {
  std::string folder;                    // made if it is not there; its parent is there
  std::shared_ptr<Disk> disk;            // null: the real one
  int kept_copies = 48;                  // the oldest beyond that go
  core::Duration id_horizon = 48 * windows::kHour;  // ids older than that may be forgotten
  std::size_t cache_bytes = 64u << 20;   // of blocks read from the state
  bool create = true;                    // false: a folder that is not there is an error
  // Damage of the state was found while reading it, on the thread that read; the store has noted it in its folder, so
  // that the next open() falls back. Called at most once for an archive and once for look-ups of ids. Whoever serves
  // stops the process; whoever is still restoring calls Store::fall_back().
  std::function<void(const core::Error&)> on_damage;
  std::optional<Chain> id;  // of a store to be made; none: by chance
};

// Core's Archive over the state. It shows the state as of its making or the last refresh(), so that an engine sees
// new generations only when it is told: refresh() first, then Engine::kept().
// After damage nothing is found any more and status() says why.
class StateArchive : public core::Archive {
 public:
  virtual void refresh() = 0;
  virtual CheckpointInfo info() const = 0;
  virtual core::Status status() const = 0;  // fails once something was damaged
};

class Store {
 public:
  // Recovers what a crash left; a torn tail that was never promised is normal. Errors: disk_error, not_a_store,
  // unknown_version, in_use, journal_damaged, journal_incomplete, witness_damaged.
  static core::Result<std::unique_ptr<Store>> open(const StoreOptions& options, const Progress& progress = {});
  ~Store();

  // What open() had to do, for the log; empty when there was nothing special. One sentence each.
  const std::vector<std::string>& notes() const;

  Position last() const;
  core::Status commit(std::span<const Append> batches);
  // Batches [from, to], in order, each checked against the chain; `row` false ends it. Errors: journal_damaged.
  core::Status read(std::uint64_t from, std::uint64_t to, const std::function<bool(const JournalBatch&)>& row) const;

  CheckpointInfo checkpoint() const;
  core::Status write_checkpoint(CheckpointBatch&& batch);
  core::Status keep_copy();

  using OnDamage = std::function<void(const core::Error&)>;
  std::unique_ptr<StateArchive> archive(OnDamage on_damage = {}) const;  // none: that of the options
  // Over the newest kept copy (or the state itself) that is not after `time`; null: start from nothing.
  core::Result<std::unique_ptr<StateArchive>> archive_as_of(core::Time time) const;
  // After damage of the state was found while reading: sets it aside and goes back to the newest good copy, or to
  // nothing; then checkpoint() is that of the copy and archives are to be made anew. Not while others use them.
  core::Status fall_back(const core::Error& why);
  // The state is whole but of no use, for example after a change of settings it depends on: set aside, copies too are
  // left alone, and everything is applied again from the first batch. Not while others use it.
  core::Status start_over(const std::string& why);

  // Of the ids table.
  std::optional<SeenRow> find_id(const ItemKey& key) const;  // none after damage
  bool has_ids() const;

  const std::string& folder() const;
  std::uint64_t bytes() const;  // on disk, roughly

 private:
  Store();
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace state
