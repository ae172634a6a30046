#include "state/checkpoint.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include <rocksdb/cache.h>
#include <rocksdb/compaction_filter.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>
#include <xxhash.h>

#include "state/database.h"
#include "state/own_folder.h"

namespace state {
namespace {

using OnDamage = std::function<void(const core::Error&)>;

// Column families in the order of core::Keep, then ours. `default` holds the stamp.
constexpr std::array<const char*, core::kKeeps + 2> kFamilies{
    "names", "records", "activity", "rosters", "intervals", "agent_records", "meta", "alerts", "ids",
    "default"};
constexpr std::size_t kAlerts = static_cast<std::size_t>(core::Keep::alert);
constexpr std::size_t kIds = core::kKeeps;
constexpr std::size_t kOwn = core::kKeeps + 1;
constexpr std::string_view kStampKey = "checkpoint";
constexpr std::size_t kStampSize = 1 + 8 + 8 + 8 + 16 + 8;
constexpr std::size_t kIdSize = 1 + 8 + 8;

std::string stamp_row(const Tables::Stamp& stamp) {
  std::string row(1, static_cast<char>(kTablesVersion));
  put_fixed(row, stamp.info.sequence);
  put_fixed(row, stamp.info.applied_at);
  put_fixed(row, stamp.info.generation);
  put_fixed(row, stamp.chain);
  put_fixed(row, XXH3_64bits(row.data(), row.size()));
  return row;
}

std::string id_key(const ItemKey& key) {
  std::string bytes;
  put_fixed(bytes, key.high);
  put_fixed(bytes, key.low);
  return bytes;
}

}  // namespace

// Lets ids go that no source will send again; look-ups judge by time themselves, so nobody notices when.
class Tables::Expiry : public rocksdb::CompactionFilter {
 public:
  explicit Expiry(std::shared_ptr<std::atomic<core::Time>> before) : before_(std::move(before)) {}
  bool Filter(int, const rocksdb::Slice&, const rocksdb::Slice& value, std::string*, bool*) const override {
    return value.size() == kIdSize && get_fixed<core::Time>(view(value), 9) < *before_;
  }
  const char* Name() const override { return "ringside.ids"; }

 private:
  std::shared_ptr<std::atomic<core::Time>> before_;
};

core::Result<std::shared_ptr<Tables>> Tables::open(const std::string& folder, const std::shared_ptr<Disk>& disk,
                                                   Mode mode, std::size_t cache_bytes, core::Duration id_horizon) {
  auto tables = std::shared_ptr<Tables>(new Tables());
  tables->folder_ = folder;
  tables->disk_ = disk;
  tables->id_horizon_ = id_horizon;
  tables->ids_before_ = std::make_shared<std::atomic<core::Time>>(windows::kNever);

  rocksdb::Options options = durable_options(*disk);
  options.create_if_missing = mode == Mode::create;
  options.create_missing_column_families = mode == Mode::create;
  options.write_buffer_size = 16u << 20;
  // A checkpoint goes straight into tables, of all families in one entry of the manifest, and into no log. So a
  // manifest that lost its end is an older checkpoint, whole, and not some families without their newest rows.
  options.atomic_flush = true;
  options.compression = rocksdb::kLZ4Compression;
  options.bottommost_compression = rocksdb::kZSTD;
  options.level_compaction_dynamic_level_bytes = true;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(cache_bytes);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));  // most look-ups are for what is not there
  table.cache_index_and_filter_blocks = true;                    // so that memory is bounded by the cache
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.format_version = 5;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));

  std::vector<std::string> there;
  rocksdb::Status status = rocksdb::DB::ListColumnFamilies(options, folder, &there);
  if (status.ok()) {
    for (const std::string& name : there) {
      if (std::find(kFamilies.begin(), kFamilies.end(), name) != kFamilies.end()) continue;
      return core::Error{"unknown_version",
                         "there is a table '" + name + "' that this program does not know; format " +
                             std::to_string(kTablesVersion) + " is what it reads",
                         folder};
    }
    // The table of alerts came later than the others.
    if (std::find(there.begin(), there.end(), kFamilies[kAlerts]) == there.end()) {
      if (mode != Mode::create && mode != Mode::write) {
        return core::Error{"unknown_version",
                           "there is no table 'alerts': an older program made this; start this one on it first",
                           folder};
      }
      options.create_missing_column_families = there.size() + 1 == kFamilies.size();
    }
  } else if (mode != Mode::create) {
    return database_error(status, folder, "state_damaged");
  }
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const char* name : kFamilies) families.emplace_back(name, options);
  tables->expiry_ = std::make_unique<Expiry>(tables->ids_before_);
  families[kIds].options.compaction_filter = tables->expiry_.get();
  families[kIds].options.periodic_compaction_seconds = 24 * 3600;

  rocksdb::DB* db = nullptr;
  if (mode == Mode::read) {
    status = rocksdb::DB::OpenForReadOnly(options, folder, families, &tables->families_, &db);
  } else if (mode == Mode::follow) {
    const auto own = make_own_folder();
    if (!own) return own.error();
    tables->own_folder_ = *own;
    options.max_open_files = -1;
    status = rocksdb::DB::OpenAsSecondary(options, folder, *own, families, &tables->families_, &db);
  } else {
    status = rocksdb::DB::Open(options, folder, families, &tables->families_, &db);
  }
  tables->db_.reset(db);
  if (!status.ok()) return database_error(status, folder, "state_damaged");
  const core::Status stamped = tables->read_stamp();
  if (!stamped) return stamped.error();
  return tables;
}

