// One clock walked through the stretches of a record's life over which nothing that matters to it changes. Within a
// stretch it is breached, and passes its warning points, where its calendar says so; between them it is judged anew.
#include "core/clocks.h"

#include <algorithm>

#include "core/call.h"
#include "core/clock_walk.h"
#include "core/roster.h"

namespace core {
namespace {

constexpr int kUnmeasured = -2;  // no policy promised anything then

constexpr bool stands_while_over(ClockKind kind) {
  return kind == ClockKind::requester_wait || kind == ClockKind::agent_work || kind == ClockKind::resolution;
}

// What a clock's kind says of a status, whatever the policy.
constexpr bool rests(ClockKind kind, Detail status) {
  if (status == Detail::status_pending) return kind == ClockKind::requester_wait || kind == ClockKind::agent_work;
  return status == Detail::status_on_hold && kind == ClockKind::agent_work;
}

constexpr Measure outcome_of(ClockKind kind, bool breached) {
  return static_cast<Measure>(static_cast<int>(Measure::first_response_met) + 2 * static_cast<int>(kind) +
                              (breached ? 1 : 0));
}
static_assert(outcome_of(ClockKind::voicemail, true) == Measure::voicemail_breached);

// Rounded up: a point is passed when at least so much of the target has gone by.
constexpr Duration part_of(Duration target, int percent) { return (target * percent + 99) / 100; }

// A level that follows a clock, in pieces as its owner changes.
class Level {
 public:
  explicit Level(Measure measure) : measure_(measure) {}

  void set(Facts& out, Time now, bool on, Time at, Time since, std::uint16_t scopes) {
    if (on == on_ && (!on || scopes == scopes_)) return;
    finish(out, now, at);
    on_ = on;
    from_ = at;
    since_ = since;
    scopes_ = scopes;
  }
  void finish(Facts& out, Time now, Time to) {
    if (on_ && from_ != to) tell_span(out, now, measure_, scopes_, from_, to, since_);
    on_ = false;
  }

 private:
  Measure measure_;
  bool on_ = false;
  Time from_ = kNever, since_ = kNever;
  std::uint16_t scopes_ = 0;
};

class Walk {
 public:
  Walk(const ClockRun& run, std::uint32_t instance, const FactContext& context, Facts& out)
      : run_(run), context_(context), promises_(*context.promises), out_(out) {
    clock_.kind = run.kind;
    clock_.instance = instance;
    clock_.started = run.from;
  }

  void walk(std::span<const Stretch> stretches) {
    const Time now = context_.now;
    bool began = false;
    for (const Stretch& s : stretches) {
      if (s.to != kNever && s.to <= run_.from) continue;
      const Time at = std::max(s.from, run_.from);
      if (at > now) {
        out_.look_again_at(at);
        break;
      }
      began = true;
      const bool ends = run_.to != kNever && at >= run_.to;
      const bool rests_over = stands_while_over(run_.kind) && s.over != Stretch::Over::no;
      if (ends || rests_over) {
        if (clock_.ended == kNever) finish(s, at, ends ? run_.fulfilled : s.over == Stretch::Over::solved);
        if (ends) break;
        continue;
      }
      clock_.ended = kNever;
      judge(s, at);
      const Time end = run_.to == kNever ? s.to : s.to == kNever ? run_.to : std::min(s.to, run_.to);
      go_on(s, at, end);
    }
    if (began) tell();
  }

 private:
  struct Ran {
    Time from, to;
    int calendar;
    Detail status;
    Duration elapsed;
  };

  Duration measure(int calendar, Time from, Time to) const {
    return calendar < 0 ? to - from : promises_.calendar(calendar)->between(from, to);
  }

