// What survives of alerts, as rows of the table `alert`, and what other settings make of them after a restart.
//
//   'a' key                an alert under way, or over and remembered
//   'g' group              who is in it, when it was told, when it is told next
//   'h' number (8)         a change, as the history has it
//   'm'                    the last number, and the late ones waiting
//   'o' source             when it was heard
//   'q' id                 a silence
//   'x' key                a clock's alert that was one too many
//   'r' rule 0 scope       a rule's machine where it is not normal (core/engine_alerts.cpp)
#include <algorithm>

#include "core/alerts.h"
#include "core/keep_codec.h"
#include "core/names.h"

namespace core {
namespace {

using windows::kNever;

void put(RowWriter& row, Time time) { row.number(time == kNever ? 0 : static_cast<std::uint64_t>(time) + 1); }
Time take(RowReader& row) {
  const std::uint64_t number = row.number();
  return number == 0 ? kNever : static_cast<Time>(number - 1);
}
void put(RowWriter& row, const std::optional<double>& value) {
  row.byte(value.has_value());
  if (value) row.raw(*value);
}
std::optional<double> take_value(RowReader& row) {
  return row.byte() == 0 ? std::nullopt : std::optional(row.raw<double>());
}

Error damaged(std::string_view key) {
  std::string shown;
  for (const char c : key) shown += c >= ' ' && c <= '~' ? c : '?';
  return {"damaged", "the row alert \"" + shown + "\" makes no sense", "alert \"" + shown + "\""};
}

}  // namespace

// The history is searched by the first three, without reading the rest.
std::string alert_row(const Alert& a) {
  RowWriter row;
  row.difference(a.noticed);
  for (const std::string* text : {&a.key, &a.scope, &a.name}) row.text(*text);
  row.byte(static_cast<std::uint8_t>(a.severity));
  row.byte(static_cast<std::uint8_t>(a.state));
  row.byte(static_cast<std::uint8_t>(a.step));
  row.byte(a.late);
  row.number(a.episode);
  row.number(a.version);
  for (const Time time : {a.at, a.started, a.fired, a.ended, a.acknowledged_at, a.due}) put(row, time);
  for (const std::string* text : {&a.summary, &a.reason, &a.by, &a.acknowledged_by, &a.held_back, &a.held_why,
                                  &a.unit, &a.record_kind, &a.record_id})
    row.text(*text);
  put(row, a.value);
  put(row, a.threshold);
  row.number(a.labels.size());
  for (const auto& [label, value] : a.labels) {
    row.text(label);
    row.text(value);
  }
  return row.take();
}

bool read_alert(std::string_view value, Alert& a) {
  RowReader row(value);
  a.noticed = row.difference();
  for (std::string* text : {&a.key, &a.scope, &a.name}) *text = row.text();
  const std::uint8_t severity = row.byte(), state = row.byte(), step = row.byte();
  a.severity = static_cast<Severity>(severity);
  a.state = static_cast<AlertState>(state);
  a.step = static_cast<AlertStep>(step);
  a.late = row.byte() != 0;
  a.episode = row.number32();
  a.version = row.number();
  for (Time* time : {&a.at, &a.started, &a.fired, &a.ended, &a.acknowledged_at, &a.due}) *time = take(row);
  for (std::string* text : {&a.summary, &a.reason, &a.by, &a.acknowledged_by, &a.held_back, &a.held_why, &a.unit,
                            &a.record_kind, &a.record_id})
    *text = row.text();
  a.value = take_value(row);
  a.threshold = take_value(row);
  a.labels.clear();
  for (std::uint64_t n = row.number(); n > 0 && row.ok(); --n) {
    const std::string_view label = row.text();
    a.labels.emplace_back(label, row.text());
  }
  return row.ok() && row.done() && severity < kSeverities && state < kAlertStates && step < kAlertSteps;
}

// ---- writing ------------------------------------------------------------------------------------------------

std::string Alerts::entry_row(const Entry& entry) {
  RowWriter row;
  row.text(alert_row(entry.alert));
  row.number(static_cast<std::uint64_t>(entry.level));
  row.byte(entry.news);
  row.byte(entry.flapping);
  row.byte(entry.holds);
  row.number(entry.turns.size());
  for (const Time turned : entry.turns) put(row, turned);
  put(row, entry.calm);
  row.number(entry.told.size());
  for (const auto& [receiver, version] : entry.told) {
    row.text(receiver);
    row.number(version);
  }
  row.text(entry.group);
  row.number(entry.walks.size());
  for (const Walk& step : entry.walks) {
    put(row, step.due);
    row.byte(step.begun);
    row.byte(step.held);
  }
  return row.take();
}

// As it is now; empty: there is none.
std::string Alerts::row_of(std::string_view key) const {
  RowWriter row;
  const std::string_view rest = key.substr(1);
  switch (key[0]) {
    case 'a': {
      const auto it = entries_.find(rest);
      return it == entries_.end() ? "" : entry_row(it->second);
    }
    case 'g': {
      const auto it = groups_.find(rest);
      if (it == groups_.end()) return "";
      row.number(it->second.route);
      for (const Time time : {it->second.flushed, it->second.flush, it->second.repeat}) put(row, time);
      return row.take();
    }
    case 'h': {
      const std::uint64_t number = std::uint64_t{key_number(key, 1)} << 32 | key_number(key, 5);
      const std::uint64_t first = number_ + 1 - history_.size();
      return number < first ? "" : history_[number - first];
    }
    case 'x': return refused_.count({refused_name(rest), std::string(rest)}) != 0 ? row.take() : std::string();
    case 'm':
      row.number(number_);
      put(row, late_from_);
      row.number(late_count_);
      return row.take();
    case 'o':
      for (std::size_t i = 0; i < sources_.size(); ++i) {
        if (settings_.sources[i].source != rest) continue;
        const SourceState& state = sources_[i];
        put(row, state.heard);
        put(row, state.catching_up);
        for (const bool flag : {state.silent, state.calls, state.tickets}) row.byte(flag);
        return row.take();
      }
      return "";
    default: {
      const auto it = silences_.find(rest);
      if (it == silences_.end()) return "";
      const Silence& silence = it->second.silence;
      for (const std::string* text : {&silence.matcher, &silence.by, &silence.reason}) row.text(*text);
      put(row, silence.from);
      put(row, silence.to);
      return row.take();
    }
  }
}

std::vector<Kept> Alerts::take_rows() {
  std::vector<Kept> rows;
  rows.reserve(dirty_.size());
  for (const std::string& key : dirty_) rows.push_back({Keep::alert, key, row_of(key)});
  dirty_.clear();
  for (SourceState& state : sources_) state.noted = false;
  return rows;
}

std::uint64_t Alerts::digest() const {
  std::uint64_t sum = 0;
  const auto add = [&](const std::string& key) { sum += Names::hash_of(key + '\n' + row_of(key)); };
  for (const auto& [key, entry] : entries_) add("a" + key);
  for (const auto& [key, group] : groups_) add("g" + key);
  for (const auto& [id, silence] : silences_) add("q" + id);
  for (const auto& [name, key] : refused_) add("x" + key);
  for (const SourceWatch& watch : settings_.sources) add("o" + watch.source);
  for (std::uint64_t number = number_ + 1 - history_.size(); number <= number_; ++number) {
    std::string key = "h";
    append_key(key, number);
    add(key);
  }
  add("m");
  return sum;
}

std::size_t Alerts::bytes() const {
  std::size_t total = history_.size() * sizeof(std::string);
  for (const std::string& row : history_) total += row.capacity();
  for (const auto& [key, entry] : entries_) {
    const Alert& a = entry.alert;
    total += sizeof entry + key.capacity() + 64;
    for (const std::string* text : {&a.key, &a.name, &a.scope, &a.summary, &a.reason, &a.held_why, &a.record_id})
      total += text->capacity() > 15 ? text->capacity() : 0;
    total += a.labels.capacity() * sizeof(Labels::value_type) + entry.told.size() * 80 +
             entry.walks.capacity() * sizeof(Walk) + entry.turns.capacity() * sizeof(Time);
  }
  return total + timers_.size() * 120 + groups_.size() * 250;
}

// ---- reading ------------------------------------------------------------------------------------------------

Status Alerts::restore(Archive& archive) {
  Status status = Done{};
  const auto part = [&](char first, bool (Alerts::*read)(std::string_view, RowReader&, std::string_view)) {
    if (!status) return;
    archive.scan(Keep::alert, std::string(1, first), std::string(1, static_cast<char>(first + 1)),
                 [&](std::string_view key, std::string_view value) {
                   RowReader row(value);
                   if ((this->*read)(key.substr(1), row, value)) return true;
                   status = damaged(key);
                   return false;
                 });
  };
  part('m', &Alerts::read_meta);
  part('h', &Alerts::read_change);
  part('o', &Alerts::read_source);
  part('q', &Alerts::read_silence);
  part('g', &Alerts::read_group);
  part('a', &Alerts::read_entry);
  part('x', &Alerts::read_refused);
  if (!status) return status;
  if (number_ - history_.size() > number_) return damaged("h");
  taken_ = number_;
  std::sort(ended_.begin(), ended_.end());
  for (const auto& [key, group] : groups_) {
    if (group.members.empty()) return damaged("g" + key);
  }
  changed_ = false;
  return status;
}

bool Alerts::read_meta(std::string_view, RowReader& row, std::string_view) {
  number_ = row.number();
  late_from_ = take(row);
  late_count_ = row.number();
  return row.ok() && row.done();
}

bool Alerts::read_change(std::string_view key, RowReader&, std::string_view value) {
  const std::uint64_t number = std::uint64_t{key_number(key, 0)} << 32 | key_number(key, 4);
  Alert alert;
  if (key.size() != 8 || !read_alert(value, alert) || alert.version != number || number > number_) return false;
  history_.emplace_back(value);
  return true;
}

bool Alerts::read_source(std::string_view key, RowReader& row, std::string_view) {
  SourceState state;
  state.heard = take(row);
  const Time catching_up = take(row);
  state.silent = row.byte() != 0;
  state.calls = row.byte() != 0;
  state.tickets = row.byte() != 0;
  if (!row.ok() || !row.done()) return false;
  bool known = false;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (settings_.sources[i].source != key) continue;
    known = true;
    sources_[i] = state;
    arm(Kind::caught_up, "", i, sources_[i].catching_up, catching_up);
  }
  if (!known) dirty_.insert("o" + std::string(key));  // not watched any more: the row goes
  return true;
}

