// What the events of one ticket mean, read plainly. See core/ticket_facts.cpp's comments and core/measure.h.
#include <algorithm>
#include <tuple>

#include "core/record.h"
#include "oracle.h"

namespace oracle {
namespace {

using T = core::EventType;

struct State {
  std::string_view agent, queue, channel, priority;
  std::string_view status = "new";
  bool solved = false;
  bool merged = false;  // and not solved
  bool operator==(const State&) const = default;
};

struct Teller {
  const Context& context;
  std::vector<Story>& out;
  Time created;
  Time end = kNever;

  Story about(const State& s, Time at) const {
    Story story;
    story.entry = created;
    story.end = end;
    story.queue = s.queue;
    Membership m;
    if (!s.agent.empty()) {
      m = context.agents->at(s.agent, at);
    } else if (!s.queue.empty()) {
      m = context.queues->at(s.queue, at);
    }
    for (const auto& [kind, name] : {std::pair{"agent/", s.agent}, {"queue/", s.queue}, {"channel/", s.channel},
                                     {"priority/", s.priority}, {"team/", m.team}, {"site/", m.site}}) {
      if (!name.empty()) story.names.push_back(keep(kind + std::string(name)));
    }
    return story;
  }

  void one(Measure measure, Time at, const State& s, Duration value = 0) {
    Story story = about(s, at);
    story.measure = measure;
    story.at = at;
    story.value = std::max<Duration>(0, value);
    out.push_back(story);
  }

  void span(Measure measure, Time from, Time to, Time since, const State& s, Time piece) {
    if (to != kNever && to <= from) return;
    Story story = about(s, piece);
    story.measure = measure;
    story.lasts = true;
    story.at = from;
    story.to = to;
    story.since = since;
    out.push_back(story);
  }

