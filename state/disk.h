// Disk: the one seam through which everything below a data folder is read and written, RocksDB's own files and ours
// alike. The real one is the operating system's; tests pass one that fails or forgets (tests/faulty_disk.h).
// Any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace rocksdb {
class FileSystem;
class Env;
}  // namespace rocksdb

namespace state {

class Disk {
 public:
  // `env`: what RocksDB gets for it; null: the system's threads and clock over `files`.
  explicit Disk(std::shared_ptr<rocksdb::FileSystem> files, std::unique_ptr<rocksdb::Env> env = {});
  ~Disk();
  static std::shared_ptr<Disk> real();

  rocksdb::FileSystem& files() const { return *files_; }
  rocksdb::Env* env() const { return env_.get(); }

  // Errors: disk_error, naming the path and what the system said.
  core::Status make_folder(const std::string& path);  // its parent exists; synced into it; fine if it is there
  core::Result<std::vector<std::string>> list(const std::string& path) const;  // names, sorted; none if it is not there
  bool exists(const std::string& path) const;
  core::Result<std::string> read(const std::string& path) const;  // a small file, whole
  // Beside it, synced, then renamed over it, and the folder synced: afterwards the old or the new content is there.
  core::Status replace(const std::string& path, std::string_view content);
  core::Status rename(const std::string& from, const std::string& to);  // synced into the folder of `to`
  core::Status copy(const std::string& from, const std::string& to);    // one file, synced
  core::Status remove_tree(const std::string& path);                    // fine if it is not there
  core::Status sync_folder(const std::string& path);

 private:
  std::shared_ptr<rocksdb::FileSystem> files_;
  std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace state
