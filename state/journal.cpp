#include "state/journal.h"

#include <utility>

#include <rocksdb/db.h>
#include <rocksdb/file_system.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <xxhash.h>

#include "state/database.h"
#include "state/own_folder.h"

namespace state {
namespace {

constexpr std::size_t kHeader = 1 + 8 + 16 + 16;

std::string key_of(std::uint64_t sequence) {
  std::string key(8, '\0');
  for (int i = 7; i >= 0; --i, sequence >>= 8) key[static_cast<std::size_t>(i)] = static_cast<char>(sequence);
  return key;
}

std::uint64_t sequence_of(std::string_view key) {
  std::uint64_t sequence = 0;
  for (const char c : key) sequence = sequence << 8 | static_cast<unsigned char>(c);
  return sequence;
}

rocksdb::Options journal_options(const Disk& disk) {
  rocksdb::Options options = durable_options(disk);
  options.write_buffer_size = 32u << 20;  // also what a start has to read again at most, twice
  options.target_file_size_base = 64u << 20;
  options.compression = rocksdb::kZSTD;
  options.compression_opts.level = 1;
  rocksdb::BlockBasedTableOptions table;
  table.block_size = 32 * 1024;  // read in order, nearly always
  table.no_block_cache = true;
  table.format_version = 5;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

Chain next_chain(const Chain& previous, std::uint64_t sequence, core::Time applied_at, std::string_view payload) {
  const XXH128_hash_t body = XXH3_128bits(payload.data(), payload.size());
  const std::array<std::uint64_t, 6> all{previous[0], previous[1],  sequence, static_cast<std::uint64_t>(applied_at),
                                         body.low64,  body.high64};
  const XXH128_hash_t hash = XXH3_128bits(all.data(), sizeof all);
  return {hash.low64, hash.high64};
}

core::Result<std::unique_ptr<Journal>> Journal::open(const std::string& folder, const std::shared_ptr<Disk>& disk,
                                                     Mode mode) {
  auto journal = std::unique_ptr<Journal>(new Journal());
  journal->folder_ = folder;
  journal->disk_ = disk;
  rocksdb::Options options = journal_options(*disk);
  options.create_if_missing = mode == Mode::create;
  rocksdb::DB* db = nullptr;
  rocksdb::Status status;
  if (mode == Mode::follow) {
    const auto own = make_own_folder();
    if (!own) return own.error();
    journal->own_folder_ = *own;
    options.max_open_files = -1;  // the other process may delete what we read
    status = rocksdb::DB::OpenAsSecondary(options, folder, *own, &db);
  } else if (mode == Mode::salvage) {
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    status = rocksdb::DB::OpenForReadOnly(options, folder, &db);
  } else {
    status = rocksdb::DB::Open(options, folder, &db);
  }
  journal->db_.reset(db);
  if (!status.ok()) return database_error(status, folder, "journal_damaged");
  return journal;
}

core::Status Journal::check_unused(const std::string& folder, const Disk& disk) {
  rocksdb::FileLock* lock = nullptr;
  const rocksdb::IOOptions plain;
  const rocksdb::IOStatus status = disk.files().LockFile(folder + "/LOCK", plain, &lock, nullptr);
  if (status.ok()) disk.files().UnlockFile(lock, plain, nullptr).PermitUncheckedError();
  if (status.ok() || !disk.exists(folder + "/LOCK")) return core::Done{};
  return database_error(status, folder, "journal_damaged");
}

Journal::~Journal() {
  db_.reset();
  if (!own_folder_.empty()) remove_own_folder(own_folder_);
}

core::Error Journal::damaged(std::uint64_t sequence, const std::string& what) const {
  return {"journal_damaged", "batch " + std::to_string(sequence) + " of the journal " + what, folder_};
}

core::Result<std::uint64_t> Journal::last_sequence() const {
  const std::unique_ptr<rocksdb::Iterator> rows(db_->NewIterator(rocksdb::ReadOptions()));
  rows->SeekToLast();
  if (!rows->status().ok()) return database_error(rows->status(), folder_, "journal_damaged");
  if (!rows->Valid()) return std::uint64_t{0};
  if (rows->key().size() != 8) return core::Error{"journal_damaged", "the last key is no sequence", folder_};
  return sequence_of(view(rows->key()));
}

core::Status Journal::append(std::span<const Append> batches, Position& last, bool sync) {
  std::size_t bytes = 0;
  for (const Append& batch : batches) bytes += batch.payload.size() + kHeader + 32;
  rocksdb::WriteBatch write(bytes);
  Position position = last;
  std::string header;
  for (const Append& batch : batches) {
    const Chain chain = next_chain(position.chain, position.sequence + 1, batch.applied_at, batch.payload);
    header.assign(1, static_cast<char>(kJournalVersion));
    put_fixed(header, batch.applied_at);
    put_fixed(header, position.chain);
    put_fixed(header, chain);
    position = {position.sequence + 1, chain};
    const std::string key = key_of(position.sequence);
    const rocksdb::Slice key_part(key);
    const std::array<rocksdb::Slice, 2> value_parts{rocksdb::Slice(header), slice(batch.payload)};
    const rocksdb::Status put =
        write.Put(rocksdb::SliceParts(&key_part, 1), rocksdb::SliceParts(value_parts.data(), 2));
    CHECK(put.ok(), "a batch of rows can be built");
  }
  rocksdb::WriteOptions options;
  options.sync = sync;
  const rocksdb::Status status = db_->Write(options, &write);
  if (!status.ok()) {
    core::Error error = database_error(status, folder_, "journal_damaged");
    error.message = "the journal could not be written: " + error.message;
    return error;
  }
  last = position;
  return core::Done{};
}

core::Status Journal::flush() {
  rocksdb::Status status = db_->SyncWAL();
  if (!status.ok()) return core::Error{"disk_error", "the journal could not be synced: " + status.ToString(), folder_};
  return core::Done{};
}

core::Status Journal::read(std::uint64_t from, std::uint64_t to, const Chain& genesis,
                           const std::function<bool(const Row&)>& row) const {
  CHECK(from > 0, "sequences begin at 1");
  if (from > to) return core::Done{};
  rocksdb::ReadOptions options;
  options.readahead_size = 2 << 20;
  options.fill_cache = false;
  const std::string upper = key_of(to + 1);
  const rocksdb::Slice bound(upper);
  if (to + 1 != 0) options.iterate_upper_bound = &bound;
  const std::unique_ptr<rocksdb::Iterator> rows(db_->NewIterator(options));
  // From the row before, because it says what the first one has to follow.
  Chain previous = genesis;
  std::uint64_t expected = from > 1 ? from - 1 : from;
  for (rows->Seek(key_of(expected)); rows->Valid(); rows->Next(), ++expected) {
    const std::string_view value = view(rows->value());
    if (rows->key().size() != 8 || sequence_of(view(rows->key())) != expected) {
      return damaged(expected, "is missing: batch " + std::to_string(sequence_of(view(rows->key()))) + " comes next");
    }
    if (value.empty()) return damaged(expected, "is empty");
    if (static_cast<std::uint8_t>(value[0]) != kJournalVersion) {
      return core::Error{"unknown_version",
                         "batch " + std::to_string(expected) + " of the journal is in format " +
                             std::to_string(static_cast<std::uint8_t>(value[0])) + "; this program reads format " +
                             std::to_string(kJournalVersion),
                         folder_};
    }
    if (value.size() < kHeader) return damaged(expected, "is cut off");
    const Row found{{expected, get_fixed<core::Time>(value, 1), value.substr(kHeader)},
                    get_fixed<Chain>(value, 9),
                    get_fixed<Chain>(value, 25)};
    if (found.chain != next_chain(found.previous, expected, found.batch.applied_at, found.batch.payload)) {
      return damaged(expected, "is not what was written");
    }
    const bool first = expected == (from > 1 ? from - 1 : from) && expected != 1;
    if (!first && found.previous != previous) return damaged(expected, "does not follow the one before");
    previous = found.chain;
    if (expected >= from && !row(found)) return core::Done{};
  }
  if (!rows->status().ok()) {
    core::Error error = database_error(rows->status(), folder_, "journal_damaged");
    error.message = "batch " + std::to_string(expected) + " of the journal cannot be read: " + error.message;
    return error;
  }
  if (expected <= to) return damaged(expected, "is missing, and so is everything after it");
  return core::Done{};
}

core::Result<Chain> Journal::chain_at(std::uint64_t sequence, const Chain& genesis) const {
  Chain chain = genesis;
  if (sequence == 0) return chain;
  const core::Status found = read(sequence, sequence, genesis, [&](const Row& row) {
    chain = row.chain;
    return false;
  });
  if (!found) return found.error();
  return chain;
}

std::uint64_t Journal::bytes() const {
  std::uint64_t tables = 0, memory = 0;
  db_->GetIntProperty(rocksdb::DB::Properties::kTotalSstFilesSize, &tables);
  db_->GetIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables, &memory);
  return tables + memory;
}

}  // namespace state
