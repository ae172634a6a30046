#include "server/shard.h"

#include <algorithm>

#include "server/log.h"
#include "server/shard_thread.h"

namespace server {
namespace {

constexpr std::size_t kTakeAtOnce = 64;
constexpr std::size_t kQuestions = 4'096;  // room beside the batches
constexpr windows::Duration kTellEvery = 250;  // how far the recovery is
constexpr windows::Duration kSettle = 10'000;  // a stop does not wait longer for its last checkpoint

Moment now() { return {wall_now(), steady_now()}; }

}  // namespace

Shard::Shard(const Limits& limits, const Storage& storage, const Seams& seams, Hooks hooks)
    : limits_(limits), thread_(std::make_unique<Thread>(limits, storage, seams, std::move(hooks))) {}

Shard::~Shard() { stop(); }

core::Status Shard::add_tenant(std::size_t tenant, const TenantConfig& config) {
  thread_->waiting[tenant] = {};
  thread_->tenants[tenant] = config;
  // Of one that is kept this only finds faults of the configuration before anything is opened.
  if (!thread_->loop) thread_->loop.emplace(*thread_);
  return thread_->loop->add_tenant(tenant, config);
}

void Shard::start() {
  const std::size_t tenants = std::max<std::size_t>(1, thread_->waiting.size());
  thread_->queue = std::make_unique<ingest::EventQueue<Thread::Work>>(
      ingest::EventQueue<Thread::Work>::Limits{tenants * thread_->limits.queue_items + kQuestions,
                                               tenants * thread_->limits.queue_bytes + kQuestions * kQuestionBytes});
  thread_->maker.start();
  thread_->thread = std::thread([thread = thread_.get()] { thread->run(); });
}

void Shard::stop() {
  if (!thread_->thread.joinable()) return;
  thread_->stopping.store(true);
  thread_->maker.stop();
  thread_->thread.join();
}

bool Shard::submit(std::size_t tenant, std::shared_ptr<const ingest::Batch> batch, std::int64_t received_us,
                   EventsCallback done) {
  Waiting& owner = thread_->waiting.at(tenant);
  const std::size_t bytes = batch->bytes();
  if (owner.items >= limits_.queue_items) return false;
  if (owner.bytes != 0 && owner.bytes + bytes > limits_.queue_bytes) return false;
  const auto answered = [&owner, bytes, done = std::move(done)](EventsResult result) {
    owner.items -= 1;
    owner.bytes -= bytes;
    done(std::move(result));
  };
  Thread::Work work;
  work.perform = [tenant, batch, received_us, answered](ShardLoop& loop) {
    loop.submit(tenant, *batch, received_us, answered, now());
  };
  work.size = bytes;
  if (!thread_->queue->try_push(std::move(work))) return false;
  owner.items += 1;
  owner.bytes += bytes;
  return true;
}

bool Shard::ask_loop(std::size_t tenant, Question question) {
  Thread::Work work;
  work.perform = [tenant, question = std::move(question)](ShardLoop& loop) { loop.ask(tenant, question); };
  return thread_->queue->try_push(std::move(work));
}

bool Shard::open_view(std::size_t tenant, std::string key, core::ViewDefinition definition, ViewCallback done) {
  Thread::Work work;
  work.perform = [tenant, key = std::move(key), definition = std::move(definition),
                  done = std::move(done)](ShardLoop& loop) { loop.open_view(tenant, key, definition, done); };
  return thread_->queue->try_push(std::move(work));
}

void Shard::close_view(std::size_t tenant, std::string key) {
  Thread::Work work;
  work.perform = [tenant, key = std::move(key)](ShardLoop& loop) { loop.close_view(tenant, key); };
  if (!thread_->queue->try_push(std::move(work))) log_warn("a view stays open because the queue is full");
}

void Shard::watch_deadlines(std::size_t tenant, DeadlineWatch watch, bool on) {
  Thread::Work work;
  work.perform = [tenant, watch = std::move(watch), on](ShardLoop& loop) {
    if (on) {
      loop.watch_deadlines(tenant, watch);
    } else {
      loop.unwatch_deadlines(tenant, watch);
    }
  };
  if (!thread_->queue->try_push(std::move(work))) log_warn("deadlines are not shown because the queue is full");
}

Shard::Waiting Shard::waiting(std::size_t tenant) const { return thread_->waiting.at(tenant); }

const state::Store* Shard::store(std::size_t tenant) const {
  return thread_->storage ? thread_->storage->store(tenant) : nullptr;
}

// ---- the shard's thread -------------------------------------------------------------------------------------

bool Shard::Thread::recover() {
  loop.emplace(*this);
  for (const auto& [tenant, config] : tenants) {
    const windows::Time begun = steady_now();
    windows::Time told = begun;
    const auto progress = [&, index = tenant](std::string_view what, std::uint64_t done, std::uint64_t total) {
      if (steady_now() - told < kTellEvery) return;
      told = steady_now();
      report(index, {false, std::string(what), done, total});
    };
    report(tenant, {false, "opening", 0, 0});
    auto ready = storage->open(tenant, config, progress);
    core::Status opened = ready ? loop->add_tenant(tenant, config, std::move(ready->engine), std::move(ready->start))
                                : core::Status(ready.error());
    if (opened) opened = open_outbox(config);
    if (!opened) {
      fail(opened.error(), true);
      return false;
    }
    loop->started(tenant);
    report(tenant, {true, {}, 0, 0});
  }
  storage->start();
  return true;
}

// Once the tenant's folder is there.
core::Status Shard::Thread::open_outbox(const TenantConfig& config) {
  const std::string& name = config.settings.name;
  core::Status opened = hooks.receivers->open(name, folder.empty() ? "" : folder + "/" + name, config.receivers);
  if (opened) return opened;
  core::Error error = opened.error();
  error.message = "tenant '" + name + "': " + error.message;
  return error;
}

bool Shard::Thread::open_outboxes() {
  for (const auto& [tenant, config] : tenants) {
    const core::Status opened = open_outbox(config);
    if (opened) continue;
    fail(opened.error(), true);
    return false;
  }
  return true;
}

void Shard::Thread::run() {
  if (storage ? !recover() : !open_outboxes()) return;
  bool last = false;
  while (!last) {
    last = stopping.load();
    if (round(last)) last = false;
  }
  if (storage) settle();
}

// Whether there was any work.
bool Shard::Thread::round(bool last) {
  taken.clear();
  run_inbox();
  begin_changes();
  const windows::Duration wait = last ? 0 : loop->pause(steady_now());
  queue->pop_bulk(taken, kTakeAtOnce, std::chrono::milliseconds(wait));
  bool worked = false;
  for (Work& work : taken) {
    if (storage) storage->run_notices(*loop);
    if (!work.perform) continue;
    worked = true;
    work.perform(*loop);
    work.perform = nullptr;  // with the batch it holds
  }
  loop->step(now());
  return worked;
}

// Everything synced and in a checkpoint, so that the next start has nothing to apply.
void Shard::Thread::settle() {
  give_up_changes();
  const windows::Time until = steady_now() + kSettle;
  while (!storage->failed() && !loop->settled() && steady_now() < until) {
    round(false);
    storage->run_notices(*loop);
  }
  storage->stop();
}

}  // namespace server
