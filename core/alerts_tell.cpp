// Telling: routes, groups, reminders and escalations; what becomes a notice to whom, and when.
#include <algorithm>

#include "core/alerts.h"
#include "core/names.h"

namespace core {
namespace {

using windows::kNever;

std::string hex(std::uint64_t number) {
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[number >> shift & 15];
  return text;
}

}  // namespace

// ---- routes and groups --------------------------------------------------------------------------------------

// A transition is to be told, not before `not_before`: by the first route that matches.
void Alerts::tell(Entry& entry, Time not_before) {
  const Alert& alert = entry.alert;
  entry.news = true;
  note(entry);
  if (!alert.held_back.empty()) return;
  const auto [group, number] = group_of(alert);
  if (group.empty()) {
    leave(entry);
    tell_knowing(entry);  // escalations may have told somebody
    return;
  }
  const AlertRoute& route = settings_.routes[number];
  join(entry, group, number);

  Group& joined = groups_.find(group)->second;
  Time at = std::max(now_, not_before);
  if (joined.flushed == kNever) {
    if (alert.severity != Severity::critical && !over(entry)) at = std::max(at, now_ + route.group_wait);
  } else if (!route.group_by.empty()) {
    at = std::max(at, joined.flushed + route.group_interval);
  }
  if (joined.flush != kNever && joined.flush <= at) return;
  arm(Kind::flush, group, 0, joined.flush, at);
  note("g" + group);
}

std::pair<std::string, std::size_t> Alerts::group_of(const Alert& alert) const {
  for (std::size_t i = 0; i < settings_.routes.size(); ++i) {
    const AlertRoute& route = settings_.routes[i];
    if (!core::matches(route.match, alert)) continue;
    std::string group = std::to_string(i) + "/";
    if (route.group_by.empty()) group += alert.key;
    for (const std::string& label : route.group_by)
      group.append(label).append("=").append(label_of(alert, label)).append(",");
    return {std::move(group), i};
  }
  return {};
}

void Alerts::join(Entry& entry, const std::string& group, std::size_t route) {
  if (entry.group == group) return;
  leave(entry);
  Group& joined = groups_[group];
  joined.route = route;
  joined.members.insert(entry.alert.key);
  entry.group = group;
  note("g" + group);
}

void Alerts::leave(Entry& entry) {
  if (entry.group.empty()) return;
  const auto it = groups_.find(entry.group);
  it->second.members.erase(entry.alert.key);
  note("g" + entry.group);
  if (it->second.members.empty()) {
    arm(Kind::flush, it->first, 0, it->second.flush, kNever);
    arm(Kind::repeat, it->first, 0, it->second.repeat, kNever);
    groups_.erase(it);
  }
  entry.group.clear();
}

void Alerts::flush(const std::string& key) {
  Group& group = groups_.find(key)->second;
  const AlertRoute& route = settings_.routes[group.route];
  group.flush = kNever;
  group.flushed = now_;
  note("g" + key);
  std::map<std::string, std::vector<Alert>> out;
  std::vector<Entry*> ended;
  bool firing = false;
  for (const std::string& member : group.members) {
    Entry& entry = entries_.find(member)->second;
    firing |= !over(entry);
    if (!entry.news || !entry.alert.held_back.empty()) continue;
    std::set<std::string> receivers = knowing(entry);
    if (!over(entry) || receivers.empty()) receivers.insert(route.receivers.begin(), route.receivers.end());
    for (const std::string& receiver : receivers) {
      std::uint64_t& told = entry.told[receiver];
      if (std::exchange(told, entry.alert.version) != entry.alert.version) out[receiver].push_back(entry.alert);
    }
    entry.news = false;
    note(entry);
    if (over(entry)) ended.push_back(&entry);
  }
  const std::string order = route.group_by.empty() ? *group.members.begin() : "group/" + key;
  for (auto& [receiver, alerts] : out) send(receiver, order, std::move(alerts));
  arm(Kind::repeat, key, 0, group.repeat, firing && route.repeat_interval > 0 ? now_ + route.repeat_interval : kNever);
  for (Entry* entry : ended) leave(*entry);
}

void Alerts::remind(const std::string& key) {
  Group& group = groups_.find(key)->second;
  const AlertRoute& route = settings_.routes[group.route];
  group.repeat = kNever;
  note("g" + key);
  std::vector<Alert> alerts;
  bool goes_on = false;
  for (const std::string& member : group.members) {
    const Entry& entry = entries_.find(member)->second;
    goes_on |= !over(entry);
    if (over(entry) || entry.told.empty() || !entry.alert.held_back.empty() || !entry.alert.acknowledged_by.empty())
      continue;
    alerts.push_back(entry.alert);
    alerts.back().step = AlertStep::repeated;
  }
  const std::string order = route.group_by.empty() ? *group.members.begin() : "group/" + key;
  for (const std::string& receiver : route.receivers) {
    if (!alerts.empty()) send(receiver, order, alerts);
  }
  if (goes_on) arm(Kind::repeat, key, 0, group.repeat, now_ + route.repeat_interval);
}

std::set<std::string> Alerts::knowing(const Entry& entry) const {
  std::set<std::string> receivers;
  for (const auto& [receiver, version] : entry.told) receivers.insert(receiver);
  return receivers;
}

// Those who know of the episode are told how it is, without waiting for a group.
void Alerts::tell_knowing(Entry& entry) {
  for (auto& [receiver, told] : entry.told) {
    if (std::exchange(told, entry.alert.version) != entry.alert.version) send(receiver, entry.alert.key, {entry.alert});
  }
  entry.news = false;
  if (over(entry)) leave(entry);
}

void Alerts::send(const std::string& receiver, const std::string& order, std::vector<Alert> alerts) {
  if (!settings_.tells) return;
  Notice notice;
  notice.receiver = receiver;
  notice.order = order;
  notice.at = now_;
  std::string what = receiver + '\n' + order + '\n' + std::to_string(now_);
  for (const Alert& alert : alerts) {
    what += '\n' + alert.key + '\n' + std::to_string(alert.episode) + '\n' + std::to_string(alert.version) + '\n';
    what += name(alert.step);
  }
  notice.id = hex(Names::hash_of(what)) + hex(Names::hash_of("second half\n" + what));
  // A route's reminder and an escalation's that fall on one instant are one.
  if (alerts.front().step == AlertStep::repeated) {
    if (std::exchange(reminded_at_, now_) != now_) reminded_.clear();
    if (!reminded_.insert(notice.id).second) return;
  }
  notice.alerts = std::move(alerts);
  notices_.push_back(std::move(notice));
}

// ---- escalation ---------------------------------------------------------------------------------------------

void Alerts::walk(Entry& entry, int percent, Time not_before) {
  const std::vector<Escalation>& steps = escalations(entry.alert);
  entry.walks.resize(steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    Walk& step = entry.walks[i];
    if (steps[i].percent != percent || step.due != kNever || step.begun || step.held) continue;
    arm(Kind::escalation, entry.alert.key, i, step.due, std::max({now_, not_before, entry.alert.at + steps[i].after}));
  }
  note(entry);
}

void Alerts::stop_walking(Entry& entry) {
  for (std::size_t i = 0; i < entry.walks.size(); ++i)
    arm(Kind::escalation, entry.alert.key, i, entry.walks[i].due, kNever);
  entry.walks.clear();
}

void Alerts::run_walk(Entry& entry, std::size_t number) {
  const std::vector<Escalation>& steps = escalations(entry.alert);
  Walk& step = entry.walks[number];
  const Time due = step.due;
  arm(Kind::escalation, entry.alert.key, number, step.due, kNever);
  note(entry);
  if (number >= steps.size()) return;
  const Escalation& escalation = steps[number];
  if (escalation.unless_acknowledged && !entry.alert.acknowledged_by.empty()) return;
  if (!entry.alert.held_back.empty()) {
    step.held = true;
    return;
  }
  const bool again = std::exchange(step.begun, true);
  // Told at once with the transition itself, a step is no transition of its own.
  if (!again && escalation.after > 0 && !over(entry)) change(entry, AlertStep::escalated, due, "");
  Alert alert = entry.alert;
  if (again) alert.step = AlertStep::repeated;
  for (const std::string& receiver : escalation.receivers) {
    std::uint64_t& told = entry.told[receiver];
    const bool knows = std::exchange(told, alert.version) == alert.version;
    if (again || !knows) send(receiver, alert.key, {alert});
  }
  if (escalation.repeat == 0 || over(entry)) return;
  const Time next = due + ((now_ - due) / escalation.repeat + 1) * escalation.repeat;
  arm(Kind::escalation, entry.alert.key, number, entry.walks[number].due, next);
}

// What was missed while nobody looked is told at a limited rate: the next instant that is free.
Time Alerts::late_slot() {
  if (settings_.late_per_second == 0) return now_;
  const auto slot = [&] {
    return late_from_ + static_cast<Duration>(late_count_ * 1000 / settings_.late_per_second);
  };
  if (slot() <= now_) {
    late_from_ = now_;
    late_count_ = 0;
  }
  const Time free = slot();
  ++late_count_;
  note("m");
  return free;
}

}  // namespace core