Tables::Tables() = default;

Tables::~Tables() {
  for (rocksdb::ColumnFamilyHandle* handle : families_) db_->DestroyColumnFamilyHandle(handle);
  db_.reset();
  if (!own_folder_.empty()) remove_own_folder(own_folder_);
}

core::Status Tables::read_stamp() {
  std::string row;
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), families_[kOwn], slice(kStampKey), &row);
  if (status.ok()) {
    if (!row.empty() && static_cast<std::uint8_t>(row[0]) != kTablesVersion) {
      return core::Error{"unknown_version",
                         "the state is in format " + std::to_string(static_cast<std::uint8_t>(row[0])) +
                             "; this program reads format " + std::to_string(kTablesVersion),
                         folder_};
    }
    const std::string_view whole = row;
    if (whole.size() != kStampSize ||
        get_fixed<std::uint64_t>(whole, kStampSize - 8) != XXH3_64bits(row.data(), kStampSize - 8)) {
      return core::Error{"state_damaged", "the row that says what the state stands for is damaged", folder_};
    }
    stamp_.info = {get_fixed<std::uint64_t>(whole, 1), get_fixed<core::Time>(whole, 9),
                   get_fixed<std::uint64_t>(whole, 17)};
    stamp_.chain = get_fixed<Chain>(whole, 25);
  } else if (!status.IsNotFound()) {
    return database_error(status, folder_, "state_damaged");
  }
  // Without a stamp nothing was ever written; anything that is there all the same was damaged.
  std::unique_ptr<rocksdb::Iterator> ids(db_->NewIterator(rocksdb::ReadOptions(), families_[kIds]));
  ids->SeekToFirst();
  has_ids_ = ids->Valid();
  if (!ids->status().ok()) return database_error(ids->status(), folder_, "state_damaged");
  if (status.ok()) return core::Done{};
  for (rocksdb::ColumnFamilyHandle* handle : families_) {
    std::unique_ptr<rocksdb::Iterator> rows(db_->NewIterator(rocksdb::ReadOptions(), handle));
    rows->SeekToFirst();
    if (!rows->Valid()) continue;
    return core::Error{"state_damaged", "there are rows, but none says what they stand for", folder_};
  }
  return core::Done{};
}

Tables::Stamp Tables::stamp() const {
  const std::lock_guard lock(mutex_);
  return stamp_;
}

rocksdb::ColumnFamilyHandle* Tables::family(core::Keep table) const {
  return families_[static_cast<std::size_t>(table)];
}

