// Engine: everything one tenant's numbers are made of. Events in, numbers out; nothing else goes in or comes out.
//
//   apply(event): edits one record and applies the difference of its facts to the windows and intervals.
//   advance(now): lets time pass: windows slide, records whose facts depend on time are looked at again.
//
// The state is a function of the set of events applied and of now(): the order of events, duplicates and
// corrections do not matter. Deterministic: no clock, no hash order, no floating point before a KPI's value.
// Input errors are Results and change nothing. One Engine belongs to one shard thread.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/alert.h"
#include "core/catalogue.h"
#include "core/coverage.h"
#include "core/event.h"
#include "core/keep.h"
#include "core/policy.h"
#include "core/result.h"
#include "core/sla.h"
#include "core/value.h"
#include "core/view.h"
#include "core/zone.h"

namespace core {

struct TenantSettings {
  std::string name;
  Zone zone;  // whose midnight begins "today" and the days of history
  std::vector<Duration> windows{1 * windows::kMinute, 5 * windows::kMinute, 15 * windows::kMinute,
                                30 * windows::kMinute, 60 * windows::kMinute};
  std::vector<KpiSpec> kpis;
  Policy policy;
  SlaSettings sla;
  AlertSettings alerts;
  // What is older may leave memory for the archive (Engine::attach). Today and the longest window never do.
  Duration kept_in_memory = 3 * windows::kDay;
  // What is older is erased from the archive, and events about it are refused (too_old).
  Duration retention = 7 * 366 * windows::kDay;
};

enum class Outcome : std::uint8_t {
  applied,    // the record knows something new
  unchanged,  // a duplicate, or outranked by what is known
};

// One row of history: the values of the asked KPIs in [from, to).
struct HistoryRow {
  Time from = 0;
  Time to = 0;
  std::vector<Value> values;
};

enum class Step : std::uint8_t { interval, hour, day, all };

// A clock that runs, or is paused, as of now().
struct Deadline {
  std::string_view record_kind, record_id;  // "ticket", "call"
  ClockKind clock{};
  std::uint32_t instance = 1;      // of its kind in the record, from 1
  std::string_view policy;
  std::string_view queue, agent, priority;
  Time started = 0;
  Time due = windows::kNever;      // kNever while paused by a status
  Duration target = 0, elapsed = 0;  // in the clock's own time; elapsed as of now()
  bool breached = false;
  bool paused = false;             // by a status
  int warned = 0;                  // the highest warning point passed, percent; 0: none
  Time closed_until = windows::kNever;  // outside business hours now: until then
};

struct Deadlines {
  std::vector<Deadline> rows;  // what broke last, oldest first; then what is due next; paused ones last
  std::size_t total = 0;       // of all that run or are paused in the scopes, overdue ones included
  std::size_t overdue = 0;
};

class Engine {
 public:
  static Result<std::unique_ptr<Engine>> create(TenantSettings settings);
  ~Engine();

  // Time first: now must not be smaller than before (CHECK). Events are judged at the current now.
  void advance(Time now);
  Result<Outcome> apply(const Event& event);
  // A hint that the event will be applied soon, about kExpect events from now; a wrong one costs time only.
  static constexpr std::size_t kExpect = 12;
  void expect(const Event& event);
  // The events of one input item (a whole-call record is several), which are about the same record: all or none.
  Result<Outcome> apply(std::span<const Event> item);

  Time now() const;
  Time last_event() const;  // newest event instant seen, kNever before the first
  const std::string& name() const;
  const Zone& zone() const;
  const Catalogue& catalogue() const;

  // Scope keys that have ever been seen and match ("queue/*", "queue/sales", "*"), sorted.
  std::vector<std::string> scopes(std::string_view pattern) const;

  // Live value of a column ("waiting", "service_level@30m", "state"); errors: unknown_kpi, unknown_window, not_live.
  Result<Value> current(std::string_view scope, std::string_view column);

  // [from, to) is widened to whole steps. Errors: unknown_kpi, bad_range, too_many_rows.
  Result<std::vector<HistoryRow>> history(std::string_view scope, const std::vector<std::string>& kpis,
                                          Time from, Time to, Step step);

  // The last hour at second resolution: values per slice of `step`, oldest first, the newest ending at now().
  // Errors: unknown_kpi, bad_range.
  Result<std::vector<HistoryRow>> trend(std::string_view scope, const std::vector<std::string>& kpis,
                                        Duration length, Duration step);

  // SLA clocks that are not over, in the scopes that match ("*", "queue/*", "queue/sales"): at most `limit`, of them at
  // most `overdue` that are breached. Nothing when nothing matches.
  Deadlines deadlines(std::string_view scopes, std::size_t limit, std::size_t overdue) const;
  // Nothing changes by itself before this instant: advance() to it, then ask again. kNever: nothing ever will.
  Time next_due() const;

