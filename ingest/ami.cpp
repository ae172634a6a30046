// Asterisk Manager Interface: one block of "Key: Value" lines per event (docs/sources/asterisk.md).
// Source: apps/app_queue.c, main/manager.c of Asterisk 12 and later.
//
// The interface says that a caller left a queue, not why: QueueCallerAbandon comes for hang-ups and for time limits
// alike, QueueCallerLeave for everything. What follows tells: a Hangup of the caller at once means that the caller
// gave up, VoiceMail that a message is being left, an AgentConnect that it was answered. So a departure is told when
// it is understood, or after kUnderstood at the latest. After a connection was lost, the replies to QueueStatus and
// CoreShowChannels say what is still there; what is not is ended at that moment, as concluded.
#include <algorithm>
#include <array>

#include "ingest/asterisk.h"
#include "ingest/formats_made.h"
#include "ingest/message_format.h"
#include "ingest/presence.h"

namespace ingest {

namespace {

using core::EventType;
using core::Time;
using windows::kNever;
using windows::kSecond;

constexpr core::Duration kUnderstood = 2 * kSecond;  // after an abandon event: no hang-up, so the caller went on
constexpr core::Duration kConnects = 5 * kSecond;    // after a departure without one: it may still be answered
constexpr std::size_t kMaxCalls = 50'000;

class Block {
 public:
  explicit Block(std::string_view text) : text_(text) {
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

struct Waiting {
  std::string queue;
  Time entered = kNever;
  Time left = kNever;     // departed, not yet understood
  bool abandoned = false;  // and an abandon event came
};

struct Talking {
  std::string agent;    // ours
  std::string queue;    // theirs
  std::string channel;  // of the agent
  Time since = kNever;
};

class Ami : public MessageFormat {
 public:
  using MessageFormat::MessageFormat;

  void reconnected() override { fresh_ = {}; }
  std::string memory() const override;
  core::Status remember(std::string_view text) override;

 protected:
  void message(const Message& message) override;
  void quiet() override { understand(now()); }

 private:
  using Handler = void (Ami::*)(const Block&);

  void join_queue(const Block& b);
  void leave_queue(const Block& b);
  void abandon(const Block& b);
  void hangup(const Block& b);
  void new_step(const Block& b);
  void called(const Block& b);
  void no_answer(const Block& b);
  void connect(const Block& b);
  void complete(const Block& b);
  void hold(const Block& b);
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
  void lose(const std::string& call, const char* rule);
  void present(const Presence::News& news, std::string_view agent);
  core::Event& say(EventType type, std::string_view call, const Block& b);
  void finish(std::string_view what = {});
  std::string_view agent_of(const Block& b);

  Time at_ = 0;               // of the message
  std::string id_;            // of what it says
  bool hangups_ = false;      // hang-ups are told at all; a filter may hold them back
  std::map<std::string, Waiting, std::less<>> waiting_;  // by the caller's channel
  std::map<std::string, Talking, std::less<>> talking_;
  std::map<std::string, Time, std::less<>> blind_;       // calls passed on blindly, when
  Presence presence_;

  // A list that is being read; what is newer than its beginning is not judged by it.
  struct Listing {
    Time begun = kNever;
    std::vector<std::string> calls, agents, channels;
  };
  Listing fresh_;
};

// ---- reading ------------------------------------------------------------------------------------------------

void Ami::message(const Message& message) {
  const Block block(message.bytes);
  if (message.bytes.starts_with("Asterisk Call Manager")) return silent();
  if (block.empty()) return refuse("malformed", "no line of it is \"Key: Value\"");
  const std::string_view name = block["Event"];
  if (name.empty()) return silent();  // the reply to a command
  constexpr std::pair<std::string_view, Handler> kHandlers[] = {
      {"QueueCallerJoin", &Ami::join_queue}, {"QueueCallerLeave", &Ami::leave_queue},
      {"QueueCallerAbandon", &Ami::abandon}, {"Hangup", &Ami::hangup}, {"Newexten", &Ami::new_step},
      {"AgentCalled", &Ami::called}, {"AgentRingNoAnswer", &Ami::no_answer}, {"AgentDump", &Ami::no_answer},
      {"AgentConnect", &Ami::connect}, {"AgentComplete", &Ami::complete}, {"Hold", &Ami::hold},
      {"Unhold", &Ami::hold}, {"BlindTransfer", &Ami::blind}, {"AttendedTransfer", &Ami::attended},
      {"QueueMemberAdded", &Ami::member}, {"QueueMemberPause", &Ami::member}, {"QueueMemberPaused", &Ami::member},
      {"QueueMemberStatus", &Ami::member}, {"QueueMember", &Ami::member}, {"QueueMemberRemoved", &Ami::member_removed},
      {"QueueParams", &Ami::params}, {"QueueEntry", &Ami::entry}, {"QueueStatusComplete", &Ami::queues_listed},
      {"CoreShowChannel", &Ami::channel_listed}, {"CoreShowChannelsComplete", &Ami::channels_listed},
      {"FullyBooted", &Ami::booted}, {"Shutdown", &Ami::booted}, {"MessageWaiting", &Ami::mailbox}};
  const auto found = std::find_if(std::begin(kHandlers), std::end(kHandlers),
                                  [&](const auto& h) { return h.first == name; });
  // Asterisk tells hundreds of things; what is of no use is not kept.
  if (found == std::end(kHandlers)) return silent();
  at_ = now();
  if (const std::string_view stamp = block["Timestamp"]; !stamp.empty()) {
    const auto time = seconds(stamp);
    if (!time) return refuse("bad_time", "not seconds since 1970", "Timestamp");
    at_ = *time;
  }
  id_ = content_id(message.bytes) + "-" + std::to_string(at_);
  understand(at_);
  (this->*found->second)(block);
}

std::string_view Ami::agent_of(const Block& b) {
  for (const std::string_view key : {"MemberName", "Member", "Interface", "Location", "Name"}) {
    if (const std::string_view name = b[key]; !name.empty()) return agent(name, short_interface(name));
  }
  return {};
}

core::Event& Ami::say(EventType type, std::string_view call, const Block& b) {
  core::Event& event = add(type, at_, subject(call));
  event.queue = queue(b["Queue"]);
  return event;
}

void Ami::finish(std::string_view what) { done(join({id_, what})); }

// ---- callers ------------------------------------------------------------------------------------------------

void Ami::join_queue(const Block& b) {
  const std::string_view call = b["Uniqueid"];
  if (waiting_.size() >= kMaxCalls) waiting_.erase(waiting_.begin());
  waiting_[std::string(call)] = {std::string(b["Queue"]), at_, kNever, false};
  say(EventType::call_queued, call, b).customer = customer_number(b["CallerIDNum"]);
  finish();
}

void Ami::leave_queue(const Block& b) {
  const auto w = waiting_.find(b["Uniqueid"]);
  if (w == waiting_.end() || w->second.queue != b["Queue"]) return silent();
  if (w->second.left == kNever) w->second.left = at_;
  silent();
}

void Ami::abandon(const Block& b) {
  const std::string_view call = b["Uniqueid"];
  auto w = waiting_.find(call);
  if (w == waiting_.end()) {
    const auto held = seconds(b["HoldTime"]);
    const Waiting unseen{std::string(b["Queue"]), at_ - held.value_or(0), kNever, false};
    w = waiting_.emplace(std::string(call), unseen).first;
  }
  w->second.abandoned = true;
  w->second.left = at_;
  silent();
}

// A departure that is understood now.
void Ami::departed(const std::string& call, const Waiting& w, EventType type, const char* how) {
  core::Event& event = add(type, w.left, subject(call));
  event.queue = queue(w.queue);
  event.text = how;
  if (type == EventType::call_abandoned && w.entered != kNever) event.value = duration(w.left - w.entered);
  done(join({"left-", content_id(call + " " + w.queue + " " + std::to_string(w.left))}));
}

void Ami::understand(Time until) {
  for (auto w = waiting_.begin(); w != waiting_.end();) {
    const Waiting& caller = w->second;
    if (caller.left == kNever || until < caller.left + (caller.abandoned ? kUnderstood : kConnects)) {
      ++w;
      continue;
    }
    if (!caller.abandoned) departed(w->first, caller, EventType::call_left, "key");
    else if (hangups_) departed(w->first, caller, EventType::call_left, "other");
    else departed(w->first, caller, EventType::call_abandoned, "");
    w = waiting_.erase(w);
  }
  std::erase_if(blind_, [&](const auto& b) { return b.second + 60 * kSecond < until; });
}

void Ami::hangup(const Block& b) {
  hangups_ = true;
  const auto w = waiting_.find(b["Uniqueid"]);
  if (w == waiting_.end()) return silent();
  Waiting caller = w->second;
  const std::string call = w->first;
  waiting_.erase(w);
  const bool by_key = caller.left != kNever && !caller.abandoned;
  if (caller.left == kNever) caller.left = at_;
  departed(call, caller, by_key ? EventType::call_left : EventType::call_abandoned, by_key ? "key" : "");
}

// The next step of the dialplan.
void Ami::new_step(const Block& b) {
  const auto w = waiting_.find(b["Uniqueid"]);
  if (w == waiting_.end() || w->second.left == kNever) return silent();
  const std::string_view application = b["Application"];
  if (application != "VoiceMail" && application != "MiniVM" && application != "Record") return silent();
  departed(w->first, w->second, EventType::call_left, "voicemail");
  waiting_.erase(w);
}

void Ami::called(const Block& b) {
  const std::string_view who = agent_of(b);
  present(presence_.seen(who), who);
  say(EventType::call_offered, b["Uniqueid"], b).agent = who;
  finish();
}

void Ami::no_answer(const Block& b) {
  core::Event& event = say(EventType::call_no_answer, b["Uniqueid"], b);
  event.agent = agent_of(b);
  // In milliseconds, whatever the documentation says.
  if (const auto ms = whole(b["RingTime"])) event.value = duration(*ms);
  finish();
}

void Ami::connect(const Block& b) {
  const std::string call(b["Uniqueid"]);
  const std::string_view who = agent_of(b);
  waiting_.erase(call);
  if (talking_.size() >= kMaxCalls) talking_.erase(talking_.begin());
  talking_[call] = {std::string(who), std::string(b["Queue"]), std::string(b["DestUniqueid"]), at_};
  present(presence_.seen(who), who);
  core::Event& event = say(EventType::call_answered, call, b);
  event.agent = who;
  if (const auto held = seconds(b["HoldTime"])) event.value = duration(*held);
  finish();
}

void Ami::complete(const Block& b) {
  const std::string call(b["Uniqueid"]);
  const bool transfer = b["Reason"] == "transfer";
  core::Event& event = say(transfer ? EventType::call_transferred : EventType::call_ended, call, b);
  event.agent = agent_of(b);
  if (transfer) event.text = blind_.contains(call) ? "blind" : "attended";
  if (const auto talk = seconds(b["TalkTime"])) event.value = duration(*talk);
  talking_.erase(call);
  finish();
}

void Ami::hold(const Block& b) {
  // Told of the channel whose owner pressed the key: the agent's.
  const std::string_view channel = b["Uniqueid"];
  const auto t = std::find_if(talking_.begin(), talking_.end(),
                              [&](const auto& c) { return !channel.empty() && c.second.channel == channel; });
  if (t == talking_.end()) return silent();
  core::Event& event =
      add(b["Event"] == "Hold" ? EventType::call_held : EventType::call_resumed, at_, subject(t->first));
  event.agent = t->second.agent;
  finish();
}

void Ami::blind(const Block& b) {
  blind_[std::string(b["TransfereeUniqueid"])] = at_;
  silent();
}

// The agent asked a second queue with a channel of its own, which entered it; now the caller has that place.
void Ami::attended(const Block& b) {
  const std::string part(b["SecondTransfererUniqueid"]);
  const std::string into(b["TransfereeUniqueid"]);
  const auto w = waiting_.find(part);
  if (w == waiting_.end() || into.empty() || into == part) return silent();
  const Waiting caller = w->second;
  waiting_.erase(w);
  waiting_[into] = caller;
  add(EventType::call_merged, caller.entered, subject(part));
  finish("-merged");
  inferred("merged");
  add(EventType::call_queued, caller.entered, subject(into)).queue = queue(caller.queue);
  finish();
}

// ---- agents -------------------------------------------------------------------------------------------------

void Ami::member(const Block& b) {
  const std::string_view who = agent_of(b);
  if (who.empty()) return refuse("missing_field", "a member without a name", "MemberName");
  if (b["Event"] == "QueueMember") fresh_.agents.emplace_back(who);
  const std::string_view status = b["Status"];
  // 4 invalid, 5 unavailable: there is no telephone at which it could ring.
  if (status == "4" || status == "5") return present(presence_.left(who, b["Queue"]), who);
  const std::string_view paused = b["Paused"];
  const std::string_view reason = !b["PausedReason"].empty() ? b["PausedReason"] : b["Reason"];
  present(presence_.joined(who, b["Queue"], paused == "1", reason), who);
}

void Ami::member_removed(const Block& b) {
  const std::string_view who = agent_of(b);
  present(presence_.left(who, b["Queue"]), who);
}

void Ami::present(const Presence::News& news, std::string_view who) {
  if (!news.any()) return silent();
  if (news.logout) add(EventType::agent_logout, at_, who);
  if (news.login) add(EventType::agent_login, at_, who);
  if (news.state) {
    core::Event& event = add(EventType::agent_state, at_, who);
    event.text = news.paused ? "break" : "available";
    event.reason = news.reason;
  }
  finish("-agent");
}

// ---- what is there, after a connection was made -------------------------------------------------------------

void Ami::params(const Block& b) {
  if (fresh_.begun == kNever) fresh_.begun = at_;
  const std::string_view name = queue(b["Queue"]);
  if (const auto calls = whole(b["Calls"]); calls && !name.empty())
    out().gauges.push_back({"queue/" + std::string(name), "waiting", *calls, at_});
  silent();
}

void Ami::entry(const Block& b) {
  const std::string call(b["Uniqueid"]);
  fresh_.calls.push_back(call);
  const auto known = waiting_.find(call);
  if (call.empty() || (known != waiting_.end() && known->second.queue == b["Queue"])) return silent();
  const Time entered = at_ - seconds(b["Wait"]).value_or(0);
  waiting_[call] = {std::string(b["Queue"]), entered, kNever, false};
  core::Event& event = say(EventType::call_queued, call, b);
  event.at = entered;
  event.customer = customer_number(b["CallerIDNum"]);
  finish();
}

void Ami::queues_listed(const Block&) {
  std::vector<std::string> gone;
  for (const auto& [call, w] : waiting_) {
    const bool listed = std::find(fresh_.calls.begin(), fresh_.calls.end(), call) != fresh_.calls.end();
    if (!listed && fresh_.begun != kNever && w.entered < fresh_.begun && w.left == kNever) gone.push_back(call);
  }
  for (const std::string& call : gone) lose(call, "queue_status");
  if (!fresh_.agents.empty()) {
    for (const std::string& name : presence_.all_but(fresh_.agents)) {
      add(EventType::agent_logout, at_, name);
      finish(join({"-out-", name}).substr(0, 64));
      inferred("queue_status");
    }
  }
  fresh_.begun = kNever;
  fresh_.calls.clear();
  fresh_.agents.clear();
  silent();
}

void Ami::channel_listed(const Block& b) {
  fresh_.channels.emplace_back(b["Uniqueid"]);
  silent();
}

void Ami::channels_listed(const Block&) {
  std::vector<std::string> gone;
  for (const auto& [call, t] : talking_) {
    const bool listed = std::find(fresh_.channels.begin(), fresh_.channels.end(), call) != fresh_.channels.end();
    if (!listed && t.since + kUnderstood < at_) gone.push_back(call);
  }
  for (const std::string& call : gone) lose(call, "channels");
  fresh_.channels.clear();
  silent();
}

void Ami::lose(const std::string& call, const char* rule) {
  waiting_.erase(call);
  talking_.erase(call);
  add(EventType::call_lost, at_, subject(call));
  finish(join({"-", content_id(call).substr(0, 16)}));
  inferred(rule);
}

// What began before Asterisk did is over.
void Ami::booted(const Block& b) {
  const auto up = seconds(b["Uptime"]);
  const bool shutdown = b["Event"] == "Shutdown";
  if (!up && !shutdown) return silent();
  const Time begun = shutdown ? at_ : at_ - *up;
  std::vector<std::string> gone;
  for (const auto& [call, w] : waiting_) {
    if (w.entered < begun) gone.push_back(call);
  }
  for (const auto& [call, t] : talking_) {
    if (t.since < begun && !waiting_.contains(call)) gone.push_back(call);
  }
  at_ = std::min(at_, begun);
  for (const std::string& call : gone) lose(call, "restart");
  silent();
}

void Ami::mailbox(const Block& b) {
  if (const auto fresh = whole(b["New"]))
    out().gauges.push_back({"mailbox/" + std::string(b["Mailbox"].substr(0, 128)), "new_messages", *fresh, at_});
  silent();
}

// ---- memory -------------------------------------------------------------------------------------------------

std::string Ami::memory() const {
  MemoryWriter out;
  out.line({"ami", "1", hangups_ ? "1" : "0"});
  for (const auto& [call, w] : waiting_)
    out.line({"waiting", call, w.queue, time_word(w.entered), time_word(w.left), w.abandoned ? "1" : "0"});
  for (const auto& [call, t] : talking_) out.line({"talking", call, t.agent, t.queue, t.channel, time_word(t.since)});
  for (const auto& [call, at] : blind_) out.line({"blind", call, time_word(at)});
  presence_.write(out);
  return out.take();
}

core::Status Ami::remember(std::string_view text) {
  const core::Error bad{"bad_memory", "not the memory of a manager interface", ""};
  if (text.empty()) return core::Done{};
  const auto lines = memory_lines(text);
  if (lines.empty() || lines[0].size() != 3 || lines[0][0] != "ami" || lines[0][1] != "1") return bad;
  Ami fresh(options());
  fresh.hangups_ = lines[0][2] == "1";
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const MemoryLine& w = lines[i];
    bool good = true;
    if (w[0] == "waiting" && w.size() == 6) {
      Waiting& caller = fresh.waiting_[w[1]];
      caller.queue = w[2];
      caller.abandoned = w[5] == "1";
      good = read_time_word(w[3], caller.entered) && read_time_word(w[4], caller.left);
    } else if (w[0] == "talking" && w.size() == 6) {
      Talking& t = fresh.talking_[w[1]];
      t = {w[2], w[3], w[4], kNever};
      good = read_time_word(w[5], t.since);
    } else if (w[0] == "blind" && w.size() == 3) {
      good = read_time_word(w[2], fresh.blind_[w[1]]);
    } else {
      good = w[0] == "agent" && fresh.presence_.read(w);
    }
    if (!good) return bad;
  }
  hangups_ = fresh.hangups_;
  waiting_ = std::move(fresh.waiting_);
  talking_ = std::move(fresh.talking_);
  blind_ = std::move(fresh.blind_);
  presence_ = std::move(fresh.presence_);
  return core::Done{};
}

}  // namespace

MadeFormat make_ami(FormatOptions options) {
  return std::unique_ptr<Format>(std::make_unique<Ami>(std::move(options)));
}

}  // namespace ingest