core::Status Tables::write(CheckpointBatch&& batch, const Chain& chain) {
  const Stamp stamp{batch.info, chain};
  std::size_t bytes = 1024 + batch.ids.size() * 48;
  for (const core::Kept& row : batch.rows) bytes += row.key.size() + row.value.size() + 24;
  rocksdb::WriteBatch write(bytes);
  rocksdb::Status status;
  // Deltas are added up here rather than by RocksDB, so that what is on disk is always a whole row. A batch may hold
  // several of an interval.
  std::map<std::string, std::string> intervals;
  for (core::Kept& row : batch.rows) {
    rocksdb::ColumnFamilyHandle* const into = family(row.table);
    CHECK(!row.merge || row.table == core::Keep::interval, "only intervals are added up");
    if (row.table == core::Keep::interval) {
      auto [sum, first] = intervals.try_emplace(row.key);
      if (first && row.merge) {
        status = db_->Get(rocksdb::ReadOptions(), into, row.key, &sum->second);
        if (!status.ok() && !status.IsNotFound()) return database_error(status, folder_, "state_damaged");
      }
      sum->second = row.merge ? core::merge_interval(sum->second, row.value) : std::move(row.value);
      continue;
    }
    status = row.value.empty() ? write.Delete(into, row.key) : write.Put(into, row.key, row.value);
    CHECK(status.ok(), "a checkpoint can be built");
  }
  for (const auto& [key, sum] : intervals) {
    rocksdb::ColumnFamilyHandle* const into = family(core::Keep::interval);
    status = sum.empty() ? write.Delete(into, key) : write.Put(into, key, sum);
    CHECK(status.ok(), "a checkpoint can be built");
  }
  std::string value;
  for (const SeenRow& row : batch.ids) {
    value.assign(1, static_cast<char>(kTablesVersion));
    put_fixed(value, row.content);
    put_fixed(value, row.at);
    status = write.Put(families_[kIds], id_key(row.key), value);
    CHECK(status.ok(), "a checkpoint can be built");
  }
  status = write.Put(families_[kOwn], slice(kStampKey), stamp_row(stamp));
  CHECK(status.ok(), "a checkpoint can be built");
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  status = db_->Write(options, &write);
  if (status.ok()) status = db_->Flush(rocksdb::FlushOptions(), families_);
  if (!status.ok()) {
    // Damage that merging tables in the background came across ends up here, too.
    core::Error error = database_error(status, folder_, "state_damaged");
    error.message = "a checkpoint could not be written: " + error.message;
    return error;
  }
  if (!batch.ids.empty()) has_ids_ = true;
  *ids_before_ = batch.info.applied_at - id_horizon_;
  const std::lock_guard lock(mutex_);
  stamp_ = stamp;
  return core::Done{};
}

core::Status Tables::copy_to(const std::string& to) {
  rocksdb::Checkpoint* maker = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(db_.get(), &maker);
  const std::unique_ptr<rocksdb::Checkpoint> owned(maker);
  if (status.ok()) status = maker->CreateCheckpoint(to);
  if (!status.ok()) {
    core::Error error = database_error(status, folder_, "state_damaged");
    error.message = "the state could not be copied: " + error.message;
    return error;
  }
  return core::Done{};
}

core::Result<std::vector<Tables::Count>> Tables::count(const Progress& progress) const {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = 2 << 20;
  std::uint64_t total = 0, done = 0;
  for (rocksdb::ColumnFamilyHandle* handle : families_) {
    std::uint64_t rows = 0;
    if (db_->GetIntProperty(handle, rocksdb::DB::Properties::kEstimateNumKeys, &rows)) total += rows;
  }
  std::vector<Count> counts;
  for (std::size_t i = 0; i < families_.size(); ++i) {
    Count& count = counts.emplace_back(Count{kFamilies[i], 0});
    const std::unique_ptr<rocksdb::Iterator> rows(db_->NewIterator(options, families_[i]));
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
      ++count.rows;
      if (progress && ++done % 10'000 == 0) progress("reading the state", done, std::max(done, total));
    }
    if (!rows->status().ok()) return database_error(rows->status(), folder_, "state_damaged");
  }
  return counts;
}

core::Status Tables::read_all(const Progress& progress) const {
  const auto counts = count(progress);
  if (!counts) return counts.error();
  return core::Done{};
}

