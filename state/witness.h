// Witness: the last batch that was promised, kept outside RocksDB, so that a journal that lost its end is found out.
//
// Two slots of 512 bytes, 4 KiB apart, written in turn, each with a checksum: a torn write leaves the other one.
// Written after the journal's sync and synced before anything is released. Commit thread only.
#pragma once

#include <memory>
#include <string>

#include "core/result.h"
#include "state/disk.h"
#include "state/store.h"

namespace rocksdb {
class FSRandomRWFile;
}

namespace state {

inline constexpr std::uint8_t kWitnessVersion = 1;

class Witness {
 public:
  struct Seen {
    Chain store{};  // whose witness it is
    Position last;
    bool one_slot = false;  // the other one is damaged
  };
  // Of a file's content. Errors: witness_damaged, unknown_version.
  static core::Result<Seen> read(const std::string& path, const Disk& disk);

  // A new file with both slots written. Errors: disk_error.
  static core::Status create(const std::string& path, Disk& disk, const Chain& store, const Position& last);
  static core::Result<std::unique_ptr<Witness>> open(const std::string& path, Disk& disk);
  ~Witness();

  const Seen& seen() const { return seen_; }
  core::Status write(const Position& last);  // synced

 private:
  Witness() = default;

  std::string path_;
  std::unique_ptr<rocksdb::FSRandomRWFile> file_;
  Seen seen_;
  std::size_t next_ = 0;  // slot
};

}  // namespace state
