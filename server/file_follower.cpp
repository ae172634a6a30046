#include "server/file_follower.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <vector>

#include "server/source_mark.h"

namespace server {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kHead = 1024;
constexpr std::uint64_t kTail = 256;
constexpr std::uint64_t kLineSearch = 64 * 1024;

std::string bytes_at(int file, std::uint64_t offset, std::uint64_t size) {
  std::string bytes(size, '\0');
  std::size_t got = 0;
  while (got < size) {
    const ssize_t n = pread(file, bytes.data() + got, size - got, static_cast<off_t>(offset + got));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    got += static_cast<std::size_t>(n);
  }
  bytes.resize(got);
  return bytes;
}

struct Sibling {
  std::string path;
  struct stat what{};
  std::uint64_t number = 0;  // "log.3": 3
};

// Of files of the same instant the one whose name says so: log.3 is older than log.2, log-20260301 than log-20260302.
bool older(const Sibling& a, const Sibling& b) {
  const auto time = [](const struct stat& s) { return std::pair(s.st_mtim.tv_sec, s.st_mtim.tv_nsec); };
  if (time(a.what) != time(b.what)) return time(a.what) < time(b.what);
  if (a.number != b.number) return a.number > b.number;
  return a.path < b.path;
}

// What rotation makes of the file beside it, the oldest first; what is compressed is left out.
std::vector<Sibling> siblings(const std::string& path) {
  std::vector<Sibling> found;
  std::error_code error;
  const fs::path whole(path);
  const std::string name = whole.filename().string();
  const fs::path folder = whole.has_parent_path() ? whole.parent_path() : fs::path(".");
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string other = it->path().filename().string();
    const char next = other.size() > name.size() ? other[name.size()] : '\0';
    const bool rotated = other.starts_with(name) && (next == '.' || next == '-');
    if (!rotated || is_packed(other)) continue;
    Sibling sibling{it->path().string(), {}, 0};
    std::from_chars(other.data() + name.size() + 1, other.data() + other.size(), sibling.number);
    if (next == '-') sibling.number = 0;  // a date
    if (stat(sibling.path.c_str(), &sibling.what) == 0 && S_ISREG(sibling.what.st_mode)) found.push_back(sibling);
  }
  std::stable_sort(found.begin(), found.end(), older);
  return found;
}

}  // namespace

bool is_packed(std::string_view path) {
  constexpr std::string_view kEnds[] = {".gz", ".bz2", ".xz", ".zst", ".lz4", ".Z"};
  return std::any_of(std::begin(kEnds), std::end(kEnds), [&](std::string_view end) { return path.ends_with(end); });
}

std::string text_of(const FilePosition& p) {
  std::ostringstream text;
  text << "file " << p.device << ' ' << p.inode << ' ' << p.offset << ' ' << p.head_bytes << ' ' << p.head << ' '
       << p.tail_bytes << ' ' << p.tail;
  return text.str();
}

std::optional<FilePosition> file_position(std::string_view line) {
  std::istringstream text{std::string(line)};
  std::string word, more;
  FilePosition p;
  text >> word >> p.device >> p.inode >> p.offset >> p.head_bytes >> p.head >> p.tail_bytes >> p.tail;
  const bool whole = text && word == "file" && !(text >> more);
  if (!whole || p.head_bytes > kHead || p.tail_bytes > kTail || p.tail_bytes > p.offset) return std::nullopt;
  return p;
}

FileFollower::~FileFollower() { close(); }

void FileFollower::close() {
  if (file_ >= 0) ::close(file_);
  file_ = -1;
}

core::Status FileFollower::open(const std::string& path, std::uint64_t offset) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat what{};
  if (file < 0 || fstat(file, &what) != 0 || !S_ISREG(what.st_mode)) {
    const std::string why = file < 0 || !S_ISREG(what.st_mode) ? std::strerror(file < 0 ? errno : EINVAL) : "";
    if (file >= 0) ::close(file);
    return core::Error{"cannot_read", "cannot read '" + path + "': " + why, path};
  }
  close();
  file_ = file;
  over_ = false;
  device_ = what.st_dev;
  inode_ = what.st_ino;
  begun_at_ = read_to_ = offset;
  head_bytes_ = 0;
  ++files_;
  return core::Done{};
}

bool FileFollower::is_same(int file, const FilePosition& p) const {
  struct stat what{};
  if (fstat(file, &what) != 0 || static_cast<std::uint64_t>(what.st_size) < p.offset) return false;
  if (p.head_bytes == 0) return what.st_dev == p.device && what.st_ino == p.inode;
  if (stored_hash(bytes_at(file, 0, p.head_bytes)) != p.head) return false;
  return stored_hash(bytes_at(file, p.offset - p.tail_bytes, p.tail_bytes)) == p.tail;
}

std::optional<std::string> FileFollower::find_rotated(const FilePosition& position) const {
  for (const Sibling& sibling : siblings(path_)) {
    const int file = ::open(sibling.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) continue;
    const bool same = is_same(file, position);
    ::close(file);
    if (same) return sibling.path;
  }
  return std::nullopt;
}

