// What both databases of a store have in common: options, little-endian numbers, and RocksDB's errors in our words.
// Only state/*.cpp include this; nothing above sees RocksDB. Any thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <rocksdb/options.h>
#include <rocksdb/status.h>

#include "core/result.h"
#include "state/disk.h"

namespace state {

// RocksDB's defaults lose data silently (docs/durability.md, "Settings"); these do not.
rocksdb::Options durable_options(const Disk& disk);

// Codes: in_use, disk_error, or `damaged` when it is about content. `next`: the command to use next.
core::Error database_error(const rocksdb::Status& status, const std::string& folder, const char* damaged);

// "next: …", for messages about damage of the store in `folder`.
std::string next_steps(const std::string& folder);

inline rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view view(const rocksdb::Slice& text) { return {text.data(), text.size()}; }

template <class T>
void put_fixed(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
template <class T>
T get_fixed(std::string_view from, std::size_t at) {
  T value;
  CHECK(at + sizeof value <= from.size(), "a number lies inside what holds it");
  std::memcpy(&value, from.data() + at, sizeof value);
  return value;
}

}  // namespace state
