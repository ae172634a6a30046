// Desk: the tickets. Created by customers, assigned, answered back and forth, resolved, reopened, closed, rated,
// as a help desk ("helpdesk") would report it; it starts with a backlog some days old. Urgent ones are looked at
// sooner, some slip, some turn out to be more urgent than they seemed, and some are another ticket over again.
// Invariant, CHECKed by check(): every ticket is open, resolved, closed or merged. Deterministic. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "tools/simulate/agenda.h"
#include "tools/simulate/floor.h"
#include "tools/simulate/lines.h"
#include "tools/simulate/random.h"

namespace simulate {

struct DeskTally {
  std::uint64_t created = 0;
  std::uint64_t resolved = 0;  // as often as it happened
  std::uint64_t reopened = 0;
  std::uint64_t closed = 0;
  std::uint64_t merged = 0;
  std::uint64_t rated = 0;
};

class Desk {
 public:
  Desk(double rate, Agenda& agenda, Random& random, Journal& journal, Floor& floor);

  void open();  // the backlog, and arrivals begin
  void check() const;
  const DeskTally& tally() const { return tally_; }

 private:
  enum class Status : std::uint8_t { open, resolved, closed, merged };
  struct Ticket {
    std::int64_t number = 0;
    std::string id;
    int queue = 0;
    int agent = -1;
    int priority = 0;  // into kPriorities, the most urgent first
    Status status = Status::open;
    int replies = 0;  // by agents
  };

  void expect_tickets(int queue);
  std::int64_t create(int queue, Time at, int most_urgent = 0);
  void assign(std::int64_t number, Time at);
  void work(std::int64_t number);
  void raise(std::int64_t number);
  void merge(std::int64_t number);
  Duration until_looked_at(const Ticket& ticket, double median);
  void reply(Ticket& ticket, std::string_view by, Time at, bool is_public);
  void customer_answers(std::int64_t number);
  void resolve(std::int64_t number);
  void after_resolution(std::int64_t number);
  void leave_backlog();
  std::string_view agent_of(const Ticket& ticket) const;
  Ticket& ticket(std::int64_t number) { return tickets_.at(number); }
  // Acts on the ticket after `delay`.
  void later(Duration delay, std::int64_t number, void (Desk::*action)(std::int64_t));
  template <class Build>
  void write(std::string_view type, const Ticket& ticket, Time at, Build build);

  double rate_;
  Agenda& agenda_;
  Random& random_;
  Journal& journal_;
  Floor& floor_;
  std::map<std::int64_t, Ticket> tickets_;
  std::int64_t last_ = 0;
  DeskTally tally_;
};

}  // namespace simulate
