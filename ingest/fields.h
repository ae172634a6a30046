// Fields: the named values of one input item before they become events, whatever its format. The
// vocabulary is that of docs/events.md; every word has one kind of value, in every event type.
//
// A text is an id or a name: at most 128 bytes of UTF-8 without control characters. Words are several of
// them, at most kMaxWordsBytes together. A duration is
// clamped at 0 and counted, refused above 7 days. Views point into the input or an arena. Reused
// without clearing. Value, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/event.h"
#include "ingest/json_events.h"
#include "ingest/name_table.h"

namespace ingest {

enum class Key : std::uint8_t {
  type, id, source, time, subject, specversion, datacontenttype, data_base64, data,  // envelope
  call, ticket, agent, queue, team, site, channel, priority, customer,
  state, reason, status, by, kind, direction, scale, outcome, transferred, category, into, tags,
  is_public, score,
  wait_ms, ring_ms, talk_ms, wrap_ms, hold_ms,
  started_at, queued_at, offered_at, answered_at, ended_at, wrapped_at, promised_at,
  legs,
  none,
};
inline constexpr std::size_t kKeys = static_cast<std::size_t>(Key::none);

enum class Kind : std::uint8_t { text, words, instant, duration, whole, boolean, list, object };

inline constexpr NameTable<kKeys> kKeyNames({
    "type", "id", "source", "time", "subject", "specversion", "datacontenttype", "data_base64",
    "data",
    "call", "ticket", "agent", "queue", "team", "site", "channel", "priority", "customer",
    "state", "reason", "status", "by", "kind", "direction", "scale", "outcome", "transferred",
    "category", "into", "tags",
    "public", "score",
    "wait_ms", "ring_ms", "talk_ms", "wrap_ms", "hold_ms",
    "started_at", "queued_at", "offered_at", "answered_at", "ended_at", "wrapped_at", "promised_at",
    "legs",
});

constexpr std::uint64_t bit(Key key) { return std::uint64_t{1} << static_cast<unsigned>(key); }

constexpr std::uint64_t bits(std::initializer_list<Key> keys) {
  std::uint64_t mask = 0;
  for (const Key key : keys) mask |= bit(key);
  return mask;
}

inline std::string_view name(Key key) { return kKeyNames[static_cast<std::size_t>(key)]; }

constexpr Kind kind_of(Key key) {
  if (key == Key::data) return Kind::object;
  if (key == Key::legs) return Kind::list;
  if (key == Key::is_public) return Kind::boolean;
  if (key == Key::score) return Kind::whole;
  if (key == Key::tags) return Kind::words;
  if (key == Key::time || (key >= Key::started_at && key <= Key::promised_at)) return Kind::instant;
  if (key >= Key::wait_ms && key <= Key::hold_ms) return Kind::duration;
  return Kind::text;
}

// What is wrong with an item, and with which of its values (Key::none: the whole).
struct Fault {
  const char* code = "";
  std::string message;
  Key key = Key::none;
  int leg = -1;
};

// The values of one object: the item itself, or one leg of it.
class Slots {
 public:
  void clear() { seen_ = given_ = 0; }
  bool has(Key key) const { return (given_ & bit(key)) != 0; }
  // Keys of `mask` that are not given.
  std::uint64_t missing(std::uint64_t mask) const { return mask & ~given_; }
  // Empty when not given.
  std::string_view text(Key key) const {
    return has(key) ? texts_[static_cast<std::size_t>(key)] : std::string_view();
  }
  std::int64_t number(Key key, std::int64_t otherwise) const {
    return has(key) ? numbers_[static_cast<std::size_t>(key)] : otherwise;
  }

  // False when the key was there before: a second value would be a guess.
  bool mark(Key key) {
    const bool first = (seen_ & bit(key)) == 0;
    seen_ |= bit(key);
    return first;
  }
  // An empty text is not given.
  void put(Key key, std::string_view text) {
    if (text.empty()) return;
    texts_[static_cast<std::size_t>(key)] = text;
    given_ |= bit(key);
  }
  // Words with commas between, in any order; none is also something given.
  void put_words(Key key, std::string_view words) {
    texts_[static_cast<std::size_t>(key)] = words;
    given_ |= bit(key);
  }
  void put(Key key, std::int64_t number) {
    numbers_[static_cast<std::size_t>(key)] = number;
    given_ |= bit(key);
  }

 private:
  std::uint64_t seen_ = 0;
  std::uint64_t given_ = 0;
  std::array<std::string_view, kKeys> texts_;
  std::array<std::int64_t, kKeys> numbers_;
};

struct Fields {
  Slots item;
  std::array<Slots, kMaxLegs> legs;
  std::size_t leg_count = 0;
  std::size_t clamped = 0;

  void clear() {
    item.clear();
    leg_count = 0;
    clamped = 0;
  }

  // Keeps a duration in ms; false when it is too long.
  bool put_duration(Slots& slots, Key key, std::int64_t ms) {
    if (ms > kMaxDuration) return false;
    if (ms < 0) ++clamped;
    slots.put(key, ms < 0 ? 0 : ms);
    return true;
  }
};

// nullptr when `text` may be an id or a name, else the code of what is wrong (too_long, bad_text).
const char* text_fault(std::string_view text);

// Likewise of words with commas between.
const char* words_fault(std::string_view text);

// Bytes that need a closer look in a text: control characters, DEL, backslash, and the lead byte of
// U+0080..U+00BF.
bool has_special(std::string_view text);

// Appends the events that `fields` describe, all or none. False: `fault` says why.
bool assemble(const Fields& fields, std::size_t index, const SourceOptions& options, core::Time now,
              Batch& batch, Fault& fault);

}  // namespace ingest
