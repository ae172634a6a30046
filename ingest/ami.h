// Ami: the Asterisk Manager Interface as a format; ingest/ami.cpp says how it is read, ingest/ami_listing.cpp what is
// there after a connection was made, and what is remembered. Used by these two only. One thread at a time.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ingest/message_format.h"
#include "ingest/presence.h"

namespace ingest {

// A message: "Key: value" lines.
class AmiBlock {
 public:
  explicit AmiBlock(std::string_view text) : text_(text) {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      std::string_view line = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (line.ends_with('\r')) line.remove_suffix(1);
      const std::size_t colon = line.find(':');
      if (colon == std::string_view::npos) continue;
      std::string_view value = line.substr(colon + 1);
      if (value.starts_with(' ')) value.remove_prefix(1);
      keys_.emplace_back(line.substr(0, colon), value);
    }
  }
  std::string_view operator[](std::string_view key) const {
    for (const auto& [name, value] : keys_) {
      if (name == key) return value;
    }
    return {};
  }
  bool empty() const { return keys_.empty(); }
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
  std::vector<std::pair<std::string_view, std::string_view>> keys_;
};

class Ami : public MessageFormat {
 public:
  using MessageFormat::MessageFormat;

  core::Status begin();
  void reconnected() override { fresh_ = {}; }
  std::string memory() const override;
  core::Status remember(std::string_view text) override;

 protected:
  void message(const Message& message) override;
  void quiet() override { understand(now()); }

 private:
  using Block = AmiBlock;
  using EventType = core::EventType;
  using Time = core::Time;
  static constexpr Time kNever = windows::kNever;

  struct Waiting {
    std::string queue;
    Time entered = kNever;
    Time left = kNever;     // departed, not yet understood
    bool abandoned = false;  // and an abandon event came
    bool went_on = false;    // and the dialplan did something else then
  };

  struct Gone {
    std::string queue;
    Time left = kNever;
  };

  struct Talking {
    std::string call;
    std::string agent;    // ours
    std::string queue;    // theirs
    std::string channel;  // of the agent
    Time since = kNever;
    Time ended = kNever;  // the agent's channel is gone
  };

  // What Asterisk waits before it rings an agent again, who then does after-call work.
  struct WrapUp {
    core::Duration everywhere = 0;
    std::map<std::string, core::Duration, std::less<>> queues;                         // theirs
    std::map<std::pair<std::string, std::string>, core::Duration, std::less<>> members;  // our agent, their queue
  };

  using Handler = void (Ami::*)(const Block&);

  void join_queue(const Block& b);
  void leave_queue(const Block& b);
  void abandon(const Block& b);
  void hangup(const Block& b);
  void new_step(const Block& b);
  void variable(const Block& b);
  void called(const Block& b);
  void no_answer(const Block& b);
  void connect(const Block& b);
  void complete(const Block& b);
  void hold(const Block& b);
  void optimized(const Block& b);
  void blind(const Block& b);
  void attended(const Block& b);
  void member(const Block& b);
  void member_removed(const Block& b);
  void params(const Block& b);
  void entry(const Block& b);
  void queues_listed(const Block& b);
  void channel_listed(const Block& b);
  void channels_listed(const Block& b);
  void booted(const Block& b);
  void mailbox(const Block& b);

  void understand(Time until);
  void departed(const std::string& call, const Waiting& w, EventType type, const char* how);
  void went(const std::string& call, const Waiting& w);
  void message_left(const std::string& call);
  void wrap_up(std::string_view call, std::string_view who, std::string_view queue, Time ended);
  Talking* leg_of(const Block& b);
  std::string caller_of(const Block& b);
  void found_talking(const std::string& call, const Waiting& w);
  void lose(const std::string& call, const char* rule);
  void present(const Presence::News& news, std::string_view agent);
  core::Event& say(EventType type, std::string_view call, const Block& b);
  void finish(std::string_view what = {});
  std::string_view agent_of(const Block& b);

  Time at_ = 0;               // of the message
  std::string id_;            // of what it says
  Time begun_ = kNever;       // Asterisk
  bool hangups_ = false;      // hang-ups are told at all; a filter may hold them back
  std::map<std::string, Waiting, std::less<>> waiting_;  // by the caller's channel
  std::map<std::string, Talking, std::less<>> talking_;  // by the agent's channel
  std::map<std::string, Gone, std::less<>> gone_;        // left a queue unanswered and are still on the line
  std::map<std::string, std::string, std::less<>> entering_;  // calls about to enter a queue, theirs
  std::map<std::string, Time, std::less<>> blind_;       // calls passed on blindly, when
  std::map<std::string, std::string, std::less<>> interfaces_;  // short, and whose it is
  Presence presence_;
  WrapUp wrap_up_;

  static constexpr std::size_t kMaxCalls = 50'000;
  // After an abandon event: no hang-up, so the caller went on.
  static constexpr core::Duration kUnderstood = 2 * windows::kSecond;

  // A list that is being read; what is newer than its beginning is not judged by it.
  struct Channel {
    std::string id, name, bridge;
  };
  struct Listing {
    Time begun = kNever;
    std::vector<std::string> calls, agents;
    std::vector<Channel> channels;
    std::map<std::string, Waiting> lost;  // waited before and do not any more
  };
  Listing fresh_;
};

}  // namespace ingest