  // What is promised from here on, and where the clock stands by it.
  void judge(const Stretch& s, Time at) {
    const Terms* terms = s.policy < 0 ? nullptr : promises_.terms(s.policy, run_.kind, s.attributes.priority);
    promised_ = terms != nullptr;
    scopes_ = out_.scope_index(s.scopes);
    clock_.scopes = s.scopes;
    if (!promised_) {
      clock_.passed.clear();
      clock_.breached_at = kNever;
      set_levels(at);
      return;
    }
    terms_ = *terms;
    if (run_.promised != kNever) terms_ = {std::max<Duration>(1, run_.promised - run_.from), -1};
    clock_.policy = static_cast<std::uint16_t>(s.policy);
    clock_.calendar = static_cast<std::int16_t>(terms_.calendar);
    clock_.target = terms_.within;
    clock_.paused = rests(run_.kind, s.status) || promises_.pauses(s.policy, s.status);
    clock_.elapsed = elapsed(s.policy);
    clock_.measured = at;
    const auto known = std::exchange(clock_.passed, {});
    for (const int percent : promises_.points(s.policy)) {
      if (clock_.elapsed < part_of(terms_.within, percent)) break;
      const auto before = std::find_if(known.begin(), known.end(), [&](const auto& p) { return p.percent == percent; });
      clock_.passed.push_back({percent, before == known.end() ? at : before->at});
    }
    if (clock_.elapsed < terms_.within) {
      clock_.breached_at = kNever;
    } else if (clock_.breached_at == kNever) {
      breach(at);
    }
    clock_.due = clock_.breached_at != kNever ? clock_.breached_at : crossing(at, terms_.within);
    set_levels(at);
  }

  // What has run until now, by the terms in force from here on.
  Duration elapsed(int policy) {
    const bool kept = promises_.elapsed_is_kept(policy);
    Duration sum = 0;
    for (Ran& ran : ran_) {
      if (ran.calendar == kUnmeasured) {
        ran.calendar = terms_.calendar;
        ran.elapsed = promises_.pauses(policy, ran.status) ? 0 : measure(terms_.calendar, ran.from, ran.to);
        if (promises_.pauses(policy, ran.status)) ran.to = ran.from;
      }
      sum += kept || ran.calendar == terms_.calendar ? ran.elapsed : measure(terms_.calendar, ran.from, ran.to);
    }
    return sum;
  }

  // When the clock, at clock_.elapsed at `from`, will have run `need`; kNever: not as things are.
  Time crossing(Time from, Duration need) const {
    if (clock_.elapsed >= need) return from;
    if (clock_.paused) return kNever;
    const Calendar* calendar = promises_.calendar(terms_.calendar);
    return calendar == nullptr ? from + (need - clock_.elapsed) : calendar->after(from, need - clock_.elapsed);
  }

  // The stretch itself, from `at` until `end`.
  void go_on(const Stretch& s, Time at, Time end) {
    const Time now = context_.now;
    if (promised_) {
      const auto within = [&](Time instant) {  // whether it lies in this stretch, and has come
        if (instant == kNever || (end != kNever && instant >= end)) return false;
        if (instant > now) out_.look_again_at(instant);
        return instant <= now;
      };
      for (const int percent : promises_.points(s.policy)) {
        if (!clock_.passed.empty() && clock_.passed.back().percent >= percent) continue;
        const Time passed = crossing(at, part_of(terms_.within, percent));
        if (!within(passed)) break;
        clock_.passed.push_back({percent, passed});
        if (clock_.passed.size() == 1) set_levels(passed);
      }
      if (clock_.breached_at == kNever && within(clock_.due)) {
        breach(clock_.due);
        set_levels(clock_.due);
      }
    }
    if (end != kNever && end <= now) {
      const bool rested = promised_ ? clock_.paused : rests(run_.kind, s.status);
      if (rested) return;
      const int calendar = promised_ ? terms_.calendar : kUnmeasured;
      ran_.push_back({at, end, calendar, s.status, promised_ ? measure(calendar, at, end) : 0});
    }
  }

  void breach(Time at) {
    clock_.breached_at = at;
    breach_scopes_ = scopes_;
  }

