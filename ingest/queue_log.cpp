// Asterisk queue_log: one line per event, "epoch|callid|queue|agent|VERB|data…" (docs/sources/asterisk.md).
// Source: apps/app_queue.c and main/logger.c of Asterisk; older verbs from its documentation of queue logs.
//
// Almost every line speaks for itself. Remembered are: the calls going on, so that a restart of Asterisk
// (QUEUESTART) can end them and a transfer into a second queue finds the call it belongs to; and who is logged in.
// A transferred caller enters the second queue under an id of its own, and is answered there under the first one.
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

constexpr std::size_t kMaxCalls = 20'000;      // remembered; the oldest go first
constexpr std::size_t kMaxOrphanLines = 16;    // of a call that may turn out part of another
constexpr std::size_t kMaxRestarts = 64;

// A line, split. Data fields that are not there are empty.
struct Line {
  Time at = 0;
  std::string_view text, call, queue, agent, verb;
  std::vector<std::string_view> data;

  std::string_view word(std::size_t i) const { return i < data.size() ? data[i] : std::string_view(); }
  // Counted from the last one: attended transfers have five or six fields, of which the last three are alike.
  std::string_view from_right(std::size_t i) const { return i < data.size() ? data[data.size() - 1 - i] : ""; }
};

struct CallNow {
  Time first = kNever;    // its first line
  Time last = kNever;     // its newest line
  std::string queue;      // that it entered last
  Time entered = kNever;  // kNever: nobody said so
  std::string agent;      // who took it last, as the log calls the agent
  std::string from_queue; // and of which queue
  bool over = false;
  std::string part_of;    // the call it turned out to belong to
  std::vector<std::string> lines;  // while it is not known to be a call of its own
};

class QueueLog : public MessageFormat {
 public:
  explicit QueueLog(FormatOptions options) : MessageFormat(std::move(options)) {
    const auto ignore = this->options().more.find("ignore");
    if (ignore != this->options().more.end()) ignored_ = ignore->second;
  }

  std::string memory() const override;
  core::Status remember(std::string_view text) override;

 protected:
  void message(const Message& message) override;

 private:
  bool split(std::string_view text, Line& line);
  bool call_line(const Line& line);
  bool agent_line(const Line& line);
  bool other_line(const Line& line);

  void enter(const Line& line, std::string_view suffix = {});
  void connect(const Line& line);
  void exit(const Line& line, EventType type, const char* how, std::string_view wait);
  void complete(const Line& line);
  void transfer(const Line& line, const char* kind);
  void attended(const Line& line);
  void ring(const Line& line, bool missed);
  void restart(const Line& line);

  void present(const Line& line, const Presence::News& news, std::string_view agent);
  std::string_view agent_of(const Line& line) { return agent(line.agent, short_interface(line.agent)); }
  core::Event& say(const Line& line, EventType type);
  void finish(const Line& line, std::string_view suffix = {});

  CallNow& call_now(const Line& line);
  std::string_view root(std::string_view call) const;
  void find_part(const Line& line, std::int64_t held);
  void merge(const std::string& part, const std::string& into);
  void lose(const std::string& id, CallNow& call, Time at);
  void forget_old();

  std::map<std::string, CallNow, std::less<>> calls_;
  std::vector<Time> restarts_;  // ascending
  Presence presence_;
  std::vector<std::string> ignored_;
};

bool is_nobody(std::string_view word) { return word.empty() || word == "NONE"; }

// Lines about no call have the origin of a command there, or the channel of the agent.
bool is_call_id(std::string_view word) {
  return !is_nobody(word) && word != "REALTIME" && word != "MANAGER" && word != "CLI";
}

std::int64_t seconds_or(std::string_view text, std::int64_t otherwise) { return seconds(text).value_or(otherwise); }

