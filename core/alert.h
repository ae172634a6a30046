// Alerts: what is told to people: transitions of SLA clocks, of KPI rules, and of sources that fell silent.
//
// An alert is known by its key; each time it comes it is a new episode, and every transition of an episode has a
// higher version than all before it, so that a receiver can drop what comes late. A notice is an alert (or a group of
// them) on its way to one receiver; its id is a function of key, episode, transition and receiver, so that the same
// journal gives the same ids. What alerts do is core/alerts.h; docs/alerts.md is for users. Values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/event.h"
#include "core/kpi.h"
#include "core/result.h"

namespace core {

enum class Severity : std::uint8_t { info, warning, critical };

enum class AlertState : std::uint8_t { normal, pending, firing, recovering, no_data };

enum class AlertStep : std::uint8_t {
  pending,       // the condition holds, not yet for long enough
  fired,         // it held long enough; the clock was breached; the source is silent
  warned,        // a clock passed a warning point
  escalated,     // nobody took care in time
  repeated,      // it goes on
  acknowledged,  // somebody takes care
  recovering,    // the condition is gone, not yet for long enough
  resolved,      // it is over
  rescinded,     // it turned out that it never was: a late event, a changed target
  no_data,       // nothing to judge by
  suppressed,    // people are not told from here on; `reason` says why not
  released,      // what suppressed it is gone
  relapsed,      // the condition is back before it was gone for long enough; the same episode
  flapping,      // it comes and goes too often: told once, and held firing until it is calm
};
inline constexpr int kSeverities = 3, kAlertStates = 5, kAlertSteps = 14;
std::string_view name(Severity severity);
std::string_view name(AlertState state);
std::string_view name(AlertStep step);
// For people: "90 s", "5 min", "1 h 30 min", "2 d".
std::string spoken(Duration duration);

using Labels = std::vector<std::pair<std::string, std::string>>;  // by name, unique

// An alert as it was right after one transition.
struct Alert {
  std::string key;            // "sla/ticket/T-1/first_response/1", "rule/long-wait/queue/sales", "source/acd"
  std::string name;           // rule id, or "sla.first_response", or "source_silent"
  std::string scope;          // "queue/sales"; of a clock: its queue, or "tenant"
  Severity severity = Severity::warning;
  AlertState state = AlertState::normal;
  AlertStep step = AlertStep::fired;
  std::uint32_t episode = 0;  // from 1
  std::uint64_t version = 0;  // the number of its AlertChange: ascending over all episodes of the key, with gaps
  Time at = 0;                // of this transition: when it truly was
  Time noticed = 0;           // engine time at which it was found out
  Time started = 0;           // when the episode began
  Time fired = windows::kNever;
  Time ended = windows::kNever;     // resolved or rescinded
  bool late = false;          // found out much later than it was: the process was down, or the event came late
  std::string summary;        // one line for people, English
  std::string reason;         // of this transition, where there is something to say: why
  std::string by;             // who did it, where somebody did: an acknowledgement
  std::string acknowledged_by;  // somebody takes care of this episode; empty: nobody yet
  Time acknowledged_at = windows::kNever;
  std::string held_back;  // nobody is told at present: "silence", "inhibition", "source"; empty: people are told
  std::string held_why;   // in words
  std::optional<double> value, threshold;  // of a rule, in the KPI's unit
  std::string unit;                        // "ms", "percent", "count", …
  std::string record_kind, record_id;      // of a clock
  Time due = windows::kNever;              // of a clock: when it breaches or breached
  Labels labels;
};

// For history and the stream: every transition, told or not.
struct AlertChange {
  std::uint64_t number = 0;  // of the tenant, dense from 1: a hole is a loss
  Alert alert;
};

// On its way to a receiver.
struct Notice {
  std::string id;        // 32 hex digits, the same in every run
  std::string receiver;  // name in the configuration
  std::string order;     // notices of one receiver and order are delivered one after the other
  Time at = 0;           // when it was decided
  std::vector<Alert> alerts;  // at least one; several where they are grouped
};

// What a silence, an inhibition or a route is about: every part must match. A value may end in `*`. A label that an
// alert does not have is empty. Besides an alert's own labels there are name, scope, severity and key.
struct LabelMatch {
  std::string name;
  std::string value;
  bool prefix = false;    // `value` is how it begins
  bool negative = false;
  bool operator==(const LabelMatch&) const = default;
};
using Matcher = std::vector<LabelMatch>;

// `severity=critical, scope="queue/*", team!=night`: parts with commas between; values with blanks, commas, quotes or
// backslashes are quoted, \" and \\ inside. Empty text matches everything. Errors: bad_matcher, `where` is the column.
Result<Matcher> parse_matcher(std::string_view text);
std::string text_of(const Matcher& matcher);
bool matches(const Matcher& matcher, const Alert& alert);
// The value of a label as matchers see it.
std::string_view label_of(const Alert& alert, std::string_view name);

// Nobody is told about alerts that match while it lasts. Made by an event (alert_silenced).
struct Silence {
  std::string id;
  std::string matcher;  // as written
  std::string by;
  std::string reason;
  Time from = 0, to = 0;  // [from, to)
};

// Which transitions of the history: all that is given must hold.
struct AlertFilter {
  std::string key;    // how it begins
  std::string scope;  // "queue/sales", "queue/*"
  Time from = windows::kNever, to = windows::kNever;  // noticed in [from, to); kNever: open
  std::uint64_t after = 0;  // numbers above
  std::size_t limit = 1'000;
};

// Who is told when, besides the routes. Steps are walked in order of time.
struct Escalation {
  int percent = 100;     // of a clock's target: 1..99 a warning point, 100 the breach; of a rule always 100: it fired
  Duration after = 0;    // calendar time after that
  Duration repeat = 0;   // again and again in this distance until it ends; 0: once
  std::vector<std::string> receivers;
  bool unless_acknowledged = false;  // not if somebody takes care
};

struct AlertRule {
  std::string id;
  std::string title;                // of the summary; empty: the KPI's
  std::string kpi;
  std::string window;               // "30m", "today"; empty: live
  std::vector<std::string> scopes;  // "queue/*", "tenant", "queue/sales"
  std::vector<std::string> except;  // of these, not those
  bool above = true;                // fires when the value is >= enter; otherwise when <= enter
  double enter = 0;                 // in the KPI's unit (durations: ms; of an instant: how long ago, ms)
  double leave = 0;                 // on the good side of enter, or equal
  Duration hold = 0;                // `for`
  Duration keep_firing = 0;         // `keep_firing_for`
  std::string sample_kpi;           // minimum sample: this KPI over the same window …
  double sample_min = 0;            // … must be at least this
  int calendar = -1;                // index into SlaSettings::calendars: judged only then; -1: always
  Severity severity = Severity::warning;
  enum class NoData : std::uint8_t { keep, alert, normal } no_data = NoData::keep;
  std::vector<std::string> sources;  // held back while one of them is silent; empty: any source that is watched
  std::vector<Escalation> escalations;
  Labels labels;
};

// Rules for a KPI's thresholds (core/kpi.h), by which a wall shows its colours: "kpi.<id>[@window].warn" and ".crit",
// with ".<scope>" behind where the thresholds name one; the others hold for `scopes`. Bad is what lies against the
// KPI's direction; a KPI without one has no rules. The window is empty for live KPIs.
std::vector<AlertRule> threshold_rules(const KpiSpec& kpi, const std::string& window,
                                       const std::vector<std::string>& scopes);

// A rule at a scope, where it is anything but normal, or is not judged because its sources cannot tell the number.
struct RuleState {
  std::string_view rule, scope;  // live as long as the engine
  AlertState state = AlertState::normal;
  Severity severity = Severity::warning;
  Time since = windows::kNever;
  std::optional<double> value;
  bool told = true;  // by sources that can
};

// A source that must be heard of: nothing for `within` raises "source/<name>".
struct SourceWatch {
  std::string source;
  Duration within = 0;
  int calendar = -1;  // only while it is open; the time before it opened does not count
  Severity severity = Severity::critical;
  Labels labels;
};

// The first route that matches an alert's labels says where it goes and how it is grouped.
struct AlertRoute {
  Matcher match;
  std::vector<std::string> receivers;
  std::vector<std::string> group_by;  // labels; empty: each alert for itself
  Duration group_wait = 10 * windows::kSecond;   // critical alerts do not wait
  Duration group_interval = 60 * windows::kSecond;
  Duration repeat_interval = 15 * windows::kMinute;  // 0: never
};

// While an alert that matches `source` fires, those that match `target` and agree in the labels `equal` are held back.
struct Inhibition {
  Matcher source, target;
  std::vector<std::string> equal;
};

// Defaults are those of docs/alerts.md.
struct AlertSettings {
  std::vector<AlertRule> rules;
  std::vector<SourceWatch> sources;
  std::vector<AlertRoute> routes;   // none matches: the alert is seen on the wall and in the history only
  std::vector<Inhibition> inhibitions;
  int flapping_after = 4;                            // more transitions than that …
  Duration flapping_within = 10 * windows::kMinute;  // … within this: one "flapping" episode until it is calm
  Duration late_after = windows::kMinute;            // found out later than this: marked late
  Duration not_told_after = 24 * windows::kHour;     // a breach of a clock that is over, older than this: history only
  std::size_t most_active = 10'000;                  // alerts of one rule or kind of clock at a time
  std::size_t late_per_second = 100;                 // what fell due while nobody looked is told at this rate
  std::size_t kept = 100'000;                        // transitions kept for GET /v1/alerts/history
  bool tells = true;  // false: nobody will take notices, so none are made; for engines of the past
};

}  // namespace core
