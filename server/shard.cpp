#include "server/shard.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <span>
#include <thread>

#include "ingest/event_queue.h"
#include "server/clock.h"
#include "server/json_text.h"
#include "server/log.h"
#include "windows/check.h"

namespace server {
namespace {

constexpr windows::Duration kTick = 200;       // time passes at least this often
constexpr windows::Duration kEmitEvery = 100;  // a view changes at most this often
constexpr std::size_t kTakeAtOnce = 64;
constexpr std::size_t kQuestions = 4'096;  // room beside the batches

// The built-in wallboard shows two windows; a tenant may keep others.
core::ViewDefinition fitting(core::ViewDefinition view, const std::vector<windows::Duration>& windows) {
  const bool half_hour = std::find(windows.begin(), windows.end(), 30 * windows::kMinute) != windows.end();
  if (half_hour || view.id != default_wallboard().id) return view;
  for (core::ViewGroup& group : view.groups) {
    std::erase_if(group.columns, [](const std::string& column) { return column.ends_with("@30m"); });
  }
  return view;
}

struct OpenView {
  int id = 0;
  windows::Time emitted = windows::kNever;  // steady; what did not change does not count
  bool first = true;                        // nothing has been emitted yet: all of it is due
  bool due = true;
};

}  // namespace

struct Shard::Loop {
  struct Tenant {
    std::size_t index = 0;
    TenantClock clock = TenantClock::wall;
    std::unique_ptr<core::Engine> engine;
    std::map<std::string, OpenView> views;
    std::int64_t oldest_us = 0;  // arrival of the oldest event not yet emitted; 0: none
    std::atomic<std::size_t> items{0};
    std::atomic<std::size_t> bytes{0};
  };

  struct Work {
    Tenant* tenant = nullptr;
    std::unique_ptr<ingest::Batch> batch;  // or
    std::function<Finish(core::Engine&)> question;
    std::int64_t received_us = 0;
    EventsCallback done;

    std::size_t bytes() const { return batch ? batch->bytes() : 256; }
  };

  Loop(const Limits& room, Post to_io, std::function<void(Emission)> to_hub)
      : limits(room), post(std::move(to_io)), publish(std::move(to_hub)) {}

  Limits limits;
  Post post;
  std::function<void(Emission)> publish;
  std::map<std::size_t, std::unique_ptr<Tenant>> tenants;
  std::unique_ptr<ingest::EventQueue<Work>> queue;
  std::atomic<bool> stopping{false};
  std::thread thread;

