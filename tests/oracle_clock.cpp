// What SLA clocks say, read plainly from docs/sla.md: at every instant, what was promised then, and how much of it has
// run. Business time is counted minute by minute.
#include <algorithm>
#include <array>

#include "oracle.h"

namespace oracle {
namespace {

using core::ClockKind;
using core::SlaPolicy;
using core::SlaTarget;
using windows::kDay;
using windows::kMinute;
using T = core::EventType;

bool open_in(const core::Calendar& c, Time at) {
  const Time wall = c.zone().to_local(at);
  const core::Schedule* in_force = &c.schedules().front();
  for (const core::Schedule& s : c.schedules()) {
    if (s.valid_from == kNever || s.valid_from <= at) in_force = &s;
  }
  const std::int64_t day = windows::floor_div(wall, kDay);
  const auto special = in_force->special.find(core::date_from(day));
  const auto& frames = special != in_force->special.end() ? special->second
                                                          : in_force->week[static_cast<std::size_t>((day + 3) % 7)];
  return std::any_of(frames.begin(), frames.end(),
                     [&](const core::Frame& f) { return f.from <= wall - day * kDay && wall - day * kDay < f.to; });
}

struct Slice {  // nothing that matters changes in it
  Time from, to;  // kNever: goes on
  Words words;
  Membership member;
  const SlaPolicy* policy;
};

bool listed(const std::vector<std::string>& words, std::string_view word) {
  return words.empty() || std::find(words.begin(), words.end(), word) != words.end();
}

bool tagged(std::string_view tags, const std::string& tag) {
  return ("," + std::string(tags) + ",").find("," + tag + ",") != std::string::npos;
}

const SlaPolicy* policy_for(const core::SlaSettings& sla, const Words& w, const Membership& member, Time at) {
  for (const SlaPolicy& p : sla.policies) {
    const auto& m = p.match;
    if (p.valid_from != kNever && at < p.valid_from) continue;
    if (p.valid_to != kNever && at >= p.valid_to) continue;
    if (listed(m.queues, w.queue) && listed(m.teams, member.team) && listed(m.priorities, w.priority) &&
        listed(m.categories, w.category) && listed(m.channels, w.channel) &&
        std::all_of(m.tags.begin(), m.tags.end(), [&](const std::string& tag) { return tagged(w.tags, tag); }))
      return &p;
  }
  return nullptr;
}

const SlaTarget* target_of(const SlaPolicy* policy, ClockKind kind, std::string_view priority) {
  const SlaTarget* found = nullptr;
  if (policy == nullptr) return nullptr;
  for (const SlaTarget& t : policy->targets) {
    if (t.clock == kind && t.priority.empty() && found == nullptr) found = &t;
    if (t.clock == kind && !t.priority.empty() && t.priority == priority) return &t;
  }
  return found;
}

bool pauses(const SlaPolicy& p, std::string_view status) {
  const auto detail = status == "new"       ? core::Detail::status_new
                      : status == "open"    ? core::Detail::status_open
                      : status == "pending" ? core::Detail::status_pending
                                            : core::Detail::status_on_hold;
  return std::find(p.pauses.begin(), p.pauses.end(), detail) != p.pauses.end();
}

bool is_time_clock(ClockKind k) {
  return k == ClockKind::requester_wait || k == ClockKind::agent_work || k == ClockKind::resolution;
}

class Judge {
 public:
  Judge(const Run& run, const std::vector<Slice>& slices, const Context& context, std::vector<Story>& out)
      : run_(run), context_(context), out_(out) {
    for (const Slice& s : slices) {
      if (s.to == kNever || s.to > run.start) slices_.push_back(s);
    }
    if (!slices_.empty()) slices_.front().from = std::max(slices_.front().from, run.start);
  }

  void tell() {
    const Time now = context_.now;
    if (run_.start > now) return;
    std::size_t i = 0;
    for (; i < slices_.size() && slices_[i].from <= now; ++i) {
      const Slice& s = slices_[i];
      if (run_.end != kNever && s.from >= run_.end) {
        look(i, s.from);
        ended_ = s.from;
        kept_ = run_.fulfilled;
        break;
      }
      if (over(i)) {
        if (i > 0 && over(i - 1)) continue;
        look(i, s.from);
        ended_ = s.from;
        kept_ = s.words.over == 's';
        continue;
      }
      ended_ = kNever;
      look(i, s.from);
      live(i);
    }
    outcome();
  }

