#include "state/inspect.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "state/checkpoint.h"
#include "state/database.h"
#include "state/event_codec.h"
#include "state/journal.h"
#include "state/outbox.h"
#include "state/store_folder.h"
#include "state/witness.h"

namespace state {
namespace {

constexpr std::size_t kCache = 16u << 20;
constexpr std::size_t kAtOnce = 4u << 20;  // bytes of one commit into a backup

std::string text_of(const core::Error& error) {
  return error.where.empty() ? error.message : error.where + ": " + error.message;
}

core::Result<Chain> identify(const StoreFolder& folder, const Disk& disk) {
  const auto id = folder.identify(disk);
  if (!id) return id.error();
  if (!*id) return core::Error{"not_a_store", "there is no store here", folder.path};
  return **id;
}

// Collects batches and commits them together: one sync for some megabytes.
class Copying {
 public:
  explicit Copying(Store& to) : to_(to) {}

  core::Status add(const JournalBatch& batch) {
    kept_.push_back({batch.applied_at, std::string(batch.payload)});
    bytes_ += batch.payload.size() + 64;
    return bytes_ < kAtOnce ? core::Status(core::Done{}) : finish();
  }
  core::Status finish() {
    std::vector<Append> appends;
    for (const auto& [applied_at, payload] : kept_) appends.push_back({applied_at, payload});
    const core::Status done = to_.commit(appends);
    kept_.clear();
    bytes_ = 0;
    return done;
  }

