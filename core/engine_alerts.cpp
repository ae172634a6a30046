// Alerts of an engine: rules judged at whole seconds, clocks reported as they change, what people do about them.
#include <algorithm>

#include "core/engine_state.h"
#include "core/keep_codec.h"

namespace core {
namespace {

constexpr std::uint32_t kNone = Scopes::kNone;

std::string rule_row_key(const AlertRule& rule, std::string_view scope) {
  std::string key = "r" + rule.id;
  key += '\0';
  return key += scope;
}

std::string rule_key(const AlertRule& rule, std::string_view scope) {
  return "rule/" + rule.id + "/" + std::string(scope);
}

bool is_about(const AlertRule& rule, std::string_view scope) {
  const auto fits = [&](const std::string& pattern) { return matches(pattern, scope); };
  return std::any_of(rule.scopes.begin(), rule.scopes.end(), fits) &&
         std::none_of(rule.except.begin(), rule.except.end(), fits);
}

std::string shown(double value, Unit unit, int decimals) {
  if (unit == Unit::duration || unit == Unit::time) return spoken(static_cast<Duration>(value));
  std::string text = std::to_string(rounded(value, decimals));
  while (text.find('.') != std::string::npos && (text.back() == '0' || text.back() == '.')) {
    const bool dot = text.back() == '.';
    text.pop_back();
    if (dot) break;
  }
  return text + (unit == Unit::percent ? " %" : "");
}

// Whether the sources can tell what the rule is judged by. `state`: Engine::State, which only Engine can name.
template <class State>
bool told(const State& state, const Judging::Rule& rule, const Scope& scope) {
  return state.told(rule.column, scope) && (!rule.sample || state.told(*rule.sample, scope));
}

bool of_interest(const ClockState& clock) { return !clock.passed.empty() || clock.breached_at != kNever; }

}  // namespace

// ---- settings -----------------------------------------------------------------------------------------------

Status Engine::State::prepare_rules() {
  const auto& rules = settings.alerts.rules;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const AlertRule& rule = rules[i];
    const std::string where = "rules[" + std::to_string(i) + "]";
    const auto bad = [&](const std::string& message, const char* what) {
      return Error{"bad_rule", "alert rule \"" + rule.id + "\": " + message, where + what};
    };
    if (rule.id.empty()) return bad("it needs an id", ".id");
    for (std::size_t j = 0; j < i; ++j) {
      if (rules[j].id == rule.id) return bad("there is another one of that name", ".id");
    }
    if (rule.scopes.empty()) return bad("it needs scopes", ".scopes");
    if (rule.above ? rule.leave > rule.enter : rule.leave < rule.enter)
      return bad("`leave` lies on the good side of `enter`, or is the same", ".leave");
    if (rule.hold < 0 || rule.keep_firing < 0) return bad("durations are not negative", ".for");
    if (rule.calendar >= static_cast<int>(settings.sla.calendars.size())) return bad("no such calendar", ".calendar");
    Judging::Rule prepared;
    const std::string window = rule.window.empty() ? "" : "@" + rule.window;
    auto column = parse_column(rule.kpi + window);
    if (!column)
      return Error{column.error().code, "alert rule \"" + rule.id + "\": " + column.error().message, where + ".kpi"};
    if (column->kpi < 0) return bad("\"" + rule.kpi + "\" is no number", ".kpi");
    prepared.column = std::move(*column);
    const Catalogue::Kpi& kpi = catalogue.kpis()[static_cast<std::size_t>(prepared.column.kpi)];
    prepared.since = kpi.spec.unit == Unit::time;
    // What is open is no part of a series' revision.
    const auto asks_oldest = [](const Catalogue::Instruction& step) { return step.op == Term::Op::oldest; };
    prepared.moves = kpi.moves || std::any_of(kpi.program.begin(), kpi.program.end(), asks_oldest);
    if (!rule.sample_kpi.empty()) {
      auto sample = parse_column(rule.sample_kpi + window);
      if (!sample || sample->kpi < 0)
        return bad("\"" + rule.sample_kpi + "\" is no KPI of that window to count samples by", ".sample_kpi");
      prepared.moves |= catalogue.kpis()[static_cast<std::size_t>(sample->kpi)].moves;
      prepared.sample = std::move(*sample);
    }
    judging.rules.push_back(std::move(prepared));
  }
  return Done{};
}

