#include "server/quarantine.h"

#include <algorithm>
#include <charconv>

namespace server {

core::Status Quarantine::load() {
  const auto files = disk_.read(folder_);
  if (!files) return files.error();
  for (const auto& [name, content] : *files) {
    std::uint64_t file = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), file);
    if (error != std::errc() || end != name.data() + name.size()) continue;
    files_.insert(file);
    next_ = std::max(next_, (file + 1) * kPerFile);
    auto entries = quarantined(content);
    if (!entries) {
      ++damaged_;
      continue;
    }
    for (Quarantined& entry : *entries) {
      bytes_ += entry.size();
      entries_.push_back(std::move(entry));
    }
  }
  std::sort(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  return core::Done{};
}

void Quarantine::drop_first() {
  changed_.insert(entries_.front().number / kPerFile);
  bytes_ -= entries_.front().size();
  entries_.pop_front();
  ++dropped_;
}

void Quarantine::keep(Quarantined entry, windows::Time wall) {
  entry.number = next_++;
  entry.at = wall;
  const std::size_t size = entry.size();
  ++kept_;
  if (size > limits_.bytes) {
    ++dropped_;
    return;
  }
  while (!entries_.empty() && bytes_ + size > limits_.bytes) drop_first();
  changed_.insert(entry.number / kPerFile);
  bytes_ += size;
  entries_.push_back(std::move(entry));
}

void Quarantine::expire(windows::Time wall) {
  while (!entries_.empty() && entries_.front().at < wall - limits_.age) drop_first();
}

void Quarantine::flush() {
  // The newest first: what is kept again under a new number is there before the old one goes.
  for (auto it = changed_.rbegin(); it != changed_.rend(); ++it) {
    const std::uint64_t file = *it;
    QuarantineWriter content;
    const auto from = std::lower_bound(entries_.begin(), entries_.end(), file * kPerFile,
                                       [](const Quarantined& entry, std::uint64_t n) { return entry.number < n; });
    for (auto row = from; row != entries_.end() && row->number / kPerFile == file; ++row) content.add(*row);
    if (content.empty()) {
      if (files_.erase(file) > 0) disk_.remove(folder_, std::to_string(file));
      continue;
    }
    files_.insert(file);
    disk_.write(folder_, std::to_string(file), content.take(), false);
  }
  changed_.clear();
}

const Quarantined* Quarantine::find(std::uint64_t number) const {
  const auto it = std::lower_bound(entries_.begin(), entries_.end(), number,
                                   [](const Quarantined& entry, std::uint64_t n) { return entry.number < n; });
  return it != entries_.end() && it->number == number ? &*it : nullptr;
}

std::size_t Quarantine::remove(const std::function<bool(const Quarantined&)>& gone) {
  const std::size_t before = entries_.size();
  std::erase_if(entries_, [&](const Quarantined& entry) {
    if (!gone(entry)) return false;
    changed_.insert(entry.number / kPerFile);
    bytes_ -= entry.size();
    return true;
  });
  return before - entries_.size();
}

}  // namespace server
