// What an Engine consists of. Private to core/engine*.cpp and core/describe.cpp.
#pragma once

#include <array>
#include <deque>

#include <boost/unordered/unordered_flat_map.hpp>

#include "core/agent.h"
#include "core/alerts.h"
#include "core/customer.h"
#include "core/deadlines.h"
#include "core/dirty.h"
#include "core/engine.h"
#include "core/interval_row.h"
#include "core/names.h"
#include "core/rule.h"
#include "windows/wheel.h"

namespace core {

enum class ScopeKind : std::uint8_t { tenant, site, team, queue, agent, channel, priority };
inline constexpr int kScopeKinds = 7;

// How many different names a tenant may bring in; more are refused (cardinality_exceeded), known ones go on.
inline constexpr std::uint32_t kMaxAgents = 200'000;
inline constexpr std::uint32_t kMaxQueues = 20'000;
inline constexpr std::uint32_t kMaxGroups = 20'000;     // teams, sites
inline constexpr std::uint32_t kMaxWords = 250;         // channels, priorities
inline constexpr std::uint32_t kMaxReasons = 10'000;
inline constexpr std::uint32_t kMaxLabels = 1'000'000;  // categories and lists of tags

struct RowRef {
  std::uint32_t view;
  std::uint32_t row;
};

struct Scope {
  std::string key;  // "queue/sales"
  ScopeKind kind;
  std::uint32_t name;  // in the Names of its kind
  windows::Series series;
  std::vector<RowRef> rows;  // views that show this scope
  bool late = false;         // something was added to an interval that has left memory
};

struct View {
  struct Column {
    std::string name;
    int kpi = -1;        // index into the catalogue; -1: an attribute of agents
    int window = -1;     // -1: live
    int attribute = -1;  // state, state_since, state_reason, team, site
  };
  struct Row {
    std::uint32_t scope = 0;
    std::uint32_t group = 0;
    bool touched = false;
    std::vector<Value> exact;  // as last evaluated
    std::vector<Value> cells;  // as last reported: rounded
    bool reported = false;
    std::uint64_t revision = 0;  // of the scope's series when the row was evaluated
  };
  bool open = false;
  bool shows_activity = false;  // some column is what an agent does
  ViewDefinition definition;
  std::vector<std::vector<Column>> columns;  // per group
  std::vector<Row> rows;
  std::vector<std::uint32_t> touched;
  std::int64_t second = -1;  // of the last evaluation of all rows
  Time midnight = kNever;     // likewise
  ViewChanges changes;
};

// What the alert rules see (core/engine_alerts.cpp).
struct Judging {
  struct At {  // a scope
    RuleMachine machine;
    std::optional<double> value;  // as last looked at
    bool enough = true;
    bool told = true;   // by sources that can
    bool seen = false;
    bool quiet = false;  // normal, and nothing but another value can change that
  };
  struct Rule {
    View::Column column;
    std::optional<View::Column> sample;
    bool since = false;  // the KPI is an instant; judged is how long ago that was, 0 where there is none
    bool moves = false;  // the value changes as time passes
    bool open = true, trusted = true;
    bool afresh = false;  // one of these has just changed
    std::vector<At> at;
  };
  struct Scope {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> rules;  // rule, and where in its `at`
    std::uint64_t revision = 0;
    Time midnight = kNever;
  };
  std::vector<Rule> rules;    // as in the settings
  std::vector<Scope> scopes;  // as the engine's, as far as they were matched
  std::set<std::pair<std::uint32_t, std::uint32_t>> changed;  // rule, scope: rows out of date
  std::vector<std::string> unknown;                           // rows of rules or scopes there are no more
};

// Records in memory that name an agent or a queue. Records that left are taken out when they are many.
struct RecordList {
  std::vector<std::uint32_t> records;
  std::uint32_t gone = 0;
};

struct Agent {
  static constexpr std::uint32_t kClean = 0xFFFFFFFF;

