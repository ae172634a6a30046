#include "server/hook_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <set>

#include "ingest/signature.h"
#include "server/alert_json.h"
#include "server/hook_signature.h"
#include "server/json_text.h"

namespace server {
namespace {

constexpr std::size_t kLongestText = 1'000;  // of a summary or a reason in a body

std::string_view word(core::AlertStep step) {
  switch (step) {
    case core::AlertStep::fired: return "Firing";
    case core::AlertStep::warned: return "Warning";
    case core::AlertStep::escalated: return "Escalated";
    case core::AlertStep::repeated: return "Still firing";
    case core::AlertStep::acknowledged: return "Acknowledged";
    case core::AlertStep::resolved: return "Resolved";
    case core::AlertStep::rescinded: return "Rescinded";
    case core::AlertStep::no_data: return "No data";
    case core::AlertStep::pending: return "Pending";
    case core::AlertStep::recovering: return "Recovering";
    case core::AlertStep::suppressed: return "Held back";
    case core::AlertStep::released: return "No longer held back";
    case core::AlertStep::relapsed: return "Firing again";
    case core::AlertStep::flapping: return "Flapping";
  }
  return {};
}

// What is told in full is not endless: keys stay as they are, texts are cut.
core::Alert fitting(core::Alert alert) {
  for (const auto text : {&core::Alert::summary, &core::Alert::reason, &core::Alert::held_why}) {
    alert.*text = shortened(alert.*text, kLongestText);
  }
  std::size_t bytes = 0;
  for (auto label = alert.labels.begin(); label != alert.labels.end(); ++label) {
    label->second = shortened(label->second, 200);
    bytes += label->first.size() + label->second.size();
    if (bytes > 4'000) {
      alert.labels.erase(label, alert.labels.end());
      break;
    }
  }
  return alert;
}

std::string quantity(double value, const std::string& unit) {
  if (unit == "ms" || unit == "duration") {
    const auto seconds = std::llround(value / 1000);
    return seconds < 60 ? fmt::format("{} s", seconds) : fmt::format("{} min {} s", seconds / 60, seconds % 60);
  }
  if (unit == "percent") return fmt::format("{:.1f} %", value);
  return fmt::format("{:g}", value);
}

std::string data_of(const HookMessage& message) {
  std::string head = "{\"tenant\":" + json_string(message.tenant) + ",\"order\":" + json_string(message.order) +
                     ",\"version\":" + std::to_string(message.version);
  if (!message.covers.empty()) {
    // The oldest are cut first where there are very many: what they said is in the alerts.
    const std::size_t shown = std::min<std::size_t>(message.covers.size(), 100);
    head += ",\"covers\":[";
    for (std::size_t i = message.covers.size() - shown; i < message.covers.size(); ++i) {
      if (head.back() != '[') head += ',';
      append_string(head, message.covers[i]);
    }
    head += ']';
    if (shown < message.covers.size()) head += ",\"covered\":" + std::to_string(message.covers.size());
  }
  head += ",\"alerts\":[";
  std::size_t told = 0;
  for (const core::Alert& alert : message.alerts) {
    std::string one;
    append_alert(one, fitting(alert));
    if (told > 0 && head.size() + one.size() > kLargestGeneric - 600) break;
    if (told++ > 0) head += ',';
    head += one;
  }
  head += ']';
  if (told < message.alerts.size()) head += ",\"truncated\":" + std::to_string(message.alerts.size() - told);
  return head + '}';
}

}  // namespace

bool ended(const core::Alert& alert) { return alert.ended != windows::kNever; }

bool HookMessage::over() const { return std::all_of(alerts.begin(), alerts.end(), ended); }

void add_notice(HookMessage& message, const core::Notice& notice, std::uint64_t number) {
  if (!message.id.empty()) message.covers.push_back(message.id);
  message.id = notice.id;
  message.order = notice.order;
  message.version = number;
  message.at = notice.at;
  for (const core::Alert& alert : notice.alerts) {
    const auto same = std::find_if(message.alerts.begin(), message.alerts.end(),
                                   [&](const core::Alert& known) { return known.key == alert.key; });
    if (same == message.alerts.end()) {
      message.alerts.push_back(alert);
    } else if (same->version <= alert.version) {
      *same = alert;
    }
  }
}

std::string fingerprint_of(std::string_view text) {
  return ingest::hex(ingest::digest_of(ingest::Digest::sha256, text)).substr(0, 32);
}

std::string iso_instant(core::Time time) {
  const auto seconds = static_cast<std::time_t>(time >= 0 ? time / 1000 : -((999 - time) / 1000));
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, time - seconds * 1000);
}

