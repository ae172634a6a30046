#include <algorithm>
#include <bit>

#include "ingest/event_rules.h"

namespace ingest {

bool is_one_of(std::string_view word, std::span<const std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool Assembly::check_time(core::Time at, Key key, int leg) {
  if (at > now + options.max_ahead) {
    return fail("future_time", "too far ahead of the server's clock", key, leg);
  }
  if (at < options.accept_from) {
    const bool seconds = at > 0 && at < 10'000'000'000;
    return fail("past_time",
                seconds ? "before the earliest time accepted; are these seconds? they must be ms"
                        : "before the earliest time accepted",
                key, leg);
  }
  return true;
}

bool Assembly::check_word(std::string_view word, std::span<const std::string_view> words, Key key,
                          int leg) {
  if (is_one_of(word, words)) return true;
  std::string message = "must be one of:";
  for (const std::string_view w : words) message.append(" ").append(w);
  return fail("bad_value", std::move(message), key, leg);
}

bool Assembly::fail_missing(std::uint64_t mask, int leg) {
  const Key key = static_cast<Key>(std::countr_zero(mask));
  return fail("missing_field", std::string(name(key)) + " is required", key, leg);
}

namespace {

bool check_rating(Assembly& a, const core::Event& event) {
  const std::int64_t lowest = event.text == "csat" ? 1 : 0;
  const std::int64_t highest = event.text == "csat" ? 5 : event.text == "nps" ? 10 : 1;
  if (event.value >= lowest && event.value <= highest) return true;
  return a.fail("bad_value",
                std::string(event.text) + " scores go from " + std::to_string(lowest) + " to " +
                    std::to_string(highest),
                Key::score);
}

// Everything that does not depend on the type beyond who is spoken about.
void fill(core::Event& event, const Slots& item, const Rule& rule) {
  event.subject = item.text(rule.subject);
  if (rule.subject != Key::agent) event.agent = item.text(Key::agent);
  if (rule.subject != Key::queue) event.queue = item.text(Key::queue);
  event.channel = item.text(Key::channel);
  event.priority = item.text(Key::priority);
  event.customer = item.text(Key::customer);
  event.team = item.text(Key::team);
  event.site = item.text(Key::site);
}

bool finish(Assembly& a, const Rule& rule, core::Event& event) {
  const Slots& item = a.fields.item;
  if (rule.text != Key::none) event.text = item.text(rule.text);
  if (!event.text.empty() && !a.check_word(event.text, rule.words, rule.text)) return false;
  if (rule.value != Key::none) event.value = item.number(rule.value, core::kNoValue);

  switch (event.type) {
    case core::EventType::agent_state: event.reason = item.text(Key::reason); return true;
    case core::EventType::ticket_rated: return check_rating(a, event);
    case core::EventType::ticket_created:
    case core::EventType::ticket_reply:
      event.by = item.text(Key::by);
      event.is_public = item.number(Key::is_public, 1) != 0;
      return event.by.empty() || a.check_word(event.by, kAuthors, Key::by);
    default: return true;
  }
}

bool build(Assembly& a) {
  const Slots& item = a.fields.item;
  if (const auto lacking = item.missing(bits({Key::type, Key::id, Key::time}))) {
    return a.fail_missing(lacking);
  }
  const int type = kTypeNames.find(item.text(Key::type));
  if (type < 0) return a.fail("unknown_type", "not a type of docs/events.md", Key::type);
  const auto index = static_cast<std::size_t>(type);
  const bool is_record = index == kRecordType;
  const Rule& rule = kRules[is_record ? 0 : index];
  if (const auto lacking = item.missing(bit(rule.subject))) return a.fail_missing(lacking);

  const core::Time time = item.number(Key::time, 0);
  if (!a.check_time(time, Key::time)) return false;

  core::Event& event = a.batch.events.emplace_back();
  event.authority = a.options.authority;
  event.time = event.at = time;
  event.source = item.has(Key::source) ? item.text(Key::source) : a.options.source;
  if (event.source.empty()) return a.fail_missing(bit(Key::source));
  event.id = item.text(Key::id);
  fill(event, item, rule);
  if (is_record) {
    core::Event base = event;
    base.final = true;
    a.batch.events.pop_back();
    return a.call_record(base);
  }
  if (const auto lacking = item.missing(rule.required)) return a.fail_missing(lacking);
  event.type = static_cast<core::EventType>(index);
  return finish(a, rule, event);
}

}  // namespace

bool assemble(const Fields& fields, std::size_t index, const SourceOptions& options, core::Time now,
              Batch& batch, Fault& fault) {
  const std::size_t before = batch.events.size();
  Assembly assembly{fields, options, now, batch, fault};
  if (!build(assembly)) {
    batch.events.resize(before);
    return false;
  }
  batch.items.resize(batch.events.size(), static_cast<std::uint32_t>(index));
  batch.clamped += fields.clamped;
  ++batch.accepted;
  return true;
}

}  // namespace ingest
