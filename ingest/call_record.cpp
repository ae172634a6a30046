// call.record: a whole visit in one item, taken apart into the final events it stands for
// (docs/events.md).
//
// Instants that were not given are computed from the durations that were, where that is exact: a
// source often knows when something ended and how long it took. What cannot be known is a
// missing_field, never a guess.
#include <algorithm>

#include "ingest/event_rules.h"

namespace ingest {

using core::Event;
using core::EventType;
using core::kNoValue;
using core::Time;
using windows::kNever;

namespace {

constexpr std::array<std::string_view, 11> kOutcomes = {
    "answered", "abandoned", "abandoned_in_ivr", "overflow", "timeout", "voicemail",
    "callback", "key",       "empty",            "refused",  "other"};

Time plus(Time at, std::int64_t duration) {
  return at == kNever || duration == kNoValue ? kNever : at + duration;
}

class Record {
 public:
  Record(Assembly& assembly, const Event& base)
      : a_(assembly), item_(assembly.fields.item), base_(base) {}

  bool expand() {
    const std::string_view outcome = item_.text(Key::outcome);
    if (outcome.empty()) return a_.fail_missing(bit(Key::outcome));
    if (!a_.check_word(outcome, kOutcomes, Key::outcome) || !check_times(item_, -1)) return false;
    for (std::size_t i = 0; i < a_.fields.leg_count; ++i) {
      if (!check_times(a_.fields.legs[i], static_cast<int>(i))) return false;
    }
    const bool in_ivr = outcome == "abandoned_in_ivr";
    // A caller who gave up in the menu never was in a queue, whatever the record calls the menu.
    if (in_ivr) base_.queue = {};
    if (!begin(outcome)) return false;
    if (outcome == "answered") return answered();
    return in_ivr ? ended_in_menu() : unanswered(outcome);
  }

 private:
  Event& add(EventType type, Time at, std::string_view agent = {},
             std::int64_t value = kNoValue) {
    Event event = base_;
    event.type = type;
    event.at = at;
    event.agent = agent;
    event.value = value;
    return a_.batch.events.emplace_back(event);
  }

  bool check_times(const Slots& slots, int leg) {
    for (auto i = static_cast<int>(Key::started_at); i <= static_cast<int>(Key::wrapped_at); ++i) {
      const Key key = static_cast<Key>(i);
      if (slots.has(key) && !a_.check_time(slots.number(key, 0), key, leg)) return false;
    }
    return true;
  }

  // Arrival and the beginning of the visit.
  bool begin(std::string_view outcome) {
    if (item_.has(Key::started_at)) {
      const std::string_view direction = item_.text(Key::direction);
      if (!direction.empty() && !a_.check_word(direction, kDirections, Key::direction)) {
        return false;
      }
      Event& started = add(EventType::call_started, item_.number(Key::started_at, 0));
      started.queue = {};
      started.text = direction;
    }
    wait_ = item_.number(Key::wait_ms, kNoValue);
    queued_at_ = item_.number(Key::queued_at, kNever);
    if (base_.queue.empty()) {
      if (item_.has(Key::queued_at)) return a_.fail_missing(bit(Key::queue));
      return true;
    }
    if (queued_at_ == kNever && wait_ != kNoValue) {
      const Key until = outcome == "answered" ? Key::answered_at : Key::ended_at;
      queued_at_ = item_.number(until, kNever);
      if (until == Key::answered_at && a_.fields.leg_count > 0) {
        queued_at_ = a_.fields.legs[0].number(Key::answered_at, kNever);
      }
      if (queued_at_ != kNever) queued_at_ -= wait_;
    }
    if (queued_at_ == kNever) return a_.fail_missing(bit(Key::queued_at));
    add(EventType::call_queued, queued_at_);
    return true;
  }

  bool ended_in_menu() {
    if (!item_.has(Key::ended_at)) return a_.fail_missing(bit(Key::ended_at));
    add(EventType::call_ended, item_.number(Key::ended_at, 0));
    return true;
  }

