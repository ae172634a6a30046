// A ticket read for its clocks: what it was when, and which questions waited for an answer from when to when.
//
// All that is said of one instant holds at that instant, so that a ticket created with its priority in the same
// millisecond is judged by that priority from the beginning.
#include <algorithm>

#include "core/clock_walk.h"

namespace core {
namespace {

class TicketClocks {
 public:
  TicketClocks(const FactContext& context, Facts& out) : context_(context), out_(out) {}

  void tell(const Record& record) {
    const auto& all = record.observations;
    const auto creation = std::find_if(all.begin(), all.end(),
                                       [](const Observation& o) { return o.type == EventType::ticket_created; });
    created_ = creation != all.end() ? creation->at : all.front().at;
    for (const Observation& o : all) {
      if (o.type == EventType::ticket_merged) merges_.push_back(o.at);
    }
    piece_.from = created_;
    piece_.scopes.channel = piece_.attributes.channel = kEmail;
    for (const ClockKind kind : {ClockKind::requester_wait, ClockKind::agent_work, ClockKind::resolution})
      runs_.push_back({.kind = kind, .from = created_});
    const bool by_agent = creation != all.end() &&
                          (creation->detail == Detail::by_agent || creation->detail == Detail::by_agent_private);
    // Of a ticket we first hear of in mid-life nobody knows whether it was answered.
    answered_ = creation == all.end();
    if (creation != all.end() && !by_agent) ask(created_);
    for (std::size_t i = 0; i < all.size();) {
      const Time at = std::max(all[i].at, created_);
      Stretch next = piece_;
      bool cuts = false;
      for (; i < all.size() && std::max(all[i].at, created_) == at; ++i) cuts |= read(all[i], at, next);
      next.attributes.queue = next.scopes.queue;
      next.attributes.channel = next.scopes.channel;
      next.attributes.priority = next.scopes.priority;
      if (cuts || !same(next, piece_)) begin(next, at);
    }
    cut(piece_, context_, stretches_);
    tell_clocks(runs_, stretches_, context_, out_);
  }

 private:
  static constexpr std::size_t kNone = ~std::size_t{0};

  static bool same(const Stretch& a, const Stretch& b) {
    return a.scopes.agent == b.scopes.agent && a.attributes == b.attributes && a.status == b.status && a.over == b.over;
  }

  void begin(Stretch next, Time at) {
    if (at > piece_.from) {
      piece_.to = at;
      cut(piece_, context_, stretches_);
    }
    next.from = at;
    next.to = kNever;
    piece_ = next;
  }

  // Whether some run begins or ends here.
  bool read(const Observation& o, Time at, Stretch& s) {
    if (o.channel != kNoName) s.scopes.channel = o.channel;
    if (o.priority != kNoName) s.scopes.priority = o.priority;
    const std::size_t before = edges_;
    switch (o.type) {
      case EventType::ticket_created:
        if (o.queue != kNoQueue) s.scopes.queue = o.queue;
        if (o.agent != kNoAgent) s.scopes.agent = o.agent;
        break;
      case EventType::ticket_assigned:
        s.scopes.agent = o.agent;
        if (o.queue != kNoQueue) s.scopes.queue = o.queue;
        break;
      case EventType::ticket_category: s.attributes.category = o.value; break;
      case EventType::ticket_tags: s.attributes.tags = o.value; break;
      case EventType::ticket_status:
        s.status = o.detail;
        go_on(s, at);
        break;
      case EventType::ticket_reopened:
        s.status = Detail::status_open;
        go_on(s, at);
        break;
      case EventType::ticket_resolved:
      case EventType::ticket_closed:  // help desks close what they merge: nobody solved it
        if (s.over == Stretch::Over::no && std::find(merges_.begin(), merges_.end(), o.at) == merges_.end())
          stop(s, Stretch::Over::solved, at);
        break;
      case EventType::ticket_merged:
        if (s.over == Stretch::Over::no) stop(s, Stretch::Over::merged, at);
        break;
      case EventType::ticket_reply: reply(o, at, s); break;
      default: break;
    }
    return edges_ != before;
  }

  void reply(const Observation& o, Time at, const Stretch& s) {
    if (o.detail == Detail::by_customer) {
      if (s.over != Stretch::Over::no) {
        asked_meanwhile_ = true;
      } else if (question_ == kNone) {
        ask(at);
      }
    }
    if (o.detail != Detail::by_agent) return;  // private notes and robots answer nobody
    asked_meanwhile_ = false;
    end(question_, at, true, o.agent);
    end(update_, at, true, o.agent);
    if (s.over != Stretch::Over::no) return;
    update_ = runs_.size();
    runs_.push_back({.kind = ClockKind::periodic_update, .from = at});
    ++edges_;
  }

  void ask(Time at) {
    question_ = runs_.size();
    runs_.push_back({.kind = answered_ ? ClockKind::next_reply : ClockKind::first_response, .from = at});
    answered_ = true;  // whatever ends it, there is only one first response
    ++edges_;
  }

  void end(std::size_t& run, Time at, bool fulfilled, std::uint32_t by = kNoAgent) {
    if (run == kNone) return;
    runs_[run].to = at;
    runs_[run].fulfilled = fulfilled;
    runs_[run].by = by;
    run = kNone;
    ++edges_;
  }

  void stop(Stretch& s, Stretch::Over how, Time at) {
    s.over = how;
    end(question_, at, how == Stretch::Over::solved);
    end(update_, at, how == Stretch::Over::solved);
  }

  // What the customer wrote while the ticket was solved waits for an answer from now on.
  void go_on(Stretch& s, Time at) {
    if (s.over == Stretch::Over::no) return;
    s.over = Stretch::Over::no;
    if (std::exchange(asked_meanwhile_, false)) ask(at);
  }

  const FactContext& context_;
  Facts& out_;
  Time created_ = kNever;
  Stretch piece_;
  Stretches stretches_;
  boost::container::small_vector<ClockRun, 8> runs_;
  boost::container::small_vector<Time, 1> merges_;
  std::size_t question_ = kNone, update_ = kNone;  // runs that are not over
  std::size_t edges_ = 0;  // how often a run began or ended
  bool answered_ = false;
  bool asked_meanwhile_ = false;
};

}  // namespace

void ticket_clocks(const Record& ticket, const FactContext& context, Facts& out) {
  if (context.promises == nullptr || !context.promises->any_for_tickets() || ticket.observations.empty()) return;
  TicketClocks(context, out).tell(ticket);
}

}  // namespace core
