// Alerts: what a tenant's alerts are and do from their beginning to their end, and who is told what when.
//
// The engine reports what is the case (a rule fires, a clock passed its target, a source is silent); this turns reports
// into episodes, transitions with numbers, a history, and notices to receivers:
//   an episode begins with the first report and ends once; a new one begins only after that
//   flapping        more than so many beginnings and ends within a while: held firing until it is calm
//   held back       silences, inhibition by another alert, a silent source: it goes on, but nobody is told
//   acknowledged    somebody takes care: no reminders, no escalation that asks for that
//   groups          the first route that matches says who is told, how long to wait for more, when to remind
//   escalation      further receivers after a while, again and again
// Whoever was told that it began is told that it is over, held back or not. A change gets its number when it happens
// and is never altered; a suppression is a change with its reason.
//
// Time: at(now) says at which engine time what is reported from then on was found out; timers due by then run in
// run_due(), ordered by (instant, kind, subject, number), after everything that was reported. A leap over many timers
// runs each once. No clock, no hash order: a function of the reports, so of the journal. One thread at a time.
#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/alert.h"
#include "core/keep.h"
#include "core/keep_codec.h"
#include "core/sla.h"

namespace core {

// After a silent source came back, so long nobody is told yet: it has to catch up first.
inline constexpr Duration kCatchUp = 10 * windows::kSecond;
// Episodes that are over are remembered so long, but at most so many, so that the next one counts on.
inline constexpr Duration kRemembered = windows::kDay;
inline constexpr std::size_t kMostRemembered = 10'000;
inline constexpr std::size_t kMostSilences = 1'000;

class Alerts {
 public:
  // The settings must outlive it.
  Alerts(const AlertSettings& settings, const SlaSettings& sla) : settings_(settings), sla_(sla) { configure(); }
  Alerts(const Alerts&) = delete;
  Alerts& operator=(const Alerts&) = delete;

  void at(Time now) { now_ = now; }
  Time next_due() const { return timers_.empty() ? windows::kNever : timers_.begin()->at; }
  void run_due();

  // Reports. `about` says what it is (key, name, scope, labels, value …), with which severity and since when (at).
  //
  // begin, with pending, warned, fired or no_data: a new episode, or a step further in the one under way. `percent` is
  // how far a clock got: a warning point, or 100 for a breach; rules have 100 and, while pending, 0. False: it would be
  // one too many of its name; report again when it is still so.
  bool begin(const Alert& about, AlertStep step, int percent);
  // recovering or relapsed: nobody is told.
  void go_on(std::string_view key, AlertStep step, Time at, std::optional<double> value);
  // resolved or rescinded; nothing if there is no episode.
  void end(std::string_view key, AlertStep step, Time at, std::string_view reason, std::optional<double> value = {});
  const Alert* find(std::string_view key) const;  // under way, or over and remembered
  // How far the episode under way got; 0 when there is none.
  int level(std::string_view key) const;

  // Sources. Hearing is cheap: somebody watches or not.
  bool watches() const { return !settings_.sources.empty(); }
  void heard(std::string_view source, About what);
  void listening();      // silence proves nothing until the next judgement: nobody listened
  void judge_sources(Time second);
  // The first of these sources (none given: of all) that is silent or has to catch up; nullptr: all can be believed.
  const SourceWatch* doubtful(const std::vector<std::string>& sources) const;

  // What people do. Errors: unknown_alert, bad_matcher, unknown_silence, bad_value.
  Status acknowledge(std::string_view key, std::string_view by, std::string_view reason);
  Status silence(Silence silence);
  Status end_silence(std::string_view id);

  // What follows.
  std::vector<AlertChange> take_changes();
  std::vector<Notice> take_notices();
  bool changed() const { return changed_; }
  void mark_changed() { changed_ = true; }  // something the reports depend on and the journal has to tell
  std::uint64_t last_number() const { return number_; }
  std::vector<Alert> all_active() const;
  std::vector<AlertChange> history(const AlertFilter& filter) const;
  std::vector<Silence> silences() const;

  // What survives (core/alerts_keep.cpp). take_rows: all that changed since the last call.
  std::vector<Kept> take_rows();
  Status restore(Archive& archive);
  // After restoring: what is under way though its rule, route or receiver is not configured any more ends or moves.
  void reconcile();
  std::uint64_t digest() const;
  std::size_t bytes() const;

  // Clocks' alerts that were one too many and for which there is room now; report their clocks again.
  std::vector<std::string> room();
  void not_refused(std::string_view key);
  bool any_refused() const { return !refused_.empty(); }

  // Every key under way that begins so, ascending.
  std::vector<std::string> keys(std::string_view prefix) const;

