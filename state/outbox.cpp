#include "state/outbox.h"

#include <algorithm>
#include <set>
#include <utility>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include "core/keep_codec.h"
#include "state/database.h"
#include "state/notice_codec.h"
#include "state/outbox_tables.h"
#include "state/own_folder.h"
#include "state/store_folder.h"
#include "state/witness.h"

namespace state {
namespace {

using namespace outbox_tables;

constexpr char kIds = 'i';           // target, 0, notice id -> nothing: known
constexpr char kDone = 'x';          // `at`, key in kIds -> nothing: ids that are done, in the order of forgetting
constexpr char kNotes = 'r';         // target -> text
constexpr char kRemembered = 'k';    // target, 0, alert key -> alert

std::string number_key(char table, std::uint64_t number) {
  std::string key(1, table);
  core::append_key(key, number);
  return key;
}

std::string id_key(std::string_view target, std::string_view id) {
  std::string key(1, kIds);
  key.append(target);
  key += '\0';
  key.append(id);
  return key;
}

// Big endian with the sign turned around, so that keys sort as instants do.
std::string done_key(core::Time at, std::string_view id) {
  std::string key(1, kDone);
  core::append_key(key, static_cast<std::uint64_t>(at) ^ (std::uint64_t{1} << 63));
  key.append(id);
  return key;
}

std::string remembered_key(std::string_view target, std::string_view alert) {
  std::string key(1, kRemembered);
  key.append(target);
  key += '\0';
  key.append(alert);
  return key;
}

std::string row_of(const OutboxEntry& entry) {
  core::RowWriter row;
  row.text(entry.target);
  row.raw(entry.put);
  row.number(static_cast<std::uint64_t>(entry.attempts));
  row.raw(entry.next);
  row.raw(entry.died);
  row.text(entry.error);
  append_notice(row, entry.notice);
  return row.take();
}

void finish_id(rocksdb::WriteBatch& batch, const OutboxEntry& entry) {
  const std::string key = done_key(entry.notice.at, id_key(entry.target, entry.notice.id));
  CHECK(batch.Put(key, "").ok(), "a batch of rows can be built");
}

void put(rocksdb::WriteBatch& batch, std::string_view key, std::string_view value) {
  CHECK(batch.Put(slice(key), slice(value)).ok(), "a batch of rows can be built");
}

void erase(rocksdb::WriteBatch& batch, std::string_view key) {
  CHECK(batch.Delete(slice(key)).ok(), "a batch of rows can be built");
}

bool matches(const OutboxEntry& entry, const OutboxQuery& query) {
  if (!query.receiver.empty() && entry.notice.receiver != query.receiver) return false;
  if (query.from != windows::kNever && entry.notice.at < query.from) return false;
  return query.to == windows::kNever || entry.notice.at < query.to;
}

std::shared_ptr<Disk> memory() {
  std::unique_ptr<rocksdb::Env> env(rocksdb::NewMemEnv(rocksdb::Env::Default()));
  auto files = env->GetFileSystem();
  return std::make_shared<Disk>(std::move(files), std::move(env));
}

}  // namespace

rocksdb::Options outbox_options(const Disk& disk) {
  rocksdb::Options settings = durable_options(disk);
  settings.write_buffer_size = 4u << 20;
  settings.compression = rocksdb::kLZ4Compression;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(4u << 20);
  table.format_version = 5;
  settings.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return settings;
}

core::Result<std::unique_ptr<Outbox>> Outbox::open(const OutboxOptions& options) {
  auto outbox = std::unique_ptr<Outbox>(new Outbox());
  outbox->folder_ = options.folder.empty() ? "/outbox" : options.folder;
  outbox->disk_ = options.folder.empty() ? memory() : options.disk ? options.disk : Disk::real();
  const core::Status prepared = outbox->prepare(options);
  if (!prepared) return prepared.error();
  return outbox;
}

Outbox::~Outbox() {
  db_.reset();
  if (!own_folder_.empty()) remove_own_folder(own_folder_);
}

core::Error Outbox::damaged(const std::string& what) const {
  return {"outbox_damaged",
          what + ". Alerts that were on their way may be lost. To go on without them, move the folder away: a new "
                 "one is made",
          folder_};
}

// The witness comes first and the database second, so a database without a witness lost it.
core::Status Outbox::prepare(const OutboxOptions& options) {
  core::Status done = disk_->make_folder(folder_);
  if (!done) return done.error();
  const std::string witness = folder_ + "/witness", database = folder_ + "/db";
  const bool begun = disk_->exists(database + "/CURRENT");
  if (!disk_->exists(witness)) {
    if (begun) return damaged("the witness is missing, so nobody can say what was promised");
    done = Witness::create(witness, *disk_, options.id ? *options.id : random_id(), {});
    if (!done) return done.error();
  }
  auto opened = Witness::open(witness, *disk_);
  if (!opened) {
    return opened.error().code == "witness_damaged" ? damaged(opened.error().message) : core::Status(opened.error());
  }
  witness_ = std::move(*opened);
  if (!begun && witness_->seen().last.sequence > 0) return damaged("the database is missing");

  done = disk_->make_folder(database);  // RocksDB would not sync the folder above
  if (!done) return done.error();

  rocksdb::Options settings = outbox_options(*disk_);
  settings.create_if_missing = witness_->seen().last.sequence == 0;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(settings, database, &db);
  db_.reset(db);
  if (!status.ok()) {
    const core::Error error = database_error(status, folder_, "outbox_damaged");
    return error.code == "outbox_damaged" ? damaged(error.message) : error;
  }
  done = read_meta();
  if (!done) return done.error();
  return compare_witness();
}

core::Status Outbox::read_meta() {
  std::string value;
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), std::string(1, kMetaTable), &value);
  if (status.IsNotFound()) return core::Done{};
  if (!status.ok()) return damaged(status.ToString());
  core::RowReader row(value);
  if (row.version() != kOutboxVersion) {
    return core::Error{"unknown_version",
                       "the outbox is in format " + std::to_string(row.version()) + "; this program reads format " +
                           std::to_string(kOutboxVersion),
                       folder_};
  }
  meta_.id = row.raw<Chain>();
  meta_.writes = row.number();
  meta_.last = row.number();
  meta_.newest = row.raw<core::Time>();
  meta_.floor = row.raw<core::Time>();
  if (!row.ok()) return damaged("the row that says what the outbox holds is damaged");
  return core::Done{};
}

