#include "server/rest_alerts.h"

#include <charconv>
#include <optional>

#include "server/alert_json.h"
#include "server/coverage.h"
#include "server/deadline_json.h"
#include "server/json_text.h"
#include "server/problem.h"

namespace server {
namespace {

constexpr std::size_t kMaxChanges = 1'000;
constexpr std::size_t kMaxDeadlines = 1'000;

std::string value_of(const Parameters& query, const std::string& key, const std::string& otherwise = {}) {
  const auto it = query.find(key);
  return it == query.end() ? otherwise : it->second;
}

core::Error bad_parameter(const std::string& name, const std::string& expected) {
  return {"bad_parameter", "'" + name + "' must be " + expected, ""};
}

// A whole number from 0 to `most`; `value` as it is where there is none.
core::Status read_number(const Parameters& query, const std::string& key, std::uint64_t most, std::uint64_t& value) {
  const auto it = query.find(key);
  if (it == query.end()) return core::Done{};
  const std::string& text = it->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value <= most) return core::Done{};
  return bad_parameter(key, "a whole number up to " + std::to_string(most));
}

core::Status read_range(const Parameters& query, const core::Zone& zone, core::Time& from, core::Time& to) {
  for (const auto& [key, value] : {std::pair<const char*, core::Time*>{"from", &from}, {"to", &to}}) {
    const std::string text = value_of(query, key);
    if (text.empty()) continue;
    const auto instant = parse_instant(text, zone);
    if (!instant) return bad_parameter(key, "RFC 3339, ms since 1970, or a date");
    *value = *instant;
  }
  return core::Done{};
}

// "queue/sales", "queue/*"; empty is all.
bool matches_scope(const std::string& pattern, const std::string& scope) {
  if (pattern.empty()) return true;
  if (pattern.back() == '*') return scope.starts_with(std::string_view(pattern).substr(0, pattern.size() - 1));
  return scope == pattern;
}

Response json(std::string body) {
  Response response;
  response.body = std::move(body);
  return response;
}

std::string begin(const char* key, core::Time asof) {
  std::string out = std::string("{\"") + key + "\":";
  append_instant(out, asof);
  return out;
}

void append_change(std::string& out, const core::AlertChange& change) {
  out += R"({"number":)" + std::to_string(change.number) + ",";
  const std::size_t alert = out.size();
  append_alert(out, change.alert);
  out.erase(alert, 1);  // its brace
}

void append_text(std::string& out, const char* key, std::string_view value) {
  out.append(",\"").append(key).append("\":");
  append_string(out, value);
}

void append_time(std::string& out, const char* key, core::Time time) {
  if (time == windows::kNever) return;
  out.append(",\"").append(key).append("\":");
  append_instant(out, time);
}

void append_count(std::string& out, const char* key, std::uint64_t count) {
  out.append(",\"").append(key).append("\":").append(std::to_string(count));
}

void append_list(std::string& out, const char* key, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  out.append(",\"").append(key).append("\":[");
  for (const std::string& text : texts) {
    if (out.back() != '[') out += ',';
    append_string(out, text);
  }
  out += ']';
}

}  // namespace

// ---- alerts -------------------------------------------------------------------------------------------------

Response alerts_answer(const core::Engine& engine, const Parameters& query) {
  const std::string scope = value_of(query, "scope");
  const std::string severity = value_of(query, "severity");
  const std::string state = value_of(query, "state");
  std::string out = begin("asof", engine.now());
  append_count(out, "number", engine.last_alert_change());
  out += R"(,"alerts":[)";
  for (const core::Alert& alert : engine.active_alerts()) {
    const bool asked = matches_scope(scope, alert.scope) &&
                       (severity.empty() || core::name(alert.severity) == severity) &&
                       (state.empty() || core::name(alert.state) == state);
    if (!asked) continue;
    if (out.back() != '[') out += ',';
    append_alert(out, alert);
  }
  out += R"(],"not_judged":)";
  core::NameLists not_judged;
  for (const core::RuleState& rule : engine.rule_states(scope.empty() ? "*" : scope)) {
    if (!rule.told) not_judged[std::string(rule.rule)].emplace_back(rule.scope);
  }
  append_name_lists(out, not_judged);
  return json(out + "}");
}

