#include "core/call.h"

#include <algorithm>

namespace core {
namespace {

using Observations = boost::container::small_vector<Observation, 5>;

// What two sources tell of the same queue or agent and lies no further apart is one thing: sources with whole seconds
// cut up to one off, and clocks disagree.
constexpr Duration kClocksApart = 2 * windows::kSecond;

void stop_ringing(Visit& v, Time at) {
  for (Offer& offer : v.offers) {
    if (offer.to == kNever) offer.to = at;
  }
}

// Walks one ordered run of observations.
class Reader {
 public:
  explicit Reader(Call& call) : call_(call) {}

  void read(const Observation* from, const Observation* to) {
    for (const Observation* o = from; o != to; ++o) read(*o);
  }

 private:
  void read(const Observation& o) {
    if (o.channel != kNoName) call_.channel = o.channel;
    if (o.priority != kNoName) call_.priority = o.priority;
    switch (o.type) {
      case EventType::call_started:
        if (call_.started == kNever) call_.started = o.at;
        break;
      case EventType::call_queued: queued(o); break;
      case EventType::call_offered: offered(o); break;
      case EventType::call_no_answer: no_answer(o); break;
      case EventType::call_answered: answered(o); break;
      case EventType::call_held:
        if (Leg* leg = leg_of(o)) hold(*leg, o.at);
        break;
      case EventType::call_resumed:
        if (Leg* leg = leg_of(o)) resume(*leg, o.at);
        break;
      case EventType::call_hold_total:
        if (Leg* leg = leg_of(o)) leg->hold = o.value;
        break;
      case EventType::call_transferred:
        if (Leg* leg = leg_of(o)) {
          leg->transfer = o.detail;
          end(*leg, o);
        }
        break;
      case EventType::call_abandoned: exited(o, Visit::Exit::abandoned); break;
      case EventType::call_left: exited(o, Visit::Exit::left); break;
      case EventType::call_ended: ended(o); break;
      case EventType::call_wrapped: wrapped(o); break;
      case EventType::call_called_back: call_.called_back.push_back(o.at); break;
      case EventType::call_voicemail_handled: call_.voicemail_handled.push_back(o.at); break;
      case EventType::call_rated: call_.rated = o; break;
      case EventType::call_category: call_.category = o.value; break;
      case EventType::call_tags: call_.tags = o.value; break;
      default: break;
    }
    if (!call_.visits.empty()) {
      Visit& v = call_.visits.back();
      if (o.queue != kNoQueue && v.queue == kNoQueue) v.queue = o.queue;
      if (o.channel != kNoName) v.channel = o.channel;
      if (o.priority != kNoName) v.priority = o.priority;
    }
  }

  // The visit that is going on, or the one before it in the queue that is named, while the next has just begun; begins
  // one for sources that do not tell of queues.
  Visit& visit(const Observation& o) {
    if (call_.visits.empty()) {
      call_.visits.emplace_back().queue = o.queue;
    }
    Visit& last = call_.visits.back();
    if (o.queue == kNoQueue || last.queue == kNoQueue || last.queue == o.queue) return last;
    for (std::size_t i = call_.visits.size() - 1; i-- > 0;) {
      const Time next = call_.visits[i + 1].queued;
      if (next == kNever || o.at - next > kClocksApart) break;
      if (call_.visits[i].queue == o.queue) return call_.visits[i];
    }
    return last;
  }

  static bool told_twice(Time first, Teller first_by, const Observation& o) {
    return first != kNever && first_by != teller_of(o) && o.at - first <= kClocksApart;
  }

  // Visits follow each other: the next one's beginning was the end at the latest.
  void leave(Visit& v, Visit::Exit exit, Time at) {
    const Visit* const next = &v + 1;
    const bool last = next == call_.visits.data() + call_.visits.size();
    v.exit = exit;
    v.exited = last || next->queued == kNever ? at : std::min(at, next->queued);
    v.moved_on = false;
    stop_ringing(v, v.exited);
  }

  bool entered_before(const Observation& o) const {
    return std::any_of(call_.visits.begin(), call_.visits.end(), [&](const Visit& v) {
      if (v.queue != o.queue) return false;
      return told_twice(v.queued, v.queued_by, o) || (v.waits() && o.at - v.queued <= kClocksApart);
    });
  }

