// Tables: the state as of a checkpoint: one RocksDB, a column family for each of core's tables and one for ids.
//
// Every checkpoint is one WriteBatch that also carries the sequence it stands for and that sequence's chain, flushed
// to tables of all families at once, so what is there is always that of one instant of the journal. Kept copies are
// hard links of its files.
// write() and copy_to(): one thread; the rest: any. An archive belongs to one thread.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/result.h"
#include "state/disk.h"
#include "state/store.h"

namespace rocksdb {
class DB;
class ColumnFamilyHandle;
class CompactionFilter;
}  // namespace rocksdb

namespace state {

inline constexpr std::uint8_t kTablesVersion = 1;

class Tables : public std::enable_shared_from_this<Tables> {
 public:
  enum class Mode : std::uint8_t {
    create,
    write,
    read,    // a copy that nobody writes
    follow,  // another process may be writing
  };
  // Errors: in_use, disk_error, state_damaged, unknown_version.
  static core::Result<std::shared_ptr<Tables>> open(const std::string& folder, const std::shared_ptr<Disk>& disk,
                                                    Mode mode, std::size_t cache_bytes, core::Duration id_horizon);
  ~Tables();

  struct Stamp {  // of the checkpoint the tables hold
    CheckpointInfo info;
    Chain chain{};
  };
  Stamp stamp() const;

  core::Status write(CheckpointBatch&& batch, const Chain& chain);
  // A copy of its own, by hard links where the disk can; `to` is not there yet. Complete or not there at all.
  core::Status copy_to(const std::string& to);
  // Reads every row of every table. Errors: state_damaged.
  core::Status read_all(const Progress& progress) const;
  struct Count {
    std::string table;
    std::uint64_t rows = 0;
  };
  core::Result<std::vector<Count>> count(const Progress& progress) const;

  std::optional<SeenRow> find_id(const ItemKey& key, core::Error& damage) const;
  bool has_ids() const { return has_ids_.load(std::memory_order_relaxed); }
  std::uint64_t bytes() const;

  std::unique_ptr<StateArchive> archive(std::function<void(const core::Error&)> on_damage);

 private:
  class View;
  class Expiry;
  Tables();
  core::Status read_stamp();
  rocksdb::ColumnFamilyHandle* family(core::Keep table) const;

  std::string folder_;
  std::shared_ptr<Disk> disk_;
  std::string own_folder_;
  std::shared_ptr<std::atomic<core::Time>> ids_before_;  // may go
  core::Duration id_horizon_ = 0;
  std::unique_ptr<const rocksdb::CompactionFilter> expiry_;  // outlives db_
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;  // kFamilies' order
  std::atomic<bool> has_ids_{false};
  mutable std::mutex mutex_;  // guards:
  Stamp stamp_;
};

}  // namespace state
