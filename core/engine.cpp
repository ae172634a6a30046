#include "core/engine.h"

#include <algorithm>

#include "core/engine_state.h"

namespace core {
namespace {

constexpr std::uint32_t kNone = Scopes::kNone;
using windows::kSecond;
constexpr std::string_view kKindNames[] = {"tenant", "site", "team", "queue", "agent", "channel", "priority"};

struct DetailName {
  std::string_view text;
  Detail detail;
};
constexpr DetailName kTransfers[] = {{"blind", Detail::blind}, {"attended", Detail::attended}};
constexpr DetailName kExits[] = {{"overflow", Detail::overflow}, {"timeout", Detail::timeout},
                                 {"voicemail", Detail::voicemail}, {"callback", Detail::callback},
                                 {"key", Detail::key}, {"empty", Detail::empty},
                                 {"refused", Detail::refused}, {"other", Detail::other}};
constexpr DetailName kStatuses[] = {{"new", Detail::status_new}, {"open", Detail::status_open},
                                    {"pending", Detail::status_pending}, {"on_hold", Detail::status_on_hold}};
constexpr DetailName kScales[] = {{"thumbs", Detail::thumbs}, {"csat", Detail::csat}, {"nps", Detail::nps}};

template <std::size_t N>
Result<Detail> detail_named(const DetailName (&names)[N], std::string_view text) {
  for (const DetailName& n : names) {
    if (n.text == text) return n.detail;
  }
  std::string expected;
  for (const DetailName& n : names) expected += (expected.empty() ? "" : ", ") + std::string(n.text);
  return Error{"bad_value", "\"" + std::string(text) + "\" is not one of " + expected, ""};
}

Result<Detail> detail_of(const Event& e) {
  switch (e.type) {
    case EventType::call_transferred:
      return e.text.empty() ? Result<Detail>(Detail::attended) : detail_named(kTransfers, e.text);
    case EventType::call_left:
      return e.text.empty() ? Result<Detail>(Detail::other) : detail_named(kExits, e.text);
    case EventType::ticket_status: return detail_named(kStatuses, e.text);
    case EventType::call_rated:
    case EventType::ticket_rated: return detail_named(kScales, e.text.empty() ? "csat" : e.text);
    case EventType::ticket_created:
    case EventType::ticket_reply: {
      if (e.by == "agent") return e.is_public ? Detail::by_agent : Detail::by_agent_private;
      if (e.by == "system") return e.is_public ? Detail::by_system : Detail::by_system_private;
      if (e.by == "customer" || e.by.empty())
        return e.is_public ? Detail::by_customer : Detail::by_customer_private;
      return Error{"bad_value", "\"" + std::string(e.by) + "\" is not one of agent, customer, system", "/by"};
    }
    default: return Detail::none;
  }
}

}  // namespace

Engine::Engine() = default;
Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::create(TenantSettings settings) {
  const Status sound = Promises::check(settings.sla);
  if (!sound) return sound.error();
  auto catalogue = Catalogue::compile(settings.kpis, settings.windows, never_promised(settings.sla));
  if (!catalogue) return catalogue.error();
  std::unique_ptr<Engine> engine(new Engine);
  engine->state_ = std::make_unique<State>(std::move(settings), std::move(*catalogue));
  State& s = *engine->state_;
  for (int m = static_cast<int>(Measure::agents_logged_in); m <= static_cast<int>(Measure::agents_away); ++m) {
    s.activity_used |= s.catalogue.uses(static_cast<Measure>(m));
    s.longest_activity |= s.catalogue.plan(static_cast<Measure>(m)).open;
  }
  s.customers_used = s.catalogue.uses(Measure::customer_contacts) || s.catalogue.uses(Measure::customer_returns);
  s.longest_login = s.catalogue.plan(Measure::agents_logged_in).open;
  s.names(ScopeKind::tenant).intern("tenant");
  CHECK(s.names(ScopeKind::channel).intern("voice") == kVoice, "the first channel");
  CHECK(s.names(ScopeKind::channel).intern("email") == kEmail, "the second channel");
  s.number_cells();
  s.midnight = s.settings.zone.midnight_at_or_before(0);
  s.next_midnight = s.settings.zone.next_midnight(0);
  s.scope(ScopeKind::tenant, 0);
  if (const Status rules = s.prepare_rules(); !rules) return rules.error();
  return engine;
}

Time Engine::now() const { return state_->now; }
Time Engine::last_event() const { return state_->newest; }
const std::string& Engine::name() const { return state_->settings.name; }
const Zone& Engine::zone() const { return state_->settings.zone; }
const Catalogue& Engine::catalogue() const { return state_->catalogue; }

Engine::Counts Engine::counts() const {
  Counts c = state_->counts;
  c.records = state_->records.size() - state_->free_records.size();
  c.scopes = state_->scopes.size();
  return c;
}

std::size_t Engine::bytes() const {
  std::size_t total = 0;
  for (const Scope& scope : state_->scopes) total += scope.series.bytes() + scope.key.capacity() + sizeof scope;
  return total + state_->alerts.bytes();
}

// ---- names and scopes -------------------------------------------------------------------------------------

std::uint32_t Engine::State::scope(ScopeKind kind, std::uint32_t name) {
  auto& table = scope_ids[static_cast<std::size_t>(kind)];
  if (name >= table.size()) table.resize(std::max<std::size_t>(name + std::size_t{1}, table.size() * 2), kNone);
  if (table[name] != kNone) return table[name];
  const auto id = static_cast<std::uint32_t>(scopes.size());
  std::string key(kKindNames[static_cast<int>(kind)]);
  if (kind != ScopeKind::tenant) key.append("/").append(names(kind).text(name));
  scopes.push_back({std::move(key), kind, name, windows::Series(catalogue.layout()), {}});
  table[name] = id;
  if (cold.restoring) scopes.back().series.settle(catalogue.layout(), clock());
  if (cold.horizon > 0) scopes.back().series.leave(catalogue.layout(), clock(), cold.horizon);
  for (std::uint32_t v = 0; v < views.size(); ++v) {
    if (views[v].open) add_rows(v, id);
  }
  return id;
}

const Scope* Engine::State::find_scope(std::string_view key) const {
  const std::size_t slash = key.find('/');
  const std::string_view kind_name = key.substr(0, slash);
  for (int k = 0; k < kScopeKinds; ++k) {
    if (kKindNames[k] != kind_name) continue;
    if ((k == 0) != (slash == std::string_view::npos)) return nullptr;
    const auto kind = static_cast<ScopeKind>(k);
    const std::uint32_t name = k == 0 ? 0 : names(kind).find(key.substr(slash + 1));
    const auto& table = scope_ids[static_cast<std::size_t>(k)];
    if (name >= table.size() || table[name] == kNone) return nullptr;
    return &scopes[table[name]];
  }
  return nullptr;
}

const windows::Series& Engine::State::settled(std::uint32_t scope) {
  Scope& s = scopes[scope];
  s.series.settle(catalogue.layout(), clock());
  return s.series;
}

void Engine::State::touch(std::uint32_t scope) {
  for (const RowRef ref : scopes[scope].rows) {
    View& view = views[ref.view];
    View::Row& row = view.rows[ref.row];
    if (row.touched) continue;
    row.touched = true;
    view.touched.push_back(ref.row);
  }
}

Agent& Engine::State::agent(std::uint32_t id) {
  while (agents.size() <= id) agents.emplace_back(static_cast<std::uint32_t>(agents.size()));
  return agents[id];
}

// ---- time -------------------------------------------------------------------------------------------------

void Engine::advance(Time now) {
  State& s = *state_;
  CHECK(now >= s.now, "time went backwards");
  s.alerts.at(now);
  const Time second = windows::floor_to(now, kSecond);
  if (second > windows::floor_to(s.now, kSecond) && (!s.judging.rules.empty() || s.alerts.watches())) {
    s.pass(second);
    s.judge_rules();
  }
  s.pass(now);
  s.report_refused();
  s.alerts.run_due();
}

void Engine::State::pass(Time to) {
  due.clear();
  wheel.take_due(to, due);
  // Every look happens at its own instant, in order, so that the numbers are the same however time is cut up.
  const std::vector<windows::Wheel::Due> looks = due;
  for (const auto& [at, subject] : looks) {
    now = std::max(now, at);
    look_again(subject, at);
  }
  now = to;
  // Looking may have armed timers that are due as well.
  for (due.clear(), wheel.take_due(to, due); !due.empty(); due.clear(), wheel.take_due(to, due)) {
    const std::vector<windows::Wheel::Due> more = due;
    for (const auto& [at, subject] : more) look_again(subject, at);
  }
  if (to >= next_midnight) {
    midnight = settings.zone.midnight_at_or_before(to);
    next_midnight = settings.zone.next_midnight(to);
  }
}

// The facts of a record changed by themselves at `due`: apply the difference to the instant before.
void Engine::State::look_again(std::uint32_t subject, Time due_at) {
  const std::uint32_t index = subject / 2;
  if (subject % 2 == 0) {
    tell(records[index], due_at - 1, before);
    tell(records[index], now, after);
    apply_difference(before, after);
    apply_customer(before, after);
    apply_clocks(index, before.clocks, after.clocks);
    wheel.arm(subject, after.look_again);
    return;
  }
  tell_activity(index, due_at, kNever, due_at - 1, agent_before);
  tell_activity(index, due_at, kNever, now, agent_after);
  apply_difference(agent_before, agent_after);
  wheel.arm(subject, agent_after.look_again);
  touch(scope(ScopeKind::agent, index));
}

// ---- events -----------------------------------------------------------------------------------------------

Result<Outcome> Engine::apply(const Event& event) { return apply(std::span<const Event>(&event, 1)); }

Result<Outcome> Engine::apply(std::span<const Event> item) {
  State& s = *state_;
  CHECK(!item.empty(), "an item is at least one event");
  const Event& event = item.front();
  Result<Outcome> outcome = Outcome::unchanged;
  const Time oldest = s.now - s.settings.retention;
  if (std::any_of(item.begin(), item.end(), [&](const Event& e) { return e.at < oldest; })) {
    ++s.counts.too_old;
    outcome = Error{"too_old", "this is about a time before what is kept", "/at"};
  } else if (about(event.type) == About::call) {
    outcome = s.apply_record(item, Record::Kind::call);
  } else if (about(event.type) == About::ticket) {
    outcome = s.apply_record(item, Record::Kind::ticket);
  } else {
    CHECK(item.size() == 1, "only calls and tickets come in items of several events");
    outcome = about(event.type) == About::alert ? s.apply_to_alerts(event) : s.apply_about_someone(event);
  }
  if (!outcome) {
    ++s.counts.refused;
    return outcome;
  }
  ++(*outcome == Outcome::applied ? s.counts.applied : s.counts.unchanged);
  if (about(event.type) != About::alert) {
    for (const Event& e : item) s.newest = std::max(s.newest, e.at);
    if (s.alerts.watches()) s.alerts.heard(event.source, about(event.type));
    if (s.coverage.watches()) std::for_each(item.begin(), item.end(), [&](const Event& e) { s.hear(e); });
  }
  s.report_refused();
  s.alerts.run_due();
  return outcome;
}

Result<Outcome> Engine::State::apply_about_someone(const Event& event) {
  if (event.type == EventType::queue_assigned) return apply_membership(event, ScopeKind::queue, event.subject);
  if (event.type == EventType::agent_assigned) return apply_membership(event, ScopeKind::agent, event.subject);
  // All names first: an event that is refused has changed nothing.
  if (!event.team.empty()) {
    const auto team = intern(ScopeKind::team, event.team, kMaxGroups, "/team");
    if (!team) return team.error();
  }
  if (!event.site.empty()) {
    const auto site = intern(ScopeKind::site, event.site, kMaxGroups, "/site");
    if (!site) return site.error();
  }
  const auto outcome = apply_presence(event);
  if (!outcome || (event.team.empty() && event.site.empty())) return outcome;
  const auto also = apply_membership(event, ScopeKind::agent, event.subject);
  return !also || *also == Outcome::applied ? also : outcome;
}

Result<std::uint32_t> Engine::State::intern(ScopeKind kind, std::string_view text, std::uint32_t limit,
                                            const char* where) {
  Names& known = names(kind);
  if (known.size() >= limit && known.find(text) == Names::kUnknown)
    return Error{"cardinality_exceeded",
                 "more than " + std::to_string(limit) + " different names here; \"" + std::string(text) +
                     "\" is one too many", where};
  return known.intern(text);
}

Result<Observation> Engine::State::observe(const Event& e) {
  Observation o;
  const auto detail = detail_of(e);
  if (!detail) return detail.error();
  o.at = e.at;
  o.rank = rank_of(e);
  o.type = e.type;
  o.detail = *detail;
  o.origin = e.final ? Observation::kFinal | e.visit : source_mark(e.source);
  o.value = static_cast<std::int32_t>(std::clamp<std::int64_t>(e.value, -1, INT32_MAX));
  if (names_label(e.type)) o.value = -1;
  if (names_label(e.type) && !e.text.empty()) {
    if (labels.size() >= kMaxLabels && labels.find(e.text) == Names::kUnknown)
      return Error{"cardinality_exceeded", "too many different categories and lists of tags",
                   about(e.type) == About::call ? "/call" : "/ticket"};
    o.value = static_cast<std::int32_t>(labels.intern(e.text));
  }
  if (!e.agent.empty()) {
    const auto id = intern(ScopeKind::agent, e.agent, kMaxAgents, "/agent");
    if (!id) return id.error();
    o.agent = *id;
  }
  if (!e.queue.empty()) {
    const auto id = intern(ScopeKind::queue, e.queue, kMaxQueues, "/queue");
    if (!id) return id.error();
    o.queue = static_cast<std::uint16_t>(*id);
  }
  if (!e.channel.empty()) {
    const auto id = intern(ScopeKind::channel, e.channel, kMaxWords, "/channel");
    if (!id) return id.error();
    o.channel = static_cast<std::uint8_t>(*id);
  }
  if (!e.priority.empty()) {
    const auto id = intern(ScopeKind::priority, e.priority, kMaxWords, "/priority");
    if (!id) return id.error();
    o.priority = static_cast<std::uint8_t>(*id);
  }
  return o;
}

std::uint32_t Engine::State::find_record(Record::Kind kind, std::string_view id) const {
  return record_index.find(record_hash(kind, id), [&](std::uint32_t index) {
    return records[index].kind == kind && records[index].id == id;
  });
}

std::uint32_t Engine::State::make_record(Record::Kind kind, std::string_view id) {
  std::uint32_t index = static_cast<std::uint32_t>(records.size());
  if (free_records.empty()) {
    records.emplace_back();
  } else {
    index = free_records.back();
    free_records.pop_back();
    records[index] = Record{};
  }
  Record& record = records[index];
  record.id = id;
  record.key_hash = record_hash(kind, id);
  record.kind = kind;
  record_index.insert(record.key_hash, index);
  return index;
}

RecordList& Engine::State::queue_list(std::uint16_t queue) {
  if (queue_records.size() <= queue) queue_records.resize(queue + std::size_t{1});
  return queue_records[queue];
}

void Engine::State::tell(const Record& record, Time at, Facts& out) {
  const FactContext context_at = context(at);
  if (record.kind == Record::Kind::call) {
    call_facts(record, context_at, out);
  } else {
    ticket_facts(record, context_at, out);
  }
}

void Engine::State::tell_activity(std::uint32_t id, Time from, Time to, Time at, Facts& out) {
  out.clear();
  if (activity_used) {
    agent(id).activity.facts(from, to, context(at), out);
  } else {
    agent(id).activity.look_again(context(at), out);  // views show what an agent does even if no KPI counts it
  }
}

// One difference for all events of the item: between them the record passes through states that never were.
Result<Outcome> Engine::State::apply_record(std::span<const Event> item, Record::Kind kind) {
  boost::container::small_vector<Observation, 8> observations;
  for (const Event& event : item) {
    CHECK(event.subject == item.front().subject, "an item is about one record");
    const auto observation = observe(event);
    if (!observation) return observation.error();
    observations.push_back(*observation);
  }
  const std::string_view id = item.front().subject;
  std::uint32_t index = look_up(kind, id);
  if (index == kNone) {
    index = make_record(kind, id);
    before.clear();
  } else {
    if (records[index].observations.size() + observations.size() > Record::kMaxObservations)
      return Error{"record_full", "\"" + std::string(id) + "\" would have more than " +
                                      std::to_string(Record::kMaxObservations) + " observations", ""};
    tell(records[index], now, before);
  }
  record_changes(index);
  bool changed = false;
  for (const Observation& observation : observations) changed |= add(index, observation);
  for (const Event& event : item)
    changed |= records[index].name_customer(customer_hash(event.customer), rank_of(event));
  if (!changed) return Outcome::unchanged;
  keeping.records.mark(index);
  records[index].leaves = 0;
  tell(records[index], now, after);
  apply_difference(before, after);
  apply_contacts(before, after);
  apply_customer(before, after);
  apply_clocks(index, before.clocks, after.clocks);
  if (after.clamped > before.clamped) ++counts.clamped;
  wheel.arm(index * 2, after.look_again);
  return Outcome::applied;
}

// To the record, and to the lists of records that name an agent or a queue.
bool Engine::State::add(std::uint32_t index, const Observation& observation) {
  Record& record = records[index];
  const auto names_agent = [&](const Observation& o) { return o.agent == observation.agent; };
  const auto names_queue = [&](const Observation& o) { return o.queue == observation.queue; };
  const bool new_agent = observation.agent != kNoAgent &&
                         std::none_of(record.observations.begin(), record.observations.end(), names_agent);
  const bool new_queue = observation.queue != kNoQueue &&
                         std::none_of(record.observations.begin(), record.observations.end(), names_queue);
  if (!record.add(observation)) return false;
  if (new_agent) note(agent(observation.agent).records, index);
  if (new_queue) note(queue_list(observation.queue), index);
  return true;
}

Result<Outcome> Engine::State::apply_presence(const Event& event) {
  Presence presence;
  presence.at = event.at;
  presence.rank = rank_of(event);
  if (event.type == EventType::agent_state) {
    presence.order = 1;
    if (!presence_named(event.text, presence.state))
      return Error{"bad_value", "\"" + std::string(event.text) +
                   "\" is not one of available, on_contact, wrap_up, break, meeting, training, away", "/state"};
    if (!event.reason.empty()) {
      if (reasons.size() >= kMaxReasons && reasons.find(event.reason) == Names::kUnknown)
        return Error{"cardinality_exceeded", "too many different reasons", "/reason"};
      presence.reason = reasons.intern(event.reason);
    }
  } else if (event.type == EventType::agent_login) {
    presence.state = Activity::available;
  } else {
    presence.order = 2;
  }
  const auto id = intern(ScopeKind::agent, event.subject, kMaxAgents, "/agent");
  if (!id) return id.error();
  AgentActivity& activity = activity_from(*id, presence.at);
  const Time to = activity.presence_end(presence);
  tell_activity(*id, presence.at, to, now, agent_before);
  activity_changes(*id, presence.at);
  if (!activity.add(presence)) return Outcome::unchanged;
  tell_activity(*id, presence.at, to, now, agent_after);
  apply_difference(agent_before, agent_after);
  wheel.arm(*id * 2 + 1, agent_after.look_again);
  touch(scope(ScopeKind::agent, *id));
  return Outcome::applied;
}

// A membership moves every fact of its subject that it now explains: they are all taken out, and put back in.
Result<Outcome> Engine::State::apply_membership(const Event& event, ScopeKind kind, std::string_view subject) {
  const bool of_agent = kind == ScopeKind::agent;
  const auto id = intern(kind, subject, of_agent ? kMaxAgents : kMaxQueues, of_agent ? "/agent" : "/queue");
  if (!id) return id.error();
  Roster::Entry entry{event.at, rank_of(event), {}};
  if (!event.team.empty()) {
    const auto team = intern(ScopeKind::team, event.team, kMaxGroups, "/team");
    if (!team) return team.error();
    entry.member.team = *team;
  }
  if (!event.site.empty()) {
    const auto site = intern(ScopeKind::site, event.site, kMaxGroups, "/site");
    if (!site) return site.error();
    entry.member.site = *site;
  }
  Roster& roster = of_agent ? agent_roster : queue_roster;
  if (!roster.news(*id, entry)) return Outcome::unchanged;
  const bool same = !roster.entries(*id).empty() && roster.at(*id, entry.at) == entry.member;
  const bool replaces = std::any_of(roster.entries(*id).begin(), roster.entries(*id).end(),
                                    [&](const Roster::Entry& e) { return e.at == entry.at; });
  // The first one also holds for all time before it.
  const auto& entries = roster.entries(*id);
  const Time from = entries.empty() || entry.at <= entries.front().at ? 0 : entry.at;
  load_records_of(of_agent, *id, from);
  if (of_agent) activity_from(*id, from == 0 ? kNever : from);
  std::vector<std::uint32_t> affected =
      of_agent ? agent(*id).records.records : queue_list(static_cast<std::uint16_t>(*id)).records;
  // A record that left memory is noted still, and one whose versions named the subject, then not, then again, twice.
  affected.erase(std::remove_if(affected.begin(), affected.end(), [&](std::uint32_t i) { return !records[i].in_use; }),
                 affected.end());
  std::sort(affected.begin(), affected.end());
  affected.erase(std::unique(affected.begin(), affected.end()), affected.end());
  std::vector<Clocks> clocks;  // as they were, of the affected
  const auto all = [&](int sign) {
    for (std::size_t i = 0; i < affected.size(); ++i) {
      const std::uint32_t index = affected[i];
      tell(records[index], now, after);
      for (const Fact& fact : after.facts) apply_fact(fact, after.scopes[fact.scopes], sign);
      edit_customer(after.customer, sign);
      if (sign < 0) {
        clocks.push_back(after.clocks);
      } else {
        apply_clocks(index, clocks[i], after.clocks);
        wheel.arm(index * 2, after.look_again);
      }
    }
    if (!of_agent) return;
    tell_activity(*id, from, kNever, now, agent_after);
    for (const Fact& fact : agent_after.facts) apply_fact(fact, agent_after.scopes[fact.scopes], sign);
    wheel.arm(*id * 2 + 1, agent_after.look_again);
  };
  const bool moves = !same || replaces;
  if (moves) all(-1);
  roster_changes(of_agent, *id);
  roster.add(*id, entry);
  if (moves) all(+1);
  touch(scope(kind, *id));
  return Outcome::applied;
}

}  // namespace core
