// Restoring: an engine from the rows it handed out. What is known is read; the numbers are told anew from it.
#include <algorithm>
#include <cstddef>

#include "core/engine_state.h"
#include "core/keep_codec.h"
#include "windows/planted_bug.h"

namespace core {
namespace {

constexpr std::uint32_t kNone = Scopes::kNone;

std::string printable(std::string_view key) {
  std::string out;
  for (const char c : key) {
    if (c >= ' ' && c <= '~') {
      out += c;
    } else {
      constexpr char kHex[] = "0123456789abcdef";
      out += "\\x";
      out += kHex[static_cast<std::uint8_t>(c) >> 4];
      out += kHex[static_cast<std::uint8_t>(c) & 15];
    }
  }
  return out;
}

Error damaged(std::string_view table, std::string_view key, std::string_view value) {
  const RowReader row(value);
  std::string name = std::string(table) + " \"" + printable(key) + "\"";
  if (!value.empty() && !row.known())
    return {"unknown_format",
            "the row " + name + " has format " + std::to_string(row.version()) + "; this program knows format " +
                std::to_string(kRowVersion), name};
  return {"damaged", "the row " + name + " makes no sense", name};
}

// Reads all rows of a table's part; stops at the first error.
template <class F>
Status each_row(Archive& from, Keep table, std::string_view first, std::string_view last, F&& f) {
  Status status = Done{};
  from.scan(table, first, last, [&](std::string_view key, std::string_view value) {
    status = f(key, value);
    return static_cast<bool>(status);
  });
  return status;
}

}  // namespace

Status Engine::restore(Archive& archive) {
  State& s = *state_;
  CHECK(s.records.empty() && s.scopes.size() == 1 && s.now == 0, "restore comes before everything else");
  std::string meta;
  if (!archive.get(Keep::meta, "engine", meta)) {
    if (archive.generation() == 0) return Done{};
    return Error{"damaged", "the row meta \"engine\" is missing", "meta \"engine\""};
  }
  s.cold.restoring = true;
  for (const auto& step : {&State::read_names, &State::read_levels, &State::read_rosters, &State::read_coverage,
                           &State::read_activities, &State::read_records, &State::read_alerts}) {
    const Status done = step == &State::read_names ? s.read_meta(meta) : Status(Done{});
    if (!done) return done;
    const Status read = (s.*step)(archive);
    if (!read) return read;
  }
  s.cold.restoring = false;
  s.reconcile_alerts();
  for (const std::uint32_t scope : s.cold.late) s.scopes[scope].late = false;
  s.cold.late.clear();
  return Done{};
}

Status Engine::State::read_meta(std::string_view value) {
  RowReader row(value);
  const std::uint64_t generation = row.number();
  const Time then = row.difference();
  newest = row.difference();
  for (std::uint64_t* count : {&counts.applied, &counts.unchanged, &counts.refused, &counts.clamped, &counts.too_old})
    *count = row.number();
  const Time horizon = row.difference();
  cold.retired_to = row.difference();
  const std::string_view policy = row.text();
  cold.any_records = row.byte() != 0;
  cold.summed = row.byte() != 0;
  if (!row.ok() || !row.done() || then < 0 || horizon < 0 || horizon % windows::kInterval != 0)
    return damaged("meta", "engine", value);
  if ((cold.summed || cold.any_records) && policy != policy_text(horizon))
    return Error{"other_settings", "targets, policies or repeat_within are not those that old intervals were summed up "
                                   "for; all has to be told again from the journal", "meta \"engine\""};
  cold.retained_from = cold.retired_to;
  keeping.generation = generation;
  cold.horizon = horizon;
  now = then;
  midnight = settings.zone.midnight_at_or_before(now);
  next_midnight = settings.zone.next_midnight(now);
  return Done{};
}

Status Engine::State::read_names(Archive& from) {
  cold.cells.clear();
  windows::Series& first = scopes.front().series;  // made before now was known
  first.settle(catalogue.layout(), clock());
  if (cold.horizon > 0) first.leave(catalogue.layout(), clock(), cold.horizon);
  const Status status =
      each_row(from, Keep::name, "", behind(std::string(1, static_cast<char>(kNameTables - 1))),
               [&](std::string_view key, std::string_view value) { return read_name(key, value); });
  if (!status) return status;
  const std::size_t known = cold.cells.size();
  for (std::size_t table = 0; table < kNameTables; ++table) keeping.names[table] = names_size(table);
  keeping.frozen_names = keeping.names;
  number_cells();
  if ((cold.summed || cold.any_records) && cold.cells.size() > known)
    return Error{"other_settings", "a KPI asks for \"" + cold.cells[known] + "\", for which old intervals were not " +
                                       "summed up; all has to be told again from the journal", "name"};
  return Done{};
}

Status Engine::State::read_name(std::string_view key, std::string_view value) {
  const std::size_t table = key.empty() ? kNameTables : static_cast<std::uint8_t>(key[0]);
  const std::uint32_t number = key_number(key, 1);
  RowReader row(value);
  if (key.size() != 5 || table >= kNameTables) return damaged("name", key, value);
  if (table == kScopes) {
    const auto kind = static_cast<ScopeKind>(row.byte());
    const std::uint32_t name = row.number32();
    if (!row.ok() || !row.done() || static_cast<int>(kind) >= kScopeKinds || name >= names(kind).size() ||
        scope(kind, name) != number)
      return damaged("name", key, value);
    return Done{};
  }
  const std::string_view text = row.text();
  if (!row.ok() || !row.done()) return damaged("name", key, value);
  if (table == kCells) {
    if (number != cold.cells.size()) return damaged("name", key, value);
    cold.cells.emplace_back(text);
    return Done{};
  }
  Names& known = table == kReasons ? reasons : table == kLabels ? labels : scope_names[table];
  if (known.intern(text) != number) return damaged("name", key, value);
  return Done{};
}

// What levels gained before the horizon.
Status Engine::State::read_levels(Archive& from) {
  if (cold.horizon == 0) return Done{};
  for (std::uint32_t id = 0; id < scopes.size(); ++id) {
    std::string value;
    if (!from.get(Keep::interval, interval_key(id, kTotals), value)) continue;
    windows::Gathered rows;
    if (!read_interval(value, {true, false, false}, rows)) return damaged("interval", interval_key(id, kTotals), value);
    for (const auto& column : from_rows(rows).columns)
      scopes[id].series.start_level(catalogue.layout(), cold.cell_of_column[column.column], column.value);
  }
  return Done{};
}

Status Engine::State::read_rosters(Archive& from) {
  return each_row(from, Keep::roster, "a", "r", [&](std::string_view key, std::string_view value) -> Status {
    const bool of_agent = key[0] == 'a';
    const std::uint32_t subject = key_number(key, 1);
    const ScopeKind kind = of_agent ? ScopeKind::agent : ScopeKind::queue;
    RowReader row(value);
    if (key.size() != 5 || subject >= names(kind).size()) return damaged("roster", key, value);
    for (std::uint64_t n = row.number(); n > 0 && row.ok(); --n) {
      Roster::Entry entry{};
      entry.at = row.difference();
      entry.rank = row.raw<Rank>();
      entry.member.team = row.number32() - 1u;
      entry.member.site = row.number32() - 1u;
      const auto bad = [&](ScopeKind of, std::uint32_t name) { return name != kNone && name >= names(of).size(); };
      if (!row.ok() || bad(ScopeKind::team, entry.member.team) || bad(ScopeKind::site, entry.member.site))
        return damaged("roster", key, value);
      (of_agent ? agent_roster : queue_roster).add(subject, entry);
    }
    if (!row.ok() || !row.done()) return damaged("roster", key, value);
    return Done{};
  });
}

Status Engine::State::read_coverage(Archive& from) {
  const Status speakers = each_row(from, Keep::roster, "s", "t", [&](std::string_view key, std::string_view value) {
    return coverage.read_speaker(key, value) ? Status(Done{}) : damaged("roster", key, value);
  });
  if (!speakers) return speakers;
  return each_row(from, Keep::roster, "t", "u", [&](std::string_view key, std::string_view value) {
    const bool known = coverage.read_fed(key, value) &&
                       key_number(key, 2) < names(static_cast<ScopeKind>(key[1])).size();
    return known ? Status(Done{}) : damaged("roster", key, value);
  });
}

Status Engine::State::read_activities(Archive& from) {
  for (std::uint32_t id = 0; id < names(ScopeKind::agent).size(); ++id) {
    std::string cut;
    if (from.get(Keep::activity, activity_key(id), cut)) {
      RowReader row(cut);
      if (!agent(id).activity.read_cut(row)) return damaged("activity", activity_key(id), cut);
    }
    const std::uint32_t first = cut.empty() ? 0 : AgentActivity::day_of(agent(id).activity.cut());
    const Status status = each_row(from, Keep::activity, activity_key(id, first), behind(activity_key(id, kNone)),
                                   [&](std::string_view key, std::string_view value) -> Status {
      const std::uint32_t day = key_number(key, 5);
      RowReader row(value);
      if (key.size() != 9 || !agent(id).activity.read_day(day, row)) return damaged("activity", key, value);
      agent(id).rows.push_back(day);
      return Done{};
    });
    if (!status) return status;
    if (id >= agents.size()) continue;
    tell_activity(id, std::max<Time>(0, agents[id].activity.cut()), kNever, now, agent_after);
    apply_difference({}, agent_after);
    wheel.arm(id * 2 + 1, agent_after.look_again);
  }
  return Done{};
}

Status Engine::State::read_records(Archive& from) {
  // Told in the order in which they began: series grow at their end then, as they did when it happened.
  std::vector<std::pair<Time, std::uint32_t>> order;
  const auto load = [&](std::string_view key, std::string_view value) -> Status {
    const auto index = read_record(key, value);
    if (!index) return index.error();
    Record& record = records[*index];
    record.row = Record::Row::hot;
    Time first = record.observations.front().at;
    for (const Observation& o : record.observations) first = std::min(first, o.at);
    order.emplace_back(first, *index);
    return Done{};
  };
  const Status read = each_row(from, Keep::record, "h", "i", load);
  if (!read) return read;
  std::sort(order.begin(), order.end());
  for (const auto& [first, index] : order) {
    tell(records[index], now, after);
    apply_difference({}, after);
    apply_customer({}, after);
    apply_clocks(index, {}, after.clocks);
    if (!windows::planted_bug("timers are not armed after a start")) wheel.arm(index * 2, after.look_again);
  }
  return Done{};
}

Result<std::uint32_t> Engine::State::read_record(std::string_view key, std::string_view value) {
  RowReader row(value);
  row.difference();  // the last instant: for retention
  const auto customer = row.raw<std::uint64_t>();
  const auto customer_rank = row.raw<Rank>();
  const std::uint64_t size = row.number();
  if (!row.ok() || key.size() < 2 || static_cast<std::uint8_t>(key[1]) > 1 || size == 0 ||
      size > Record::kMaxObservations || row.left() != size * sizeof(Observation))
    return damaged("record", key, value);
  boost::container::small_vector<Observation, 8> observations;
  for (std::uint64_t i = 0; i < size; ++i) {
    const std::string_view bytes = row.bytes(sizeof(Observation));
    Observation& o = observations.emplace_back();
    std::memcpy(&o, bytes.data(), sizeof o);
    const bool sound = o.at >= 0 && o.at >> 44 == 0 &&  // as the edge of the system lets in
                       (!o.final() || o.origin == (Observation::kFinal | o.visit())) &&
                       static_cast<int>(o.type) < kEventTypes && o.detail <= Detail::nps &&
                       (o.agent == kNoAgent || o.agent < names(ScopeKind::agent).size()) &&
                       (o.queue == kNoQueue || o.queue < names(ScopeKind::queue).size()) &&
                       (o.channel == kNoName || o.channel < names(ScopeKind::channel).size()) &&
                       (o.priority == kNoName || o.priority < names(ScopeKind::priority).size()) &&
                       (!names_label(o.type) || (o.value >= -1 && o.value < static_cast<std::int64_t>(labels.size())));
    if (!sound) return damaged("record", key, value);
  }
  const auto kind = static_cast<Record::Kind>(key[1]);
  if (find_record(kind, key.substr(2)) != kNone) return damaged("record", key, value);
  const std::uint32_t index = make_record(kind, key.substr(2));
  for (const Observation& o : observations) {
    if (!add(index, o)) return damaged("record", key, value);
  }
  records[index].customer = customer;
  records[index].customer_rank = customer_rank;
  return index;
}

}  // namespace core