bool QueueLog::split(std::string_view text, Line& line) {
  line.text = text;
  std::array<std::string_view, 5> head;
  for (std::size_t i = 0; i < head.size(); ++i) {
    const std::size_t bar = text.find('|');
    if (bar == std::string_view::npos && i < 4) {
      refuse("malformed", "a line of a queue_log has five fields before its data");
      return false;
    }
    head[i] = text.substr(0, bar);
    text.remove_prefix(bar == std::string_view::npos ? text.size() : bar + 1);
  }
  const auto at = seconds(head[0]);
  if (!at) {
    refuse("bad_time", "not seconds since 1970", "time");
    return false;
  }
  line.at = *at;
  line.call = head[1];
  line.queue = is_nobody(head[2]) ? std::string_view() : head[2];
  line.agent = is_nobody(head[3]) ? std::string_view() : head[3];
  line.verb = head[4];
  while (!text.empty()) {
    const std::size_t bar = std::min(text.find('|'), text.size());
    line.data.push_back(text.substr(0, bar));
    text.remove_prefix(std::min(bar + 1, text.size()));
  }
  return true;
}

void QueueLog::message(const Message& message) {
  Line line;
  if (!split(message.bytes, line)) return;
  if (line.verb.empty()) return refuse("malformed", "a line without a verb");
  if (call_line(line) || agent_line(line) || other_line(line)) return;
  if (std::find(ignored_.begin(), ignored_.end(), line.verb) != ignored_.end()) return silent();
  not_known(line.verb);
}

bool QueueLog::call_line(const Line& line) {
  const std::string_view v = line.verb;
  const bool known = v == "ENTERQUEUE" || v == "CONNECT" || v == "RINGNOANSWER" || v == "RINGCANCELED" ||
                     v == "COMPLETEAGENT" || v == "COMPLETECALLER" || v == "ABANDON" || v == "EXITWITHTIMEOUT" ||
                     v == "EXITEMPTY" || v == "EXITWITHKEY" || v == "WITHDRAW" || v == "BLINDTRANSFER" ||
                     v == "TRANSFER" || v == "ATTENDEDTRANSFER" || v == "AGENTDUMP" || v == "SYSCOMPAT" ||
                     v == "HOLD" || v == "UNHOLD" || v == "FULL" || v == "JOINEMPTY";
  if (!known) return false;
  if (!is_call_id(line.call)) {
    refuse("missing_field", "a line about a call without its id", "call");
    return true;
  }
  if (v == "ENTERQUEUE") enter(line);
  else if (v == "CONNECT") connect(line);
  else if (v == "RINGNOANSWER") ring(line, true);
  else if (v == "RINGCANCELED") ring(line, false);
  else if (v == "COMPLETEAGENT" || v == "COMPLETECALLER") complete(line);
  else if (v == "ABANDON") exit(line, EventType::call_abandoned, "", line.word(2));
  else if (v == "EXITWITHTIMEOUT") exit(line, EventType::call_left, "timeout", line.word(2));
  else if (v == "EXITEMPTY") exit(line, EventType::call_left, "empty", line.word(2));
  else if (v == "EXITWITHKEY") exit(line, EventType::call_left, "key", line.word(3));
  else if (v == "WITHDRAW") exit(line, EventType::call_left, "other", line.word(2));
  else if (v == "SYSCOMPAT") exit(line, EventType::call_left, "other", {});
  else if (v == "FULL" || v == "JOINEMPTY") exit(line, EventType::call_left, "refused", {});
  else if (v == "BLINDTRANSFER" || v == "TRANSFER") transfer(line, "blind");
  else if (v == "ATTENDEDTRANSFER") attended(line);
  else if (v == "AGENTDUMP") ring(line, true);  // hung up during the announcement: the caller waits on
  else {
    say(line, v == "HOLD" ? EventType::call_held : EventType::call_resumed);
    finish(line);
  }
  return true;
}

// ---- calls --------------------------------------------------------------------------------------------------

std::string_view QueueLog::root(std::string_view call) const {
  for (int depth = 0; depth < 8; ++depth) {
    const auto found = calls_.find(call);
    if (found == calls_.end() || found->second.part_of.empty()) break;
    call = found->second.part_of;
  }
  return call;
}