// ---- judging ------------------------------------------------------------------------------------------------

// New scopes may be what a rule is about.
void Engine::State::match_rules() {
  for (auto id = static_cast<std::uint32_t>(judging.scopes.size()); id < scopes.size(); ++id) {
    Judging::Scope& added = judging.scopes.emplace_back();
    for (std::size_t r = 0; r < judging.rules.size(); ++r) {
      if (!is_about(settings.alerts.rules[r], scopes[id].key)) continue;
      Judging::Rule& rule = judging.rules[r];
      added.rules.emplace_back(static_cast<std::uint32_t>(r), static_cast<std::uint32_t>(rule.at.size()));
      rule.at.emplace_back();
    }
  }
}

void Engine::State::judge_rules() {
  alerts.judge_sources(now);
  if (judging.rules.empty()) return;
  match_rules();
  for (std::size_t r = 0; r < judging.rules.size(); ++r) {
    const AlertRule& rule = settings.alerts.rules[r];
    Judging::Rule& state = judging.rules[r];
    const bool open = rule.calendar < 0 || settings.sla.calendars[static_cast<std::size_t>(rule.calendar)].open_at(now);
    const bool trusted = !alerts.watches() || alerts.doubtful(rule.sources) == nullptr;
    state.afresh = open != state.open || trusted != state.trusted;
    state.open = open;
    state.trusted = trusted;
  }
  for (std::uint32_t id = 0; id < judging.scopes.size(); ++id) {
    Judging::Scope& scope = judging.scopes[id];
    if (scope.rules.empty()) continue;
    windows::Series& series = scopes[id].series;
    series.settle(catalogue.layout(), clock());
    const bool moved = scope.revision != series.revision() || scope.midnight != midnight;
    for (const auto& [rule, place] : scope.rules) judge_rule(rule, id, place, moved);
    scope.revision = series.revision();
    scope.midnight = midnight;
  }
}

void Engine::State::judge_rule(std::uint32_t number, std::uint32_t scope, std::uint32_t place, bool moved) {
  const AlertRule& rule = settings.alerts.rules[number];
  Judging::Rule& state = judging.rules[number];
  Judging::At& at = state.at[place];
  if (!state.open && !state.afresh && at.quiet) return;
  const bool told = core::told(*this, state, scopes[scope]);
  const bool look = state.open && (moved || state.moves || state.afresh || !at.seen || told != at.told);
  at.told = told;
  if (look && !told) {
    // Whatever the number is, it says nothing about the queue.
    at.value.reset();
    at.seen = true;
  } else if (look) {
    const Value value = evaluate(state.column, scopes[scope]);
    at.value.reset();
    if (state.since) at.value = 0;  // nothing goes on: since no time
    if (value.kind == Value::Kind::number)
      at.value = state.since ? static_cast<double>(now) - value.number : value.number;
    const Value sample = state.sample ? evaluate(*state.sample, scopes[scope]) : Value::of(rule.sample_min);
    at.enough = sample.kind == Value::Kind::number && sample.number >= rule.sample_min;
    at.seen = true;
  } else if (at.quiet && !state.afresh) {
    return;
  }
  const RuleMachine was = at.machine;
  const Turn turn = judge(rule, {at.value, at.enough, state.open, state.trusted}, now, at.machine);
  if (turn != Turn::none && !take_turn(rule, state, scope, turn, at)) at.machine = was;  // one too many: try again
  at.quiet = at.machine == RuleMachine{} && was == RuleMachine{} && turn == Turn::none;
  if (at.machine == was) return;
  judging.changed.insert({number, scope});
  alerts.mark_changed();
}

