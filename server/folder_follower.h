// FolderFollower: reads the files of a folder that fit a pattern, each once, as they appear: what a system leaves that
// writes a file for each call. Hidden and packed files are none.
//
// A file is read once nobody has changed it for two seconds, whole, the ones changed longest ago first. What is changed
// after it was read is read again from its beginning: its lines come a second time and are recognised by what reads
// them. When it was changed is the file system's own time (ctime), which nobody can set, so copies keep no date of
// their own; after a restart whatever is later than the last file read is still to be read. A file nobody may open
// waits, the others do not; a file that goes before it was read is a gap.
// A look at the folder takes a second at least, and a fiftieth of the time at most. One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "core/result.h"
#include "server/file_follower.h"
#include "windows/time.h"

namespace server {

class FolderFollower {
 public:
  // `pattern`: a folder and, after the last '/', what its files are called, with '*', '?' and '[…]'.
  explicit FolderFollower(const std::string& pattern, bool from_end = false);
  ~FolderFollower();
  FolderFollower(const FolderFollower&) = delete;
  FolderFollower& operator=(const FolderFollower&) = delete;

  // Where to go on; before the first read(). Another text than place() gave: at the beginning.
  void go_on(std::string_view place);
  // What is next of the current file, at most so much; `ended` with its last bytes. Neither: nothing for now.
  // `steady`: milliseconds of a clock that is never set. Errors: cannot_read; the next call goes on.
  core::Result<FileFollower::Piece> read(std::size_t most, windows::Time steady);

  // Which files were read whole, as one line.
  std::string place() const;
  std::string trouble() const;                   // what cannot be read, and why; empty: nothing
  std::uint64_t behind() const;                  // bytes of files not read yet
  std::uint64_t gaps() const { return gaps_; }   // files that went before they were read
  std::uint64_t files() const { return files_; } // begun so far; another number: another file

 private:
  struct Change {  // when a file was changed last, as the file system says
    std::int64_t seconds = 0, nanoseconds = 0;
    auto operator<=>(const Change&) const = default;
  };
  struct File {
    Change changed;
    std::uint64_t bytes = 0;
    windows::Time since = 0;  // steady: when we saw it like this first
    bool read = true;
    bool there = false;       // at the last look
  };
  core::Status look(windows::Time steady);
  bool was_read(const std::string& name, const Change& changed) const;
  void forget(const std::string& name, File& file);  // nothing of it waits
  void count_as_read(const std::string& name, const Change& changed);
  void open_next(windows::Time steady);
  void finish();

  std::string folder_, pattern_;
  bool from_end_;
  std::map<std::string, File, std::less<>> all_;  // by name
  std::set<std::pair<Change, std::string>> waiting_;  // of them those to be read
  std::uint64_t waiting_bytes_ = 0;
  std::map<std::string, std::string, std::less<>> closed_;  // of those the ones we may not open, and why
  windows::Time look_at_ = windows::kNever;       // steady: the next look
  bool looked_ = false;

  // What was read: every file changed before, and of those changed at that very instant these (hashes of their names).
  Change read_to_;
  std::set<std::uint64_t> at_read_to_;

  std::string current_;  // name; empty: none
  int file_ = -1;
  std::uint64_t offset_ = 0;
  std::uint64_t gaps_ = 0, files_ = 0;
};

}  // namespace server
