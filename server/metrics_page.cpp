// The text of /metrics.
#include "server/rest.h"
#include "server/sources.h"

namespace server {
namespace {

void append_tenants(MetricsText& text, const Tenants& tenants) {
  using Read = double (*)(const Tenant&);
  struct Family {
    const char* name;
    const char* type;
    const char* help;
    Read read;
  };
  static const auto seconds = [](core::Time time) {
    return time == windows::kNever ? 0.0 : static_cast<double>(time) / 1e3;
  };
  const Family families[] = {
      {"ringside_queue_items", "gauge", "Requests waiting to be applied.",
       [](const Tenant& t) { return static_cast<double>(t.shard->waiting(t.index).items); }},
      {"ringside_queue_bytes", "gauge", "The same in bytes.",
       [](const Tenant& t) { return static_cast<double>(t.shard->waiting(t.index).bytes); }},
      {"ringside_repeated_total", "counter", "Events that came before under the same id; part of the unchanged.",
       [](const Tenant& t) { return static_cast<double>(t.metrics.repeated); }},
      {"ringside_turned_away_total", "counter", "Requests with events answered 429.",
       [](const Tenant& t) { return static_cast<double>(t.metrics.turned_away); }},
      {"ringside_low_disk_space_total", "counter", "Requests with events answered 503 for lack of disk space.",
       [](const Tenant& t) { return static_cast<double>(t.metrics.no_space); }},
      {"ringside_durations_clamped_total", "counter", "Negative durations taken as 0.",
       [](const Tenant& t) { return static_cast<double>(t.metrics.clamped); }},
      {"ringside_records", "gauge", "Calls, tickets and agents known.",
       [](const Tenant& t) { return static_cast<double>(t.metrics.engine.records); }},
      {"ringside_scopes", "gauge", "Queues, teams, agents and so on with numbers of their own.",
       [](const Tenant& t) { return static_cast<double>(t.metrics.engine.scopes); }},
      {"ringside_engine_now_seconds", "gauge", "The engine's time.",
       [](const Tenant& t) { return seconds(t.metrics.now); }},
      {"ringside_last_event_seconds", "gauge", "Newest instant any event told of.",
       [](const Tenant& t) { return seconds(t.metrics.last_event); }},
      {"ringside_alerts_active", "gauge", "Alerts that are not over.",
       [](const Tenant& t) { return static_cast<double>(t.alerts.active()); }},
      {"ringside_alert_gaps_total", "counter", "Streams that were told of a gap in the alerts.",
       [](const Tenant& t) { return static_cast<double>(t.alerts.gaps()); }},
      {"ringside_stream_subscribers", "gauge", "Open streams.",
       [](const Tenant& t) { return static_cast<double>(t.hub->subscribers()); }},
      {"ringside_stream_encoded_total", "counter", "Frames encoded, each sent to any number of subscribers.",
       [](const Tenant& t) { return static_cast<double>(t.hub->counts().encoded); }},
      {"ringside_stream_conflated_total", "counter", "Updates that reached a subscriber inside a later frame.",
       [](const Tenant& t) { return static_cast<double>(t.hub->counts().conflated); }},
      {"ringside_stream_resyncs_total", "counter", "Snapshots asked for again by a client.",
       [](const Tenant& t) { return static_cast<double>(t.hub->counts().resyncs); }},
  };
  for (const Family& family : families) {
    text.family(family.name, family.type, family.help);
    for (const auto& tenant : tenants.all()) text.sample(label("tenant", tenant->name()), family.read(*tenant));
  }
}

void append_events(MetricsText& text, const Tenants& tenants) {
  text.family("ringside_events_total", "counter", "Input items by what became of them.");
  for (const auto& tenant : tenants.all()) {
    const std::string name = label("tenant", tenant->name());
    std::uint64_t refused = 0;
    for (const auto& [code, count] : tenant->metrics.refused) refused += count;
    text.sample(name + ",outcome=\"accepted\"", static_cast<double>(tenant->metrics.accepted));
    text.sample(name + ",outcome=\"unchanged\"", static_cast<double>(tenant->metrics.unchanged));
    text.sample(name + ",outcome=\"refused\"", static_cast<double>(refused));
  }
  text.family("ringside_events_refused_total", "counter", "Refused input items by reason.");
  for (const auto& tenant : tenants.all()) {
    for (const auto& [code, count] : tenant->metrics.refused) {
      text.sample(label("tenant", tenant->name()) + "," + label("code", code), static_cast<double>(count));
    }
  }
  text.family("ringside_alert_changes_total", "counter", "Transitions of alerts by step.");
  for (const auto& tenant : tenants.all()) {
    for (const auto& [step, count] : tenant->metrics.alerts) {
      text.sample(label("tenant", tenant->name()) + "," + label("step", step), static_cast<double>(count));
    }
  }
  text.family("ringside_stream_frames_total", "counter", "Frames sent by kind.");
  for (const auto& tenant : tenants.all()) {
    const std::string name = label("tenant", tenant->name());
    const HubCounts& counts = tenant->hub->counts();
    text.sample(name + ",kind=\"snap\"", static_cast<double>(counts.snapshots));
    text.sample(name + ",kind=\"delta\"", static_cast<double>(counts.deltas));
    text.sample(name + ",kind=\"hb\"", static_cast<double>(counts.heartbeats));
  }
}

void append_process(MetricsText& text, const ProcessMetrics& metrics) {
  text.family("ringside_http_responses_total", "counter", "Answers by class of status.");
  for (std::size_t i = 1; i < metrics.responses.size(); ++i) {
    text.sample("class=\"" + std::to_string(i) + "xx\"", static_cast<double>(metrics.responses[i]));
  }
  text.family("ringside_stream_closes_total", "counter", "Streams ended by close code; 1006: without one.");
  for (const auto& [code, count] : metrics.closes) text.sample(label("code", code), static_cast<double>(count));
  text.family("ringside_connections", "gauge", "Open HTTP connections.");
  text.sample("", static_cast<double>(metrics.connections));
  text.family("ringside_streams", "gauge", "Open streams.");
  text.sample("", static_cast<double>(metrics.streams));
  text.family("ringside_connections_total", "counter", "Connections accepted.");
  text.sample("", static_cast<double>(metrics.accepted_connections));
  text.family("ringside_connections_turned_away_total", "counter", "Connections answered 503 for the limit.");
  text.sample("", static_cast<double>(metrics.turned_away));
  text.family("process_resident_memory_bytes", "gauge", "Resident memory.");
  text.sample("", static_cast<double>(resident_bytes()));
  text.histogram("ringside_event_applied_seconds", "From a request's arrival to its events being applied and synced.",
                 metrics.applied);
  text.histogram("ringside_event_framed_seconds",
                 "From the arrival of the oldest event in a frame to the first subscriber's socket.", metrics.framed);
}

}  // namespace

std::string metrics_page(const Tenants& tenants, const Sources& sources, const ProcessMetrics& metrics) {
  MetricsText text;
  append_events(text, tenants);
  sources.append_metrics(text);
  append_tenants(text, tenants);
  append_process(text, metrics);
  return text.take();
}

}  // namespace server
