// Record: all that is known about one call or ticket: a set of observations.
//
// A set has no order of arrival and no duplicates; that is why late, repeated and reordered events end in the
// same numbers. What the observations mean together is decided by facts() (core/facts.h), never here.
// Live observations are all kept. Of the whole-call records ("final") of a visit only the one with the highest
// rank is kept, with all it says. Names are numbers here (core/names.h). One thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/container/small_vector.hpp>

#include "core/event.h"

namespace core {

inline constexpr std::uint32_t kNoAgent = 0xFFFFFFFF;
inline constexpr std::uint16_t kNoQueue = 0xFFFF;
inline constexpr std::uint8_t kNoName = 0xFF;  // channel or priority not given
// Channels every tenant has: those of calls and tickets that nobody says otherwise of.
inline constexpr std::uint8_t kVoice = 0;
inline constexpr std::uint8_t kEmail = 1;

// What the free words of an event become.
enum class Detail : std::uint8_t {
  none, blind, attended,                                                              // call_transferred
  overflow, timeout, voicemail, callback, key, empty, refused, other,                 // call_left
  status_new, status_open, status_pending, status_on_hold,                            // ticket_status
  by_agent, by_customer, by_system, by_agent_private, by_customer_private, by_system_private,  // author
  thumbs, csat, nps,                                                                  // call_rated, ticket_rated
};

// Authority, then the source's time, then the id: who is believed. Higher outranks lower.
// 4 bits authority, 44 bits milliseconds (until the year 2527), 16 bits of the id's hash.
using Rank = std::uint64_t;
Rank rank_of(const Event& event);
constexpr int authority_of(Rank rank) { return static_cast<int>(rank >> 60); }

// Which source it was, as far as an observation knows: 15 bits of the hash of its name, never kFinal.
std::uint16_t source_mark(std::string_view source);

struct Observation {
  static constexpr std::uint16_t kFinal = 0x0100;

  Time at = 0;
  Rank rank = 0;
  std::uint32_t agent = kNoAgent;
  std::uint16_t queue = kNoQueue;
  EventType type{};
  Detail detail = Detail::none;
  std::int32_t value = -1;  // ms or score; of a category or tags their number among the labels; -1 = not given
  std::uint8_t channel = kNoName;
  std::uint8_t priority = kNoName;
  // Of a live observation source_mark(); of a final one kFinal and which visit of the call it is about, from 1.
  // Rows of older versions have 1 in live ones.
  std::uint16_t origin = 1;

  bool final() const { return (origin & kFinal) != 0; }
  std::uint8_t visit() const { return final() ? static_cast<std::uint8_t>(origin) : 1; }
  bool operator==(const Observation&) const = default;
};
static_assert(sizeof(Observation) == 32);

// Who told an observation: its source, by authority and name. Only whether two are equal means anything: what one tells
// twice happened twice, what two tell may be the same thing.
using Teller = std::uint32_t;
inline Teller teller_of(const Observation& o) {
  return static_cast<Teller>(authority_of(o.rank)) << 16 | o.origin;
}

constexpr bool names_label(EventType type) {
  return type == EventType::call_category || type == EventType::call_tags || type == EventType::ticket_category ||
         type == EventType::ticket_tags;
}

// Order of meaning: by instant, then by what must come first, then by content, so that equal sets are equal.
bool before(const Observation& a, const Observation& b);

struct Record {
  enum class Kind : std::uint8_t { call, ticket };

  // Where the archive has the record (core/keep.h): nowhere, among those in memory, or among the others.
  enum class Row : std::uint8_t { none, hot, cold };

  std::string id;
  std::uint64_t key_hash = 0;  // of kind and id
  Kind kind = Kind::call;
  // Who the customer is, as the observation with the highest rank says: hash of the pseudonymous key, 0 = nobody says.
  std::uint64_t customer = 0;
  Rank customer_rank = 0;
  Row row = Row::none;
  bool in_use = true;  // false: the slot waits for another record
  // The generation that moves it among the others, after which it leaves memory; 0: it stays.
  std::uint64_t leaves = 0;
  // Live observations first, then final ones, each part ordered by before().
  boost::container::small_vector<Observation, 5> observations;

  static constexpr std::size_t kMaxObservations = 1'000;  // more than that is a fault of the source

  // Whether the set changed.
  bool add(const Observation& observation);
  bool name_customer(std::uint64_t customer_hash, Rank rank);  // whether it is news
};

std::uint64_t record_hash(Record::Kind kind, std::string_view id);
// Never 0 unless the key is empty.
std::uint64_t customer_hash(std::string_view key);

}  // namespace core
