// An outbox looked at from outside while it may be in use: counted, copied.
#include <utility>

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "state/database.h"
#include "state/outbox.h"
#include "state/outbox_tables.h"
#include "state/own_folder.h"
#include "state/witness.h"

namespace state {
namespace {

constexpr std::size_t kAtOnce = 1u << 20;  // bytes

}  // namespace

bool Outbox::is_there(const std::string& folder, const Disk& disk) {
  return disk.exists(folder + "/witness") || disk.exists(folder + "/db/CURRENT");
}

// The witness first: what it promises now the database has, even if it goes on meanwhile.
core::Result<std::unique_ptr<Outbox>> Outbox::follow(const std::string& folder, std::shared_ptr<Disk> disk) {
  auto outbox = std::unique_ptr<Outbox>(new Outbox());
  outbox->folder_ = folder;
  outbox->disk_ = disk ? std::move(disk) : Disk::real();
  const auto seen = Witness::read(folder + "/witness", *outbox->disk_);
  if (!seen) return seen.error();
  outbox->meta_.id = seen->store;
  if (!outbox->disk_->exists(folder + "/db/CURRENT")) {
    if (seen->last.sequence > 0) return outbox->damaged("the database is missing");
    return outbox;  // nothing was put yet
  }
  const auto own = make_own_folder();
  if (!own) return own.error();
  outbox->own_folder_ = *own;
  rocksdb::Options settings = outbox_options(*outbox->disk_);
  settings.max_open_files = -1;  // the other process may delete what we read
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::OpenAsSecondary(settings, folder + "/db", *own, &db);
  outbox->db_.reset(db);
  if (!status.ok()) return database_error(status, folder, "outbox_damaged");
  const core::Status read = outbox->read_meta();
  if (!read) return read.error();
  if (outbox->meta_.writes < seen->last.sequence) {
    return outbox->damaged(std::to_string(seen->last.sequence) + " writes of alerts were promised, " +
                           std::to_string(outbox->meta_.writes) + " are there");
  }
  if (outbox->meta_.writes > 0 && outbox->meta_.id != seen->store) {
    return outbox->damaged("the witness belongs to another outbox");
  }
  return outbox;
}

core::Result<Outbox::Counts> Outbox::count() const {
  Counts counts;
  if (db_ == nullptr) return counts;
  for (const char table : {outbox_tables::kWaiting, outbox_tables::kDead}) {
    std::uint64_t& number = table == outbox_tables::kWaiting ? counts.waiting : counts.dead;
    const core::Status read = each(std::string(1, table), {}, [&](std::string_view key, std::string_view value) {
      const auto entry = this->read(key, value);
      if (!entry) return core::Status(entry.error());
      ++number;
      return core::Status(core::Done{});
    });
    if (!read) return read.error();
  }
  return counts;
}

core::Status Outbox::copy_to(const std::string& folder) const {
  const std::string beside = folder + ".new";
  core::Status done = disk_->remove_tree(beside);
  if (done) done = disk_->make_folder(beside);
  if (done) done = disk_->make_folder(beside + "/db");
  if (done) done = Witness::create(beside + "/witness", *disk_, meta_.id, {meta_.writes, {}});
  if (!done) return done;
  if (db_ != nullptr) {
    rocksdb::Options settings = outbox_options(*disk_);
    settings.create_if_missing = true;
    rocksdb::DB* opened = nullptr;
    rocksdb::Status status = rocksdb::DB::Open(settings, beside + "/db", &opened);
    const std::unique_ptr<rocksdb::DB> target(opened);
    const std::unique_ptr<rocksdb::Iterator> rows(status.ok() ? db_->NewIterator(rocksdb::ReadOptions()) : nullptr);
    rocksdb::WriteBatch batch;
    if (rows) rows->SeekToFirst();
    while (status.ok() && rows->Valid()) {
      status = batch.Put(rows->key(), rows->value());
      rows->Next();
      if (!status.ok() || (rows->Valid() && batch.GetDataSize() < kAtOnce)) continue;
      rocksdb::WriteOptions synced;
      synced.sync = !rows->Valid();
      status = target->Write(synced, &batch);
      batch.Clear();
    }
    if (status.ok() && rows) status = rows->status();
    if (status.ok()) status = target->Flush(rocksdb::FlushOptions());
    if (!status.ok()) return database_error(status, folder, "outbox_damaged");
  }
  done = disk_->remove_tree(folder);
  return done ? disk_->rename(beside, folder) : done;
}

}  // namespace state
