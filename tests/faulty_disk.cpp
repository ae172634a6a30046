#include "tests/faulty_disk.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <utility>

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/system_clock.h>

namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

constexpr std::size_t kSector = 512;

struct Node;
using NodePtr = std::shared_ptr<Node>;
struct Node {
  bool folder = false;
  std::string content, durable;                  // of a file
  std::map<std::string, NodePtr> entries, kept;  // of a folder; `kept` as of its last sync
};

std::pair<std::string, std::string> split(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  return {path.substr(0, slash), path.substr(slash + 1)};
}

std::string clean(std::string path) {
  std::string out;
  for (const char c : path) {
    if (c != '/' || out.empty() || out.back() != '/') out.push_back(c);
  }
  while (out.size() > 1 && out.back() == '/') out.pop_back();
  return out;
}

IOStatus missing(const std::string& path) { return IOStatus::PathNotFound(path, "No such file or directory"); }

}  // namespace

struct FaultyDisk::Tree {
  mutable std::mutex mutex;
  NodePtr root = std::make_shared<Node>();
  std::uint64_t mount = 1;
  std::set<std::string> locks;
  std::uint64_t until_fault = 0;  // 0: none is planned
  Fault fault = Fault::none;
  bool reads = false, full = false;
  std::string failed;
  std::uint64_t syncs = 0;

  Tree() { root->folder = true; }

  NodePtr find(const std::string& path) const {
    NodePtr node = root;
    std::size_t at = 1;
    while (node && at < path.size()) {
      const std::size_t end = std::min(path.find('/', at), path.size());
      const auto it = node->entries.find(path.substr(at, end - at));
      node = it == node->entries.end() ? nullptr : it->second;
      at = end + 1;
    }
    return node;
  }

  // Whether a call of a facade that was mounted then goes through. Under the lock.
  IOStatus enter(std::uint64_t mounted, const char* what, const std::string& path, bool reading) {
    if (mounted != mount) return IOStatus::IOError("the disk is gone");
    if (full && !reading) return fault == Fault::broken ? IOStatus::IOError(what, path) : IOStatus::NoSpace(what, path);
    if (until_fault == 0 || (reading && !reads)) return IOStatus::OK();
    if (--until_fault > 0) return IOStatus::OK();
    failed = std::string(what) + " " + path;
    if (fault != Fault::io_error && !reading) {
      full = true;
      return fault == Fault::broken ? IOStatus::IOError(what, path) : IOStatus::NoSpace(what, path);
    }
    return IOStatus::IOError(what, path);
  }
};

namespace {

using Tree = FaultyDisk::Tree;
using TreePtr = std::shared_ptr<Tree>;

struct Handle {  // what every open file has
  TreePtr tree;
  std::uint64_t mount;
  NodePtr node;
  std::string path;

  IOStatus enter(const char* what, bool reading = false) const { return tree->enter(mount, what, path, reading); }
};

IOStatus read_at(const Handle& file, std::uint64_t offset, std::size_t n, Slice* result, char* scratch) {
  const std::lock_guard lock(file.tree->mutex);
  const IOStatus status = file.enter("read", true);
  if (!status.ok()) return status;
  const std::string& content = file.node->content;
  const std::size_t begin = std::min<std::size_t>(offset, content.size());
  const std::size_t size = std::min(n, content.size() - begin);
  std::copy_n(content.data() + begin, size, scratch);
  *result = Slice(scratch, size);
  return status;
}

IOStatus sync_file(const Handle& file) {
  const std::lock_guard lock(file.tree->mutex);
  const IOStatus status = file.enter("sync");
  if (!status.ok()) return status;
  file.node->durable = file.node->content;
  ++file.tree->syncs;
  return status;
}

class Sequential : public rocksdb::FSSequentialFile {
 public:
  explicit Sequential(Handle file) : file_(std::move(file)) {}
  IOStatus Read(std::size_t n, const IOOptions&, Slice* result, char* scratch, IODebugContext*) override {
    const IOStatus status = read_at(file_, at_, n, result, scratch);
    if (status.ok()) at_ += result->size();
    return status;
  }
  IOStatus Skip(std::uint64_t n) override {
    at_ += n;
    return IOStatus::OK();
  }

