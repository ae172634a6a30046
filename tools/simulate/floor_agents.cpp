// The agents' half of Floor: shifts, pauses, states, and who is free for whom.
#include <algorithm>

#include "tools/simulate/floor.h"

namespace simulate {
namespace {

using windows::kDay;
using windows::kHour;
using windows::kMinute;
using windows::kSecond;

}  // namespace

std::string_view Floor::agent_id(int agent) const {
  return organisation_.agents[static_cast<std::size_t>(agent)].id;
}

// The shift an agent is in, or the next one.
void Floor::expect_shift(int agent) {
  const AgentSpec& spec = organisation_.agents[static_cast<std::size_t>(agent)];
  const Time local_now = agenda_.now() + options_.local_offset;
  Time from = windows::floor_to(local_now, kDay) - kDay + spec.shift_from * kMinute;
  const Duration length = (spec.shift_to - spec.shift_from) * kMinute;
  while (from + length <= local_now) from += kDay;
  const Time until = from + length - options_.local_offset;
  const bool begun = from <= local_now;
  // Nobody is there to the millisecond.
  const Duration delay = begun ? random_.between(0, 15 * kSecond)
                               : from - local_now + random_.between(-4 * kMinute, 3 * kMinute);
  agenda_.after(std::max<Duration>(delay, 1), [=, this] { log_in(agent, until); });
}

void Floor::log_in(int agent, Time until) {
  const AgentSpec& spec = organisation_.agents[static_cast<std::size_t>(agent)];
  journal_.write(agenda_.now(), "agent.login", "pbx", agenda_.now(), [&](Line& line) {
    line.text("agent", spec.id).text("team", spec.team).text("site", spec.site);
  });
  Agent& who = agents_[static_cast<std::size_t>(agent)];
  who.leaving = false;
  ++who.shifts;
  who.due.clear();
  plan_pauses(agent, agenda_.now(), until);
  take_break_now_and_then(agent);
  agenda_.at(std::max(until, agenda_.now()) + random_.between(0, 4 * kMinute), [=, this] {
    agents_[static_cast<std::size_t>(agent)].leaving = true;
    if (is_free(agent)) log_out(agent);
  });
  become_free(agent);
}

// Lunch in the middle of the shift, a coffee before and after it, and a meeting or a training on most days.
void Floor::plan_pauses(int agent, Time from, Time until) {
  const auto plan = [&](Duration before_end, Pause pause_then) {
    const Time at = until - before_end + random_.between(-25 * kMinute, 25 * kMinute);
    if (at > from) agenda_.at(at, [=, this] { pause(agent, pause_then); });
  };
  plan(4 * kHour, {State::on_break, "lunch", random_.between(28 * kMinute, 40 * kMinute)});
  plan(6 * kHour, {State::on_break, "coffee", random_.between(8 * kMinute, 15 * kMinute)});
  plan(2 * kHour, {State::on_break, "coffee", random_.between(8 * kMinute, 15 * kMinute)});
  if (random_.chance(0.55)) {
    plan(random_.between(1 * kHour, 7 * kHour),
         {State::meeting, random_.chance(0.6) ? "team huddle" : "one-to-one",
          random_.between(12 * kMinute, 30 * kMinute)});
  } else if (random_.chance(0.4)) {
    plan(random_.between(1 * kHour, 7 * kHour),
         {State::training, "product training", random_.between(25 * kMinute, 45 * kMinute)});
  }
}

void Floor::take_break_now_and_then(int agent) {
  const std::uint32_t shift = agents_[static_cast<std::size_t>(agent)].shifts;
  agenda_.after(random_.exponential(85 * kMinute), [=, this] {
    const Agent& who = agents_[static_cast<std::size_t>(agent)];
    if (who.state == State::offline || who.leaving || who.shifts != shift) return;
    pause(agent, {State::on_break, "short break", random_.between(2 * kMinute, 6 * kMinute)});
    take_break_now_and_then(agent);
  });
}

void Floor::pause(int agent, Pause pause) {
  Agent& who = agents_[static_cast<std::size_t>(agent)];
  if (who.state == State::offline || who.leaving) return;
  who.due.push_back(pause);
  if (is_free(agent)) take_pause(agent);
}

void Floor::take_pause(int agent) {
  Agent& who = agents_[static_cast<std::size_t>(agent)];
  const Pause pause = who.due.front();
  who.due.pop_front();
  const std::uint32_t turn = ++who.turn;
  set_state(agent, pause.state, pause.reason);
  agenda_.after(pause.length, [=, this] {
    if (agents_[static_cast<std::size_t>(agent)].turn == turn) become_free(agent);
  });
}

void Floor::log_out(int agent) {
  Agent& who = agents_[static_cast<std::size_t>(agent)];
  ++who.turn;
  who.state = State::offline;
  who.reason = {};
  journal_.write(agenda_.now(), "agent.logout", "pbx", agenda_.now(),
                 [&](Line& line) { line.text("agent", agent_id(agent)); });
  agenda_.after(kMinute, [=, this] { expect_shift(agent); });
}

// After a contact or a pause: home, the next pause, or the next caller.
void Floor::become_free(int agent) {
  Agent& who = agents_[static_cast<std::size_t>(agent)];
  if (who.contacts > 0) return set_state(agent, State::on_contact, {});
  if (who.ringing != 0) return;
  if (who.wrapping > 0) return set_state(agent, State::wrap_up, {});
  if (who.leaving) return log_out(agent);
  if (!who.due.empty()) return take_pause(agent);
  set_state(agent, State::available, {});
  for (const Skill& skill : organisation_.agents[static_cast<std::size_t>(agent)].skills) {
    match(skill.queue);
    if (!is_free(agent)) return;
  }
}

void Floor::set_state(int agent, State state, std::string_view reason) {
  static constexpr std::string_view kNames[] = {"",      "available", "on_contact", "wrap_up",
                                                "break", "meeting",   "training",   "away"};
  Agent& who = agents_[static_cast<std::size_t>(agent)];
  if (who.state == state && who.reason == reason) return;
  who.state = state;
  who.reason = reason;
  if (state == State::available) who.idle_since = agenda_.now();
  journal_.write(agenda_.now(), "agent.state", "pbx", agenda_.now(), [&](Line& line) {
    line.text("agent", agent_id(agent));
    line.text("state", kNames[static_cast<std::size_t>(state)]).text("reason", reason);
  });
}

// Free for one more contact.
bool Floor::is_free(int agent) const {
  const Agent& who = agents_[static_cast<std::size_t>(agent)];
  if (who.ringing != 0) return false;
  if (who.state == State::available) return true;
  const int slots = organisation_.agents[static_cast<std::size_t>(agent)].slots;
  const bool busy = who.state == State::on_contact || who.state == State::wrap_up;
  return slots > 1 && busy && !who.leaving && who.due.empty() &&
         who.contacts + who.wrapping < slots;
}

// The one who has been idle longest among the free of the best level; -1 if nobody is free.
int Floor::pick_agent(int queue) const {
  int best = -1;
  int best_level = 0;
  for (int agent = 0; agent < static_cast<int>(agents_.size()); ++agent) {
    if (!is_free(agent)) continue;
    const AgentSpec& spec = organisation_.agents[static_cast<std::size_t>(agent)];
    const auto skill = std::find_if(spec.skills.begin(), spec.skills.end(),
                                    [&](const Skill& s) { return s.queue == queue; });
    if (skill == spec.skills.end()) continue;
    const Agent& who = agents_[static_cast<std::size_t>(agent)];
    const Agent* other = best < 0 ? nullptr : &agents_[static_cast<std::size_t>(best)];
    const auto rank = [](const Agent& a) { return std::pair(a.contacts + a.wrapping, a.idle_since); };
    if (other == nullptr || skill->level < best_level ||
        (skill->level == best_level && rank(who) < rank(*other))) {
      best = agent;
      best_level = skill->level;
    }
  }
  return best;
}

bool Floor::anyone_for(int queue) const {
  for (std::size_t i = 0; i < agents_.size(); ++i) {
    if (agents_[i].state == State::offline) continue;
    for (const Skill& skill : organisation_.agents[i].skills) {
      if (skill.queue == queue) return true;
    }
  }
  return false;
}

int Floor::someone_of(std::string_view team) {
  std::vector<int> there;
  for (int agent = 0; agent < static_cast<int>(agents_.size()); ++agent) {
    const auto i = static_cast<std::size_t>(agent);
    if (organisation_.agents[i].team == team && agents_[i].state != State::offline) {
      there.push_back(agent);
    }
  }
  if (there.empty()) return -1;
  return there[static_cast<std::size_t>(
      random_.between(0, static_cast<std::int64_t>(there.size())))];
}

}  // namespace simulate
