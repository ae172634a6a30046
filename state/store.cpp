#include "state/store.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <mutex>
#include <utility>

#include "state/checkpoint.h"
#include "state/database.h"
#include "state/failpoint.h"
#include "state/journal.h"
#include "state/store_folder.h"
#include "state/witness.h"
#include "windows/planted_bug.h"

namespace state {

struct Store::Parts {
  StoreOptions options;
  std::shared_ptr<Disk> disk;
  StoreFolder folder;
  Chain id{};
  std::unique_ptr<Journal> journal;
  std::unique_ptr<Witness> witness;
  std::shared_ptr<Tables> tables;
  std::vector<std::string> notes;
  std::optional<core::Error> failed;             // commit thread
  std::optional<core::Error> failed_checkpoint;  // checkpoint thread
  std::optional<std::uint64_t> went_back_to;     // the copy used last; if that is of no use either, an older one is
  mutable std::atomic<bool> ids_damaged{false};
  mutable std::mutex mutex;  // guards:
  Position last;

  core::Error with_next(core::Error error) const {
    error.message += ". " + next_steps(folder.path);
    return error;
  }

  void note_damage(const core::Error& why, const OnDamage& tell) const {
    // If even this cannot be written, the next start finds the damage as this one did.
    (void)disk->replace(folder.suspect(), why.message + "\n");
    if (tell) tell(why);
  }

