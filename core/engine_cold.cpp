// What is old leaves memory for the archive, and comes back when it is asked for or corrected.
//
// The horizon moves with now, behind today and all windows. Intervals before it leave the series. A record leaves when
// all it tells lies before the horizon and nothing of it will change by itself; its customer's contact must not matter
// to contacts from the horizon on either. Agents' activities leave by whole days. What left is additive or whole, so
// late events correct it like anything else: the record or the days come back, the difference goes to the intervals.
//
//   record        'c', kind (1), id                           as 'h', of records that are not in memory
//   interval      scope (4), interval (4)                     what left; interval kTotals: edges of all its levels
//   agent_record  'a', 'q' or 'k', agent, queue (4) or customer (8), its end (8), kind (1), id of a cold record
//                 't', end (8), kind (1), id                  likewise, for retention
#include <algorithm>

#include "core/engine_state.h"
#include "core/interval_row.h"
#include "core/keep_codec.h"

namespace core {

using windows::kInterval;

namespace {

constexpr std::uint32_t kNone = Scopes::kNone;

std::string subject_key(char kind, std::uint32_t subject) {
  std::string key(1, kind);
  append_key(key, subject);
  return key;
}

std::string customer_key(std::uint64_t customer) {
  std::string key = "k";
  append_key(key, customer);
  return key;
}

void append_instant(std::string& key, Time at) { append_key(key, static_cast<std::uint64_t>(std::max<Time>(0, at))); }

}  // namespace

std::string interval_key(std::uint32_t scope, std::uint32_t interval) {
  std::string key;
  append_key(key, scope);
  append_key(key, interval);
  return key;
}

void Engine::attach(Archive* archive) { state_->cold.archive = archive; }

// What a cell counts, in words, is what gives it its number in rows.
void Engine::State::number_cells() {
  const windows::Layout& layout = catalogue.layout();
  cold.row_of_cell.resize(static_cast<std::size_t>(layout.cells()));
  cold.cell_of_row.assign(cold.cells.size(), Cold::kGone);
  cold.cell_of_column.resize(static_cast<std::size_t>(layout.columns()));
  cold.edges.resize(static_cast<std::size_t>(layout.columns()));
  for (int m = 0; m < kMeasureCount; ++m) {
    for (const Use& use : catalogue.plan(static_cast<Measure>(m)).uses) {
      std::string what(kMeasures[m].name);
      for (const std::int64_t part : {static_cast<std::int64_t>(use.role), static_cast<std::int64_t>(use.attribution),
                                      use.threshold})
        what += " " + std::to_string(part);
      const auto known = std::find(cold.cells.begin(), cold.cells.end(), what);
      const auto row = static_cast<std::size_t>(known - cold.cells.begin());
      CHECK(row < 0x7FFF, "a catalogue has fewer cells than that");
      if (known == cold.cells.end()) {
        cold.cells.push_back(what);
        cold.cell_of_row.push_back(Cold::kGone);
      }
      cold.cell_of_row[row] = use.cell;
      cold.row_of_cell[use.cell] = static_cast<std::uint16_t>(row);
    }
  }
  for (std::uint16_t cell = 0; cell < layout.cells(); ++cell) {
    const bool level = layout.kind(cell) == windows::CellKind::level;
    if (!level && layout.kind(cell) != windows::CellKind::sum) continue;
    cold.cell_of_column[layout.column(cell)] = cell;
    if (!level) continue;
    cold.cell_of_column[layout.column(cell) + std::size_t{1}] = cell;
    cold.edges[layout.column(cell)] = true;
  }
}

Time Engine::State::horizon_at(Time at) const {
  const windows::Layout& layout = catalogue.layout();
  const Duration kept = std::max(settings.kept_in_memory, layout.window(layout.windows() - 1));
  return std::max(cold.horizon, windows::floor_to(std::max<Time>(0, std::min(midnight, at - kept)), kInterval));
}

Time Engine::State::retained_from() const {
  return windows::floor_to(std::max<Time>(0, now - settings.retention), windows::kDay);
}

// ---- intervals --------------------------------------------------------------------------------------------

// Everything before the horizon leaves the series, and what has left since the last generation goes into this one.
void Engine::State::begin_cold() {
  if (cold.archive == nullptr) return;
  const Time horizon = horizon_at(now);
  const bool moves = horizon > cold.horizon;
  cold.horizon = horizon;
  cold.retained_from = std::max(cold.retained_from, retained_from());
  const auto oldest = static_cast<std::uint32_t>(cold.retained_from / kInterval);
  Cold::Handed& handed = cold.handed.emplace_back(Cold::Handed{keeping.generation, {}});
  const auto take = [&](std::uint32_t id) {
    windows::Series& series = scopes[id].series;
    if (moves) {
      series.leave(catalogue.layout(), clock(), horizon);
    } else {
      series.settle(catalogue.layout(), clock());
    }
    if (!series.any_left()) return;
    cold.summed = true;
    Cold::Left& left = handed.scopes.emplace_back(Cold::Left{id, series.take_left(), {}});
    for (const auto& [index, gathered] : left.intervals) {
      for (const auto& column : gathered.columns) {
        if (cold.edges[column.column]) left.levels.add(column);
      }
    }
    left.intervals.erase(left.intervals.begin(), left.intervals.lower_bound(oldest));
  };
  if (moves) {
    for (std::uint32_t id = 0; id < scopes.size(); ++id) take(id);
  } else {
    for (const std::uint32_t id : cold.late) take(id);
  }
  for (const std::uint32_t id : cold.late) scopes[id].late = false;
  cold.late.clear();
  cold.next_scope = 0;
  cold.to_examine = std::max<std::size_t>(4096, records.size() / 16);
  cold.to_examine = std::min(cold.to_examine, records.size());
  cold.retiring = cold.retired_to < cold.retained_from;
  cold.retire_scope = 0;
}

void Engine::State::note_late(std::uint32_t scope) {
  if (std::exchange(scopes[scope].late, true)) return;
  cold.late.push_back(scope);
}

// Hands out what one scope left; false when all scopes have.
bool Engine::State::write_left(const KeepSink& sink) {
  if (cold.archive == nullptr || cold.handed.empty()) return false;
  const auto& left = cold.handed.back().scopes;
  if (cold.next_scope >= left.size()) return false;
  const Cold::Left& scope = left[cold.next_scope++];
  for (const auto& [index, gathered] : scope.intervals)
    sink({Keep::interval, interval_key(scope.scope, index), interval_row(to_rows(gathered)), true});
  if (!scope.levels.empty())
    sink({Keep::interval, interval_key(scope.scope, kTotals), interval_row(to_rows(scope.levels)), true});
  return true;
}

windows::Gathered Engine::State::to_rows(const windows::Gathered& g) const {
  windows::Gathered rows = g;
  for (auto& c : rows.columns) {
    const std::uint16_t cell = cold.cell_of_column[c.column];
    const auto part = static_cast<std::uint16_t>(c.column - catalogue.layout().column(cell));
    c.column = static_cast<std::uint16_t>(cold.row_of_cell[cell] * 2 + part);
  }
  for (auto& b : rows.buckets) b.cell = cold.row_of_cell[b.cell];
  for (auto& i : rows.items) i.cell = cold.row_of_cell[i.cell];
  std::sort(rows.columns.begin(), rows.columns.end());
  std::sort(rows.buckets.begin(), rows.buckets.end());
  std::sort(rows.items.begin(), rows.items.end());
  return rows;
}

// Cells that no KPI asks for any more are left out.
windows::Gathered Engine::State::from_rows(const windows::Gathered& rows) const {
  constexpr std::uint16_t kGone = Cold::kGone;
  const auto cell_of = [&](std::size_t row) { return row < cold.cell_of_row.size() ? cold.cell_of_row[row] : kGone; };
  windows::Gathered g;
  for (const auto& c : rows.columns) {
    const std::uint16_t cell = cell_of(c.column / 2);
    if (cell != kGone)
      g.columns.push_back({static_cast<std::uint16_t>(catalogue.layout().column(cell) + c.column % 2), c.value});
  }
  for (const auto& b : rows.buckets) {
    if (cell_of(b.cell) != kGone) g.buckets.push_back({cell_of(b.cell), b.bucket, b.count});
  }
  for (const auto& i : rows.items) {
    if (cell_of(i.cell) != kGone) g.items.push_back({cell_of(i.cell), i.offset, i.value, i.count});
  }
  std::sort(g.columns.begin(), g.columns.end());
  std::sort(g.buckets.begin(), g.buckets.end());
  std::sort(g.items.begin(), g.items.end());
  return g;
}

// The intervals of a scope in [from, to) that are not in memory: rows, what is on its way there, and what will be.
Engine::State::Intervals Engine::State::cold_intervals(std::uint32_t scope, Time from, Time to,
                                                       const IntervalParts& parts) {
  const auto first = static_cast<std::uint32_t>(std::max<Time>(0, from) / kInterval);
  const auto last = static_cast<std::uint32_t>(std::max(from, std::min(to, cold.horizon)) / kInterval);
  Intervals all;
  CHECK(cold.archive != nullptr, "what has left memory is asked for, and no archive is attached");
  std::uint64_t generation = 0;
  do {  // rows may become durable meanwhile
    all.clear();
    generation = cold.archive->generation();
    cold.archive->scan(Keep::interval, interval_key(scope, first), interval_key(scope, last),
                       [&](std::string_view key, std::string_view value) {
      windows::Gathered rows;
      if (key.size() != 8 || !read_interval(value, parts, rows)) return false;
      all.push_back({key_number(key, 4), from_rows(rows)});
      return true;
    });
  } while (generation != cold.archive->generation());
  const auto add = [&](const std::map<std::uint32_t, windows::Gathered>& more) {
    for (auto i = more.lower_bound(first); i != more.end() && i->first < last; ++i) {
      const auto at = std::lower_bound(all.begin(), all.end(), i->first,
                                       [](const auto& a, std::uint32_t index) { return a.first < index; });
      if (at != all.end() && at->first == i->first) {
        at->second.add(i->second);
      } else {
        all.insert(at, *i);
      }
    }
  };
  for (const Cold::Handed& handed : cold.handed) {
    if (handed.generation <= generation) continue;
    for (const Cold::Left& left : handed.scopes) {
      if (left.scope == scope) add(left.intervals);
    }
  }
  add(scopes[scope].series.left());
  return all;
}

// ---- records ----------------------------------------------------------------------------------------------

// The newest instant anything of the record is about.
Time Engine::State::last_instant(const Record& record, const Facts& facts) const {
  Time last = 0;
  for (const Fact& f : facts.facts) last = std::max({last, f.event, f.entry, f.end});
  for (const Contact& c : facts.contacts) last = std::max({last, c.from, c.to});
  for (const Observation& o : record.observations) last = std::max(last, o.at);
  return std::max(last, facts.customer.at);
}

// Looks whether a record may leave, as it was when the generation began, and hands out what that takes.
void Engine::State::examine(std::uint32_t index, const KeepSink& sink) {
  Record& record = records[index];
  if (!record.in_use || record.leaves != 0 || keeping.records.marked(index) || keeping.records.frozen(index)) return;
  if (record.observations.back().at >= cold.horizon || wheel.armed(index * 2) != kNever) return;
  Facts& facts = cold.facts;
  tell(record, now, facts);
  const Time last = last_instant(record, facts);
  if (last >= cold.horizon || facts.look_again != kNever) return;
  for (const Fact& f : facts.facts) {
    if (f.shape == Fact::Shape::open) return;
  }
  for (const Contact& c : facts.contacts) {
    if (c.to == kNever) return;
  }
  if (deadlines.has(index)) return;  // a paused clock is neither an instant nor perhaps a level that goes on
  if (customers_used && facts.customer.customer != 0 &&
      facts.customer.at + settings.policy.repeat_within >= cold.horizon)
    return;
  if (record.row == Record::Row::cold) return drop_record(index);  // it had come back and nothing changed
  sink({Keep::record, record_key('c', record), record_row(record, last)});
  if (record.row == Record::Row::hot) sink({Keep::record, record_key('h', record), ""});
  for (std::string& key : index_keys(record, last)) sink({Keep::agent_record, std::move(key), RowWriter().take()});
  record.row = Record::Row::cold;
  record.leaves = keeping.generation;
  cold.leaving.push_back({index, keeping.generation});
  cold.any_records = true;
}

std::vector<std::string> Engine::State::index_keys(const Record& record, Time last) const {
  std::vector<std::string> keys;
  const std::string tail = record_key('c', record).substr(1);
  const auto add = [&](std::string key) {
    append_instant(key, last);
    keys.push_back(key + tail);
  };
  for (const Observation& o : record.observations) {
    if (o.agent != kNoAgent) add(subject_key('a', o.agent));
    if (o.queue != kNoQueue) add(subject_key('q', o.queue));
  }
  if (record.customer != 0) add(customer_key(record.customer));
  add("t");
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

void Engine::State::drop_record(std::uint32_t index) {
  Record& record = records[index];
  CHECK(wheel.armed(index * 2) == kNever && !deadlines.has(index), "a record that will change by itself leaves memory");
  hold_customer(record, -1);
  record_index.erase(record.key_hash, index);
  const auto gone = [&](RecordList& list, auto names) {
    if (++list.gone < 64 || list.gone * std::size_t{2} < list.records.size()) return;
    list.gone = 0;
    list.records.erase(std::remove_if(list.records.begin(), list.records.end(), [&](std::uint32_t other) {
      const auto& all = records[other].observations;
      return other == index || !records[other].in_use || std::none_of(all.begin(), all.end(), names);
    }), list.records.end());
  };
  for (std::size_t i = 0; i < record.observations.size(); ++i) {
    const Observation& o = record.observations[i];
    const auto agent_named = [&](const Observation& x) { return x.agent == o.agent; };
    const auto queue_named = [&](const Observation& x) { return x.queue == o.queue; };
    const auto end = record.observations.begin() + static_cast<std::ptrdiff_t>(i);
    if (o.agent != kNoAgent && std::none_of(record.observations.begin(), end, agent_named))
      gone(agent(o.agent).records, agent_named);
    if (o.queue != kNoQueue && std::none_of(record.observations.begin(), end, queue_named))
      gone(queue_list(o.queue), queue_named);
  }
  record = Record{};
  record.in_use = false;
  free_records.push_back(index);
}

// The contact that a record is to its customer joins or leaves the timeline with the record; no number changes.
void Engine::State::hold_customer(const Record& record, int sign) {
  if (!customers_used || record.customer == 0) return;
  tell(record, now, cold.facts);
  const CustomerContact& contact = cold.facts.customer;
  if (contact.customer == 0) return;
  CustomerTimeline& timeline = customers[contact.customer];
  timeline.edit(contact, sign);
  if (timeline.empty()) customers.erase(contact.customer);
}

std::uint32_t Engine::State::look_up(Record::Kind kind, std::string_view id) {
  const std::uint32_t index = find_record(kind, id);
  if (index != kNone || !cold.any_records) return index;
  std::string key{'c', static_cast<char>(kind)};
  return load_record(key += id);
}

// Brings a record back; its numbers are all told already.
std::uint32_t Engine::State::load_record(const std::string& key) {
  CHECK(cold.archive != nullptr, "what has left memory is asked for, and no archive is attached");
  std::string value;
  return cold.archive->get(Keep::record, key, value) ? load_record(key, value) : kNone;
}

std::uint32_t Engine::State::load_record(std::string_view key, std::string_view value) {
  const auto index = read_record(key, value);
  CHECK(static_cast<bool>(index), "a record of the archive makes no sense: the store answers for what it hands back");
  records[*index].row = Record::Row::cold;
  hold_customer(records[*index], +1);
  return *index;
}

// All cold records of a subject that are about `from` or later.
void Engine::State::load_records(std::string prefix, Time from) {
  if (!cold.any_records) return;
  CHECK(cold.archive != nullptr, "what has left memory is asked for, and no archive is attached");
  const std::string end = behind(prefix);
  const std::size_t head = prefix.size() + 8;
  append_instant(prefix, from);
  std::vector<std::string> keys;
  cold.archive->scan(Keep::agent_record, prefix, end, [&](std::string_view key, std::string_view) {
    if (key.size() > head + 1) keys.push_back("c" + std::string(key.substr(head)));
    return true;
  });
  for (const std::string& key : keys) {
    if (find_record(static_cast<Record::Kind>(key[1]), std::string_view(key).substr(2)) == kNone) load_record(key);
  }
}

void Engine::State::load_records_of(bool of_agent, std::uint32_t subject, Time from) {
  load_records(subject_key(of_agent ? 'a' : 'q', subject), from);
}

void Engine::State::load_customer(std::uint64_t customer, Time at) {
  if (!cold.restoring && at < cold.horizon) load_records(customer_key(customer), at - settings.policy.repeat_within);
}

void Engine::State::each_cold_record(const std::function<void(const Record&)>& f) {
  if (!cold.any_records || cold.archive == nullptr) return;
  cold.archive->scan(Keep::record, "c", "d", [&](std::string_view key, std::string_view value) {
    if (find_record(static_cast<Record::Kind>(key[1]), key.substr(2)) != kNone) return true;
    const std::uint32_t index = load_record(key, value);
    f(records[index]);
    drop_record(index);
    return true;
  });
}

// ---- activities -------------------------------------------------------------------------------------------

// What happened to an agent from `from` until what is in memory, as rows have it.
AgentActivity Engine::State::older_activity(std::uint32_t id, Time from, std::vector<std::uint32_t>* days) {
  CHECK(cold.archive != nullptr, "what has left memory is asked for, and no archive is attached");
  const std::uint32_t first = AgentActivity::day_of(from), end = AgentActivity::day_of(agent(id).activity.cut());
  AgentActivity older(id);
  bool sound = true;
  cold.archive->scan(Keep::activity, activity_key(id, first), activity_key(id, end),
                     [&](std::string_view key, std::string_view value) {
    RowReader row(value);
    const std::uint32_t day = key_number(key, 5);
    if (days != nullptr) days->push_back(day);
    return sound = older.read_day(day, row);
  });
  CHECK(sound, "an activity of the archive makes no sense: the store answers for what it hands back");
  return older;
}

AgentActivity& Engine::State::activity_from(std::uint32_t id, Time from) {
  Agent& found = agent(id);
  if (from >= found.activity.cut()) return found.activity;
  std::vector<std::uint32_t> days;
  AgentActivity older = older_activity(id, from, &days);
  if (keeping.agents.frozen(id)) write_activity(id, [&](Kept&& row) { keeping.ready.push_back(std::move(row)); });
  keeping.agents.mark(id);
  found.cut_moved = true;
  found.rows.insert(found.rows.begin(), days.begin(), days.end());
  found.activity.go_on_behind(std::move(older), AgentActivity::day_of(from));
  return found.activity;
}

// Days before the horizon leave, of some agents at a time: those none of whose rows is on its way.
void Engine::State::trim_activities() {
  constexpr std::size_t kAtOnce = 200;
  const std::uint32_t day = AgentActivity::day_of(cold.horizon);
  if (day == 0 || agents.empty()) return;
  std::size_t trimmed = 0;
  for (std::size_t n = std::min<std::size_t>(agents.size(), 20'000); n > 0 && trimmed < kAtOnce; --n) {
    cold.next_agent = (cold.next_agent + 1) % static_cast<std::uint32_t>(agents.size());
    Agent& old = agents[cold.next_agent];
    if (old.rows.empty() || old.rows.front() >= day || keeping.agents.marked(cold.next_agent)) continue;
    old.activity.forget_before(day);
    old.rows.erase(old.rows.begin(), std::lower_bound(old.rows.begin(), old.rows.end(), day));
    old.cut_moved = true;
    keeping.agents.mark(cold.next_agent);
    ++trimmed;
  }
}

// ---- generations ------------------------------------------------------------------------------------------

void Engine::kept(std::uint64_t generation) {
  State& s = *state_;
  auto& cold = s.cold;
  while (!cold.handed.empty() && cold.handed.front().generation <= generation) cold.handed.pop_front();
  cold.durable = generation;
  s.drop_some(2'000);
  if (cold.archive != nullptr && generation == s.keeping.generation && !s.keeping.under_way) s.trim_activities();
}

// Records whose cold row is durable leave memory, a limited number at a time.
void Engine::State::drop_some(std::size_t most) {
  while (most > 0 && !cold.leaving.empty() && cold.leaving.front().second <= cold.durable) {
    const auto [index, generation] = cold.leaving.front();
    cold.leaving.pop_front();
    if (records[index].leaves != generation) continue;  // it has changed since, and stays
    drop_record(index);
    --most;
  }
}

// What is older than the retention, some of it at a time; false when nothing is left to erase.
bool Engine::State::retire(const KeepSink& sink) {
  if (!cold.retiring) return false;
  constexpr std::size_t kAtOnce = 100;
  std::vector<std::string> keys;
  const auto some = [&](std::string_view key, std::string_view) {
    keys.emplace_back(key);
    return keys.size() < kAtOnce;
  };
  if (cold.retire_scope < scopes.size()) {
    const auto first = static_cast<std::uint32_t>(cold.retired_to / kInterval);
    const auto end = static_cast<std::uint32_t>(cold.retained_from / kInterval);
    const std::string from = cold.retire_key.empty() ? interval_key(cold.retire_scope, first) : cold.retire_key;
    cold.archive->scan(Keep::interval, from, interval_key(cold.retire_scope, end), some);
    for (const std::string& key : keys) sink({Keep::interval, key, ""});
    cold.retire_key = keys.size() < kAtOnce ? "" : keys.back() + '\0';
    if (cold.retire_key.empty()) ++cold.retire_scope;
    return true;
  }
  const std::uint32_t agent = cold.retire_scope - static_cast<std::uint32_t>(scopes.size());
  if (agent < names(ScopeKind::agent).size()) {
    cold.archive->scan(Keep::activity, activity_key(agent, 0),
                       activity_key(agent, AgentActivity::day_of(cold.retained_from)), some);
    for (const std::string& key : keys) sink({Keep::activity, key, ""});
    ++cold.retire_scope;  // what is left of a long time goes another day
    return true;
  }
  std::string end = "t";
  append_instant(end, cold.retained_from);
  cold.archive->scan(Keep::agent_record, cold.retire_key.empty() ? "t" : cold.retire_key, end, some);
  for (const std::string& key : keys) retire_record(key, sink);
  cold.retire_key = keys.size() < kAtOnce ? "" : keys.back() + '\0';
  if (!cold.retire_key.empty()) return true;
  cold.retired_to = cold.retained_from;
  return cold.retiring = false;
}

// `key` is one of the 't' rows. A record that has been corrected since has a later one as well; one that is in memory
// is looked at another day.
void Engine::State::retire_record(const std::string& key, const KeepSink& sink) {
  const std::string record = "c" + key.substr(9);
  const auto kind = static_cast<Record::Kind>(record[1]);
  if (find_record(kind, std::string_view(record).substr(2)) != kNone) return;
  sink({Keep::agent_record, key, ""});
  std::string value, same = "t";
  if (!cold.archive->get(Keep::record, record, value)) return;
  const Time last = RowReader(value).difference();
  append_instant(same, last);
  if (same != key.substr(0, 9)) return;
  const std::uint32_t index = load_record(record);
  sink({Keep::record, record, ""});
  for (std::string& other : index_keys(records[index], last)) sink({Keep::agent_record, std::move(other), ""});
  drop_record(index);
}

}  // namespace core