core::Status Outbox::compare_witness() {
  const Witness::Seen& seen = witness_->seen();
  if (meta_.writes < seen.last.sequence) {
    return damaged(std::to_string(seen.last.sequence) + " writes of alerts were promised, " +
                   std::to_string(meta_.writes) + " are there");
  }
  if (meta_.writes > 0 && meta_.id != seen.store) return damaged("the witness belongs to another outbox");
  meta_.id = seen.store;
  return core::Done{};
}

core::Status Outbox::write(rocksdb::WriteBatch& batch, bool synced) {
  if (failed_) return core::Error{"outbox_failed", "an earlier write to the outbox failed", folder_};
  rocksdb::WriteOptions options;
  options.sync = synced;
  const rocksdb::Status status = db_->Write(options, &batch);
  if (status.ok()) return core::Done{};
  failed_ = true;
  core::Error error = database_error(status, folder_, "outbox_damaged");
  error.message = "the outbox could not be written: " + error.message;
  return error;
}

core::Status Outbox::promise(rocksdb::WriteBatch& batch) {
  core::RowWriter row;
  ++meta_.writes;
  row.raw(meta_.id);
  row.number(meta_.writes);
  row.number(meta_.last);
  row.raw(meta_.newest);
  row.raw(meta_.floor);
  state::put(batch, std::string(1, kMetaTable), row.take());
  core::Status done = write(batch, true);
  if (!done) return done;
  done = witness_->write({meta_.writes, {}});
  if (!done) failed_ = true;
  return done;
}

core::Status Outbox::each(const std::string& from, const std::string& to, const Row& row) const {
  const std::unique_ptr<rocksdb::Iterator> rows(db_->NewIterator(rocksdb::ReadOptions()));
  for (rows->Seek(from); rows->Valid() && rows->key()[0] == from[0]; rows->Next()) {
    if (!to.empty() && view(rows->key()) >= std::string_view(to)) break;
    const core::Status done = row(view(rows->key()), view(rows->value()));
    if (!done) return done;
  }
  if (!rows->status().ok()) return damaged(rows->status().ToString());
  return core::Done{};
}

core::Result<OutboxEntry> Outbox::read(std::string_view key, std::string_view value) const {
  OutboxEntry entry;
  core::RowReader row(value);
  if (key.size() == 9) {
    entry.number = std::uint64_t{core::key_number(key, 1)} << 32 | core::key_number(key, 5);
    entry.target = row.text();
    entry.put = row.raw<core::Time>();
    entry.attempts = static_cast<int>(row.number32());
    entry.next = row.raw<core::Time>();
    entry.died = row.raw<core::Time>();
    entry.error = row.text();
    auto notice = read_notice(row);
    if (notice && row.done()) {
      entry.notice = std::move(*notice);
      return entry;
    }
  }
  return damaged("entry " + std::to_string(entry.number) + " is damaged");
}