  core::Status begin();
  core::Status open_journal();
  core::Status open_tables(const Progress& progress);
  core::Status check_stamp(const Tables& candidate) const;
  core::Status set_aside(const std::string& why);
  core::Status begin_empty();
  core::Status go_back(const std::string& why,  // empty: there is none yet
                       const Progress& progress);
  core::Status check_tail(const Progress& progress);
};

Store::Store() : parts_(std::make_unique<Parts>()) {}
Store::~Store() = default;

// The folder as such: made, completed, or refused. Afterwards there is a journal, a witness and a format file.
core::Status Store::Parts::begin() {
  auto identity = folder.identify(*disk);
  if (!identity) return identity.error();
  if (!*identity) {
    if (!options.create) return core::Error{"not_a_store", "there is no store here", folder.path};
    const core::Status made = folder.make(disk, options.id ? *options.id : random_id());
    if (!made) return made;
    identity = folder.identify(*disk);
    if (!identity) return identity.error();
    CHECK(identity->has_value(), "a store that was made is there");
  }
  id = **identity;
  return folder.clean_up(*disk);
}

core::Status Store::Parts::open_journal() {
  auto opened = Journal::open(folder.journal(), disk, Journal::Mode::write);
  if (!opened) return opened.error().code == "journal_damaged" ? with_next(opened.error()) : opened.error();
  journal = std::move(*opened);
  auto watched = Witness::open(folder.witness(), *disk);
  if (!watched) return watched.error().code == "witness_damaged" ? with_next(watched.error()) : watched.error();
  witness = std::move(*watched);
  if (witness->seen().store != id) {
    return with_next({"witness_damaged", "the witness belongs to another store than the file '" + folder.format() + "'",
                      folder.witness()});
  }
  const auto end = journal->last_sequence();
  if (!end) return with_next(end.error());
  last.sequence = *end;
  const Position& promised = witness->seen().last;
  if (windows::planted_bug("the witness is not asked")) return core::Done{};
  if (last.sequence < promised.sequence) {
    return with_next({"journal_incomplete",
                      "the journal ends with batch " + std::to_string(last.sequence) + ", but everything up to batch " +
                          std::to_string(promised.sequence) + " was acknowledged: " +
                          std::to_string(promised.sequence - last.sequence) + " batches are missing",
                      folder.journal()});
  }
  const auto chain = journal->chain_at(promised.sequence, id);
  if (!chain) return with_next(chain.error());
  if (*chain != promised.chain) {
    return with_next({"journal_damaged",
                      "batch " + std::to_string(promised.sequence) +
                          " of the journal is not the one that was acknowledged",
                      folder.journal()});
  }
  if (witness->seen().one_slot) notes.push_back("One slot of the witness was damaged; the other one was used.");
  return core::Done{};
}

core::Status Store::Parts::check_stamp(const Tables& candidate) const {
  const Tables::Stamp stamp = candidate.stamp();
  if (stamp.info.sequence == 0) return core::Done{};
  if (stamp.info.sequence > last.sequence) {
    return with_next({"journal_incomplete",
                      "the state was written at batch " + std::to_string(stamp.info.sequence) +
                          ", but the journal ends with batch " + std::to_string(last.sequence),
                      folder.journal()});
  }
  const auto chain = journal->chain_at(stamp.info.sequence, id);
  if (!chain) return with_next(chain.error());
  if (*chain != stamp.chain) {
    return core::Error{"state_damaged", "the state does not belong to this journal", folder.state()};
  }
  return core::Done{};
}

core::Status Store::Parts::open_tables(const Progress& progress) {
  if (disk->exists(folder.suspect())) {
    const auto why = disk->read(folder.suspect());
    return go_back(why ? why->substr(0, why->find('\n')) : "it was damaged", progress);
  }
  auto opened = Tables::open(folder.state(), disk, Tables::Mode::write, options.cache_bytes, options.id_horizon);
  core::Status good = opened ? check_stamp(**opened) : core::Status(opened.error());
  if (good && (*opened)->stamp().info.sequence == 0 && last.sequence > 0) {
    // So it is in a backup: a journal and a copy to begin with.
    const auto copies = folder.copies(*disk);
    if (!copies) return copies.error();
    if (!copies->empty()) {
      opened->reset();
      return go_back("", progress);
    }
  }
  if (good) {
    tables = std::move(*opened);
    return good;
  }
  if (good.error().code != "state_damaged") return good;
  if (opened) opened->reset();
  return go_back(good.error().message, progress);
}

core::Status Store::Parts::set_aside(const std::string& why) {
  tables.reset();
  if (why.empty()) return disk->remove_tree(folder.state());
  notes.push_back("The state is set aside in '" + folder.damaged() + "': " + why + ".");
  if (!disk->exists(folder.state())) return core::Done{};
  const core::Status removed = disk->remove_tree(folder.damaged());
  return removed ? disk->rename(folder.state(), folder.damaged()) : removed;
}

core::Status Store::Parts::begin_empty() {
  notes.push_back("Everything is rebuilt from the beginning of the journal.");
  core::Status done = disk->remove_tree(folder.candidate());
  if (done) done = disk->make_folder(folder.state());
  if (!done) return done;
  auto opened = Tables::open(folder.state(), disk, Tables::Mode::create, options.cache_bytes, options.id_horizon);
  if (!opened) return opened.error();
  tables = std::move(*opened);
  done = disk->remove_tree(folder.suspect());
  return done ? disk->sync_folder(folder.path) : done;
}

// The state cannot be used. It is worth nothing beside the journal, so: the newest copy that is whole, or nothing.
core::Status Store::Parts::go_back(const std::string& why, const Progress& progress) {
  core::Status done = set_aside(why);
  if (!done) return done;
  const auto copies = folder.copies(*disk);
  if (!copies) return copies.error();
  for (const KeptCopy& copy : *copies) {
    // A copy can be whole and yet say what nobody can use: then going back to it again would never end.
    if (went_back_to && copy.sequence >= *went_back_to) continue;
    done = StoreFolder::copy_tables(*disk, copy.path, folder.candidate(), true);
    if (!done) return done;
    {
      auto candidate =
          Tables::open(folder.candidate(), disk, Tables::Mode::read, options.cache_bytes, options.id_horizon);
      done = candidate ? check_stamp(**candidate) : core::Status(candidate.error());
      if (done) done = (*candidate)->read_all(progress);
    }
    if (!done && done.error().code != "state_damaged") return done;
    if (!done) {
      notes.push_back("The copy '" + copy.path + "' is damaged as well (" + done.error().message + ").");
      continue;
    }
    went_back_to = copy.sequence;
    done = disk->rename(folder.candidate(), folder.state());
    if (!done) return done;
    notes.push_back("Going on from the copy '" + copy.path + "' and the journal since.");
    auto opened = Tables::open(folder.state(), disk, Tables::Mode::write, options.cache_bytes, options.id_horizon);
    if (!opened) return opened.error();
    tables = std::move(*opened);
    done = disk->remove_tree(folder.suspect());
    return done ? disk->sync_folder(folder.path) : done;
  }
  return begin_empty();
}

// Everything that will be replayed, and what the witness promised, is dense and unbroken.
core::Status Store::Parts::check_tail(const Progress& progress) {
  const std::uint64_t from = tables->stamp().info.sequence + 1;
  last.chain = tables->stamp().info.sequence == 0 ? id : tables->stamp().chain;
  const core::Status read = journal->read(from, last.sequence, id, [&](const Journal::Row& row) {
    last.chain = row.chain;
    if (progress && row.batch.sequence % 4096 == 0) {
      progress("checking the journal", row.batch.sequence - from + 1, last.sequence - from + 1);
    }
    return true;
  });
  if (!read) return with_next(read.error());
  if (witness->seen().last != last || witness->seen().one_slot) {
    // What was recovered beyond the promise is synced by now (avoid_flush_during_recovery is off): promise it.
    const core::Status written = witness->write(last);
    if (!written) return written;
  }
  return core::Done{};
}

core::Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options, const Progress& progress) {
  auto store = std::unique_ptr<Store>(new Store());
  Parts& parts = *store->parts_;
  parts.options = options;
  parts.disk = options.disk ? options.disk : Disk::real();
  parts.folder.path = options.folder;
  core::Status done = parts.begin();
  if (done) done = parts.open_journal();
  if (done) done = parts.open_tables(progress);
  if (done) done = parts.check_tail(progress);
  if (!done) return done.error();
  return store;
}