  explicit Agent(std::uint32_t id) : activity(id) {}
  AgentActivity activity;
  RecordList records;
  // First UTC day whose row is out of date; likewise as it was when the generation began.
  std::uint32_t dirty_day = kClean, frozen_day = kClean;
  bool cut_moved = false, frozen_cut_moved = false;
  std::vector<std::uint32_t> rows;  // days from the cut on that have a row, ascending
};

// Tables of names: those of the scopes by kind, then reasons, scopes (kind and name), cells (what they count), and
// labels (categories and lists of tags).
inline constexpr std::size_t kReasons = kScopeKinds, kScopes = kScopeKinds + 1, kCells = kScopeKinds + 2;
inline constexpr std::size_t kLabels = kScopeKinds + 3;
inline constexpr std::size_t kNameTables = kScopeKinds + 4;

// What has yet to be handed out of what changed (core/engine_keep.cpp).
struct Keeping {
  bool under_way = false;
  std::uint64_t generation = 0;
  Dirty records, agents, agent_rosters, queue_rosters;
  std::array<std::uint32_t, kNameTables> names{};         // handed out, by table of names
  std::array<std::uint32_t, kNameTables> frozen_names{};  // to be handed out with this generation
  std::string meta;        // handed out last
  std::deque<Kept> ready;  // rows of frozen things that have changed since
};

// What has left memory, or is about to (core/engine_cold.cpp).
struct Cold {
  static constexpr std::uint16_t kGone = 0xFFFF;

  struct Left {  // of one scope
    std::uint32_t scope;
    std::map<std::uint32_t, windows::Gathered> intervals;
    windows::Gathered levels;  // edges of all of them together
  };
  struct Handed {  // with one generation, as long as it is not durable
    std::uint64_t generation;
    std::vector<Left> scopes;
  };

  Archive* archive = nullptr;
  Time horizon = 0;         // intervals before it are not in memory
  bool any_records = false;  // some record may be in the archive only
  bool restoring = false;    // what lies before the horizon is in the archive already
  std::vector<std::uint32_t> late;  // scopes
  std::deque<Handed> handed;
  bool summed = false;       // some interval is in the archive only
  std::uint64_t durable = 0;  // generation
  std::deque<std::pair<std::uint32_t, std::uint64_t>> leaving;  // records and what their `leaves` was
  Facts facts;                         // scratch

  // Cells have a number in rows that never changes.
  std::vector<std::string> cells;           // number -> what it counts
  std::vector<std::uint16_t> cell_of_row;   // -> of the catalogue
  std::vector<std::uint16_t> row_of_cell;
  std::vector<std::uint16_t> cell_of_column;
  std::vector<bool> edges;                  // whether a column is a level's

  // Where the generation being handed out has got to.
  std::size_t next_scope = 0, to_examine = 0;
  std::uint32_t next_record = 0, next_agent = 0;
  Time retained_from = 0, retired_to = 0;
  bool retiring = false;
  std::uint32_t retire_scope = 0;  // then agents
  std::string retire_key;
};
inline constexpr std::uint32_t kTotals = 0xFFFFFFFF;  // among intervals

// An event that will be applied soon (core/expect.cpp).
struct Expected {
  std::uint64_t record = 0;  // hash
  std::uint64_t agent = 0;   // hash
  std::uint32_t found = HashIndex::kNone;  // the agent's number
};

struct Engine::State {
  State(TenantSettings s, Catalogue c) : settings(std::move(s)), catalogue(std::move(c)) {
    for (auto& table : scope_ids) table.reserve(16);
  }
  State(const State&) = delete;  // the alerts refer to the settings
  State& operator=(const State&) = delete;

  // Time
  windows::Clock clock() { return {now, midnight}; }
  FactContext context(Time at) {
    return {at, longest_activity, &agent_roster, &queue_roster, longest_login, &promises};
  }

  // Names and scopes
  std::uint32_t scope(ScopeKind kind, std::uint32_t name);
  const Scope* find_scope(std::string_view key) const;
  std::string_view name_of(ScopeKind kind, std::uint32_t name) const;
  Names& names(ScopeKind kind) { return scope_names[static_cast<std::size_t>(kind)]; }
  const Names& names(ScopeKind kind) const { return scope_names[static_cast<std::size_t>(kind)]; }
  const windows::Series& settled(std::uint32_t scope);
  void touch(std::uint32_t scope);

  // Events
  Result<Outcome> apply_record(std::span<const Event> item, Record::Kind kind);
  Result<Outcome> apply_about_someone(const Event& event);
  bool add(std::uint32_t record, const Observation& observation);
  Result<Outcome> apply_presence(const Event& event);
  Result<Outcome> apply_membership(const Event& event, ScopeKind kind, std::string_view subject);
  Result<Observation> observe(const Event& event);
  Result<std::uint32_t> intern(ScopeKind kind, std::string_view text, std::uint32_t limit, const char* where);
  std::uint32_t find_record(Record::Kind kind, std::string_view id) const;
  std::uint32_t make_record(Record::Kind kind, std::string_view id);
  Agent& agent(std::uint32_t id);
  void note(RecordList& list, std::uint32_t record) { list.records.push_back(record); }
  RecordList& queue_list(std::uint16_t queue);

