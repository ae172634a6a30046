// What the events of one call mean, read plainly. See core/call.h, core/facts.h and core/measure.h.
#include <algorithm>
#include <tuple>

#include "core/record.h"
#include "oracle.h"

namespace oracle {
namespace {

using T = core::EventType;

// Who tells: two sources may say the same thing, one that says it twice saw it twice.
using From = std::pair<std::string_view, int>;
From from(const Event& e) { return {e.source, e.authority}; }

struct Leg {
  std::string_view agent;
  Time answered = kNever, ended = kNever, wrapped = kNever;
  Duration talk = -1, hold = -1, wrap = -1;
  std::string_view transfer;
  std::vector<std::pair<Time, Time>> holds;
  From answer_from, end_from;
};

struct Ring {
  std::string_view agent;
  Time from = kNever, to = kNever;
  bool missed = false;
  From told_by;
};

struct Visit {
  std::string_view queue, channel, priority;
  std::string_view out;  // "" while it waits; answered, abandoned, or how it left
  Time queued = kNever, out_at = kNever, promised = kNever;
  Duration wait = -1;
  bool inferred = false;  // it left because the next visit began; nobody said so
  int believed = 0;  // authority of who said how it left
  From entry_from;
  std::vector<Leg> legs;
  std::vector<Ring> rings;
};

struct Call {
  Time started = kNever, ended = kNever;
  std::string_view channel, priority;
  std::vector<Visit> visits;
  std::vector<Event> ratings;
};

void leave(Visit& v, std::string_view how, Time at) {
  v.out = how;
  v.out_at = at;
}

void stop_rings(Visit& v, Time at) {
  for (Ring& r : v.rings) {
    if (r.to == kNever) r.to = at;
  }
}

constexpr Duration kApart = 2 * windows::kSecond;  // two sources' clocks

bool again(Time first, const From& told, const Event& e) {
  return first != kNever && told != from(e) && e.at <= first + kApart;
}

void end_leg(Leg& leg, Time at, Duration talk) {
  if (leg.ended == kNever) {
    leg.ended = at;
    if (!leg.holds.empty() && leg.holds.back().second == kNever) leg.holds.back().second = at;
  }
  if (talk >= 0) leg.talk = talk;
}

// A source that missed the end counts on.
void end_leg(Leg& leg, const Event& e) {
  if (leg.ended == kNever) leg.end_from = from(e);
  else if (leg.end_from != from(e) && e.at > leg.ended + kApart) return;
  end_leg(leg, e.at, e.value);
}

// The agent's newest leg, from the queue that is named if there is one, one that goes on before one that is over.
Leg* leg_of(Call& call, const Event& e) {
  for (const std::string_view queue : {e.queue, std::string_view()}) {
    for (const bool open : {true, false}) {
      for (auto v = call.visits.rbegin(); v != call.visits.rend(); ++v) {
        if (!queue.empty() && v->queue != queue) continue;
        for (auto leg = v->legs.rbegin(); leg != v->legs.rend(); ++leg) {
          if ((e.agent.empty() || leg->agent == e.agent) && (!open || leg->ended == kNever)) return &*leg;
        }
      }
    }
  }
  return nullptr;
}

bool talks(const Visit& v, const Event& e, bool or_did) {
  return !e.agent.empty() && std::any_of(v.legs.begin(), v.legs.end(), [&](const Leg& l) {
    return l.agent == e.agent && (l.ended == kNever || (or_did && again(l.ended, l.answer_from, e)));
  });
}

// Nothing more was heard of the call after `at`.
void lose(Call& call, Time at) {
  for (Visit& v : call.visits) {
    if (v.out.empty() && v.queued <= at) leave(v, "other", at);
    if (!v.out.empty()) stop_rings(v, at);
    for (Leg& leg : v.legs) {
      if (leg.ended == kNever && leg.answered <= at) end_leg(leg, at, -1);
    }
  }
}

// The call is over: nobody waits, rings or talks any more.
void end_all(Call& call, const Event& e) {
  call.ended = e.at;
  for (Visit& v : call.visits) {
    if (v.out.empty()) leave(v, "abandoned", e.at);
    stop_rings(v, e.at);
    for (Leg& leg : v.legs) {
      if (leg.ended == kNever) end_leg(leg, e);
    }
  }
}

Call walk(const std::vector<Event>& events) {
  Call call;
  const auto current = [&](const Event& e) -> Visit& {
    if (call.visits.empty()) {
      call.visits.emplace_back();
      call.visits.back().queue = e.queue;
    }
    // A queue that was left a moment ago may still be spoken of.
    std::size_t i = call.visits.size() - 1;
    if (e.queue.empty() || call.visits[i].queue.empty() || call.visits[i].queue == e.queue) return call.visits[i];
    while (i > 0 && call.visits[i].queued != kNever && e.at <= call.visits[i].queued + kApart) {
      if (call.visits[--i].queue == e.queue) return call.visits[i];
    }
    return call.visits.back();
  };
  // What came next was the end of a visit at the latest.
  const auto out_of = [&](const Visit& v, Time at) {
    return &v == &call.visits.back() || (&v + 1)->queued == kNever ? at : std::min(at, (&v + 1)->queued);
  };
  for (const Event& e : events) {
    if (!e.channel.empty()) call.channel = e.channel;
    if (!e.priority.empty()) call.priority = e.priority;
    switch (e.type) {
      case T::call_started:
        if (call.started == kNever) call.started = e.at;
        break;
      case T::call_queued: {
        const bool known = std::any_of(call.visits.begin(), call.visits.end(), [&](const Visit& v) {
          if (v.queue != e.queue || v.queued == kNever) return false;
          return again(v.queued, v.entry_from, e) || (v.out.empty() && e.at <= v.queued + kApart);
        });
        if (known) break;
        if (!call.visits.empty() && call.visits.back().out.empty()) {
          Visit& last = call.visits.back();
          if (last.queued == kNever) {  // it rang before the source told of the queue
            last.queued = e.at;
            last.entry_from = from(e);
            last.queue = e.queue;
            break;
          }
          leave(last, "overflow", e.at);
          last.inferred = true;
          stop_rings(last, e.at);
        }
        Visit v;
        v.queue = e.queue;
        v.queued = e.at;
        v.entry_from = from(e);
        v.channel = call.channel;
        v.priority = call.priority;
        call.visits.push_back(v);
        break;
      }
      case T::call_offered: {
        Visit& v = current(e);
        const bool told = !e.agent.empty() && std::any_of(v.rings.begin(), v.rings.end(), [&](const Ring& r) {
          return r.agent == e.agent && (r.to == kNever || again(r.from, r.told_by, e));
        });
        if (!talks(v, e, false) && !told) v.rings.push_back({e.agent, e.at, kNever, false, from(e)});
        break;
      }
      case T::call_no_answer: {
        auto& rings = current(e).rings;
        const auto open = std::find_if(rings.rbegin(), rings.rend(),
                                       [&](const Ring& r) { return r.agent == e.agent && r.to == kNever; });
        if (open != rings.rend()) {
          open->to = e.at;
          open->missed = true;
        } else {
          const Ring ring{e.agent, e.at - std::max<Duration>(0, e.value), e.at, true, from(e)};
          const bool told = std::any_of(rings.begin(), rings.end(), [&](const Ring& r) {
            return !e.agent.empty() && r.agent == e.agent && r.missed && r.to > ring.from;
          });
          if (!told) rings.push_back(ring);
        }
        break;
      }
      case T::call_answered: {
        Visit& v = current(e);
        stop_rings(v, e.at);
        if (v.out.empty() || v.inferred) {
          leave(v, "answered", out_of(v, e.at));
          v.inferred = false;
          v.wait = e.value;
        }
        if (talks(v, e, true)) break;
        v.legs.push_back({e.agent, e.at, kNever, kNever, -1, -1, -1, "", {}, from(e), {}});
        break;
      }
      case T::call_held:
        if (Leg* leg = leg_of(call, e); leg != nullptr && leg->ended == kNever) {
          if (leg->holds.empty() || leg->holds.back().second != kNever) leg->holds.push_back({e.at, kNever});
        }
        break;
      case T::call_resumed:
        if (Leg* leg = leg_of(call, e); leg != nullptr && !leg->holds.empty()) {
          if (leg->holds.back().second == kNever) leg->holds.back().second = e.at;
        }
        break;
      case T::call_hold_total:
        if (Leg* leg = leg_of(call, e)) leg->hold = e.value;
        break;
      case T::call_transferred:
        if (Leg* leg = leg_of(call, e)) {
          leg->transfer = e.text.empty() ? "attended" : e.text;
          end_leg(*leg, e);
        }
        break;
      case T::call_abandoned:
      case T::call_left: {
        if (call.visits.empty() && e.type == T::call_abandoned) {
          call.ended = e.at;
          break;
        }
        const bool gave_up = e.type == T::call_abandoned;
        const std::string_view how = gave_up ? "abandoned" : e.text.empty() ? "other" : e.text;
        // Two visits may touch in one instant: what left is the first of them.
        Visit* which = &current(e);
        if (!gave_up && which != call.visits.data() && which->queued == e.at) {
          Visit* const before = which - 1;
          if (before->inferred && (e.queue.empty() || e.queue == before->queue)) which = before;
        }
        Visit& v = *which;
        // Out of one queue and into the next at once, and the way into the first was not heard.
        if (!e.queue.empty() && !v.queue.empty() && e.queue != v.queue && v.queued == e.at) break;
        const bool known = !v.inferred && !v.out.empty();
        if (v.inferred ? gave_up : v.out == "answered") break;
        if (known && v.out != "abandoned" && !gave_up) {
          if (how == "voicemail" && v.out != "callback") v.out = how;  // why it left, and what came of it
          if (v.out == "voicemail") break;
        }
        if (known && e.authority <= v.believed) break;
        v.inferred = false;
        v.believed = e.authority;
        leave(v, how, out_of(v, e.at));
        stop_rings(v, v.out_at);
        // Of a callback the value is a promise.
        if (gave_up || e.text != "callback") v.wait = e.value;
        else if (e.value >= 0) v.promised = e.at + e.value;
        break;
      }
      case T::call_ended:
        if (e.agent.empty()) end_all(call, e);
        else if (Leg* leg = leg_of(call, e)) end_leg(*leg, e);
        break;
      case T::call_wrapped:
        if (Leg* leg = leg_of(call, e)) {
          if (leg->ended == kNever) {
            end_leg(*leg, e.at - std::max<Duration>(0, e.value), -1);
            leg->end_from = from(e);
          }
          leg->wrapped = e.at;
          leg->wrap = e.value;
        }
        break;
      case T::call_rated: call.ratings.push_back(e); break;
      default: break;
    }
    if (call.visits.empty()) continue;
    Visit& v = call.visits.back();
    if (v.queue.empty()) v.queue = e.queue;
    if (!e.channel.empty()) v.channel = e.channel;
    if (!e.priority.empty()) v.priority = e.priority;
  }
  return call;
}

// `a` is believed; what it leaves open is taken from `b`.
Visit merged(Visit a, const Visit& b) {
  if (a.queue.empty()) a.queue = b.queue;
  if (a.channel.empty()) a.channel = b.channel;
  if (a.priority.empty()) a.priority = b.priority;
  if (a.queued == kNever) a.queued = b.queued;
  if (a.rings.empty()) a.rings = b.rings;
  if (a.out.empty()) {
    a.out = b.out;
    a.out_at = b.out_at;
    a.wait = b.wait;
    a.legs = b.legs;
  } else {
    std::vector<Leg> others = b.legs;
    for (Leg& leg : a.legs) {
      const auto other =
          std::find_if(others.begin(), others.end(), [&](const Leg& l) { return l.agent == leg.agent; });
      if (other == others.end()) continue;
      if (leg.ended == kNever) {
        leg.ended = other->ended;
        leg.talk = other->talk;
      }
      if (leg.wrapped == kNever && leg.wrap < 0)
        std::tie(leg.wrapped, leg.wrap) = std::tie(other->wrapped, other->wrap);
      if (leg.hold < 0 && leg.holds.empty()) std::tie(leg.hold, leg.holds) = std::tie(other->hold, other->holds);
      if (leg.transfer.empty()) leg.transfer = other->transfer;
      others.erase(other);
    }
  }
  if (!a.out.empty()) stop_rings(a, a.out_at);
  return a;
}

Call read(const std::vector<Event>& events) {
  std::vector<Event> live;
  std::map<int, std::pair<core::Rank, std::vector<Event>>> finals;  // by visit: the highest-ranking record
  int live_authority = -1;
  for (const Event& e : events) {
    if (!e.final) {
      live.push_back(e);
      live_authority = std::max<int>(live_authority, e.authority);
      continue;
    }
    auto& [rank, parts] = finals[e.visit];
    const core::Rank mine = core::rank_of(e);
    if (parts.empty() || mine > rank) parts.clear();
    if (parts.empty()) rank = mine;
    if (mine == rank) parts.push_back(e);
  }
  if (std::any_of(live.begin(), live.end(), [](const Event& e) { return e.type == T::call_merged; })) return {};
  const std::vector<Event> told = sorted_once(live);
  Call call = walk(told);
  for (auto& [number, final] : finals) {
    const auto& [rank, parts] = final;
    const bool wins = parts.front().authority >= live_authority;
    Call said = walk(sorted_once(parts));
    const auto choose = [&](auto& mine, const auto& theirs, auto unset) {
      if (theirs != unset && (wins || mine == unset)) mine = theirs;
    };
    choose(call.started, said.started, kNever);
    choose(call.ended, said.ended, kNever);
    choose(call.channel, said.channel, std::string_view());
    choose(call.priority, said.priority, std::string_view());
    if (said.visits.empty()) continue;
    const auto index = static_cast<std::size_t>(number - 1);
    const Visit& stated = said.visits.front();
    if (index >= call.visits.size()) call.visits.push_back(stated);
    else call.visits[index] = wins ? merged(stated, call.visits[index]) : merged(call.visits[index], stated);
  }
  // The end of the call ends what had begun by then and that neither side saw ending.
  if (call.ended != kNever && !finals.empty()) {
    for (Visit& v : call.visits) {
      for (Ring& r : v.rings) {
        if (r.to == kNever && r.from <= call.ended) r.to = call.ended;
      }
      if (v.out.empty() && v.queued <= call.ended) leave(v, "abandoned", call.ended);
      for (Leg& leg : v.legs) {
        if (leg.ended == kNever && leg.answered <= call.ended) end_leg(leg, call.ended, -1);
      }
    }
  }
  const auto life = std::find_if(told.rbegin(), told.rend(), [](const Event& e) { return e.type <= T::call_wrapped; });
  const auto lost = std::find_if(life.base(), told.end(), [](const Event& e) { return e.type == T::call_lost; });
  if (lost != told.end()) lose(call, lost->at);
  return call;
}

Time entry_of(const Visit& v) {
  if (v.queued != kNever) return v.queued;
  // Straight to an agent: it began when it first rang, or as long before the answer as the source says.
  Time first = kNever;
  const auto consider = [&](Time t) {
    if (t != kNever && (first == kNever || t < first)) first = t;
  };
  for (const Ring& r : v.rings) consider(r.from);
  if (v.out_at != kNever) consider(v.out_at - std::max<Duration>(0, v.wait));
  return first;
}

Time wrapped_at(const Leg& leg) {
  if (leg.wrapped != kNever) return std::max(leg.wrapped, leg.ended);
  return leg.wrap >= 0 && leg.ended != kNever ? leg.ended + leg.wrap : kNever;
}

struct Teller {
  const Context& context;
  std::vector<Story>& out;
  std::vector<Busy>& busy;
  Seen seen;