 private:
  Handle file_;
  std::uint64_t at_ = 0;
};

class RandomAccess : public rocksdb::FSRandomAccessFile {
 public:
  explicit RandomAccess(Handle file) : file_(std::move(file)) {}
  IOStatus Read(std::uint64_t offset, std::size_t n, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) const override {
    return read_at(file_, offset, n, result, scratch);
  }

 private:
  Handle file_;
};

class Writable : public rocksdb::FSWritableFile {
 public:
  explicit Writable(Handle file) : file_(std::move(file)) {}
  using rocksdb::FSWritableFile::Append;
  IOStatus Append(const Slice& data, const IOOptions&, IODebugContext*) override {
    const std::lock_guard lock(file_.tree->mutex);
    const IOStatus status = file_.enter("append");
    if (status.ok()) file_.node->content.append(data.data(), data.size());
    return status;
  }
  IOStatus Truncate(std::uint64_t size, const IOOptions&, IODebugContext*) override {
    const std::lock_guard lock(file_.tree->mutex);
    const IOStatus status = file_.enter("truncate");
    if (status.ok()) file_.node->content.resize(size);
    return status;
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return sync_file(file_); }
  std::uint64_t GetFileSize(const IOOptions&, IODebugContext*) override {
    const std::lock_guard lock(file_.tree->mutex);
    return file_.node->content.size();
  }

 private:
  Handle file_;
};

class RandomReadWrite : public rocksdb::FSRandomRWFile {
 public:
  explicit RandomReadWrite(Handle file) : file_(std::move(file)) {}
  IOStatus Write(std::uint64_t offset, const Slice& data, const IOOptions&, IODebugContext*) override {
    const std::lock_guard lock(file_.tree->mutex);
    const IOStatus status = file_.enter("write");
    if (!status.ok()) return status;
    std::string& content = file_.node->content;
    if (content.size() < offset + data.size()) content.resize(offset + data.size());
    std::copy_n(data.data(), data.size(), content.data() + offset);
    return status;
  }
  IOStatus Read(std::uint64_t offset, std::size_t n, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) const override {
    return read_at(file_, offset, n, result, scratch);
  }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return sync_file(file_); }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }

 private:
  Handle file_;
};

class Directory : public rocksdb::FSDirectory {
 public:
  explicit Directory(Handle folder) : folder_(std::move(folder)) {}
  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    const std::lock_guard lock(folder_.tree->mutex);
    const IOStatus status = folder_.enter("sync folder");
    if (status.ok()) folder_.node->kept = folder_.node->entries;
    return status;
  }

 private:
  Handle folder_;
};

struct Lock : rocksdb::FileLock {
  std::string path;
};

class Files : public rocksdb::FileSystem {
 public:
  explicit Files(TreePtr tree) : tree_(std::move(tree)), mount_(tree_->mount) {}
  const char* Name() const override { return "FaultyDisk"; }

  template <class File, class Made>
  IOStatus open(const char* what, const std::string& path, bool reading, Made* made) {
    const std::lock_guard lock(tree_->mutex);
    const IOStatus status = tree_->enter(mount_, what, path, reading);
    if (!status.ok()) return status;
    const NodePtr node = tree_->find(clean(path));
    if (!node || node->folder) return missing(path);
    made->reset(new File(Handle{tree_, mount_, node, path}));
    return status;
  }

  IOStatus NewSequentialFile(const std::string& path, const FileOptions&,
                             std::unique_ptr<rocksdb::FSSequentialFile>* file, IODebugContext*) override {
    return open<Sequential>("open", path, true, file);
  }
  IOStatus NewRandomAccessFile(const std::string& path, const FileOptions&,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* file, IODebugContext*) override {
    return open<RandomAccess>("open", path, true, file);
  }
  IOStatus NewRandomRWFile(const std::string& path, const FileOptions&,
                           std::unique_ptr<rocksdb::FSRandomRWFile>* file, IODebugContext*) override {
    return open<RandomReadWrite>("open", path, false, file);
  }
  IOStatus ReopenWritableFile(const std::string& path, const FileOptions&,
                              std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext*) override {
    return open<Writable>("open", path, false, file);
  }
  IOStatus NewWritableFile(const std::string& path, const FileOptions&, std::unique_ptr<rocksdb::FSWritableFile>* file,
                           IODebugContext*) override {
    const std::lock_guard lock(tree_->mutex);
    const IOStatus status = tree_->enter(mount_, "create", path, false);
    if (!status.ok()) return status;
    const auto [folder, name] = split(clean(path));
    const NodePtr parent = tree_->find(folder);
    if (!parent) return missing(path);
    const NodePtr node = std::make_shared<Node>();
    parent->entries[name] = node;
    file->reset(new Writable(Handle{tree_, mount_, node, path}));
    return status;
  }
  IOStatus NewDirectory(const std::string& path, const IOOptions&, std::unique_ptr<rocksdb::FSDirectory>* folder,
                        IODebugContext*) override {
    const std::lock_guard lock(tree_->mutex);
    const NodePtr node = tree_->find(clean(path));
    if (!node || !node->folder) return missing(path);
    folder->reset(new Directory(Handle{tree_, mount_, node, path}));
    return IOStatus::OK();
  }

