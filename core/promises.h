// Promises: the SLA policies of a tenant, ready to be asked which is in force for a call or ticket at an instant.
//
// The first policy that is valid then and matches counts. Names become numbers only as they are seen, so matching costs
// a few words of bits per attribute: bit p of a name's mask says that policy p has nothing against the name.
// Deterministic; one thread at a time (it learns names while it is asked).
#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "core/names.h"
#include "core/sla.h"

namespace core {

// What policies look at. kNone/-1 where nothing is known.
struct Attributes {
  std::uint32_t team = 0xFFFFFFFF;
  std::int32_t category = -1;  // label
  std::int32_t tags = -1;      // label
  std::uint16_t queue = kNoQueue;
  std::uint8_t channel = kNoName;
  std::uint8_t priority = kNoName;
  bool operator==(const Attributes&) const = default;
};

// What a policy promises for one kind of clock.
struct Terms {
  Duration within = 0;
  int calendar = -1;
  bool operator==(const Terms&) const = default;
};

class Promises {
 public:
  struct Words {
    const Names& queues;
    const Names& teams;
    const Names& priorities;
    const Names& channels;
    const Names& labels;
  };
  // `settings` and the names outlive it; settings are sound (check()).
  Promises(const SlaSettings& settings, Words words);

  // Errors: bad_policy (what, and where: "/sla/2/target/0", "/calendar/1"): targets that are not positive, given twice
  // or can never be reached, calendars that do not exist, warning points outside 1..99 or out of order, pauses that are
  // no status, versions of one policy (policies of the same id) that overlap or leave a gap, policies that promise
  // nothing.
  static Status check(const SlaSettings& settings);

  // What numbers about instants before `until` depend on, in words; empty when there are no policies.
  static std::string text(const SlaSettings& settings, Time until);

  // Whether any policy promises something for any of these.
  bool any_for_calls() const { return for_calls_; }
  bool any_for_tickets() const { return for_tickets_; }
  bool any(ClockKind kind) const { return kinds_[static_cast<std::size_t>(kind)]; }

  // Instants at which some policy begins or ceases to be valid, ascending.
  std::span<const Time> changes() const { return changes_; }
  // Index of the policy in force; -1: none.
  int in_force(const Attributes& attributes, Time at);
  // nullptr when the policy promises nothing for such a clock.
  const Terms* terms(int policy, ClockKind kind, std::uint8_t priority);
  // Warning points of a policy and of its escalations, percent, ascending.
  std::span<const int> points(int policy) const { return points_[static_cast<std::size_t>(policy)]; }
  bool pauses(int policy, Detail status) const;
  bool elapsed_is_kept(int policy) const {
    return settings_.policies[static_cast<std::size_t>(policy)].elapsed_is_kept;
  }
  const Calendar* calendar(int index) const {
    return index < 0 ? nullptr : &settings_.calendars[static_cast<std::size_t>(index)];
  }
  const SlaSettings& settings() const { return settings_; }

 private:
  using Mask = std::vector<std::uint64_t>;  // bit per policy
  static constexpr std::size_t kParts = 6;  // queue, team, priority, category, channel, tags

  const Mask& mask(std::size_t part, std::int64_t name);
  bool allows(std::size_t part, const SlaPolicy& policy, std::int64_t name) const;

  const SlaSettings& settings_;
  Words words_;
  std::array<bool, kClockKinds> kinds_{};
  bool for_calls_ = false, for_tickets_ = false;
  std::vector<Time> changes_;
  std::vector<std::vector<int>> points_;
  std::array<std::vector<Mask>, kParts> masks_;  // by name + 1: the first is for none
  // By policy, then priority + 1: what it promises for each kind; within == 0: nothing.
  std::vector<std::vector<std::array<Terms, kClockKinds>>> terms_;
};

}  // namespace core