// The call a line is about, with the line taken note of. A restart that is known already may have cut it off.
CallNow& QueueLog::call_now(const Line& line) {
  CallNow& call = calls_[std::string(root(line.call))];
  if (call.first == kNever || line.at < call.first) call.first = line.at;
  call.last = std::max(call.last, line.at);
  return call;
}

core::Event& QueueLog::say(const Line& line, EventType type) {
  core::Event& event = add(type, line.at, subject(root(line.call)));
  event.queue = queue(line.queue);
  event.agent = agent_of(line);
  return event;
}

void QueueLog::finish(const Line& line, std::string_view suffix) {
  done(join({content_id(line.text), suffix}));
  if (!is_call_id(line.call)) return;
  const auto found = calls_.find(root(line.call));
  if (found == calls_.end() || found->second.over) return;
  const auto cut = std::lower_bound(restarts_.begin(), restarts_.end(), found->second.last);
  if (cut != restarts_.end()) lose(found->first, found->second, *cut);
}

void QueueLog::enter(const Line& line, std::string_view suffix) {
  CallNow& call = call_now(line);
  if (call.entered == kNever || line.at >= call.entered) {
    call.queue = line.queue;
    call.entered = line.at;
  }
  if (line.at == call.last) call.over = false;
  if (call.agent.empty() && call.lines.size() < kMaxOrphanLines) call.lines.emplace_back(line.text);
  say(line, EventType::call_queued).customer = customer_number(line.word(1));
  finish(line, suffix);
  forget_old();
}

void QueueLog::connect(const Line& line) {
  const std::int64_t wait = seconds_or(line.word(0), core::kNoValue);
  find_part(line, wait);
  CallNow& call = call_now(line);
  call.agent = line.agent;
  call.from_queue = line.queue;
  call.lines.clear();
  present(line, presence_.seen(agent_of(line)), agent_of(line));
  if (const auto rang = seconds(line.word(2))) {
    // The ring lies in the wait; both were cut to whole seconds.
    Time from = line.at - std::max<std::int64_t>(0, *rang);
    if (call.entered != kNever && call.queue == line.queue && call.entered <= line.at)
      from = std::max(from, call.entered);
    say(line, EventType::call_offered).at = from;
  }
  say(line, EventType::call_answered).value = wait == core::kNoValue ? wait : duration(wait);
  finish(line);
}

void QueueLog::exit(const Line& line, EventType type, const char* how, std::string_view wait) {
  CallNow& call = call_now(line);
  call.over = true;
  core::Event& event = say(line, type);
  event.text = how;
  event.agent = {};  // who had picked up when the caller left during the announcement; nobody answered
  if (const auto waited = seconds(wait); waited && type == EventType::call_abandoned) event.value = duration(*waited);
  finish(line);
}

void QueueLog::complete(const Line& line) {
  call_now(line).over = true;
  core::Event& ended = say(line, EventType::call_ended);
  if (const auto talk = seconds(line.word(1))) ended.value = duration(*talk);
  finish(line);
}

void QueueLog::transfer(const Line& line, const char* kind) {
  call_now(line).over = true;
  core::Event& event = say(line, EventType::call_transferred);
  event.text = kind;
  if (const auto talk = seconds(line.word(3))) event.value = duration(*talk);
  finish(line);
}

// Into another queue the agent passes the call on with a channel of its own, and the log has that channel's id.
void QueueLog::attended(const Line& line) {
  const auto own = calls_.find(root(line.call));
  const bool its_own = own != calls_.end() && own->second.agent == line.agent;
  std::string call(line.call);
  if (!its_own) {
    const auto passed_on = std::find_if(calls_.begin(), calls_.end(), [&](const auto& c) {
      return c.first != line.call && c.second.agent == line.agent && c.second.from_queue == line.queue &&
             !c.second.over && c.second.part_of.empty() && c.second.last <= line.at;
    });
    if (passed_on != calls_.end()) {
      merge(call, passed_on->first);
      call = passed_on->first;
    }
  }
  Line told = line;
  told.call = call;
  CallNow& now = call_now(told);
  if (now.queue == line.queue) now.over = true;
  core::Event& event = say(told, EventType::call_transferred);
  event.text = "attended";
  if (const auto talk = seconds(line.from_right(1))) event.value = duration(*talk);
  finish(told);
}