  Story base(const Visit& v, Time entry, Time end, std::string_view channel, std::string_view priority) const {
    Story s;
    s.entry = entry;
    s.end = end;
    s.queue = v.queue;
    if (!v.queue.empty()) s.names.push_back(keep("queue/" + std::string(v.queue)));
    s.names.push_back(keep("channel/" + std::string(channel)));
    if (!priority.empty()) s.names.push_back(keep("priority/" + std::string(priority)));
    return s;
  }

  void with_team(Story& s, const Membership& m) const {
    if (!m.team.empty()) s.names.push_back(keep("team/" + std::string(m.team)));
    if (!m.site.empty()) s.names.push_back(keep("site/" + std::string(m.site)));
  }

  Story with_agent(Story s, std::string_view agent, Time at) const {
    if (agent.empty()) return s;
    s.names.push_back(keep("agent/" + std::string(agent)));
    with_team(s, context.agents->at(agent, at));
    return s;
  }

  void one(Story s, Measure measure, Time at, Duration value = 0) {
    s.measure = measure;
    s.at = at;
    s.value = value;
    out.push_back(s);
  }

  void span(Story s, Measure measure, Time from, Time to, std::string_view agent = {}) {
    s.measure = measure;
    s.lasts = true;
    s.at = s.since = from;
    s.to = to;
    out.push_back(s);
    if (!agent.empty() && (to == kNever || to > from)) busy.push_back({agent, measure, from, to});
  }