// False: the alert would be one too many.
bool Engine::State::take_turn(const AlertRule& rule, const Judging::Rule& state, std::uint32_t scope, Turn turn,
                              const Judging::At& at) {
  const std::string key = rule_key(rule, scopes[scope].key);
  switch (turn) {
    case Turn::none: return true;
    case Turn::pending: return alerts.begin(rule_alert(rule, state, scope, at), AlertStep::pending, 0);
    case Turn::fired: return alerts.begin(rule_alert(rule, state, scope, at), AlertStep::fired, 100);
    case Turn::no_data: return alerts.begin(rule_alert(rule, state, scope, at), AlertStep::no_data, 100);
    case Turn::recovering: alerts.go_on(key, AlertStep::recovering, now, at.value); return true;
    case Turn::relapsed: alerts.go_on(key, AlertStep::relapsed, now, at.value); return true;
    case Turn::dropped:
    case Turn::resolved: alerts.end(key, AlertStep::resolved, now, "", at.value); return true;
    case Turn::closed: alerts.end(key, AlertStep::resolved, now, "outside its hours"); return true;
  }
  return true;
}

Alert Engine::State::rule_alert(const AlertRule& rule, const Judging::Rule& state, std::uint32_t scope,
                                const Judging::At& at) {
  const KpiSpec& kpi = catalogue.kpis()[static_cast<std::size_t>(state.column.kpi)].spec;
  const Scope& about = scopes[scope];
  Alert alert;
  alert.key = rule_key(rule, about.key);
  alert.name = rule.id;
  alert.scope = about.key;
  alert.severity = rule.severity;
  alert.at = now;
  alert.value = at.value;
  alert.threshold = rule.enter;
  alert.unit = core::name(state.since ? Unit::duration : kpi.unit);
  const std::string title = !rule.title.empty() ? rule.title : kpi.title.empty() ? kpi.id : kpi.title;
  alert.summary = title + ", " + about.key + ": " +
                  (at.value  ? shown(*at.value, kpi.unit, kpi.decimals)
                   : at.told ? std::string("no data")
                             : std::string("not available from its sources")) + " (limit " +
                  shown(rule.enter, kpi.unit, kpi.decimals) + ")";
  alert.labels = rule.labels;
  const auto label = [&](const char* its, std::string_view value) {
    const auto same = [&](const auto& known) { return known.first == its; };
    if (std::none_of(alert.labels.begin(), alert.labels.end(), same)) alert.labels.emplace_back(its, value);
  };
  label("kind", "rule");
  label("kpi", kpi.id);
  if (!rule.window.empty()) label("window", rule.window);
  add_scope_labels(about.kind, about.name, label);
  std::sort(alert.labels.begin(), alert.labels.end());
  return alert;
}

// "queue", "agent" … and where the roster says so the team and site it belongs to now.
void Engine::State::add_scope_labels(ScopeKind kind, std::uint32_t name,
                                     const std::function<void(const char*, std::string_view)>& label) const {
  constexpr const char* kOf[] = {"tenant", "site", "team", "queue", "agent", "channel", "priority"};
  if (kind == ScopeKind::tenant) return;
  label(kOf[static_cast<int>(kind)], names(kind).text(name));
  if (kind != ScopeKind::queue && kind != ScopeKind::agent) return;
  const Membership member = (kind == ScopeKind::agent ? agent_roster : queue_roster).at(name, now);
  if (member.team != kNone) label("team", names(ScopeKind::team).text(member.team));
  if (member.site != kNone) label("site", names(ScopeKind::site).text(member.site));
}

// ---- clocks -------------------------------------------------------------------------------------------------

void Engine::State::report_clocks(const Record& record, const Clocks& was, const Clocks& is) {
  const auto find = [](const Clocks& in, const ClockState& like) -> const ClockState* {
    for (const ClockState& clock : in) {
      if (clock.kind == like.kind && clock.instance == like.instance) return &clock;
    }
    return nullptr;
  };
  for (const ClockState& clock : is) {
    const ClockState* before_it = find(was, clock);
    if (before_it != nullptr && (*before_it == clock || !(of_interest(*before_it) || of_interest(clock)))) continue;
    if (before_it != nullptr || of_interest(clock)) report(record, clock, before_it, &clock);
  }
  for (const ClockState& clock : was) {
    if (of_interest(clock) && find(is, clock) == nullptr) report(record, clock, &clock, nullptr);
  }
}

