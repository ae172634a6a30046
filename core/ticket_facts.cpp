// The specification of every measure that tickets give. Read next to core/measure.h and docs/kpis.md.
//
// The observations are walked in order of time. Whenever who owns the ticket, its status or its priority changes,
// one piece of its life ends and another begins; a piece belongs to the scopes the ticket had during it.
#include <algorithm>

#include "core/facts.h"
#include "core/roster.h"

namespace core {
namespace {

struct AgeBand {
  Measure measure;
  Duration from;
  Duration to;
};
constexpr AgeBand kAges[] = {
    {Measure::backlog_age_lt_1d, 0, windows::kDay},
    {Measure::backlog_age_1_3d, windows::kDay, 3 * windows::kDay},
    {Measure::backlog_age_3_7d, 3 * windows::kDay, 7 * windows::kDay},
    {Measure::backlog_age_gt_7d, 7 * windows::kDay, -1},
};

Measure level_of(Detail status) {
  switch (status) {
    case Detail::status_open: return Measure::backlog_open;
    case Detail::status_pending: return Measure::backlog_pending;
    case Detail::status_on_hold: return Measure::backlog_on_hold;
    default: return Measure::backlog_new;
  }
}

class TicketTeller {
 public:
  TicketTeller(const FactContext& context, Facts& out) : context_(context), out_(out) {}

  void tell(const Record& record) {
    if (record.observations.empty()) return;
    const auto& all = record.observations;
    const auto creation = std::find_if(all.begin(), all.end(),
                                       [](const Observation& o) { return o.type == EventType::ticket_created; });
    // A ticket we first hear of in mid-life is as old as the first thing we know of it.
    created_ = creation != all.end() ? creation->at : all.front().at;
    creation_ = creation != all.end() ? &*creation : nullptr;
    const bool by_agent = creation != all.end() && creation->detail == Detail::by_agent;
    asked_since_ = by_agent ? kNever : created_;
    for (const Observation& o : all) {
      if (o.type == EventType::ticket_merged) merges_.push_back(o.at);
      if (o.type == EventType::ticket_resolved || o.type == EventType::ticket_closed ||
          o.type == EventType::ticket_merged)
        end_ = std::max(o.at, created_);
      if (o.type == EventType::ticket_reopened || o.type == EventType::ticket_status) end_ = kNever;
    }
    piece_from_ = created_;
    for (const Observation& o : all) read(o);
    if (!solved_ && !merged_) finish_piece(kNever);
    if (solved_ && !reopened_ && replies_to_first_solution_ <= 1)
      one(Measure::tickets_one_touch, first_solved_, solver_);
    if (solved_) tell_solution();
    if (rated_.at != kNever) tell_rating();
    if (out_.customer.at != kNever) out_.customer.customer = record.customer;
    if (out_.customer.customer == 0) out_.customer = {};
  }

 private:
  struct Owner {
    std::uint32_t agent = kNoAgent;
    std::uint16_t queue = kNoQueue;
    std::uint8_t channel = kEmail;
    std::uint8_t priority = kNoName;
    bool operator==(const Owner&) const = default;
  };

  void read(const Observation& o) {
    Owner owner = owner_;
    Detail status = status_;
    bool solved = solved_, merged = merged_;
    if (o.channel != kNoName) owner.channel = o.channel;
    if (o.priority != kNoName) owner.priority = o.priority;
    switch (o.type) {
      case EventType::ticket_created:
        if (o.queue != kNoQueue) owner.queue = o.queue;
        if (o.agent != kNoAgent) owner.agent = o.agent;
        break;
      case EventType::ticket_assigned:
        owner.agent = o.agent;
        if (o.queue != kNoQueue) owner.queue = o.queue;
        break;
      case EventType::ticket_status:
        status = o.detail;
        solved = merged = false;
        break;
      case EventType::ticket_resolved:
      case EventType::ticket_closed:  // help desks close what they merge: nobody solved it
        solved = !merged && std::find(merges_.begin(), merges_.end(), o.at) == merges_.end();
        break;
      case EventType::ticket_merged: merged = !solved; break;
      case EventType::ticket_reopened:
        status = Detail::status_open;
        solved = merged = false;
        break;
      case EventType::ticket_rated:
        rated_ = o;
        rated_owner_ = owner;
        break;
      default: break;
    }
    const Time at = std::max(o.at, created_);
    if (owner != owner_ || status != status_ || solved != solved_ || merged != merged_) {
      if (!solved_ && !merged_) finish_piece(at);
      const bool was_solved = solved_;
      owner_ = owner;
      status_ = status;
      solved_ = solved;
      merged_ = merged;
      piece_from_ = at;
      if (solved_ && !was_solved) solve(at);
      if (!solved_ && was_solved) reopen(at);
    }
    if (&o == creation_) {
      one(Measure::tickets_created, at, owner_);
      const bool by_customer = o.detail == Detail::by_customer || o.detail == Detail::by_customer_private;
      if (by_customer && known(at)) out_.customer = {0, at, true, out_.scopes[scopes_of(owner_, at)]};
    }
    if (o.type == EventType::ticket_reply) reply(o, at);
  }

  std::uint16_t scopes_of(const Owner& owner, Time at) {
    Scopes s;
    s.agent = owner.agent;
    s.queue = owner.queue;
    s.channel = owner.channel;
    s.priority = owner.priority;
    const Membership member = owner.agent != kNoAgent   ? context_.agents->at(owner.agent, at)
                              : owner.queue != kNoQueue ? context_.queues->at(owner.queue, at)
                                                        : Membership{};
    s.team = member.team;
    s.site = member.site;
    return out_.scope_index(s);
  }