 private:
  enum class Kind : std::uint8_t { silence_ends, caught_up, calm, escalation, flush, repeat };
  struct Timer {
    Time at;
    Kind kind;
    std::string subject;
    std::uint32_t number;
    auto operator<=>(const Timer&) const = default;
  };
  struct Walk {  // of one escalation
    Time due = windows::kNever;  // timer
    bool begun = false;  // somebody was told
    bool held = false;   // it was due while held back
    bool operator==(const Walk&) const = default;
  };
  struct Entry {
    Alert alert;
    int level = 0;
    bool news = false;  // a transition waits to be told
    bool flapping = false;
    bool holds = false;                          // while flapping: whether the condition does
    std::vector<Time> turns;                     // beginnings and ends lately
    Time calm = windows::kNever;                 // timer
    std::map<std::string, std::uint64_t> told;   // receiver -> version it was told last
    std::string group;                           // empty: in none
    std::vector<Walk> walks;                     // by escalation
  };
  struct Group {
    std::size_t route = 0;
    std::set<std::string> members;
    Time flushed = windows::kNever;
    Time flush = windows::kNever, repeat = windows::kNever;  // timers
  };
  // Of one inhibition, those that agree in its labels.
  struct Sides {
    std::set<std::string> sources;  // keys that fire
    std::set<std::string> both;     // of these, those that are targets too: they do not hold back each other
    std::set<std::string> targets;
  };
  struct SilenceState {
    Silence silence;
    Matcher matcher;
  };
  struct SourceState {
    Time heard = windows::kNever;  // or since when it is listened for
    bool silent = false;
    bool calls = false, tickets = false;  // what it ever told about
    Time catching_up = windows::kNever;   // until then; timer
    bool noted = false;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;
  using Groups = std::map<std::string, Group, std::less<>>;

  void configure();
  static bool over(const Entry& entry) { return entry.alert.state == AlertState::normal; }
  bool fires(const Entry& entry) const;
  Entry* under_way(std::string_view key);
  const std::vector<Escalation>& escalations(const Alert& alert) const;

  // Episodes (core/alerts.cpp)
  void change(Entry& entry, AlertStep step, Time at, std::string_view reason);
  void start_episode(Entry& entry);
  void take_over(Alert& alert, const Alert& about);
  void finish(Entry& entry, AlertStep step, Time at, std::string_view reason);
  bool turn(Entry& entry, bool holds);
  void run_calm(Entry& entry);
  bool too_many(const Alert& about);
  void count(const Alert& alert, int sign);
  void end_overflow(const std::string& name);
  void forget_old();
  void set_off(Entry& entry, int percent);
  void note(std::string row) { dirty_.insert(std::move(row)), changed_ = true; }
  void note(const Entry& entry) { note("a" + entry.alert.key); }

  // Holding back (core/alerts_hold.cpp)
  std::string doubted_source(const Alert& alert) const;
  std::pair<std::string, std::string> held_by(const Alert& alert) const;
  void hold_or_release(Entry& entry, bool reword = true);
  void hold_or_release_all();
  std::vector<std::string> take_sides(const Entry& entry, bool under_way);  // answers who is to be looked at anew
  void take_sides_and_follow(const Entry& entry, bool under_way);
  std::string inhibited_by(const Alert& alert) const;
  static std::string agreed(const Inhibition& inhibition, const Alert& alert);
  void run_silence_end(const std::string& id);

  // Telling (core/alerts_tell.cpp)
  void tell(Entry& entry, Time not_before);
  void tell_knowing(Entry& entry);
  std::pair<std::string, std::size_t> group_of(const Alert& alert) const;  // empty: no route
  void join(Entry& entry, const std::string& group, std::size_t route);
  void leave(Entry& entry);
  void flush(const std::string& key);
  void remind(const std::string& key);
  void send(const std::string& receiver, const std::string& order, std::vector<Alert> alerts);
  void walk(Entry& entry, int percent, Time not_before);
  void stop_walking(Entry& entry);
  void run_walk(Entry& entry, std::size_t step);
  std::set<std::string> knowing(const Entry& entry) const;
  Time late_slot();

  // Rows (core/alerts_keep.cpp)
  static std::string refused_name(std::string_view key);  // the alert's name
  static std::string entry_row(const Entry& entry);
  std::string row_of(std::string_view key) const;
  bool read_meta(std::string_view key, RowReader& row, std::string_view value);
  bool read_change(std::string_view key, RowReader& row, std::string_view value);
  bool read_source(std::string_view key, RowReader& row, std::string_view value);
  bool read_silence(std::string_view key, RowReader& row, std::string_view value);
  bool read_group(std::string_view key, RowReader& row, std::string_view value);
  bool read_refused(std::string_view key, RowReader& row, std::string_view value);
  bool read_entry(std::string_view key, RowReader& row, std::string_view value);

  void arm(Kind kind, const std::string& subject, std::size_t number, Time& slot, Time at);

  const AlertSettings& settings_;
  const SlaSettings& sla_;
  Time now_ = 0;

  Entries entries_;
  std::map<std::string, std::size_t> counts_;  // under way, by name
  std::set<std::pair<std::string, std::string>> refused_;  // name, key of clocks' alerts that were one too many
  std::deque<std::pair<std::uint64_t, std::string>> ended_;  // last version, key: to be forgotten one day
  std::map<std::string, SilenceState, std::less<>> silences_;
  std::vector<std::map<std::string, Sides>> inhibited_;  // by inhibition, by what they agree in
  std::vector<SourceState> sources_;                     // as in the settings
  Groups groups_;
  std::set<Timer> timers_;
  Time late_from_ = 0;          // the late ones since then are told at a limited rate
  std::uint64_t late_count_ = 0;

  std::uint64_t number_ = 0;         // of the last change
  std::deque<std::string> history_;  // rows of the last changes
  std::uint64_t taken_ = 0;          // number of the last change taken
  std::vector<Notice> notices_;
  Time reminded_at_ = windows::kNever;
  std::set<std::string> reminded_;  // ids of reminders of that instant
  bool changed_ = false;
  std::set<std::string> dirty_;  // rows that are out of date
};

// A change as a row, and back (also for the history in memory).
std::string alert_row(const Alert& alert);
bool read_alert(std::string_view row, Alert& alert);

}  // namespace core