  void queued(const Observation& o) {
    if (entered_before(o)) return;
    if (!call_.visits.empty()) {
      Visit& previous = call_.visits.back();
      if (previous.waits()) {
        leave(previous, Visit::Exit::left, o.at);
        previous.left = Detail::overflow;
        previous.moved_on = true;
      } else if (previous.queued == kNever && previous.exit == Visit::Exit::none) {
        // Rang somewhere before the source told of the queue: the same visit.
        previous.queued = o.at;
        previous.queued_by = teller_of(o);
        previous.queue = o.queue;
        return;
      }
    }
    Visit& v = call_.visits.emplace_back();
    v.queue = o.queue;
    v.queued = o.at;
    v.queued_by = teller_of(o);
    v.channel = call_.channel;
    v.priority = call_.priority;
  }

  static Leg* open_leg(Visit& v, std::uint32_t agent) {
    for (Leg& leg : v.legs) {
      if (agent != kNoAgent && leg.agent == agent && leg.ended == kNever) return &leg;
    }
    return nullptr;
  }

  void offered(const Observation& o) {
    Visit& v = visit(o);
    const bool rings = std::any_of(v.offers.begin(), v.offers.end(), [&](const Offer& offer) {
      if (o.agent == kNoAgent || offer.agent != o.agent) return false;
      return offer.to == kNever || told_twice(offer.from, offer.said_by, o);
    });
    if (rings || open_leg(v, o.agent) != nullptr) return;
    v.offers.push_back({o.agent, o.at, kNever, false, teller_of(o)});
  }

  void no_answer(const Observation& o) {
    Visit& v = visit(o);
    for (std::size_t i = v.offers.size(); i-- > 0;) {
      Offer& offer = v.offers[i];
      if (offer.agent == o.agent && offer.to == kNever) {
        offer.to = o.at;
        offer.no_answer = true;
        return;
      }
    }
    const Time from = o.at - std::max(0, o.value);
    for (const Offer& offer : v.offers) {
      if (o.agent != kNoAgent && offer.agent == o.agent && offer.no_answer && from < offer.to) return;
    }
    v.offers.push_back({o.agent, from, o.at, true, teller_of(o)});
  }

  void answered(const Observation& o) {
    Visit& v = visit(o);
    stop_ringing(v, o.at);  // a transferred call rings after it left the queue
    if (v.exit == Visit::Exit::none || v.moved_on) {
      leave(v, Visit::Exit::answered, o.at);
      v.left = Detail::none;
      v.wait = o.value;
    }
    const bool talks = std::any_of(v.legs.begin(), v.legs.end(), [&](const Leg& leg) {
      if (o.agent == kNoAgent || leg.agent != o.agent) return false;
      return leg.ended == kNever || told_twice(leg.ended, leg.answered_by, o);
    });
    if (talks) return;
    Leg& leg = v.legs.emplace_back();
    leg.agent = o.agent;
    leg.answered = o.at;
    leg.answered_by = teller_of(o);
  }

  // The latest leg of the agent, an open one first; of anybody when no agent is named; of any queue when none is.
  Leg* newest_leg(std::uint32_t agent, std::uint16_t queue) {
    Leg* found = nullptr;
    for (std::size_t i = call_.visits.size(); i-- > 0;) {
      if (queue != kNoQueue && call_.visits[i].queue != queue) continue;
      auto& legs = call_.visits[i].legs;
      for (std::size_t j = legs.size(); j-- > 0;) {
        if (agent != kNoAgent && legs[j].agent != agent) continue;
        if (legs[j].ended == kNever) return &legs[j];
        if (found == nullptr) found = &legs[j];
      }
    }
    return found;
  }

  Leg* leg_of(const Observation& o) {
    Leg* const there = o.queue != kNoQueue ? newest_leg(o.agent, o.queue) : nullptr;
    return there != nullptr ? there : newest_leg(o.agent, kNoQueue);
  }

  void hold(Leg& leg, Time at) {
    if (leg.ended != kNever) return;
    if (leg.holds.empty() || leg.holds.back().to != kNever) leg.holds.push_back({at, kNever});
  }

  void resume(Leg& leg, Time at) {
    if (!leg.holds.empty() && leg.holds.back().to == kNever) leg.holds.back().to = at;
  }

  void end(Leg& leg, const Observation& o) {
    if (leg.ended == kNever) {
      resume(leg, o.at);
      leg.ended = o.at;
      leg.ended_by = teller_of(o);
    } else if (leg.ended_by != teller_of(o) && o.at - leg.ended > kClocksApart) {
      return;  // did not see it end, and counted on
    }
    if (o.value >= 0) leg.talk = o.value;
  }