void QueueLog::ring(const Line& line, bool missed) {
  call_now(line);
  present(line, presence_.seen(agent_of(line)), agent_of(line));
  const auto ms = whole(line.word(0));
  if (missed) {
    core::Event& event = say(line, EventType::call_no_answer);
    if (ms) event.value = duration(*ms);
  } else {
    say(line, EventType::call_offered).at = line.at - std::max<std::int64_t>(0, ms.value_or(0));
  }
  finish(line);
}

// Answered in a queue it never entered: then what entered there, and was not answered, is a part of it.
void QueueLog::find_part(const Line& line, std::int64_t held) {
  const auto found = calls_.find(root(line.call));
  if (found == calls_.end() || found->second.from_queue.empty() || found->second.from_queue == line.queue ||
      found->second.queue == line.queue || held == core::kNoValue) {
    return;
  }
  const Time entered = line.at - held;
  const auto part = std::find_if(calls_.begin(), calls_.end(), [&](const auto& c) {
    const CallNow& call = c.second;
    return c.first != found->first && call.part_of.empty() && call.agent.empty() && !call.over &&
           call.queue == line.queue && call.entered >= entered - kSecond && call.entered <= entered + kSecond;
  });
  if (part != calls_.end()) merge(part->first, found->first);
}

// What was told of `part` is told again of `into`, and the part is taken out.
void QueueLog::merge(const std::string& part, const std::string& into) {
  CallNow& call = calls_[part];
  call.part_of = into;
  std::vector<std::string> lines = std::move(call.lines);
  call.lines.clear();
  if (call.first != kNever) {
    add(EventType::call_merged, call.first, subject(part));
    done(join({"merged-", content_id(part + " " + into)}));
    inferred("merged");
  }
  for (const std::string& text : lines) {
    Line line;
    if (split(text, line)) enter(line, "-of");
  }
}

void QueueLog::lose(const std::string& id, CallNow& call, Time at) {
  call.over = true;
  if (!call.part_of.empty()) return;
  add(EventType::call_lost, at, subject(id));
  done(join({"lost-", content_id(id + " " + std::to_string(at))}));
  inferred("queue_start");
}

void QueueLog::restart(const Line& line) {
  restarts_.insert(std::upper_bound(restarts_.begin(), restarts_.end(), line.at), line.at);
  if (restarts_.size() > kMaxRestarts) restarts_.erase(restarts_.begin());
  for (auto& [id, call] : calls_) {
    if (!call.over && call.last <= line.at) lose(id, call, line.at);
  }
  for (const std::string& name : presence_.clear()) {
    add(EventType::agent_logout, line.at, name);
    done(join({"out-", content_id(name + " " + std::to_string(line.at))}));
    inferred("queue_start");
  }
}

void QueueLog::forget_old() {
  if (calls_.size() <= kMaxCalls) return;
  std::vector<Time> ends;
  for (const auto& [id, call] : calls_) ends.push_back(call.last);
  std::nth_element(ends.begin(), ends.begin() + static_cast<std::ptrdiff_t>(ends.size() / 2), ends.end());
  const Time before = ends[ends.size() / 2];
  std::erase_if(calls_, [&](const auto& c) { return c.second.last <= before; });
}

// ---- agents -------------------------------------------------------------------------------------------------

