#include "state/disk.h"

#include <algorithm>
#include <utility>

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

namespace state {
namespace {

using rocksdb::IOOptions;
using rocksdb::IOStatus;

core::Error disk_error(const std::string& path, const IOStatus& status) {
  return {"disk_error", status.ToString(), path};
}

std::string parent(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Disk::Disk(std::shared_ptr<rocksdb::FileSystem> files, std::unique_ptr<rocksdb::Env> env)
    : files_(std::move(files)), env_(env ? std::move(env) : rocksdb::NewCompositeEnv(files_)) {}

Disk::~Disk() = default;

std::shared_ptr<Disk> Disk::real() {
  static const auto disk = std::make_shared<Disk>(rocksdb::FileSystem::Default());
  return disk;
}

core::Status Disk::sync_folder(const std::string& path) {
  std::unique_ptr<rocksdb::FSDirectory> folder;
  IOStatus status = files_->NewDirectory(path, IOOptions(), &folder, nullptr);
  if (status.ok()) status = folder->Fsync(IOOptions(), nullptr);
  if (!status.ok()) return disk_error(path, status);
  return core::Done{};
}

core::Status Disk::make_folder(const std::string& path) {
  if (exists(path)) return core::Done{};
  const IOStatus status = files_->CreateDirIfMissing(path, IOOptions(), nullptr);
  if (!status.ok()) return disk_error(path, status);
  return sync_folder(parent(path));
}

core::Result<std::vector<std::string>> Disk::list(const std::string& path) const {
  std::vector<std::string> names;
  const IOStatus status = files_->GetChildren(path, IOOptions(), &names, nullptr);
  if (status.IsNotFound() || status.IsPathNotFound()) return std::vector<std::string>{};
  if (!status.ok()) return disk_error(path, status);
  std::erase_if(names, [](const std::string& name) { return name == "." || name == ".."; });
  std::sort(names.begin(), names.end());
  return names;
}

bool Disk::exists(const std::string& path) const { return files_->FileExists(path, IOOptions(), nullptr).ok(); }

core::Result<std::string> Disk::read(const std::string& path) const {
  std::unique_ptr<rocksdb::FSSequentialFile> file;
  IOStatus status = files_->NewSequentialFile(path, rocksdb::FileOptions(), &file, nullptr);
  std::string content;
  std::string buffer(64 * 1024, '\0');
  while (status.ok()) {
    rocksdb::Slice piece;
    status = file->Read(buffer.size(), IOOptions(), &piece, buffer.data(), nullptr);
    if (!status.ok() || piece.empty()) break;
    content.append(piece.data(), piece.size());
  }
  if (!status.ok()) return disk_error(path, status);
  return content;
}

core::Status Disk::replace(const std::string& path, std::string_view content) {
  const std::string beside = path + ".new";
  std::unique_ptr<rocksdb::FSWritableFile> file;
  IOStatus status = files_->NewWritableFile(beside, rocksdb::FileOptions(), &file, nullptr);
  if (status.ok()) status = file->Append(rocksdb::Slice(content.data(), content.size()), IOOptions(), nullptr);
  if (status.ok()) status = file->Sync(IOOptions(), nullptr);
  if (status.ok()) status = file->Close(IOOptions(), nullptr);
  if (!status.ok()) return disk_error(beside, status);
  return rename(beside, path);
}

core::Status Disk::rename(const std::string& from, const std::string& to) {
  const IOStatus status = files_->RenameFile(from, to, IOOptions(), nullptr);
  if (!status.ok()) return disk_error(from, status);
  return sync_folder(parent(to));
}

core::Status Disk::copy(const std::string& from, const std::string& to) {
  std::unique_ptr<rocksdb::FSSequentialFile> in;
  IOStatus status = files_->NewSequentialFile(from, rocksdb::FileOptions(), &in, nullptr);
  if (!status.ok()) return disk_error(from, status);
  std::unique_ptr<rocksdb::FSWritableFile> out;
  status = files_->NewWritableFile(to, rocksdb::FileOptions(), &out, nullptr);
  std::string buffer(1 << 20, '\0');
  while (status.ok()) {
    rocksdb::Slice piece;
    status = in->Read(buffer.size(), IOOptions(), &piece, buffer.data(), nullptr);
    if (!status.ok()) return disk_error(from, status);
    if (piece.empty()) break;
    status = out->Append(piece, IOOptions(), nullptr);
  }
  if (status.ok()) status = out->Sync(IOOptions(), nullptr);
  if (status.ok()) status = out->Close(IOOptions(), nullptr);
  if (!status.ok()) return disk_error(to, status);
  return core::Done{};
}

core::Status Disk::remove_tree(const std::string& path) {
  if (!exists(path)) return core::Done{};
  bool is_folder = false;
  IOStatus status = files_->IsDirectory(path, IOOptions(), &is_folder, nullptr);
  if (!status.ok()) return disk_error(path, status);
  if (!is_folder) {
    status = files_->DeleteFile(path, IOOptions(), nullptr);
    if (!status.ok()) return disk_error(path, status);
    return core::Done{};
  }
  const auto names = list(path);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    const core::Status removed = remove_tree(path + "/" + name);
    if (!removed) return removed;
  }
  status = files_->DeleteDir(path, IOOptions(), nullptr);
  if (!status.ok()) return disk_error(path, status);
  return core::Done{};
}

}  // namespace state