  bool known(Time at) {
    if (at <= context_.now) return true;
    out_.look_again_at(at);
    return false;
  }

  void fact(Measure measure, Fact::Shape shape, Time at, std::int64_t value, const Owner& owner) {
    if (!known(at)) return;
    const Time end = solved_ever_ended() ? end_ : kNever;
    out_.facts.push_back({measure, shape, scopes_of(owner, at), value, at, created_, end});
  }
  bool solved_ever_ended() { return end_ != kNever && known(end_); }
  void one(Measure measure, Time at, const Owner& owner) { fact(measure, Fact::Shape::one, at, 1, owner); }
  void sample(Measure measure, Time at, Duration value, const Owner& owner) {
    fact(measure, Fact::Shape::sample, at, std::max<Duration>(0, value), owner);
  }

  // The piece that began at piece_from_ ends at `to`; kNever: it goes on.
  void finish_piece(Time to) {
    const Time from = piece_from_;
    if (to != kNever) {
      if (status_ != Detail::status_pending) waited_ += to - from;
      if (status_ != Detail::status_pending && status_ != Detail::status_on_hold) worked_ += to - from;
      if (to <= from) return;
    }
    const std::uint16_t scopes = scopes_of(owner_, from);
    const auto span = [&](Measure measure, Time a, Time b, Time since) {
      tell_span(out_, context_.now, measure, scopes, a, b, since);
    };
    span(Measure::backlog, from, to, created_);
    if (owner_.agent == kNoAgent) span(Measure::backlog_unassigned, from, to, from);
    span(level_of(status_), from, to, from);
    for (const AgeBand& age : kAges) {
      const Time a = std::max(from, created_ + age.from);
      Time b = age.to < 0 ? kNever : created_ + age.to;
      if (to != kNever) b = b == kNever ? to : std::min(b, to);
      if (b == kNever || a < b) span(age.measure, a, b, created_);
    }
  }

  void reply(const Observation& o, Time at) {
    Owner by = owner_;
    if (o.detail == Detail::by_customer) {
      one(Measure::customer_replies, at, by);
      if (solved_) settle_question();
      if (asked_since_ == kNever) asked_since_ = at;
    }
    if (o.detail != Detail::by_agent) return;  // private notes and robots answer nobody
    if (o.agent != kNoAgent) by.agent = o.agent;
    one(Measure::agent_replies, at, by);
    if (first_solved_ == kNever) ++replies_to_first_solution_;
    if (asked_since_ != kNever)
      sample(answered_ ? Measure::next_reply : Measure::first_response, at, at - asked_since_, by);
    answered_ = answered_ || asked_since_ != kNever;
    asked_since_ = kNever;
    question_solved_ = false;
  }

  // A solution answers what nobody had replied to; that shows once the ticket's life goes on after it. Otherwise the
  // first reply after a reopening would be as late as the reopening. (A reply that merely comes after the solution,
  // as when somebody solves first and writes then, is the reply to the question.)
  void settle_question() {
    if (!question_solved_) return;
    question_solved_ = false;
    answered_ = true;
    asked_since_ = kNever;
  }

  void solve(Time at) {
    question_solved_ = asked_since_ != kNever;
    one(Measure::tickets_resolved, at, owner_);
    if (first_solved_ == kNever) {
      first_solved_ = at;
      one(Measure::tickets_solved_once, at, owner_);
      sample(Measure::first_resolution, at, at - created_, owner_);
    }
    last_solved_ = at;
    solver_ = owner_;
  }

  void reopen(Time at) {
    settle_question();
    one(Measure::tickets_reopened, at, owner_);
    if (!reopened_) one(Measure::tickets_reopened_once, at, owner_);
    reopened_ = true;
  }

  void tell_solution() {
    sample(Measure::full_resolution, last_solved_, last_solved_ - created_, solver_);
    sample(Measure::requester_wait, last_solved_, waited_, solver_);
    sample(Measure::agent_work, last_solved_, worked_, solver_);
  }

  void tell_rating() {
    Owner by = rated_owner_;
    if (rated_.agent != kNoAgent) by.agent = rated_.agent;
    const Time at = std::max(rated_.at, created_);
    tell_score(
        rated_, [&](Measure measure) { one(measure, at, by); },
        [&](Measure measure, std::int64_t score) { sample(measure, at, score, by); });
  }

  const FactContext& context_;
  Facts& out_;
  const Observation* creation_ = nullptr;  // the first one; others repeat it
  Owner owner_;
  Owner solver_;       // who had it when it was solved last
  Owner rated_owner_;  // and when it was rated last
  Detail status_ = Detail::status_new;
  bool solved_ = false;
  bool merged_ = false;  // and not solved
  bool reopened_ = false;
  bool answered_ = false;
  bool question_solved_ = false;  // solved while it waited for a reply
  int replies_to_first_solution_ = 0;
  boost::container::small_vector<Time, 1> merges_;
  Time created_ = kNever;
  Time end_ = kNever;
  Time piece_from_ = kNever;
  Time asked_since_ = kNever;
  Time first_solved_ = kNever;
  Time last_solved_ = kNever;
  Duration waited_ = 0;
  Duration worked_ = 0;
  Observation rated_{.at = kNever};
};

}  // namespace

void ticket_facts(const Record& record, const FactContext& context, Facts& out) {
  out.clear();
  TicketTeller(context, out).tell(record);
  ticket_clocks(record, context, out);
}

}  // namespace core
