// FreeSWITCH events over the event socket: callcenter::info, vm::maintenance and a few of channels
// (docs/sources/freeswitch.md). Source: src/mod/applications/mod_callcenter and mod_voicemail of FreeSWITCH.
//
// A message is one frame: the socket's own headers, a blank line, and the event as "Key: value" lines whose values are
// URL-encoded, or as JSON. State and status of agents come also when nothing changed and are told once. After-call
// work is no state there: with `wrap_up_s` it follows every call for that long, as the configured wrap-up-time does.
//
// bridge-agent-start says that an agent picked up, not that the caller is with the agent: an announcement may come
// first, and either may be gone by then. The agent's state "In a queue call" says it, so the answer waits for that.
//
// After a connection was made the socket is asked for the agents and for the members of all queues, in this order, and
// answers in it. What is not in the answer any more is over.
#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>

#include "ingest/form.h"
#include "ingest/formats_made.h"
#include "ingest/freeswitch.h"
#include "ingest/json_value.h"
#include "ingest/message_format.h"
#include "ingest/presence.h"

namespace ingest {

namespace {

using core::EventType;
using core::Time;
using windows::kNever;

class FreeswitchEvents : public MessageFormat {
 public:
  explicit FreeswitchEvents(FormatOptions options) : MessageFormat(std::move(options)) {
    const auto& more = this->options().more;
    if (const auto given = more.find("wrap_up_s"); given != more.end() && !given->second.empty())
      wrap_up_ = seconds(given->second.front()).value_or(-1);
  }
  bool good() const { return wrap_up_ >= 0 && wrap_up_ <= 240 * windows::kSecond; }

  std::string memory() const override {
    MemoryWriter out;
    out.line({"freeswitch", "2"});
    presence_.write(out);
    for (const auto& [id, heard] : calls_) out.line({"call", id, time_word(heard)});
    for (const auto& [agent, p] : picked_up_)
      out.line({"picked_up", agent, p.call, p.queue, time_word(p.at), p.id});
    return out.take();
  }
  core::Status remember(std::string_view text) override;
  void reconnected() override { answers_ = 0; }

 protected:
  void message(const Message& message) override;
  void quiet() override;

 private:
  // An agent who picked up and has nobody yet.
  struct PickUp {
    std::string call, queue;  // ours
    Time at = kNever;
    std::string id;           // of the item it becomes
  };
  // The answer to a question: a table whose first row names the columns.
  struct Table {
    std::vector<std::string_view> columns;
    std::vector<std::vector<std::string_view>> rows;
    std::size_t loose = 0;  // the column that may hold the separator
    std::string_view cell(const std::vector<std::string_view>& row, std::string_view column) const;
  };
  static constexpr std::size_t kMaxCalls = 100'000;
  static constexpr core::Duration kConnectWithin = windows::kMinute;
  static constexpr core::Duration kJustNow = 5 * windows::kSecond;

  static Table table(std::string_view text, std::string_view loose);
  void answer(std::string_view text);
  void agents(const Table& table);
  void members(const Table& table);
  void hear(std::string_view call);
  void forget(std::string_view call);
  std::optional<Presence::News> status_news(std::string_view who, std::string_view word);
  void connected(std::string_view agent, const PickUp& pick_up, Time at);
  void tell(std::string_view agent, const Presence::News& news, Time at, std::string_view id);
  bool read_event(std::string_view bytes);
  std::string_view value(std::string_view key);
  void callcenter();
  void bridge_end(std::string_view call, std::string_view name);
  void queue_end(std::string_view call, std::string_view name);
  void status();
  void voicemail();
  void channel(std::string_view name);
  std::string_view agent_of(std::string_view key);
  bool ours(std::string_view name) const { return in_domain(domain_of(name), option("domain")); }

