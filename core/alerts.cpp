// Episodes: how they begin, go on, end and flap, and the numbered changes they leave.
#include "core/alerts.h"

#include <algorithm>

#include "core/keep_codec.h"

namespace core {
namespace {

using windows::kNever;

AlertState state_after(AlertStep step) {
  switch (step) {
    case AlertStep::pending:
    case AlertStep::warned: return AlertState::pending;
    case AlertStep::no_data: return AlertState::no_data;
    default: return AlertState::firing;
  }
}

bool is_overflow(std::string_view key) { return key.substr(0, 9) == "overflow/"; }

}  // namespace

void Alerts::configure() {
  inhibited_.resize(settings_.inhibitions.size());
  sources_.resize(settings_.sources.size());
}

// ---- time ---------------------------------------------------------------------------------------------------

void Alerts::run_due() {
  while (!timers_.empty() && timers_.begin()->at <= now_) {
    const Timer timer = *timers_.begin();
    timers_.erase(timers_.begin());
    changed_ = true;
    switch (timer.kind) {
      case Kind::silence_ends: run_silence_end(timer.subject); break;
      case Kind::caught_up:
        sources_[timer.number].catching_up = kNever;
        note("o" + settings_.sources[timer.number].source);
        hold_or_release_all();
        break;
      case Kind::calm: run_calm(entries_.find(timer.subject)->second); break;
      case Kind::escalation: run_walk(entries_.find(timer.subject)->second, timer.number); break;
      case Kind::flush: flush(timer.subject); break;
      case Kind::repeat: remind(timer.subject); break;
    }
  }
}

void Alerts::arm(Kind kind, const std::string& subject, std::size_t number, Time& slot, Time at) {
  const auto n = static_cast<std::uint32_t>(number);
  if (slot != kNever) timers_.erase({slot, kind, subject, n});
  slot = at;
  if (at != kNever) timers_.insert({at, kind, subject, n});
}

// ---- episodes -----------------------------------------------------------------------------------------------

Alerts::Entry* Alerts::under_way(std::string_view key) {
  const auto it = entries_.find(key);
  return it == entries_.end() || over(it->second) ? nullptr : &it->second;
}

const Alert* Alerts::find(std::string_view key) const {
  const auto it = entries_.find(key);
  return it == entries_.end() ? nullptr : &it->second.alert;
}

int Alerts::level(std::string_view key) const {
  const auto it = entries_.find(key);
  return it == entries_.end() || over(it->second) ? 0 : it->second.level;
}

bool Alerts::fires(const Entry& entry) const {
  return entry.alert.state == AlertState::firing || entry.alert.state == AlertState::recovering;
}

void Alerts::change(Entry& entry, AlertStep step, Time at, std::string_view reason) {
  Alert& alert = entry.alert;
  alert.step = step;
  alert.version = ++number_;
  alert.at = at;
  alert.noticed = now_;
  alert.reason = reason;
  alert.by = step == AlertStep::acknowledged ? alert.acknowledged_by : std::string();
  if (step == AlertStep::fired || step == AlertStep::warned) alert.late = now_ - at >= settings_.late_after;
  history_.push_back(alert_row(alert));
  const auto row_of = [](std::uint64_t number) {
    std::string key = "h";
    append_key(key, number);
    return key;
  };
  note(row_of(number_));
  while (history_.size() > settings_.kept) {
    note(row_of(number_ + 1 - history_.size()));
    history_.pop_front();
  }
  note("m");
  note(entry);
  forget_old();
}

void Alerts::forget_old() {
  while (!ended_.empty()) {
    const auto& [version, key] = ended_.front();
    const auto it = entries_.find(key);
    const bool ended = it != entries_.end() && over(it->second) && it->second.alert.version == version;
    if (ended) {
      const bool old = it->second.alert.noticed < now_ - kRemembered || ended_.size() > kMostRemembered;
      if (!old || it->second.news) return;
      note(it->second);
      entries_.erase(it);
    }
    ended_.pop_front();
  }
}

void Alerts::start_episode(Entry& entry) {
  Alert& alert = entry.alert;
  ++alert.episode;
  alert.started = kNever;
  alert.fired = alert.ended = alert.acknowledged_at = kNever;
  alert.late = false;
  alert.acknowledged_by.clear();
  alert.held_back.clear();
  alert.held_why.clear();
  entry.level = 0;
  entry.told.clear();
  entry.walks.assign(escalations(alert).size(), Walk{});
  count(alert, +1);
}

// What a report says anew; what belongs to the episode stays.
void Alerts::take_over(Alert& alert, const Alert& about) {
  alert.key = about.key;
  alert.name = about.name;
  alert.scope = about.scope;
  alert.severity = about.severity;
  alert.summary = about.summary;
  alert.value = about.value;
  alert.threshold = about.threshold;
  alert.unit = about.unit;
  alert.record_kind = about.record_kind;
  alert.record_id = about.record_id;
  alert.due = about.due;
  alert.labels = about.labels;
}

bool Alerts::begin(const Alert& about, AlertStep step, int percent) {
  const bool fresh = under_way(about.key) == nullptr;
  if (fresh && too_many(about)) {
    if (!about.record_id.empty() && refused_.emplace(about.name, about.key).second) note("x" + about.key);
    return false;
  }
  Entry& entry = entries_[about.key];
  if (entry.flapping) {
    if (percent > 0 && !entry.holds) turn(entry, true);
    return true;
  }
  const bool moves = !fresh && (entry.alert.labels != about.labels || entry.alert.severity != about.severity);
  if (moves) take_sides_and_follow(entry, false);  // by its old labels
  if (fresh && entry.news) tell_knowing(entry);  // how the one before ended
  take_over(entry.alert, about);
  if (fresh) start_episode(entry);
  if (entry.alert.started == kNever) entry.alert.started = about.at;
  entry.level = percent;
  const bool turns = percent == 100 && !fires(entry);
  entry.alert.state = state_after(step);
  if (step == AlertStep::fired) entry.alert.fired = about.at;
  if (!turns || !turn(entry, true)) change(entry, step, about.at, about.reason);
  set_off(entry, percent);
  return true;
}

// What follows from a step that people are told of.
void Alerts::set_off(Entry& entry, int percent) {
  take_sides_and_follow(entry, true);
  if (percent == 0) return;
  if (percent == 100 && entry.alert.late && now_ - entry.alert.at >= settings_.not_told_after) {
    return change(entry, AlertStep::suppressed, now_, "older than what is told");
  }
  const Time not_before = entry.alert.late && entry.told.empty() ? late_slot() : now_;
  hold_or_release(entry);
  tell(entry, not_before);
  walk(entry, percent, not_before);
}

void Alerts::go_on(std::string_view key, AlertStep step, Time at, std::optional<double> value) {
  Entry* entry = under_way(key);
  if (entry == nullptr || entry->flapping) return;
  entry->alert.state = step == AlertStep::recovering ? AlertState::recovering : AlertState::firing;
  if (value) entry->alert.value = value;
  change(*entry, step, at, "");
}

void Alerts::end(std::string_view key, AlertStep step, Time at, std::string_view reason, std::optional<double> value) {
  Entry* entry = under_way(key);
  if (entry == nullptr) return;
  if (value) entry->alert.value = value;
  if (step == AlertStep::resolved && (entry->flapping || entry->level == 100)) {
    const bool was = entry->flapping;
    if (was && !entry->holds) return;
    if (turn(*entry, false)) {
      if (!was) set_off(*entry, 100);
      return;
    }
  }
  finish(*entry, step, at, reason);
}

void Alerts::finish(Entry& entry, AlertStep step, Time at, std::string_view reason) {
  Alert& alert = entry.alert;
  const bool held = !alert.held_back.empty();
  alert.held_back.clear();
  alert.held_why.clear();
  alert.state = AlertState::normal;
  alert.ended = at;
  entry.flapping = false;
  arm(Kind::calm, alert.key, 0, entry.calm, kNever);
  change(entry, step, at, reason);
  take_sides_and_follow(entry, false);
  // A breach happened, even if it was over before anybody could be told.
  const bool breach = !alert.record_id.empty() && alert.fired != kNever && step == AlertStep::resolved;
  const bool owed = breach && !held && now_ - alert.fired < settings_.not_told_after;
  if (owed && entry.told.empty()) {
    for (std::size_t i = 0; i < entry.walks.size(); ++i) {
      if (entry.walks[i].due != kNever && entry.walks[i].due <= now_) run_walk(entry, i);
    }
  }
  stop_walking(entry);
  if (owed || !entry.told.empty()) {
    tell(entry, now_);
  } else {
    const bool waited = entry.news && !held;
    entry.news = false;
    leave(entry);
    const char* why = breach ? "older than what is told" : "over before it was told";
    if (waited) change(entry, AlertStep::suppressed, now_, why);
  }
  entry.level = 0;
  note(entry);
  ended_.emplace_back(alert.version, alert.key);
  count(alert, -1);
}

// The condition begins or ends to hold; true: it does so too often, and people are told that instead.
bool Alerts::turn(Entry& entry, bool holds) {
  const Time since = now_ - settings_.flapping_within;
  auto& turns = entry.turns;
  turns.erase(turns.begin(), std::find_if(turns.begin(), turns.end(), [&](Time t) { return t > since; }));
  turns.push_back(now_);
  note(entry);
  if (!entry.flapping) {
    if (static_cast<int>(turns.size()) <= settings_.flapping_after) return false;
    entry.flapping = true;
    entry.alert.state = AlertState::firing;
    if (entry.alert.fired == kNever) entry.alert.fired = now_;
    change(entry, AlertStep::flapping, now_,
           std::to_string(turns.size()) + " beginnings and ends within " + spoken(settings_.flapping_within) +
               "; it counts as firing until it is calm for as long");
  }
  // Enough of them are remembered to know that it goes on.
  if (static_cast<int>(turns.size()) > settings_.flapping_after + 1) turns.erase(turns.begin());
  entry.holds = holds;
  arm(Kind::calm, entry.alert.key, 0, entry.calm, now_ + settings_.flapping_within);
  return true;
}

void Alerts::run_calm(Entry& entry) {
  entry.calm = kNever;
  entry.flapping = false;
  entry.turns.clear();
  if (entry.holds) {
    change(entry, AlertStep::relapsed, now_, "it is calm, and goes on");
  } else {
    finish(entry, AlertStep::resolved, now_, "it is calm");
  }
}

// ---- how many -----------------------------------------------------------------------------------------------

bool Alerts::too_many(const Alert& about) {
  if (is_overflow(about.key)) return false;
  const auto count = counts_.find(about.name);
  if (count == counts_.end() || count->second < settings_.most_active) return false;
  Alert overflow;
  overflow.key = "overflow/" + about.name;
  overflow.name = "too_many_alerts";
  overflow.scope = "tenant";
  overflow.severity = Severity::warning;
  overflow.at = now_;
  overflow.summary = "More than " + std::to_string(settings_.most_active) + " alerts \"" + about.name +
                     "\" at a time; further ones are not raised";
  overflow.labels = {{"kind", "overflow"}, {"of", about.name}};
  if (under_way(overflow.key) == nullptr) begin(overflow, AlertStep::fired, 100);
  return true;
}

std::vector<std::string> Alerts::room() {
  std::vector<std::string> keys;
  for (auto it = refused_.begin(); it != refused_.end();) {
    const std::string name = it->first;
    const auto count = counts_.find(name);
    const std::size_t active = count == counts_.end() ? 0 : count->second;
    std::size_t free = settings_.most_active - std::min(settings_.most_active, active);
    for (; free > 0 && it != refused_.end() && it->first == name; --free, it = refused_.erase(it)) {
      keys.push_back(it->second);
      note("x" + it->second);
    }
    end_overflow(name);
    it = refused_.upper_bound({name, "\x7f"});
  }
  return keys;
}

// "sla/ticket/T-1/first_response/1" is one of "sla.first_response".
std::string Alerts::refused_name(std::string_view key) {
  const std::string_view head = key.substr(0, key.rfind('/'));
  return "sla." + std::string(head.substr(head.rfind('/') + 1));
}

void Alerts::not_refused(std::string_view key) {
  if (refused_.empty()) return;
  const std::string name = refused_name(key);
  if (refused_.erase({name, std::string(key)}) == 0) return;
  note("x" + std::string(key));
  end_overflow(name);
}

void Alerts::count(const Alert& alert, int sign) {
  std::size_t& count = counts_[alert.name];
  count += static_cast<std::size_t>(sign);
  if (sign < 0 && !is_overflow(alert.key)) end_overflow(alert.name);
  if (sign < 0 && counts_[alert.name] == 0) counts_.erase(alert.name);
}

// There is room again, and nothing waits for it.
void Alerts::end_overflow(const std::string& name) {
  const auto count = counts_.find(name);
  if (count != counts_.end() && count->second >= settings_.most_active) return;
  const auto waits = refused_.lower_bound({name, ""});
  if (waits != refused_.end() && waits->first == name) return;
  end("overflow/" + name, AlertStep::resolved, now_, "");
}

const std::vector<Escalation>& Alerts::escalations(const Alert& alert) const {
  static const std::vector<Escalation> kNobody;
  if (alert.key.substr(0, 5) == "rule/") {
    for (const AlertRule& rule : settings_.rules) {
      if (rule.id == alert.name) return rule.escalations;
    }
  } else if (alert.key.substr(0, 4) == "sla/") {
    const std::string_view policy = label_of(alert, "policy");
    // Of a policy's versions the one that was in force when the episode began.
    const SlaPolicy* found = nullptr;
    for (const SlaPolicy& known : sla_.policies) {
      if (known.id == policy && (found == nullptr || known.valid_from <= alert.started)) found = &known;
    }
    if (found != nullptr) return found->escalations;
  }
  return kNobody;
}

// ---- what follows -------------------------------------------------------------------------------------------

Status Alerts::acknowledge(std::string_view key, std::string_view by, std::string_view reason) {
  Entry* entry = under_way(key);
  if (entry == nullptr || entry->level == 0)
    return Error{"unknown_alert", "there is no alert \"" + std::string(key) + "\" under way", "/alert"};
  if (by.empty()) return Error{"bad_value", "who acknowledges is to be said", "/by"};
  entry->alert.acknowledged_by = by;
  entry->alert.acknowledged_at = now_;
  change(*entry, AlertStep::acknowledged, now_, reason);
  tell(*entry, now_);
  return Done{};
}

std::vector<AlertChange> Alerts::take_changes() {
  std::vector<AlertChange> changes;
  const std::uint64_t first = number_ + 1 - history_.size();
  for (std::uint64_t number = std::max(taken_ + 1, first); number <= number_; ++number) {
    changes.push_back({number, {}});
    CHECK(read_alert(history_[number - first], changes.back().alert), "a change reads as it was written");
  }
  taken_ = number_;
  changed_ = false;
  return changes;
}

std::vector<Notice> Alerts::take_notices() { return std::exchange(notices_, {}); }

std::vector<Alert> Alerts::all_active() const {
  std::vector<Alert> active;
  for (const auto& [key, entry] : entries_) {
    if (!over(entry)) active.push_back(entry.alert);
  }
  return active;
}

std::vector<AlertChange> Alerts::history(const AlertFilter& filter) const {
  std::vector<AlertChange> found;
  const std::uint64_t first = number_ + 1 - history_.size();
  for (std::uint64_t number = std::max(filter.after + 1, first); number <= number_; ++number) {
    if (found.size() >= filter.limit) break;
    RowReader row(history_[number - first]);
    const Time noticed = row.difference();
    const std::string_view key = row.text(), scope = row.text();
    if (noticed < filter.from || (filter.to != kNever && noticed >= filter.to)) continue;
    if (key.substr(0, filter.key.size()) != filter.key) continue;
    const bool star = filter.scope.size() > 1 && filter.scope.back() == '*';
    const std::string_view begins(filter.scope.data(), filter.scope.size() - star);
    if (!filter.scope.empty() && filter.scope != "*" && (star ? scope.substr(0, begins.size()) : scope) != begins)
      continue;
    found.push_back({number, {}});
    CHECK(read_alert(history_[number - first], found.back().alert), "a change reads as it was written");
  }
  return found;
}

std::vector<std::string> Alerts::keys(std::string_view prefix) const {
  std::vector<std::string> found;
  for (auto it = entries_.lower_bound(prefix); it != entries_.end() && it->first.substr(0, prefix.size()) == prefix;
       ++it) {
    if (!over(it->second)) found.push_back(it->first);
  }
  return found;
}

}  // namespace core