  void finish(const Stretch& s, Time at, bool fulfilled) {
    judge(s, at);
    clock_.ended = at;
    fulfilled_ = fulfilled;
    clock_.paused = false;
    for (Level* level : {&running_, &at_risk_, &overdue_}) level->finish(out_, context_.now, at);
  }

  void set_levels(Time at) {
    const Time now = context_.now;
    const bool breached = clock_.breached_at != kNever;
    const bool warned = promised_ && !breached && !clock_.passed.empty();
    running_.set(out_, now, promised_, at, run_.from, scopes_);
    at_risk_.set(out_, now, warned, at, warned ? clock_.passed.front().at : kNever, scopes_);
    overdue_.set(out_, now, breached, at, clock_.breached_at, scopes_);
  }

  void tell() {
    for (Level* level : {&running_, &at_risk_, &overdue_}) level->finish(out_, context_.now, kNever);
    if (!promised_) return;
    using State = ClockState::State;
    const bool breached = clock_.breached_at != kNever;
    if (clock_.ended == kNever) {
      clock_.state = breached ? State::breached : State::running;
    } else {
      clock_.state = breached ? State::late : fulfilled_ ? State::met : State::cancelled;
    }
    const auto fact = [&](Measure measure, Time at, std::uint16_t scopes) {
      out_.facts.push_back({measure, Fact::Shape::one, scopes, 1, at, run_.from, clock_.ended});
    };
    if (breached) {
      fact(outcome_of(run_.kind, true), clock_.breached_at, breach_scopes_);
      fact(Measure::sla_breached, clock_.breached_at, breach_scopes_);
    } else if (clock_.state == State::met) {
      const std::uint16_t scopes = met_scopes();
      fact(outcome_of(run_.kind, false), clock_.ended, scopes);
      fact(Measure::sla_met, clock_.ended, scopes);
    }
    out_.clocks.push_back(clock_);
  }

  // Whoever answered kept the promise, whoever the ticket belongs to.
  std::uint16_t met_scopes() {
    if (run_.by == kNoAgent || run_.by == clock_.scopes.agent) return scopes_;
    Scopes scopes = clock_.scopes;
    const Membership member = context_.agents->at(run_.by, clock_.ended);
    scopes.agent = run_.by;
    scopes.team = member.team;
    scopes.site = member.site;
    return out_.scope_index(scopes);
  }

  const ClockRun& run_;
  const FactContext& context_;
  Promises& promises_;
  Facts& out_;
  ClockState clock_;
  bool promised_ = false;
  bool fulfilled_ = false;
  Terms terms_;
  std::uint16_t scopes_ = 0, breach_scopes_ = 0;
  boost::container::small_vector<Ran, 4> ran_;
  Level running_{Measure::sla_running}, at_risk_{Measure::sla_at_risk}, overdue_{Measure::sla_overdue};
};

}  // namespace

std::vector<Measure> never_promised(const SlaSettings& settings) {
  std::array<bool, kClockKinds> promised{};
  for (const SlaPolicy& policy : settings.policies) {
    for (const SlaTarget& target : policy.targets) promised[static_cast<std::size_t>(target.clock)] = true;
  }
  std::vector<Measure> never;
  for (int k = 0; k < kClockKinds; ++k) {
    if (promised[static_cast<std::size_t>(k)]) continue;
    for (const bool breached : {false, true}) never.push_back(outcome_of(static_cast<ClockKind>(k), breached));
  }
  if (settings.policies.empty()) {
    for (const Measure m : {Measure::sla_met, Measure::sla_breached, Measure::sla_running, Measure::sla_at_risk,
                            Measure::sla_overdue})
      never.push_back(m);
  }
  return never;
}

void tell_clocks(std::span<const ClockRun> runs, std::span<const Stretch> stretches, const FactContext& context,
                 Facts& out) {
  for (int k = 0; k < kClockKinds; ++k) {
    std::uint32_t instance = 0;
    if (!context.promises->any(static_cast<ClockKind>(k))) continue;
    for (const ClockRun& run : runs) {
      if (run.kind == static_cast<ClockKind>(k)) Walk(run, ++instance, context, out).walk(stretches);
    }
  }
}

void cut(const Stretch& piece, const FactContext& context, Stretches& out) {
  boost::container::small_vector<Time, 8> cuts;
  const auto add = [&](Time at) {
    if (at > piece.from && (piece.to == kNever || at < piece.to)) cuts.push_back(at);
  };
  for (const Time at : context.promises->changes()) add(at);
  const bool of_agent = piece.scopes.agent != kNoAgent;
  const Roster& roster = of_agent ? *context.agents : *context.queues;
  const std::uint32_t subject = of_agent ? piece.scopes.agent : piece.scopes.queue;
  const bool member = of_agent || piece.scopes.queue != kNoQueue;
  if (member) {
    for (const Roster::Entry& entry : roster.entries(subject)) add(entry.at);
  }
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  Stretch stretch = piece;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    stretch.to = i < cuts.size() ? cuts[i] : piece.to;
    if (member) {
      const Membership at = roster.at(subject, stretch.from);
      stretch.scopes.team = stretch.attributes.team = at.team;
      stretch.scopes.site = at.site;
    }
    stretch.policy = context.promises->in_force(stretch.attributes, stretch.from);
    out.push_back(stretch);
    stretch.from = stretch.to;
  }
}

