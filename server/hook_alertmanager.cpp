// Alertmanager's API v2: an array of alerts. An alert is its labels; what is not told again is taken for resolved.
#include "server/hook_message.h"
#include "server/json_text.h"

namespace server {
namespace {

// What it would take for resolved if we were gone.
constexpr core::Duration kFiringFor = 5 * windows::kMinute;

// "[a-zA-Z_][a-zA-Z0-9_]*", as its versions before 0.27 want it.
std::string label_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool digit = c >= '0' && c <= '9';
    if (digit && out.empty()) out += '_';
    out += letter || digit ? c : '_';
  }
  return out.empty() ? "_" : out;
}

void append_pair(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  if (out.back() != '{') out += ',';
  append_string(out, name);
  out += ':';
  append_string(out, value);
}

std::string labels_of(const core::Alert& alert, const std::string& tenant, const Receiver& receiver) {
  std::string out = "{";
  append_pair(out, "alertname", alert.name);
  append_pair(out, "severity", receiver.severities[static_cast<std::size_t>(alert.severity)]);
  append_pair(out, "tenant", tenant);
  append_pair(out, "scope", alert.scope);
  append_pair(out, "alert_key", alert.key);
  for (const auto& [name, value] : alert.labels) {
    const std::string fitting = label_name(name);
    const bool ours = fitting == "alertname" || fitting == "severity" || fitting == "tenant" || fitting == "scope" ||
                      fitting == "alert_key";
    if (!ours) append_pair(out, fitting, shortened(value, 500));
  }
  return out + "}";
}

std::string annotations_of(const core::Alert& alert) {
  std::string out = "{";
  append_pair(out, "summary", shortened(alert.summary, 1000));
  append_pair(out, "step", core::name(alert.step));
  append_pair(out, "episode", std::to_string(alert.episode));
  for (const auto& [name, text] : particulars(alert)) {
    std::string key = label_name(name);
    for (char& c : key) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    append_pair(out, key, text);
  }
  return out + "}";
}

}  // namespace

std::string alertmanager_body(const std::vector<core::Alert>& alerts, const std::string& tenant,
                              const Receiver& receiver, core::Time now) {
  std::string out = "[";
  for (const core::Alert& alert : alerts) {
    if (out.size() > 1) out += ',';
    out += "{\"labels\":" + labels_of(alert, tenant, receiver) + ",\"annotations\":" + annotations_of(alert) +
           ",\"startsAt\":\"" + iso_instant(alert.started) + "\",\"endsAt\":\"" +
           iso_instant(ended(alert) ? alert.ended : now + kFiringFor) + "\"";
    if (!receiver.external_url.empty()) out += ",\"generatorURL\":" + json_string(receiver.external_url);
    out += '}';
  }
  return out + "]";
}

HookRequest render_again(const std::vector<core::Alert>& alerts, const std::string& tenant, const Receiver& receiver,
                         core::Time now) {
  return {"/api/v2/alerts", {"content-type: application/json"}, alertmanager_body(alerts, tenant, receiver, now)};
}

bool same_labels(const core::Alert& a, const core::Alert& b, const Receiver& receiver) {
  return labels_of(a, {}, receiver) == labels_of(b, {}, receiver);
}

}  // namespace server
