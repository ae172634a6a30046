// Journal: what was accepted, batch after batch, in a RocksDB of its own with one column family. Its write-ahead log
// is the journal's sync; its tables are the journal's archive.
//
// key    sequence, 8 bytes big endian
// value  version, applied_at, chain of the batch before, chain of this one, payload   (docs/durability.md)
// Each chain is the hash of the one before and everything in the row, so a row that is missing, changed or in another
// place is found when read. append(): one thread; the rest: any.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "core/result.h"
#include "state/disk.h"
#include "state/store.h"

namespace rocksdb {
class DB;
}

namespace state {

inline constexpr std::uint8_t kJournalVersion = 1;

// The hash that ends a row whose predecessor ends in `previous`.
Chain next_chain(const Chain& previous, std::uint64_t sequence, core::Time applied_at, std::string_view payload);

class Journal {
 public:
  enum class Mode : std::uint8_t {
    create,  // makes it when it is not there
    write,
    follow,   // reads what another process may be writing meanwhile, as of now
    salvage,  // reads what is left of a damaged one that nobody writes
  };
  // Errors: in_use, disk_error, journal_damaged.
  static core::Result<std::unique_ptr<Journal>> open(const std::string& folder, const std::shared_ptr<Disk>& disk,
                                                     Mode mode);
  ~Journal();
  // Errors: in_use when a process has it open. A folder that cannot even be asked is nobody's.
  static core::Status check_unused(const std::string& folder, const Disk& disk);

  // Of the last row there is; 0: none. Errors: journal_damaged.
  core::Result<std::uint64_t> last_sequence() const;

  // One synced write; `last` moves to the last of them. Errors: disk_error; then nobody knows what was written.
  core::Status append(std::span<const Append> batches, Position& last, bool sync = true);
  core::Status flush();  // of what was appended without sync

  struct Row {
    JournalBatch batch;
    Chain previous{};
    Chain chain{};
  };
  // [from, to], dense, each row whole and following the one before; `genesis` comes before the first of all.
  // Errors: journal_damaged, unknown_version, disk_error; they name the first sequence that is not good.
  core::Status read(std::uint64_t from, std::uint64_t to, const Chain& genesis,
                    const std::function<bool(const Row&)>& row) const;
  // The chain at a sequence, 0 included.
  core::Result<Chain> chain_at(std::uint64_t sequence, const Chain& genesis) const;

  std::uint64_t bytes() const;

 private:
  Journal() = default;
  core::Error damaged(std::uint64_t sequence, const std::string& what) const;

  std::string folder_;
  std::shared_ptr<Disk> disk_;
  std::string own_folder_;  // of a follower
  std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace state