  // The ticket was as `s` says from `from` to `to`, and not solved.
  void piece(const State& s, Time from, Time to) {
    span(Measure::backlog, from, to, created, s, from);
    if (s.agent.empty()) span(Measure::backlog_unassigned, from, to, from, s, from);
    const Measure status = s.status == "open"      ? Measure::backlog_open
                           : s.status == "pending" ? Measure::backlog_pending
                           : s.status == "on_hold" ? Measure::backlog_on_hold
                                                   : Measure::backlog_new;
    span(status, from, to, from, s, from);
    constexpr std::tuple<Measure, int, int> kAges[] = {{Measure::backlog_age_lt_1d, 0, 1},
                                                       {Measure::backlog_age_1_3d, 1, 3},
                                                       {Measure::backlog_age_3_7d, 3, 7},
                                                       {Measure::backlog_age_gt_7d, 7, 100'000}};
    for (const auto& [measure, a, b] : kAges) {
      const Time young = created + a * windows::kDay, old = created + b * windows::kDay;
      span(measure, std::max(from, young), to == kNever ? (b == 100'000 ? kNever : old) : std::min(to, old), created, s,
           from);
    }
  }
};

bool earlier(const Event& a, const Event& b) {
  const core::Rank ra = core::rank_of(a), rb = core::rank_of(b);
  return std::tie(a.at, a.type, ra, a.agent, a.queue, a.text, a.value, a.channel, a.priority, a.by, a.is_public) <
         std::tie(b.at, b.type, rb, b.agent, b.queue, b.text, b.value, b.channel, b.priority, b.by, b.is_public);
}

}  // namespace

void tell_ticket(const std::vector<Event>& given, const Context& context, std::vector<Story>& out,
                 std::vector<Seen>& seen) {
  std::vector<Event> events = given;
  std::sort(events.begin(), events.end(), earlier);
  const auto same = [](const Event& a, const Event& b) { return !earlier(a, b) && !earlier(b, a); };
  events.erase(std::unique(events.begin(), events.end(), same), events.end());

  tell_ticket_clocks(events, context, out);
  const auto creation =
      std::find_if(events.begin(), events.end(), [](const Event& e) { return e.type == T::ticket_created; });
  const bool known = creation != events.end();
  Teller teller{context, out, known ? creation->at : events.front().at};
  const Time created = teller.created;

  // The states, one after each event.
  std::vector<State> states;
  State state;
  for (const Event& e : events) {
    if (!e.channel.empty()) state.channel = e.channel;
    if (!e.priority.empty()) state.priority = e.priority;
    if (e.type == T::ticket_created) {
      if (!e.queue.empty()) state.queue = e.queue;
      if (!e.agent.empty()) state.agent = e.agent;
    }
    if (e.type == T::ticket_assigned) {
      state.agent = e.agent;
      if (!e.queue.empty()) state.queue = e.queue;
    }
    if (e.type == T::ticket_status) {
      state.status = e.text;
      state.solved = state.merged = false;
    }
    if (e.type == T::ticket_resolved || e.type == T::ticket_closed) {
      const bool merging = std::any_of(events.begin(), events.end(), [&](const Event& other) {
        return other.type == T::ticket_merged && other.at == e.at;
      });
      state.solved = !state.merged && !merging;
    }
    if (e.type == T::ticket_merged) state.merged = !state.solved;
    if (e.type == T::ticket_reopened) {
      state.status = "open";
      state.solved = state.merged = false;
    }
    states.push_back(state);
  }
  // Tickets are email unless somebody says otherwise.
  for (State& s : states) {
    if (s.channel.empty()) s.channel = "email";
  }
  const auto at = [&](std::size_t i) { return std::max(events[i].at, created); };
  if (states.back().solved || states.back().merged) {
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (events[i].type == T::ticket_resolved || events[i].type == T::ticket_closed ||
          events[i].type == T::ticket_merged)
        teller.end = at(i);
    }
  }

  // Its life in pieces: what it was from each event to the next.
  Duration waited = 0, worked = 0;
  State before;
  before.channel = "email";
  Time from = created;
  for (std::size_t i = 0; i <= events.size(); ++i) {
    const bool last = i == events.size();
    if (!last && states[i] == before) continue;
    const Time to = last ? kNever : at(i);
    if (!before.solved && !before.merged) {
      if (!last && before.status != "pending") waited += to - from;
      if (!last && before.status != "pending" && before.status != "on_hold") worked += to - from;
      teller.piece(before, from, to);
    }
    if (last) break;
    before = states[i];
    from = to;
  }

  const auto customer_wrote = [&](int i) {
    const Event& e = events[static_cast<std::size_t>(i)];
    return e.type == T::ticket_reply && e.is_public && (e.by == "customer" || e.by.empty());
  };
  const auto agent_wrote = [&](int i) {
    const Event& e = events[static_cast<std::size_t>(i)];
    return e.type == T::ticket_reply && e.is_public && e.by == "agent";
  };
  const auto solved_after = [&](int i) { return i >= 0 && states[static_cast<std::size_t>(i)].solved; };
  // When what the agent's reply `i` answers was asked, and whether nothing had been asked before. The creation is a
  // question at -1. A solution closes what was asked before it if the ticket was reopened or written to since.
  const auto asked_before = [&](int i) {
    std::vector<int> questions;
    if (!known || creation->by != "agent") questions.push_back(-1);
    for (int k = 0; k < i; ++k) {
      if (customer_wrote(k)) questions.push_back(k);
    }
    int settled = -2;  // everything up to here is answered
    for (int j = 0; j < i; ++j) {
      if (agent_wrote(j)) settled = j;
      bool went_on = false;
      for (int k = j + 1; k < i; ++k) went_on = went_on || customer_wrote(k) || !solved_after(k);
      if (solved_after(j) && !solved_after(j - 1) && went_on) settled = j;
    }
    const auto first = std::find_if(questions.begin(), questions.end(), [&](int q) { return q > settled; });
    std::optional<std::pair<Time, bool>> found;
    if (first != questions.end())
      found = {*first < 0 ? created : at(static_cast<std::size_t>(*first)), first == questions.begin()};
    return found;
  };

  std::optional<Time> first_solved, last_solved;
  State solver, rated_state;
  const Event* rated = nullptr;
  bool reopened = false;
  int replies = 0;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Event& e = events[i];
    const bool was_solved = i > 0 && states[i - 1].solved;
    if (known && &e == &*creation) {
      teller.one(Measure::tickets_created, at(i), states[i]);
      const std::string_view author = e.by.empty() ? "customer" : e.by;
      if (author == "customer") seen.push_back({customer_of(given), at(i), true, teller.about(states[i], at(i)).names});
    }
    if (states[i].solved && !was_solved) {
      teller.one(Measure::tickets_resolved, at(i), states[i]);
      if (!first_solved) {
        first_solved = at(i);
        teller.one(Measure::tickets_solved_once, at(i), states[i]);
        teller.one(Measure::first_resolution, at(i), states[i], at(i) - created);
      }
      last_solved = at(i);
      solver = states[i];
    }
    if (!states[i].solved && was_solved) {
      teller.one(Measure::tickets_reopened, at(i), states[i]);
      if (!reopened) teller.one(Measure::tickets_reopened_once, at(i), states[i]);
      reopened = true;
    }
    if (e.type == T::ticket_rated) {
      rated = &e;
      rated_state = states[i];
      if (!e.agent.empty()) rated_state.agent = e.agent;
    }
    if (e.type != T::ticket_reply || !e.is_public) continue;
    if (e.by == "customer" || e.by.empty()) {
      teller.one(Measure::customer_replies, at(i), states[i]);
    }
    if (e.by != "agent") continue;
    State by = states[i];
    if (!e.agent.empty()) by.agent = e.agent;
    teller.one(Measure::agent_replies, at(i), by);
    if (!first_solved) ++replies;
    if (const auto question = asked_before(static_cast<int>(i)))
      teller.one(question->second ? Measure::first_response : Measure::next_reply, at(i), by, at(i) - question->first);
  }
  if (states.back().solved) {
    if (!reopened && replies <= 1) teller.one(Measure::tickets_one_touch, *first_solved, solver);
    teller.one(Measure::full_resolution, *last_solved, solver, *last_solved - created);
    teller.one(Measure::requester_wait, *last_solved, solver, waited);
    teller.one(Measure::agent_work, *last_solved, solver, worked);
  }
  if (rated == nullptr) return;
  const Time when = std::max(rated->at, created);
  tell_score(*rated, [&](Measure measure, Duration score) { teller.one(measure, when, rated_state, score); });
}

}  // namespace oracle