  bool unanswered(std::string_view outcome) {
    const Time at = item_.number(Key::ended_at, plus(queued_at_, wait_));
    if (at == kNever) return a_.fail_missing(bit(Key::ended_at));
    if (outcome == "abandoned") {
      add(EventType::call_abandoned, at, {}, wait_);
    } else {
      Event& left = add(EventType::call_left, at);
      left.text = outcome;
      return a_.promise(left);
    }
    return true;
  }

  bool answered() {
    if (a_.fields.leg_count == 0) return leg(item_, -1, true);
    for (std::size_t i = 0; i < a_.fields.leg_count; ++i) {
      const Slots& slots = a_.fields.legs[i];
      const int n = static_cast<int>(i);
      if (const auto lacking = slots.missing(bits({Key::agent, Key::answered_at}))) {
        return a_.fail_missing(lacking, n);
      }
      if (!leg(slots, n, i + 1 == a_.fields.leg_count)) return false;
    }
    return true;
  }

  // One agent's part. n = -1: the record itself is the only leg.
  bool leg(const Slots& slots, int n, bool last) {
    const std::string_view agent = slots.text(Key::agent);
    const bool first = n <= 0;
    Time answered_at = slots.number(Key::answered_at, kNever);
    if (answered_at == kNever) answered_at = plus(queued_at_, wait_);
    if (answered_at == kNever) return a_.fail_missing(bit(Key::answered_at), n);
    if (slots.has(Key::offered_at)) {
      add(EventType::call_offered, slots.number(Key::offered_at, 0), agent);
    }
    add(EventType::call_answered, answered_at, agent, first ? wait_ : kNoValue);

    const std::int64_t talk = slots.number(Key::talk_ms, kNoValue);
    const std::int64_t hold = slots.number(Key::hold_ms, kNoValue);
    Time end = slots.number(Key::ended_at, kNever);
    if (end == kNever && last) end = item_.number(Key::ended_at, kNever);
    if (end == kNever) end = plus(plus(answered_at, talk), std::max<std::int64_t>(hold, 0));
    if (hold != kNoValue) {
      add(EventType::call_hold_total, end == kNever ? answered_at : end, agent, hold);
    }
    return leg_end(slots, n, last, end, talk) && leg_wrap(slots, n, end);
  }

  bool leg_end(const Slots& slots, int n, bool last, Time end, std::int64_t talk) {
    const std::string_view agent = slots.text(Key::agent);
    const std::string_view kind = slots.text(Key::transferred);
    if (kind.empty()) {
      // The call went on with the next agent, so this one must have passed it on.
      if (!last) return a_.fail_missing(bit(Key::transferred), n);
      if (end != kNever) add(EventType::call_ended, end, agent, talk);
      return true;
    }
    if (!a_.check_word(kind, kTransfers, Key::transferred, n)) return false;
    if (end == kNever) return a_.fail_missing(bit(Key::ended_at), n);
    add(EventType::call_transferred, end, agent, talk).text = kind;
    return true;
  }

  bool leg_wrap(const Slots& slots, int n, Time end) {
    const std::int64_t wrap = slots.number(Key::wrap_ms, kNoValue);
    if (wrap == kNoValue && !slots.has(Key::wrapped_at)) return true;
    const Time at = slots.number(Key::wrapped_at, plus(end, wrap));
    if (at == kNever) return a_.fail_missing(bit(Key::ended_at), n);
    add(EventType::call_wrapped, at, slots.text(Key::agent), wrap);
    return true;
  }

  Assembly& a_;
  const Slots& item_;
  Event base_;
  Time queued_at_ = kNever;
  std::int64_t wait_ = kNoValue;
};

}  // namespace

bool Assembly::call_record(const Event& base) {
  const std::size_t before = batch.events.size();
  if (!Record(*this, base).expand()) return false;
  // Instants that were computed may leave the range that those given were checked against.
  for (std::size_t i = before; i < batch.events.size(); ++i) {
    if (!check_time(batch.events[i].at, Key::none)) return false;
  }
  return true;
}

}  // namespace ingest