 private:
  bool over(std::size_t i) const { return is_time_clock(run_.kind) && slices_[i].words.over != ' '; }
  const SlaTarget* target(std::size_t i) const {
    return target_of(slices_[i].policy, run_.kind, slices_[i].words.priority);
  }
  bool own_promise() const { return run_.promised != kNever; }
  Duration within(std::size_t i) const {
    return own_promise() ? std::max<Duration>(1, run_.promised - run_.start) : target(i)->within;
  }
  int calendar(std::size_t i) const { return own_promise() ? -1 : target(i)->calendar; }

  // What has run until t, which is in slice `at`, by the promise that is made there.
  Duration elapsed(std::size_t at, Time t) const {
    Duration sum = 0;
    for (std::size_t i = 0; i <= at; ++i) {
      const Slice& s = slices_[i];
      if (over(i)) continue;
      if (s.words.status == "pending" &&
          (run_.kind == ClockKind::requester_wait || run_.kind == ClockKind::agent_work))
        continue;
      if (s.words.status == "on_hold" && run_.kind == ClockKind::agent_work) continue;
      std::size_t by = i;  // who promises for that time: itself, or the next that does
      while (by < at && (target(by) == nullptr || (by > i && over(by) && over(by - 1)))) ++by;
      if (target(by) == nullptr || pauses(*slices_[by].policy, s.words.status)) continue;
      const int c = slices_[at].policy->elapsed_is_kept ? calendar(by) : calendar(at);
      const Time to = i == at ? t : s.to;
      sum += c < 0 ? to - s.from : context_.minutes->between(static_cast<std::size_t>(c), s.from, to);
    }
    return sum;
  }

  // The first instant from `from` on, until `last`, at which it has run `need`.
  Time reached(std::size_t i, Time from, Time last, Duration need) const {
    if (last < from || elapsed(i, last) < need) return kNever;
    while (from < last) {
      const Time middle = from + (last - from) / 2;
      (elapsed(i, middle) >= need ? last : from) = elapsed(i, middle) >= need ? middle : middle + 1;
    }
    return from;
  }

  std::vector<int> points(std::size_t i) const {
    std::vector<int> all = slices_[i].policy->warnings;
    for (const core::Escalation& e : slices_[i].policy->escalations) {
      if (e.percent < 100) all.push_back(e.percent);
    }
    std::sort(all.begin(), all.end());
    return all;
  }

  // Where it stands at the beginning of slice i.
  void look(std::size_t i, Time at) {
    promised_ = target(i) != nullptr;
    last_ = i;
    if (!promised_) {
      broken_.reset();
      passed_.clear();
      return;
    }
    std::map<int, Time> passed;
    for (const int p : points(i)) {
      if (elapsed(i, at) * 100 < within(i) * p) continue;
      passed[p] = passed_.count(p) != 0 ? passed_[p] : at;
    }
    passed_ = passed;
    if (elapsed(i, at) < within(i)) {
      broken_.reset();
    } else if (!broken_) {
      broken_ = at;
      broken_slice_ = i;
    }
  }

  // The slice itself: what it passes, and the levels.
  void live(std::size_t i) {
    if (!promised_) return;
    const Slice& s = slices_[i];
    const Time now = context_.now;
    const bool closed = s.to != kNever && s.to <= now;
    const Time last = closed ? s.to - 1 : now, to = closed ? s.to : kNever;
    const bool was_broken = broken_.has_value();
    Time risk = passed_.empty() ? kNever : s.from;
    for (const int p : points(i)) {
      if (passed_.count(p) != 0) continue;
      const Time at = reached(i, s.from, last, (within(i) * p + 99) / 100);
      if (at == kNever) break;
      passed_[p] = at;
      if (risk == kNever) risk = at;
    }
    if (!broken_) {
      const Time at = reached(i, s.from, last, within(i));
      if (at != kNever) {
        broken_ = at;
        broken_slice_ = i;
      }
    }
    lasts(Measure::sla_running, i, s.from, to, run_.start);
    if (!was_broken && risk != kNever) {
      const Time end = broken_ ? *broken_ : to;
      if (end != risk) lasts(Measure::sla_at_risk, i, risk, end, passed_.begin()->second);
    }
    if (broken_) lasts(Measure::sla_overdue, i, was_broken ? s.from : *broken_, to, *broken_);
  }

