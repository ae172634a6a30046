#include "tests/stored.h"

#include <map>

namespace {

constexpr core::Time kBegin = 1'769'937'000'000;

// What checkpoint() writes for a batch: three tables, so that a checkpoint touches several files.
std::vector<core::Kept> rows_of(std::uint64_t sequence, const std::string& payload) {
  const std::string number = std::to_string(sequence);
  return {{core::Keep::record, "r" + number, "v" + payload, false},
          {core::Keep::name, "n" + std::to_string(sequence % 7), "v" + number, false},
          {core::Keep::meta, "last", "v" + number, false}};
}

}  // namespace

Stored::Stored(bool made) {
  options.folder = "/data";
  options.id = state::Chain{1, 2};
  options.kept_copies = 3;
  options.cache_bytes = 1 << 20;
  if (!made) return;
  static const Stored kEmpty = [] {
    Stored empty;
    empty.open();
    empty.store.reset();
    return empty;
  }();
  disk.become(kEmpty.disk);
}

std::string Stored::open() {
  store.reset();
  options.disk = disk.disk();
  auto opened = state::Store::open(options);
  if (!opened) {
    error = opened.error().where + ": " + opened.error().message;
    return opened.error().code;
  }
  store = std::move(*opened);
  // What was handed over but not acknowledged may be there or not; from now on it is decided.
  if (store->last().sequence <= attempted.size()) attempted.resize(store->last().sequence);
  if (committed.size() < attempted.size()) committed = attempted;
  return "";
}

bool Stored::commit(int count, std::size_t bytes) {
  std::vector<Batch> batches;
  for (int i = 0; i < count; ++i) {
    const std::size_t number = attempted.size() + batches.size() + 1;
    std::string payload = "batch " + std::to_string(number) + " ";
    std::uint64_t noise = number;
    while (payload.size() < bytes) {
      noise = noise * 6364136223846793005ULL + 1442695040888963407ULL;
      payload.push_back(static_cast<char>('a' + (noise >> 33) % 26));
    }
    batches.push_back({kBegin + static_cast<core::Time>(number) * 100, payload});
  }
  std::vector<state::Append> appends;
  for (const Batch& batch : batches) appends.push_back({batch.applied_at, batch.payload});
  attempted.insert(attempted.end(), batches.begin(), batches.end());
  const core::Status done = store->commit(appends);
  if (done) committed = attempted;
  if (!done) error = done.error().message;
  return static_cast<bool>(done);
}

bool Stored::checkpoint() {
  const state::CheckpointInfo before = store->checkpoint();
  state::CheckpointBatch batch;
  batch.info = {committed.size(), committed.back().applied_at, before.generation + 1};
  for (std::uint64_t i = before.sequence + 1; i <= committed.size(); ++i) {
    for (core::Kept& row : rows_of(i, committed[i - 1].payload)) batch.rows.push_back(std::move(row));
    batch.ids.push_back({{i, ~i}, i * 3, committed[i - 1].applied_at});
  }
  const core::Status done = store->write_checkpoint(std::move(batch));
  if (!done) error = done.error().message;
  return static_cast<bool>(done);
}

std::string Stored::check() {
  const std::uint64_t last = store->last().sequence;
  if (last < committed.size()) {
    return "acknowledged " + std::to_string(committed.size()) + ", there are " + std::to_string(last);
  }
  if (last > attempted.size()) return "there are batches that nobody sent";
  std::uint64_t at = 0;
  bool same = true;
  const core::Status read = store->read(1, last, [&](const state::JournalBatch& batch) {
    same = same && batch.sequence == at + 1 && Batch{batch.applied_at, std::string(batch.payload)} == attempted[at];
    ++at;
    return true;
  });
  if (!read) return "refused: " + read.error().code + ": " + read.error().message;
  if (!same || at != last) return "the journal differs";

  const std::uint64_t sequence = store->checkpoint().sequence;
  if (sequence > last) return "the state is ahead of the journal";
  std::map<std::pair<core::Keep, std::string>, std::string> expected, found;
  for (std::uint64_t i = 1; i <= sequence; ++i) {
    for (const core::Kept& row : rows_of(i, attempted[i - 1].payload)) expected[{row.table, row.key}] = row.value;
  }
  const auto archive = store->archive();
  for (const core::Keep table : {core::Keep::record, core::Keep::name, core::Keep::meta, core::Keep::activity}) {
    archive->scan(table, "", "~", [&](std::string_view key, std::string_view value) {
      found[{table, std::string(key)}] = value;
      return true;
    });
  }
  if (!archive->status()) return "refused: " + archive->status().error().message;
  if (found != expected) return "the state is not that of batch " + std::to_string(sequence);
  for (std::uint64_t i = 1; i <= last; ++i) {
    const auto id = store->find_id({i, ~i});
    if (id.has_value() != (i <= sequence) || (id && id->content != i * 3)) return "the ids differ";
  }
  return "";
}
