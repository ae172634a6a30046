#include "state/witness.h"

#include <array>
#include <optional>
#include <utility>

#include <rocksdb/file_system.h>
#include <xxhash.h>

#include "state/database.h"

namespace state {
namespace {

constexpr std::size_t kSlot = 512;
constexpr std::size_t kApart = 4096;  // so that no disk has both in one sector
constexpr std::string_view kMagic = "ringwitn";
// A slot: magic, version, store, sequence, chain; zeros; the checksum of all that.

std::string slot_of(const Chain& store, const Position& last) {
  std::string slot(kMagic);
  put_fixed(slot, std::uint64_t{kWitnessVersion});
  put_fixed(slot, store);
  put_fixed(slot, last.sequence);
  put_fixed(slot, last.chain);
  slot.resize(kSlot - 8, '\0');
  put_fixed(slot, XXH3_64bits(slot.data(), slot.size()));
  return slot;
}

struct Slot {
  Chain store{};
  Position last;
  std::uint64_t version = 0;
};

std::optional<Slot> read_slot(std::string_view file, std::size_t index) {
  if (file.size() < index * kApart + kSlot) return std::nullopt;
  const std::string_view slot = file.substr(index * kApart, kSlot);
  if (!slot.starts_with(kMagic)) return std::nullopt;
  if (get_fixed<std::uint64_t>(slot, kSlot - 8) != XXH3_64bits(slot.data(), kSlot - 8)) return std::nullopt;
  return Slot{get_fixed<Chain>(slot, 16),
              {get_fixed<std::uint64_t>(slot, 32), get_fixed<Chain>(slot, 40)},
              get_fixed<std::uint64_t>(slot, 8)};
}

struct Slots {
  Witness::Seen seen;
  std::size_t newest = 0;
};

core::Result<Slots> read_slots(const std::string& path, const Disk& disk) {
  if (!disk.exists(path)) {
    return core::Error{"witness_damaged", "the witness is missing, so nobody can say what was promised", path};
  }
  const auto content = disk.read(path);
  if (!content) return content.error();
  std::array<std::optional<Slot>, 2> slots{read_slot(*content, 0), read_slot(*content, 1)};
  for (const auto& slot : slots) {
    if (slot && slot->version != kWitnessVersion) {
      return core::Error{"unknown_version",
                         "the witness is in format " + std::to_string(slot->version) +
                             "; this program reads format " + std::to_string(kWitnessVersion),
                         path};
    }
  }
  if (!slots[0] && !slots[1]) {
    return core::Error{"witness_damaged", "both slots of the witness are damaged, so nobody can say what was promised",
                       path};
  }
  Slots answer;
  answer.seen.one_slot = !slots[0] || !slots[1];
  if (!answer.seen.one_slot && slots[0]->store != slots[1]->store) {
    return core::Error{"witness_damaged", "the slots of the witness belong to different stores", path};
  }
  answer.newest = !slots[0] || (slots[1] && slots[1]->last.sequence > slots[0]->last.sequence) ? 1 : 0;
  answer.seen.store = slots[answer.newest]->store;
  answer.seen.last = slots[answer.newest]->last;
  return answer;
}

core::Error disk_error(const std::string& path, const rocksdb::IOStatus& status) {
  return {"disk_error", "the witness could not be written: " + status.ToString(), path};
}

}  // namespace

core::Result<Witness::Seen> Witness::read(const std::string& path, const Disk& disk) {
  const auto slots = read_slots(path, disk);
  if (!slots) return slots.error();
  return slots->seen;
}

core::Status Witness::create(const std::string& path, Disk& disk, const Chain& store, const Position& last) {
  std::string content = slot_of(store, last);
  content.resize(kApart, '\0');
  content += slot_of(store, last);
  return disk.replace(path, content);
}

core::Result<std::unique_ptr<Witness>> Witness::open(const std::string& path, Disk& disk) {
  const auto slots = read_slots(path, disk);
  if (!slots) return slots.error();
  auto witness = std::unique_ptr<Witness>(new Witness());
  witness->path_ = path;
  witness->seen_ = slots->seen;
  witness->next_ = 1 - slots->newest;
  const rocksdb::IOStatus status =
      disk.files().NewRandomRWFile(path, rocksdb::FileOptions(), &witness->file_, nullptr);
  if (!status.ok()) return disk_error(path, status);
  return witness;
}

Witness::~Witness() {
  if (file_) file_->Close(rocksdb::IOOptions(), nullptr).PermitUncheckedError();
}

core::Status Witness::write(const Position& last) {
  const std::string slot = slot_of(seen_.store, last);
  rocksdb::IOStatus status = file_->Write(next_ * kApart, rocksdb::Slice(slot), rocksdb::IOOptions(), nullptr);
  if (status.ok()) status = file_->Sync(rocksdb::IOOptions(), nullptr);
  if (!status.ok()) return disk_error(path_, status);
  seen_.last = last;
  next_ = 1 - next_;
  return core::Done{};
}

}  // namespace state
