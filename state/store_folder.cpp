#include "state/store_folder.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <random>

#include <rocksdb/file_system.h>

#include "state/checkpoint.h"
#include "state/journal.h"
#include "state/witness.h"

namespace state {
namespace {

constexpr std::string_view kFirstLine = "ringside store, format ";

std::string hex(const Chain& id) {
  char text[40];
  std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(id[0]),
                static_cast<unsigned long long>(id[1]));
  return text;
}

template <class T>
bool read_number(std::string_view text, T& value, int base = 10) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return read.ec == std::errc() && read.ptr == text.data() + text.size();
}

}  // namespace

Chain random_id() {
  std::random_device chance;
  const auto word = [&] { return static_cast<std::uint64_t>(chance()) << 32 | chance(); };
  return {word(), word()};
}

// Fixed width, so that names sort as instants do.
std::string StoreFolder::copy_path(core::Time applied_at, std::uint64_t sequence) const {
  char name[64];
  std::snprintf(name, sizeof name, "/%015lld-%012llu", static_cast<long long>(applied_at),
                static_cast<unsigned long long>(sequence));
  return kept() + name;
}

core::Result<std::optional<Chain>> StoreFolder::identify(const Disk& disk) const {
  if (!disk.exists(format())) {
    auto names = disk.list(path);
    if (!names) return names.error();
    std::erase(*names, "creating.new");  // as far as an interrupted making can come before `creating` is there
    if (names->empty() || disk.exists(creating())) return std::optional<Chain>();
    return core::Error{"not_a_store", "the folder is not empty, and the file 'format' that every store has is missing; "
                                      "put it back from a backup, or choose another folder", path};
  }
  const auto content = disk.read(format());
  if (!content) return content.error();
  const core::Error damaged{"not_a_store", "the file is damaged; put it back from a backup", format()};
  std::string_view text = *content;
  if (!text.starts_with(kFirstLine)) return damaged;
  text.remove_prefix(kFirstLine.size());
  int version = 0;
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos || !read_number(text.substr(0, end), version)) return damaged;
  if (version != kFolderVersion) {
    return core::Error{"unknown_version",
                       "the store is in format " + std::to_string(version) + "; this program reads format " +
                           std::to_string(kFolderVersion),
                       format()};
  }
  text.remove_prefix(end + 1);
  Chain id{};
  if (text.size() != 36 || !text.starts_with("id ") || text.back() != '\n' ||
      !read_number(text.substr(3, 16), id[0], 16) || !read_number(text.substr(19, 16), id[1], 16)) {
    return damaged;
  }
  return std::optional<Chain>(id);
}

core::Status StoreFolder::make(const std::shared_ptr<Disk>& disk, const Chain& id) const {
  core::Status done = disk->make_folder(path);
  if (done) done = disk->replace(creating(), "");
  for (const std::string& part : {journal(), witness(), state(), kept()}) {
    if (done) done = disk->remove_tree(part);
  }
  for (const std::string& part : {journal(), state(), kept()}) {
    if (done) done = disk->make_folder(part);
  }
  if (!done) return done;
  const auto new_journal = Journal::open(journal(), disk, Journal::Mode::create);
  if (!new_journal) return new_journal.error();
  const auto new_tables = Tables::open(state(), disk, Tables::Mode::create, 1 << 20, 0);
  if (!new_tables) return new_tables.error();
  done = Witness::create(witness(), *disk, id, {0, id});
  const std::string lines = std::string(kFirstLine) + std::to_string(kFolderVersion) + "\nid " + hex(id) + "\n";
  if (done) done = disk->replace(format(), lines);
  return done;
}

core::Status StoreFolder::clean_up(Disk& disk) const {
  core::Status done = disk.remove_tree(creating());
  if (done) done = disk.remove_tree(candidate());
  const auto names = disk.list(kept());
  if (!names) return names.error();
  for (const std::string& name : *names) {
    if (done && name.ends_with(".tmp")) done = disk.remove_tree(kept() + "/" + name);
  }
  return done;
}

core::Result<std::vector<KeptCopy>> StoreFolder::copies(const Disk& disk) const {
  const auto names = disk.list(kept());
  if (!names) return names.error();
  std::vector<KeptCopy> copies;
  for (const std::string& name : *names) {
    const std::size_t dash = name.find('-', 1);  // instants before 1970 begin with one
    KeptCopy copy;
    if (dash == std::string::npos || !read_number(std::string_view(name).substr(0, dash), copy.applied_at) ||
        !read_number(std::string_view(name).substr(dash + 1), copy.sequence)) {
      continue;
    }
    copy.path = kept() + "/" + name;
    copies.push_back(std::move(copy));
  }
  std::sort(copies.begin(), copies.end(), [](const KeptCopy& a, const KeptCopy& b) { return a.sequence > b.sequence; });
  return copies;
}

core::Status StoreFolder::copy_tables(Disk& disk, const std::string& from, const std::string& to, bool linked) {
  core::Status done = disk.remove_tree(to);
  if (done) done = disk.make_folder(to);
  if (!done) return done;
  const auto names = disk.list(from);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    const std::string source = from + "/" + name;
    const std::string target = to + "/" + name;
    // Only tables never change once they are written.
    const bool is_linked =
        linked && name.ends_with(".sst") && disk.files().LinkFile(source, target, rocksdb::IOOptions(), nullptr).ok();
    if (!is_linked && name != "LOCK") done = disk.copy(source, target);
    if (!done) return done;
  }
  return disk.sync_folder(to);
}

}  // namespace state
