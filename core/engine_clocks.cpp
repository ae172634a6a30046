// What follows from clocks: the list of deadlines, and when somebody has to look again.
#include <algorithm>

#include "core/engine_state.h"

namespace core {
namespace {

constexpr std::uint32_t kNone = Scopes::kNone;

// A pattern of scope keys as numbers, so that a million records can be asked.
struct ScopeFilter {
  bool everything = false, nothing = false;
  ScopeKind kind{};
  std::uint32_t name = kNone;  // kNone: any

  bool passes(const Scopes& s) const {
    if (everything || nothing) return everything;
    const auto is = [&](std::uint32_t value, std::uint32_t none) {
      return value != none && (name == kNone || value == name);
    };
    switch (kind) {
      case ScopeKind::site: return is(s.site, kNone);
      case ScopeKind::team: return is(s.team, kNone);
      case ScopeKind::queue: return is(s.queue, kNoQueue);
      case ScopeKind::agent: return is(s.agent, kNoAgent);
      case ScopeKind::channel: return is(s.channel, kNoName);
      case ScopeKind::priority: return is(s.priority, kNoName);
      default: return true;
    }
  }
};

}  // namespace

void Engine::State::apply_clocks(std::uint32_t record, const Clocks& was, const Clocks& is) {
  if (was.empty() && is.empty()) return;
  deadlines.follow(record, is);
  if (!cold.restoring) return report_clocks(records[record], was, is);
  const auto alarms = [](const ClockState& c) { return c.open() && (!c.passed.empty() || c.breached_at != kNever); };
  if (std::any_of(is.begin(), is.end(), alarms)) to_reconcile.push_back(record);
}

Time Engine::next_due() const {
  const Time looks = state_->wheel.next(), timers = state_->alerts.next_due();
  return looks == kNever || timers == kNever ? std::max(looks, timers) : std::min(looks, timers);
}

Deadlines Engine::deadlines(std::string_view pattern, std::size_t limit, std::size_t overdue) const {
  State& s = *state_;
  ScopeFilter filter;
  filter.everything = pattern == "*" || pattern == "tenant";
  if (!filter.everything) {
    const std::size_t slash = pattern.find('/');
    constexpr std::string_view kKinds[] = {"tenant", "site", "team", "queue", "agent", "channel", "priority"};
    const auto kind = std::find(std::begin(kKinds) + 1, std::end(kKinds), pattern.substr(0, slash));
    filter.nothing = slash == std::string_view::npos || kind == std::end(kKinds);
    if (!filter.nothing) {
      filter.kind = static_cast<ScopeKind>(kind - std::begin(kKinds));
      const std::string_view name = pattern.substr(slash + 1);
      if (name != "*") filter.name = s.names(filter.kind).find(name);
      filter.nothing = name != "*" && filter.name == Names::kUnknown;
    }
  }

  using Entry = DeadlineIndex::Entry;
  Deadlines found;
  std::vector<const Entry*> broken, next, paused;
  for (const Entry& e : s.deadlines.entries()) {
    if (!filter.passes(e.scopes)) continue;
    found.total += e.open;
    found.overdue += e.overdue;
    if (e.overdue > 0) broken.push_back(&e);
    if (e.next != kNever) next.push_back(&e);
    if (e.paused > 0) paused.push_back(&e);
  }
  // Each list may give `limit` rows; which of them are shown is decided among clocks, not records.
  const auto first = [](std::vector<const Entry*>& list, std::size_t most, auto before) {
    const auto order = [&](const Entry* a, const Entry* b) {
      return before(*a, *b) || (!before(*b, *a) && a->record < b->record);
    };
    most = std::min(most, list.size());
    std::partial_sort(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(most), list.end(), order);
    list.resize(most);
  };
  overdue = std::min(overdue, limit);
  first(broken, overdue, [](const Entry& a, const Entry& b) { return a.broken > b.broken; });
  first(next, limit, [](const Entry& a, const Entry& b) { return a.next < b.next; });
  first(paused, limit, [](const Entry&, const Entry&) { return false; });
  std::vector<std::uint32_t> records;
  for (const auto* list : {&broken, &next, &paused}) {
    for (const Entry* e : *list) records.push_back(e->record);
  }
  std::sort(records.begin(), records.end());
  records.erase(std::unique(records.begin(), records.end()), records.end());

  std::vector<Deadline> late, soon, resting;
  for (const std::uint32_t record : records) {
    s.tell(s.records[record], s.now, s.cold.facts);
    for (const ClockState& clock : s.cold.facts.clocks) {
      if (!clock.open() || !filter.passes(clock.scopes)) continue;
      Deadline row = s.deadline(s.records[record], clock);
      (row.breached ? late : row.due == kNever ? resting : soon).push_back(row);
    }
  }
  const auto order = [](const Deadline& a, const Deadline& b) {
    return std::tie(a.due, a.started, a.record_kind, a.record_id, a.clock, a.instance) <
           std::tie(b.due, b.started, b.record_kind, b.record_id, b.clock, b.instance);
  };
  for (auto* list : {&late, &soon, &resting}) std::sort(list->begin(), list->end(), order);
  if (late.size() > overdue) late.erase(late.begin(), late.end() - static_cast<std::ptrdiff_t>(overdue));
  found.rows = std::move(late);
  found.rows.insert(found.rows.end(), soon.begin(), soon.end());
  found.rows.insert(found.rows.end(), resting.begin(), resting.end());
  if (found.rows.size() > limit) found.rows.resize(limit);
  return found;
}

Deadline Engine::State::deadline(const Record& record, const ClockState& clock) const {
  Deadline row;
  row.record_kind = record.kind == Record::Kind::call ? "call" : "ticket";
  row.record_id = record.id;
  row.clock = clock.kind;
  row.instance = clock.instance;
  row.policy = settings.sla.policies[clock.policy].id;
  const auto word = [&](ScopeKind kind, std::uint32_t name, std::uint32_t none) {
    return name == none ? std::string_view() : names(kind).text(name);
  };
  row.queue = word(ScopeKind::queue, clock.scopes.queue, kNoQueue);
  row.agent = word(ScopeKind::agent, clock.scopes.agent, kNoAgent);
  row.priority = word(ScopeKind::priority, clock.scopes.priority, kNoName);
  row.started = clock.started;
  row.due = clock.due;
  row.target = clock.target;
  row.breached = clock.state == ClockState::State::breached;
  row.paused = clock.paused;
  row.warned = clock.passed.empty() ? 0 : clock.passed.back().percent;
  const Calendar* calendar = promises.calendar(clock.calendar);
  row.elapsed = clock.elapsed;
  if (!clock.paused)
    row.elapsed += calendar == nullptr ? now - clock.measured : calendar->between(clock.measured, now);
  if (calendar != nullptr && !calendar->open_at(now)) row.closed_until = calendar->next_change(now);
  return row;
}

}  // namespace core