  void run();
  void perform(Work& work);
  EventsResult apply(Tenant& tenant, const ingest::Batch& batch);
  void let_time_pass(Tenant& tenant, windows::Time at_least);
  void emit(Tenant& tenant, windows::Time steady);
  windows::Duration pause(windows::Time steady, windows::Time next_tick) const;
};

Shard::Shard(const Limits& limits, Post post, std::function<void(Emission)> publish)
    : loop_(std::make_unique<Loop>(limits, std::move(post), std::move(publish))) {}

Shard::~Shard() { stop(); }

core::Status Shard::add_tenant(std::size_t tenant, const TenantConfig& config) {
  auto engine = core::Engine::create(config.settings);
  if (!engine) return engine.error();
  auto added = std::make_unique<Loop::Tenant>();
  added->index = tenant;
  added->clock = config.clock;
  added->engine = std::move(*engine);
  for (const core::ViewDefinition& definition : config.views) {
    const auto opened = added->engine->open_view(fitting(definition, config.settings.windows));
    if (!opened) {
      core::Error error = opened.error();
      error.message = "view '" + definition.id + "': " + error.message;
      return error;
    }
    added->views[definition.id].id = *opened;
  }
  loop_->tenants[tenant] = std::move(added);
  return core::Done{};
}

void Shard::start() {
  const std::size_t tenants = std::max<std::size_t>(1, loop_->tenants.size());
  loop_->queue = std::make_unique<ingest::EventQueue<Loop::Work>>(ingest::EventQueue<Loop::Work>::Limits{
      tenants * loop_->limits.queue_items + kQuestions, tenants * loop_->limits.queue_bytes + kQuestions * 256});
  loop_->thread = std::thread([loop = loop_.get()] { loop->run(); });
}

void Shard::stop() {
  if (!loop_->thread.joinable()) return;
  loop_->stopping.store(true);
  loop_->thread.join();
}

bool Shard::submit(std::size_t tenant, ingest::Batch&& batch, std::int64_t received_us, EventsCallback done) {
  Loop::Tenant& owner = *loop_->tenants.at(tenant);
  const std::size_t bytes = batch.bytes();
  const std::size_t waiting = owner.bytes.load();
  if (owner.items.load() >= loop_->limits.queue_items) return false;
  if (waiting != 0 && waiting + bytes > loop_->limits.queue_bytes) return false;
  owner.items += 1;
  owner.bytes += bytes;
  Loop::Work work;
  work.tenant = &owner;
  work.batch = std::make_unique<ingest::Batch>(std::move(batch));
  work.received_us = received_us;
  work.done = std::move(done);
  if (loop_->queue->try_push(std::move(work))) return true;
  owner.items -= 1;
  owner.bytes -= bytes;
  return false;
}

bool Shard::run(std::size_t tenant, std::function<Finish(core::Engine&)> question) {
  Loop::Work work;
  work.tenant = loop_->tenants.at(tenant).get();
  work.question = std::move(question);
  return loop_->queue->try_push(std::move(work));
}

bool Shard::open_view(std::size_t tenant, std::string key, core::ViewDefinition definition, ViewCallback done) {
  Loop::Tenant* owner = loop_->tenants.at(tenant).get();
  return run(tenant,
             [owner, key = std::move(key), definition = std::move(definition),
              done = std::move(done)](core::Engine& engine) -> Finish {
               auto opened = engine.open_view(definition);
               if (!opened) return [done, error = opened.error()] { done(error); };
               owner->views[key] = OpenView{*opened};
               return [done] { done(core::Done{}); };
             });
}

void Shard::close_view(std::size_t tenant, std::string key) {
  Loop::Tenant* owner = loop_->tenants.at(tenant).get();
  const bool queued = run(tenant, [owner, key = std::move(key)](core::Engine& engine) -> Finish {
    const auto it = owner->views.find(key);
    if (it != owner->views.end()) {
      engine.close_view(it->second.id);
      owner->views.erase(it);
    }
    return [] {};
  });
  if (!queued) log_warn("a view stays open because the queue is full");
}

Shard::Waiting Shard::waiting(std::size_t tenant) const {
  const Loop::Tenant& owner = *loop_->tenants.at(tenant);
  return {owner.items.load(), owner.bytes.load()};
}

void Shard::Loop::run() {
  std::vector<Work> taken;
  windows::Time next_tick = steady_now();
  bool last_round = false;
  while (!last_round) {
    last_round = stopping.load();
    taken.clear();
    const windows::Duration wait = last_round ? 0 : pause(steady_now(), next_tick);
    queue->pop_bulk(taken, kTakeAtOnce, std::chrono::milliseconds(wait));
    if (last_round && !taken.empty()) last_round = false;
    for (Work& work : taken) perform(work);

    const windows::Time steady = steady_now();
    const bool tick = steady >= next_tick;
    if (tick) next_tick = steady + kTick;
    for (auto& [index, tenant] : tenants) {
      if (tick) {
        let_time_pass(*tenant, windows::kNever);
        for (auto& [key, view] : tenant->views) view.due = true;
      }
      emit(*tenant, steady);
    }
  }
}

// How long nothing needs to be done unless work arrives.
windows::Duration Shard::Loop::pause(windows::Time steady, windows::Time next_tick) const {
  windows::Time until = next_tick;
  for (const auto& [index, tenant] : tenants) {
    for (const auto& [key, view] : tenant->views) {
      if (!view.due) continue;
      if (view.emitted == windows::kNever) return 0;
      until = std::min(until, view.emitted + kEmitEvery);
    }
  }
  return std::max<windows::Duration>(0, until - steady);
}

void Shard::Loop::perform(Work& work) {
  Tenant& tenant = *work.tenant;
  if (!work.batch) {
    post(work.question(*tenant.engine));
    return;
  }
  EventsResult result = apply(tenant, *work.batch);
  result.applied_us = steady_us();
  if (tenant.oldest_us == 0 && !tenant.views.empty()) tenant.oldest_us = work.received_us;
  for (auto& [key, view] : tenant.views) view.due = true;
  tenant.items -= 1;
  tenant.bytes -= work.batch->bytes();
  work.batch.reset();
  post([done = std::move(work.done), result = std::move(result)]() mutable { done(std::move(result)); });
}

void Shard::Loop::let_time_pass(Tenant& tenant, windows::Time at_least) {
  // The wall's clock can be set back; an engine's now cannot.
  const windows::Time clock = tenant.clock == TenantClock::wall ? wall_now() : at_least;
  if (clock > tenant.engine->now()) tenant.engine->advance(clock);
}

EventsResult Shard::Loop::apply(Tenant& tenant, const ingest::Batch& batch) {
  windows::Time newest = windows::kNever;
  for (const core::Event& event : batch.events) newest = std::max({newest, event.time, event.at});
  let_time_pass(tenant, newest);

  EventsResult result;
  const std::span<const core::Event> events(batch.events);
  for (std::size_t i = 0, next = 0; i < events.size(); i = next) {
    while (next < events.size() && batch.items[next] == batch.items[i]) ++next;
    const auto outcome = tenant.engine->apply(events.subspan(i, next - i));
    if (!outcome) {
      result.refusals.push_back({batch.items[i], outcome.error()});
    } else {
      ++(*outcome == core::Outcome::applied ? result.accepted : result.unchanged);
    }
  }
  return result;
}

void Shard::Loop::emit(Tenant& tenant, windows::Time steady) {
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
      update.cells.push_back({std::string(cell.row), std::string(cell.column), json_value(cell.value)});
    }
    view.due = false;
    view.first = false;
    if (!update.cells.empty()) view.emitted = steady;
    emission.updates.push_back(std::move(update));
  }
  if (emission.updates.empty()) return;
  tenant.oldest_us = 0;
  emission.tenant = tenant.index;
  emission.counts = tenant.engine->counts();
  emission.now = tenant.engine->now();
  emission.last_event = tenant.engine->last_event();
  post([this, emission = std::move(emission)]() mutable { publish(std::move(emission)); });
}

}  // namespace server
