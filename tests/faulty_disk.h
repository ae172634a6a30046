// FaultyDisk: a disk in memory that can fail at any call and that forgets, at a crash, what was not synced.
//
// It knows what survives a power cut: of a file, what was synced; of a folder, the entries it had when it was synced
// last. Beyond that a crash keeps, by seed, more of what was written: whole sectors and the beginnings of tails,
// sometimes torn; entries one folder at a time. Everything that was opened before the crash is dead afterwards: what a
// store destroyed later still does through it changes nothing. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "state/disk.h"

class FaultyDisk {
 public:
  FaultyDisk();
  ~FaultyDisk();

  // Valid until the next crash.
  std::shared_ptr<state::Disk> disk();

  enum class Unsynced : std::uint8_t { lost, kept, some };
  void crash(Unsynced unsynced, std::uint64_t seed = 0);

  enum class Fault : std::uint8_t { none, io_error, no_space, broken };
  // The n-th call from now fails (1: the next); no_space and broken (every write is an error) go on until heal().
  // Calls are everything that reaches the disk; reading is counted only when `reads`.
  void fail_at(std::uint64_t n, Fault fault, bool reads = false);
  void heal();
  bool reached() const;         // whether that call was made
  std::string failed() const;   // "sync witness"; empty when not reached
  std::uint64_t syncs() const;  // successful ones, of files

  // What is there now, as a person with a hex editor would change it: durable at once.
  std::vector<std::string> files(const std::string& below) const;  // whole paths, sorted
  bool has(const std::string& path) const;
  std::string read(const std::string& path) const;
  void write(const std::string& path, std::string content);
  void remove(const std::string& path);  // a file or a whole folder
  void copy(const std::string& from, const std::string& to);  // likewise; files are copied, not linked

  void become(const FaultyDisk& other);  // a copy of all that is on it

  struct Tree;

 private:
  std::shared_ptr<Tree> tree_;
};
