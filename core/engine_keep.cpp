// Keeping: which rows a generation consists of, and handing them out while events go on. What is frozen and about to
// change is written first, so that the rows are those of the instant the generation began.
//
//   name          table (1), number (4)                       the word; of a scope its kind and name
//   record        'h' (hot: in memory), kind (1), id          last instant (of cold ones), customer, observations
//   activity      'c', agent (4)                              the cut and what was before it
//                 'd', agent (4), UTC day (4)                 what happens on that day
//   roster        'a' or 'q', subject (4)                     memberships
//                 's', 't'                                    sources, and what they told of (core/coverage.cpp)
//   meta          "engine"                                    see meta_row()
// Rows of what is not in memory: core/engine_cold.cpp.
#include <algorithm>

#include "core/engine_state.h"
#include "core/keep_codec.h"
#include "windows/planted_bug.h"

namespace core {

std::string record_key(char where, const Record& record) {
  std::string key{where, static_cast<char>(record.kind)};
  return key += record.id;
}

std::string record_row(const Record& record, Time last_instant) {
  RowWriter row;
  row.difference(last_instant);
  row.raw(record.customer);
  row.raw(record.customer_rank);
  row.number(record.observations.size());
  row.bytes(record.observations.data(), record.observations.size() * sizeof(Observation));
  return row.take();
}

std::string activity_key(std::uint32_t agent) {
  std::string key = "c";
  append_key(key, agent);
  return key;
}

std::string activity_key(std::uint32_t agent, std::uint32_t day) {
  std::string key = "d";
  append_key(key, agent);
  append_key(key, day);
  return key;
}

bool Engine::begin_keep(std::uint64_t generation) {
  State& s = *state_;
  Keeping& k = s.keeping;
  if (k.under_way) return false;
  CHECK(generation > k.generation, "generations count up");
  k.under_way = true;
  k.generation = generation;
  k.records.freeze();
  k.agent_rosters.freeze();
  k.queue_rosters.freeze();
  k.agents.freeze();
  k.agents.each_frozen([&](std::uint32_t id) {
    Agent& agent = s.agents[id];
    agent.frozen_day = std::exchange(agent.dirty_day, Agent::kClean);
    agent.frozen_cut_moved = std::exchange(agent.cut_moved, false);
  });
  s.begin_cold();
  s.take_alert_rows();
  for (Kept& row : s.coverage.take_rows()) k.ready.push_back(std::move(row));
  for (std::size_t table = 0; table < kNameTables; ++table) k.frozen_names[table] = s.names_size(table);
  k.meta = s.meta_row();
  return true;
}

bool Engine::keep_some(std::size_t budget, const KeepSink& sink) {
  State& s = *state_;
  Keeping& k = s.keeping;
  std::size_t out = 0, looked = 0;
  const KeepSink counted = [&](Kept&& row) {
    ++out;
    sink(std::move(row));
  };
  s.drop_some(budget / 4);
  while (k.under_way && out < budget) {
    std::uint32_t index = 0;
    const auto table = static_cast<std::size_t>(
        std::mismatch(k.names.begin(), k.names.end(), k.frozen_names.begin()).first - k.names.begin());
    if (!k.ready.empty()) {
      counted(std::move(k.ready.front()));
      k.ready.pop_front();
    } else if (table < kNameTables) {
      s.write_name(table, k.names[table]++, counted);
    } else if (k.agent_rosters.next(index)) {
      s.write_roster(true, index, counted);
    } else if (k.queue_rosters.next(index)) {
      s.write_roster(false, index, counted);
    } else if (k.agents.next(index)) {
      s.write_activity(index, counted);
    } else if (k.records.next(index)) {
      s.write_record(index, counted);
    } else if (s.write_left(counted)) {
      continue;
    } else if (s.cold.archive != nullptr && s.cold.to_examine > 0) {
      --s.cold.to_examine;
      if (s.cold.next_record >= s.records.size()) s.cold.next_record = 0;
      s.examine(s.cold.next_record++, counted);
      if (++looked % 4 == 0) ++out;
    } else if (!s.retire(counted)) {
      // What is only in the archive is known now.
      k.meta += static_cast<char>(s.cold.any_records);
      k.meta += static_cast<char>(s.cold.summed);
      counted({Keep::meta, "engine", std::move(k.meta)});
      k.under_way = false;
    }
  }
  return !k.under_way;
}

void Engine::State::record_changes(std::uint32_t record) {
  if (!keeping.records.frozen(record) || windows::planted_bug("a frozen record changes before it is written")) return;
  write_record(record, [&](Kept&& row) { keeping.ready.push_back(std::move(row)); });
}

void Engine::State::write_record(std::uint32_t index, const KeepSink& sink) {
  Record& record = records[index];
  keeping.records.written(index);
  sink({Keep::record, record_key('h', record), record_row(record, 0)});
  if (record.row == Record::Row::cold) sink({Keep::record, record_key('c', record), ""});
  record.row = Record::Row::hot;
}

void Engine::State::activity_changes(std::uint32_t id, Time from) {
  Agent& changed = agent(id);
  if (keeping.agents.frozen(id)) write_activity(id, [&](Kept&& row) { keeping.ready.push_back(std::move(row)); });
  keeping.agents.mark(id);
  changed.dirty_day = std::min(changed.dirty_day, AgentActivity::day_of(from));
}

// An edit changes what later days say of what was before them, so they are all written again.
void Engine::State::write_activity(std::uint32_t id, const KeepSink& sink) {
  Agent& written = agents[id];
  keeping.agents.written(id);
  if (std::exchange(written.frozen_cut_moved, false))
    sink({Keep::activity, activity_key(id), written.activity.cut_row()});
  const std::uint32_t from = std::exchange(written.frozen_day, Agent::kClean);
  if (from == Agent::kClean) return;
  const std::vector<std::uint32_t> days = written.activity.days(from);
  for (const std::uint32_t day : days) sink({Keep::activity, activity_key(id, day), written.activity.day_row(day)});
  const auto first = std::lower_bound(written.rows.begin(), written.rows.end(), from);
  for (auto day = first; day != written.rows.end(); ++day) {
    if (!std::binary_search(days.begin(), days.end(), *day)) sink({Keep::activity, activity_key(id, *day), ""});
  }
  written.rows.erase(first, written.rows.end());
  written.rows.insert(written.rows.end(), days.begin(), days.end());
}

void Engine::State::roster_changes(bool of_agent, std::uint32_t subject) {
  Dirty& dirty = of_agent ? keeping.agent_rosters : keeping.queue_rosters;
  if (dirty.frozen(subject))
    write_roster(of_agent, subject, [&](Kept&& row) { keeping.ready.push_back(std::move(row)); });
  dirty.mark(subject);
}

void Engine::State::write_roster(bool of_agent, std::uint32_t subject, const KeepSink& sink) {
  (of_agent ? keeping.agent_rosters : keeping.queue_rosters).written(subject);
  std::string key(1, of_agent ? 'a' : 'q');
  append_key(key, subject);
  RowWriter row;
  const auto& entries = (of_agent ? agent_roster : queue_roster).entries(subject);
  row.number(entries.size());
  for (const Roster::Entry& entry : entries) {
    row.difference(entry.at);
    row.raw(entry.rank);
    row.number(entry.member.team + 1u);
    row.number(entry.member.site + 1u);
  }
  sink({Keep::roster, std::move(key), row.take()});
}

std::uint32_t Engine::State::names_size(std::size_t table) const {
  if (table == kReasons) return reasons.size();
  if (table == kScopes) return static_cast<std::uint32_t>(scopes.size());
  if (table == kCells) return static_cast<std::uint32_t>(cold.cells.size());
  if (table == kLabels) return labels.size();
  return scope_names[table].size();
}

void Engine::State::write_name(std::size_t table, std::uint32_t number, const KeepSink& sink) const {
  std::string key(1, static_cast<char>(table));
  append_key(key, number);
  RowWriter row;
  if (table == kScopes) {
    row.byte(static_cast<std::uint8_t>(scopes[number].kind));
    row.number(scopes[number].name);
  } else {
    row.text(table == kReasons  ? reasons.text(number)
             : table == kLabels ? labels.text(number)
             : table == kCells ? std::string_view(cold.cells[number])
                               : scope_names[table].text(number));
  }
  sink({Keep::name, std::move(key), row.take()});
}

// Without the last two bytes: whether any records, and any intervals, are in the archive only.
std::string Engine::State::meta_row() const {
  RowWriter row;
  row.number(keeping.generation);
  row.difference(now);
  row.difference(newest);
  for (const std::uint64_t count : {counts.applied, counts.unchanged, counts.refused, counts.clamped, counts.too_old})
    row.number(count);
  row.difference(cold.horizon);
  row.difference(cold.retired_to);
  row.text(policy_text(cold.horizon));
  return row.take();
}

// What the sums of intervals before `until` depend on beside their cells.
std::string Engine::State::policy_text(Time until) const {
  std::string text = std::to_string(settings.policy.repeat_within);
  const auto add = [&](const QueuePolicy& policy) {
    text += " " + std::to_string(policy.answer_target) + " " + std::to_string(policy.short_abandon);
  };
  add(settings.policy.queues);
  for (const auto& [queue, policy] : settings.policy.queue) {
    text += " " + queue;
    add(policy);
  }
  const std::string sla = Promises::text(settings.sla, until);
  if (!sla.empty()) text += " sla " + std::to_string(XXH3_64bits(sla.data(), sla.size()));
  return text;
}

}  // namespace core