  IOStatus FileExists(const std::string& path, const IOOptions&, IODebugContext*) override {
    const std::lock_guard lock(tree_->mutex);
    if (mount_ != tree_->mount) return IOStatus::IOError("the disk is gone");
    return tree_->find(clean(path)) ? IOStatus::OK() : IOStatus::NotFound();
  }
  IOStatus GetChildren(const std::string& path, const IOOptions&, std::vector<std::string>* names,
                       IODebugContext*) override {
    const std::lock_guard lock(tree_->mutex);
    const IOStatus status = tree_->enter(mount_, "list", path, true);
    if (!status.ok()) return status;
    const NodePtr node = tree_->find(clean(path));
    if (!node || !node->folder) return missing(path);
    names->clear();
    for (const auto& [name, unused] : node->entries) names->push_back(name);
    return status;
  }
  IOStatus remove(const char* what, const std::string& path) {
    const std::lock_guard lock(tree_->mutex);
    const IOStatus status = tree_->enter(mount_, what, path, false);
    if (!status.ok()) return status;
    const auto [folder, name] = split(clean(path));
    const NodePtr parent = tree_->find(folder);
    if (!parent || parent->entries.erase(name) == 0) return missing(path);
    return status;
  }
  IOStatus DeleteFile(const std::string& path, const IOOptions&, IODebugContext*) override {
    return remove("delete", path);
  }
  IOStatus DeleteDir(const std::string& path, const IOOptions&, IODebugContext*) override {
    return remove("delete folder", path);
  }
  IOStatus Truncate(const std::string& path, std::size_t size, const IOOptions&, IODebugContext*) override {
    const std::lock_guard lock(tree_->mutex);
    const IOStatus status = tree_->enter(mount_, "truncate", path, false);
    if (!status.ok()) return status;
    const NodePtr node = tree_->find(clean(path));
    if (!node) return missing(path);
    node->content.resize(size);
    return status;
  }
  IOStatus CreateDir(const std::string& path, const IOOptions& options, IODebugContext* context) override {
    if (FileExists(path, options, context).ok()) return IOStatus::IOError(path, "File exists");
    return CreateDirIfMissing(path, options, context);
  }
  IOStatus CreateDirIfMissing(const std::string& path, const IOOptions&, IODebugContext*) override {
    const std::lock_guard lock(tree_->mutex);
    const IOStatus status = tree_->enter(mount_, "create folder", path, false);
    if (!status.ok()) return status;
    const auto [folder, name] = split(clean(path));
    const NodePtr parent = tree_->find(folder);
    if (!parent) return missing(path);
    NodePtr& node = parent->entries[name];
    if (!node) {
      node = std::make_shared<Node>();
      node->folder = true;
    }
    return status;
  }
  IOStatus GetFileSize(const std::string& path, const IOOptions&, std::uint64_t* size, IODebugContext*) override {
    const std::lock_guard lock(tree_->mutex);
    const NodePtr node = tree_->find(clean(path));
    if (!node) return missing(path);
    *size = node->content.size();
    return IOStatus::OK();
  }
  IOStatus GetFileModificationTime(const std::string& path, const IOOptions&, std::uint64_t* time,
                                   IODebugContext*) override {
    *time = 0;
    const std::lock_guard lock(tree_->mutex);
    return tree_->find(clean(path)) ? IOStatus::OK() : missing(path);
  }
  IOStatus connect(const char* what, const std::string& from, const std::string& to, bool move) {
    const std::lock_guard lock(tree_->mutex);
    const IOStatus status = tree_->enter(mount_, what, from, false);
    if (!status.ok()) return status;
    const auto [from_folder, from_name] = split(clean(from));
    const auto [to_folder, to_name] = split(clean(to));
    const NodePtr node = tree_->find(clean(from));
    const NodePtr parent = tree_->find(to_folder);
    if (!node || !parent) return missing(from);
    parent->entries[to_name] = node;
    if (move) tree_->find(from_folder)->entries.erase(from_name);
    return status;
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions&, IODebugContext*) override {
    return connect("rename", from, to, true);
  }
  IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions&, IODebugContext*) override {
    return connect("link", from, to, false);
  }
  IOStatus LockFile(const std::string& path, const IOOptions&, rocksdb::FileLock** lock, IODebugContext*) override {
    const std::lock_guard guard(tree_->mutex);
    if (!tree_->locks.insert(clean(path)).second) return IOStatus::IOError("lock hold by current process", path);
    auto* made = new Lock();
    made->path = clean(path);
    *lock = made;
    return IOStatus::OK();
  }
  IOStatus UnlockFile(rocksdb::FileLock* lock, const IOOptions&, IODebugContext*) override {
    const std::lock_guard guard(tree_->mutex);
    if (mount_ == tree_->mount) tree_->locks.erase(static_cast<Lock*>(lock)->path);
    delete static_cast<Lock*>(lock);
    return IOStatus::OK();
  }
  IOStatus GetTestDirectory(const IOOptions&, std::string* path, IODebugContext*) override {
    *path = "/";
    return IOStatus::OK();
  }
  IOStatus NewLogger(const std::string&, const IOOptions&, std::shared_ptr<rocksdb::Logger>*,
                     IODebugContext*) override {
    return IOStatus::NotSupported();
  }
  IOStatus GetAbsolutePath(const std::string& path, const IOOptions&, std::string* absolute, IODebugContext*) override {
    *absolute = clean(path);
    return IOStatus::OK();
  }
  IOStatus IsDirectory(const std::string& path, const IOOptions&, bool* is_folder, IODebugContext*) override {
    const std::lock_guard lock(tree_->mutex);
    const NodePtr node = tree_->find(clean(path));
    if (!node) return missing(path);
    *is_folder = node->folder;
    return IOStatus::OK();
  }

 private:
  TreePtr tree_;
  std::uint64_t mount_;
};

