// The specification of every measure that calls give. Read next to core/measure.h and docs/kpis.md.
#include <algorithm>

#include "core/call.h"
#include "core/facts.h"
#include "core/roster.h"

namespace core {

namespace {

class CallTeller {
 public:
  CallTeller(const FactContext& context, Facts& out) : context_(context), out_(out) {}

  void tell(const Call& call, std::uint64_t customer) {
    Scopes scopes;
    scopes.channel = call.channel != kNoName ? call.channel : kVoice;
    scopes.priority = call.priority;
    Time first = call.started;
    if (first == kNever && !call.visits.empty()) first = entry_of(call.visits.front());
    if (first == kNever) first = call.ended;
    if (first == kNever) return;
    begin(scopes, first, call.ended);
    one(Measure::calls, first);
    if (call.visits.empty() && call.ended != kNever) one(Measure::abandoned_in_ivr, call.ended);
    for (const Visit& visit : call.visits) tell(scopes, visit);
    if (call.rated.at != kNever) tell_rating(call, scopes, first);
    if (customer != 0 && out_.customer.at == kNever && known(first)) out_.customer = {0, first, false, {}};
    out_.customer.customer = out_.customer.at == kNever ? 0 : customer;
  }

 private:
  // Scopes and instants of the facts that follow.
  void begin(const Scopes& scopes, Time entry, Time end) {
    scopes_ = out_.scope_index(scopes);
    entry_ = entry;
    end_ = end;
  }

  bool known(Time at) {
    if (at <= context_.now) return true;
    out_.look_again_at(at);
    return false;
  }

  void fact(Measure measure, Fact::Shape shape, Time at, std::int64_t value) {
    if (!known(at)) return;
    const Time end = end_ != kNever && known(end_) ? end_ : kNever;
    // Clocks may disagree, but nothing happens to a contact before it entered.
    out_.facts.push_back({measure, shape, scopes_, value, at, std::min(entry_, at), end});
  }

  void one(Measure measure, Time at) { fact(measure, Fact::Shape::one, at, 1); }
  void sample(Measure measure, Time at, Duration value) { fact(measure, Fact::Shape::sample, at, value); }

  void span(Measure measure, Time from, Time to) {
    tell_span(out_, context_.now, measure, scopes_, from, to, from);
  }

  void contact(std::uint32_t agent, Contact::Kind kind, Time from, Time to) {
    if (agent != kNoAgent) out_.contacts.push_back({agent, kind, from, to});
  }

  Duration positive(Duration d) {
    if (d < 0) ++out_.clamped;
    return std::max<Duration>(0, d);
  }

  static Time entry_of(const Visit& v) {
    if (v.queued != kNever) return v.queued;
    // Straight to an agent: it began when it first rang, or as long before its end as the source says.
    Time first = v.exit == Visit::Exit::none ? kNever : v.exited - std::max<Duration>(0, v.wait);
    for (const Offer& offer : v.offers) first = first == kNever ? offer.from : std::min(first, offer.from);
    return first;
  }

  static Time wrapped_of(const Leg& leg) {
    if (leg.wrapped != kNever) return std::max(leg.wrapped, leg.ended);
    return leg.wrap >= 0 && leg.ended != kNever ? leg.ended + leg.wrap : kNever;
  }

  // When the visit with all its after-call work was over; kNever while it is not.
  static Time end_of(const Visit& v) {
    Time end = v.exited;
    for (const Leg& leg : v.legs) {
      if (leg.ended == kNever) return kNever;
      end = std::max({end, leg.ended, wrapped_of(leg)});
    }
    return end;
  }

  // Where the contact was last, and of whoever had it last unless it is said of whom.
  void tell_rating(const Call& call, Scopes scopes, Time first) {
    const Time at = std::max(call.rated.at, first);
    std::uint32_t agent = call.rated.agent;
    for (const Visit& v : call.visits) {
      if (v.queue != kNoQueue) scopes.queue = v.queue;
      if (call.rated.agent == kNoAgent && !v.legs.empty()) agent = v.legs.back().agent;
    }
    const Membership member = scopes.queue != kNoQueue ? context_.queues->at(scopes.queue, at) : Membership{};
    scopes.team = member.team;
    scopes.site = member.site;
    begin(agent != kNoAgent ? with_agent(scopes, agent, at) : scopes, first, call.ended);
    tell_score(
        call.rated, [&](Measure measure) { one(measure, at); },
        [&](Measure measure, std::int64_t score) { sample(measure, at, score); });
  }

  // `scopes`: those of the call; the visit's own words are nearer.
  void tell(Scopes scopes, const Visit& v) {
    const Time entry = entry_of(v);
    if (entry == kNever) return;
    scopes.queue = v.queue;
    if (v.channel != kNoName) scopes.channel = v.channel;
    if (v.priority != kNoName) scopes.priority = v.priority;
    if (v.queue != kNoQueue) {
      const Membership member = context_.queues->at(v.queue, entry);
      scopes.team = member.team;
      scopes.site = member.site;
    }
    const Time end = end_of(v);
    begin(scopes, entry, end);
    if (v.exit == Visit::Exit::left && v.left == Detail::refused && v.queued == kNever) {
      one(Measure::refused, v.exited);
      return;
    }
    one(Measure::offered, entry);
    if (v.queued != kNever || v.queue != kNoQueue) {
      one(Measure::queued, entry);
      span(Measure::waiting, entry, v.exit == Visit::Exit::none ? kNever : std::max(v.exited, entry));
    }
    if (v.exit != Visit::Exit::none) tell_exit(v, entry);
    for (const Offer& offer : v.offers) tell(offer, scopes, entry, end);
    for (const Leg& leg : v.legs) tell(v, leg, scopes, entry, end);
  }

