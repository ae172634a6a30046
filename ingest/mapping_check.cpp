// What can be said of a mapped event before a row comes: the types there are, what an event of a type must have, and
// what it tells.
#include <algorithm>
#include <bitset>

#include "ingest/event_rules.h"
#include "ingest/mapping_plan.h"

namespace ingest {

namespace {

// The words a value can become that are written in the mapping. False: it can become others too.
bool written_words(const ValuePlan& value, std::vector<std::string_view>& words) {
  bool all = true;
  if (!value.alternatives.empty()) {
    for (const ValuePlan& one : value.alternatives) all = written_words(one, words) && all;
  } else if (value.map.empty()) {
    const bool constant = value.pieces.size() == 1 && value.pieces[0].column == kNoColumn &&
                          !value.pieces[0].line_number;
    if (constant) words.push_back(value.pieces[0].literal);
    all = constant;
  }
  for (const auto& [theirs, ours] : value.map) words.push_back(ours);
  if (!value.map.empty() && value.unmapped == ValuePlan::Unmapped::keep) all = false;
  if (value.otherwise) words.push_back(*value.otherwise);
  return all;
}

const FieldPlan* field_of(const EventPlan& event, Key key) {
  const auto is = [&](const FieldPlan& field) { return field.key == key; };
  const auto found = std::find_if(event.fields.begin(), event.fields.end(), is);
  return found == event.fields.end() ? nullptr : &*found;
}

using A = Ability;
using Told = std::bitset<kAbilities>;

void tell(Told& told, std::initializer_list<A> abilities) {
  for (const A a : abilities) told.set(static_cast<std::size_t>(a));
}

// The ways to leave a queue, of a call.left or a record.
void tell_exit(Told& told, std::string_view word) {
  if (word == "voicemail") return tell(told, {A::voicemail});
  if (word == "callback") return tell(told, {A::callback});
  if (word == "refused") return tell(told, {A::refused});
  if (word == "abandoned") return tell(told, {A::abandon});
  if (word == "abandoned_in_ivr") return tell(told, {A::menu});
  if (word == "answered") return tell(told, {A::answer, A::wait, A::talk});
  tell(told, {A::exits});
}

void tell_exits(Told& told, const FieldPlan* field, std::span<const std::string_view> every) {
  std::vector<std::string_view> words;
  if (field == nullptr || !written_words(field->value, words)) words.assign(every.begin(), every.end());
  for (const std::string_view word : words) tell_exit(told, word);
}

// A record is told afterwards: nothing in it is live.
void tell_record(Told& told, const EventPlan& event) {
  static constexpr std::array<std::string_view, 11> kOutcomes = {
      "answered", "abandoned", "abandoned_in_ivr", "overflow", "timeout", "voicemail",
      "callback", "key",       "empty",            "refused",  "other"};
  const auto has = [&](Key key) { return field_of(event, key) != nullptr; };
  tell_exits(told, field_of(event, Key::outcome), kOutcomes);
  tell(told, {A::arrival});
  if (has(Key::queue)) tell(told, {A::queue_entry});
  if (has(Key::hold_ms)) tell(told, {A::hold});
  if (has(Key::wrap_ms) || has(Key::wrapped_at)) tell(told, {A::wrap_up});
  if (has(Key::transferred)) tell(told, {A::transfers});
}

void tell_call(Told& told, core::EventType type, const EventPlan& event) {
  using enum core::EventType;
  switch (type) {
    case call_started: return tell(told, {A::arrival});
    case call_queued: return tell(told, {A::arrival, A::queue_entry, A::live_waiting});
    case call_offered:
    case call_no_answer: return tell(told, {A::offers});
    case call_answered: return tell(told, {A::arrival, A::answer, A::wait, A::live_talking, A::concurrency});
    case call_held:
    case call_resumed: return tell(told, {A::hold});
    case call_transferred: return tell(told, {A::transfers});
    case call_abandoned: return tell(told, {A::abandon, A::menu});
    case call_left: return tell_exits(told, field_of(event, Key::reason), kExits);
    case call_ended: return tell(told, {A::talk, A::menu});
    case call_wrapped: return tell(told, {A::wrap_up});
    case call_rated: return tell(told, {A::rated});
    default: return;
  }
}

void tell_other(Told& told, core::EventType type, const EventPlan& event) {
  using enum core::EventType;
  const bool agent = field_of(event, Key::agent) != nullptr;
  switch (type) {
    case agent_login:
    case agent_logout: return tell(told, {A::agent_presence});
    case agent_state: return tell(told, {A::agent_presence, A::agent_state});
    case ticket_created:
      tell(told, {A::ticket_created});
      return agent ? tell(told, {A::ticket_assigned}) : void();
    case ticket_assigned: return tell(told, {A::ticket_assigned});
    case ticket_status: return tell(told, {A::ticket_status, A::ticket_reopened});  // out of solved, too
    case ticket_reply: return tell(told, {A::ticket_replies});
    case ticket_resolved:
    case ticket_closed: return tell(told, {A::ticket_solved});
    case ticket_reopened: return tell(told, {A::ticket_reopened});
    case ticket_rated: return tell(told, {A::rated});
    default: return;
  }
}

}  // namespace

std::vector<Capability> abilities_of(const MappingPlan& plan) {
  Told told;
  for (const EventPlan& event : plan.events) {
    std::vector<std::string_view> types;
    if (!written_words(field_of(event, Key::type)->value, types)) told.set();  // it depends on the row
    for (const std::string_view word : types) {
      const auto type = static_cast<std::size_t>(kTypeNames.find(word));
      if (type == kRecordType) {
        tell_record(told, event);
        continue;
      }
      tell_call(told, static_cast<core::EventType>(type), event);
      tell_other(told, static_cast<core::EventType>(type), event);
    }
    if (field_of(event, Key::customer) != nullptr) tell(told, {A::customer});
  }
  std::vector<Capability> can;
  for (std::size_t i = 0; i < told.size(); ++i) {
    const auto ability = static_cast<Ability>(i);
    if (told.test(i)) can.push_back({ability, ability == A::customer ? Grade::configured : Grade::direct});
  }
  return can;
}

std::string type_fault(const EventPlan& event, Key& field) {
  field = Key::type;
  std::vector<std::string_view> words;
  const bool all = written_words(field_of(event, Key::type)->value, words);
  for (const std::string_view word : words) {
    const int found = kTypeNames.find(word);
    if (found < 0) return "there is no type of event \"" + std::string(word) + "\"";
    if (!all || words.size() > 1 || static_cast<std::size_t>(found) == kRecordType) continue;
    const Rule& rule = kRules[static_cast<std::size_t>(found)];
    for (std::size_t i = 0; i < kKeys; ++i) {
      const Key key = static_cast<Key>(i);
      const bool needed = key == rule.subject || (rule.required & bit(key)) != 0;
      if (!needed || field_of(event, key) != nullptr) continue;
      field = Key::none;
      return std::string(word) + " needs \"" + std::string(name(key)) + "\"";
    }
  }
  return {};
}

}  // namespace ingest