  core::Duration wrap_up_ = 0;
  JsonDocument document_;
  RawFields fields_;                // as they are written: of a hundred, a handful is asked for
  std::deque<std::string> decoded_;  // those that were asked for
  bool encoded_ = false;
  Time at_ = 0;
  std::string id_;
  Presence presence_;
  std::map<std::string, Time, std::less<>> calls_;         // of callers in a queue or with an agent: heard of last
  std::map<std::string, PickUp, std::less<>> picked_up_;   // by agent
  int answers_ = 2;                                        // to our questions, that came
  std::set<std::string, std::less<>> busy_;                // agents with a call, of the first answer
};

// After the frame's own headers, which end with a blank line; an event given alone has none before it.
std::string_view body_of(std::string_view frame) {
  if (!frame.starts_with("Content-")) return frame;
  std::size_t blank = frame.find("\n\n");
  std::size_t skip = 2;
  if (const std::size_t crlf = frame.find("\r\n\r\n"); crlf < blank) blank = crlf, skip = 4;
  return blank == std::string_view::npos ? std::string_view() : frame.substr(blank + skip);
}

// A header of the frame.
std::string_view field_of(std::string_view frame, std::string_view name) {
  while (frame.starts_with("Content-")) {
    const std::size_t end = std::min(frame.find('\n'), frame.size());
    std::string_view line = frame.substr(0, end);
    frame.remove_prefix(std::min(end + 1, frame.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > name.size() + 1 && line.starts_with(name) && line.substr(name.size()).starts_with(": "))
      return line.substr(name.size() + 2);
  }
  return {};
}

std::string_view FreeswitchEvents::value(std::string_view key) {
  for (auto& [name, text] : fields_) {
    if (name != key) continue;
    if (!encoded_ || text.find('%') == std::string_view::npos) return text;
    decoded_.push_back(percent_decoded(text, false));
    return decoded_.back();
  }
  return {};
}

bool FreeswitchEvents::read_event(std::string_view bytes) {
  fields_.clear();
  decoded_.clear();
  std::string_view body = body_of(bytes);
  if (body.starts_with('{')) {
    auto parsed = document_.parse(body);
    if (!parsed || !parsed->is_object()) return false;
    encoded_ = false;
    parsed->each_field([&](std::string_view key, JsonValue v) {
      fields_.emplace_back(key, v.kind() == JsonValue::Kind::text ? v.text() : decoded_.emplace_back(v.word()));
    });
    return true;
  }
  encoded_ = true;
  while (!body.empty()) {
    const std::size_t end = std::min(body.find('\n'), body.size());
    std::string_view line = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) break;  // what follows is the event's own body
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return false;
    std::string_view text = line.substr(colon + 1);
    if (text.starts_with(' ')) text.remove_prefix(1);
    fields_.emplace_back(line.substr(0, colon), text);
  }
  return !fields_.empty();
}

// Whole seconds; 0: it did not happen.
Time epoch(std::string_view text) {
  const auto at = whole(text);
  return at && *at > 0 && *at < 100'000'000'000 ? *at * 1000 : kNever;
}

std::string_view FreeswitchEvents::agent_of(std::string_view key) {
  const std::string_view name = value(key);
  return agent(name, without_domain(name));
}

void FreeswitchEvents::message(const Message& message) {
  if (field_of(message.bytes, "Content-Type") == "api/response") return answer(body_of(message.bytes));
  if (!read_event(message.bytes)) return refuse("malformed", "not an event of the event socket");
  const auto us = whole(value("Event-Date-Timestamp"));
  at_ = us && *us > 0 ? *us / 1000 : now();
  id_ = content_id(message.bytes);
  const std::string_view name = value("Event-Name");
  const std::string_view subclass = value("Event-Subclass");
  if (name == "CUSTOM" && subclass == "callcenter::info") callcenter();
  else if (name == "CUSTOM" && subclass == "vm::maintenance") voicemail();
  else if (name == "MESSAGE_WAITING") {
    const std::string_view counts = value("MWI-Voice-Message");
    if (!ours(value("MWI-Message-Account"))) return silent();
    if (const auto fresh = whole(counts.substr(0, counts.find('/'))))
      out().gauges.push_back({"mailbox/" + std::string(value("MWI-Message-Account").substr(0, 128)), "new_messages",
                              *fresh, at_});
    silent();
  } else if (name.starts_with("CHANNEL_")) channel(name);
  else if (name == "HEARTBEAT" || name.empty()) silent();
  else not_known(subclass.empty() ? name : subclass);
}

void FreeswitchEvents::callcenter() {
  const std::string_view action = value("CC-Action");
  const std::string_view raw_queue = value("CC-Queue");
  if (!ours(raw_queue) || !ours(value("CC-Agent"))) return silent();
  const std::string_view name = queue(raw_queue, without_domain(raw_queue));
  if (action == "members-count") {
    if (const auto count = whole(value("CC-Count")); count && !name.empty())
      out().gauges.push_back({"queue/" + std::string(name), "waiting", *count, at_});
    return silent();
  }
  if (action == "agent-status-change") return status();
  if (action == "agent-state-change") {
    const std::string_view who = agent_of("CC-Agent");
    const auto waiting = picked_up_.find(who);
    if (value("CC-Agent-State") != "In a queue call" || waiting == picked_up_.end()) return silent();
    const PickUp pick_up = std::move(waiting->second);
    picked_up_.erase(waiting);
    return connected(who, pick_up, at_);
  }
  if (action == "agent-max-no-answer" || action == "agent-add" || action == "agent-contact-change" ||
      action == "agent-del" || action.ends_with("-get")) {
    return silent();
  }
  const std::string_view call = subject(value("CC-Member-Session-UUID"));
  if (action == "member-queue-start" || action == "member-queue-resume") {
    hear(call);
    core::Event& queued = add(EventType::call_queued, at_, call);
    queued.queue = name;
    queued.customer = customer_number(value("CC-Member-CID-Number"));
  } else if (action == "agent-offering") {
    hear(call);
    core::Event& offered = add(EventType::call_offered, at_, call);
    offered.agent = agent_of("CC-Agent");
    offered.queue = name;
  } else if (action == "bridge-agent-start") {
    const std::string_view who = agent_of("CC-Agent");
    if (call.empty() || who.empty()) return refuse("missing_field", "it is not said who picked up what");
    hear(call);
    if (picked_up_.size() < kMaxCalls) picked_up_[std::string(who)] = {std::string(call), std::string(name), at_, id_};
    return silent();
  } else if (action == "bridge-agent-fail") {
    // Somebody else was quicker, or the caller went away: nobody failed to answer.
    const std::string_view why = value("CC-Hangup-Cause");
    if (why == "LOSE_RACE" || why == "ORIGINATOR_CANCEL" || why == "PICKED_OFF") return silent();
    core::Event& missed = add(EventType::call_no_answer, at_, call);
    missed.agent = agent_of("CC-Agent");
    const Time called = epoch(value("CC-Agent-Called-Time"));
    const Time aborted = epoch(value("CC-Agent-Aborted-Time"));
    if (called != kNever && aborted != kNever) missed.value = duration(aborted - called);
  } else if (action == "bridge-agent-end") {
    bridge_end(call, name);
  } else if (action == "member-queue-end") {
    queue_end(call, name);
  } else {
    return not_known(action.empty() ? "callcenter::info" : action);
  }
  if (item_open()) done(id_);
}

void FreeswitchEvents::hear(std::string_view call) {
  if (const auto known = calls_.find(call); known != calls_.end()) known->second = at_;
  else if (!call.empty() && calls_.size() < kMaxCalls) calls_[std::string(call)] = at_;
}

void FreeswitchEvents::forget(std::string_view call) {
  if (const auto known = calls_.find(call); known != calls_.end()) calls_.erase(known);
}

void FreeswitchEvents::connected(std::string_view agent, const PickUp& pick_up, Time at) {
  core::Event& answered = add(EventType::call_answered, at, pick_up.call);
  answered.agent = agent;
  answered.queue = pick_up.queue;
  done(pick_up.id);
}

void FreeswitchEvents::quiet() {
  for (auto it = picked_up_.begin(); it != picked_up_.end();) {
    if (it->second.at > now() - kConnectWithin) {
      ++it;
      continue;
    }
    connected(it->first, it->second, it->second.at);  // the state was not told
    it = picked_up_.erase(it);
  }
}

void FreeswitchEvents::bridge_end(std::string_view call, std::string_view name) {
  const std::string_view who = agent_of("CC-Agent");
  if (const auto waiting = picked_up_.find(who); waiting != picked_up_.end()) {
    const PickUp pick_up = std::move(waiting->second);
    picked_up_.erase(waiting);
    if (value("CC-Agent-Bridged") == "false") {  // one of them was gone
      add(EventType::call_no_answer, at_, call).agent = who;
      return;
    }
    connected(who, pick_up, pick_up.at);
  }
  core::Event& over = add(EventType::call_ended, at_, call);
  over.agent = who;
  over.queue = name;
  if (wrap_up_ == 0) return;
  core::Event& wrapped = add(EventType::call_wrapped, at_ + wrap_up_, call);
  wrapped.agent = who;
  wrapped.value = wrap_up_;
}

void FreeswitchEvents::queue_end(std::string_view call, std::string_view name) {
  forget(call);
  if (value("CC-Cause") != "Cancel") return silent();  // it ended with an agent, who has an event for that
  const std::string_view why = value("CC-Cancel-Reason");
  const std::string_view line = value("Answer-State");
  // Somebody took the caller out of the queue, who is still there.
  const bool moved = why == "BREAK_OUT" && !line.empty() && line != "hangup";
  const char* how = why == "TIMEOUT"            ? "timeout"
                    : why == "NO_AGENT_TIMEOUT" ? "empty"
                    : why == "EXIT_WITH_KEY"    ? "key"
                    : moved                     ? "other"
                                                : nullptr;
  core::Event& out = add(how != nullptr ? EventType::call_left : EventType::call_abandoned, at_, call);
  out.queue = name;
  if (how != nullptr) out.text = how;
}

void FreeswitchEvents::tell(std::string_view agent, const Presence::News& news, Time at, std::string_view id) {
  if (!news.any()) return;
  if (news.logout) add(EventType::agent_logout, at, agent);
  if (news.login) add(EventType::agent_login, at, agent);
  if (news.state) add(EventType::agent_state, at, agent).text = news.paused ? "break" : "available";
  done(id);
}

void FreeswitchEvents::status() {
  const std::string_view who = agent_of("CC-Agent");
  const std::string_view word = value("CC-Agent-Status");
  const auto news = status_news(who, word);
  if (!news) return not_known("status " + std::string(word));
  if (!news->any()) return silent();
  tell(who, *news, at_, id_);
}

std::optional<Presence::News> FreeswitchEvents::status_news(std::string_view who, std::string_view word) {
  if (word == "Logged Out") return presence_.left(who, {});
  if (word.starts_with("Available")) return presence_.joined(who, {}, false);
  if (word == "On Break") return presence_.joined(who, {}, true, word);
  return std::nullopt;
}

void FreeswitchEvents::voicemail() {
  if (value("VM-Action") != "leave-message" || !in_domain(value("VM-Domain"), option("domain"))) return silent();
  const std::string_view channel_id = value("Unique-ID");
  const std::string_view call = channel_id.empty() ? join({"voicemail-", value("VM-UUID")}) : subject(channel_id);
  core::Event& left = add(EventType::call_left, at_, call);
  left.text = "voicemail";
  left.customer = customer_number(value("VM-Caller-ID-Number"));
  done(id_);
}

// Of channels we ask what mod_callcenter does not tell: holds, and the caller's real end.
void FreeswitchEvents::channel(std::string_view name) {
  const std::string_view session = value("variable_cc_member_session_uuid");
  if (!ours(value("variable_cc_queue")) || !ours(value("variable_cc_agent"))) return silent();
  if (name == "CHANNEL_HOLD" || name == "CHANNEL_UNHOLD") {
    if (value("variable_cc_side") != "agent" || session.empty()) return silent();
    core::Event& event =
        add(name == "CHANNEL_HOLD" ? EventType::call_held : EventType::call_resumed, at_, subject(session));
    event.agent = agent_of("variable_cc_agent");
    done(id_);
  } else if (name == "CHANNEL_HANGUP_COMPLETE" && value("variable_cc_side") == "member") {
    const std::string_view call = subject(value("Unique-ID"));
    forget(call);
    add(EventType::call_ended, at_, call);
    done(id_);
  } else {
    silent();
  }
}

// ---- what is there when we come -----------------------------------------------------------------------------

std::string_view FreeswitchEvents::Table::cell(const std::vector<std::string_view>& row,
                                               std::string_view column) const {
  const auto found = std::find(columns.begin(), columns.end(), column);
  if (found == columns.end() || row.size() < columns.size()) return {};
  const auto at = static_cast<std::size_t>(found - columns.begin());
  return row[at > loose ? at + row.size() - columns.size() : at];
}

// Tables have no escapes: an agent's contact and a caller's name may hold the separator, no other column does.
FreeswitchEvents::Table FreeswitchEvents::table(std::string_view text, std::string_view loose) {
  Table table;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find('|') == std::string_view::npos) continue;  // "+OK"
    std::vector<std::string_view> cells;
    for (std::size_t from = 0; from <= line.size();) {
      const std::size_t to = std::min(line.find('|', from), line.size());
      cells.push_back(line.substr(from, to - from));
      from = to + 1;
    }
    if (table.columns.empty()) table.columns = std::move(cells);
    else table.rows.push_back(std::move(cells));
  }
  const auto found = std::find(table.columns.begin(), table.columns.end(), loose);
  table.loose = static_cast<std::size_t>(found - table.columns.begin());
  return table;
}