  // The visit that was left: if the next one began at this very instant, the one before.
  Visit& left_visit(const Observation& o) {
    Visit& v = visit(o);
    if (&v == call_.visits.data() || v.queued != o.at) return v;
    Visit& previous = *(&v - 1);
    return previous.moved_on && (o.queue == kNoQueue || o.queue == previous.queue) ? previous : v;
  }

  void exited(const Observation& o, Visit::Exit exit) {
    if (call_.visits.empty() && exit == Visit::Exit::abandoned) {  // gave up in the menu
      call_.ended = o.at;
      return;
    }
    Visit& v = exit == Visit::Exit::left ? left_visit(o) : visit(o);
    // The next queue was entered at this very instant; nobody told of entering the one that was left.
    if (o.queue != kNoQueue && v.queue != kNoQueue && v.queue != o.queue && v.queued == o.at) return;
    if (v.moved_on) {
      if (exit != Visit::Exit::left) return;  // who moved on did not give up
    } else if (v.exit != Visit::Exit::none) {
      // A caller who hangs up after the answer abandons nothing.
      if (v.exit == Visit::Exit::answered) return;
      // Why a visit ended and that a message was left then are both true.
      if (v.exit == Visit::Exit::left && exit == Visit::Exit::left) {
        if (o.detail == Detail::voicemail && v.left != Detail::callback) v.left = Detail::voicemail;
        if (v.left == Detail::voicemail) return;
      }
      if (authority_of(o.rank) <= v.said_by) return;
    }
    leave(v, exit, o.at);
    v.said_by = authority_of(o.rank);
    v.left = o.detail;
    if (o.detail == Detail::callback) {
      if (o.value >= 0) v.promised = o.at + o.value;
    } else {
      v.wait = o.value;
    }
  }

  void ended(const Observation& o) {
    if (o.agent != kNoAgent) {
      if (Leg* leg = leg_of(o)) end(*leg, o);
      return;
    }
    call_.ended = o.at;
    for (std::size_t i = call_.visits.size(); i-- > 0;) {
      Visit& v = call_.visits[i];
      if (v.exit == Visit::Exit::none) leave(v, Visit::Exit::abandoned, o.at);  // the caller's end went away
      stop_ringing(v, o.at);
      for (Leg& leg : v.legs) {
        if (leg.ended == kNever) end(leg, o);
      }
    }
  }

  void wrapped(const Observation& o) {
    Leg* leg = leg_of(o);
    if (leg == nullptr) return;
    if (leg->ended == kNever) {
      const Time at = o.at - std::max(0, o.value);
      resume(*leg, at);
      leg->ended = at;
      leg->ended_by = teller_of(o);
    }
    leg->wrapped = o.at;
    leg->wrap = o.value;
  }