  std::vector<std::string_view> names(std::size_t i, std::string_view by = {}) const {
    Words w = slices_[i].words;
    Membership m = slices_[i].member;
    if (!by.empty() && by != w.agent) {
      w.agent = by;
      m = context_.agents->at(by, slices_[i].from);
    }
    std::vector<std::string_view> all;
    for (const auto& [kind, name] : {std::pair{"agent/", w.agent}, {"queue/", w.queue}, {"channel/", w.channel},
                                     {"priority/", w.priority}, {"team/", m.team}, {"site/", m.site}}) {
      if (!name.empty()) all.push_back(keep(kind + std::string(name)));
    }
    return all;
  }

  void lasts(Measure measure, std::size_t i, Time from, Time to, Time since) {
    Story story;
    story.measure = measure;
    story.lasts = true;
    story.at = from;
    story.to = to;
    story.since = since;
    story.names = names(i);
    out_.push_back(story);
  }

  void outcome() {
    if (!promised_ || (!broken_ && (ended_ == kNever || !kept_))) return;
    Story story;
    story.at = broken_ ? *broken_ : ended_;
    story.entry = run_.start;
    story.end = ended_;
    story.names = broken_ ? names(broken_slice_) : names(last_, run_.by);
    for (const Measure m : {static_cast<Measure>(static_cast<int>(Measure::first_response_met) +
                                                 2 * static_cast<int>(run_.kind) + (broken_ ? 1 : 0)),
                            broken_ ? Measure::sla_breached : Measure::sla_met}) {
      story.measure = m;
      out_.push_back(story);
    }
  }