bool QueueLog::agent_line(const Line& line) {
  const std::string_view v = line.verb;
  const std::string name(agent_of(line));
  Presence::News news;
  if (v == "ADDMEMBER") news = presence_.joined(name, line.queue, line.word(0) == "PAUSED");
  else if (v == "REMOVEMEMBER") news = presence_.left(name, line.queue);
  else if (v == "PAUSE") news = presence_.pause(name, line.queue, true, line.word(0));
  else if (v == "PAUSEALL") news = presence_.pause(name, {}, true, line.word(0));
  else if (v == "UNPAUSE") news = presence_.pause(name, line.queue, false, {});
  else if (v == "UNPAUSEALL") news = presence_.pause(name, {}, false, {});
  else if (v == "AGENTLOGIN" || v == "AGENTCALLBACKLOGIN") news = presence_.joined(name, {}, false);
  else if (v == "AGENTLOGOFF" || v == "AGENTCALLBACKLOGOFF") news = presence_.left(name, {});
  else return false;
  if (name.empty()) {
    refuse("missing_field", "a line about an agent without the agent", "agent");
    return true;
  }
  present(line, news, name);
  if (!news.any()) silent();
  return true;
}

void QueueLog::present(const Line& line, const Presence::News& news, std::string_view agent) {
  if (news.logout) add(EventType::agent_logout, line.at, agent);
  if (news.login) add(EventType::agent_login, line.at, agent);
  if (news.state) {
    core::Event& event = add(EventType::agent_state, line.at, agent);
    event.text = news.paused ? "break" : "available";
    event.reason = news.reason;
  }
  if (item_open()) done(join({content_id(line.text), "-agent"}));
}

bool QueueLog::other_line(const Line& line) {
  const std::string_view v = line.verb;
  if (v == "QUEUESTART") {
    restart(line);
    return true;
  }
  constexpr std::array<std::string_view, 8> kSilent = {"CONFIGRELOAD", "PENALTY", "RINGINUSE", "DID",
                                                       "INFO",         "OUTCALL", "HEARTBEAT", "CALLSTATUS"};
  if (std::find(kSilent.begin(), kSilent.end(), v) == kSilent.end()) return false;
  silent();
  return true;
}

// ---- memory -------------------------------------------------------------------------------------------------

std::string QueueLog::memory() const {
  MemoryWriter out;
  out.line({"queue_log", "1"});
  for (const Time at : restarts_) out.line({"restart", time_word(at)});
  for (const auto& [id, c] : calls_) {
    std::vector<std::string> words{"call",  id,           time_word(c.first),   time_word(c.last), c.queue,
                                   time_word(c.entered), c.agent, c.from_queue, c.over ? "1" : "0", c.part_of};
    words.insert(words.end(), c.lines.begin(), c.lines.end());
    out.line(words);
  }
  presence_.write(out);
  return out.take();
}

core::Status QueueLog::remember(std::string_view text) {
  const core::Error bad{"bad_memory", "not the memory of a queue_log", ""};
  if (text.empty()) return core::Done{};
  decltype(calls_) calls;
  std::vector<Time> restarts;
  Presence presence;
  const auto lines = memory_lines(text);
  if (lines.empty() || lines[0] != MemoryLine{"queue_log", "1"}) return bad;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const MemoryLine& w = lines[i];
    if (w[0] == "agent") {
      if (!presence.read(w)) return bad;
    } else if (w[0] == "restart" && w.size() == 2) {
      if (!read_time_word(w[1], restarts.emplace_back())) return bad;
    } else if (w[0] == "call" && w.size() >= 10) {
      CallNow& c = calls[w[1]];
      if (!read_time_word(w[2], c.first) || !read_time_word(w[3], c.last) || !read_time_word(w[5], c.entered))
        return bad;
      c.queue = w[4];
      c.agent = w[6];
      c.from_queue = w[7];
      c.over = w[8] == "1";
      c.part_of = w[9];
      c.lines.assign(w.begin() + 10, w.end());
    } else {
      return bad;
    }
  }
  std::sort(restarts.begin(), restarts.end());
  calls_ = std::move(calls);
  restarts_ = std::move(restarts);
  presence_ = std::move(presence);
  return core::Done{};
}

}  // namespace

core::Result<std::unique_ptr<Format>> make_queue_log(FormatOptions options) {
  return std::unique_ptr<Format>(std::make_unique<QueueLog>(std::move(options)));
}

}  // namespace ingest
