// SLA policies: what was promised, to whom, and what happens when it is not kept. Settings as plain values; what they
// mean is core/clocks.h. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/alert.h"
#include "core/calendar.h"
#include "core/record.h"

namespace core {

enum class ClockKind : std::uint8_t {
  // tickets
  first_response,   // creation by the customer -> first public reply by a person
  next_reply,       // oldest unanswered public comment by the customer -> next public reply by a person
  periodic_update,  // public reply by a person -> the next one, while not solved
  requester_wait,   // time spent new, open or on hold
  agent_work,       // time spent new or open
  resolution,       // creation -> solved
  // calls
  answer,           // entered the queue -> answered
  callback,         // a callback was promised -> it was made
  voicemail,        // a voicemail was left -> somebody took care of it
};
inline constexpr int kClockKinds = 9;
std::string_view name(ClockKind kind);  // "first_response", …

struct SlaTarget {
  ClockKind clock{};
  std::string priority;  // empty: all that have no target of their own
  Duration within = 0;   // ms, > 0
  int calendar = -1;     // index into SlaSettings::calendars: business time; -1: calendar time
};

// All that is said must hold; within one list any of it, but for tags, of which all are needed.
struct SlaMatch {
  std::vector<std::string> queues, teams, priorities, categories, channels, tags;
};

struct SlaPolicy {
  std::string id;
  Time valid_from = windows::kNever;  // policies change at an instant: [valid_from, valid_to)
  Time valid_to = windows::kNever;    // kNever: open ended
  SlaMatch match;
  std::vector<SlaTarget> targets;
  std::vector<Detail> pauses;  // statuses that stop every clock of the policy, besides what a clock's kind says
  std::vector<int> warnings;   // percent of the target, ascending, 1..99
  std::vector<Escalation> escalations;
  // A running clock whose calendar changes (its schedule's own versions apart): what has elapsed was measured by the
  // calendar in force then (true), or is measured anew by the one in force now, as some help desks do.
  bool elapsed_is_kept = true;
};

struct SlaSettings {
  std::vector<Calendar> calendars;
  std::vector<SlaPolicy> policies;  // the first that matches counts
};

}  // namespace core
