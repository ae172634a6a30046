// Rule: what a KPI rule makes of the values it sees at one scope: normal, pending, firing, recovering, no data.
//
// A pure machine. A value is bad from `enter` on; a firing rule stays so until the value is on the good side of
// `leave`. Bad for `hold`: it fires; good for `keep_firing`: it is over. What can stand in the way of a judgement:
//   no value, or too few samples: as the rule's no_data says: `keep` the state as it is, take it for `normal`, or, if
//     there is no value for `hold` and at least kNoDataAfter, `alert`: a state of its own. Too few samples never do.
//   a silent source: what is good cannot be believed, so nothing ends ("no false all-clear"); what is bad goes on.
//   outside the rule's hours: nothing is judged; what fired is over, for that reason.
// Values; any thread.
#pragma once

#include "core/alert.h"

namespace core {

inline constexpr Duration kNoDataAfter = windows::kMinute;

// What a rule saw at an instant.
struct Sight {
  std::optional<double> value;
  bool enough = true;   // samples
  bool open = true;     // within the rule's hours
  bool trusted = true;  // none of its sources is silent
};

struct RuleMachine {
  AlertState state = AlertState::normal;
  Time since = windows::kNever;       // of the state; kNever when normal
  Time none_since = windows::kNever;  // since when there has been no value, for rules that alert about that
  bool operator==(const RuleMachine&) const = default;
};

enum class Turn : std::uint8_t {
  none,
  pending,     // it begins, not yet for long enough
  dropped,     // it was pending, and is not any more
  fired,
  recovering,
  relapsed,    // recovering, and bad again
  resolved,
  no_data,
  closed,      // it fired, and its hours are over
};

Turn judge(const AlertRule& rule, const Sight& sight, Time at, RuleMachine& machine);

}  // namespace core