  void tell(const Call& call) {
    const std::string_view channel = call.channel.empty() ? "voice" : call.channel;
    Time first = call.started;
    if (first == kNever && !call.visits.empty()) first = entry_of(call.visits.front());
    if (first == kNever) first = call.ended;
    if (first == kNever) return;
    const Story s = base({}, first, call.ended, channel, call.priority);
    one(s, Measure::calls, first);
    if (call.visits.empty() && call.ended != kNever) one(s, Measure::abandoned_in_ivr, call.ended);
    for (const Visit& v : call.visits) {
      tell(v, v.channel.empty() ? channel : v.channel, v.priority.empty() ? call.priority : v.priority);
    }
    if (!seen.reached) seen.at = first;
    if (!call.ratings.empty()) rate(call, call.ratings.back(), first, channel);
  }

  void rate(const Call& call, const Event& rating, Time first, std::string_view channel) {
    const Time at = std::max(rating.at, first);
    Visit where;
    std::string_view who;
    for (const Visit& v : call.visits) {
      if (!v.queue.empty()) where.queue = v.queue;
      if (!v.legs.empty()) who = v.legs.back().agent;
    }
    if (!rating.agent.empty()) who = rating.agent;
    Story s = with_agent(base(where, first, call.ended, channel, call.priority), who, at);
    if (who.empty() && !where.queue.empty()) with_team(s, context.queues->at(where.queue, at));
    tell_score(rating, [&](Measure measure, Duration score) { one(s, measure, at, score); });
  }