// `clock` is one of the two, for its name.
void Engine::State::report(const Record& record, const ClockState& clock, const ClockState* was,
                                 const ClockState* is) {
  const std::string key = clock_alert(record, clock, 0).key;
  const bool breached = is != nullptr && is->breached_at != kNever;
  const int reached = breached ? 100 : is == nullptr || is->passed.empty() ? 0 : is->passed.back().percent;
  alerts.not_refused(key);
  int level = alerts.level(key);
  if (level > reached) {
    const char* why = is == nullptr  ? "nothing is promised any more"
                      : level == 100 ? "it was not breached, as is known now"
                                     : "its deadline moved";
    alerts.end(key, AlertStep::rescinded, now, why);
    level = 0;
  }
  if (is == nullptr) return;
  const bool told_before = was != nullptr && was->breached_at != kNever && !was->open();
  if (!is->open() && level == 0 && (!breached || told_before)) return;
  // Warning points that were not passed in time to warn of anything are left out.
  for (const ClockState::Passed& point : is->passed) {
    if (breached || !is->open() || point.percent <= level) continue;
    Alert about = clock_alert(record, *is, point.percent);
    about.at = point.at;
    alerts.begin(about, AlertStep::warned, point.percent);
  }
  if (breached && level < 100) {
    Alert about = clock_alert(record, *is, 100);
    about.at = is->breached_at;
    alerts.begin(about, AlertStep::fired, 100);
  }
  if (is->open()) return;
  alerts.end(key, AlertStep::resolved, is->ended, is->state == ClockState::State::cancelled ? "cancelled" : "");
  alerts.not_refused(key);  // what is over waits for no room
}

// Alerts that were one too many, as far as there is room for them now.
void Engine::State::report_refused() {
  if (!alerts.any_refused()) return;
  for (const std::string& key : alerts.room()) {
    const std::string_view head = std::string_view(key).substr(0, key.rfind('/', key.rfind('/') - 1));
    const bool call = head.substr(4, 5) == "call/";
    const auto kind = call ? Record::Kind::call : Record::Kind::ticket;
    const std::uint32_t index = find_record(kind, head.substr(call ? 9 : 11));
    if (index == kNone) continue;
    Facts facts;
    tell(records[index], now, facts);
    for (const ClockState& clock : facts.clocks) {
      if (clock.open() && of_interest(clock) && clock_alert(records[index], clock, 0).key == key)
        report(records[index], clock, &clock, &clock);
    }
  }
}

Alert Engine::State::clock_alert(const Record& record, const ClockState& clock, int percent) {
  Alert alert;
  alert.record_kind = record.kind == Record::Kind::call ? "call" : "ticket";
  alert.record_id = record.id;
  const std::string kind(core::name(clock.kind));
  alert.key = "sla/" + alert.record_kind + "/" + record.id + "/" + kind + "/" + std::to_string(clock.instance);
  if (percent == 0) return alert;
  const Scopes& about = clock.scopes;
  alert.name = "sla." + kind;
  alert.scope = "tenant";
  if (about.queue != kNoQueue) alert.scope = "queue/" + std::string(names(ScopeKind::queue).text(about.queue));
  alert.severity = percent == 100 ? Severity::critical : Severity::warning;
  alert.due = clock.due;
  const std::string what = (record.kind == Record::Kind::call ? "Call " : "Ticket ") + record.id + ": " + kind;
  const std::string target = spoken(clock.target);
  alert.summary = percent == 100 ? what + " is over its target of " + target
                                 : what + " has used " + std::to_string(percent) + " % of " + target;
  alert.labels = {{"kind", "clock"}, {"clock", kind}, {"policy", settings.sla.policies[clock.policy].id}};
  const auto label = [&](const char* its, ScopeKind of, std::uint32_t name, std::uint32_t none) {
    if (name != none) alert.labels.emplace_back(its, names(of).text(name));
  };
  label("queue", ScopeKind::queue, about.queue, kNoQueue);
  label("team", ScopeKind::team, about.team, kNone);
  label("site", ScopeKind::site, about.site, kNone);
  label("agent", ScopeKind::agent, about.agent, kNone);
  label("channel", ScopeKind::channel, about.channel, kNoName);
  label("priority", ScopeKind::priority, about.priority, kNoName);
  std::sort(alert.labels.begin(), alert.labels.end());
  return alert;
}

