// What people read in a chat: Slack's Block Kit and Teams' Adaptive Card.
#include "server/hook_message.h"
#include "server/json_text.h"

namespace server {
namespace {

constexpr std::size_t kShown = 10;  // alerts of one card

// https://api.slack.com/reference/surfaces/formatting#escaping
std::string for_slack(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      default: out += c;
    }
  }
  return out;
}

// A card's text is a kind of Markdown; ours is words.
std::string for_teams(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\*_[]()`#~<>").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string covered(const HookMessage& message) {
  if (message.covers.empty()) return {};
  return "; tells also what " + std::to_string(message.covers.size()) + " earlier messages would have";
}

const char* colour(const core::Alert& alert) {
  if (ended(alert)) return "Good";
  return alert.severity == core::Severity::critical ? "Attention"
         : alert.severity == core::Severity::warning ? "Warning"
                                                     : "Accent";
}

std::string card_of(const core::Alert& alert) {
  std::string out = "{\"type\":\"TextBlock\",\"wrap\":true,\"weight\":\"Bolder\",\"color\":\"" +
                    std::string(colour(alert)) +
                    "\",\"text\":" + json_string(for_teams(shortened(headline(alert), 500))) +
                    "},{\"type\":\"FactSet\",\"facts\":[";
  for (const auto& [name, text] : particulars(alert)) {
    if (out.back() != '[') out += ',';
    out += "{\"title\":" + json_string(name) + ",\"value\":" + json_string(for_teams(shortened(text, 300))) + "}";
  }
  return out + "]}";
}

}  // namespace

std::string slack_body(const HookMessage& message, const Receiver& receiver) {
  const std::string title = shortened(headline(message), 150);
  std::string out = "{\"text\":" + json_string(for_slack(title)) +
                    ",\"blocks\":[{\"type\":\"header\",\"text\":{\"type\":\"plain_text\",\"emoji\":false,\"text\":" +
                    json_string(title) + "}}";
  std::size_t shown = 0;
  for (const core::Alert& alert : message.alerts) {
    if (shown++ == kShown) break;
    std::string text = message.alerts.size() > 1 ? "*" + for_slack(shortened(headline(alert), 300)) + "*\n" : "";
    for (const auto& [name, value] : particulars(alert)) {
      text += "*" + name + "*: " + for_slack(shortened(value, 150)) + "\n";
    }
    out += ",{\"type\":\"section\",\"text\":{\"type\":\"mrkdwn\",\"text\":" + json_string(shortened(text, 2'900)) +
           "}}";
  }
  std::string foot = "Ringside, " + message.tenant + covered(message);
  if (message.alerts.size() > kShown) foot += "; " + std::to_string(message.alerts.size() - kShown) + " more alerts";
  out += ",{\"type\":\"context\",\"elements\":[{\"type\":\"mrkdwn\",\"text\":" + json_string(for_slack(foot)) + "}]}";
  if (!receiver.external_url.empty()) {
    out += ",{\"type\":\"actions\",\"elements\":[{\"type\":\"button\",\"text\":{\"type\":\"plain_text\",\"text\":"
           "\"Wallboard\"},\"url\":" +
           json_string(receiver.external_url) + "}]}";
  }
  return out + "]}";
}

std::string teams_body(const HookMessage& message, const Receiver& receiver) {
  std::string out =
      "{\"type\":\"message\",\"attachments\":[{\"contentType\":\"application/vnd.microsoft.card.adaptive\","
      "\"contentUrl\":null,\"content\":{\"$schema\":\"http://adaptivecards.io/schemas/adaptive-card.json\","
      "\"type\":\"AdaptiveCard\",\"version\":\"1.4\",\"body\":[";
  std::size_t shown = 0;
  for (const core::Alert& alert : message.alerts) {
    const std::string one = card_of(alert);
    if (shown == kShown || out.size() + one.size() > kLargestCard - 1'000) break;
    if (shown++ > 0) out += ',';
    out += one;
  }
  std::string foot = "Ringside, " + message.tenant + covered(message);
  if (shown < message.alerts.size()) foot += "; " + std::to_string(message.alerts.size() - shown) + " more alerts";
  out += std::string(shown > 0 ? "," : "") + "{\"type\":\"TextBlock\",\"isSubtle\":true,\"wrap\":true,\"text\":" +
         json_string(for_teams(foot)) + "}]";
  if (!receiver.external_url.empty()) {
    out += ",\"actions\":[{\"type\":\"Action.OpenUrl\",\"title\":\"Wallboard\",\"url\":" +
           json_string(receiver.external_url) + "}]";
  }
  return out + "}}]}";
}

}  // namespace server
