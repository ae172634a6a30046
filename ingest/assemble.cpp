#include <algorithm>
#include <bit>
#include <string>
#include <vector>

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

bool Assembly::promise(core::Event& left) {
  if (left.text != "callback" || !fields.item.has(Key::promised_at)) return true;
  left.value = fields.item.number(Key::promised_at, 0) - left.at;
  if (left.value >= 0 && left.value <= kMaxDuration) return true;
  return fail("bad_value", "a callback is promised for an instant after it was asked for, within 7 days",
              Key::promised_at);
}

namespace {

// Sorted, each once, without the space around them.
std::string_view tidy_words(std::string_view text, Arena& arena) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    std::string_view word = text.substr(at, end - at);
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    if (!word.empty()) words.push_back(word);
    at = end + 1;
  }
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  std::string all;
  for (const std::string_view word : words) (all += all.empty() ? "" : ",") += word;
  return all == text ? text : arena.keep(all);
}

}  // namespace

void Assembly::labels(std::size_t first) {
  const Slots& item = fields.item;
  const core::Event& begin = batch.events[first];
  const bool of_call = core::about(begin.type) == core::About::call;
  if (!of_call && core::about(begin.type) != core::About::ticket) return;
  using T = core::EventType;
  core::Event label;
  label.final = begin.final;
  label.visit = begin.visit;
  label.authority = begin.authority;
  label.time = begin.time;
  label.at = begin.at;
  label.source = begin.source;
  label.id = begin.id;
  label.subject = begin.subject;
  const T category = of_call ? T::call_category : T::ticket_category, tags = of_call ? T::call_tags : T::ticket_tags;
  const T said = begin.type;
  if (item.has(Key::category) && said != category) {
    label.type = category;
    label.text = item.text(Key::category);
    batch.events.push_back(label);
  }
  if (item.has(Key::tags) && said != tags) {
    label.type = tags;
    label.text = tidy_words(item.text(Key::tags), batch.arena);
    batch.events.push_back(label);
  }
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
  if (rule.text == Key::tags) event.text = tidy_words(event.text, a.batch.arena);
  if (!event.text.empty() && !rule.words.empty() && !a.check_word(event.text, rule.words, rule.text)) return false;
  if (rule.value != Key::none) event.value = item.number(rule.value, core::kNoValue);

  switch (event.type) {
    case core::EventType::agent_state: event.reason = item.text(Key::reason); return true;
    case core::EventType::call_rated:
    case core::EventType::ticket_rated: return check_rating(a, event);
    case core::EventType::call_left: return a.promise(event);
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

  const std::size_t first = a.batch.events.size();
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
    if (!a.call_record(base)) return false;
    a.labels(first);
    return true;
  }
  if (const auto lacking = item.missing(rule.required)) return a.fail_missing(lacking);
  event.type = static_cast<core::EventType>(index);
  if (!finish(a, rule, event)) return false;
  a.labels(first);
  return true;
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