// ---- what people do -----------------------------------------------------------------------------------------

Result<Outcome> Engine::State::apply_to_alerts(const Event& event) {
  const Status done = apply_alert_event(event);
  if (!done) return done.error();
  return Outcome::applied;
}

Status Engine::State::apply_alert_event(const Event& event) {
  switch (event.type) {
    case EventType::alert_acknowledged: return alerts.acknowledge(event.subject, event.by, event.reason);
    case EventType::alert_silenced:
      return alerts.silence({std::string(event.subject), std::string(event.text), std::string(event.by),
                             std::string(event.reason), event.at, event.at + event.value});
    case EventType::alert_silence_ended: return alerts.end_silence(event.subject);
    case EventType::sources_told: return coverage.at_work(event.text);
    default: alerts.listening(); return Done{};
  }
}

// ---- what survives ------------------------------------------------------------------------------------------

void Engine::State::take_alert_rows() {
  for (Kept& row : alerts.take_rows()) keeping.ready.push_back(std::move(row));
  for (const auto& [rule, scope] : judging.changed) {
    const auto& placed = judging.scopes[scope].rules;
    const auto place = std::find_if(placed.begin(), placed.end(), [r = rule](const auto& p) { return p.first == r; });
    const RuleMachine& machine = judging.rules[rule].at[place->second].machine;
    keeping.ready.push_back({Keep::alert, rule_row_key(settings.alerts.rules[rule], scopes[scope].key),
                             machine == RuleMachine{} ? std::string() : machine_row(machine)});
  }
  judging.changed.clear();
  for (std::string& key : judging.unknown) keeping.ready.push_back({Keep::alert, std::move(key), ""});
  judging.unknown.clear();
}

std::string Engine::State::machine_row(const RuleMachine& machine) const {
  RowWriter row;
  row.byte(static_cast<std::uint8_t>(machine.state));
  row.raw(machine.since);
  row.raw(machine.none_since);
  return row.take();
}

Status Engine::State::read_alerts(Archive& from) {
  alerts.at(now);
  if (const Status status = alerts.restore(from); !status) return status;
  match_rules();
  Status status = Done{};
  from.scan(Keep::alert, "r", "s", [&](std::string_view key, std::string_view value) {
    RowReader row(value);
    const std::uint8_t state = row.byte();
    RuleMachine machine{static_cast<AlertState>(state), row.raw<Time>(), row.raw<Time>()};
    const std::size_t end = key.find('\0');
    if (!row.ok() || !row.done() || state >= kAlertStates || end == std::string_view::npos) {
      status = Error{"damaged", "a row of a rule's state makes no sense", "alert \"" + std::string(key) + "\""};
      return false;
    }
    RuleMachine* known = machine_of(key.substr(1, end - 1), key.substr(end + 1));
    if (known == nullptr) {
      judging.unknown.emplace_back(key);
    } else {
      *known = machine;
    }
    return true;
  });
  return status;
}

RuleMachine* Engine::State::machine_of(std::string_view rule, std::string_view scope) {
  const Scope* found = find_scope(scope);
  if (found == nullptr) return nullptr;
  const std::uint32_t id = this->scope(found->kind, found->name);
  for (const auto& [number, place] : judging.scopes[id].rules) {
    if (settings.alerts.rules[number].id == rule) return &judging.rules[number].at[place].machine;
  }
  return nullptr;
}

