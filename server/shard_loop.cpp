#include "server/shard_loop.h"

#include <algorithm>
#include <span>

#include "server/alert_commands.h"
#include "server/coverage.h"
#include "server/deadline_json.h"
#include "server/json_text.h"
#include "windows/check.h"
#include "windows/planted_bug.h"

namespace server {
namespace {

constexpr windows::Duration kTick = 200;       // time passes at least this often
constexpr windows::Duration kEmitEvery = 100;  // a view changes at most this often
constexpr windows::Duration kJudgeEvery = windows::kSecond;  // so does a list of deadlines
constexpr std::uint64_t kRecent = 1'000;  // changes told at the start, for those who were away
// While the disk is slow, changes wait in the engine as one difference instead of here as many.
constexpr std::size_t kHeldEmissions = 4;

// The events of each input item, which are applied all or none.
std::vector<ShardLoop::Item> items_of(const ingest::Batch& batch) {
  const std::span<const core::Event> events(batch.events);
  std::vector<ShardLoop::Item> items;
  items.reserve(events.size());
  for (std::size_t i = 0, next = 0; i < events.size(); i = next) {
    while (next < events.size() && batch.items[next] == batch.items[i]) ++next;
    items.push_back({events.subspan(i, next - i), batch.items[i]});
  }
  return items;
}

// What came on its way to a tenant that was stopped meanwhile.
EventsResult refused(const ingest::Batch& batch) {
  EventsResult result;
  for (const ShardLoop::Item& item : items_of(batch)) {
    result.refusals.push_back({item.index, {"unknown_tenant", "there is no such tenant any more", ""}});
  }
  return result;
}

}  // namespace

ShardLoop::~ShardLoop() = default;

core::Status ShardLoop::add_tenant(std::size_t tenant, const TenantConfig& config) {
  auto engine = core::Engine::create(config.settings);
  if (!engine) return engine.error();
  return add(tenant, config, std::move(*engine), std::nullopt);
}

core::Status ShardLoop::add_tenant(std::size_t tenant, const TenantConfig& config,
                                   std::unique_ptr<core::Engine> engine, Keeping::Start start) {
  return add(tenant, config, std::move(engine), std::move(start));
}

core::Status ShardLoop::add(std::size_t tenant, const TenantConfig& config, std::unique_ptr<core::Engine> engine,
                            std::optional<Keeping::Start> start) {
  auto added = std::make_unique<Tenant>();
  added->index = tenant;
  added->clock = config.clock;
  added->watches_sources = !config.settings.alerts.sources.empty();
  added->sources = text_of_sources(config.sources);
  if (start) {
    added->synced = start->last.sequence;
    added->keeping.emplace(std::move(*start));
  }
  added->engine = std::move(engine);
  for (const core::ViewDefinition& definition : config.views) {
    const core::ViewDefinition fits = fitting(definition, config.settings.windows);
    const auto opened = added->engine->open_view(fits);
    if (!opened) {
      core::Error error = opened.error();
      error.message = "view '" + definition.id + "': " + error.message;
      return error;
    }
    added->views[definition.id] = OpenView{*opened, fits, true};
  }
  tenants_[tenant] = std::move(added);
  return core::Done{};
}

// ---- work ---------------------------------------------------------------------------------------------------

void ShardLoop::submit(std::size_t index, const ingest::Batch& batch, std::int64_t received_us,
                       std::function<void(EventsResult)> done, Moment now) {
  Tenant& owner = tenant(index);
  if (owner.engine == nullptr) {
    return output_.release([done = std::move(done), result = refused(batch)] { done(result); });
  }
  EventsResult result = apply(owner, batch, now.wall);
  if (owner.oldest_us == 0 && !owner.views.empty()) owner.oldest_us = received_us;
  for (auto& [key, view] : owner.views) view.due = true;
  leave(owner, [done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
}

EventsResult ShardLoop::apply(Tenant& tenant, const ingest::Batch& batch, windows::Time wall) {
  const std::vector<Item> items = items_of(batch);
  windows::Time newest = windows::kNever;
  if (tenant.clock == TenantClock::data) {
    for (const Item& item : items) {
      // What came before moves nothing, not even the time.
      if (tenant.keeping && !tenant.keeping->fresh(item.events, tenant.engine->now())) continue;
      for (const core::Event& event : item.events) newest = std::max({newest, event.time, event.at});
    }
  }
  let_time_pass(tenant, wall, newest);
  tell_sources(tenant);

  EventsResult result;
  constexpr std::size_t kAhead = core::Engine::kExpect;
  for (std::size_t i = 0; i < std::min(kAhead, items.size()); ++i) tenant.engine->expect(items[i].events[0]);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i + kAhead < items.size()) tenant.engine->expect(items[i + kAhead].events[0]);
    apply_item(tenant, items[i], result);
  }
  // On the data's clock, the time that even a refused event brought is part of what was shown.
  const bool moved = tenant.keeping && tenant.engine->now() > tenant.keeping->applied_at();
  finish_batch(tenant, tenant.clock == TenantClock::data && moved);
  tell(tenant);
  return result;
}

// Appends what is new. Alerts that changed are something new, too: a replay must let the same time pass.
void ShardLoop::finish_batch(Tenant& tenant, bool must) {
  const core::Time now = tenant.engine->now();
  if (!tenant.keeping) {
    const std::size_t items = tenant.logging.items();
    if (tenant.changing) tenant.log.push_back({now, tenant.logging.take(), items});
    return;
  }
  const std::size_t items = tenant.keeping->waiting();
  if (auto payload = tenant.keeping->finish(now, must || tenant.engine->alerts_changed())) {
    if (tenant.changing) tenant.log.push_back({now, *payload, items});
    output_.append(tenant.index, tenant.appended(), now, std::move(*payload));
  }
}

void ShardLoop::tell(Tenant& tenant) {
  if (tenant.told && !tenant.engine->alerts_changed()) return;
  Told told;
  told.tenant = tenant.index;
  told.changes = tenant.engine->take_alert_changes();
  told.notices = tenant.engine->take_notices();
  told.number = tenant.engine->last_alert_change();
  // So many changes at once that the history does not hold them: then the state is told again.
  if (!told.changes.empty() && told.changes.front().number != tenant.number + 1) tenant.told = false;
  if (!tenant.told) {
    core::AlertFilter recent;
    recent.after = told.number > kRecent ? told.number - kRecent : 0;
    recent.limit = kRecent;
    told.changes = tenant.engine->alert_history(recent);
    told.active = tenant.engine->active_alerts();
    tenant.told = true;
  }
  tenant.number = told.number;
  if (told.active || !told.changes.empty() || !told.notices.empty()) leave(tenant, std::move(told));
}

void ShardLoop::apply_item(Tenant& tenant, const Item& item, EventsResult& result) {
  const core::Time now = tenant.engine->now();
  if (tenant.keeping) {
    const state::Seen::Answer known = tenant.keeping->look(item.events, now);
    if (known == state::Seen::Answer::repeated) {
      ++result.unchanged;
      ++result.repeated;
      return;
    }
    if (known == state::Seen::Answer::conflict) {
      const std::string id(item.events[0].id);
      result.refusals.push_back({item.index, {"id_conflict", "\"" + id + "\" came before, unlike this", "/id"}});
      return;
    }
  }
  const auto outcome = tenant.engine->apply(item.events);
  if (!outcome) {
    if (tenant.keeping) tenant.keeping->refused();
    result.refusals.push_back({item.index, outcome.error()});
    return;
  }
  if (tenant.keeping) tenant.keeping->took(now);
  if (tenant.changing && !tenant.keeping) tenant.logging.add(item.events);
  ++(*outcome == core::Outcome::applied ? result.accepted : result.unchanged);
}

// Part of the batch under way, so that what sources say is judged by what they can tell. Whether there was anything to
// tell.
bool ShardLoop::tell_sources(Tenant& tenant) {
  const core::Time now = tenant.engine->now();
  if (now == 0 || !tenant.engine->news_of_sources(tenant.sources)) return false;
  const std::string id = "sources/" + std::to_string(tenant.appended() + 1);
  ingest::Batch batch = own_event(core::EventType::sources_told, "ringside", id, now);
  batch.events[0].text = batch.arena.keep(tenant.sources);
  EventsResult result;
  apply_item(tenant, {batch.events, 0}, result);
  CHECK(result.accepted == 1, "what we tell ourselves is new and makes sense");
  return true;
}

void ShardLoop::let_time_pass(Tenant& tenant, windows::Time wall, windows::Time at_least) {
  // The wall's clock can be set back; an engine's now cannot.
  const windows::Time clock = tenant.clock == TenantClock::wall ? wall : at_least;
  if (clock > tenant.engine->now()) tenant.engine->advance(clock);
}

void ShardLoop::ask(std::size_t index, const std::function<Finish(core::Engine&)>& question) {
  Tenant& asked = tenant(index);
  leave(asked, question(*asked.engine));
}

void ShardLoop::open_view(std::size_t index, const std::string& key, const core::ViewDefinition& definition,
                          std::function<void(core::Status)> done) {
  Tenant& owner = tenant(index);
  auto opened = owner.engine->open_view(definition);
  core::Status status = core::Done{};
  if (opened) {
    owner.views[key] = OpenView{*opened, definition};
  } else {
    status = opened.error();
  }
  leave(owner, [done = std::move(done), status] { done(status); });
}

void ShardLoop::close_view(std::size_t index, const std::string& key) {
  Tenant& owner = tenant(index);
  const auto it = owner.views.find(key);
  if (it == owner.views.end()) return;
  owner.engine->close_view(it->second.id);
  owner.views.erase(it);
}

void ShardLoop::watch_deadlines(std::size_t index, const DeadlineWatch& watch) {
  tenant(index).watches.try_emplace(watch);
}

void ShardLoop::unwatch_deadlines(std::size_t index, const DeadlineWatch& watch) {
  tenant(index).watches.erase(watch);
}

void ShardLoop::set_sources(std::size_t index, const std::vector<SourceConfig>& sources) {
  tenant(index).sources = text_of_sources(sources);
}

// ---- time ---------------------------------------------------------------------------------------------------

void ShardLoop::step(Moment now) {
  const bool tick = next_tick_ == windows::kNever || now.steady >= next_tick_;
  if (tick) next_tick_ = now.steady + kTick;
  wall_ahead_ = now.wall - now.steady;
  for (auto& [index, tenant] : tenants_) {
    if (tenant->removed) {
      let_go_of_removed(*tenant);
      continue;
    }
    const bool due = tenant->due != windows::kNever && now.wall >= tenant->due;
    if (tick || due) {
      let_time_pass(*tenant, now.wall, windows::kNever);
      if (tell_sources(*tenant) || tenant->engine->alerts_changed()) finish_batch(*tenant, true);
      for (auto& [key, view] : tenant->views) view.due = true;
    }
    tell(*tenant);
    tenant->due = next_due(*tenant);
    if (may_emit(*tenant)) emit(*tenant, now.steady);
    if (!tenant->keeping) continue;
    auto checkpoint = tenant->keeping->step(*tenant->engine, tenant->synced, now.steady);
    if (checkpoint) output_.checkpoint(index, std::move(*checkpoint));
  }
}

// Clocks and alerts wait for no tick: the loop wakes when something of theirs is due.
windows::Time ShardLoop::next_due(const Tenant& tenant) const {
  if (tenant.clock != TenantClock::wall) return windows::kNever;
  windows::Time next = windows::kNever;
  for (const windows::Time due : {tenant.engine->next_due(), tenant.engine->next_alert_due()}) {
    if (due > tenant.engine->now() && (next == windows::kNever || due < next)) next = due;
  }
  return next;
}

windows::Duration ShardLoop::pause(windows::Time steady) const {
  if (next_tick_ == windows::kNever) return 0;
  windows::Time until = next_tick_;
  for (const auto& [index, tenant] : tenants_) {
    if (tenant->removed) continue;
    if (tenant->due != windows::kNever) until = std::min(until, tenant->due - wall_ahead_);
    if (tenant->keeping && tenant->keeping->collecting()) return 0;
    if (!may_emit(*tenant)) continue;
    for (const auto& [key, view] : tenant->views) {
      if (!view.due) continue;
      if (view.emitted == windows::kNever) return 0;
      until = std::min(until, view.emitted + kEmitEvery);
    }
  }
  return std::max<windows::Duration>(0, until - steady);
}

void ShardLoop::written(std::size_t index, std::uint64_t generation) {
  Tenant& owner = tenant(index);
  owner.keeping->written(*owner.engine, generation);
}

bool ShardLoop::settled() {
  bool all = true;
  for (auto& [index, tenant] : tenants_) {
    if (!tenant->keeping || tenant->keeping->checkpointed()) continue;
    tenant->keeping->hurry();
    all = false;
  }
  return all;
}

// ---- what leaves --------------------------------------------------------------------------------------------

bool ShardLoop::may_emit(const Tenant& tenant) const { return tenant.held_emissions < kHeldEmissions; }

void ShardLoop::emit(Tenant& tenant, windows::Time steady) {
  // What is available is so, or is not, in cells that did not change, too.
  if (tenant.covered != tenant.engine->coverage_revision()) {
    tenant.covered = tenant.engine->coverage_revision();
    for (auto& [key, view] : tenant.views) view.first = view.due = true;
  }
  Emission emission;
  for (auto& [key, view] : tenant.views) {
    if (!view.due || (view.emitted != windows::kNever && steady < view.emitted + kEmitEvery)) continue;
    const core::ViewChanges& changes = tenant.engine->view_changes(view.id, view.first);
    ViewUpdate update;
    update.view = key;
    update.asof = changes.asof;
    update.last_event = tenant.engine->last_event();
    update.stamp = tenant.oldest_us;
    update.cells.reserve(changes.cells.size());
    for (const core::CellChange& cell : changes.cells) {
      std::string value;
      append_covered(value, *tenant.engine, cell.row, cell.column, shown_at(changes.asof), cell.value);
      update.cells.push_back({std::string(cell.row), std::string(cell.column), std::move(value)});
    }
    view.due = false;
    view.first = false;
    if (!update.cells.empty()) view.emitted = steady;
    emission.updates.push_back(std::move(update));
  }
  judge_deadlines(tenant, steady, emission);
  if (emission.updates.empty() && emission.deadlines.empty()) return;
  tenant.oldest_us = 0;
  emission.tenant = tenant.index;
  emission.counts = tenant.engine->counts();
  emission.now = tenant.engine->now();
  emission.last_event = tenant.engine->last_event();
  leave(tenant, std::move(emission));
}

// A list is sent when it changed, not because time passes: pages count by themselves.
void ShardLoop::judge_deadlines(Tenant& tenant, windows::Time steady, Emission& emission) {
  for (auto& [watch, open] : tenant.watches) {
    if (open.judged != windows::kNever && steady < open.judged + kJudgeEvery) continue;
    open.judged = steady;
    const core::Deadlines found = tenant.engine->deadlines(watch.scope, watch.limit, (watch.limit + 1) / 2);
    std::string shown = std::to_string(found.total) + "," + std::to_string(found.overdue) +
                        deadlines_json(found.rows, false);
    if (!open.first && shown == open.shown) continue;
    open.first = false;
    open.shown = std::move(shown);
    const core::Time now = tenant.engine->now();
    emission.deadlines.push_back({watch, now, found.total, found.overdue, deadlines_json(found.rows, true)});
  }
}

void ShardLoop::leave(Tenant& tenant, Leaving what) {
  if (windows::planted_bug("shown before it is synced")) return let_go(std::move(what));
  if (tenant.synced == tenant.appended()) {
    CHECK(tenant.held.empty(), "what is held waits for the journal");
    return let_go(std::move(what));
  }
  tenant.held_emissions += std::holds_alternative<Emission>(what);
  tenant.held.push_back({tenant.appended(), std::move(what)});
}

void ShardLoop::synced(std::size_t index, std::uint64_t sequence) {
  Tenant& owner = tenant(index);
  CHECK(sequence >= owner.synced && sequence <= owner.appended(), "what is synced was appended");
  owner.synced = sequence;
  while (!owner.held.empty() && owner.held.front().sequence <= sequence) {
    Leaving what = std::move(owner.held.front().leave);
    owner.held.pop_front();
    owner.held_emissions -= std::holds_alternative<Emission>(what);
    let_go(std::move(what));
  }
}

void ShardLoop::let_go(Leaving what) {
  if (auto* emission = std::get_if<Emission>(&what)) {
    output_.publish(std::move(*emission));
  } else if (auto* told = std::get_if<Told>(&what)) {
    output_.tell(std::move(*told));
  } else {
    output_.release(std::move(std::get<Finish>(what)));
  }
}

}  // namespace server