  Call& call_;
};

void fill_leg(Leg& leg, const Leg& other) {
  if (leg.ended == kNever) {
    leg.ended = other.ended;
    leg.talk = other.talk;
  }
  if (leg.wrapped == kNever && leg.wrap < 0) {
    leg.wrapped = other.wrapped;
    leg.wrap = other.wrap;
  }
  if (leg.hold < 0 && leg.holds.empty()) {
    leg.hold = other.hold;
    leg.holds = other.holds;
  }
  if (leg.transfer == Detail::none) leg.transfer = other.transfer;
}

// What `visit` does not say is taken from `other`.
void fill_words(Visit& visit, const Visit& other) {
  if (visit.queue == kNoQueue) visit.queue = other.queue;
  if (visit.channel == kNoName) visit.channel = other.channel;
  if (visit.priority == kNoName) visit.priority = other.priority;
  if (visit.queued == kNever) visit.queued = other.queued;
  if (visit.offers.empty()) visit.offers = other.offers;
  if (visit.exit == Visit::Exit::none) {
    visit.exit = other.exit;
    visit.exited = other.exited;
    visit.left = other.left;
    visit.wait = other.wait;
    visit.promised = other.promised;
    if (visit.legs.empty()) visit.legs = other.legs;
    return;
  }
  std::size_t used = 0;  // bit per leg of the other side
  for (Leg& leg : visit.legs) {
    for (std::size_t i = 0; i < other.legs.size() && i < 64; ++i) {
      if (((used >> i) & 1) != 0 || other.legs[i].agent != leg.agent) continue;
      used |= std::size_t{1} << i;
      fill_leg(leg, other.legs[i]);
      break;
    }
  }
}

void fill_visit(Visit& visit, const Visit& other) {
  fill_words(visit, other);
  // One side may have seen it ring and the other how the wait ended.
  if (visit.exit != Visit::Exit::none) stop_ringing(visit, visit.exited);
}

// What neither side saw ending ended with the call, if it had begun by then.
void end_open(Call& call) {
  for (Visit& v : call.visits) {
    for (Offer& offer : v.offers) {
      if (offer.to == kNever && offer.from <= call.ended) offer.to = call.ended;
    }
    if (v.exit == Visit::Exit::none && v.queued <= call.ended) {
      v.exit = Visit::Exit::abandoned;
      v.exited = call.ended;
    }
    for (Leg& leg : v.legs) {
      if (leg.ended != kNever || leg.answered > call.ended) continue;
      leg.ended = call.ended;
      if (!leg.holds.empty() && leg.holds.back().to == kNever) leg.holds.back().to = call.ended;
    }
  }
}

// When the call was lost from sight; kNever: it was not, somebody said something later.
Time lost_at(const Observation* from, const Observation* to) {
  Time at = kNever;
  for (const Observation* o = from; o != to; ++o) {
    // What is said about a call afterwards, its category, is no sign of its life.
    if (o->type <= EventType::call_wrapped) at = kNever;
    else if (o->type == EventType::call_lost && at == kNever) at = o->at;
  }
  return at;
}

// Ends what is still open: nobody knows how it went on.
void lose(Call& call, Time at) {
  for (Visit& v : call.visits) {
    if (v.exit == Visit::Exit::none && v.queued <= at) {
      v.exit = Visit::Exit::left;
      v.left = Detail::other;
      v.exited = at;
    }
    if (v.exit != Visit::Exit::none) stop_ringing(v, at);
    for (Leg& leg : v.legs) {
      if (leg.ended != kNever || leg.answered > at) continue;
      leg.ended = at;
      if (!leg.holds.empty() && leg.holds.back().to == kNever) leg.holds.back().to = at;
    }
  }
}

int highest_authority(const Observation* from, const Observation* to) {
  int highest = -1;
  for (const Observation* o = from; o != to; ++o) highest = std::max(highest, authority_of(o->rank));
  return highest;
}

void lay_over(Call& call, Call& final, int live_authority, int final_authority, std::size_t visit) {
  const bool final_wins = final_authority >= live_authority;
  if (final.started != kNever && (final_wins || call.started == kNever)) call.started = final.started;
  if (final.ended != kNever && (final_wins || call.ended == kNever)) call.ended = final.ended;
  if (final.channel != kNoName && (final_wins || call.channel == kNoName)) call.channel = final.channel;
  if (final.priority != kNoName && (final_wins || call.priority == kNoName)) call.priority = final.priority;
  if (final.category >= 0 && (final_wins || call.category < 0)) call.category = final.category;
  if (final.tags >= 0 && (final_wins || call.tags < 0)) call.tags = final.tags;
  if (final.visits.empty()) return;
  Visit& stated = final.visits.front();
  if (visit >= call.visits.size()) {
    call.visits.push_back(std::move(stated));
    return;
  }
  Visit& live = call.visits[visit];
  if (final_wins) {
    fill_visit(stated, live);
    live = std::move(stated);
  } else {
    fill_visit(live, stated);
  }
}

}  // namespace

Call read_call(const Record& record) {
  const Observation* const begin = record.observations.data();
  const Observation* const end = begin + record.observations.size();
  const Observation* const live_end =
      std::partition_point(begin, end, [](const Observation& o) { return !o.final(); });
  Call call;
  const auto merged = [](const Observation& o) { return o.type == EventType::call_merged; };
  if (std::any_of(begin, live_end, merged)) return call;
  Reader(call).read(begin, live_end);
  const Time lost = lost_at(begin, live_end);
  if (live_end == end) {
    if (lost != kNever) lose(call, lost);
    return call;
  }

  const int live_authority = highest_authority(begin, live_end);
  Observations part;
  int highest_visit = 0;
  for (const Observation* o = live_end; o != end; ++o) highest_visit = std::max<int>(highest_visit, o->visit());
  for (int visit = 1; visit <= highest_visit; ++visit) {
    part.clear();
    std::copy_if(live_end, end, std::back_inserter(part), [&](const Observation& o) { return o.visit() == visit; });
    if (part.empty()) continue;
    Call final;
    Reader(final).read(part.data(), part.data() + part.size());
    lay_over(call, final, live_authority, highest_authority(part.data(), part.data() + part.size()),
             static_cast<std::size_t>(visit - 1));
  }
  if (call.ended != kNever) end_open(call);
  if (lost != kNever) lose(call, lost);
  return call;
}

}  // namespace core
