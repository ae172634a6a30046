// Asterisk Manager Interface: one block of "Key: Value" lines per event (docs/sources/asterisk.md).
// Source: apps/app_queue.c, main/manager.c of Asterisk 12 and later.
//
// The interface says that a caller left a queue, not why: QueueCallerAbandon comes for hang-ups and for time limits
// alike, QueueCallerLeave for everything. What follows tells: the variable QUEUESTATUS says it outright, an
// AgentConnect means that it was answered, a Hangup at once that the caller gave up. So a departure is told when it is
// understood, or after kUnderstood at the latest. After a connection was lost, the replies to QueueStatus and
// CoreShowChannels say what is still there; what is not is ended at that moment, as concluded.
//
// Of channels that are gone already an event says nothing: AgentComplete names both sides, the agent's only, or none.
#include "ingest/ami.h"

#include <array>

#include "ingest/asterisk.h"
#include "ingest/formats_made.h"

namespace ingest {

namespace {

using windows::kSecond;

constexpr core::Duration kConnects = 5 * kSecond;    // after a departure without one: it may still be answered
constexpr core::Duration kMessage = 600 * kSecond;   // so long after leaving a queue a message may be finished
constexpr core::Duration kMostWrapUp = 240 * kSecond;

}  // namespace

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
      {"VarSet", &Ami::variable}, {"LocalOptimizationBegin", &Ami::optimized},
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
  for (const std::string_view key : {"MemberName", "Name", "Member", "Interface", "Location"}) {
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
  const std::string call(b["Uniqueid"]);
  if (const auto w = waiting_.find(call); w != waiting_.end() && w->second.left != kNever) {
    const Waiting before = w->second;
    waiting_.erase(w);
    went(call, before);
  }
  if (waiting_.size() >= kMaxCalls) waiting_.erase(waiting_.begin());
  waiting_[call] = {std::string(b["Queue"]), at_};
  gone_.erase(call);
  entering_.erase(call);
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
    const Waiting unseen{std::string(b["Queue"]), at_ - held.value_or(0)};
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
  done(join({"left-", content_id(call + " " + w.queue + " " + std::to_string(w.left) + " " + how)}));
  if (type != EventType::call_left) return;
  if (gone_.size() >= kMaxCalls) gone_.erase(gone_.begin());
  gone_[call] = {w.queue, w.left};
}

// Left, and the caller is still on the line; nobody said why.
void Ami::went(const std::string& call, const Waiting& w) {
  departed(call, w, EventType::call_left, w.abandoned ? "other" : "key");
}

void Ami::message_left(const std::string& call) {
  const auto gone = gone_.find(call);
  if (gone == gone_.end()) return;
  const Waiting w{gone->second.queue, kNever, gone->second.left};
  departed(call, w, EventType::call_left, "voicemail");
  gone_.erase(call);
}

void Ami::understand(Time until) {
  for (auto w = waiting_.begin(); w != waiting_.end();) {
    const Waiting& caller = w->second;
    if (caller.left == kNever || until < caller.left + (caller.abandoned ? kUnderstood : kConnects)) {
      ++w;
      continue;
    }
    if (!caller.abandoned || caller.went_on || hangups_) went(w->first, caller);
    else departed(w->first, caller, EventType::call_abandoned, "");
    w = waiting_.erase(w);
  }
  std::erase_if(blind_, [&](const auto& b) { return b.second + 60 * kSecond < until; });
  std::erase_if(gone_, [&](const auto& g) { return g.second.left + kMessage < until; });
}

void Ami::hangup(const Block& b) {
  hangups_ = true;
  const std::string channel(b["Uniqueid"]);
  gone_.erase(channel);
  entering_.erase(channel);
  // The agent is free, though Asterisk may count on until the caller hangs up: the caller was led away.
  for (auto& [first, t] : talking_) {
    if (t.channel != channel || channel.empty() || t.ended != kNever) continue;
    t.ended = at_;
    core::Event& event = say(EventType::call_ended, t.call, b);
    event.queue = queue(t.queue);
    event.agent = t.agent;
    wrap_up(t.call, t.agent, t.queue, at_);
    return finish();
  }
  const auto w = waiting_.find(channel);
  if (w == waiting_.end()) return silent();
  Waiting caller = w->second;
  waiting_.erase(w);
  const bool stayed = caller.left == kNever;
  if (stayed) caller.left = at_;
  if (stayed || (caller.abandoned && !caller.went_on)) departed(channel, caller, EventType::call_abandoned, "");
  else went(channel, caller);
}

// The next step of the dialplan. Those of the extension "h" are made after the end.
void Ami::new_step(const Block& b) {
  const std::string call(b["Uniqueid"]);
  const std::string_view application = b["Application"];
  silent();
  if (b["Extension"] == "h") return;
  if (application == "Queue") {
    if (entering_.size() >= kMaxCalls) entering_.erase(entering_.begin());
    const std::string_view data = b["AppData"];
    entering_[call] = data.substr(0, data.find(','));
  }
  const bool message = application == "VoiceMail" || application == "MiniVM" || application == "Record";
  if (const auto w = waiting_.find(call); w != waiting_.end() && w->second.left != kNever) {
    w->second.went_on = true;
    if (!message) return;
    departed(call, w->second, EventType::call_left, "voicemail");
    waiting_.erase(w);
    gone_.erase(call);
  } else if (message) {
    message_left(call);
  }
}

// Of a queue: how Queue() ended, other than by an answer, a hang-up or a key.
void Ami::variable(const Block& b) {
  silent();
  if (b["Variable"] != "QUEUESTATUS") return;
  constexpr std::pair<std::string_view, const char*> kHow[] = {
      {"TIMEOUT", "timeout"},  {"LEAVEEMPTY", "empty"}, {"LEAVEUNAVAIL", "empty"}, {"WITHDRAW", "other"},
      {"JOINEMPTY", "refused"}, {"JOINUNAVAIL", "refused"}, {"FULL", "refused"}};
  const auto how = std::find_if(std::begin(kHow), std::end(kHow), [&](const auto& h) { return h.first == b["Value"]; });
  if (how == std::end(kHow)) return;
  const std::string call(b["Uniqueid"]);
  const auto w = waiting_.find(call);
  const auto entering = entering_.find(call);
  Waiting caller;
  if (w != waiting_.end()) {
    caller = w->second;
    waiting_.erase(w);
  } else if (entering != entering_.end()) {
    caller.queue = entering->second;
    entering_.erase(entering);
  } else {
    return;
  }
  if (caller.left == kNever) caller.left = at_;
  departed(call, caller, EventType::call_left, how->second);
}

void Ami::called(const Block& b) {
  const std::string_view who = agent_of(b);
  present(presence_.seen(who), who);
  say(EventType::call_offered, b["Uniqueid"], b).agent = who;
  finish();
}

void Ami::no_answer(const Block& b) {
  core::Event& event = say(EventType::call_no_answer, caller_of(b), b);
  event.agent = agent_of(b);
  // In milliseconds, whatever the documentation says.
  if (const auto ms = whole(b["RingTime"])) event.value = duration(*ms);
  finish();
}

void Ami::connect(const Block& b) {
  const std::string call(b["Uniqueid"]);
  const std::string_view who = agent_of(b);
  const auto held = seconds(b["HoldTime"]);
  if (const auto w = waiting_.find(call); w != waiting_.end() && w->second.queue == b["Queue"]) {
    waiting_.erase(w);
  } else if (held) {  // entered unheard
    say(EventType::call_queued, call, b).at = at_ - *held;
    finish("-entry");
  }
  if (talking_.size() >= kMaxCalls) talking_.erase(talking_.begin());
  const std::string channel(b["DestUniqueid"]);
  const std::string& key = channel.empty() ? call : channel;
  talking_[key] = {call, std::string(who), std::string(b["Queue"]), channel, at_};
  present(presence_.seen(who), who);
  core::Event& event = say(EventType::call_answered, call, b);
  event.agent = who;
  if (held) event.value = duration(*held);
  finish();
}

// Whose agent's channel is named, or who it can be: an event of channels that are gone names the agent only.
Ami::Talking* Ami::leg_of(const Block& b) {
  const std::string_view call = b["Uniqueid"];
  const std::string_view who = agent_of(b);
  if (const auto exact = talking_.find(b["DestUniqueid"]); exact != talking_.end()) return &exact->second;
  Talking* found = nullptr;
  for (auto& [channel, t] : talking_) {
    if (t.agent != who || t.queue != b["Queue"] || (!call.empty() && t.call != call)) continue;
    if (found == nullptr || t.since > found->since) found = &t;
  }
  return found;
}

std::string Ami::caller_of(const Block& b) {
  if (const std::string_view named = b["Uniqueid"]; !named.empty()) return std::string(named);
  const Talking* const leg = leg_of(b);
  return leg != nullptr ? leg->call : std::string(b["DestLinkedid"]);
}

void Ami::complete(const Block& b) {
  const std::string call = caller_of(b);
  const std::string_view who = agent_of(b);
  const auto talk = seconds(b["TalkTime"]);
  const Talking* const leg = leg_of(b);
  if ((leg == nullptr || leg->since == kNever) && talk && !call.empty()) {  // answered unheard
    const Time answered = at_ - *talk;
    const auto held = seconds(b["HoldTime"]);
    if (held) say(EventType::call_queued, call, b).at = answered - *held;
    core::Event& a = say(EventType::call_answered, call, b);
    a.at = answered;
    a.agent = who;
    if (held) a.value = duration(*held);
    finish("-answer");
  }
  const bool transfer = b["Reason"] == "transfer";
  const Time ended = leg != nullptr && leg->ended != kNever ? leg->ended : at_;
  core::Event& event = say(transfer ? EventType::call_transferred : EventType::call_ended, call, b);
  event.agent = who;
  if (transfer) event.text = blind_.contains(call) ? "blind" : "attended";
  if (talk && at_ - ended <= kUnderstood) event.value = duration(*talk);
  wrap_up(call, who, b["Queue"], ended);
  if (const auto w = waiting_.find(call); w != waiting_.end() && w->second.queue == b["Queue"]) waiting_.erase(w);
  std::erase_if(talking_, [&](const auto& t) { return &t.second == leg; });
  finish();
}

core::Status Ami::begin() {
  const auto given = options().more.find("wrap_up_s");
  if (given == options().more.end()) return core::Done{};
  for (const std::string& text : given->second) {
    const std::size_t equals = text.rfind('=');
    const auto time = seconds(std::string_view(text).substr(equals == std::string::npos ? 0 : equals + 1));
    if (!time || *time < 0 || *time > kMostWrapUp)
      return core::Error{"bad_option", "seconds from 0 to 240, or \"queue=seconds\"", "wrap_up_s"};
    if (equals == std::string::npos) wrap_up_.everywhere = *time;
    else wrap_up_.queues[text.substr(0, equals)] = *time;
  }
  return core::Done{};
}

// As Asterisk does it: the member's own time, else the queue's.
void Ami::wrap_up(std::string_view call, std::string_view who, std::string_view queue_name, Time ended) {
  core::Duration time = wrap_up_.everywhere;
  if (const auto q = wrap_up_.queues.find(queue_name); q != wrap_up_.queues.end()) time = q->second;
  const auto m = wrap_up_.members.find(std::pair(std::string(who), std::string(queue_name)));
  if (m != wrap_up_.members.end()) time = m->second;
  if (time == 0) return;
  core::Event& wrapped = add(EventType::call_wrapped, ended + time, subject(call));
  wrapped.queue = queue(queue_name);
  wrapped.agent = who;
  wrapped.value = time;
}

void Ami::hold(const Block& b) {
  // Told of the channel whose owner pressed the key: the agent's.
  const std::string_view channel = b["Uniqueid"];
  const auto t = std::find_if(talking_.begin(), talking_.end(),
                              [&](const auto& c) { return !channel.empty() && c.second.channel == channel; });
  if (t == talking_.end()) return silent();
  core::Event& event =
      add(b["Event"] == "Hold" ? EventType::call_held : EventType::call_resumed, at_, subject(t->second.call));
  event.agent = t->second.agent;
  finish();
}

// A Local channel steps aside for the telephone behind it, which is the agent's from now on.
void Ami::optimized(const Block& b) {
  silent();
  for (auto& [first, t] : talking_) {
    if (t.channel.empty() || (t.channel != b["LocalOneUniqueid"] && t.channel != b["LocalTwoUniqueid"])) continue;
    t.channel = b["SourceUniqueid"] == t.call ? b["DestUniqueId"] : b["SourceUniqueid"];
  }
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
  const std::string_view interface = !b["Interface"].empty() ? b["Interface"] : b["Location"];
  if (!interface.empty() && interfaces_.size() < kMaxCalls) interfaces_[std::string(short_interface(interface))] = who;
  if (const auto own = seconds(b["Wrapuptime"]); own && *own > 0 && wrap_up_.members.size() < kMaxCalls)
    wrap_up_.members[{std::string(who), std::string(b["Queue"])}] = std::min(*own, kMostWrapUp);
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

MadeFormat make_ami(FormatOptions options) {
  auto format = std::make_unique<Ami>(std::move(options));
  if (const core::Status good = format->begin(); !good) return good.error();
  return std::unique_ptr<Format>(std::move(format));
}

}  // namespace ingest