const std::vector<std::string>& Store::notes() const { return parts_->notes; }
const std::string& Store::folder() const { return parts_->folder.path; }
std::uint64_t Store::bytes() const { return parts_->journal->bytes() + parts_->tables->bytes(); }

Position Store::last() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->last;
}

core::Status Store::commit(std::span<const Append> batches) {
  if (parts_->failed) return *parts_->failed;
  if (batches.empty()) return core::Done{};
  FAILPOINT("before_journal_write");
  Position position = last();
  core::Status done = parts_->journal->append(batches, position);
  if (done) {
    FAILPOINT("after_journal_sync");
    done = parts_->witness->write(position);
  }
  if (!done) {
    const bool damaged = done.error().code == "journal_damaged";
    parts_->failed = damaged ? parts_->with_next(done.error()) : done.error();
    return *parts_->failed;
  }
  FAILPOINT("after_witness_sync");
  const std::lock_guard lock(parts_->mutex);
  parts_->last = position;
  return done;
}

core::Status Store::read(std::uint64_t from, std::uint64_t to,
                         const std::function<bool(const JournalBatch&)>& row) const {
  const std::uint64_t end = std::min(to, last().sequence);
  core::Status done = parts_->journal->read(std::max<std::uint64_t>(from, 1), end, parts_->id,
                                            [&](const Journal::Row& found) { return row(found.batch); });
  if (!done && done.error().code == "journal_damaged") return parts_->with_next(done.error());
  return done;
}

CheckpointInfo Store::checkpoint() const { return parts_->tables->stamp().info; }

