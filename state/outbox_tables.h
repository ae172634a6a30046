// What the files of the outbox have in common: its tables, and how RocksDB is set up for it.
// Only state/*.cpp include it.
#pragma once

#include "state/database.h"

namespace state {

// The tables: the first byte of every key. Those that only outbox.cpp reads are named there.
namespace outbox_tables {
inline constexpr char kMetaTable = 'm';  // one row: what the whole is
inline constexpr char kWaiting = 'e';    // number -> entry
inline constexpr char kDead = 'd';       // number -> entry
}  // namespace outbox_tables

rocksdb::Options outbox_options(const Disk& disk);

}  // namespace state
