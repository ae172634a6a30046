// Roster: which team and site somebody (or some queue) belongs to, as it changed over time.
// Membership is valid from its instant until the next one; the first one also holds for all time before it, so
// that reference data may be sent after the events it explains. A set like every record: order of arrival does
// not matter. One thread at a time.
#pragma once

#include <vector>

#include "core/record.h"

namespace core {

struct Membership {
  std::uint32_t team = 0xFFFFFFFF;
  std::uint32_t site = 0xFFFFFFFF;
  bool operator==(const Membership&) const = default;
};

class Roster {
 public:
  struct Entry {
    Time at;
    Rank rank;
    Membership member;
  };

  Membership at(std::uint32_t subject, Time instant) const;
  // Instants at which membership begins anew, ascending.
  const std::vector<Entry>& entries(std::uint32_t subject) const;
  // Whether adding would change anything; add() then does it.
  bool news(std::uint32_t subject, const Entry& entry) const;
  void add(std::uint32_t subject, const Entry& entry);

 private:
  std::vector<std::vector<Entry>> subjects_;
};

}  // namespace core
