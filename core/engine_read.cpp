// Reading numbers out of an Engine: current values, history, trend. The same formulas over other ranges.
#include <algorithm>

#include "core/engine_state.h"

namespace core {
namespace {

constexpr std::size_t kMaxRows = 40'000;  // a year of 15-minute intervals has 35,136

// Nothing is known of the future, and since when somebody waits is known for now only.
bool knowable(const Catalogue::Kpi& kpi, Time from, Time to, Time now) {
  if (from > now) return false;
  const auto asks_oldest = [](const Catalogue::Instruction& i) { return i.op == Term::Op::oldest; };
  return to > now || std::none_of(kpi.program.begin(), kpi.program.end(), asks_oldest);
}

Result<std::vector<const Catalogue::Kpi*>> kpis_named(const Catalogue& catalogue,
                                                      const std::vector<std::string>& ids) {
  std::vector<const Catalogue::Kpi*> found;
  for (const std::string& id : ids) {
    const int index = catalogue.find(id);
    if (index < 0) return Error{"unknown_kpi", "there is no KPI \"" + id + "\"", "kpi"};
    found.push_back(&catalogue.kpis()[static_cast<std::size_t>(index)]);
  }
  return found;
}

// Which parts of an interval the KPIs read, and whether they ask for levels: what they were is what they are less what
// came since, so that everything since is read.
std::pair<IntervalParts, bool> asked_for(const std::vector<const Catalogue::Kpi*>& kpis) {
  IntervalParts parts{true, false, false};
  bool levels = false;
  for (const Catalogue::Kpi* kpi : kpis) {
    for (const Catalogue::Instruction& i : kpi->program) {
      using Op = Term::Op;
      parts.buckets |= i.op == Op::percentile;
      parts.items |= i.op == Op::maximum || i.op == Op::peak || i.op == Op::peak_at;
      levels |= i.op == Op::now || i.op == Op::time || i.op == Op::average || i.op == Op::peak || i.op == Op::peak_at;
    }
  }
  return {parts, levels};
}

}  // namespace

std::vector<std::string> Engine::scopes(std::string_view pattern) const {
  std::vector<std::string> keys;
  for (const Scope& scope : state_->scopes) {
    if (matches(pattern, scope.key)) keys.push_back(scope.key);
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

Result<Value> Engine::current(std::string_view scope, std::string_view column) {
  State& s = *state_;
  const auto parsed = s.parse_column(column);
  if (!parsed) return parsed.error();
  const Scope* found = s.find_scope(scope);
  if (found == nullptr) return Error{"unknown_scope", "nothing is known of \"" + std::string(scope) + "\"", "scope"};
  const auto index = s.scope(found->kind, found->name);
  s.settled(index);
  return s.evaluate(*parsed, s.scopes[index]);
}

Result<std::vector<HistoryRow>> Engine::history(std::string_view scope, const std::vector<std::string>& kpis,
                                                Time from, Time to, Step step) {
  State& s = *state_;
  const auto asked = kpis_named(s.catalogue, kpis);
  if (!asked) return asked.error();
  if (from < 0 || to <= from) return Error{"bad_range", "`from` lies before `to`", "from"};
  const Scope* found = s.find_scope(scope);
  if (found == nullptr) return Error{"unknown_scope", "nothing is known of \"" + std::string(scope) + "\"", "scope"};
  const std::uint32_t id = s.scope(found->kind, found->name);
  const windows::Series& hot = s.settled(id);
  std::optional<windows::Series> joined;
  const Time first = windows::floor_to(from, windows::kDay) - 2 * windows::kDay;  // no step begins earlier
  if (first < s.cold.horizon) {
    const auto [parts, levels] = asked_for(*asked);
    const Time last = levels ? s.cold.horizon : to + 2 * windows::kDay;
    joined = hot.joined(s.catalogue.layout(), s.cold_intervals(id, first, last, parts));
  }
  const windows::Series& series = joined ? *joined : hot;

  const Zone& zone = s.settings.zone;
  const auto step_start = [&](Time t) {
    if (step == Step::day) return zone.midnight_at_or_before(t);
    if (step == Step::hour) {
      // A local hour; where the clock changes inside one, the hour begins with the change.
      const Duration offset = zone.offset_at(t);
      const Time start = windows::floor_to(t + offset, windows::kHour) - offset;
      return windows::floor_to(start, windows::kInterval);
    }
    return windows::floor_to(t, windows::kInterval);
  };
  const auto step_end = [&](Time start) {
    if (step == Step::day) return zone.next_midnight(start);
    if (step == Step::hour) return step_start(start + windows::kHour);
    return start + windows::kInterval;
  };
  std::vector<HistoryRow> rows;
  const auto add = [&](Time a, Time b) {
    HistoryRow row{a, b, {}};
    const windows::Range range{windows::Range::Kind::intervals, 0, a, b};
    for (const Catalogue::Kpi* kpi : *asked)
      row.values.push_back(knowable(*kpi, a, b, s.now) ? s.catalogue.evaluate(*kpi, series, range) : Value::none());
    rows.push_back(std::move(row));
  };
  if (step == Step::all) {
    const Time end = windows::floor_to(to + windows::kInterval - 1, windows::kInterval);
    add(windows::floor_to(from, windows::kInterval), end);
    return rows;
  }
  for (Time start = step_start(from); start < to;) {
    if (rows.size() == kMaxRows)
      return Error{"too_many_rows", "the range has more than 40000 steps; ask for a longer step or less", "step"};
    const Time end = step_end(start);
    add(start, end);
    start = end;
  }
  return rows;
}

Result<std::vector<HistoryRow>> Engine::trend(std::string_view scope, const std::vector<std::string>& kpis,
                                              Duration length, Duration step) {
  State& s = *state_;
  const auto asked = kpis_named(s.catalogue, kpis);
  if (!asked) return asked.error();
  const Duration longest = s.catalogue.layout().window(s.catalogue.layout().windows() - 1);
  if (step < windows::kSecond || step % windows::kSecond != 0 || length < step || length > longest - step)
    return Error{"bad_range", "step is whole seconds, and the length at least a step and at most " +
                                  std::to_string((longest - step) / windows::kSecond) + " s", "step"};
  const Scope* found = s.find_scope(scope);
  if (found == nullptr) return Error{"unknown_scope", "nothing is known of \"" + std::string(scope) + "\"", "scope"};
  const windows::Series& series = s.settled(s.scope(found->kind, found->name));
  std::vector<HistoryRow> rows;
  const Time newest = windows::floor_to(s.now, step);
  for (Time start = std::max<Time>(0, newest - windows::floor_to(length, step) + step); start <= newest;
       start += step) {
    HistoryRow row{start, start + step, {}};
    const windows::Range range{windows::Range::Kind::panes, 0, row.from, row.to};
    for (const Catalogue::Kpi* kpi : *asked)
      row.values.push_back(knowable(*kpi, row.from, row.to, s.now) ? s.catalogue.evaluate(*kpi, series, range)
                                                                   : Value::none());
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace core