 private:
  Store& to_;
  std::vector<std::pair<core::Time, std::string>> kept_;
  std::size_t bytes_ = 0;
};

// (last, end] of a journal to the end of a store. A fault of the reading is answered in `unread`, one of the writing
// is the status.
core::Status copy_batches(const Journal& journal, const Chain& id, std::uint64_t end, Store& to,
                          const Progress& progress, std::optional<core::Error>& unread) {
  const Position begin = to.last();
  Copying copying(to);
  core::Status written = core::Done{};
  bool first = true;
  const core::Status read = journal.read(begin.sequence + 1, end, id, [&](const Journal::Row& row) {
    if (first && row.previous != begin.chain) {
      written = core::Error{
          "other_store", "its batch " + std::to_string(begin.sequence) + " is not that of the journal", to.folder()};
      return false;
    }
    first = false;
    written = copying.add(row.batch);
    if (progress && row.batch.sequence % 1024 == 0) {
      progress("copying the journal", row.batch.sequence - begin.sequence, end - begin.sequence);
    }
    return static_cast<bool>(written);
  });
  if (!read) unread = read.error();
  return written ? copying.finish() : written;
}

void inspect_journal(const StoreFolder& folder, const std::shared_ptr<Disk>& disk, const Chain& id,
                     const std::optional<Position>& promised, Inspection& answer, std::unique_ptr<Journal>& journal,
                     const Progress& progress) {
  auto opened = Journal::open(folder.journal(), disk, Journal::Mode::follow);
  if (!opened) {
    answer.faults.push_back(text_of(opened.error()));
    opened = Journal::open(folder.journal(), disk, Journal::Mode::salvage);
    if (!opened) return;
  }
  journal = std::move(*opened);
  const auto end = journal->last_sequence();
  if (!end) {
    answer.faults.push_back(text_of(end.error()));
    return;
  }
  const core::Status read = journal->read(1, *end, id, [&](const Journal::Row& row) {
    if (promised && row.batch.sequence == promised->sequence && row.chain != promised->chain) {
      answer.faults.push_back("batch " + std::to_string(promised->sequence) + " is not the one that was acknowledged");
    }
    PayloadReader payload(row.batch.payload);
    std::span<const core::Event> item;
    while (payload.next(item)) {
      ++answer.items;
      answer.events += item.size();
    }
    if (!payload.status()) {
      answer.faults.push_back("batch " + std::to_string(row.batch.sequence) + ": " + payload.status().error().message);
    }
    if (answer.batches++ == 0) answer.first = row.batch.applied_at;
    answer.last = row.batch.applied_at;
    if (progress && row.batch.sequence % 1024 == 0) progress("reading the journal", row.batch.sequence, *end);
    return answer.faults.size() < 100;
  });
  if (!read) answer.faults.push_back(text_of(read.error()));
  if (promised && answer.batches < promised->sequence) {
    answer.faults.push_back("batches " + std::to_string(answer.batches + 1) + " to " +
                            std::to_string(promised->sequence) + " were acknowledged and cannot be read");
  }
}

// Folders of plain files beside a store, each of them replaced whole: read before the witness, what they say of the
// journal is not ahead of it.
constexpr std::string_view kBeside[] = {"sources", "quarantine"};

using Files = std::vector<std::pair<std::string, std::string>>;  // names and contents

core::Result<Files> files_in(const std::string& folder, const Disk& disk) {
  const auto names = disk.list(folder);
  if (!names) return names.error();
  Files files;
  for (const std::string& name : *names) {
    if (name.ends_with(".new")) continue;  // half done
    auto content = disk.read(folder + "/" + name);
    if (content) {
      files.emplace_back(name, std::move(*content));
    } else if (disk.exists(folder + "/" + name)) {
      return content.error();
    }  // else it was removed meanwhile
  }
  return files;
}

// Exactly these are there afterwards.
core::Status put_files(const std::string& folder, const Files& files, Disk& disk) {
  const auto there = disk.list(folder);
  if (!there) return there.error();
  if (files.empty() && there->empty()) return core::Done{};
  core::Status done = disk.make_folder(folder);
  for (const auto& [name, content] : files) {
    if (done) done = disk.replace(folder + "/" + name, content);
  }
  for (const std::string& name : *there) {
    const bool kept = std::any_of(files.begin(), files.end(), [&](const auto& file) { return file.first == name; });
    if (done && !kept) done = disk.remove_tree(folder + "/" + name);
  }
  return done;
}

std::string outbox_of(const std::string& store) { return store + "/outbox"; }

core::Status copy_outbox(const std::string& from, const std::string& to, const std::shared_ptr<Disk>& disk) {
  if (!Outbox::is_there(outbox_of(from), *disk)) return core::Done{};
  const auto outbox = Outbox::follow(outbox_of(from), disk);
  if (!outbox) return outbox.error();
  const auto whole = (*outbox)->count();
  return whole ? (*outbox)->copy_to(outbox_of(to)) : core::Status(whole.error());
}

void inspect_outbox(const std::string& store, const std::shared_ptr<Disk>& disk, Inspection& answer) {
  if (!Outbox::is_there(outbox_of(store), *disk)) return;
  const auto outbox = Outbox::follow(outbox_of(store), disk);
  const auto counts = outbox ? (*outbox)->count() : core::Result<Outbox::Counts>(outbox.error());
  if (!counts) {
    answer.faults.push_back(text_of(counts.error()));
    return;
  }
  answer.waiting = counts->waiting;
  answer.dead = counts->dead;
}

// Whether the tables are whole and belong to the journal.
core::Status inspect_tables(const Tables& tables, const Journal* journal, const Chain& id, std::uint64_t& rows,
                            const Progress& progress) {
  const auto counts = tables.count(progress);
  if (!counts) return counts.error();
  for (const Tables::Count& count : *counts) rows += count.rows;
  const Tables::Stamp stamp = tables.stamp();
  if (journal == nullptr || stamp.info.sequence == 0) return core::Done{};
  const auto chain = journal->chain_at(stamp.info.sequence, id);
  if (!chain) return chain.error();
  if (*chain == stamp.chain) return core::Done{};
  return core::Error{"state_damaged", "it does not belong to this journal", ""};
}

}  // namespace

std::vector<Place> stores_in(const std::string& folder) {
  const auto disk = Disk::real();
  const auto is_store = [&](const std::string& path) {
    const StoreFolder store{path};
    return disk->exists(store.format()) || disk->exists(store.journal()) || disk->exists(store.witness());
  };
  if (is_store(folder)) return {{"", folder}};
  std::vector<Place> places;
  const auto names = disk->list(folder);
  if (!names) return places;
  for (const std::string& name : *names) {
    // What a restore moved aside is no longer one of them.
    if (name.find(".before-restore-") != std::string::npos) continue;
    if (is_store(folder + "/" + name)) places.push_back({name, folder + "/" + name});
  }
  return places;
}

core::Result<Inspection> inspect(const std::string& path, const Progress& progress) {
  const auto disk = Disk::real();
  const StoreFolder folder{path};
  Inspection answer;
  const auto id = identify(folder, *disk);
  if (!id) return id.error();
  // The witness first: what it promises now, the journal has, even if it goes on meanwhile.
  std::optional<Position> promised;
  const auto witness = Witness::read(folder.witness(), *disk);
  if (witness) {
    promised = witness->last;
    answer.promised = promised->sequence;
    if (witness->store != *id) answer.faults.push_back(folder.witness() + ": the witness belongs to another store");
    if (witness->one_slot) answer.warnings.push_back(folder.witness() + ": one of the two slots is damaged");
  } else {
    answer.faults.push_back(text_of(witness.error()));
  }
  // The state before the journal, for the same reason.
  auto tables = Tables::open(folder.state(), disk, Tables::Mode::follow, kCache, 0);
  std::unique_ptr<Journal> journal;
  inspect_journal(folder, disk, *id, promised, answer, journal, progress);
  const std::string rebuilt = "; it is made again from a copy and the journal at the next start";
  if (tables) {
    answer.state = (*tables)->stamp().info;
    const core::Status good = inspect_tables(**tables, journal.get(), *id, answer.rows, progress);
    if (!good) answer.warnings.push_back(folder.state() + ": " + good.error().message + rebuilt);
  } else if (tables.error().code == "unknown_version") {
    answer.faults.push_back(text_of(tables.error()));
  } else {
    answer.warnings.push_back(text_of(tables.error()) + rebuilt);
  }
  if (disk->exists(folder.suspect())) answer.warnings.push_back(folder.state() + ": damage was found" + rebuilt);
  const auto copies = folder.copies(*disk);
  if (!copies) return copies.error();
  for (const KeptCopy& copy : *copies) {
    const auto kept = Tables::open(copy.path, disk, Tables::Mode::read, kCache, 0);
    std::uint64_t rows = 0;
    const core::Status good =
        kept ? inspect_tables(**kept, journal.get(), *id, rows, progress) : core::Status(kept.error());
    if (good) {
      ++answer.copies;
    } else if (disk->exists(copy.path)) {  // else it was dropped meanwhile
      answer.warnings.push_back(copy.path + ": " + good.error().message + "; it is not used");
    }
  }
  inspect_outbox(path, disk, answer);
  return answer;
}

core::Result<BackupReport> back_up(const std::string& from, const std::string& to, const Progress& progress) {
  const auto disk = Disk::real();
  const StoreFolder source{from}, target{to};
  const auto id = identify(source, *disk);
  if (!id) return id.error();
  std::vector<std::pair<std::string, Files>> plain;
  for (const std::string_view name : kBeside) {
    auto files = files_in(from + "/" + std::string(name), *disk);
    if (!files) return files.error();
    plain.emplace_back(name, std::move(*files));
  }
  const auto witness = Witness::read(source.witness(), *disk);
  if (!witness) return witness.error();
  const auto journal = Journal::open(source.journal(), disk, Journal::Mode::follow);
  if (!journal) return journal.error();
  StoreOptions options;
  options.folder = to;
  options.cache_bytes = kCache;
  options.id = *id;
  const auto there = target.identify(*disk);
  if (!there) return there.error();
  if (*there && **there != *id) return core::Error{"other_store", "this is a backup of another store", to};
  auto backup = Store::open(options);
  if (!backup) return backup.error();
  BackupReport report;
  report.before = (*backup)->last().sequence;
  std::optional<core::Error> unread;
  const core::Status copied = copy_batches(**journal, *id, witness->last.sequence, **backup, progress, unread);
  if (!copied) return copied.error();
  if (unread) return *unread;
  report.batches = (*backup)->last().sequence;
  backup->reset();

  // A copy of the state saves the restored store from beginning at the first batch. It may vanish while we read.
  const auto copies = source.copies(*disk);
  if (!copies) return copies.error();
  for (const KeptCopy& copy : *copies) {
    if (copy.sequence > report.batches) continue;
    if (progress) progress("copying the state", 0, 0);
    const std::string path = target.copy_path(copy.applied_at, copy.sequence);
    const std::string beside = path + ".tmp";
    core::Status done = disk->make_folder(target.kept());
    const bool there_already = disk->exists(path);
    if (done && !there_already) done = StoreFolder::copy_tables(*disk, copy.path, beside, false);
    if (done && !there_already) {
      const auto opened = Tables::open(beside, disk, Tables::Mode::read, kCache, 0);
      done = opened ? (*opened)->read_all(progress) : core::Status(opened.error());
    }
    if (done && !there_already) done = disk->rename(beside, path);
    if (!done) {
      (void)disk->remove_tree(beside);
      continue;
    }
    report.copy = path.substr(target.kept().size() + 1);
    const auto older = target.copies(*disk);
    for (std::size_t i = 0; older && i < older->size(); ++i) {
      if ((*older)[i].path != path) (void)disk->remove_tree((*older)[i].path);
    }
    break;
  }
  // After the state: the outbox knows what was decided up to it.
  const core::Status outbox = copy_outbox(from, to, disk);
  if (!outbox) return outbox.error();
  for (const auto& [name, files] : plain) {
    const core::Status put = put_files(to + "/" + name, files, *disk);
    if (!put) return put.error();
  }
  return report;
}

core::Result<RestoreReport> restore(const std::string& backup, const std::string& to, const Progress& progress) {
  const auto disk = Disk::real();
  const StoreFolder target{to};
  RestoreReport report;
  const bool was_there = !stores_in(to).empty();
  if (!was_there && disk->exists(to)) {
    const auto names = disk->list(to);
    if (!names) return names.error();
    if (!names->empty()) return core::Error{"not_empty", "there is something in the folder that is no store", to};
  }
  if (!was_there && backup.empty()) return core::Error{"not_a_store", "there is no store here", to};
  if (!backup.empty()) {
    const auto id = identify({backup}, *disk);
    if (!id) return id.error();
  }
  if (was_there) {
    const core::Status unused = Journal::check_unused(target.journal(), *disk);
    if (!unused) return unused.error();
    for (int n = 1;; ++n) {
      report.aside = to + ".before-restore-" + std::to_string(n);
      if (!disk->exists(report.aside)) break;
    }
    const core::Status moved = disk->rename(to, report.aside);
    if (!moved) return moved.error();
  }
  const StoreFolder aside{report.aside};
  std::optional<Chain> id;
  std::uint64_t promised = 0;
  if (was_there) {
    if (const auto known = aside.identify(*disk); known && *known) id = **known;
    if (const auto witness = Witness::read(aside.witness(), *disk)) {
      promised = witness->last.sequence;
      if (!id) id = witness->store;
    }
  }
  if (!backup.empty()) {
    const auto copied = back_up(backup, to, progress);
    if (!copied) return copied.error();
    report.batches = copied->batches;
    const auto theirs = identify({backup}, *disk);
    if (theirs && id != *theirs) return report;  // another store was here: nothing of it belongs to this one
  }
  if (!was_there) return report;
  if (!id) return core::Error{"not_a_store", "neither its file 'format' nor its witness can be read", aside.path};

  StoreOptions options;
  options.folder = to;
  options.cache_bytes = kCache;
  options.id = *id;
  auto store = Store::open(options);
  if (!store) return store.error();
  auto journal = Journal::open(aside.journal(), disk, Journal::Mode::salvage);
  if (journal) {
    const auto end = (*journal)->last_sequence();
    std::optional<core::Error> unread;  // that is why we are here
    if (end && *end > report.batches) {
      const core::Status copied = copy_batches(**journal, *id, *end, **store, progress, unread);
      if (!copied && copied.error().code != "other_store") return copied.error();
    }
  }
  const std::uint64_t last = (*store)->last().sequence;
  report.salvaged = last - report.batches;
  report.lost = promised > last ? promised - last : 0;
  // What cannot be read is as the backup has it.
  (void)copy_outbox(aside.path, to, disk);
  for (const std::string_view name : kBeside) {
    if (!backup.empty() && report.lost > 0) break;
    const auto files = files_in(aside.path + "/" + std::string(name), *disk);
    if (files) {
      const core::Status put = put_files(to + "/" + std::string(name), *files, *disk);
      if (!put) return put.error();
    }
  }
  return report;
}

core::Status read_journal(const std::string& path, std::uint64_t from, std::uint64_t to,
                          const std::function<bool(const JournalBatch&)>& row) {
  const auto disk = Disk::real();
  const StoreFolder folder{path};
  const auto id = identify(folder, *disk);
  if (!id) return id.error();
  const auto witness = Witness::read(folder.witness(), *disk);
  if (!witness) return witness.error();
  const auto journal = Journal::open(folder.journal(), disk, Journal::Mode::follow);
  if (!journal) return journal.error();
  return (*journal)->read(std::max<std::uint64_t>(from, 1), std::min(to, witness->last.sequence), *id,
                          [&](const Journal::Row& found) { return row(found.batch); });
}

}  // namespace state
