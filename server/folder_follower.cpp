#include "server/folder_follower.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <optional>
#include <sstream>

#include "server/source_mark.h"

namespace server {
namespace {

namespace fs = std::filesystem;
using windows::Time;

constexpr Time kStill = 2'000;      // so long nobody may have changed it
constexpr Time kLookEvery = 1'000;  // … and we look, or more rarely where that takes long:
constexpr Time kShare = 50;

}  // namespace

FolderFollower::FolderFollower(const std::string& pattern, bool from_end) : from_end_(from_end) {
  const fs::path whole(pattern);
  folder_ = whole.has_parent_path() ? whole.parent_path().string() : ".";
  pattern_ = whole.filename().string();
}

FolderFollower::~FolderFollower() {
  if (file_ >= 0) ::close(file_);
}

void FolderFollower::go_on(std::string_view place) {
  std::istringstream text{std::string(place)};
  std::string word;
  Change to;
  text >> word >> to.seconds >> to.nanoseconds;
  if (!text || word != "folder") return;
  std::set<std::uint64_t> names;
  for (std::uint64_t name = 0; text >> name;) names.insert(name);
  if (!text.eof()) return;
  read_to_ = to;
  at_read_to_ = std::move(names);
  from_end_ = false;
}

std::string FolderFollower::place() const {
  std::string text = "folder " + std::to_string(read_to_.seconds) + " " + std::to_string(read_to_.nanoseconds);
  for (const std::uint64_t name : at_read_to_) text += " " + std::to_string(name);
  return text;
}

bool FolderFollower::was_read(const std::string& name, const Change& changed) const {
  return changed < read_to_ || (changed == read_to_ && at_read_to_.contains(stored_hash(name)));
}

// What is there now, and since when it is as it is.
core::Status FolderFollower::look(Time steady) {
  const auto begun = std::chrono::steady_clock::now();
  std::error_code error;
  fs::directory_iterator it(folder_, error);
  for (auto& [name, file] : all_) file.there = false;
  for (const fs::directory_iterator end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (fnmatch(pattern_.c_str(), name.c_str(), FNM_PERIOD) != 0 || is_packed(name)) continue;
    struct stat what{};
    if (stat(it->path().c_str(), &what) != 0 || !S_ISREG(what.st_mode)) continue;
    const Change changed{what.st_ctim.tv_sec, what.st_ctim.tv_nsec};
    const auto [at, added] = all_.try_emplace(name);
    File& file = at->second;
    file.there = true;
    const auto bytes = static_cast<std::uint64_t>(what.st_size);
    if (!added && file.changed == changed && file.bytes == bytes) continue;
    forget(name, file);
    file = {changed, bytes, steady, true, true};
    // At the first look some were read before; later on whatever changes is new, whatever its date.
    if (!looked_ && from_end_) count_as_read(name, changed);
    if (!looked_ && was_read(name, changed)) continue;
    file.read = false;
    waiting_.emplace(changed, name);
    waiting_bytes_ += bytes;
  }
  if (error) return core::Error{"cannot_read", "cannot read '" + folder_ + "': " + error.message(), folder_};
  for (auto entry = all_.begin(); entry != all_.end();) {
    auto& [name, file] = *entry;
    const bool gone = !file.there && name != current_;
    if (gone && !file.read) ++gaps_;
    if (gone) forget(name, file);
    entry = gone ? all_.erase(entry) : std::next(entry);
  }
  looked_ = true;
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
  look_at_ = steady + std::max(kLookEvery, kShare * took.count());
  return core::Done{};
}

void FolderFollower::forget(const std::string& name, File& file) {
  closed_.erase(name);
  if (file.read) return;
  waiting_.erase({file.changed, name});
  waiting_bytes_ -= file.bytes;
  file.read = true;
}

void FolderFollower::count_as_read(const std::string& name, const Change& changed) {
  if (changed < read_to_) return;
  if (changed > read_to_) at_read_to_.clear();
  read_to_ = changed;
  at_read_to_.insert(stored_hash(name));
}

// In the order of their changes; what somebody may still be writing keeps those after it waiting, so that none can
// appear behind what was read.
void FolderFollower::open_next(Time steady) {
  for (const auto& [changed, name] : waiting_) {
    if (steady - all_.find(name)->second.since < kStill) return;
    const std::string path = folder_ + "/" + name;
    file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file_ >= 0) {
      closed_.erase(name);
      current_ = name;
      offset_ = 0;
      ++files_;
      return;
    }
    if (errno != ENOENT) closed_[name] = "cannot read '" + path + "': " + std::strerror(errno);  // else: a gap soon
  }
}

void FolderFollower::finish() {
  ::close(file_);
  file_ = -1;
  File& file = all_.find(current_)->second;
  forget(current_, file);
  // Not beyond one that still waits to be read: after a restart it would be forgotten.
  if (waiting_.empty() || file.changed <= waiting_.begin()->first) count_as_read(current_, file.changed);
  current_.clear();
}

core::Result<FileFollower::Piece> FolderFollower::read(std::size_t most, Time steady) {
  if (file_ < 0) {
    if (look_at_ == windows::kNever || steady >= look_at_) {
      const core::Status looked = look(steady);
      if (!looked) return looked.error();
    }
    open_next(steady);
    if (file_ < 0) return FileFollower::Piece{};
  }
  FileFollower::Piece piece;
  piece.bytes.resize(most);
  ssize_t n = 0;
  do {
    n = pread(file_, piece.bytes.data(), most, static_cast<off_t>(offset_));
  } while (n < 0 && errno == EINTR);
  if (n < 0) return core::Error{"cannot_read", "cannot read '" + current_ + "': " + std::strerror(errno), current_};
  piece.bytes.resize(static_cast<std::size_t>(n));
  offset_ += piece.bytes.size();
  struct stat what{};
  piece.ended = n == 0 || (fstat(file_, &what) == 0 && static_cast<std::uint64_t>(what.st_size) <= offset_);
  if (piece.ended) finish();
  return piece;
}

std::string FolderFollower::trouble() const { return closed_.empty() ? "" : closed_.begin()->second; }

std::uint64_t FolderFollower::behind() const {
  return waiting_bytes_ - std::min(waiting_bytes_, file_ < 0 ? std::uint64_t{0} : offset_);
}

}  // namespace server