  // Keeping: what is about to change is written first if it is frozen.
  void record_changes(std::uint32_t record);
  void activity_changes(std::uint32_t agent, Time from);
  void roster_changes(bool of_agent, std::uint32_t subject);
  void write_record(std::uint32_t record, const KeepSink& sink);
  void write_activity(std::uint32_t agent, const KeepSink& sink);
  void write_roster(bool of_agent, std::uint32_t subject, const KeepSink& sink);
  std::uint32_t names_size(std::size_t table) const;
  void write_name(std::size_t table, std::uint32_t number, const KeepSink& sink) const;
  std::string meta_row() const;
  std::string policy_text(Time until) const;

  // Restoring (core/engine_restore.cpp)
  Status read_meta(std::string_view value);
  Status read_names(Archive& from);
  Status read_name(std::string_view key, std::string_view value);
  Status read_levels(Archive& from);
  Status read_rosters(Archive& from);
  Status read_coverage(Archive& from);
  Status read_activities(Archive& from);
  Status read_records(Archive& from);
  // The record of a row; an error when it makes no sense.
  Result<std::uint32_t> read_record(std::string_view key, std::string_view value);

  // What is old (core/engine_cold.cpp)
  using Intervals = std::vector<std::pair<std::uint32_t, windows::Gathered>>;
  void number_cells();
  Time horizon_at(Time at) const;
  Time retained_from() const;
  void begin_cold();
  void note_late(std::uint32_t scope);
  bool write_left(const KeepSink& sink);
  windows::Gathered to_rows(const windows::Gathered& gathered) const;
  windows::Gathered from_rows(const windows::Gathered& rows) const;
  Intervals cold_intervals(std::uint32_t scope, Time from, Time to, const IntervalParts& parts);
  Time last_instant(const Record& record, const Facts& facts) const;
  void examine(std::uint32_t record, const KeepSink& sink);
  std::vector<std::string> index_keys(const Record& record, Time last) const;
  void drop_record(std::uint32_t record);
  void hold_customer(const Record& record, int sign);
  std::uint32_t look_up(Record::Kind kind, std::string_view id);  // find_record, and the archive
  std::uint32_t load_record(const std::string& key);
  std::uint32_t load_record(std::string_view key, std::string_view value);
  void each_cold_record(const std::function<void(const Record&)>& f);
  void load_records(std::string prefix, Time from);
  void load_records_of(bool of_agent, std::uint32_t subject, Time from);
  void load_customer(std::uint64_t customer, Time at);
  AgentActivity older_activity(std::uint32_t agent, Time from, std::vector<std::uint32_t>* days = nullptr);
  AgentActivity& activity_from(std::uint32_t agent, Time from);  // all of it from there on is in memory
  void trim_activities();
  void drop_some(std::size_t most);
  bool retire(const KeepSink& sink);
  void retire_record(const std::string& key, const KeepSink& sink);

  // The difference
  void tell(const Record& record, Time at, Facts& out);
  void apply_difference(const Facts& before, const Facts& after);
  void apply_fact(const Fact& fact, const Scopes& scopes, int sign);
  void add_entries(const windows::Entry* entries, std::size_t size, const std::uint32_t* reached,
                   std::size_t count);
  const QueuePolicy& policy_of(std::uint16_t queue);
  void apply_contacts(const Facts& before, const Facts& after);
  void apply_customer(const Facts& before, const Facts& after);
  void edit_customer(const CustomerContact& contact, int sign);
  // The record's clocks were as `was` says and are as `is` says: deadlines and alerts follow. While restoring alerts
  // are known already.
  void apply_clocks(std::uint32_t record, const Clocks& was, const Clocks& is);
  Deadline deadline(const Record& record, const ClockState& clock) const;
  void look_again(std::uint32_t record_or_agent, Time due);
  void tell_activity(std::uint32_t agent, Time from, Time to, Time at, Facts& out);

  // Coverage (core/engine_coverage.cpp)
  void hear(const Event& event);
  void hear_membership(ScopeKind kind, std::uint32_t subject, const Event& event);
  std::optional<Coverage::Place> place_of(std::string_view scope) const;
  bool told(const View::Column& column, const Scope& scope) const;