  // A record, what it is made of and what it contributes, as JSON text; nullopt if not known.
  // kind: "call", "ticket", "agent".
  std::optional<std::string> describe(std::string_view kind, std::string_view id) const;

  // Views. open_view answers an id to use below; errors name the faulty column or scope.
  Result<int> open_view(const ViewDefinition& definition);
  void close_view(int view);
  // Cells that differ from the last answer; rows appear and grow, values become none, rows never vanish.
  // `all`: every cell, as if asked for the first time.
  const ViewChanges& view_changes(int view, bool all = false);

  // Alerts (core/alerts.h): what follows from clocks, rules and silent sources. Rules are judged at whole seconds of
  // now(): an advance that crosses one goes to the last of them first. A function of the journal, so whoever keeps one
  // appends a batch, be it only "the time passed to now", whenever alerts_changed() after an advance or a batch.
  //
  // Since the last take, in order; of changes at most as many as the history keeps. What restoring does by itself is
  // not told, except what other settings make of it.
  std::vector<AlertChange> take_alert_changes();
  std::vector<Notice> take_notices();
  // Anything about alerts, seen or not, since the last take_alert_changes().
  bool alerts_changed() const;
  std::uint64_t last_alert_change() const;  // its number; 0 before the first
  std::vector<Alert> active_alerts() const;  // whatever is not normal, sorted by key
  std::optional<Alert> alert(std::string_view key) const;  // active, or over not long ago
  std::vector<AlertChange> alert_history(const AlertFilter& filter) const;  // ascending numbers, the oldest first
  std::vector<Silence> silences() const;     // in force, sorted by id
  // Rules at the scopes that match, where they are anything but normal, or not judged: scope by scope, in order of
  // rules.
  std::vector<RuleState> rule_states(std::string_view scopes) const;
  // The earliest instant at which an alert's own timer is due; kNever when there is none.
  Time next_alert_due() const;
  // A number for all that alerts remember, and of coverage; equal journals under equal settings give equal numbers.
  std::uint64_t alerts_digest() const;

  // Coverage (core/coverage.h): whether the sources that fed a scope in [from, to) can tell a number. `column`: a KPI's
  // id, with or without "@window".
  bool available(std::string_view scope, std::string_view column, Time from, Time to) const;
  // Counts up whenever an answer of available() may have changed for another reason than time.
  std::uint64_t coverage_revision() const;
  // Whether a text of sources (text_of) says anything new: then it is to be applied, by an event sources_told.
  bool news_of_sources(std::string_view text) const;
  // By source at work, the measures of the KPI that it cannot tell. Whether a source feeds a scope.
  NameLists not_told(std::string_view kpi) const;
  bool feeds(std::string_view source, std::string_view scope) const;

  // Keeping (core/keep.h). A generation is everything that changed since the one before, exactly as it was when
  // begin_keep was called, whatever happens until the last row is handed out. Generations count up from what the
  // archive has; several may be on their way to the disk, but only one at a time is being handed out.
  //
  // begin_keep: false while rows of an earlier generation wait to be handed out.
  bool begin_keep(std::uint64_t generation);
  // Hands out about `budget` rows; true when all of the generation are out. Call it between batches.
  bool keep_some(std::size_t budget, const KeepSink& sink);
  // The generation is durable: what only it needed in memory is let go.
  void kept(std::uint64_t generation);
  // Right after create, before any event: the state as of the archive's generation, the same bit for bit.
  // Errors: unknown_format; damaged; other_settings when policy or KPIs changed and part of history is only in the
  // archive, summed up for the old ones: then everything has to be told again to an engine without archive.
  Status restore(Archive& archive);
  // From now on what is old may leave memory, and is read back through `archive`, which outlives the engine.
  // After restoring from an archive attach it, or another view of the same rows, before the first event.
  void attach(Archive* archive);
  // A number for everything told and all series: equal if and (but for chance) only if they are, whatever the
  // order in which it was told, whatever is in memory. Reads the whole archive.
  std::uint64_t digest();

  struct Counts {
    std::uint64_t applied = 0, unchanged = 0, refused = 0;
    std::uint64_t records = 0, scopes = 0;  // in memory
    std::uint64_t clamped = 0;  // negative durations taken as 0
    std::uint64_t too_old = 0;  // of the refused: about what is older than the retention
  };
  Counts counts() const;
  std::size_t bytes() const;  // memory of all series, windows, histograms, intervals, and of alerts

 private:
  Engine();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace core
