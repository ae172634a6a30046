// Oracle: a tenant's numbers computed the naive way, to hold the engine against.
//
// It keeps every event ever given and, whenever it is asked, reads them all again from the beginning: no
// differences, no windows, no histograms, no timers. It shares with the product the words (core/event.h,
// core/measure.h), days (core/zone.h), the parser of formulas and the rank of an event; what events mean is written
// here a second time, from the comments of core/*.h, as slowly and plainly as possible.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/engine.h"
#include "core/formula.h"
#include "core/record.h"

namespace oracle {

using core::Duration;
using core::Event;
using core::Measure;
using core::Time;
using windows::kNever;

// Something that happened at `at`, or went on from `at` to `to`.
struct Story {
  Measure measure{};
  bool lasts = false;
  Time at = 0;
  Time to = kNever;     // lasting: kNever = goes on
  Time since = kNever;  // lasting: what "longest now" counts from
  Time entry = kNever;  // what the contact entered at, and when it was over
  Time end = kNever;
  std::int64_t value = 0;
  std::string_view queue;  // whose policy decides
  std::vector<std::string_view> names;  // "queue/sales", …; the tenant is always meant
};

// A call or ticket as a contact of the customer whom its most believed event names.
struct Seen {
  std::string_view customer;
  Time at = 0;
  bool reached = false;
  std::vector<std::string_view> names;
};

// What a question is about: [from, to), and up to and including now when it is still running.
struct Stretch {
  Time from = 0;
  Time to = 0;
  bool running = false;
};

struct AgentNow {
  std::string state = "offline";
  std::string reason, team, site;
  std::optional<Time> since;
};

// Keeps the bytes of a word for ever, so that events can be copied as they are.
std::string_view keep(std::string_view word);
Event kept(Event event);

// Team and site of somebody, by instant.
struct Membership {
  std::string_view team, site;
};
class Book {
 public:
  void note(const Event& event);
  Membership at(std::string_view who, Time instant) const;
  std::vector<Time> changes(std::string_view who) const;

 private:
  struct Line {
    core::Rank rank;
    Membership member;
  };
  std::map<std::string_view, std::map<Time, Line>> lines_;
};

// A stretch of an agent's time on a contact.
struct Busy {
  std::string_view agent;
  Measure what{};  // talking, holding, wrapping, ringing
  Time from = 0;
  Time to = kNever;
};

// Business time by the minute, as frames and zones of tests have it.
class Minutes {
 public:
  explicit Minutes(const core::SlaSettings& sla) : sla_(sla) {}
  Duration between(std::size_t calendar, Time from, Time to);

 private:
  const core::SlaSettings& sla_;
  std::map<std::pair<std::size_t, std::int64_t>, std::vector<Duration>> days_;  // open minutes until each minute's end
};

struct Context {
  Time now = 0;
  const Book* agents = nullptr;
  const Book* queues = nullptr;
  const core::SlaSettings* sla = nullptr;
  Minutes* minutes = nullptr;
};

// What a clock looks at. over: ' ', 's'olved, 'm'erged.
struct Words {
  std::string_view agent, queue, channel, priority, category, tags;
  std::string_view status = "new";
  char over = ' ';
};
// A clock from start to end.
struct Run {
  core::ClockKind kind{};
  Time start = kNever, end = kNever;
  bool fulfilled = false;
  std::string_view by;
  Time promised = kNever;
};
// tests/oracle_clock.cpp. `instants`: all at which what words_at says may change, starts and ends included.
void tell_clocks(const std::vector<Run>& runs, std::set<Time> instants, const std::function<Words(Time)>& words_at,
                 const Context& context, std::vector<Story>& out);
// `events` in order, each once.
void tell_ticket_clocks(const std::vector<Event>& events, const Context& context, std::vector<Story>& out);

// Of a call: as they are read, each once.
std::vector<Event> sorted_once(std::vector<Event> events);
// What a rating of a call or ticket counts as: one(measure, score).
void tell_score(const Event& rating, const std::function<void(Measure, Duration)>& one);

// tests/oracle_call.cpp and tests/oracle_ticket.cpp
void tell_call(const std::vector<Event>& events, const Context& context, std::vector<Story>& out,
               std::vector<Busy>& busy, std::vector<Seen>& seen);
void tell_ticket(const std::vector<Event>& events, const Context& context, std::vector<Story>& out,
                 std::vector<Seen>& seen);
// Whom the most believed of the events names; empty if none does.
std::string_view customer_of(const std::vector<Event>& events);

class Oracle {
 public:
  explicit Oracle(const core::TenantSettings& settings);

  void apply(const Event& event);
  void advance(Time now) {
    now_ = now;
    stale_ = true;
  }
  Time now() const { return now_; }

  // Every scope that any story mentions, and the tenant.
  const std::set<std::string>& scopes();
  // The value of a KPI; unset when there is no data.
  std::optional<double> value(std::string_view scope, std::string_view kpi, const Stretch& stretch);
  // "kpi" or "kpi@window".
  std::optional<double> current(std::string_view scope, std::string_view column);
  Stretch window(std::string_view label) const;  // "5m", "7s", "today"
  AgentNow agent(std::string_view name);
  std::vector<std::string> agents() const;
  const std::set<std::string>& calls() const { return calls_; }
  const std::set<std::string>& tickets() const { return tickets_; }

 private:
  struct Presence {
    Time at;
    int order;
    core::Rank rank;
    std::string_view state, reason;
  };
  struct Mood {  // what an agent does at some instant
    std::string_view state, reason;
    bool operator==(const Mood&) const = default;
  };

  void read_all();
  void tell_agent(std::string_view name);
  void tell_customers();
  // Instants at which the agent's presence or contacts change, or also the team.
  std::vector<Time> breaks(std::string_view agent, bool moves) const;
  Mood mood(std::string_view agent, Time at) const;
  std::optional<Time> mood_since(std::string_view agent) const;

  std::vector<const Story*> about(std::string_view scope, Measure measure) const;
  std::vector<const Story*> happened(std::string_view scope, Measure measure, core::Attribution by,
                                     const Stretch& stretch) const;
  std::optional<double> term(std::string_view scope, const core::Term& term, core::Attribution by,
                             const Stretch& stretch);
  std::optional<double> formula(std::string_view scope, const core::KpiSpec& spec, const Stretch& stretch);
  Duration length(const Stretch& stretch) const;

  core::TenantSettings settings_;
  std::map<std::string, core::KpiSpec, std::less<>> kpis_;
  Time now_ = 0;
  bool stale_ = true;
  std::map<std::pair<bool, std::string_view>, std::vector<Event>> records_;  // (ticket?, id)
  std::map<std::string_view, std::vector<Presence>> presence_;
  std::set<std::string> calls_, tickets_;
  Book agents_, queues_;
  std::set<std::string_view> people_;
  Minutes minutes_{settings_.sla};

  std::vector<Story> stories_;
  std::vector<Busy> busy_;
  std::vector<Seen> seen_;
  std::map<Measure, std::vector<const Story*>> by_measure_;
  std::set<std::string> scopes_;
};

}  // namespace oracle
