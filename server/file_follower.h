// FileFollower: reads a file that somebody appends to, as it grows, across rotation and truncation, and across our own
// restarts. It says only what comes next; cutting into messages and remembering is for others.
//
// A file is known by what it holds, not by its name: the hash of its first bytes, and of the bytes before the place
// we have read to. So the rest of a file that was renamed (logrotate), copied and emptied (copytruncate) or rotated
// several times while we were away is found among its siblings (<name>.*, <name>-*) and read first. What was
// compressed meanwhile cannot be read: gaps() counts it.
// The switch to a new file happens once the new one holds something and the old one gives nothing more, so a writer
// that has not reopened yet loses nothing. One thread at a time; every call is short and never waits for data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace server {

// A place in a file.
struct FilePosition {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t offset = 0;
  std::uint64_t head_bytes = 0, head = 0;  // hash of so many bytes from the beginning
  std::uint64_t tail_bytes = 0, tail = 0;  // hash of so many bytes before the offset
  bool operator==(const FilePosition&) const = default;
};
std::string text_of(const FilePosition& position);
std::optional<FilePosition> file_position(std::string_view text);
bool is_packed(std::string_view path);  // by its name

class FileFollower {
 public:
  explicit FileFollower(std::string path, bool from_end = false) : path_(std::move(path)), from_end_(from_end) {}
  ~FileFollower();
  FileFollower(const FileFollower&) = delete;
  FileFollower& operator=(const FileFollower&) = delete;

  // Where to go on; before the first read(). `same`: it was in the file of this name; else it may have been in another
  // one, and where nothing here holds what was read there this is a file seen for the first time.
  void go_on(const FilePosition& position, bool same = true) {
    wanted_ = position;
    same_ = same;
  }

  struct Piece {
    std::string bytes;
    bool ended = false;  // the file is over: what comes next belongs to another one
  };
  // What is next, at most so much; neither bytes nor ended: nothing for now.
  // Errors: cannot_read, with the reason; the next call tries again.
  core::Result<Piece> read(std::size_t most);

  // The place after so many bytes of the current file; also after it has ended, until the next read().
  FilePosition position(std::uint64_t offset);
  std::uint64_t begun_at() const { return begun_at_; }  // the offset in the current file at which reading began
  std::uint64_t behind() const;                         // bytes of the current file not yet read
  std::uint64_t gaps() const { return gaps_; }          // files that are not there any more, or emptied unread
  std::uint64_t files() const { return files_; }        // begun so far; another number: another file

 private:
  struct Found {
    std::string path;
    std::uint64_t device = 0, inode = 0;
    bool holds_something = false;
  };
  core::Status open_first();
  core::Status open_next();
  void go_to_end();
  core::Status open(const std::string& path, std::uint64_t offset);
  void close();
  std::optional<std::string> find_rotated(const FilePosition& position) const;
  std::optional<Found> find_next() const;
  bool is_same(int file, const FilePosition& position) const;
  core::Result<Piece> at_end();

  std::string path_;
  bool from_end_ = false;
  std::optional<FilePosition> wanted_;
  bool same_ = true;
  int file_ = -1;
  bool over_ = false;     // the next read() goes on with another one
  std::uint64_t device_ = 0, inode_ = 0;
  std::uint64_t begun_at_ = 0;
  std::uint64_t read_to_ = 0;
  std::uint64_t head_bytes_ = 0, head_ = 0;
  std::uint64_t gaps_ = 0;
  std::uint64_t files_ = 0;
};

}  // namespace server
