#include "server/source_dialogue.h"

#include <map>

#include "ingest/signature.h"

namespace server {
namespace {

// What the formats of the event socket read; names after CUSTOM are subclasses, so it comes last.
constexpr std::string_view kEvents =
    "event plain MESSAGE_WAITING CHANNEL_HANGUP_COMPLETE CHANNEL_HOLD CHANNEL_UNHOLD CUSTOM callcenter::info "
    "vm::maintenance\n\n";
// Who is there already; asked once the events are subscribed to, so that nothing falls between. The format expects the
// answers in this order.
constexpr std::string_view kQuestions =
    "api callcenter_config agent list\n\napi callcenter_config queue list members\n\n";

std::string_view without_end(std::string_view line) {
  while (line.ends_with('\r') || line.ends_with('\n')) line.remove_suffix(1);
  return line;
}

// The value of "Key: value" in a block of lines.
std::string_view field(std::string_view block, std::string_view key) {
  while (!block.empty()) {
    const std::size_t end = block.find('\n');
    const std::string_view line = without_end(block.substr(0, end));
    block = end == std::string_view::npos ? std::string_view() : block.substr(end + 1);
    if (line.empty()) break;  // an event socket's body
    if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ':') continue;
    std::string_view value = line.substr(key.size() + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    return value;
  }
  return {};
}

// What we ask once logged in, and the right it takes (manager.c and app_queue.c register each action with it).
struct AmiQuestion {
  std::string_view id, action, right;
};
constexpr AmiQuestion kAmiQuestions[] = {{"ringside-filter", "Filter", "write = system"},
                                         {"ringside-status", "QueueStatus", ""},
                                         {"ringside-channels", "CoreShowChannels", "write = reporting"}};

class AmiDialogue : public Dialogue {
 public:
  explicit AmiDialogue(const SourceConfig& config) : config_(config) {}

  Step heard(std::string_view block) override {
    if (block.starts_with("Asterisk Call Manager")) {
      if (config_.plain_login) return {true, login("Secret: " + config_.password), {}};
      return {true, "Action: Challenge\r\nActionID: ringside-challenge\r\nAuthType: MD5\r\n\r\n", {}};
    }
    const std::string_view response = field(block, "Response");
    const std::string_view id = field(block, "ActionID");
    if (!response.empty() && id == "ringside-challenge") {
      const std::string challenge(field(block, "Challenge"));
      if (response != "Success" || challenge.empty())
        return {true, {}, "challenge refused: " + std::string(field(block, "Message"))};
      const std::string key = ingest::hex(ingest::digest_of(ingest::Digest::md5, challenge + config_.password));
      return {true, login("AuthType: MD5\r\nKey: " + key), {}};
    }
    if (!response.empty() && id == "ringside-login") {
      if (response != "Success") return {true, {}, "login refused: " + std::string(field(block, "Message"))};
      ready_ = true;
      std::string wishes;
      for (const std::string& filter : config_.filters) {
        wishes += "Action: Filter\r\nActionID: ringside-filter\r\nOperation: Add\r\nFilter: " + filter + "\r\n\r\n";
      }
      return {true, wishes + everything(), {}};
    }
    if (!response.empty()) {
      for (const AmiQuestion& question : kAmiQuestions) {
        if (id == question.id && response != "Success") {
          refused_[question.action] = why_refused(question, field(block, "Message"));
        }
      }
      if (id == "ringside-status" && response != "Success") asked_ = false;
      return {id.starts_with("ringside-"), {}, {}};
    }
    const std::string_view event = field(block, "Event");
    if (event == "QueueStatusComplete" && id == "ringside-status") asked_ = false;
    // It has started meanwhile: what it said of its queues before that was not all.
    if (event == "FullyBooted" && ready_ && !asked_) return {false, everything(), {}};
    return {};
  }
  std::string keep_alive() override {
    return ready_ ? "Action: Ping\r\nActionID: ringside-ping\r\n\r\n" : std::string();
  }
  bool ready() const override { return ready_; }
  std::string refused() const override {
    std::string all;
    for (const auto& [action, why] : refused_) all.append(all.empty() ? "" : "; ").append(action).append(why);
    return all;
  }

 private:
  static std::string why_refused(const AmiQuestion& question, std::string_view message) {
    std::string why = " is refused (" + std::string(message) + ")";
    // Without the right it is this; "Invalid/unknown command" is a module that is not loaded.
    if (message == "Permission denied" && !question.right.empty()) {
      why.append(": the manager user needs ").append(question.right);
    }
    return why;
  }
  // "system" tells when it has started, "dialplan" why callers left a queue.
  std::string login(const std::string& proof) const {
    return "Action: Login\r\nActionID: ringside-login\r\nUsername: " + config_.user + "\r\n" + proof +
           "\r\nEvents: agent,call,dialplan,system\r\n\r\n";
  }
  std::string everything() {
    asked_ = true;
    refused_.erase("QueueStatus");
    refused_.erase("CoreShowChannels");
    return "Action: QueueStatus\r\nActionID: ringside-status\r\n\r\n"
           "Action: CoreShowChannels\r\nActionID: ringside-channels\r\n\r\n";
  }

  const SourceConfig config_;
  bool ready_ = false;
  bool asked_ = false;
  std::map<std::string_view, std::string> refused_;  // why, by action
};

class EventSocketDialogue : public Dialogue {
 public:
  explicit EventSocketDialogue(const SourceConfig& config) : config_(config) {}

  Step heard(std::string_view message) override {
    const std::string_view type = field(message, "Content-Type");
    if (type == "auth/request") return {true, "auth " + config_.password + "\n\n", {}};
    if (type == "command/reply") {
      const std::string_view reply = field(message, "Reply-Text");
      if (!reply.starts_with("+OK")) return {true, {}, "refused: " + std::string(reply)};
      if (asked_) {
        if (ready_) return {true, {}, {}};
        ready_ = true;
        return {true, std::string(kQuestions), {}};
      }
      asked_ = true;
      return {true, std::string(kEvents), {}};
    }
    if (type == "text/rude-rejection") return {true, {}, "refused: our address is not in its access list"};
    if (type == "text/disconnect-notice") return {true, {}, "it said goodbye"};
    return {};
  }
  bool ready() const override { return ready_; }

 private:
  const SourceConfig config_;
  bool asked_ = false;
  bool ready_ = false;
};

}  // namespace

std::unique_ptr<Dialogue> make_dialogue(ingest::Framing framing, const SourceConfig& config) {
  if (framing == ingest::Framing::ami) return std::make_unique<AmiDialogue>(config);
  if (framing == ingest::Framing::event_socket) return std::make_unique<EventSocketDialogue>(config);
  return std::make_unique<Dialogue>();
}

}  // namespace server
