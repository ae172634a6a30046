// How the loop goes on with other settings, and without a tenant.
#include <algorithm>
#include <utility>

#include "server/alert_commands.h"
#include "server/coverage.h"
#include "server/shard_loop.h"
#include "windows/check.h"

namespace server {

void ShardLoop::started(std::size_t index) {
  Tenant& owner = tenant(index);
  const core::Time now = owner.engine->now();
  if (now == 0 || !owner.watches_sources) return;
  const std::string id = "start/" + std::to_string(now);
  const ingest::Batch batch = own_event(core::EventType::server_started, "ringside", id, now);
  submit(index, batch, 0, [](const EventsResult&) {}, {now, 0});
}

bool ShardLoop::begin_change(std::size_t index) {
  Tenant& owner = tenant(index);
  if (owner.keeping) {
    // From a checkpoint that knows what was told about alerts until now, so that other settings take it back where it
    // no longer holds, instead of never having said it.
    if (!owner.change_from) owner.change_from = owner.appended();
    if (owner.keeping->checkpointing()) return false;
    if (owner.keeping->checkpoint_sequence() < *owner.change_from) {
      owner.keeping->hurry();
      return false;
    }
    owner.change_from.reset();
    owner.keeping->hold(true);
  }
  owner.changing = true;
  return true;
}

void ShardLoop::give_up_change(std::size_t index) {
  Tenant& owner = tenant(index);
  owner.changing = false;
  owner.change_from.reset();
  owner.log.clear();
  owner.logging.clear();
  if (owner.keeping) owner.keeping->hold(false);
}

std::size_t ShardLoop::logged(std::size_t index) const {
  std::size_t items = 0;
  for (const LoggedBatch& batch : tenants_.at(index)->log) items += batch.items;
  return items;
}

std::vector<LoggedBatch> ShardLoop::take_log(std::size_t index) { return std::exchange(tenant(index).log, {}); }

core::MemoryArchive& ShardLoop::rows(std::size_t index) {
  Tenant& owner = tenant(index);
  if (!owner.rows) owner.rows = std::make_unique<core::MemoryArchive>();
  const std::uint64_t generation = owner.rows->generation() + 1;
  CHECK(owner.engine->begin_keep(generation), "nothing else takes rows where nothing is kept");
  const auto take = [&](core::Kept&& row) { owner.rows->write(generation, std::move(row)); };
  while (!owner.engine->keep_some(100'000, take)) {
  }
  owner.rows->complete(generation);
  owner.engine->kept(generation);
  return *owner.rows;
}

void ShardLoop::change(std::size_t index, const TenantConfig& config, Recovered recovered, const StartOver& start_over,
                       std::function<void(const std::vector<std::string>& closed)> done) {
  Tenant& owner = tenant(index);
  CHECK(owner.changing && owner.log.empty(), "the engine has been told everything");
  const core::Time now = owner.engine->now();
  owner.engine.reset();  // before what it reads
  if (owner.keeping) owner.keeping->let_go();
  if (start_over) {
    recovered.archive = start_over();
    recovered.engine->attach(recovered.archive.get());
  }
  owner.engine = std::move(recovered.engine);
  if (owner.keeping) {
    owner.keeping->change(std::move(recovered.archive), std::move(recovered.seen), static_cast<bool>(start_over));
  }
  owner.changing = false;
  // Time does not go back for those who look. What this does to alerts is appended by the next step.
  if (now > owner.engine->now()) owner.engine->advance(now);
  owner.told = false;
  owner.watches_sources = !config.settings.alerts.sources.empty();
  owner.sources = text_of_sources(config.sources);
  owner.covered = 0;
  for (auto& [watch, open] : owner.watches) open = OpenWatch{};
  leave(owner, [done = std::move(done), closed = open_views(owner, config)] { done(closed); });
}

// Those of the configuration as it says now, those of clients as they were.
std::vector<std::string> ShardLoop::open_views(Tenant& tenant, const TenantConfig& config) {
  std::map<std::string, OpenView> before = std::exchange(tenant.views, {});
  for (const core::ViewDefinition& definition : config.views) {
    const core::ViewDefinition fits = fitting(definition, config.settings.windows);
    before[definition.id] = OpenView{0, fits, true};
  }
  std::vector<std::string> closed;
  for (auto& [key, view] : before) {
    const bool gone = view.configured && std::none_of(config.views.begin(), config.views.end(),
                                                      [&key = key](const auto& one) { return one.id == key; });
    const auto opened = tenant.engine->open_view(view.definition);
    if (gone || !opened) {
      if (opened) tenant.engine->close_view(*opened);
      closed.push_back(key);
      continue;
    }
    tenant.views[key] = OpenView{*opened, view.definition, view.configured};
  }
  return closed;
}

void ShardLoop::remove_tenant(std::size_t index) {
  Tenant& owner = tenant(index);
  owner.removed = true;
  owner.views.clear();
  owner.watches.clear();
}

// Its memory, once nobody waits for anything of it.
void ShardLoop::let_go_of_removed(Tenant& tenant) {
  if (!tenant.keeping && !tenant.rows && tenant.views.empty() && tenant.engine == nullptr) return;
  if (!tenant.held.empty() || (tenant.keeping && tenant.keeping->checkpointing())) return;
  tenant.engine.reset();
  tenant.keeping.reset();
  tenant.rows.reset();
}

}  // namespace server
