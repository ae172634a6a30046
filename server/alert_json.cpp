#include "server/alert_json.h"

#include <string_view>

#include "server/json_text.h"

namespace server {
namespace {

void append_text(std::string& out, std::string_view key, std::string_view text) {
  if (text.empty()) return;
  out += ',';
  append_string(out, key);
  out += ':';
  append_string(out, text);
}

void append_time(std::string& out, std::string_view key, core::Time time) {
  if (time == windows::kNever) return;
  out += ',';
  append_string(out, key);
  out += ':';
  append_instant(out, time);
}

void append_double(std::string& out, std::string_view key, const std::optional<double>& number) {
  if (!number) return;
  out += ',';
  append_string(out, key);
  out += ':';
  append_number(out, *number);
}

}  // namespace

void append_labels(std::string& out, const core::Labels& labels) {
  out += '{';
  bool first = true;
  for (const auto& [name, value] : labels) {
    if (!first) out += ',';
    first = false;
    append_string(out, name);
    out += ':';
    append_string(out, value);
  }
  out += '}';
}

void append_alert(std::string& out, const core::Alert& alert) {
  out += "{\"key\":";
  append_string(out, alert.key);
  append_text(out, "name", alert.name);
  append_text(out, "scope", alert.scope);
  append_text(out, "severity", core::name(alert.severity));
  append_text(out, "state", core::name(alert.state));
  append_text(out, "step", core::name(alert.step));
  out += ",\"episode\":" + std::to_string(alert.episode) + ",\"version\":" + std::to_string(alert.version);
  append_time(out, "at", alert.at);
  append_time(out, "noticed", alert.noticed);
  append_time(out, "started", alert.started);
  append_time(out, "fired", alert.fired);
  append_time(out, "ended", alert.ended);
  if (alert.late) out += ",\"late\":true";
  append_text(out, "summary", alert.summary);
  append_text(out, "reason", alert.reason);
  append_text(out, "by", alert.by);
  append_double(out, "value", alert.value);
  append_double(out, "threshold", alert.threshold);
  append_text(out, "unit", alert.unit);
  if (!alert.record_id.empty()) {
    out += ",\"record\":{\"kind\":";
    append_string(out, alert.record_kind);
    out += ",\"id\":";
    append_string(out, alert.record_id);
    out += '}';
  }
  append_time(out, "due", alert.due);
  if (!alert.acknowledged_by.empty()) {
    out += ",\"acknowledged\":{\"by\":";
    append_string(out, alert.acknowledged_by);
    append_time(out, "at", alert.acknowledged_at);
    out += '}';
  }
  append_text(out, "held_back", alert.held_back);
  append_text(out, "held_why", alert.held_why);
  out += ",\"labels\":";
  append_labels(out, alert.labels);
  out += '}';
}

}  // namespace server