void FreeswitchEvents::answer(std::string_view text) {
  at_ = now();
  if (answers_ >= 2) return silent();
  const bool good = !text.starts_with("-ERR") && !text.starts_with("-USAGE");  // mod_callcenter is not there
  const std::size_t before = out().batch.accepted;
  if (++answers_ == 1) {
    busy_.clear();
    if (good) agents(table(text, "contact"));
  } else {
    if (good) members(table(text, "cid_name"));
    busy_.clear();
  }
  if (!good) return not_known("callcenter_config");
  if (out().batch.accepted == before) silent();
}

void FreeswitchEvents::agents(const Table& table) {
  std::vector<std::string> there;
  for (const auto& row : table.rows) {
    const std::string_view raw = table.cell(row, "name");
    if (raw.empty() || !ours(raw)) continue;
    const std::string_view who = agent(raw, without_domain(raw));
    if (table.cell(row, "state") == "In a queue call") busy_.emplace(who);
    const std::string_view word = table.cell(row, "status");
    const Presence::State known = presence_.state(who);
    const bool out = known == Presence::State::unknown || known == Presence::State::out;
    if (word == "Logged Out" && out) continue;
    const auto news = status_news(who, word);
    if (word != "Logged Out") there.emplace_back(who);
    if (!news || !news->any()) continue;
    const Time since = epoch(table.cell(row, "last_status_change"));
    const Time at = since != kNever && since <= now() ? since : now();
    tell(who, *news, at, join({"agents/", who, "/", word, "/", std::to_string(at)}));
  }
  for (const std::string& who : presence_.all_but(there)) {
    inferred("agent_list");
    add(EventType::agent_logout, now(), who);
    done(join({"agents/", who, "/gone/", std::to_string(now())}));
  }
}