  void tell_exit(const Visit& v, Time entry) {
    const Duration wait = v.wait >= 0 ? v.wait : positive(v.exited - entry);
    const Time at = std::max(v.exited, entry);
    if (v.queued != kNever || v.queue != kNoQueue) sample(Measure::queue_time, at, wait);
    if (v.exit == Visit::Exit::answered) sample(Measure::wait, at, wait);
    if (v.exit == Visit::Exit::abandoned) sample(Measure::abandon_wait, at, wait);
    if (v.exit != Visit::Exit::left) return;
    sample(Measure::left_wait, at, wait);
    switch (v.left) {
      case Detail::overflow: one(Measure::overflowed, at); break;
      case Detail::timeout: one(Measure::timed_out, at); break;
      case Detail::voicemail: one(Measure::voicemail, at); break;
      case Detail::callback: one(Measure::callback, at); break;
      case Detail::key: one(Measure::left_by_key, at); break;
      case Detail::refused: one(Measure::refused, at); break;
      default: break;
    }
  }

  Scopes with_agent(Scopes scopes, std::uint32_t agent, Time at) const {
    scopes.agent = agent;
    const Membership member = agent != kNoAgent ? context_.agents->at(agent, at) : Membership{};
    scopes.team = member.team;
    scopes.site = member.site;
    return scopes;
  }

  void tell(const Offer& offer, const Scopes& scopes, Time entry, Time end) {
    begin(with_agent(scopes, offer.agent, offer.from), entry, end);
    one(Measure::agent_offers, offer.from);
    if (offer.no_answer) one(Measure::agent_no_answer, offer.to);
    const Time to = offer.to == kNever ? kNever : std::max(offer.to, offer.from);
    span(Measure::ringing, offer.from, to);
    contact(offer.agent, Contact::Kind::ringing, offer.from, to);
  }

  void tell(const Visit& v, const Leg& leg, const Scopes& scopes, Time entry, Time end) {
    begin(with_agent(scopes, leg.agent, leg.answered), entry, end);
    const bool was_offered = std::any_of(v.offers.begin(), v.offers.end(), [&](const Offer& o) {
      return o.agent == leg.agent && !o.no_answer && o.from <= leg.answered;
    });
    if (!was_offered) one(Measure::agent_offers, leg.answered);
    one(Measure::handled, leg.answered);
    if ((!out_.customer.reached || leg.answered < out_.customer.at) && known(leg.answered))
      out_.customer = {0, leg.answered, true, out_.scopes[scopes_]};

    const Time ended = leg.ended == kNever ? kNever : std::max(leg.ended, leg.answered);
    const Duration spans = tell_pieces(leg, ended);
    if (ended == kNever) return;
    if (leg.ended < leg.answered) ++out_.clamped;

    const Duration hold = leg.hold >= 0 ? leg.hold : spans;
    const Duration talk = leg.talk >= 0 ? leg.talk : positive(ended - leg.answered - hold);
    const Time wrapped = wrapped_of(leg);
    const Duration wrap = wrapped == kNever ? 0 : leg.wrap >= 0 ? leg.wrap : positive(wrapped - ended);
    sample(Measure::talk, ended, talk);
    if (leg.agent != kNoAgent) sample(Measure::agent_talk, ended, talk);
    if (hold > 0) sample(Measure::hold, ended, hold);
    const bool wrap_told = wrapped != kNever && known(wrapped);
    sample(Measure::handle, ended, talk + hold + (wrap_told ? wrap : 0));
    if (leg.transfer != Detail::none) {
      one(Measure::transferred, ended);
      if (leg.transfer == Detail::blind) one(Measure::transferred_blind, ended);
    }
    if (wrapped != kNever) {
      sample(Measure::wrap_up, wrapped, wrap);
      span(Measure::wrapping, ended, std::max(ended, wrapped));
      contact(leg.agent, Contact::Kind::wrapping, ended, std::max(ended, wrapped));
    }
  }

  // Talking and holding alternate; answers the time held.
  Duration tell_pieces(const Leg& leg, Time ended) {
    Duration held = 0;
    Time from = leg.answered;
    const auto piece = [&](Measure measure, Contact::Kind kind, Time a, Time b) {
      if (b != kNever && b <= a) return;
      span(measure, a, b);
      contact(leg.agent, kind, a, b);
    };
    for (const Hold& hold : leg.holds) {
      const Time a = std::max(hold.from, from);
      if (ended != kNever && a >= ended) break;
      Time b = hold.to == kNever ? ended : std::max(hold.to, a);
      if (b != kNever && ended != kNever) b = std::min(b, ended);
      piece(Measure::talking, Contact::Kind::talking, from, a);
      piece(Measure::holding, Contact::Kind::holding, a, b);
      if (b == kNever) return held;
      held += b - a;
      from = b;
    }
    piece(Measure::talking, Contact::Kind::talking, from, ended);
    return held;
  }

  const FactContext& context_;
  Facts& out_;
  std::uint16_t scopes_ = 0;
  Time entry_ = kNever;
  Time end_ = kNever;
};

}  // namespace

void call_facts(const Record& record, const FactContext& context, Facts& out) {
  out.clear();
  const Call call = read_call(record);
  CallTeller(context, out).tell(call, record.customer);
  call_clocks(call, context, out);
}

}  // namespace core
