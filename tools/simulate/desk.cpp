#include "tools/simulate/desk.h"

#include <algorithm>

#include "windows/check.h"

namespace simulate {
namespace {

using windows::kDay;
using windows::kHour;
using windows::kMinute;

constexpr int kBacklog = 74;

struct Age {
  double share;
  Duration from;
  Duration to;
};
constexpr Age kAges[] = {{0.50, 20 * kMinute, kDay},  // shares of what is left
                         {0.62, kDay, 3 * kDay},
                         {0.75, 3 * kDay, 7 * kDay},
                         {1.00, 7 * kDay, 12 * kDay}};

struct Priority {
  std::string_view name;
  double share;  // of what is left
  double pace;   // how long one takes to look at it, as a factor
};
constexpr Priority kPriorities[] = {
    {"urgent", 0.08, 0.3}, {"high", 0.17, 0.55}, {"normal", 0.78, 1}, {"low", 1, 2.2}};
constexpr int kNormal = 2;

// What a ticket of each queue is about.
constexpr std::string_view kCategories[kQueues][4] = {
    {"order", "order", "quote", "contract"},      {"invoice", "invoice", "refund", "contract"},
    {"login", "setup", "outage", "device"},       {"outage", "device", "integration", "data"},
    {"contract", "outage", "complaint", "setup"}, {"order", "login", "delivery", "other"}};

}  // namespace

Desk::Desk(double rate, Agenda& agenda, Random& random, Journal& journal, Floor& floor)
    : rate_(rate), agenda_(agenda), random_(random), journal_(journal), floor_(floor) {}

template <class Build>
void Desk::write(std::string_view type, const Ticket& ticket, Time at, Build build) {
  journal_.write(agenda_.now(), type, "helpdesk", at, [&](Line& line) {
    line.text("ticket", ticket.id);
    build(line);
  });
}

void Desk::later(Duration delay, std::int64_t number, void (Desk::*action)(std::int64_t)) {
  agenda_.after(delay, [=, this] { (this->*action)(number); });
}

std::string_view Desk::agent_of(const Ticket& ticket) const {
  if (ticket.agent < 0) return {};
  return floor_.organisation().agents[static_cast<std::size_t>(ticket.agent)].id;
}

void Desk::open() {
  // Once the first agents have logged in, so that there is somebody to assign to.
  agenda_.after(20 * windows::kSecond, [this] { leave_backlog(); });
  for (int queue = 0; queue < kQueues; ++queue) {
    if (floor_.organisation().queues[static_cast<std::size_t>(queue)].tickets_per_hour > 0) {
      expect_tickets(queue);
    }
  }
}

// Tickets that were there before the simulation; their next steps are spread over the coming hours.
void Desk::leave_backlog() {
  static constexpr int kGroups[] = {kTier1, kTier2, kBilling, kTier1};
  for (int i = 0; i < kBacklog; ++i) {
    Age age = kAges[0];
    for (const Age& candidate : kAges) {
      age = candidate;
      if (random_.chance(candidate.share)) break;
    }
    const bool unassigned = random_.chance(0.12);
    // What nobody has looked at is young. What is old waits for its customer more often than not, and is not urgent.
    const Duration old = unassigned ? random_.between(2 * kMinute, 35 * kMinute) : random_.between(age.from, age.to);
    const Time at = agenda_.now() - old;
    const std::int64_t number = create(kGroups[i % 4], at, old > 3 * kHour ? kNormal : 0);
    if (unassigned) {
      later(random_.between(kMinute, 20 * kMinute), number, &Desk::work);
      continue;
    }
    assign(number, at + random_.between(2 * kMinute, 15 * kMinute));
    if (random_.chance(0.97)) reply(ticket(number), "agent", at + random_.between(15 * kMinute, 20 * kMinute), true);
    if (old > 6 * kHour && random_.chance(0.9)) {
      write("ticket.status", ticket(number), at + random_.between(kHour, 5 * kHour),
            [](Line& line) { line.text("status", "pending"); });
    }
    later(random_.between(2 * kMinute, 9 * kHour), number, &Desk::work);
  }
}

void Desk::expect_tickets(int queue) {
  const auto& spec = floor_.organisation().queues[static_cast<std::size_t>(queue)];
  const double mean = static_cast<double>(kHour) / (spec.tickets_per_hour * rate_);
  agenda_.after(random_.exponential(mean), [=, this] {
    // Mail comes at night too, only less of it.
    if (random_.chance(0.15 + 0.85 * floor_.busyness_now())) {
      const std::int64_t number = create(queue, agenda_.now());
      agenda_.after(random_.lognormal(4 * kMinute, 0.8), [=, this] {
        if (ticket(number).status != Status::open) return;
        assign(number, agenda_.now());
        later(until_looked_at(ticket(number), 14 * kMinute), number, &Desk::work);
      });
      if (random_.chance(0.05)) later(random_.between(2 * kMinute, 9 * kMinute), number, &Desk::raise);
      if (random_.chance(0.03)) later(random_.between(kMinute, 12 * kMinute), number, &Desk::merge);
    }
    expect_tickets(queue);
  });
}

std::int64_t Desk::create(int queue, Time at, int most_urgent) {
  Ticket made;
  made.number = ++last_;
  made.id = journal_.tag() + "-t" + std::to_string(made.number);
  made.queue = queue;
  made.priority = most_urgent;
  while (!random_.chance(kPriorities[made.priority].share)) ++made.priority;
  ++tally_.created;
  const auto& spec = floor_.organisation().queues[static_cast<std::size_t>(queue)];
  write("ticket.created", made, at, [&](Line& line) {
    line.text("queue", spec.id).text("by", "customer");
    line.text("channel", random_.chance(0.7) ? "email" : "web");
    line.text("priority", kPriorities[made.priority].name);
    line.text("category", kCategories[queue][random_.between(0, 4)]);
    if (random_.chance(0.12)) line.text("tags", random_.chance(0.3) ? "contract,vip" : "contract");
    line.text("customer", floor_.new_customer());
  });
  return tickets_.emplace(made.number, std::move(made)).first->first;
}

void Desk::assign(std::int64_t number, Time at) {
  Ticket& given = ticket(number);
  const auto& spec = floor_.organisation().queues[static_cast<std::size_t>(given.queue)];
  given.agent = floor_.someone_of(spec.team);
  if (given.agent < 0) return;  // nobody there; whoever works on it first takes it
  write("ticket.assigned", given, at, [&](Line& line) {
    line.text("queue", spec.id).text("agent", agent_of(given));
  });
}

void Desk::reply(Ticket& answered, std::string_view by, Time at, bool is_public) {
  const bool agent = by == "agent";
  if (agent) ++answered.replies;
  write("ticket.reply", answered, at, [&](Line& line) {
    line.text("by", by).text("agent", agent ? agent_of(answered) : std::string_view{});
    line.flag("public", is_public);
  });
}

// The agent's next look at the ticket.
void Desk::work(std::int64_t number) {
  Ticket& open = ticket(number);
  if (open.status != Status::open) return;
  if (open.agent < 0) assign(number, agenda_.now());
  if (open.agent < 0) return later(kHour, number, &Desk::work);
  if (open.priority < kNormal && random_.chance(0.15)) {  // less urgent than it was made out to be
    open.priority = kNormal;
    write("ticket.priority", open, agenda_.now(),
          [](Line& line) { line.text("priority", kPriorities[kNormal].name); });
  }
  if (random_.chance(0.12)) reply(open, "agent", agenda_.now(), false);  // a note to colleagues
  reply(open, "agent", agenda_.now(), true);
  if (open.replies > 1 || random_.chance(0.45)) {
    return later(random_.between(1000, 40'000), number, &Desk::resolve);
  }
  write("ticket.status", open, agenda_.now(), [](Line& line) { line.text("status", "pending"); });
  later(random_.lognormal(35 * kMinute, 0.9), number, &Desk::customer_answers);
}

void Desk::customer_answers(std::int64_t number) {
  Ticket& pending = ticket(number);
  if (pending.status != Status::open) return;
  reply(pending, "customer", agenda_.now(), true);
  write("ticket.status", pending, agenda_.now(), [](Line& line) { line.text("status", "open"); });
  later(until_looked_at(pending, 16 * kMinute), number, &Desk::work);
}

// Until an agent's next look. Now and then one slips.
Duration Desk::until_looked_at(const Ticket& ticket, double median) {
  const double slip = random_.chance(0.05) ? 6 : 1;
  return random_.lognormal(median * kPriorities[ticket.priority].pace * slip, 0.7);
}

// It turns out to be more urgent than it seemed.
void Desk::raise(std::int64_t number) {
  Ticket& open = ticket(number);
  if (open.status != Status::open || open.priority == 0) return;
  --open.priority;
  write("ticket.priority", open, agenda_.now(),
        [&](Line& line) { line.text("priority", kPriorities[open.priority].name); });
}

// The same customer wrote twice: this one goes on as the one before.
void Desk::merge(std::int64_t number) {
  Ticket& twice = ticket(number);
  if (number == 1 || twice.status != Status::open || twice.replies > 0) return;
  twice.status = Status::merged;
  ++tally_.merged;
  write("ticket.merged", twice, agenda_.now(),
        [&](Line& line) { line.text("into", ticket(number - 1).id); });
}

void Desk::resolve(std::int64_t number) {
  Ticket& done = ticket(number);
  if (done.status != Status::open) return;
  done.status = Status::resolved;
  ++tally_.resolved;
  write("ticket.resolved", done, agenda_.now(),
        [&](Line& line) { line.text("agent", agent_of(done)); });
  if (random_.chance(0.3)) {
    agenda_.after(random_.lognormal(12 * kMinute, 0.9), [=, this] {
      static constexpr int kScores[] = {5, 5, 5, 5, 4, 4, 4, 3, 2, 1};
      ++tally_.rated;
      write("ticket.rated", ticket(number), agenda_.now(), [&](Line& line) {
        line.text("scale", "csat").number("score", kScores[random_.between(0, 10)]);
      });
    });
  }
  later(random_.lognormal(50 * kMinute, 0.7), number, &Desk::after_resolution);
}

// Most stay resolved and are closed later; some come back.
void Desk::after_resolution(std::int64_t number) {
  Ticket& resolved = ticket(number);
  if (random_.chance(0.07)) {
    resolved.status = Status::open;
    ++tally_.reopened;
    reply(resolved, "customer", agenda_.now(), true);
    write("ticket.reopened", resolved, agenda_.now(), [](Line&) {});
    return later(random_.lognormal(15 * kMinute, 0.8), number, &Desk::work);
  }
  agenda_.after(20 * kHour, [=, this] {
    Ticket& closing = ticket(number);
    closing.status = Status::closed;
    ++tally_.closed;
    write("ticket.closed", closing, agenda_.now(), [](Line&) {});
  });
}

void Desk::check() const {
  std::uint64_t open = 0, resolved = 0, closed = 0, merged = 0;
  for (const auto& [number, ticket] : tickets_) {
    open += ticket.status == Status::open ? 1 : 0;
    resolved += ticket.status == Status::resolved ? 1 : 0;
    closed += ticket.status == Status::closed ? 1 : 0;
    merged += ticket.status == Status::merged ? 1 : 0;
  }
  CHECK(open + resolved + closed + merged == tally_.created, "no ticket is lost");
  CHECK(tally_.merged == merged, "merged stays merged");
  CHECK(tally_.resolved == tally_.reopened + resolved + closed, "resolved, reopened or closed");
  CHECK(tally_.closed == closed, "closed stays closed");
}

}  // namespace simulate
