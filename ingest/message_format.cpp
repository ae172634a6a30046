#include "ingest/message_format.h"

#include <algorithm>
#include <charconv>

#include <xxhash.h>

#include "ingest/event_rules.h"
#include "ingest/instant.h"
#include "ingest/json_tokens.h"
#include "ingest/signature.h"
#include "windows/check.h"

namespace ingest {

using core::Event;

void MessageFormat::read(const Message& message, core::Time now, Intake& out) {
  part_ = message;
  now_ = now;
  out_ = &out;
  ++out.messages;
  const auto told = [&out] { return out.batch.accepted + out.batch.refused + out.remainders.size() + out.silent; };
  const auto before = told();
  this->message(message);
  if (told() == before) ++out.silent;  // understood, and nothing new
  CHECK(item_.empty(), "an item that was begun and not ended");
}

void MessageFormat::settle(core::Time now, Intake& out) {
  part_ = {};
  now_ = now;
  out_ = &out;
  quiet();
  CHECK(item_.empty(), "an item that was begun and not ended");
}

Event& MessageFormat::add(core::EventType type, core::Time at, std::string_view subject) {
  Event& event = item_.emplace_back();
  event.type = type;
  event.at = at;
  event.subject = subject;
  event.authority = options_.authority;
  return event;
}

bool MessageFormat::check(const Event& event, core::Error& error) const {
  const Rule& rule = kRules[static_cast<std::size_t>(event.type)];
  const auto wrong = [&](const char* code, std::string what, std::string_view where) {
    error = {code, std::move(what), std::string(where)};
    return false;
  };
  if (event.subject.empty()) return wrong("missing_field", "it is not said whom this is about", name(rule.subject));
  if ((rule.required & bit(Key::agent)) != 0 && event.agent.empty())
    return wrong("missing_field", "an agent is required", "agent");
  if ((rule.required & bit(Key::queue)) != 0 && event.queue.empty())
    return wrong("missing_field", "a queue is required", "queue");
  if (!rule.words.empty()) {
    if (event.text.empty() && (rule.required & bit(rule.text)) != 0)
      return wrong("missing_field", "it is not said how", name(rule.text));
    if (!event.text.empty() && !is_one_of(event.text, rule.words))
      return wrong("bad_value", "not a word of ours: " + std::string(event.text.substr(0, 40)), name(rule.text));
  }
  for (const core::Time at : {event.at, event.time}) {
    if (at > now_ + options_.max_ahead)
      return wrong("future_time", "too far ahead of the server's clock: " + format_instant(at), "time");
    if (at < options_.accept_from) return wrong("past_time", "before the earliest time accepted", "time");
  }
  if (event.value > kMaxDuration) return wrong("bad_duration", "longer than 7 days", name(rule.value));
  const std::pair<std::string_view, std::string_view> texts[] = {
      {"id", event.id},             {"subject", event.subject}, {"agent", event.agent},       {"queue", event.queue},
      {"channel", event.channel},   {"team", event.team},       {"priority", event.priority}, {"site", event.site},
      {"customer", event.customer}, {"reason", event.reason},   {"text", event.text}};
  for (const auto& [what, text] : texts) {
    if (text.empty()) continue;
    const bool words = rule.text == Key::tags && text.data() == event.text.data();
    const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
    const char* fault = !plain && !is_utf8(text) ? "bad_text" : words ? words_fault(text) : text_fault(text);
    if (fault != nullptr) return wrong(fault, "not a text of at most 128 bytes without control characters", what);
  }
  return true;
}

void MessageFormat::keep(Event& event) {
  Arena& arena = out_->batch.arena;
  for (std::string_view* text : {&event.source, &event.id, &event.subject, &event.agent, &event.queue, &event.team,
                                 &event.site, &event.channel, &event.priority, &event.text, &event.reason, &event.by,
                                 &event.customer}) {
    *text = arena.keep(*text);
  }
}

void MessageFormat::adopt(std::size_t from, Adopt how) {
  const bool agents = how == Adopt::as_theirs || !options_.agents.empty();
  const bool queues = how == Adopt::as_theirs || !options_.queues.empty();
  const bool customers = how == Adopt::as_theirs || !options_.customer_secret.empty();
  for (std::size_t i = from; i < out_->batch.events.size(); ++i) {
    Event& event = out_->batch.events[i];
    const core::About about = core::about(event.type);
    event.authority = options_.authority;
    if (agents) event.agent = agent(event.agent);
    if (queues) event.queue = queue(event.queue);
    if (customers) event.customer = customer(event.customer);
    if (about == core::About::agent) event.subject = agents ? agent(event.subject) : event.subject;
    else if (about == core::About::queue) event.subject = queues ? queue(event.subject) : event.subject;
    else event.subject = subject(event.subject);
    if (how == Adopt::as_theirs) event.source = options_.source;
    keep(event);
  }
}

bool MessageFormat::done(std::string_view id, core::Time time) {
  CHECK(!item_.empty(), "an item without events");
  core::Error error;
  for (Event& event : item_) {
    event.id = id;
    event.source = options_.source;
    event.time = time == windows::kNever ? event.at : time;
    if (check(event, error)) continue;
    item_.clear();
    refuse(error.code.c_str(), std::move(error.message), std::move(error.where));
    return false;
  }
  Batch& batch = out_->batch;
  for (std::size_t i = 0; i < item_.size(); ++i) {
    Event& event = item_[i];
    // Only of a call or ticket can several events stand together; of an agent each stands for itself.
    const core::About about = core::about(event.type);
    const bool together = about == core::About::call || about == core::About::ticket;
    if (i > 0 && !together) {
      event.id = join({id, "/", std::to_string(i + 1)});
      ++batch.accepted;
    }
    keep(event);
    batch.events.push_back(event);
    batch.items.push_back(static_cast<std::uint32_t>(batch.accepted));
  }
  ++batch.accepted;
  item_.clear();
  return true;
}

void MessageFormat::refuse(const char* code, std::string what, std::string where) {
  item_.clear();
  out_->refuse(part_, {code, std::move(what), std::move(where)});
}

void MessageFormat::not_known(std::string_view name) {
  out_->not_known(part_, name);
}

std::string_view MessageFormat::agent(std::string_view name, std::string_view otherwise) {
  if (otherwise.empty()) otherwise = name;
  if (otherwise.empty()) return {};
  for (const std::string_view word : {name, otherwise}) {
    const auto known = options_.agents.find(word);
    if (known != options_.agents.end()) return known->second;
  }
  if (out_->unmapped_agents.size() < Intake::kMaxNames && !out_->unmapped_agents.contains(otherwise))
    out_->unmapped_agents.emplace(otherwise);
  return out_->batch.arena.keep(otherwise);
}

std::string_view MessageFormat::queue(std::string_view name, std::string_view otherwise) {
  if (otherwise.empty()) otherwise = name;
  if (otherwise.empty()) return {};
  for (const std::string_view word : {name, otherwise}) {
    const auto known = options_.queues.find(word);
    if (known != options_.queues.end()) return known->second;
  }
  if (out_->unmapped_queues.size() < Intake::kMaxNames && !out_->unmapped_queues.contains(otherwise))
    out_->unmapped_queues.emplace(otherwise);
  return out_->batch.arena.keep(otherwise);
}

std::string_view MessageFormat::chosen(std::string_view key, std::string_view theirs) const {
  const auto list = options_.more.find(key);
  if (list == options_.more.end()) return {};
  for (const std::string& entry : list->second) {
    const std::size_t equals = entry.rfind('=');
    if (equals != std::string::npos && std::string_view(entry).substr(0, equals) == theirs)
      return std::string_view(entry).substr(equals + 1);
  }
  return {};
}

bool MessageFormat::listed(std::string_view key, std::string_view word) const {
  const auto list = options_.more.find(key);
  return list != options_.more.end() && std::find(list->second.begin(), list->second.end(), word) != list->second.end();
}

std::string_view MessageFormat::option(std::string_view key) const {
  const auto list = options_.more.find(key);
  return list == options_.more.end() || list->second.empty() ? std::string_view() : list->second.front();
}

bool MessageFormat::rate(Event& event, std::string_view theirs) {
  const bool digit = !theirs.empty() && theirs[0] >= '1' && theirs[0] <= '5';
  if (digit && (theirs.size() == 1 || theirs[1] < '0' || theirs[1] > '9')) {
    event.text = "csat";
    event.value = theirs[0] - '0';
    return true;
  }
  const std::string word = lower(theirs);
  const auto begins = [&](std::initializer_list<std::string_view> stems) {
    return std::any_of(stems.begin(), stems.end(), [&](std::string_view s) { return word.starts_with(s); });
  };
  const bool bad = begins({"bad", "negative", "unhappy", "dissatisfied", "unsatisfied", "down"});
  if (!bad && !begins({"good", "positive", "happy", "satisfied", "up"})) return false;
  event.text = "thumbs";
  event.value = bad ? 0 : 1;
  return true;
}

std::string_view MessageFormat::activity(std::string_view theirs) const {
  if (const std::string_view ours = chosen("states", theirs); !ours.empty()) return ours;
  const std::string word = lower(theirs);
  const auto about = [&](std::initializer_list<std::string_view> stems) {
    return std::any_of(stems.begin(), stems.end(), [&](std::string_view s) { return word.find(s) != word.npos; });
  };
  if (about({"offline", "logged out", "logout", "logged off"})) return "logout";
  if (about({"unavailable", "not ready", "not_accepting", "busy"})) return "away";
  if (about({"available", "idle", "ready", "on queue", "on_queue", "online", "accepting"})) return "available";
  if (about({"break", "lunch", "meal", "pause", "coffee"})) return "break";
  if (about({"meeting"})) return "meeting";
  if (about({"training", "coaching"})) return "training";
  if (about({"wrap", "after call"})) return "wrap_up";
  return "away";
}

std::string_view MessageFormat::subject(std::string_view id) {
  if (id.empty()) return {};
  return options_.call_prefix.empty() ? out_->batch.arena.keep(id) : join({options_.call_prefix, id});
}

std::string_view MessageFormat::customer(std::string_view who) {
  if (who.empty() || options_.customer_secret.empty()) return {};
  return out_->batch.arena.keep(hex(hmac(Digest::sha256, options_.customer_secret, who)).substr(0, 24));
}

std::string_view MessageFormat::customer_number(std::string_view number) {
  // "+49 (30) 123", "0049 30 123" and "4930123" are one customer; "anonymous" is none.
  std::string digits;
  for (const char c : number) {
    if (c >= '0' && c <= '9') digits += c;
  }
  while (digits.starts_with("00")) digits.erase(0, 2);
  return digits.size() < 5 ? std::string_view() : customer(digits);
}

std::string_view MessageFormat::join(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  char* const place = out_->batch.arena.take(size);
  char* p = place;
  for (const std::string_view part : parts) p = std::copy(part.begin(), part.end(), p);
  return {place, size};
}

std::int64_t MessageFormat::duration(std::int64_t ms) {
  if (ms >= 0) return ms;
  ++out_->batch.clamped;
  return 0;
}

std::string content_id(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, hash);
  return hex({reinterpret_cast<const char*>(canonical.digest), sizeof canonical.digest});
}

std::string_view header(const Message& message, std::string_view name) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  for (const auto& [key, value] : message.headers) {
    if (std::equal(key.begin(), key.end(), name.begin(), name.end(),
                   [&](char a, char b) { return lower(a) == lower(b); })) {
      return value;
    }
  }
  return {};
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

std::optional<std::int64_t> whole(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> seconds(std::string_view text) {
  const auto time = parse_epoch_s(text);
  if (!time || *time > 1'000'000'000'000'000) return std::nullopt;
  return *time;
}

}  // namespace ingest