core::Status Store::write_checkpoint(CheckpointBatch&& batch) {
  if (parts_->failed_checkpoint) return *parts_->failed_checkpoint;
  CHECK(batch.info.sequence <= last().sequence, "a checkpoint stands for what is synced");
  CHECK(batch.info.sequence >= checkpoint().sequence, "checkpoints go forward");
  const auto chain = parts_->journal->chain_at(batch.info.sequence, parts_->id);
  core::Status done = chain ? core::Status(core::Done{}) : core::Status(chain.error());
  if (done) {
    FAILPOINT("before_checkpoint_write");
    done = parts_->tables->write(std::move(batch), *chain);
    FAILPOINT("after_checkpoint_write");
  }
  if (!done) {
    parts_->failed_checkpoint = done.error();
    if (done.error().code == "state_damaged") parts_->note_damage(done.error(), parts_->options.on_damage);
  }
  return done;
}

core::Status Store::keep_copy() {
  if (parts_->failed_checkpoint) return *parts_->failed_checkpoint;
  const CheckpointInfo info = checkpoint();
  if (info.sequence == 0) return core::Done{};
  const StoreFolder& folder = parts_->folder;
  const std::string path = folder.copy_path(info.applied_at, info.sequence);
  FAILPOINT("before_keep_copy");
  core::Status done = parts_->disk->make_folder(folder.kept());
  if (done && !parts_->disk->exists(path)) {
    done = parts_->tables->copy_to(path);
    if (done) done = parts_->disk->sync_folder(folder.kept());
  }
  FAILPOINT("after_keep_copy");
  if (!done && done.error().code == "state_damaged") parts_->note_damage(done.error(), parts_->options.on_damage);
  if (!done) return done;
  const auto copies = folder.copies(*parts_->disk);
  if (!copies) return copies.error();
  const auto most = static_cast<std::size_t>(std::max(1, parts_->options.kept_copies));
  for (std::size_t i = most; i < copies->size(); ++i) {
    done = parts_->disk->remove_tree((*copies)[i].path);
    if (!done) return done;
  }
  return done;
}

std::unique_ptr<StateArchive> Store::archive(OnDamage on_damage) const {
  if (!on_damage) on_damage = parts_->options.on_damage;
  return parts_->tables->archive(
      [parts = parts_.get(), tell = std::move(on_damage)](const core::Error& why) { parts->note_damage(why, tell); });
}

core::Result<std::unique_ptr<StateArchive>> Store::archive_as_of(core::Time time) const {
  const CheckpointInfo now = checkpoint();
  if (now.sequence == 0) return std::unique_ptr<StateArchive>();
  if (now.applied_at <= time) {
    auto live = archive();
    if (live->info().applied_at <= time) return live;  // a checkpoint may have been written since
  }
  const auto copies = parts_->folder.copies(*parts_->disk);
  if (!copies) return copies.error();
  for (const KeptCopy& copy : *copies) {
    if (copy.applied_at > time) continue;
    auto tables = Tables::open(copy.path, parts_->disk, Tables::Mode::read, parts_->options.cache_bytes / 4,
                               parts_->options.id_horizon);
    // A copy that is damaged or was dropped meanwhile: an older one and more of the journal say the same.
    if (tables && parts_->check_stamp(**tables)) return (*tables)->archive({});
  }
  return std::unique_ptr<StateArchive>();
}

core::Status Store::fall_back(const core::Error& why) {
  return parts_->go_back(why.message, {});
}

core::Status Store::start_over(const std::string& why) {
  const core::Status done = parts_->set_aside(why);
  return done ? parts_->begin_empty() : done;
}

std::optional<SeenRow> Store::find_id(const ItemKey& key) const {
  core::Error damage;
  auto found = parts_->tables->find_id(key, damage);
  if (!damage.code.empty() && !parts_->ids_damaged.exchange(true)) {
    parts_->note_damage(damage, parts_->options.on_damage);
  }
  return found;
}

bool Store::has_ids() const { return parts_->tables->has_ids(); }

}  // namespace state
