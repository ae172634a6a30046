// The callers' half of Floor: arrivals, queues, and a call's way through them.
#include <algorithm>

#include "tools/simulate/floor.h"
#include "windows/check.h"

namespace simulate {
namespace {

using windows::kDay;
using windows::kHour;
using windows::kMinute;
using windows::kSecond;

constexpr int kCustomers = 6000;
constexpr Duration kCallbackPromise = 45 * kMinute;

// Log-normal tails reach into hours; a system would have cut such a call.
Duration within(Duration value, Duration low, Duration high) { return std::clamp(value, low, high); }

}  // namespace

Floor::Floor(const FloorOptions& options, Agenda& agenda, Random& random, Journal& journal)
    : options_(options),
      agenda_(agenda),
      random_(random),
      journal_(journal),
      organisation_(simulate::organisation()),
      agents_(organisation_.agents.size()),
      waiting_(kQueues) {}

const QueueSpec& Floor::spec(int queue) const {
  return organisation_.queues[static_cast<std::size_t>(queue)];
}

template <class Action>
void Floor::in_stage(const Call& call, Duration delay, Action action) {
  agenda_.after(delay, [this, number = call.number, turn = call.turn, action] {
    const auto it = calls_.find(number);
    if (it != calls_.end() && it->second.turn == turn) (this->*action)(it->second);
  });
}

// While the visit has not been answered.
template <class Action>
void Floor::in_visit(const Call& call, Duration delay, Action action) {
  agenda_.after(delay, [this, number = call.number, visit = call.visit, action] {
    const auto it = calls_.find(number);
    if (it == calls_.end() || it->second.visit != visit) return;
    Call& now = it->second;
    if (now.stage == Stage::waiting || now.stage == Stage::ringing) action(now);
  });
}

template <class Build>
void Floor::write_call(std::string_view type, const Call& call, Build build) {
  journal_.write(agenda_.now(), type, "pbx", agenda_.now(), [&](Line& line) {
    line.text("call", call.id);
    build(line);
  });
}

void Floor::open() {
  for (const QueueSpec& queue : organisation_.queues) {
    journal_.write(agenda_.now(), "queue.assigned", "pbx", agenda_.now(), [&](Line& line) {
      line.text("queue", queue.id).text("team", queue.team).text("site", queue.site);
    });
  }
  for (const AgentSpec& agent : organisation_.agents) {
    journal_.write(agenda_.now(), "agent.assigned", "pbx", agenda_.now(), [&](Line& line) {
      line.text("agent", agent.id).text("team", agent.team).text("site", agent.site);
    });
  }
  for (int agent = 0; agent < static_cast<int>(agents_.size()); ++agent) expect_shift(agent);
  for (int queue = 0; queue < kQueues; ++queue) expect_arrivals(queue);
  if (options_.first_burst != windows::kNever) {
    expect_burst(options_.first_burst, kTier1, 200 * kSecond, 720);
    agenda_.at(std::max(options_.first_burst, agenda_.now()), [this] { plan_next_burst(); });
  } else {
    plan_next_burst();
  }
}

double Floor::busyness_now() const {
  const Time local = agenda_.now() + options_.local_offset;
  return busyness(local - windows::floor_to(local, kDay));
}

std::string Floor::new_customer() {
  return "c" + std::to_string(100000 + random_.between(0, kCustomers));
}

// Thinning: candidates at the busiest rate, kept with the probability that it is this busy now.
void Floor::expect_arrivals(int queue) {
  const double mean = static_cast<double>(kHour) / (spec(queue).per_hour * options_.rate);
  agenda_.after(random_.exponential(mean), [=, this] {
    if (random_.chance(busyness_now())) arrive(queue, new_customer());
    expect_arrivals(queue);
  });
}

void Floor::expect_burst(Time at, int queue, Duration length, double per_hour) {
  agenda_.at(std::max(at, agenda_.now()),
             [=, this] { continue_burst(queue, agenda_.now() + length, per_hour); });
}

void Floor::continue_burst(int queue, Time until, double per_hour) {
  const double mean = static_cast<double>(kHour) / (per_hour * options_.rate);
  agenda_.after(random_.exponential(mean), [=, this] {
    if (agenda_.now() >= until) return;
    arrive(queue, new_customer());
    continue_burst(queue, until, per_hour);
  });
}

// Something breaks every so often: an outage, a wrong invoice run, a campaign.
void Floor::plan_next_burst() {
  agenda_.after(12 * kMinute + random_.exponential(11 * kMinute), [this] {
    static constexpr int kWhere[] = {kTier1, kBilling, kTier1, kSales, kChat};
    const int queue = kWhere[random_.between(0, 5)];
    const double per_hour = spec(queue).per_hour * 4 * busyness_now();
    if (per_hour > 20) {
      expect_burst(agenda_.now(), queue, random_.between(2 * kMinute, 5 * kMinute), per_hour);
    }
    plan_next_burst();
  });
}

void Floor::arrive(int queue, const std::string& customer) {
  Call call;
  call.number = ++last_call_;
  call.id = journal_.tag() + "-c" + std::to_string(call.number);
  call.customer = customer;
  call.channel = spec(queue).channel;
  call.started = agenda_.now();
  call.queue = queue;
  ++tally_.arrived;
  write_call("call.started", call, [&](Line& line) {
    line.text("channel", call.channel).text("direction", "inbound").text("customer", customer);
  });
  Call& kept = calls_.emplace(call.number, std::move(call)).first->second;
  if (kept.channel == "chat") return enqueue(kept, queue);
  const Duration menu = within(random_.lognormal(14 * kSecond, 0.5), 3 * kSecond, 2 * kMinute);
  agenda_.after(menu, [this, number = kept.number, queue, gives_up = random_.chance(0.025)] {
    Call& caller = calls_.at(number);
    if (!gives_up) return enqueue(caller, queue);
    ++tally_.lost_in_menu;
    write_call("call.ended", caller, [](Line&) {});
    record(caller, "abandoned_in_ivr", agenda_.now(), -1, {}, -1);
    forget(number);
  });
}

void Floor::enqueue(Call& call, int queue) {
  call.stage = Stage::waiting;
  call.queue = queue;
  call.queued = agenda_.now();
  call.agent = -1;
  ++call.visit;
  ++call.turn;
  ++tally_.queued;
  write_call("call.queued", call, [&](Line& line) {
    line.text("queue", spec(queue).id).text("channel", call.channel);
    line.text("priority", spec(queue).priority).text("customer", call.customer);
  });
  waiting_[static_cast<std::size_t>(queue)].push_back(call.number);
  watch_patience(call);
  match(queue);
}

void Floor::watch_patience(const Call& call) {
  const QueueSpec& queue = spec(call.queue);
  // One who has been passed on once has invested more and waits longer.
  const double patience = static_cast<double>(queue.patience) * (call.visit > 1 ? 1.6 : 1.0);
  in_visit(call, random_.weibull(patience, 1.3), [this](Call& now) { abandon(now); });
  const auto leave_after = [&](Duration delay, std::string_view reason) {
    in_visit(call, delay, [=, this](Call& now) {
      if (now.stage == Stage::waiting) leave(now, reason);
    });
  };
  if (queue.overflow_after > 0) leave_after(queue.overflow_after, "overflow");
  if (queue.callback_after > 0 && random_.chance(0.3)) leave_after(queue.callback_after, "callback");
  if (queue.voicemail_after > 0) leave_after(queue.voicemail_after, "voicemail");
  if (!anyone_for(call.queue)) leave_after(12 * kSecond, "empty");
}

void Floor::leave(Call& call, std::string_view reason) {
  drop_from_queue(call);
  const int to = reason == "overflow" ? spec(call.queue).overflow_to : -1;
  const Duration wait = agenda_.now() - call.queued;
  ++tally_.left;
  ++call.turn;
  write_call("call.left", call, [&](Line& line) {
    line.text("queue", spec(call.queue).id).text("reason", reason).number("wait_ms", wait);
    if (reason == "callback") line.instant("promised_at", agenda_.now() + kCallbackPromise);
  });
  record(call, reason, agenda_.now(), wait, {}, -1);
  if (to >= 0) return enqueue(call, to);
  if (reason == "callback") {
    take_care(call.id, call.queue, "call.called_back", random_.lognormal(18 * kMinute, 0.6));
  } else if (reason == "voicemail") {
    take_care(call.id, call.queue, "call.voicemail_handled", random_.lognormal(25 * kMinute, 0.6));
  }
  write_call("call.ended", call, [](Line&) {});
  forget(call.number);
}

// Somebody of the team does what the caller was left with; while nobody is there, it waits.
void Floor::take_care(const std::string& call, int queue, std::string_view type, Duration in) {
  agenda_.after(in, [=, this] {
    const int agent = someone_of(spec(queue).team);
    if (agent < 0) return take_care(call, queue, type, 20 * kMinute);
    ++tally_.taken_care_of;
    journal_.write(agenda_.now(), type, "pbx", agenda_.now(), [&](Line& line) {
      line.text("call", call).text("queue", spec(queue).id).text("agent", agent_id(agent));
    });
  });
}

void Floor::abandon(Call& call) {
  drop_from_queue(call);
  const Duration wait = agenda_.now() - call.queued;
  ++tally_.abandoned;
  write_call("call.abandoned", call, [&](Line& line) {
    line.text("queue", spec(call.queue).id).number("wait_ms", wait);
  });
  record(call, "abandoned", agenda_.now(), wait, {}, -1);
  if (random_.chance(0.35)) {
    agenda_.after(random_.between(2 * kMinute, 20 * kMinute),
                  [this, queue = call.queue, customer = call.customer] { arrive(queue, customer); });
  }
  const int agent = call.stage == Stage::ringing ? call.agent : -1;
  forget(call.number);
  if (agent >= 0) {
    agents_[static_cast<std::size_t>(agent)].ringing = 0;
    become_free(agent);
  }
}

void Floor::match(int queue) {
  auto& line = waiting_[static_cast<std::size_t>(queue)];
  while (!line.empty()) {
    const int agent = pick_agent(queue);
    if (agent < 0) return;
    Call& call = calls_.at(line.front());
    line.pop_front();
    offer(call, agent);
  }
}

void Floor::offer(Call& call, int agent) {
  CHECK(is_free(agent), "offered to somebody who is not free");
  call.stage = Stage::ringing;
  call.agent = agent;
  call.offered = agenda_.now();
  ++call.turn;
  agents_[static_cast<std::size_t>(agent)].ringing = call.number;
  write_call("call.offered", call, [&](Line& line) {
    line.text("queue", spec(call.queue).id).text("agent", agent_id(agent));
  });
  if (random_.chance(0.025)) return in_stage(call, 20 * kSecond, &Floor::no_answer);
  in_stage(call, within(random_.lognormal(3500, 0.5), 800, 18 * kSecond), &Floor::answer);
}

void Floor::no_answer(Call& call) {
  const int agent = call.agent;
  ++tally_.no_answer;
  write_call("call.no_answer", call, [&](Line& line) {
    line.text("queue", spec(call.queue).id).text("agent", agent_id(agent));
    line.number("ring_ms", agenda_.now() - call.offered);
  });
  call.stage = Stage::waiting;
  call.agent = -1;
  ++call.turn;
  waiting_[static_cast<std::size_t>(call.queue)].push_front(call.number);
  Agent& who = agents_[static_cast<std::size_t>(agent)];
  who.ringing = 0;
  if (who.contacts + who.wrapping == 0 && !who.leaving) {
    who.due.push_front({State::away, "no answer", random_.between(30 * kSecond, 2 * kMinute)});
    take_pause(agent);
  } else {
    become_free(agent);
  }
  match(call.queue);
}

void Floor::answer(Call& call) {
  const QueueSpec& queue = spec(call.queue);
  Agent& who = agents_[static_cast<std::size_t>(call.agent)];
  who.ringing = 0;
  ++who.contacts;
  call.stage = Stage::talking;
  call.answered = agenda_.now();
  call.held = 0;
  call.talk_left = 0;
  ++call.turn;
  ++tally_.answered;
  write_call("call.answered", call, [&](Line& line) {
    line.text("queue", queue.id).text("agent", agent_id(call.agent));
    line.number("wait_ms", call.answered - call.queued);
    line.number("ring_ms", call.answered - call.offered);
  });
  set_state(call.agent, State::on_contact, {});
  const Duration talk = within(random_.lognormal(static_cast<double>(queue.talk_median), 0.6),
                               8 * kSecond, 50 * kMinute);
  if (call.channel == "voice" && random_.chance(0.17)) {
    const Duration first = within(static_cast<Duration>(random_.unit() * static_cast<double>(talk)),
                                  1, talk - 1);
    call.talk_left = talk - first;
    return in_stage(call, first, &Floor::hold);
  }
  in_stage(call, talk, &Floor::finish);
  if (queue.id == "chat") match(call.queue);  // the same agent may have a slot left
}

void Floor::hold(Call& call) {
  call.stage = Stage::held;
  call.held_since = agenda_.now();
  ++call.turn;
  write_call("call.held", call, [&](Line& line) { line.text("agent", agent_id(call.agent)); });
  in_stage(call, within(random_.lognormal(38 * kSecond, 0.6), 4 * kSecond, 8 * kMinute),
           &Floor::resume);
}

void Floor::resume(Call& call) {
  call.stage = Stage::talking;
  call.held += agenda_.now() - call.held_since;
  ++call.turn;
  write_call("call.resumed", call, [&](Line& line) { line.text("agent", agent_id(call.agent)); });
  in_stage(call, call.talk_left, &Floor::finish);
}

// The agent's part of the call is over: the caller hangs up or is passed on to another queue.
void Floor::finish(Call& call) {
  const QueueSpec& queue = spec(call.queue);
  const int agent = call.agent;
  const Duration talk = agenda_.now() - call.answered - call.held;
  const bool passed_on = queue.transfer.to >= 0 && random_.chance(queue.transfer.share);
  const std::string_view kind = !passed_on ? "" : random_.chance(0.8) ? "blind" : "attended";
  ++call.turn;
  ++(passed_on ? tally_.transferred : tally_.ended);
  write_call(passed_on ? "call.transferred" : "call.ended", call, [&](Line& line) {
    line.text("queue", queue.id).text("agent", agent_id(agent)).text("kind", kind);
    line.number("talk_ms", talk);
  });
  Agent& who = agents_[static_cast<std::size_t>(agent)];
  --who.contacts;
  ++who.wrapping;
  if (who.contacts == 0) set_state(agent, State::wrap_up, {});
  const Duration wrap = within(random_.lognormal(static_cast<double>(queue.wrap_median), 0.7),
                               2 * kSecond, 10 * kMinute);
  agenda_.after(wrap, [this, visit = call, ended = agenda_.now(), kind, wrap] {
    wrapped(visit, ended, kind, wrap);
  });
  if (passed_on) {
    enqueue(call, queue.transfer.to);
  } else {
    forget(call.number);
  }
}

void Floor::wrapped(const Call& call, Time ended, std::string_view transfer, Duration wrap) {
  write_call("call.wrapped", call, [&](Line& line) {
    line.text("queue", spec(call.queue).id).text("agent", agent_id(call.agent));
    line.number("wrap_ms", wrap);
  });
  record(call, "answered", ended, call.answered - call.queued, transfer, wrap);
  --agents_[static_cast<std::size_t>(call.agent)].wrapping;
  become_free(call.agent);
}

void Floor::drop_from_queue(const Call& call) {
  auto& line = waiting_[static_cast<std::size_t>(call.queue)];
  const auto it = std::find(line.begin(), line.end(), call.number);
  CHECK((it != line.end()) == (call.stage == Stage::waiting), "waiting means being in the line");
  if (it != line.end()) line.erase(it);
}

void Floor::forget(std::int64_t number) { calls_.erase(number); }

// The call detail record of one visit, written when the telephone system gets round to it.
void Floor::record(const Call& call, std::string_view outcome, Time ended, Duration wait,
                   std::string_view transfer, Duration wrap) {
  ++tally_.records;
  const bool queued = call.visit > 0;
  const bool answered = outcome == "answered";
  const Time at = agenda_.now() + random_.between(1 * kSecond, 15 * kSecond);
  journal_.write(at, "call.record", "cdr", at, [&](Line& line) {
    line.text("call", call.id).text("queue", queued ? spec(call.queue).id : std::string_view{});
    line.instant("started_at", call.visit <= 1 ? call.started : windows::kNever);
    line.instant("queued_at", queued ? call.queued : windows::kNever);
    line.instant("answered_at", answered ? call.answered : windows::kNever);
    line.instant("ended_at", ended).instant("wrapped_at", answered ? ended + wrap : windows::kNever);
    line.text("outcome", outcome).text("channel", call.channel).text("customer", call.customer);
    if (queued) line.text("priority", spec(call.queue).priority);
    if (wait >= 0) line.number("wait_ms", wait);
    if (!answered) return;
    line.text("agent", agent_id(call.agent)).number("hold_ms", call.held);
    line.number("talk_ms", ended - call.answered - call.held).number("wrap_ms", wrap);
    line.text("transferred", transfer);
  });
}

void Floor::check() const {
  std::uint64_t waiting = 0, ringing = 0, talking = 0, menu = 0;
  for (const auto& [number, call] : calls_) {
    if (call.stage == Stage::menu) ++menu;
    if (call.stage == Stage::waiting) ++waiting;
    if (call.stage == Stage::ringing) ++ringing;
    if (call.stage == Stage::talking || call.stage == Stage::held) ++talking;
  }
  std::size_t in_line = 0;
  for (const auto& line : waiting_) in_line += line.size();
  CHECK(in_line == waiting, "the lines hold those who wait");
  CHECK(tally_.queued == tally_.answered + tally_.abandoned + tally_.left + waiting + ringing,
        "every visit ends in one way");
  CHECK(tally_.answered == tally_.ended + tally_.transferred + talking, "every answer is finished");
  std::uint64_t contacts = 0, rung = 0;
  for (std::size_t i = 0; i < agents_.size(); ++i) {
    const Agent& agent = agents_[i];
    CHECK(agent.contacts + agent.wrapping <= organisation_.agents[i].slots, "more than the slots");
    CHECK(agent.contacts == 0 || agent.state == State::on_contact, "talking means on contact");
    contacts += static_cast<std::uint64_t>(agent.contacts);
    rung += agent.ringing != 0 ? 1 : 0;
  }
  CHECK(contacts == talking && rung == ringing, "agents and calls agree");
}

}  // namespace simulate