// RocksDB sleeps for a second after an error in the background; tests have better things to do.
class NoSleep : public rocksdb::SystemClockWrapper {
 public:
  using SystemClockWrapper::SystemClockWrapper;
  const char* Name() const override { return "NoSleep"; }
  void SleepForMicroseconds(int) override {}
};

class Impatient : public rocksdb::EnvWrapper {
 public:
  explicit Impatient(std::unique_ptr<rocksdb::Env> target) : EnvWrapper(std::move(target)) {
    system_clock_ = std::make_shared<NoSleep>(system_clock_);
  }
};

// What of a file a power cut leaves.
std::string remains(const Node& file, FaultyDisk::Unsynced unsynced, std::mt19937_64& chance) {
  if (unsynced == FaultyDisk::Unsynced::lost) return file.durable;
  if (unsynced == FaultyDisk::Unsynced::kept || file.content == file.durable) return file.content;
  std::string left = file.durable;
  if (file.content.size() > left.size()) {
    left = file.content.substr(0, left.size() + chance() % (file.content.size() - left.size() + 1));
    std::copy_n(file.durable.data(), file.durable.size(), left.data());
    // A sector that was being written may hold anything.
    if (left.size() > file.durable.size() && chance() % 4 == 0) left.back() = static_cast<char>(chance());
  }
  const std::size_t both = std::min(file.durable.size(), file.content.size());
  for (std::size_t at = 0; at < both; at += kSector) {
    const std::size_t size = std::min(kSector, both - at);
    if (chance() % 2 == 0) std::copy_n(file.content.data() + at, size, left.data() + at);
  }
  return left;
}

void crash_below(Node& folder, FaultyDisk::Unsynced unsynced, std::mt19937_64& chance) {
  const bool keep = unsynced == FaultyDisk::Unsynced::kept ||
                    (unsynced == FaultyDisk::Unsynced::some && chance() % 2 == 0);
  if (!keep) folder.entries = folder.kept;
  folder.kept = folder.entries;
  for (auto& [name, node] : folder.entries) {
    if (node->folder) {
      crash_below(*node, unsynced, chance);
    } else {
      node->content = node->durable = remains(*node, unsynced, chance);
    }
  }
}