// After all is read: what other settings make of the alerts there were.
void Engine::State::reconcile_alerts() {
  for (const std::string& key : alerts.keys("rule/")) {
    const Alert* alert = alerts.find(key);
    if (machine_of(alert->name, alert->scope) == nullptr)
      alerts.end(key, AlertStep::rescinded, now, "settings changed: there is no such rule");
  }
  // What was never to be reported is not, under other settings: only what is open.
  for (const std::uint32_t index : to_reconcile) {
    tell(records[index], now, after);
    const Clocks clocks = after.clocks;
    for (const ClockState& clock : clocks) {
      if (clock.open() && of_interest(clock)) report(records[index], clock, &clock, &clock);
    }
  }
  to_reconcile = {};
  reconcile_clock_alerts();
  alerts.reconcile();
}

// Alerts of clocks that there are no more, or not as the alert says.
void Engine::State::reconcile_clock_alerts() {
  for (const std::string& key : alerts.keys("sla/")) {
    const Alert alert = *alerts.find(key);
    const auto kind = alert.record_kind == "call" ? Record::Kind::call : Record::Kind::ticket;
    const std::uint32_t index = find_record(kind, alert.record_id);
    after.clear();
    if (index != kNone) tell(records[index], now, after);
    const auto clock = std::find_if(after.clocks.begin(), after.clocks.end(), [&](const ClockState& c) {
      return clock_alert(records[index], c, 0).key == key;
    });
    if (clock == after.clocks.end()) {
      alerts.end(key, AlertStep::rescinded, now, "settings changed: nothing is promised any more");
    } else {
      report(records[index], *clock, &*clock, &*clock);
    }
  }
}

// ---- the engine's answers -----------------------------------------------------------------------------------

std::vector<AlertChange> Engine::take_alert_changes() { return state_->alerts.take_changes(); }
std::vector<Notice> Engine::take_notices() { return state_->alerts.take_notices(); }
bool Engine::alerts_changed() const { return state_->alerts.changed(); }
std::uint64_t Engine::last_alert_change() const { return state_->alerts.last_number(); }
std::vector<Alert> Engine::active_alerts() const { return state_->alerts.all_active(); }
std::vector<AlertChange> Engine::alert_history(const AlertFilter& filter) const {
  return state_->alerts.history(filter);
}
std::vector<Silence> Engine::silences() const { return state_->alerts.silences(); }
Time Engine::next_alert_due() const { return state_->alerts.next_due(); }

std::optional<Alert> Engine::alert(std::string_view key) const {
  const Alert* found = state_->alerts.find(key);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

std::vector<RuleState> Engine::rule_states(std::string_view pattern) const {
  const State& s = *state_;
  std::vector<RuleState> states;
  for (std::uint32_t id = 0; id < s.judging.scopes.size(); ++id) {
    for (const auto& [number, place] : s.judging.scopes[id].rules) {
      const AlertRule& rule = s.settings.alerts.rules[number];
      const Judging::At& at = s.judging.rules[number].at[place];
      if (!matches(pattern, s.scopes[id].key)) continue;
      const bool told = core::told(s, s.judging.rules[number], s.scopes[id]);
      if (told && at.machine.state == AlertState::normal) continue;
      states.push_back({rule.id, s.scopes[id].key, at.machine.state, rule.severity, at.machine.since, at.value, told});
    }
  }
  return states;
}

std::uint64_t Engine::alerts_digest() const {
  const State& s = *state_;
  std::uint64_t sum = s.alerts.digest() + s.coverage.digest();
  for (const Judging::Scope& scope : s.judging.scopes) {
    const auto id = static_cast<std::size_t>(&scope - s.judging.scopes.data());
    for (const auto& [number, place] : scope.rules) {
      const RuleMachine& machine = s.judging.rules[number].at[place].machine;
      if (machine == RuleMachine{}) continue;
      sum += Names::hash_of(rule_row_key(s.settings.alerts.rules[number], s.scopes[id].key) + s.machine_row(machine));
    }
  }
  return sum;
}

}  // namespace core