  const Run& run_;
  const Context& context_;
  std::vector<Story>& out_;
  std::vector<Slice> slices_;
  bool promised_ = false, kept_ = false;
  std::size_t last_ = 0, broken_slice_ = 0;
  std::optional<Time> broken_;
  std::map<int, Time> passed_;
  Time ended_ = kNever;
};

}  // namespace

Duration Minutes::between(std::size_t calendar, Time from, Time to) {
  const auto until = [&](Time t) {  // from the beginning of its UTC day
    const std::int64_t day = t / kDay;
    auto [known, fresh] = days_.try_emplace({calendar, day});
    auto& sums = known->second;
    if (fresh) {
      for (int m = 0; m < 1440; ++m) {
        const bool open = open_in(sla_.calendars[calendar], day * kDay + m * kMinute);
        sums.push_back((sums.empty() ? 0 : sums.back()) + (open ? 1 : 0));
      }
    }
    const auto minute = static_cast<std::size_t>(t % kDay / kMinute);
    const Duration before = minute == 0 ? 0 : sums[minute - 1] * kMinute;
    const bool open = sums[minute] > (minute == 0 ? 0 : sums[minute - 1]);
    return before + (open ? t % kMinute : 0);
  };
  Duration sum = until(to) - until(from);
  for (std::int64_t day = from / kDay; day < to / kDay; ++day)
    sum += until(day * kDay + kDay - 1) + (open_in(sla_.calendars[calendar], day * kDay + kDay - 1) ? 1 : 0);
  return sum;
}

void tell_clocks(const std::vector<Run>& runs, std::set<Time> instants, const std::function<Words(Time)>& words_at,
                 const Context& context, std::vector<Story>& out) {
  for (const SlaPolicy& p : context.sla->policies) {
    if (p.valid_from != kNever) instants.insert(p.valid_from);
    if (p.valid_to != kNever) instants.insert(p.valid_to);
  }
  std::set<Time> moves;
  for (const Time t : instants) {
    const Words w = words_at(t);
    for (const Time at : w.agent.empty() ? context.queues->changes(w.queue) : context.agents->changes(w.agent))
      moves.insert(at);
  }
  instants.insert(moves.begin(), moves.end());
  std::vector<Slice> slices;
  for (const Time t : instants) {
    const Words w = words_at(t);
    Membership member;
    if (!w.agent.empty()) {
      member = context.agents->at(w.agent, t);
    } else if (!w.queue.empty()) {
      member = context.queues->at(w.queue, t);
    }
    if (!slices.empty()) slices.back().to = t;
    slices.push_back({t, kNever, w, member, policy_for(*context.sla, w, member, t)});
  }
  for (const Run& run : runs) Judge(run, slices, context, out).tell();
}

void tell_ticket_clocks(const std::vector<Event>& events, const Context& context, std::vector<Story>& out) {
  if (context.sla->policies.empty()) return;
  const Event* creation = nullptr;
  for (const Event& e : events) {
    if (e.type == T::ticket_created && creation == nullptr) creation = &e;
  }
  const Time created = creation != nullptr ? creation->at : events.front().at;
  const auto at = [&](const Event& e) { return std::max(e.at, created); };
  const auto change = [&](Words& w, const Event& e) {
    if (!e.channel.empty()) w.channel = e.channel;
    if (!e.priority.empty()) w.priority = e.priority;
    if (e.type == T::ticket_created || e.type == T::ticket_assigned) {
      if (!e.queue.empty()) w.queue = e.queue;
      if (!e.agent.empty() || e.type == T::ticket_assigned) w.agent = e.agent;
    }
    if (e.type == T::ticket_category) w.category = e.text;
    if (e.type == T::ticket_tags) w.tags = e.text;
    const bool merging = std::any_of(events.begin(), events.end(),
                                     [&](const Event& o) { return o.type == T::ticket_merged && o.at == e.at; });
    if (e.type == T::ticket_status || e.type == T::ticket_reopened) {
      w.status = e.type == T::ticket_status ? e.text : "open";
      w.over = ' ';
    } else if (w.over == ' ' && (e.type == T::ticket_resolved || e.type == T::ticket_closed) && !merging) {
      w.over = 's';
    } else if (w.over == ' ' && e.type == T::ticket_merged) {
      w.over = 'm';
    }
  };
  const auto words_at = [&](Time t) {
    Words w;
    w.channel = "email";
    for (const Event& e : events) {
      if (at(e) <= t) change(w, e);
    }
    return w;
  };

  std::vector<Run> runs;
  for (const ClockKind k : {ClockKind::requester_wait, ClockKind::agent_work, ClockKind::resolution})
    runs.push_back({k, created, kNever, false, {}, kNever});
  std::optional<std::size_t> question, update;
  bool responded = creation == nullptr, meanwhile = false;
  const auto ask = [&](Time t) {
    question = runs.size();
    runs.push_back({responded ? ClockKind::next_reply : ClockKind::first_response, t, kNever, false, {}, kNever});
    responded = true;
  };
  const auto end = [&](std::optional<std::size_t>& run, Time t, bool fulfilled, std::string_view by) {
    if (run) runs[*run].end = t, runs[*run].fulfilled = fulfilled, runs[*run].by = by;
    run.reset();
  };
  if (creation != nullptr && creation->by != "agent") ask(created);
  Words w;
  for (const Event& e : events) {
    const char was = w.over;
    change(w, e);
    if (was == ' ' && w.over != ' ') {
      end(question, at(e), w.over == 's', {});
      end(update, at(e), w.over == 's', {});
    }
    if (was != ' ' && w.over == ' ' && std::exchange(meanwhile, false)) ask(at(e));
    if (e.type != T::ticket_reply || !e.is_public) continue;
    if (e.by == "customer" || e.by.empty()) {
      if (w.over != ' ') {
        meanwhile = true;
      } else if (!question) {
        ask(at(e));
      }
    }
    if (e.by != "agent") continue;
    meanwhile = false;
    end(question, at(e), true, e.agent);
    end(update, at(e), true, e.agent);
    if (w.over != ' ') continue;
    update = runs.size();
    runs.push_back({ClockKind::periodic_update, at(e), kNever, false, {}, kNever});
  }
  std::set<Time> instants;
  for (const Event& e : events) instants.insert(at(e));
  tell_clocks(runs, instants, words_at, context, out);
}

}  // namespace oracle
