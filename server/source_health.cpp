#include "server/source_health.h"

#include <algorithm>

#include "server/json_text.h"

namespace server {
namespace {

constexpr std::size_t kMaxNames = ingest::Intake::kMaxNames;

void add_all(std::map<std::string, std::uint64_t, std::less<>>& to,
             const std::map<std::string, std::uint64_t, std::less<>>& from) {
  for (const auto& [name, count] : from) {
    if (to.size() < kMaxNames || to.contains(name)) {
      to[name] += count;
    } else {
      to["(others)"] += count;
    }
  }
}

void append_counts(std::string& out, std::string_view name,
                   const std::map<std::string, std::uint64_t, std::less<>>& counts) {
  out.append(",\"").append(name).append("\":{");
  bool first = true;
  for (const auto& [key, count] : counts) {
    if (!first) out += ',';
    first = false;
    append_string(out, key);
    out += ':';
    append_integer(out, static_cast<std::int64_t>(count));
  }
  out += '}';
}

void append_names(std::string& out, std::string_view name, const std::set<std::string, std::less<>>& names) {
  out.append(",\"").append(name).append("\":[");
  bool first = true;
  for (const std::string& one : names) {
    if (!first) out += ',';
    first = false;
    append_string(out, one);
  }
  out += ']';
}

void append_count(std::string& out, std::string_view name, std::uint64_t count) {
  out.append(",\"").append(name).append("\":");
  append_integer(out, static_cast<std::int64_t>(count));
}

}  // namespace

void MinuteRate::add(std::uint64_t count, Time steady) {
  const Time number = steady / kSlot;
  Slot& slot = slots_[static_cast<std::size_t>(number) % slots_.size()];
  if (slot.number != number) slot = {number, 0};
  slot.count += count;
}

std::uint64_t MinuteRate::last_minute(Time steady) const {
  std::uint64_t sum = 0;
  for (const Slot& slot : slots_) {
    if (slot.number > steady / kSlot - 12) sum += slot.count;
  }
  return sum;
}

void ClockSkew::add(core::Duration difference, Time steady) {
  if (begun_ == windows::kNever || steady >= begun_ + kSpan) {
    before_ = now_;
    now_.reset();
    begun_ = steady;
  }
  now_ = now_ ? std::min(*now_, difference) : difference;
}

std::optional<core::Duration> ClockSkew::estimate() const {
  if (!now_ || !before_) return now_ ? now_ : before_;
  return std::min(*now_, *before_);
}

void SourceHealth::become(std::string now, bool good, Time wall) {
  if (state == now && well == good) return;
  state = std::move(now);
  well = good;
  state_since = wall;
}

void SourceHealth::read(const ingest::Intake& intake, bool live, Time wall, Time steady) {
  messages += intake.messages;
  silent += intake.silent;
  if (intake.messages > 0) last_message = wall;
  rate.add(intake.messages, steady);
  add_all(refused, intake.batch.refused_by_code);
  add_all(unknown, intake.unknown);
  add_all(inferred, intake.inferred);
  for (const std::string& name : intake.unmapped_agents) {
    if (unmapped_agents.size() < kMaxNames) unmapped_agents.insert(name);
  }
  for (const std::string& name : intake.unmapped_queues) {
    if (unmapped_queues.size() < kMaxNames) unmapped_queues.insert(name);
  }
  for (const ingest::Gauge& gauge : intake.gauges) {
    if (gauges.size() < kMaxNames || gauges.contains(gauge.scope + " " + gauge.what)) {
      gauges[gauge.scope + " " + gauge.what] = gauge;
    }
  }
  Time newest = windows::kNever;
  for (const core::Event& event : intake.batch.events) {
    // The end of after-call work may be told when it begins, and lies ahead then.
    if (event.type != core::EventType::call_wrapped) newest = std::max(newest, event.time);
  }
  if (newest == windows::kNever) return;
  last_event = std::max(last_event, newest);
  lag = wall - newest;
  if (live) skew.add(lag, steady);
}

void SourceHealth::applied(const EventsResult& result) {
  accepted += result.accepted;
  unchanged += result.unchanged;
  repeated += result.repeated;
  for (const ingest::Refusal& refusal : result.refusals) ++refused[refusal.error.code];
}

std::uint64_t SourceHealth::refusals() const {
  std::uint64_t sum = 0;
  for (const auto& [code, count] : refused) sum += count;
  return sum;
}

void append_health(std::string& out, const SourceHealth& health, Time steady) {
  out += R"("state":)";
  append_string(out, health.state);
  out += health.well ? R"(,"well":true,"since":)" : R"(,"well":false,"since":)";
  append_instant(out, health.state_since);
  if (!health.peer.empty()) {
    out += R"(,"peer":)";
    append_string(out, health.peer);
  }
  out += R"(,"last_message":)";
  append_instant(out, health.last_message);
  out += R"(,"last_event":)";
  append_instant(out, health.last_event);
  out += R"(,"lag_ms":)";
  out += health.last_event == windows::kNever ? "null" : std::to_string(health.lag);
  const auto skew = health.skew.estimate();
  out += R"(,"clock_skew_ms":)";
  out += skew ? std::to_string(*skew) : "null";
  append_count(out, "per_minute", health.rate.last_minute(steady));
  append_count(out, "messages", health.messages);
  append_count(out, "bytes", health.bytes);
  append_count(out, "accepted", health.accepted);
  append_count(out, "unchanged", health.unchanged);
  append_count(out, "repeated", health.repeated);
  append_count(out, "silent", health.silent);
  append_count(out, "turned_away", health.turned_away);
  append_count(out, "forbidden", health.forbidden);
  append_count(out, "too_large", health.too_large);
  append_count(out, "connections", health.connections);
  append_count(out, "open_connections", health.open);
  append_count(out, "bytes_behind", health.behind);
  append_count(out, "gaps", health.gaps);
  append_counts(out, "refused", health.refused);
  append_counts(out, "unknown", health.unknown);
  append_counts(out, "inferred", health.inferred);
  append_names(out, "unmapped_agents", health.unmapped_agents);
  append_names(out, "unmapped_queues", health.unmapped_queues);
  out += R"(,"gauges":[)";
  bool first = true;
  for (const auto& [key, gauge] : health.gauges) {
    if (!first) out += ',';
    first = false;
    out += R"({"scope":)";
    append_string(out, gauge.scope);
    out += R"(,"what":)";
    append_string(out, gauge.what);
    out += R"(,"value":)" + std::to_string(gauge.value) + R"(,"at":)";
    append_instant(out, gauge.at);
    out += '}';
  }
  out += ']';
}

void append_sources(MetricsText& text, const std::vector<NamedHealth>& sources, Time wall, Time steady) {
  using Read = double (*)(const SourceHealth&, Time wall, Time steady);
  struct Family {
    const char* name;
    const char* type;
    const char* help;
    Read read;
  };
  static const auto count = [](std::uint64_t number) { return static_cast<double>(number); };
  static const Family kFamilies[] = {
      {"ringside_source_well", "gauge", "1 while the source is connected, followed or listened to.",
       [](const SourceHealth& h, Time, Time) { return h.well ? 1.0 : 0.0; }},
      {"ringside_source_last_message_age_seconds", "gauge", "Since the newest message; -1: none yet.",
       [](const SourceHealth& h, Time now, Time) {
         return h.last_message == windows::kNever ? -1.0 : static_cast<double>(now - h.last_message) / 1e3;
       }},
      {"ringside_source_lag_seconds", "gauge", "Of the newest message: receipt less the instant it tells of.",
       [](const SourceHealth& h, Time, Time) { return static_cast<double>(h.lag) / 1e3; }},
      {"ringside_source_clock_skew_seconds", "gauge", "Smallest lag of late; negative: its clock is ahead.",
       [](const SourceHealth& h, Time, Time) { return static_cast<double>(h.skew.estimate().value_or(0)) / 1e3; }},
      {"ringside_source_messages_per_minute", "gauge", "Messages in the last minute.",
       [](const SourceHealth& h, Time, Time now) { return count(h.rate.last_minute(now)); }},
      {"ringside_source_messages_total", "counter", "Messages read.",
       [](const SourceHealth& h, Time, Time) { return count(h.messages); }},
      {"ringside_source_accepted_total", "counter", "Items that told something new.",
       [](const SourceHealth& h, Time, Time) { return count(h.accepted); }},
      {"ringside_source_repeated_total", "counter", "Items that came before under the same id.",
       [](const SourceHealth& h, Time, Time) { return count(h.repeated); }},
      {"ringside_source_turned_away_total", "counter", "Messages answered 503.",
       [](const SourceHealth& h, Time, Time) { return count(h.turned_away); }},
      {"ringside_source_forbidden_total", "counter", "Messages whose signature was missing, wrong or too old.",
       [](const SourceHealth& h, Time, Time) { return count(h.forbidden); }},
      {"ringside_source_connections_total", "counter", "Connections made or accepted.",
       [](const SourceHealth& h, Time, Time) { return count(h.connections); }},
      {"ringside_source_bytes_behind", "gauge", "Bytes of a followed file not read yet.",
       [](const SourceHealth& h, Time, Time) { return count(h.behind); }},
      {"ringside_source_gaps_total", "counter", "Followed files that vanished before they were read.",
       [](const SourceHealth& h, Time, Time) { return count(h.gaps); }},
  };
  for (const Family& family : kFamilies) {
    text.family(family.name, family.type, family.help);
    for (const NamedHealth& one : sources) {
      text.sample(label("tenant", one.tenant) + "," + label("source", one.source),
                  family.read(*one.health, wall, steady));
    }
  }
  text.family("ringside_source_refused_total", "counter", "Messages and items refused, by reason.");
  for (const NamedHealth& one : sources) {
    for (const auto& [code, number] : one.health->refused) {
      text.sample(label("tenant", one.tenant) + "," + label("source", one.source) + "," + label("code", code),
                  count(number));
    }
  }
  text.family("ringside_source_inferred_total", "counter", "Conclusions about what was not told, by rule.");
  for (const NamedHealth& one : sources) {
    for (const auto& [rule, number] : one.health->inferred) {
      text.sample(label("tenant", one.tenant) + "," + label("source", one.source) + "," + label("rule", rule),
                  count(number));
    }
  }
  text.family("ringside_source_unknown_total", "counter", "Messages of kinds the format does not know.");
  for (const NamedHealth& one : sources) {
    std::uint64_t sum = 0;
    for (const auto& [verb, number] : one.health->unknown) sum += number;
    text.sample(label("tenant", one.tenant) + "," + label("source", one.source), count(sum));
  }
}

}  // namespace server