void FreeswitchEvents::members(const Table& table) {
  std::set<std::string, std::less<>> there;
  for (const auto& row : table.rows) {
    const std::string_view state = table.cell(row, "state");
    const std::string_view session = table.cell(row, "session_uuid");
    if (session.empty() || state == "Abandoned") continue;  // kept for a while in case they call again
    if (!ours(table.cell(row, "queue"))) continue;
    const std::string_view raw_agent = table.cell(row, "serving_agent");
    const std::string_view who =
        state == "Answered" ? agent(raw_agent, without_domain(raw_agent)) : std::string_view();
    // A row may outlive its call; the agent knows.
    if (!who.empty() && !busy_.contains(who)) continue;
    const std::string_view call = subject(session);
    const Time joined = std::max(epoch(table.cell(row, "joined_epoch")), epoch(table.cell(row, "rejoined_epoch")));
    if (joined == kNever || joined > now()) continue;
    there.emplace(call);
    const auto known = calls_.find(call);
    const Time heard = known == calls_.end() ? kNever : known->second;
    const Time bridged = who.empty() ? kNever : std::min(epoch(table.cell(row, "bridge_epoch")), now());
    hear(call);
    // What happened after we last heard of the call; of what we know the instant is known better.
    if (joined <= heard && bridged <= heard) continue;
    const std::string_view raw_queue = table.cell(row, "queue");
    const std::string_view name = queue(raw_queue, without_domain(raw_queue));
    if (joined > heard) {
      core::Event& queued = add(EventType::call_queued, joined, call);
      queued.queue = name;
      queued.customer = customer_number(table.cell(row, "cid_number"));
    }
    if (bridged > heard) {
      core::Event& answered = add(EventType::call_answered, bridged, call);
      answered.agent = who;
      answered.queue = name;
    }
    done(join({"members/", session, "/", std::to_string(joined), "/", state}));
  }
  for (auto it = calls_.begin(); it != calls_.end();) {
    // A row is written a moment after the event that tells of the caller.
    const bool gone = !there.contains(it->first) && it->second < now() - kJustNow;
    if (!gone) {
      ++it;
      continue;
    }
    inferred("member_list");
    add(EventType::call_lost, now(), it->first);
    done(join({"members/", it->first, "/gone/", std::to_string(now())}));
    it = calls_.erase(it);
  }
  std::erase_if(picked_up_, [&](const auto& one) { return !calls_.contains(one.second.call); });
}