bool Alerts::read_silence(std::string_view key, RowReader& row, std::string_view) {
  Silence silence;
  silence.id = key;
  for (std::string* text : {&silence.matcher, &silence.by, &silence.reason}) *text = row.text();
  silence.from = take(row);
  silence.to = take(row);
  auto matcher = parse_matcher(silence.matcher);
  if (!row.ok() || !row.done() || !matcher || silence.to == kNever) return false;
  Time slot = kNever;
  arm(Kind::silence_ends, silence.id, 0, slot, silence.to);
  silences_[std::string(key)] = {std::move(silence), std::move(*matcher)};
  return true;
}

bool Alerts::read_refused(std::string_view key, RowReader& row, std::string_view) {
  if (!row.ok() || !row.done()) return false;
  refused_.emplace(refused_name(key), key);
  return true;
}

bool Alerts::read_group(std::string_view key, RowReader& row, std::string_view) {
  const std::string name(key);
  Group& group = groups_[name];
  group.route = row.number();
  group.flushed = take(row);
  const Time flush = take(row), repeat = take(row);
  arm(Kind::flush, name, 0, group.flush, flush);
  arm(Kind::repeat, name, 0, group.repeat, repeat);
  return row.ok() && row.done();
}

bool Alerts::read_entry(std::string_view key, RowReader& row, std::string_view) {
  const std::string name(key);
  Entry& entry = entries_[name];
  if (!read_alert(row.text(), entry.alert) || entry.alert.key != key) return false;
  entry.level = static_cast<int>(row.number());
  entry.news = row.byte() != 0;
  entry.flapping = row.byte() != 0;
  entry.holds = row.byte() != 0;
  for (std::uint64_t n = row.number(); n > 0 && row.ok(); --n) entry.turns.push_back(take(row));
  const Time calm = take(row);
  arm(Kind::calm, name, 0, entry.calm, calm);
  for (std::uint64_t n = row.number(); n > 0 && row.ok(); --n) {
    const std::string_view receiver = row.text();
    entry.told.emplace(receiver, row.number());
  }
  entry.group = row.text();
  const std::uint64_t walks = row.number();
  for (std::uint64_t i = 0; i < walks && row.ok(); ++i) {
    Walk& step = entry.walks.emplace_back();
    const Time due = take(row);
    step.begun = row.byte() != 0;
    step.held = row.byte() != 0;
    arm(Kind::escalation, name, i, step.due, due);
  }
  if (!row.ok() || !row.done()) return false;
  if (!entry.group.empty()) {
    const auto group = groups_.find(entry.group);
    if (group == groups_.end()) return false;
    group->second.members.insert(name);
  }
  if (over(entry)) {
    ended_.emplace_back(entry.alert.version, name);
  } else {
    count(entry.alert, +1);
    take_sides(entry, true);
  }
  return true;
}

