// Clocks: how much of what was promised has passed, for one call or ticket. A pure function of the record, the
// policies, the rosters and the time, told together with the record's facts.
//
// At any instant t a clock is judged by the policy in force at t (core/promises.h): it is breached at t if and only if
// the time it has run until t is at least the target of that policy. A change of priority, queue, tags, policy or
// schedule therefore moves a running clock and leaves alone what is over; it may breach it at once, or undo a breach.
// While no policy promises anything the clock is not told of; what ran meanwhile is measured by the next that does.
// Reply clocks (first response, next reply, periodic update) are instances of their own each time; time clocks
// (requester wait, agent work, resolution) are one, which stands still while the ticket is solved and goes on when it
// is reopened. Merging a ticket ends its clocks: without outcome, if they were not breached. docs/sla.md has the rules.
// Durations in ms. Deterministic; one thread at a time.
#pragma once

#include <boost/container/small_vector.hpp>

#include "core/measure.h"
#include "core/promises.h"
#include "core/scopes.h"

namespace core {

using windows::kNever;

struct Call;
struct Facts;
struct FactContext;

struct ClockState {
  enum class State : std::uint8_t {
    running,    // not breached, not over; perhaps paused
    breached,   // and not over; perhaps paused
    met,        // over in time
    late,       // over after it was breached
    cancelled,  // over without outcome
  };
  struct Passed {
    int percent = 0;  // a warning point of the policy, or of one of its escalations
    Time at = kNever;
    bool operator==(const Passed&) const = default;
  };

  ClockKind kind{};
  State state{};
  bool paused = false;         // by a status
  std::uint16_t policy = 0;    // index into SlaSettings::policies: in force now, or when it ended
  std::int16_t calendar = -1;  // index into SlaSettings::calendars; -1: calendar time
  std::uint32_t instance = 1;  // of its kind in the record, in order of time, from 1
  Time started = kNever;
  // When it breaches if all stays as it is (kNever: paused, or not within ten years), or when it was breached. What
  // was in time keeps the instant it would have breached at.
  Time due = kNever;
  Time breached_at = kNever;  // of a breach that counts: kNever unless breached or late
  Time ended = kNever;
  Duration target = 0;    // in the clock's own time
  Duration elapsed = 0;   // likewise, as of `measured`; from there on it runs unless paused or over
  Time measured = kNever;
  boost::container::small_vector<Passed, 4> passed;  // ascending in percent, all that are passed now
  Scopes scopes;  // whom it is about now; of one that is over, when it ended

  bool open() const { return state == State::running || state == State::breached; }
  bool operator==(const ClockState&) const = default;
};
using Clocks = boost::container::small_vector<ClockState, 4>;

// Measures of clocks that no policy promises anything for.
std::vector<Measure> never_promised(const SlaSettings& settings);

// Append clocks and their facts to `out`, and when to look again. For records no policy can match they do nothing.
void call_clocks(const Call& call, const FactContext& context, Facts& out);
void ticket_clocks(const Record& ticket, const FactContext& context, Facts& out);

}  // namespace core