Response alert_history_answer(const core::Engine& engine, const Parameters& query) {
  core::AlertFilter filter;
  filter.key = value_of(query, "key");
  filter.scope = value_of(query, "scope");
  std::uint64_t limit = 100;
  core::Status done = read_number(query, "after", INT64_MAX, filter.after);
  if (done) done = read_number(query, "limit", kMaxChanges, limit);
  if (done) done = read_range(query, engine.zone(), filter.from, filter.to);
  if (!done) return problem(done.error());
  filter.limit = std::max<std::uint64_t>(limit, 1);
  const std::vector<core::AlertChange> changes = engine.alert_history(filter);
  std::string out = R"({"alerts":[)";
  for (const core::AlertChange& change : changes) {
    if (out.back() != '[') out += ',';
    append_change(out, change);
  }
  out += ']';
  // Nothing further: no `next`.
  if (changes.size() == filter.limit) append_count(out, "next", changes.back().number);
  return json(out + "}");
}

Response alert_answer(const core::Engine& engine, const std::string& key) {
  const std::optional<core::Alert> alert = engine.alert(key);
  if (!alert) return problem(404, "unknown_alert", "no alert '" + key + "' that is active or was not long ago");
  core::AlertFilter filter;
  filter.key = key;
  std::string out = begin("asof", engine.now()) + R"(,"alert":)";
  append_alert(out, *alert);
  out += R"(,"history":[)";
  for (const core::AlertChange& change : engine.alert_history(filter)) {
    if (change.alert.key != key) continue;  // only begins like it
    if (out.back() != '[') out += ',';
    append_change(out, change);
  }
  return json(out + "]}");
}

Response silences_answer(const core::Engine& engine) {
  std::string out = begin("asof", engine.now()) + R"(,"silences":[)";
  for (const core::Silence& silence : engine.silences()) {
    if (out.back() != '[') out += ',';
    out += R"({"id":)";
    append_string(out, silence.id);
    append_text(out, "matcher", silence.matcher);
    append_text(out, "by", silence.by);
    append_text(out, "reason", silence.reason);
    append_time(out, "from", silence.from);
    append_time(out, "to", silence.to);
    out += '}';
  }
  return json(out + "]}");
}

Response deadlines_answer(const core::Engine& engine, const Parameters& query) {
  const std::string scope = value_of(query, "scope", "tenant");
  std::uint64_t limit = 100;
  const core::Status read = read_number(query, "limit", kMaxDeadlines, limit);
  if (!read) return problem(read.error());
  std::string out = begin("asof", engine.now());
  const core::Deadlines found = engine.deadlines(scope, limit, limit);
  append_count(out, "total", found.total);
  append_count(out, "overdue", found.overdue);
  return json(out + R"(,"deadlines":)" + deadlines_json(found.rows, true) + "}");
}

// ---- promises -----------------------------------------------------------------------------------------------

Response policies_answer(const core::SlaSettings& sla) {
  std::string out = R"({"policies":[)";
  for (const core::SlaPolicy& policy : sla.policies) {
    if (out.back() != '[') out += ',';
    out += R"({"id":)";
    append_string(out, policy.id);
    append_time(out, "valid_from", policy.valid_from);
    append_time(out, "valid_to", policy.valid_to);
    append_list(out, "queues", policy.match.queues);
    append_list(out, "teams", policy.match.teams);
    append_list(out, "priorities", policy.match.priorities);
    append_list(out, "categories", policy.match.categories);
    append_list(out, "channels", policy.match.channels);
    append_list(out, "tags", policy.match.tags);
    out += R"(,"targets":[)";
    for (const core::SlaTarget& target : policy.targets) {
      if (out.back() != '[') out += ',';
      out += R"({"clock":)";
      append_string(out, core::name(target.clock));
      if (!target.priority.empty()) append_text(out, "priority", target.priority);
      append_count(out, "within_ms", static_cast<std::uint64_t>(target.within));
      if (target.calendar >= 0) {
        append_text(out, "calendar", sla.calendars[static_cast<std::size_t>(target.calendar)].id());
      }
      out += '}';
    }
    out += R"(],"warnings":[)";
    for (const int percent : policy.warnings) {
      if (out.back() != '[') out += ',';
      out += std::to_string(percent);
    }
    out += "]}";
  }
  return json(out + "]}");
}

