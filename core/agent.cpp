#include "core/agent.h"

#include <algorithm>
#include <tuple>

namespace core {
namespace {

constexpr std::string_view kNames[] = {"offline", "available", "ringing", "on_contact", "on_hold",
                                       "wrap_up", "break",     "meeting", "training",   "away"};

constexpr Measure kLevels[] = {
    Measure::agents_logged_in,  // offline has no level of its own
    Measure::agents_available, Measure::agents_ringing,  Measure::agents_on_contact,  Measure::agents_on_hold,
    Measure::agents_wrap_up,   Measure::agents_on_break, Measure::agents_in_meeting, Measure::agents_in_training,
    Measure::agents_away,
};

bool earlier(const Presence& a, const Presence& b) {
  return std::tie(a.at, a.order, a.rank, a.state, a.reason) < std::tie(b.at, b.order, b.rank, b.state, b.reason);
}

}  // namespace

std::string_view name(Activity activity) { return kNames[static_cast<int>(activity)]; }

bool presence_named(std::string_view text, Activity& out) {
  for (const Activity a : {Activity::available, Activity::on_contact, Activity::wrap_up, Activity::on_break,
                           Activity::meeting, Activity::training, Activity::away}) {
    if (name(a) != text) continue;
    out = a;
    return true;
  }
  return false;
}

bool AgentActivity::add(const Presence& presence) {
  const auto at = std::lower_bound(presence_.begin(), presence_.end(), presence, earlier);
  if (at != presence_.end() && *at == presence) return false;
  presence_.insert(at, presence);
  return true;
}

Time AgentActivity::presence_end(const Presence& presence) const {
  const auto next = std::upper_bound(presence_.begin(), presence_.end(), presence.at,
                                     [](Time t, const Presence& p) { return t < p.at; });
  return next == presence_.end() ? kNever : next->at;
}

std::size_t AgentActivity::make_point(Time at) {
  const auto place = std::lower_bound(points_.begin(), points_.end(), at,
                                      [](const Point& p, Time t) { return p.at < t; });
  const auto index = static_cast<std::size_t>(place - points_.begin());
  if (place != points_.end() && place->at == at) return index;
  Point point{at, {}};
  if (index > 0) point.count = points_[index - 1].count;
  points_.insert(place, point);
  return index;
}

void AgentActivity::drop_redundant(std::size_t index) {
  const std::array<std::int32_t, kKinds> before = index > 0 ? points_[index - 1].count
                                                            : std::array<std::int32_t, kKinds>{};
  if (points_[index].count == before) points_.erase(points_.begin() + static_cast<std::ptrdiff_t>(index));
}

void AgentActivity::add_contact(const Contact& contact, int sign) {
  if (contact.to != kNever && contact.to <= contact.from) return;
  const std::size_t from = make_point(contact.from);
  const std::size_t to = contact.to == kNever ? points_.size() : make_point(contact.to);
  for (std::size_t i = from; i < to; ++i) {
    std::int32_t& count = points_[i].count[static_cast<std::size_t>(contact.kind)];
    count += sign;
    CHECK(count >= 0, "a contact is taken back that was never there");
  }
  if (contact.to != kNever) drop_redundant(to);
  drop_redundant(from);
}

Activity AgentActivity::activity_of(const Presence* presence, const Point* point) const {
  if (point != nullptr) {
    const auto on = [&](Contact::Kind kind) { return point->count[static_cast<std::size_t>(kind)] > 0; };
    if (on(Contact::Kind::talking)) return Activity::on_contact;
    if (on(Contact::Kind::holding)) return Activity::on_hold;
    if (on(Contact::Kind::wrapping)) return Activity::wrap_up;
    if (on(Contact::Kind::ringing)) return Activity::ringing;
  }
  return presence == nullptr ? Activity::offline : presence->state;
}

AgentActivity::State AgentActivity::state_at(Time t, const FactContext& context) const {
  const auto presence = std::upper_bound(presence_.begin(), presence_.end(), t,
                                         [](Time x, const Presence& p) { return x < p.at; });
  const auto point = std::upper_bound(points_.begin(), points_.end(), t,
                                      [](Time x, const Point& p) { return x < p.at; });
  const Presence* p = presence == presence_.begin() ? nullptr : &*std::prev(presence);
  State state;
  state.activity = activity_of(p, point == points_.begin() ? nullptr : &*std::prev(point));
  if (p != nullptr && state.activity == p->state) state.reason = p->reason;
  if (context.agents != nullptr) state.member = context.agents->at(agent_, t);
  return state;
}

// First instant after `after` at which anything may change; kNever when nothing does.
Time AgentActivity::next_break(Time after, const FactContext& context) const {
  Time next = kNever;
  const auto consider = [&](Time t) {
    if (next == kNever || t < next) next = t;
  };
  const auto presence = std::upper_bound(presence_.begin(), presence_.end(), after,
                                         [](Time x, const Presence& p) { return x < p.at; });
  if (presence != presence_.end()) consider(presence->at);
  const auto point = std::upper_bound(points_.begin(), points_.end(), after,
                                      [](Time x, const Point& p) { return x < p.at; });
  if (point != points_.end()) consider(point->at);
  const auto& roster = context.agents->entries(agent_);
  const auto entry = std::upper_bound(roster.begin(), roster.end(), after,
                                      [](Time x, const Roster::Entry& e) { return x < e.at; });
  if (entry != roster.end()) consider(entry->at);
  return next;
}

// Last instant before `before` at which presence or contacts change; kNever when there is none.
void AgentActivity::facts(Time from, Time to, const FactContext& context, Facts& out) const {
  const auto scopes_of = [&](const State& s) {
    Scopes scopes;
    scopes.agent = agent_;
    scopes.team = s.member.team;
    scopes.site = s.member.site;
    return out.scope_index(scopes);
  };
  const auto edge = [&](Measure measure, const State& s, Time t, int step) {
    out.facts.push_back({measure, Fact::Shape::edge, scopes_of(s), step, t, kNever, kNever});
  };
  State before = state_at(from - 1, context);
  Time t = next_break(from - 1, context);
  for (; t != kNever && t <= context.now && (to == kNever || t <= to); t = next_break(t, context)) {
    const State now = state_at(t, context);
    const bool moved = !(now.member == before.member);
    if (now.activity != before.activity || moved) {
      if (before.activity != Activity::offline) edge(kLevels[static_cast<int>(before.activity)], before, t, -1);
      if (now.activity != Activity::offline) edge(kLevels[static_cast<int>(now.activity)], now, t, 1);
      const bool was_in = before.activity != Activity::offline, is_in = now.activity != Activity::offline;
      if (was_in && (moved || !is_in)) edge(Measure::agents_logged_in, before, t, -1);
      if (is_in && (moved || !was_in)) edge(Measure::agents_logged_in, now, t, 1);
    }
    before = now;
  }
  look_again(context, out);
  if (context.longest_login) tell_login(context, out);
  if (!context.longest_activity) return;
  const Now now = at(context.now);
  if (now.activity == Activity::offline || now.since == kNever) return;
  out.facts.push_back({kLevels[static_cast<int>(now.activity)], Fact::Shape::open,
                       scopes_of(state_at(context.now, context)), 0, now.since, kNever, kNever});
}

void AgentActivity::look_again(const FactContext& context, Facts& out) const {
  const Time next = next_break(context.now, context);
  if (next != kNever) out.look_again_at(next);
}

// The instants up to `now` at which anything may have changed, newest first, each with the state from there on.
// An agent's day has hundreds: this walks, where asking for each by itself would search. `f` false ends it.
template <class F>
void AgentActivity::walk_back(Time now, F&& f) const {
  auto presence = std::upper_bound(presence_.begin(), presence_.end(), now,
                                   [](Time x, const Presence& p) { return x < p.at; });
  auto point = std::upper_bound(points_.begin(), points_.end(), now,
                                [](Time x, const Point& p) { return x < p.at; });
  while (presence != presence_.begin() || point != points_.begin()) {
    const Presence* p = presence == presence_.begin() ? nullptr : &*std::prev(presence);
    const Point* q = point == points_.begin() ? nullptr : &*std::prev(point);
    const Time t = p == nullptr ? q->at : q == nullptr ? p->at : std::max(p->at, q->at);
    State state;
    state.activity = activity_of(p, q);
    if (p != nullptr && state.activity == p->state) state.reason = p->reason;
    if (!f(t, state)) return;
    while (presence != presence_.begin() && std::prev(presence)->at == t) --presence;
    if (point != points_.begin() && std::prev(point)->at == t) --point;
  }
}

// Since when the agent has been anything but offline, whatever the changes in between; kNever: is not, or always.
Time AgentActivity::login_since(Time now) const {
  Time since = kNever;
  walk_back(now, [&](Time t, const State& state) {
    if (t < cut_) {
      if (login_before_ != kNever) since = login_before_;
      return false;
    }
    if (state.activity == Activity::offline) return false;
    since = t;
    return true;
  });
  return since;
}

void AgentActivity::tell_login(const FactContext& context, Facts& out) const {
  const Time since = login_since(context.now);
  if (since == kNever) return;
  Scopes scopes;
  scopes.agent = agent_;
  const Membership member = context.agents->at(agent_, context.now);
  scopes.team = member.team;
  scopes.site = member.site;
  out.facts.push_back(
      {Measure::agents_logged_in, Fact::Shape::open, out.scope_index(scopes), 0, since, kNever, kNever});
}

AgentActivity::Now AgentActivity::at(Time now) const {
  const FactContext nobody{now, false, nullptr, nullptr};
  const State state = state_at(now, nobody);
  Now answer{state.activity, state.reason, kNever};
  walk_back(now, [&](Time t, const State& from_there) {
    if (from_there.activity != state.activity || from_there.reason != state.reason) return false;
    answer.since = t < cut_ ? since_before_ : t;
    return t >= cut_;
  });
  return answer;
}

}  // namespace core