  void tell(const Visit& v, std::string_view channel, std::string_view priority) {
    const Time entry = entry_of(v);
    if (entry == kNever) return;
    Time end = v.out_at;
    for (const Leg& leg : v.legs) end = std::max({end, leg.ended, wrapped_at(leg)});
    if (std::any_of(v.legs.begin(), v.legs.end(), [](const Leg& l) { return l.ended == kNever; })) end = kNever;
    const Story bare = base(v, entry, end, channel, priority);
    Story s = bare;
    if (!v.queue.empty()) with_team(s, context.queues->at(v.queue, entry));
    if (v.out == "refused" && v.queued == kNever) return one(s, Measure::refused, v.out_at);
    one(s, Measure::offered, entry);
    const bool in_queue = v.queued != kNever || !v.queue.empty();
    const Time out_at = v.out.empty() ? kNever : std::max(v.out_at, entry);
    if (in_queue) {
      one(s, Measure::queued, entry);
      span(s, Measure::waiting, entry, out_at);
    }
    if (!v.out.empty()) {
      const Duration wait = v.wait >= 0 ? v.wait : out_at - entry;
      if (in_queue) one(s, Measure::queue_time, out_at, wait);
      const bool left = v.out != "answered" && v.out != "abandoned";
      one(s, left ? Measure::left_wait : v.out == "answered" ? Measure::wait : Measure::abandon_wait, out_at, wait);
      constexpr std::pair<std::string_view, Measure> kWays[] = {
          {"overflow", Measure::overflowed}, {"timeout", Measure::timed_out}, {"voicemail", Measure::voicemail},
          {"callback", Measure::callback}, {"key", Measure::left_by_key}, {"refused", Measure::refused}};
      for (const auto& [word, measure] : kWays) {
        if (v.out == word) one(s, measure, out_at);
      }
    }
    for (const Ring& r : v.rings) {
      const Story mine = with_agent(bare, r.agent, r.from);
      one(mine, Measure::agent_offers, r.from);
      if (r.missed) one(mine, Measure::agent_no_answer, r.to);
      span(mine, Measure::ringing, r.from, r.to == kNever ? kNever : std::max(r.from, r.to), r.agent);
    }
    for (const Leg& leg : v.legs) tell(v, leg, with_agent(bare, leg.agent, leg.answered));
  }