core::Result<bool> Outbox::known(const std::string& key) const {
  std::string value;
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), key, &value);
  if (!status.ok() && !status.IsNotFound()) return damaged(status.ToString());
  return status.ok();
}

core::Result<Outbox::Put> Outbox::put(std::span<const Outgoing> outgoing, core::Time now) {
  const std::lock_guard lock(mutex_);
  Put answer;
  rocksdb::WriteBatch batch;
  std::set<std::string> here;
  for (const Outgoing& one : outgoing) {
    const std::string id = id_key(one.target, one.notice->id);
    const auto there = known(id);
    if (!there) return there.error();
    if (*there || !here.insert(id).second) {
      ++answer.known;
      continue;
    }
    if (meta_.floor != windows::kNever && one.notice->at < meta_.floor) {
      ++answer.too_old;
      continue;
    }
    OutboxEntry entry;
    entry.number = ++meta_.last;
    entry.target = one.target;
    entry.notice = *one.notice;
    entry.put = now;
    meta_.newest = std::max(meta_.newest, entry.notice.at);
    state::put(batch, number_key(kWaiting, entry.number), row_of(entry));
    state::put(batch, id, "");
    answer.fresh.push_back(std::move(entry));
  }
  if (answer.fresh.empty()) return answer;
  const core::Status done = promise(batch);
  if (!done) return done.error();
  return answer;
}

core::Result<OutboxEntry> Outbox::find(std::uint64_t number) const {
  std::string value;
  const std::string key = number_key(kWaiting, number);
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), key, &value);
  if (!status.ok()) return damaged("entry " + std::to_string(number) + ": " + status.ToString());
  return read(key, value);
}

core::Status Outbox::delivered(std::span<const std::uint64_t> numbers) {
  const std::lock_guard lock(mutex_);
  rocksdb::WriteBatch batch;
  for (const std::uint64_t number : numbers) {
    const auto entry = find(number);
    if (!entry) return entry.error();
    erase(batch, number_key(kWaiting, number));
    finish_id(batch, *entry);
  }
  return write(batch, false);
}

core::Status Outbox::attempted(std::span<const std::uint64_t> numbers, int attempts, core::Time next,
                               std::string_view error) {
  const std::lock_guard lock(mutex_);
  rocksdb::WriteBatch batch;
  for (const std::uint64_t number : numbers) {
    auto entry = find(number);
    if (!entry) return entry.error();
    entry->attempts = attempts;
    entry->next = next;
    entry->error = error;
    state::put(batch, number_key(kWaiting, number), row_of(*entry));
  }
  return write(batch, false);
}

core::Status Outbox::buried(std::span<const std::uint64_t> numbers, std::string_view error, core::Time now) {
  const std::lock_guard lock(mutex_);
  rocksdb::WriteBatch batch;
  for (const std::uint64_t number : numbers) {
    auto entry = find(number);
    if (!entry) return entry.error();
    entry->died = now;
    entry->error = error;
    erase(batch, number_key(kWaiting, number));
    state::put(batch, number_key(kDead, number), row_of(*entry));
  }
  return write(batch, true);
}

core::Result<std::optional<OutboxEntry>> Outbox::waiting(std::uint64_t number) const {
  std::string value;
  const std::string key = number_key(kWaiting, number);
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), key, &value);
  if (status.IsNotFound()) return std::optional<OutboxEntry>();
  if (!status.ok()) return damaged(status.ToString());
  auto entry = read(key, value);
  if (!entry) return entry.error();
  return std::optional(std::move(*entry));
}

core::Status Outbox::each_waiting(const std::function<void(OutboxEntry&&)>& entry) const {
  return each(std::string(1, kWaiting), {}, [&](std::string_view key, std::string_view value) -> core::Status {
    auto found = read(key, value);
    if (!found) return found.error();
    entry(std::move(*found));
    return core::Done{};
  });
}

