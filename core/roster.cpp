#include "core/roster.h"

#include <algorithm>

namespace core {
namespace {

const std::vector<Roster::Entry> kEmpty;

bool earlier(const Roster::Entry& a, const Roster::Entry& b) { return a.at < b.at; }

}  // namespace

const std::vector<Roster::Entry>& Roster::entries(std::uint32_t subject) const {
  return subject < subjects_.size() ? subjects_[subject] : kEmpty;
}

Membership Roster::at(std::uint32_t subject, Time instant) const {
  const auto& list = entries(subject);
  if (list.empty()) return {};
  const auto after = std::upper_bound(list.begin(), list.end(), Entry{instant, 0, {}}, earlier);
  return after == list.begin() ? list.front().member : std::prev(after)->member;
}

bool Roster::news(std::uint32_t subject, const Entry& entry) const {
  const auto& list = entries(subject);
  const auto at = std::lower_bound(list.begin(), list.end(), entry, earlier);
  return at == list.end() || at->at != entry.at || at->rank < entry.rank;
}

void Roster::add(std::uint32_t subject, const Entry& entry) {
  if (subject >= subjects_.size()) subjects_.resize(subject + std::size_t{1});
  auto& list = subjects_[subject];
  const auto at = std::lower_bound(list.begin(), list.end(), entry, earlier);
  if (at != list.end() && at->at == entry.at) {
    *at = entry;
  } else {
    list.insert(at, entry);
  }
}

}  // namespace core