// ---- other settings -----------------------------------------------------------------------------------------

// With the settings it was kept under this does nothing.
void Alerts::reconcile() {
  for (const std::string& key : keys("source/")) {
    const std::string_view source = std::string_view(key).substr(7);
    const bool watched = std::any_of(settings_.sources.begin(), settings_.sources.end(),
                                     [&](const SourceWatch& watch) { return watch.source == source; });
    if (!watched) end(key, AlertStep::rescinded, now_, "it is not watched any more");
  }
  for (const std::string& key : keys("overflow/")) end_overflow(key.substr(9));
  for (auto& [key, entry] : entries_) {
    const std::string meant = entry.group.empty() && over(entry) ? "" : group_of(entry.alert).first;
    if (!over(entry)) {
      const std::size_t steps = escalations(entry.alert).size();
      for (std::size_t i = steps; i < entry.walks.size(); ++i)
        arm(Kind::escalation, key, i, entry.walks[i].due, kNever);
      if (entry.walks.size() != steps) note(entry);
      entry.walks.resize(steps);
      hold_or_release(entry, false);
    }
    if (entry.group == meant || entry.level == 0) continue;
    if (!entry.group.empty()) {
      leave(entry);
      note(entry);
    }
    const bool recent = now_ - entry.alert.started < settings_.not_told_after;
    if (!over(entry) && entry.alert.held_back.empty() && (entry.news || (entry.told.empty() && recent)))
      tell(entry, now_);
  }
}

}  // namespace core