// A call is about what its visit says as a whole; only who the queue belongs to and the policies change meanwhile.
void call_clocks(const Call& call, const FactContext& context, Facts& out) {
  if (context.promises == nullptr || !context.promises->any_for_calls()) return;
  std::uint32_t instances[kClockKinds] = {};
  const auto tell = [&](const Visit& v, ClockRun run) {
    if (!context.promises->any(run.kind)) return;
    Stretch piece;
    piece.from = run.from;
    piece.scopes.queue = piece.attributes.queue = v.queue;
    piece.scopes.channel = v.channel != kNoName ? v.channel : call.channel != kNoName ? call.channel : kVoice;
    piece.scopes.priority = v.priority != kNoName ? v.priority : call.priority;
    piece.attributes.channel = piece.scopes.channel;
    piece.attributes.priority = piece.scopes.priority;
    piece.attributes.category = call.category;
    piece.attributes.tags = call.tags;
    Stretches stretches;
    if (run.to != kNever && run.to > run.from) {  // where it ends it is judged by what is in force then
      piece.to = run.to;
      cut(piece, context, stretches);
      piece.from = run.to;
    }
    piece.to = kNever;
    cut(piece, context, stretches);
    Walk(run, ++instances[static_cast<int>(run.kind)], context, out).walk(stretches);
  };
  const auto taken_care_of = [](const auto& instants, ClockRun run) {
    const auto found = std::lower_bound(instants.begin(), instants.end(), run.from);
    if (found != instants.end()) run.to = *found;
    run.fulfilled = true;
    return run;
  };
  for (const Visit& v : call.visits) {
    if (v.queued == kNever) continue;
    ClockRun run{.kind = ClockKind::answer, .from = v.queued, .to = kNever};
    if (v.exit != Visit::Exit::none) run.to = std::max(v.exited, v.queued);
    run.fulfilled = v.exit == Visit::Exit::answered;
    tell(v, run);
  }
  for (const Visit& v : call.visits) {
    if (v.exit != Visit::Exit::left || v.left != Detail::callback) continue;
    tell(v, taken_care_of(call.called_back,
                          {.kind = ClockKind::callback, .from = v.exited, .promised = v.promised}));
  }
  for (const Visit& v : call.visits) {
    if (v.exit != Visit::Exit::left || v.left != Detail::voicemail) continue;
    tell(v, taken_care_of(call.voicemail_handled, {.kind = ClockKind::voicemail, .from = v.exited}));
  }
}

}  // namespace core