Response calendars_answer(const core::SlaSettings& sla, core::Time now) {
  std::string out = begin("asof", now) + R"(,"calendars":[)";
  for (const core::Calendar& calendar : sla.calendars) {
    if (out.back() != '[') out += ',';
    out += R"({"id":)";
    append_string(out, calendar.id());
    append_text(out, "zone", calendar.zone().name());
    out += calendar.open_at(now) ? R"(,"open":true)" : R"(,"open":false)";
    append_time(out, "next_change", calendar.next_change(now));
    out += '}';
  }
  return json(out + "]}");
}

// ---- receivers ----------------------------------------------------------------------------------------------

Response receivers_answer(const Hooks& hooks, const std::string& tenant) {
  const auto all = hooks.receivers(tenant);
  if (!all) return problem(all.error());
  std::string out = R"({"receivers":[)";
  for (const ReceiverStatus& receiver : *all) {
    if (out.back() != '[') out += ',';
    out += R"({"name":)";
    append_string(out, receiver.name);
    append_text(out, "kind", name(receiver.kind));
    append_text(out, "host", receiver.host);
    append_text(out, "state", receiver.state);
    if (!receiver.error.empty()) append_text(out, "error", receiver.error);
    append_time(out, "error_at", receiver.error_at);
    append_time(out, "delivered_at", receiver.delivered_at);
    append_time(out, "next_attempt", receiver.next_attempt);
    append_time(out, "oldest_waiting", receiver.oldest_waiting);
    append_count(out, "waiting", receiver.waiting);
    append_count(out, "dead", receiver.dead);
    append_count(out, "delivered", receiver.delivered);
    append_count(out, "failed", receiver.failed);
    append_count(out, "retries", receiver.retries);
    out += '}';
  }
  return json(out + "]}");
}

namespace {

core::Result<DeadLetterQuery> read_dead_letters(const core::Zone& zone, const Parameters& query) {
  DeadLetterQuery read;
  read.receiver = value_of(query, "receiver");
  std::uint64_t limit = read.limit;
  core::Status done = read_number(query, "after", INT64_MAX, read.after);
  if (done) done = read_number(query, "limit", 10'000, limit);
  if (done) done = read_range(query, zone, read.from, read.to);
  if (!done) return done.error();
  read.limit = std::max<std::uint64_t>(limit, 1);
  return read;
}

}  // namespace

Response dead_letters_answer(const Hooks& hooks, const std::string& tenant, const core::Zone& zone,
                             const Parameters& query) {
  const auto asked = read_dead_letters(zone, query);
  if (!asked) return problem(asked.error());
  const auto letters = hooks.dead_letters(tenant, *asked);
  if (!letters) return problem(letters.error());
  std::string out = R"({"dead_letters":[)";
  for (const DeadLetter& letter : *letters) {
    if (out.back() != '[') out += ',';
    out += R"({"number":)" + std::to_string(letter.number);
    append_text(out, "id", letter.id);
    append_text(out, "receiver", letter.receiver);
    append_time(out, "at", letter.at);
    append_time(out, "died", letter.died);
    append_count(out, "attempts", static_cast<std::uint64_t>(letter.attempts));
    append_text(out, "error", letter.error);
    out += R"(,"alerts":[)";
    for (const core::Alert& alert : letter.alerts) {
      if (out.back() != '[') out += ',';
      append_alert(out, alert);
    }
    out += "]}";
  }
  out += ']';
  if (letters->size() == asked->limit) append_count(out, "next", letters->back().number);
  return json(out + "}");
}

Response dead_letters_act(Hooks& hooks, const std::string& tenant, const core::Zone& zone, const Parameters& query,
                          DeadLetterAct act) {
  const auto asked = read_dead_letters(zone, query);
  if (!asked) return problem(asked.error());
  const bool again = act == DeadLetterAct::redrive;
  const auto count = again ? hooks.redrive(tenant, *asked) : hooks.purge(tenant, *asked);
  if (!count) return problem(count.error());
  return json(std::string(again ? R"({"redriven":)" : R"({"purged":)") + std::to_string(*count) + "}");
}

Response test_receiver(Hooks& hooks, const std::string& tenant, const std::string& receiver) {
  const auto id = hooks.test(tenant, receiver);
  if (!id) return problem(id.error());
  std::string out = R"({"id":)";
  append_string(out, *id);
  return json(out + "}");
}

}  // namespace server