// The one that was begun after ours; renaming goes on meanwhile, so it is looked for each time.
std::optional<FileFollower::Found> FileFollower::find_next() const {
  struct stat ours{}, now{};
  const bool there = stat(path_.c_str(), &now) == 0;
  if (fstat(file_, &ours) != 0) return std::nullopt;
  const auto same = [&](const struct stat& other) { return other.st_dev == device_ && other.st_ino == inode_; };
  if (there && same(now)) return std::nullopt;
  const std::vector<Sibling> all = siblings(path_);
  auto next = std::find_if(all.begin(), all.end(), [&](const Sibling& one) { return same(one.what); });
  if (next != all.end()) {
    ++next;
  } else {  // deleted or compressed while we read it
    next = std::find_if(all.begin(), all.end(), [&](const Sibling& one) { return older(Sibling{{}, ours, 0}, one); });
  }
  if (next != all.end()) return Found{next->path, next->what.st_dev, next->what.st_ino, next->what.st_size > 0};
  if (!there) return std::nullopt;
  return Found{path_, now.st_dev, now.st_ino, now.st_size > 0};
}

core::Status FileFollower::open_first() {
  core::Status opened = open(path_, 0);
  if (wanted_) {
    if (opened && is_same(file_, *wanted_)) {
      begun_at_ = read_to_ = wanted_->offset;
    } else if (!opened && access(path_.c_str(), F_OK) == 0) {
      return opened;
    } else if (const auto rotated = find_rotated(*wanted_)) {
      opened = open(*rotated, wanted_->offset);
      if (!opened) return opened;
    } else if (opened && same_) {
      ++gaps_;  // it is gone: what is there now is read from its beginning
    } else if (opened) {
      wanted_.reset();
      if (from_end_) go_to_end();
    } else {
      return opened;
    }
    wanted_.reset();
    return opened;
  }
  if (opened && from_end_ && files_ == 1) go_to_end();
  return opened;
}

// After the last line that is whole.
void FileFollower::go_to_end() {
  struct stat what{};
  if (fstat(file_, &what) != 0) return;
  const auto size = static_cast<std::uint64_t>(what.st_size);
  const std::uint64_t from = size - std::min(size, kLineSearch);
  const std::size_t end = bytes_at(file_, from, size - from).rfind('\n');
  begun_at_ = read_to_ = end == std::string::npos ? from : from + end + 1;
}

// After the end of a file. Renamed between the look and the opening: the next call looks again.
core::Status FileFollower::open_next() {
  const auto next = find_next();
  if (!next) return open(path_, 0);  // ours was emptied
  const int before = file_;
  file_ = -1;
  const std::uint64_t device = device_, inode = inode_;
  core::Status opened = open(next->path, 0);
  if (opened && device_ == next->device && inode_ == next->inode) {
    ::close(before);
    return opened;
  }
  close();
  if (opened) --files_;
  file_ = before;
  device_ = device;
  inode_ = inode;
  over_ = true;
  return core::Error{"cannot_read", "'" + next->path + "' is being renamed", next->path};
}

core::Result<FileFollower::Piece> FileFollower::read(std::size_t most) {
  if (file_ < 0 || over_) {
    const core::Status opened = over_ ? open_next() : open_first();
    if (!opened) return opened.error();
  }
  struct stat what{};
  if (fstat(file_, &what) != 0) return core::Error{"cannot_read", std::strerror(errno), path_};
  const auto size = static_cast<std::uint64_t>(what.st_size);
  bool emptied = size < read_to_;
  if (size > read_to_ && head_bytes_ > 0) emptied = stored_hash(bytes_at(file_, 0, head_bytes_)) != head_;
  if (emptied) {
    // Copied and emptied, as copytruncate does: the copy has what we did not read, at the same places.
    FilePosition was{device_, inode_, read_to_, head_bytes_, head_, 0, 0};
    was.tail = stored_hash({});
    const auto copy = head_bytes_ > 0 ? find_rotated(was) : std::nullopt;
    const std::uint64_t begun_at = begun_at_;
    if (copy && open(*copy, was.offset)) {
      begun_at_ = begun_at;
      --files_;  // for who reads it is the same one
      return read(most);
    }
    over_ = true;
    return Piece{{}, true};
  }
  if (size == read_to_) return at_end();
  Piece piece;
  piece.bytes = bytes_at(file_, read_to_, std::min<std::uint64_t>(most, size - read_to_));
  read_to_ += piece.bytes.size();
  if (head_bytes_ < kHead) {
    const std::string head = bytes_at(file_, 0, std::min(kHead, read_to_));
    head_bytes_ = head.size();
    head_ = stored_hash(head);
  }
  return piece;
}

// The file gives nothing more for now: is there another one?
core::Result<FileFollower::Piece> FileFollower::at_end() {
  Piece piece;
  const auto next = find_next();
  // Until the new one holds something its writer may still be at the old one; and what it wrote there before it went
  // over is read first.
  if (!next || (next->path == path_ && !next->holds_something)) return piece;
  struct stat ours{};
  if (fstat(file_, &ours) == 0 && static_cast<std::uint64_t>(ours.st_size) > read_to_) return piece;
  over_ = true;
  piece.ended = true;
  return piece;
}

FilePosition FileFollower::position(std::uint64_t offset) {
  FilePosition p{device_, inode_, offset, std::min(kHead, offset), 0, std::min(kTail, offset), 0};
  if (file_ < 0) return p;
  p.head = stored_hash(bytes_at(file_, 0, p.head_bytes));
  p.tail = stored_hash(bytes_at(file_, offset - p.tail_bytes, p.tail_bytes));
  return p;
}

std::uint64_t FileFollower::behind() const {
  struct stat what{};
  if (file_ < 0 || fstat(file_, &what) != 0) return 0;
  const auto size = static_cast<std::uint64_t>(what.st_size);
  return size > read_to_ ? size - read_to_ : 0;
}

}  // namespace server
