// Quarantine: what a tenant's sources sent and nobody could read, kept so that it can be looked at, and read again
// once a mapping or a table of names is right. Bounded by bytes and age: the oldest go first, and are counted.
//
// On disk (docs/durability.md): <tenant>/quarantine/<n>, up to 256 entries each, written whole. Nothing is kept that
// the source did not send; of HTTP no headers, which hold secrets. I/O thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <set>
#include <string>

#include "core/result.h"
#include "server/quarantine_file.h"
#include "server/source_config.h"
#include "server/source_disk.h"

namespace server {

class Quarantine {
 public:
  Quarantine(const QuarantineLimits& limits, SourceDisk& disk, std::string folder)
      : limits_(limits), disk_(disk), folder_(std::move(folder)) {}

  // What was kept before. Errors: disk_error. A damaged file is left out and counted.
  core::Status load();
  void keep(Quarantined entry, windows::Time wall);  // gives it its number
  // Writes what has changed; it is there for good when SourceDisk::after says so.
  void flush();
  void expire(windows::Time wall);
  void limit(const QuarantineLimits& limits) { limits_ = limits; }

  const std::deque<Quarantined>& entries() const { return entries_; }
  const Quarantined* find(std::uint64_t number) const;
  // Those for which `gone` says so. How many.
  std::size_t remove(const std::function<bool(const Quarantined&)>& gone);

  std::size_t bytes() const { return bytes_; }
  std::uint64_t kept() const { return kept_; }        // since the start
  std::uint64_t dropped() const { return dropped_; }  // since the start, for lack of room or for age
  std::uint64_t damaged() const { return damaged_; }

 private:
  static constexpr std::uint64_t kPerFile = 256;
  void drop_first();

  QuarantineLimits limits_;
  SourceDisk& disk_;
  std::string folder_;
  std::deque<Quarantined> entries_;
  std::set<std::uint64_t> changed_;  // files
  std::set<std::uint64_t> files_;    // there are
  std::uint64_t next_ = 1;
  std::size_t bytes_ = 0;
  std::uint64_t kept_ = 0, dropped_ = 0, damaged_ = 0;
};

}  // namespace server
