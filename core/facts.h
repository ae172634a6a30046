// Facts: what a record contributes to the numbers, as a pure function of the record, the rosters and the time.
// These functions are the specification of the measures (core/measure.h); KPIs are formulas over them.
//
// A fact that lies in the future is not told yet; `look_again` says when the answer changes by itself.
// The engine applies facts(after) - facts(before) and nothing else. Deterministic; one thread at a time.
#pragma once

#include <boost/container/small_vector.hpp>

#include "core/clocks.h"
#include "core/measure.h"
#include "core/record.h"
#include "core/scopes.h"
#include "windows/check.h"

namespace core {

using windows::kNever;

struct Fact {
  enum class Shape : std::uint8_t {
    one,     // it happened; value unused
    sample,  // it happened and measured `value`
    edge,    // a level rises (value 1) or falls (value -1)
    open,    // a span that began at `event` still goes on
  };
  Measure measure{};
  Shape shape{};
  std::uint16_t scopes = 0;  // index into Facts::scopes
  std::int64_t value = 0;
  Time event = kNever;
  Time entry = kNever;  // kNever: same as event
  Time end = kNever;    // kNever: not over yet
};

// A stretch during which an agent is on a contact; it belongs to the agent's activity (core/agent.h).
struct Contact {
  enum class Kind : std::uint8_t { ringing, talking, holding, wrapping };
  std::uint32_t agent = kNoAgent;
  Kind kind{};
  Time from = 0;
  Time to = kNever;  // kNever: goes on

  bool operator==(const Contact&) const = default;
};

// A contact of a recognised customer; it belongs to the customer's timeline (core/customer.h).
struct CustomerContact {
  std::uint64_t customer = 0;  // hash of the pseudonymous key; 0 = not known
  Time at = kNever;
  bool reached = false;  // somebody answered, or it is a ticket
  Scopes scopes;

  bool operator==(const CustomerContact&) const = default;
};

struct Facts {
  boost::container::small_vector<Scopes, 4> scopes;
  boost::container::small_vector<Fact, 32> facts;
  boost::container::small_vector<Contact, 8> contacts;
  CustomerContact customer;  // if the record is one of a recognised customer
  Clocks clocks;             // by kind and instance
  Time look_again = kNever;  // the facts change at this instant without any event
  int clamped = 0;           // negative durations taken as 0

  void clear();
  std::uint16_t scope_index(const Scopes& s);
  void look_again_at(Time at);
};

// Which team and site an agent or queue belongs to at an instant (reference data, core/roster.h).
class Roster;

struct FactContext {
  Time now = 0;
  bool longest_activity = true;  // whether somebody asks since when the longest is in an agents_ level
  const Roster* agents = nullptr;
  const Roster* queues = nullptr;
  bool longest_login = false;    // whether somebody asks since when the longest has been logged in
  Promises* promises = nullptr;  // SLA policies; nullptr: none
};

// Adds the facts of a level that lasts from `from` to `to` (kNever: goes on): its edges as far as they are known
// at `now`, and while it goes on an `open` fact since `since`.
void tell_span(Facts& out, Time now, Measure measure, std::uint16_t scopes, Time from, Time to, Time since);

// What a rating counts as, of a ticket and of a call alike.
template <class One, class Sample>
void tell_score(const Observation& rated, One one, Sample sample) {
  if (rated.detail == Detail::nps) {
    one(Measure::recommendations);
    if (rated.value >= 9) one(Measure::promoters);
    if (rated.value <= 6) one(Measure::detractors);
    return;
  }
  one(Measure::rated);
  if (rated.detail == Detail::csat) sample(Measure::rating, rated.value);
  if (rated.value >= (rated.detail == Detail::csat ? 4 : 1)) one(Measure::rated_good);
}

void call_facts(const Record& record, const FactContext& context, Facts& out);
void ticket_facts(const Record& record, const FactContext& context, Facts& out);

}  // namespace core