  // Alerts (core/engine_alerts.cpp)
  Status prepare_rules();
  void match_rules();
  void judge_rules();
  void judge_rule(std::uint32_t rule, std::uint32_t scope, std::uint32_t place, bool moved);
  bool take_turn(const AlertRule& rule, const Judging::Rule& state, std::uint32_t scope, Turn turn,
                 const Judging::At& at);
  Alert rule_alert(const AlertRule& rule, const Judging::Rule& state, std::uint32_t scope, const Judging::At& at);
  void add_scope_labels(ScopeKind kind, std::uint32_t name,
                        const std::function<void(const char*, std::string_view)>& label) const;
  Status apply_alert_event(const Event& event);
  Result<Outcome> apply_to_alerts(const Event& event);
  // Compares the record's clocks with what is known of their alerts: whatever differs becomes a transition.
  void report_clocks(const Record& record, const Clocks& was, const Clocks& is);
  void report(const Record& record, const ClockState& clock, const ClockState* was, const ClockState* is);
  void report_refused();
  Alert clock_alert(const Record& record, const ClockState& clock, int percent);
  void take_alert_rows();
  std::string machine_row(const RuleMachine& machine) const;
  Status read_alerts(Archive& from);
  RuleMachine* machine_of(std::string_view rule, std::string_view scope);
  void reconcile_alerts();
  void reconcile_clock_alerts();
  void pass(Time to);

  // Views (core/view.cpp)
  Result<View::Column> parse_column(std::string_view column) const;
  Value evaluate(const View::Column& column, const Scope& scope);
  windows::Range range(int window) const;
  void add_rows(std::uint32_t view_index, std::uint32_t scope_index);
  void evaluate_row(View& view, View::Row& row);

  TenantSettings settings;
  bool activity_used = false;     // some KPI is about agents_ levels; otherwise they are not told at all
  int activity_views = 0;         // open views that show what agents do
  bool customers_used = false;    // some KPI asks who had to come again
  bool longest_activity = false;  // some KPI asks for oldest(agents_…)
  bool longest_login = false;     // some KPI asks for oldest(agents_logged_in)
  Catalogue catalogue;
  Coverage coverage{catalogue};
  Time now = 0;
  Time midnight = 0;
  Time next_midnight = 0;
  Time newest = kNever;

  std::array<Names, kScopeKinds> scope_names;
  Names reasons;
  Names labels;  // categories, lists of tags
  Promises promises{settings.sla, {names(ScopeKind::queue), names(ScopeKind::team), names(ScopeKind::priority),
                                   names(ScopeKind::channel), labels}};
  std::array<std::vector<std::uint32_t>, kScopeKinds> scope_ids;  // name -> scope, kNone = none yet
  std::deque<Scope> scopes;
  std::vector<QueuePolicy> policies;  // by queue name

  Roster agent_roster, queue_roster;
  boost::unordered_flat_map<std::uint64_t, CustomerTimeline> customers;  // by hash of the key; never walked
  std::deque<Agent> agents;
  std::vector<RecordList> queue_records;
  std::deque<Record> records;
  std::vector<std::uint32_t> free_records;  // slots to use again
  HashIndex record_index;
  std::array<Expected, 16> expected;
  std::size_t expected_at = 0;
  windows::Wheel wheel;  // subjects: 2 * record, 2 * agent + 1
  std::vector<windows::Wheel::Due> due;
  DeadlineIndex deadlines;

  Keeping keeping;
  Cold cold;

  std::deque<View> views;
  Counts counts;

  Alerts alerts{settings.alerts, settings.sla};
  Judging judging;
  std::vector<std::uint32_t> to_reconcile;  // while restoring: records with clocks that are worth an alert

  Facts before, after, agent_before, agent_after, customer_before, customer_after;  // scratch
};

// Rows and their keys (core/engine_keep.cpp).
std::string record_key(char where, const Record& record);
std::string record_row(const Record& record, Time last_instant);  // 0: of records in memory
std::string interval_key(std::uint32_t scope, std::uint32_t interval);
std::string activity_key(std::uint32_t agent);
std::string activity_key(std::uint32_t agent, std::uint32_t day);

// "*", "queue/*" or a whole key.
bool matches(std::string_view pattern, std::string_view key);
// text as a JSON string, quotes included.
void append_json(std::string& out, std::string_view text);

}  // namespace core
