#include "core/rule.h"

#include <algorithm>

namespace core {
namespace {

using windows::kNever;

Turn to(RuleMachine& machine, AlertState state, Time at, Turn turn) {
  machine.state = state;
  machine.since = state == AlertState::normal ? kNever : at;
  return turn;
}

// `bad`: beyond enter; `still`: not yet on the good side of leave.
Turn judge_value(const AlertRule& rule, bool bad, bool still, bool trusted, Time at, RuleMachine& machine) {
  switch (machine.state) {
    case AlertState::normal:
      if (!bad) return Turn::none;
      return rule.hold > 0 ? to(machine, AlertState::pending, at, Turn::pending)
                           : to(machine, AlertState::firing, at, Turn::fired);
    case AlertState::pending:
      if (!bad) return to(machine, AlertState::normal, at, Turn::dropped);
      return at - machine.since >= rule.hold ? to(machine, AlertState::firing, at, Turn::fired) : Turn::none;
    case AlertState::firing:
      if (still || !trusted) return Turn::none;
      return rule.keep_firing > 0 ? to(machine, AlertState::recovering, at, Turn::recovering)
                                  : to(machine, AlertState::normal, at, Turn::resolved);
    case AlertState::recovering:
      if (still) return to(machine, AlertState::firing, at, Turn::relapsed);
      if (!trusted || at - machine.since < rule.keep_firing) return Turn::none;
      return to(machine, AlertState::normal, at, Turn::resolved);
    case AlertState::no_data:
      if (bad && rule.hold == 0) return to(machine, AlertState::firing, at, Turn::fired);
      return trusted ? to(machine, AlertState::normal, at, Turn::resolved) : Turn::none;
  }
  return Turn::none;
}

// A rule that alerts when there is nothing to judge by.
Turn miss_value(const AlertRule& rule, bool trusted, Time at, RuleMachine& machine) {
  if (!trusted) return Turn::none;  // the source's own alert says so already
  if (machine.none_since == kNever) machine.none_since = at;
  if (machine.state == AlertState::no_data || at - machine.none_since < std::max(rule.hold, kNoDataAfter))
    return Turn::none;
  return to(machine, AlertState::no_data, at, Turn::no_data);
}

}  // namespace

Turn judge(const AlertRule& rule, const Sight& sight, Time at, RuleMachine& machine) {
  if (!sight.open) {
    const AlertState was = machine.state;
    machine = {};
    if (was == AlertState::normal) return Turn::none;
    return was == AlertState::pending ? Turn::dropped : Turn::closed;
  }
  if (sight.value) machine.none_since = kNever;
  if (sight.value && sight.enough) {
    const double value = *sight.value;
    const bool bad = rule.above ? value >= rule.enter : value <= rule.enter;
    const bool still = rule.above ? value >= rule.leave : value <= rule.leave;
    return judge_value(rule, bad, still || bad, sight.trusted, at, machine);
  }
  if (rule.no_data == AlertRule::NoData::normal) return judge_value(rule, false, false, sight.trusted, at, machine);
  if (rule.no_data == AlertRule::NoData::alert && !sight.value)
    return miss_value(rule, sight.trusted, at, machine);
  return Turn::none;
}

}  // namespace core