std::string shortened(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  std::size_t end = bytes - 3;  // room for the ellipsis
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

std::string message_type(const HookMessage& message) {
  if (message.alerts.size() != 1) return "alert.group";
  return "alert." + std::string(core::name(message.alerts[0].step));
}

std::string headline(const core::Alert& alert) {
  std::string line = fmt::format("[{}] {}: {}", core::name(alert.severity), word(alert.step),
                                 alert.summary.empty() ? alert.key : alert.summary);
  std::replace_if(line.begin(), line.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return line;
}

std::string headline(const HookMessage& message) {
  if (message.alerts.size() == 1) return headline(message.alerts[0]);
  const auto over = std::count_if(message.alerts.begin(), message.alerts.end(), ended);
  core::Severity worst = core::Severity::info;
  for (const core::Alert& alert : message.alerts) worst = std::max(worst, alert.severity);
  const auto all = static_cast<std::ptrdiff_t>(message.alerts.size());
  return over == all ? fmt::format("[{}] {} alerts are over", core::name(worst), over)
                     : fmt::format("[{}] {} alerts, {} of them over", core::name(worst), all, over);
}

std::vector<std::pair<std::string, std::string>> particulars(const core::Alert& alert) {
  std::vector<std::pair<std::string, std::string>> all;
  all.emplace_back("Scope", alert.scope);
  if (alert.value) {
    std::string text = quantity(*alert.value, alert.unit);
    if (alert.threshold) text += " (threshold " + quantity(*alert.threshold, alert.unit) + ")";
    all.emplace_back("Value", text);
  }
  if (!alert.record_id.empty()) all.emplace_back(alert.record_kind == "ticket" ? "Ticket" : "Call", alert.record_id);
  if (alert.due != windows::kNever) all.emplace_back("Due", iso_instant(alert.due));
  all.emplace_back("Since", iso_instant(alert.fired != windows::kNever ? alert.fired : alert.started));
  if (ended(alert)) all.emplace_back("Ended", iso_instant(alert.ended));
  if (alert.late) all.emplace_back("Late", "found out at " + iso_instant(alert.noticed));
  if (!alert.acknowledged_by.empty()) all.emplace_back("Acknowledged by", alert.acknowledged_by);
  if (!alert.reason.empty()) all.emplace_back("Reason", shortened(alert.reason, 300));
  std::erase_if(all, [](const auto& one) { return one.second.empty(); });
  return all;
}

std::string generic_body(const HookMessage& message) {
  return "{\"type\":" + json_string(message_type(message)) + ",\"timestamp\":\"" + iso_instant(message.at) +
         "\",\"data\":" + data_of(message) + "}";
}

std::string cloudevents_body(const HookMessage& message) {
  return "{\"specversion\":\"1.0\",\"id\":" + json_string(message.id) +
         ",\"source\":" + json_string("/ringside/" + message.tenant) +
         ",\"type\":" + json_string("ringside." + message_type(message)) + ",\"time\":\"" + iso_instant(message.at) +
         "\",\"subject\":" + json_string(message.order) +
         ",\"datacontenttype\":\"application/json\",\"data\":" + data_of(message) + "}";
}

std::string pagerduty_body(const HookMessage& message, const core::Alert& alert, const Receiver& receiver) {
  const bool taken = alert.step == core::AlertStep::acknowledged;
  const char* action = ended(alert) ? "resolve" : taken ? "acknowledge" : "trigger";
  std::string key = "ringside/" + message.tenant + "/" + alert.key + "/" + std::to_string(alert.episode);
  if (key.size() > 255) key = key.substr(0, 190) + "#" + fingerprint_of(key);
  std::string out = "{\"routing_key\":" + json_string(receiver.routing_key.value) + ",\"event_action\":\"" + action +
                    "\",\"dedup_key\":" + json_string(key);
  if (!ended(alert) && !taken) {
    out += ",\"payload\":{\"summary\":" + json_string(shortened(headline(alert), 1024)) +
           ",\"source\":" + json_string("ringside/" + message.tenant) +
           ",\"severity\":" + json_string(receiver.severities[static_cast<std::size_t>(alert.severity)]) +
           ",\"timestamp\":\"" + iso_instant(alert.fired != windows::kNever ? alert.fired : alert.started) +
           "\",\"component\":" + json_string(alert.scope) + ",\"class\":" + json_string(alert.name) +
           ",\"custom_details\":";
    append_alert(out, fitting(alert));
    out += '}';
    if (!receiver.external_url.empty()) {
      out += ",\"client\":\"Ringside\",\"client_url\":" + json_string(receiver.external_url) +
             ",\"links\":[{\"href\":" + json_string(receiver.external_url) + ",\"text\":\"Wallboard\"}]";
    }
  }
  return out + "}";
}

std::vector<HookRequest> render(const HookMessage& message, const Receiver& receiver, core::Time now) {
  std::vector<HookRequest> all;
  const std::string json = "content-type: application/json";
  switch (receiver.kind) {
    case ReceiverKind::generic:
    case ReceiverKind::cloudevents: {
      const bool generic = receiver.kind == ReceiverKind::generic;
      HookRequest request;
      request.body = generic ? generic_body(message) : cloudevents_body(message);
      const std::int64_t seconds = now / 1000;
      request.headers = {generic ? json : "content-type: application/cloudevents+json", "webhook-id: " + message.id,
                         "webhook-timestamp: " + std::to_string(seconds)};
      std::vector<SigningKey> keys;
      for (const Sensitive& secret : receiver.secrets) {
        auto key = SigningKey::parse(secret.value);
        if (key) keys.push_back(std::move(*key));  // what is no key was refused when it was configured
      }
      if (!keys.empty()) {
        request.headers.push_back("webhook-signature: " + signatures(keys, message.id, seconds, request.body));
      }
      all.push_back(std::move(request));
      break;
    }
    case ReceiverKind::slack:
      all.push_back({{}, {json}, slack_body(message, receiver)});
      break;
    case ReceiverKind::teams:
      all.push_back({{}, {json}, teams_body(message, receiver)});
      break;
    case ReceiverKind::pagerduty:
      for (const core::Alert& alert : message.alerts) {
        all.push_back({{}, {json}, pagerduty_body(message, alert, receiver)});
      }
      break;
    case ReceiverKind::alertmanager:
      all.push_back(render_again(message.alerts, message.tenant, receiver, now));
      break;
    case ReceiverKind::mail:
      all.push_back({{}, {}, mail_text(message, receiver, now)});
      break;
  }
  return all;
}

}  // namespace server
