// Call: a call's record read as visits to queues and legs with agents. A pure reading of the observations.
//
// Reading: live observations are walked in order of time. `queued` begins a visit (and ends a visit that still
// waits, as an overflow); `answered` begins a leg with an agent; `ended` without an agent ends everything. A final
// record is read the same way and laid over the live visit of its number: its words win if its source has at
// least the live sources' authority, and each side fills what the other does not say.
//
// Two sources may tell live of one call, each by its own clock, and one of them in whole seconds. An agent has one
// connection with a call at a time and rings once at a time, and a caller waits once at a time, so what overlaps is
// the same thing told twice, and so is what another teller tells of the same queue or agent within two seconds. What
// names a queue that was left no longer ago is about the visit there. How a visit ended without answer is believed of
// the source with the higher authority; a message left on the way out is told besides. Values, any thread.
#pragma once

#include <boost/container/small_vector.hpp>

#include "core/record.h"

namespace core {

using windows::kNever;

struct Hold {
  Time from = kNever;
  Time to = kNever;  // kNever: still held
};

struct Leg {
  std::uint32_t agent = kNoAgent;
  Time answered = kNever;
  Time ended = kNever;
  Time wrapped = kNever;
  Duration talk = -1;  // as measured by the source; -1 = take the difference of the times
  Duration hold = -1;
  Duration wrap = -1;
  Detail transfer = Detail::none;
  Teller answered_by = 0, ended_by = 0;  // who said so first
  boost::container::small_vector<Hold, 1> holds;
};

struct Offer {
  std::uint32_t agent = kNoAgent;
  Time from = kNever;
  Time to = kNever;  // kNever: still rings
  bool no_answer = false;
  Teller said_by = 0;  // who said so first
};

struct Visit {
  enum class Exit : std::uint8_t { none, answered, abandoned, left };

  std::uint16_t queue = kNoQueue;
  std::uint8_t channel = kNoName;
  std::uint8_t priority = kNoName;
  Exit exit = Exit::none;
  Detail left = Detail::none;
  Time queued = kNever;
  Time exited = kNever;  // answered, abandoned or left
  Duration wait = -1;    // as measured by the source
  Time promised = kNever;  // of a callback: until when
  bool moved_on = false;  // that it left is only inferred from the next visit's beginning
  Teller queued_by = 0;   // who said so first
  int said_by = 0;        // authority of who said how it left unanswered
  boost::container::small_vector<Leg, 1> legs;
  boost::container::small_vector<Offer, 1> offers;

  bool waits() const { return queued != kNever && exit == Exit::none; }
};

struct Call {
  Time started = kNever;
  Time ended = kNever;
  std::uint8_t channel = kNoName;
  std::uint8_t priority = kNoName;
  std::int32_t category = -1;  // labels; -1: none
  std::int32_t tags = -1;
  boost::container::small_vector<Time, 1> called_back, voicemail_handled;  // ascending
  Observation rated{.at = kNever};  // the last time it was
  boost::container::small_vector<Visit, 2> visits;
};

Call read_call(const Record& record);

}  // namespace core