  void tell(const Visit& v, const Leg& leg, const Story& s) {
    const bool rang = std::any_of(v.rings.begin(), v.rings.end(), [&](const Ring& r) {
      return r.agent == leg.agent && !r.missed && r.from <= leg.answered;
    });
    if (!rang) one(s, Measure::agent_offers, leg.answered);
    one(s, Measure::handled, leg.answered);
    if (leg.answered <= context.now && (!seen.reached || leg.answered < seen.at))
      seen = {seen.customer, leg.answered, true, s.names};
    const Time ended = leg.ended == kNever ? kNever : std::max(leg.ended, leg.answered);

    // Holds cut out of the connection; what is left is talk.
    Duration held = 0;
    Time talk_from = leg.answered;
    for (const auto& [from, to] : leg.holds) {
      const Time a = std::max(from, talk_from);
      if (talk_from == kNever || (ended != kNever && a >= ended)) break;
      const Time b = to == kNever ? ended : ended == kNever ? std::max(a, to) : std::min(ended, std::max(a, to));
      if (a > talk_from) span(s, Measure::talking, talk_from, a, leg.agent);
      if (b == kNever || b > a) span(s, Measure::holding, a, b, leg.agent);
      if (b != kNever) held += b - a;
      talk_from = b;
    }
    if (talk_from != kNever && (ended == kNever || ended > talk_from))
      span(s, Measure::talking, talk_from, ended, leg.agent);
    if (ended == kNever) return;

    const Duration hold = leg.hold >= 0 ? leg.hold : held;
    const Duration talk = leg.talk >= 0 ? leg.talk : std::max<Duration>(0, ended - leg.answered - hold);
    const Time wrapped = wrapped_at(leg);
    const Duration wrap = wrapped == kNever ? 0 : leg.wrap >= 0 ? leg.wrap : std::max<Duration>(0, wrapped - ended);
    one(s, Measure::talk, ended, talk);
    if (!leg.agent.empty()) one(s, Measure::agent_talk, ended, talk);
    if (hold > 0) one(s, Measure::hold, ended, hold);
    one(s, Measure::handle, ended, talk + hold + (wrapped <= context.now ? wrap : 0));
    if (!leg.transfer.empty()) one(s, Measure::transferred, ended);
    if (leg.transfer == "blind") one(s, Measure::transferred_blind, ended);
    if (wrapped == kNever) return;
    one(s, Measure::wrap_up, wrapped, wrap);
    span(s, Measure::wrapping, ended, std::max(ended, wrapped), leg.agent);
  }
};

// Clocks of a call are about what a visit says as a whole.
void tell_clocks(const Call& call, const std::vector<Event>& events, const Context& context, std::vector<Story>& out) {
  using core::ClockKind;
  if (context.sla->policies.empty()) return;
  const auto tell = [&](const Visit& v, Run run) {
    Words w;
    w.queue = v.queue;
    w.channel = !v.channel.empty() ? v.channel : !call.channel.empty() ? call.channel : "voice";
    w.priority = !v.priority.empty() ? v.priority : call.priority;
    std::set<Time> instants{run.start};
    if (run.end != kNever) instants.insert(run.end);
    tell_clocks({run}, instants, [&](Time) { return w; }, context, out);
  };
  const auto first = [&](T type, Time from) {
    Time found = kNever;
    for (const Event& e : events) {
      if (e.type == type && e.at >= from && (found == kNever || e.at < found)) found = e.at;
    }
    return found;
  };
  for (const Visit& v : call.visits) {
    if (v.queued != kNever) {
      Run run{ClockKind::answer, v.queued, kNever, v.out == "answered", {}, kNever};
      if (!v.out.empty()) run.end = std::max(v.out_at, v.queued);
      tell(v, run);
    }
    if (v.out == "callback")
      tell(v, {ClockKind::callback, v.out_at, first(T::call_called_back, v.out_at), true, {}, v.promised});
    if (v.out == "voicemail")
      tell(v, {ClockKind::voicemail, v.out_at, first(T::call_voicemail_handled, v.out_at), true, {}, kNever});
  }
}

}  // namespace

void tell_call(const std::vector<Event>& events, const Context& context, std::vector<Story>& out,
               std::vector<Busy>& busy, std::vector<Seen>& seen) {
  Teller teller{context, out, busy, {customer_of(events), kNever, false, {}}};
  const Call call = read(events);
  teller.tell(call);
  tell_clocks(call, events, context, out);
  if (teller.seen.at != kNever) seen.push_back(teller.seen);
}

}  // namespace oracle
