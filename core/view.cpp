// Views: which rows and columns somebody looks at, and what of them changed. Private parts of Engine.
#include <algorithm>

#include "core/engine_state.h"

namespace core {
namespace {

constexpr std::string_view kAttributes[] = {"state", "state_since", "state_reason", "team", "site"};

}  // namespace

bool matches(std::string_view pattern, std::string_view key) {
  if (pattern == "*") return true;
  if (pattern.size() >= 2 && pattern.substr(pattern.size() - 2) == "/*")
    return key.size() >= pattern.size() && key.substr(0, pattern.size() - 1) == pattern.substr(0, pattern.size() - 1);
  return pattern == key;
}

Result<View::Column> Engine::State::parse_column(std::string_view text) const {
  View::Column column;
  column.name = text;
  for (std::size_t i = 0; i < std::size(kAttributes); ++i) {
    if (kAttributes[i] == text) column.attribute = static_cast<int>(i);
  }
  if (column.attribute >= 0) return column;
  const std::size_t at = text.find('@');
  const std::string_view kpi = text.substr(0, at);
  column.kpi = catalogue.find(kpi);
  if (column.kpi < 0)
    return Error{"unknown_kpi", "there is no KPI \"" + std::string(kpi) + "\"", std::string(text)};
  const bool live = catalogue.kpis()[static_cast<std::size_t>(column.kpi)].live;
  if (at == std::string_view::npos) {
    if (!live)
      return Error{"unknown_window", "\"" + std::string(kpi) + "\" needs a window, as in " + std::string(kpi) + "@30m",
                   std::string(text)};
    return column;
  }
  column.window = catalogue.window(text.substr(at + 1));
  if (column.window < 0) {
    std::string known;
    for (int w = 0; w <= catalogue.layout().windows(); ++w)
      known += (known.empty() ? "" : ", ") + catalogue.window_label(w);
    return Error{"unknown_window",
                 "there is no window \"" + std::string(text.substr(at + 1)) + "\"; there are " + known,
                 std::string(text)};
  }
  if (live)
    return Error{"unknown_window", "\"" + std::string(kpi) + "\" is what is the case now and takes no window",
                 std::string(text)};
  return column;
}

windows::Range Engine::State::range(int window) const {
  const windows::Clock clock{now, midnight};
  return window == catalogue.layout().windows() ? windows::today_range(clock)
                                                : windows::window_range(catalogue.layout(), std::max(0, window), clock);
}

Value Engine::State::evaluate(const View::Column& column, const Scope& scope) {
  if (column.kpi >= 0)
    return catalogue.evaluate(catalogue.kpis()[static_cast<std::size_t>(column.kpi)], scope.series,
                              range(column.window));
  if (scope.kind != ScopeKind::agent) return Value::none();
  const auto word = [](const Names& from, std::uint32_t id) {
    return id == Scopes::kNone ? Value::none() : Value::of(from.text(id));
  };
  if (column.attribute >= 3) {
    const Membership member = agent_roster.at(scope.name, now);
    return column.attribute == 3 ? word(names(ScopeKind::team), member.team)
                                 : word(names(ScopeKind::site), member.site);
  }
  const AgentActivity::Now state = agent(scope.name).activity.at(now);
  if (column.attribute == 0) return Value::of(core::name(state.activity));
  if (column.attribute == 1) return state.since == kNever ? Value::none() : Value::of(static_cast<double>(state.since));
  return word(reasons, state.reason);
}

Result<int> Engine::open_view(const ViewDefinition& definition) {
  State& s = *state_;
  View view;
  view.definition = definition;
  if (definition.groups.empty()) return Error{"bad_view", "a view needs at least one group", "groups"};
  for (std::size_t g = 0; g < definition.groups.size(); ++g) {
    const ViewGroup& group = definition.groups[g];
    const std::string where = "groups[" + std::to_string(g) + "]";
    if (group.scopes.empty() || group.columns.empty())
      return Error{"bad_view", "a group needs scopes and columns", where};
    for (const std::string& pattern : group.scopes) {
      const std::string kind = pattern.substr(0, pattern.find('/'));
      const bool slash = pattern.find('/') != std::string::npos;
      constexpr std::string_view kinds[] = {"site", "team", "queue", "agent", "channel", "priority"};
      if (pattern != "*" && !(pattern == "tenant") &&
          !(slash && std::find(std::begin(kinds), std::end(kinds), kind) != std::end(kinds)))
        return Error{"bad_scope", "\"" + pattern + "\" is not tenant, or <kind>/<name> or <kind>/* with kind " +
                                      "site, team, queue, agent, channel or priority", where + ".scopes"};
    }
    auto& columns = view.columns.emplace_back();
    for (const std::string& text : group.columns) {
      auto column = s.parse_column(text);
      if (!column) return Error{column.error().code, column.error().message, where + ".columns: " + text};
      columns.push_back(std::move(*column));
    }
  }
  view.open = true;
  view.shows_activity = std::any_of(view.columns.begin(), view.columns.end(), [](const auto& columns) {
    return std::any_of(columns.begin(), columns.end(), [](const View::Column& c) { return c.attribute >= 0; });
  });
  if (view.shows_activity && ++s.activity_views == 1 && !s.activity_used) {
    // Until now nobody wanted to be told when an agent's state changes by itself.
    for (std::uint32_t id = 0; id < s.agents.size(); ++id) {
      s.tell_activity(id, s.now, kNever, s.now, s.agent_after);
      s.wheel.arm(id * 2 + 1, s.agent_after.look_again);
    }
  }
  std::size_t index = 0;
  while (index < s.views.size() && s.views[index].open) ++index;
  if (index == s.views.size()) s.views.emplace_back();
  s.views[index] = std::move(view);
  for (std::uint32_t scope = 0; scope < s.scopes.size(); ++scope) s.add_rows(static_cast<std::uint32_t>(index), scope);
  return static_cast<int>(index);
}

void Engine::close_view(int view) {
  State& s = *state_;
  CHECK(view >= 0 && static_cast<std::size_t>(view) < s.views.size(), "a view that was never opened");
  for (Scope& scope : s.scopes) {
    scope.rows.erase(std::remove_if(scope.rows.begin(), scope.rows.end(),
                                    [&](const RowRef& r) { return r.view == static_cast<std::uint32_t>(view); }),
                     scope.rows.end());
  }
  if (s.views[static_cast<std::size_t>(view)].shows_activity) --s.activity_views;
  s.views[static_cast<std::size_t>(view)] = View{};
}

// A scope is one row of the view, with the columns of the first group that matches it.
void Engine::State::add_rows(std::uint32_t view_index, std::uint32_t scope_index) {
  View& view = views[view_index];
  Scope& scope = scopes[scope_index];
  for (std::uint32_t g = 0; g < view.definition.groups.size(); ++g) {
    const auto& patterns = view.definition.groups[g].scopes;
    if (std::none_of(patterns.begin(), patterns.end(), [&](const std::string& p) { return matches(p, scope.key); }))
      continue;
    const auto row = static_cast<std::uint32_t>(view.rows.size());
    View::Row& added = view.rows.emplace_back();
    added.scope = scope_index;
    added.group = g;
    added.touched = true;
    added.exact.resize(view.columns[g].size());
    added.cells.resize(view.columns[g].size());
    view.touched.push_back(row);
    scope.rows.push_back({view_index, row});
    return;
  }
}

void Engine::State::evaluate_row(View& view, View::Row& row) {
  const Scope& scope = scopes[row.scope];
  const auto& columns = view.columns[row.group];
  for (std::size_t c = 0; c < columns.size(); ++c) {
    Value value = evaluate(columns[c], scope);
    if (row.reported && value == row.exact[c]) continue;
    row.exact[c] = value;
    if (value.kind == Value::Kind::number && columns[c].kpi >= 0)
      value.number = rounded(value.number, catalogue.kpis()[static_cast<std::size_t>(columns[c].kpi)].spec.decimals);
    if (row.reported && value == row.cells[c]) continue;
    row.cells[c] = value;
    view.changes.cells.push_back({scope.key, columns[c].name, value});
  }
  row.reported = true;
  row.revision = scope.series.revision();
}

const ViewChanges& Engine::view_changes(int index, bool all) {
  State& s = *state_;
  CHECK(index >= 0 && static_cast<std::size_t>(index) < s.views.size() && s.views[static_cast<std::size_t>(index)].open,
        "a view that is not open");
  View& view = s.views[static_cast<std::size_t>(index)];
  view.changes.cells.clear();
  view.changes.asof = s.now;
  const std::int64_t second = s.now / windows::kPane;
  if (all || second != view.second) {
    // Once a second windows slide and running times grow: every row is looked at, what moved is evaluated.
    for (View::Row& row : view.rows) {
      windows::Series& series = s.scopes[row.scope].series;
      series.settle(s.catalogue.layout(), s.clock());
      // Others settle it too, so what counts is whether it moved since this row was evaluated.
      const bool slid = row.revision != series.revision();
      const auto& columns = view.columns[row.group];
      const bool moves = std::any_of(columns.begin(), columns.end(), [&](const View::Column& c) {
        return c.kpi >= 0 && s.catalogue.kpis()[static_cast<std::size_t>(c.kpi)].moves;
      });
      if (all) row.reported = false;
      if (all || slid || moves || row.touched || s.midnight != view.midnight) s.evaluate_row(view, row);
      row.touched = false;
    }
    view.second = second;
    view.midnight = s.midnight;
    view.touched.clear();
    return view.changes;
  }
  for (const std::uint32_t r : view.touched) {
    View::Row& row = view.rows[r];
    row.touched = false;
    s.scopes[row.scope].series.settle(s.catalogue.layout(), s.clock());
    s.evaluate_row(view, row);
  }
  view.touched.clear();
  return view.changes;
}

}  // namespace core