core::Status FreeswitchEvents::remember(std::string_view text) {
  const core::Error bad{"bad_memory", "not the memory of FreeSWITCH events", ""};
  if (text.empty()) return core::Done{};
  const auto lines = memory_lines(text);
  // The first version knew the agents only.
  if (lines.empty() || (lines[0] != MemoryLine{"freeswitch", "2"} && lines[0] != MemoryLine{"freeswitch", "1"}))
    return bad;
  Presence presence;
  std::map<std::string, Time, std::less<>> calls;
  std::map<std::string, PickUp, std::less<>> picked_up;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const MemoryLine& line = lines[i];
    if (line[0] == "agent") {
      if (!presence.read(line)) return bad;
    } else if (line[0] == "call" && line.size() == 3) {
      if (!read_time_word(line[2], calls[line[1]])) return bad;
    } else if (line[0] == "picked_up" && line.size() == 6) {
      PickUp& p = picked_up[line[1]];
      p.call = line[2], p.queue = line[3], p.id = line[5];
      if (!read_time_word(line[4], p.at) || p.at == kNever || line[1].empty() || p.id.empty()) return bad;
    } else {
      return bad;
    }
  }
  if (calls.size() > kMaxCalls || picked_up.size() > kMaxCalls) return bad;
  presence_ = std::move(presence);
  calls_ = std::move(calls);
  picked_up_ = std::move(picked_up);
  return core::Done{};
}

}  // namespace

MadeFormat make_freeswitch_events(FormatOptions options) {
  auto format = std::make_unique<FreeswitchEvents>(std::move(options));
  if (!format->good()) return core::Error{"bad_option", "seconds from 0 to 240", "wrap_up_s"};
  return std::unique_ptr<Format>(std::move(format));
}

}  // namespace ingest