void list(const Node& folder, const std::string& path, std::vector<std::string>& files) {
  for (const auto& [name, node] : folder.entries) {
    if (node->folder) {
      list(*node, path + "/" + name, files);
    } else {
      files.push_back(path + "/" + name);
    }
  }
}

NodePtr duplicate(const Node& node) {
  auto made = std::make_shared<Node>();
  made->folder = node.folder;
  made->content = made->durable = node.content;
  for (const auto& [name, child] : node.entries) made->entries[name] = duplicate(*child);
  made->kept = made->entries;
  return made;
}

}  // namespace

FaultyDisk::FaultyDisk() : tree_(std::make_shared<Tree>()) {}
FaultyDisk::~FaultyDisk() = default;

std::shared_ptr<state::Disk> FaultyDisk::disk() {
  const auto files = std::make_shared<Files>(tree_);
  return std::make_shared<state::Disk>(files, std::make_unique<Impatient>(rocksdb::NewCompositeEnv(files)));
}

void FaultyDisk::crash(Unsynced unsynced, std::uint64_t seed) {
  const std::lock_guard lock(tree_->mutex);
  ++tree_->mount;
  tree_->locks.clear();
  tree_->until_fault = 0;
  tree_->full = false;
  std::mt19937_64 chance(seed);
  // Nodes that live on only in old handles must not be shared with what the crash left.
  crash_below(*tree_->root, unsynced, chance);
  tree_->root = duplicate(*tree_->root);
}

void FaultyDisk::fail_at(std::uint64_t n, Fault fault, bool reads) {
  const std::lock_guard lock(tree_->mutex);
  tree_->until_fault = n;
  tree_->fault = fault;
  tree_->reads = reads;
  tree_->full = false;
  tree_->failed.clear();
}

void FaultyDisk::heal() {
  const std::lock_guard lock(tree_->mutex);
  tree_->until_fault = 0;
  tree_->full = false;
}

bool FaultyDisk::reached() const { return !failed().empty(); }

std::string FaultyDisk::failed() const {
  const std::lock_guard lock(tree_->mutex);
  return tree_->failed;
}

std::uint64_t FaultyDisk::syncs() const {
  const std::lock_guard lock(tree_->mutex);
  return tree_->syncs;
}

std::vector<std::string> FaultyDisk::files(const std::string& below) const {
  const std::lock_guard lock(tree_->mutex);
  std::vector<std::string> all;
  const NodePtr node = tree_->find(below);
  if (node) list(*node, below, all);
  return all;
}

bool FaultyDisk::has(const std::string& path) const {
  const std::lock_guard lock(tree_->mutex);
  return tree_->find(path) != nullptr;
}

std::string FaultyDisk::read(const std::string& path) const {
  const std::lock_guard lock(tree_->mutex);
  const NodePtr node = tree_->find(path);
  return node ? node->content : "";
}

void FaultyDisk::write(const std::string& path, std::string content) {
  const std::lock_guard lock(tree_->mutex);
  NodePtr node = tree_->find(path);
  if (!node) {
    const auto [folder, name] = split(path);
    const NodePtr parent = tree_->find(folder);
    node = std::make_shared<Node>();
    parent->entries[name] = parent->kept[name] = node;
  }
  node->content = node->durable = std::move(content);
}

void FaultyDisk::remove(const std::string& path) {
  const std::lock_guard lock(tree_->mutex);
  const auto [folder, name] = split(path);
  const NodePtr parent = tree_->find(folder);
  if (!parent) return;
  parent->entries.erase(name);
  parent->kept.erase(name);
}

void FaultyDisk::become(const FaultyDisk& other) {
  const std::scoped_lock lock(tree_->mutex, other.tree_->mutex);
  tree_->root = duplicate(*other.tree_->root);
}

void FaultyDisk::copy(const std::string& from, const std::string& to) {
  const std::lock_guard lock(tree_->mutex);
  const auto [folder, name] = split(to);
  const NodePtr parent = tree_->find(folder);
  const NodePtr made = duplicate(*tree_->find(from));
  parent->entries[name] = parent->kept[name] = made;
}
