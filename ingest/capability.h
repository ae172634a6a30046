// Capability: what the sources of a kind can tell and what they cannot, as data, so that a number nobody could feed
// is shown as "not available from this source" and never as zero.
//
// An ability is something a source tells; measures (core/measure.h) are fed by abilities, several where one measure
// needs more than one of them. Constants and pure functions, any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/measure.h"

namespace ingest {

enum class Ability : std::uint8_t {
  arrival,         // that a call reached the system, before any queue
  menu,            // that it ended before any queue
  queue_entry,     // that and when it entered a queue
  refused,         // that a queue did not accept it
  answer,          // that and when an agent took it
  wait,            // how long it waited
  abandon,         // that the caller gave up, told apart from other ways to leave
  exits,           // the other ways to leave a queue, told apart
  voicemail,       // that a message was left
  callback,        // that a callback was asked for
  offers,          // that it rang at an agent, and was not taken
  talk,            // how long agent and caller were connected
  hold,            // how much of that on hold
  wrap_up,         // after-call work
  transfers,
  agent_presence,  // log-in, log-out
  agent_state,     // ready, break and its reason
  concurrency,     // several contacts of an agent at once
  live_waiting,    // entries are told while the caller waits, not afterwards
  live_talking,    // answers are told while the call goes on
  customer,        // who called, as a pseudonym
  ticket_created,
  ticket_assigned,
  ticket_status,
  ticket_replies,
  ticket_solved,
  ticket_reopened,
  rated,           // what customers think of a ticket or a contact
};
inline constexpr int kAbilities = static_cast<int>(Ability::rated) + 1;
std::string_view name(Ability ability);

enum class Grade : std::uint8_t {
  direct,      // the source says it
  derived,     // it follows from what the source says
  configured,  // only when the source is set up for it; see its page
};

struct Capability {
  Ability ability;
  Grade grade;
};

// The measures a source with these capabilities feeds, in full or as far as the sender is set up for it.
core::MeasureSet measures_of(std::span<const Capability> capabilities);

}  // namespace ingest
