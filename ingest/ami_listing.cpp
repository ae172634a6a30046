// What is there when a connection to the manager interface was made, by the replies to QueueStatus and
// CoreShowChannels, and what is remembered across restarts. See ingest/ami.h.
#include <algorithm>

#include "ingest/ami.h"
#include "ingest/asterisk.h"

namespace ingest {

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
  waiting_[call] = {std::string(b["Queue"]), entered};
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
  for (const std::string& call : gone) {
    fresh_.lost[call] = waiting_.find(call)->second;
    lose(call, "queue_status");
  }
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
  fresh_.channels.push_back({std::string(b["Uniqueid"]), std::string(b["Channel"]), std::string(b["BridgeId"])});
  silent();
}

void Ami::channels_listed(const Block&) {
  const auto listed = [&](const std::string& id) {
    return std::any_of(fresh_.channels.begin(), fresh_.channels.end(), [&](const Channel& c) { return c.id == id; });
  };
  std::vector<std::string> gone;
  for (auto& [first, t] : talking_) {
    if (!(t.since + kUnderstood < at_)) continue;
    if (!listed(t.call)) gone.push_back(t.call);
    if (t.ended == kNever && !t.channel.empty() && !listed(t.channel)) {  // the call may go on without this agent
      t.ended = at_;
      core::Event& event = add(EventType::call_ended, at_, subject(t.call));
      event.queue = queue(t.queue);
      event.agent = t.agent;
      finish(join({"-", content_id(first).substr(0, 16)}));
      inferred("channels");
    }
  }
  for (const std::string& call : gone) lose(call, "channels");
  for (const auto& [call, w] : fresh_.lost) found_talking(call, w);
  fresh_.channels.clear();
  fresh_.lost.clear();
  silent();
}

// Waited when we heard last, and is connected with an agent now. AgentComplete will say since when.
void Ami::found_talking(const std::string& call, const Waiting& w) {
  const auto& all = fresh_.channels;
  const auto own = std::find_if(all.begin(), all.end(), [&](const Channel& c) { return c.id == call; });
  if (own == all.end() || own->bridge.empty()) return;
  for (const Channel& c : all) {
    const auto known = interfaces_.find(short_interface(c.name));
    if (c.id == call || c.bridge != own->bridge || known == interfaces_.end()) continue;
    const std::string who = known->second;
    talking_[c.id] = {call, who, w.queue, c.id};
    core::Event& event = add(EventType::call_answered, at_, subject(call));
    event.queue = queue(w.queue);
    event.agent = who;
    inferred("channels");
    return finish(join({"-", content_id(call).substr(0, 16)}));
  }
}

void Ami::lose(const std::string& call, const char* rule) {
  waiting_.erase(call);
  std::erase_if(talking_, [&](const auto& t) { return t.second.call == call; });
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
  for (const auto& [first, t] : talking_) {
    if (t.since < begun && !waiting_.contains(t.call)) gone.push_back(t.call);
  }
  at_ = std::min(at_, begun);
  for (const std::string& call : gone) lose(call, "restart");
  // Who is there now is told anew.
  if (shutdown || (begun_ != kNever && begun > begun_ + kUnderstood)) {
    for (const std::string& name : presence_.clear()) {
      add(EventType::agent_logout, at_, name);
      finish(join({"-out-", content_id(name).substr(0, 10)}));
      inferred("restart");
    }
  }
  begun_ = begun;
  silent();
}

void Ami::mailbox(const Block& b) {
  if (const auto fresh = whole(b["New"]))
    out().gauges.push_back({"mailbox/" + std::string(b["Mailbox"].substr(0, 128)), "new_messages", *fresh, at_});
  // With the caller's channel: this caller has just left one.
  message_left(std::string(b["Uniqueid"]));
  silent();
}

// ---- memory -------------------------------------------------------------------------------------------------

std::string Ami::memory() const {
  MemoryWriter out;
  out.line({"ami", "2", hangups_ ? "1" : "0", time_word(begun_)});
  for (const auto& [call, w] : waiting_) {
    out.line({"waiting", call, w.queue, time_word(w.entered), time_word(w.left), w.abandoned ? "1" : "0",
              w.went_on ? "1" : "0"});
  }
  for (const auto& [first, t] : talking_) {
    out.line({"talking", first, t.call, t.agent, t.queue, t.channel, time_word(t.since), time_word(t.ended)});
  }
  for (const auto& [call, g] : gone_) out.line({"gone", call, g.queue, time_word(g.left)});
  for (const auto& [call, at] : blind_) out.line({"blind", call, time_word(at)});
  presence_.write(out);
  return out.take();
}

core::Status Ami::remember(std::string_view text) {
  const core::Error bad{"bad_memory", "not the memory of a manager interface", ""};
  if (text.empty()) return core::Done{};
  const auto lines = memory_lines(text);
  if (lines.empty() || lines[0].size() != 4 || lines[0][0] != "ami" || lines[0][1] != "2") return bad;
  Ami fresh(options());
  fresh.hangups_ = lines[0][2] == "1";
  if (!read_time_word(lines[0][3], fresh.begun_)) return bad;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const MemoryLine& w = lines[i];
    bool good = true;
    if (w[0] == "waiting" && w.size() == 7) {
      Waiting& caller = fresh.waiting_[w[1]];
      caller.queue = w[2];
      caller.abandoned = w[5] == "1";
      caller.went_on = w[6] == "1";
      good = read_time_word(w[3], caller.entered) && read_time_word(w[4], caller.left);
    } else if (w[0] == "talking" && w.size() == 8) {
      Talking& t = fresh.talking_[w[1]];
      t = {w[2], w[3], w[4], w[5]};
      good = read_time_word(w[6], t.since) && read_time_word(w[7], t.ended);
    } else if (w[0] == "gone" && w.size() == 4) {
      Gone& g = fresh.gone_[w[1]];
      g.queue = w[2];
      good = read_time_word(w[3], g.left);
    } else if (w[0] == "blind" && w.size() == 3) {
      good = read_time_word(w[2], fresh.blind_[w[1]]);
    } else {
      good = w[0] == "agent" && fresh.presence_.read(w);
    }
    if (!good) return bad;
  }
  hangups_ = fresh.hangups_;
  begun_ = fresh.begun_;
  waiting_ = std::move(fresh.waiting_);
  talking_ = std::move(fresh.talking_);
  gone_ = std::move(fresh.gone_);
  blind_ = std::move(fresh.blind_);
  presence_ = std::move(fresh.presence_);
  return core::Done{};
}

}  // namespace ingest
