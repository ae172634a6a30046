#include "server/quarantine.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>

namespace server {
namespace {

constexpr std::string_view kFirst = "ringside quarantine 1\n";

void put_number(std::string& out, std::uint64_t number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void put_text(std::string& out, std::string_view text) {
  put_number(out, text.size());
  out.append(text);
}

// Reads what put_* wrote; once anything is wrong, everything is.
struct Reader {
  std::string_view rest;
  bool good = true;

  std::uint64_t number() {
    std::uint64_t value = 0;
    if (rest.size() < sizeof value) return good = false, 0;
    std::memcpy(&value, rest.data(), sizeof value);
    rest.remove_prefix(sizeof value);
    return value;
  }
  std::string text() {
    const std::uint64_t size = number();
    if (!good || size > rest.size()) return good = false, std::string();
    std::string value(rest.substr(0, size));
    rest.remove_prefix(size);
    return value;
  }
};

void put(std::string& out, const Quarantined& entry) {
  put_number(out, entry.number);
  put_number(out, static_cast<std::uint64_t>(entry.at));
  for (const std::string* text : {&entry.source, &entry.why.code, &entry.why.message, &entry.why.where,
                                  &entry.content_type, &entry.url, &entry.bytes}) {
    put_text(out, *text);
  }
}

Quarantined get(Reader& reader) {
  Quarantined entry;
  entry.number = reader.number();
  entry.at = static_cast<windows::Time>(reader.number());
  for (std::string* text : {&entry.source, &entry.why.code, &entry.why.message, &entry.why.where,
                            &entry.content_type, &entry.url, &entry.bytes}) {
    *text = reader.text();
  }
  return entry;
}

}  // namespace

std::size_t Quarantined::size() const {
  return sizeof *this + source.size() + why.message.size() + why.where.size() + content_type.size() + url.size() +
         bytes.size();
}

core::Status Quarantine::load() {
  const auto files = disk_.read(folder_);
  if (!files) return files.error();
  for (const auto& [name, content] : *files) {
    std::uint64_t file = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), file);
    if (error != std::errc() || end != name.data() + name.size()) continue;
    files_.insert(file);
    next_ = std::max(next_, (file + 1) * kPerFile);
    const std::string_view whole = content;
    Reader reader{whole};
    const std::uint64_t hash = reader.number();
    if (!reader.good || hash != stored_hash(reader.rest) || !reader.rest.starts_with(kFirst)) {
      ++damaged_;
      continue;
    }
    reader.rest.remove_prefix(kFirst.size());
    while (reader.good && !reader.rest.empty()) {
      Quarantined entry = get(reader);
      if (!reader.good) break;
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
    std::string content(kFirst);
    const auto from = std::lower_bound(entries_.begin(), entries_.end(), file * kPerFile,
                                       [](const Quarantined& entry, std::uint64_t n) { return entry.number < n; });
    const std::size_t empty = content.size();
    for (auto row = from; row != entries_.end() && row->number / kPerFile == file; ++row) put(content, *row);
    if (content.size() == empty) {
      if (files_.erase(file) > 0) disk_.remove(folder_, std::to_string(file));
      continue;
    }
    std::string whole;
    put_number(whole, stored_hash(content));
    files_.insert(file);
    disk_.write(folder_, std::to_string(file), whole + content, false);
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
