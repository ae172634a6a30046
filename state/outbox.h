// Outbox: what was decided to be told and is not told yet: one tenant's, in a RocksDB of its own, with a witness of
// how many writes of notices were promised (state/witness.h).
//
//   put         durable when it returns; a notice that is known (waiting, dead, or done within 30 days) changes nothing
//   delivered   done; its id is remembered, so that replaying a journal's tail cannot tell it again
//   buried      given up: a dead letter, for 30 days; redrive makes it wait again, purge forgets it
// A notice that has several places to go (the peers of one receiver) is one entry for each of them.
//
// Marks of attempts and of delivery are not synced: what a power cut takes back is delivered again under the same id.
// "Known" is judged in the time of notices (`at`), not of a wall clock: ids are forgotten when a notice 30 days newer
// was put, and what is older than that then is refused as too old, so that no replay of years tells anything twice.
//
// Any thread. A write that failed is final: the outbox refuses all further ones, and whoever owns it stops the process.
// Errors: disk_error, in_use, outbox_damaged, unknown_version, outbox_failed (after another error).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/alert.h"
#include "core/result.h"
#include "state/disk.h"
#include "state/store.h"

namespace rocksdb {
class DB;
class WriteBatch;
}  // namespace rocksdb

namespace state {

class Witness;

inline constexpr std::uint8_t kOutboxVersion = 1;
inline constexpr core::Duration kDoneIdsKept = 30 * windows::kDay;     // in the time of notices
inline constexpr core::Duration kDeadLettersKept = 30 * windows::kDay;  // by the wall clock

struct OutboxOptions {
  std::string folder;          // made if it is not there; its parent is there. Empty: in memory
  std::shared_ptr<Disk> disk;  // null: the real one
  std::optional<Chain> id;     // of one to be made; none: by chance
};

struct OutboxEntry {
  std::uint64_t number = 0;  // ascending from 1, in the order in which they were put
  std::string target;        // whose queue: a receiver's name, or one of its peers
  core::Notice notice;
  core::Time put = 0;        // wall clock; set anew by redrive
  int attempts = 0;          // made so far
  core::Time next = windows::kNever;  // when the next one is due; kNever: at once
  core::Time died = windows::kNever;  // of a dead letter
  std::string error;         // of the last attempt
};

struct OutboxQuery {
  std::string receiver;     // empty: all
  core::Time from = windows::kNever, to = windows::kNever;  // of the notices' `at`: [from, to)
  std::uint64_t after = 0;  // number
  std::size_t limit = 0;    // 0: no limit
};

// What is remembered about a target besides its entries, as text; empty: nothing.
struct TargetNote {
  std::string target;
  std::string text;
};

class Outbox {
 public:
  static core::Result<std::unique_ptr<Outbox>> open(const OutboxOptions& options);
  ~Outbox();

  // One that another process may be using, as of now: only for the two that follow. `disk`: null: the real one.
  static core::Result<std::unique_ptr<Outbox>> follow(const std::string& folder, std::shared_ptr<Disk> disk);
  static bool is_there(const std::string& folder, const Disk& disk);
  struct Counts {
    std::uint64_t waiting = 0, dead = 0;
  };
  core::Result<Counts> count() const;  // reads every entry
  // Everything into another outbox, which it replaces.
  core::Status copy_to(const std::string& folder) const;

  struct Outgoing {
    std::string target;
    const core::Notice* notice = nullptr;
  };
  struct Put {
    std::vector<OutboxEntry> fresh;
    std::size_t known = 0, too_old = 0;
  };
  core::Result<Put> put(std::span<const Outgoing> outgoing, core::Time now);

  // Of entries that wait.
  core::Status delivered(std::span<const std::uint64_t> numbers);
  core::Status attempted(std::span<const std::uint64_t> numbers, int attempts, core::Time next, std::string_view error);
  core::Status buried(std::span<const std::uint64_t> numbers, std::string_view error, core::Time now);

  core::Result<std::optional<OutboxEntry>> waiting(std::uint64_t number) const;
  core::Status each_waiting(const std::function<void(OutboxEntry&&)>& entry) const;  // in order of numbers
  core::Result<std::vector<OutboxEntry>> dead(const OutboxQuery& query) const;
  // Answers the entries, as they wait now, with no attempts made.
  core::Result<std::vector<OutboxEntry>> redrive(const OutboxQuery& query, core::Time now);
  core::Result<std::vector<OutboxEntry>> purge(const OutboxQuery& query);
  // Dead letters and done ids whose time is over. Now and then.
  core::Result<std::vector<OutboxEntry>> expire(core::Time now);

  // Not synced.
  core::Status note(std::string_view target, std::string_view text);
  core::Result<std::vector<TargetNote>> notes() const;
  // Alerts a target is to be told of again and again (Alertmanager); until `forget`.
  core::Status remember(std::string_view target, const core::Alert& alert);
  core::Status forget(std::string_view target, std::string_view key);
  core::Result<std::vector<core::Alert>> remembered(std::string_view target) const;

 private:
  struct Meta {
    Chain id{};
    std::uint64_t writes = 0;  // of notices; the witness knows how many
    std::uint64_t last = 0;    // number
    core::Time newest = windows::kNever;  // `at`, of all that were put
    core::Time floor = windows::kNever;   // ids of what is older are forgotten
  };

  Outbox() = default;
  using Row = std::function<core::Status(std::string_view key, std::string_view value)>;

  core::Status prepare(const OutboxOptions& options);
  core::Status read_meta();
  core::Status compare_witness();
  core::Status write(rocksdb::WriteBatch& batch, bool synced);
  core::Status promise(rocksdb::WriteBatch& batch);  // synced, and the witness knows
  core::Result<OutboxEntry> read(std::string_view key, std::string_view row) const;
  core::Result<OutboxEntry> find(std::uint64_t number) const;  // that waits
  core::Result<bool> known(const std::string& key) const;
  // Of the table of `from`, from there up to but not `to` (empty: its end).
  core::Status each(const std::string& from, const std::string& to, const Row& row) const;
  core::Error damaged(const std::string& what) const;

  std::string folder_;
  std::shared_ptr<Disk> disk_;
  std::unique_ptr<Witness> witness_;
  std::unique_ptr<rocksdb::DB> db_;
  std::string own_folder_;    // of a follower
  mutable std::mutex mutex_;  // of writing
  Meta meta_;
  bool failed_ = false;
};

}  // namespace state
