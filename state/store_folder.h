// StoreFolder: the names in a store's folder, how the folder comes to be, and the kept copies in it.
//
//   format      what this is and whose: two lines of text; written last, so a folder that has it is complete
//   journal/  witness  state/  kept/<applied_at>-<sequence>/
//   creating         there while the folder is made for the first time
//   state.suspect    why the state must not be used: the next start falls back
//   state.damaged/   a state that was set aside      state.new/   a copy on its way to being the state
// Value type; no state but the path.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "state/disk.h"
#include "state/store.h"

namespace state {

inline constexpr int kFolderVersion = 1;

Chain random_id();

struct KeptCopy {
  std::string path;
  core::Time applied_at = 0;
  std::uint64_t sequence = 0;
};

struct StoreFolder {
  std::string path;

  std::string format() const { return path + "/format"; }
  std::string creating() const { return path + "/creating"; }
  std::string journal() const { return path + "/journal"; }
  std::string witness() const { return path + "/witness"; }
  std::string state() const { return path + "/state"; }
  std::string suspect() const { return path + "/state.suspect"; }
  std::string damaged() const { return path + "/state.damaged"; }
  std::string candidate() const { return path + "/state.new"; }
  std::string kept() const { return path + "/kept"; }
  std::string copy_path(core::Time applied_at, std::uint64_t sequence) const;

  // The store's id; none when there is no store yet (nothing, or one whose making was interrupted).
  // Errors: not_a_store, unknown_version, disk_error.
  core::Result<std::optional<Chain>> identify(const Disk& disk) const;
  core::Status make(const std::shared_ptr<Disk>& disk, const Chain& id) const;
  core::Status clean_up(Disk& disk) const;  // what a crash left half done

  core::Result<std::vector<KeptCopy>> copies(const Disk& disk) const;  // newest first
  // A folder of its own with the same content. `linked`: tables are links where the disk can, which costs nothing and
  // shares their fate; the rest is copied.
  static core::Status copy_tables(Disk& disk, const std::string& from, const std::string& to, bool linked);
};

}  // namespace state