core::Result<std::vector<OutboxEntry>> Outbox::dead(const OutboxQuery& query) const {
  std::vector<OutboxEntry> found;
  const core::Status done =
      each(number_key(kDead, query.after + 1), {}, [&](std::string_view key, std::string_view value) -> core::Status {
        if (query.limit != 0 && found.size() == query.limit) return core::Done{};
        auto entry = read(key, value);
        if (!entry) return entry.error();
        if (matches(*entry, query)) found.push_back(std::move(*entry));
        return core::Done{};
      });
  if (!done) return done.error();
  return found;
}

core::Result<std::vector<OutboxEntry>> Outbox::redrive(const OutboxQuery& query, core::Time now) {
  const std::lock_guard lock(mutex_);
  auto found = dead(query);
  if (!found || found->empty()) return found;
  rocksdb::WriteBatch batch;
  for (OutboxEntry& entry : *found) {
    entry.put = now;
    entry.attempts = 0;
    entry.next = entry.died = windows::kNever;
    erase(batch, number_key(kDead, entry.number));
    state::put(batch, number_key(kWaiting, entry.number), row_of(entry));
  }
  const core::Status done = promise(batch);
  if (!done) return done.error();
  return found;
}

core::Result<std::vector<OutboxEntry>> Outbox::purge(const OutboxQuery& query) {
  const std::lock_guard lock(mutex_);
  auto found = dead(query);
  if (!found || found->empty()) return found;
  rocksdb::WriteBatch batch;
  for (const OutboxEntry& entry : *found) {
    erase(batch, number_key(kDead, entry.number));
    finish_id(batch, entry);
  }
  const core::Status done = write(batch, true);
  if (!done) return done.error();
  return found;
}

core::Result<std::vector<OutboxEntry>> Outbox::expire(core::Time now) {
  const std::lock_guard lock(mutex_);
  auto old = dead({});
  if (!old) return old;
  std::erase_if(*old, [&](const OutboxEntry& entry) { return entry.died > now - kDeadLettersKept; });
  rocksdb::WriteBatch batch;
  for (const OutboxEntry& entry : *old) {
    erase(batch, number_key(kDead, entry.number));
    finish_id(batch, entry);
  }
  std::size_t forgotten = 0;
  if (meta_.newest != windows::kNever) {
    const core::Time before = meta_.newest - kDoneIdsKept;
    const core::Status done =
        each({kDone}, done_key(before, {}), [&](std::string_view key, std::string_view) -> core::Status {
          erase(batch, key);
          erase(batch, key.substr(9));
          ++forgotten;
          return core::Done{};
        });
    if (!done) return done.error();
    if (forgotten > 0) meta_.floor = std::max(meta_.floor, before);
  }
  if (old->empty() && forgotten == 0) return old;
  const core::Status done = promise(batch);
  if (!done) return done.error();
  return old;
}

core::Status Outbox::note(std::string_view target, std::string_view text) {
  const std::lock_guard lock(mutex_);
  rocksdb::WriteBatch batch;
  const std::string key = kNotes + std::string(target);
  if (text.empty()) {
    erase(batch, key);
  } else {
    state::put(batch, key, text);
  }
  return write(batch, false);
}

core::Result<std::vector<TargetNote>> Outbox::notes() const {
  std::vector<TargetNote> all;
  const core::Status done =
      each(std::string(1, kNotes), {}, [&](std::string_view key, std::string_view value) -> core::Status {
        all.push_back({std::string(key.substr(1)), std::string(value)});
        return core::Done{};
      });
  if (!done) return done.error();
  return all;
}

core::Status Outbox::remember(std::string_view target, const core::Alert& alert) {
  const std::lock_guard lock(mutex_);
  rocksdb::WriteBatch batch;
  core::RowWriter row;
  append_alert(row, alert);
  state::put(batch, remembered_key(target, alert.key), row.take());
  return write(batch, false);
}

core::Status Outbox::forget(std::string_view target, std::string_view key) {
  const std::lock_guard lock(mutex_);
  rocksdb::WriteBatch batch;
  erase(batch, remembered_key(target, key));
  return write(batch, false);
}

core::Result<std::vector<core::Alert>> Outbox::remembered(std::string_view target) const {
  const std::string prefix = remembered_key(target, "");
  std::vector<core::Alert> all;
  const auto row = [&](std::string_view, std::string_view value) -> core::Status {
    core::RowReader bytes(value);
    auto alert = bytes.known() ? read_alert(bytes) : std::nullopt;
    if (!alert) return damaged("an alert that " + std::string(target) + " is told again is damaged");
    all.push_back(std::move(*alert));
    return core::Done{};
  };
  const core::Status done = each(prefix, core::behind(prefix), row);
  if (!done) return done.error();
  return all;
}

}  // namespace state