std::optional<SeenRow> Tables::find_id(const ItemKey& key, core::Error& damage) const {
  std::string value;
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), families_[kIds], id_key(key), &value);
  if (status.IsNotFound()) return std::nullopt;
  if (!status.ok() || value.size() != kIdSize) {
    damage = status.ok() ? core::Error{"state_damaged", "an id's row has the wrong size", folder_}
                         : database_error(status, folder_, "state_damaged");
    return std::nullopt;
  }
  return SeenRow{key, get_fixed<std::uint64_t>(value, 1), get_fixed<core::Time>(value, 9)};
}

std::uint64_t Tables::bytes() const {
  std::uint64_t all = 0;
  for (rocksdb::ColumnFamilyHandle* handle : families_) {
    std::uint64_t tables = 0;
    if (db_->GetIntProperty(handle, rocksdb::DB::Properties::kTotalSstFilesSize, &tables)) all += tables;
  }
  return all;
}

// One instant of the tables, until it is refreshed.
class Tables::View : public StateArchive {
 public:
  View(std::shared_ptr<Tables> tables, OnDamage on_damage)
      : tables_(std::move(tables)), on_damage_(std::move(on_damage)) {
    refresh();
  }
  ~View() override { tables_->db_->ReleaseSnapshot(snapshot_); }

  void refresh() override {
    // A checkpoint may be written between the two; a snapshot that is newer than its stamp would lie, so the stamp
    // is read from the snapshot.
    if (snapshot_ != nullptr) tables_->db_->ReleaseSnapshot(snapshot_);
    snapshot_ = tables_->db_->GetSnapshot();
    info_ = {};
    std::string row;
    const rocksdb::Status status = tables_->db_->Get(options(), tables_->families_[kOwn], slice(kStampKey), &row);
    if (status.IsNotFound()) return;
    if (!status.ok() || row.size() != kStampSize) return broken(status);
    info_ = {get_fixed<std::uint64_t>(row, 1), get_fixed<core::Time>(row, 9), get_fixed<std::uint64_t>(row, 17)};
  }

  CheckpointInfo info() const override { return info_; }
  std::uint64_t generation() override { return info_.generation; }
  core::Status status() const override {
    if (damage_) return *damage_;
    return core::Done{};
  }

  bool get(core::Keep table, std::string_view key, std::string& value) override {
    if (damage_) return false;
    const rocksdb::Status status = tables_->db_->Get(options(), tables_->family(table), slice(key), &value);
    if (!status.ok() && !status.IsNotFound()) broken(status);
    return status.ok();
  }

  void scan(core::Keep table, std::string_view from, std::string_view to,
            const std::function<bool(std::string_view, std::string_view)>& row) override {
    if (damage_ || from >= to) return;
    rocksdb::ReadOptions reading = options();
    const rocksdb::Slice bound = slice(to);
    reading.iterate_upper_bound = &bound;
    const std::unique_ptr<rocksdb::Iterator> rows(tables_->db_->NewIterator(reading, tables_->family(table)));
    for (rows->Seek(slice(from)); rows->Valid(); rows->Next()) {
      if (!row(view(rows->key()), view(rows->value()))) break;
    }
    if (!rows->status().ok()) broken(rows->status());
  }

 private:
  rocksdb::ReadOptions options() const {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot_;
    return options;
  }
  void broken(const rocksdb::Status& status) {
    if (damage_) return;
    damage_ = status.ok() ? core::Error{"state_damaged", "the row that says what the state stands for is damaged",
                                        tables_->folder_}
                          : database_error(status, tables_->folder_, "state_damaged");
    if (on_damage_) on_damage_(*damage_);
  }

  std::shared_ptr<Tables> tables_;
  OnDamage on_damage_;
  const rocksdb::Snapshot* snapshot_ = nullptr;
  CheckpointInfo info_;
  std::optional<core::Error> damage_;
};

std::unique_ptr<StateArchive> Tables::archive(OnDamage on_damage) {
  return std::make_unique<View>(shared_from_this(), std::move(on_damage));
}

}  // namespace state
