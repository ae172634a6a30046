#include "server/shard.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include "ingest/event_queue.h"
#include "server/clock.h"
#include "server/log.h"
#include "server/shard_storage.h"

namespace server {
namespace {

constexpr std::size_t kTakeAtOnce = 64;
constexpr std::size_t kQuestions = 4'096;  // room beside the batches
constexpr std::size_t kQuestionBytes = 256;
constexpr windows::Duration kTellEvery = 250;  // how far the recovery is
constexpr windows::Duration kSettle = 10'000;  // a stop does not wait longer for its last checkpoint

Moment now() { return {wall_now(), steady_now()}; }

}  // namespace

struct Shard::Thread : ShardOutput {
  struct Work {
    std::function<void(ShardLoop&)> perform;  // empty: only to wake the thread
    std::size_t size = kQuestionBytes;

    std::size_t bytes() const { return size; }
  };

  Thread(const Limits& room, const Storage& kept, const Seams& seams, Hooks to)
      : limits(room), hooks(std::move(to)) {
    if (!kept.keeps()) return;
    // A full queue means that the thread is awake anyway.
    const auto wake = [this] { queue->try_push(Work{}); };
    storage.emplace(kept, seams, wake, [this](const core::Error& error) { fail(error, false); });
  }

  void append(std::size_t tenant, std::uint64_t, core::Time applied_at, std::string payload) override {
    storage->append(tenant, applied_at, std::move(payload));
  }
  void checkpoint(std::size_t tenant, Checkpoint checkpoint) override {
    storage->checkpoint(tenant, std::move(checkpoint));
  }
  void release(std::function<void()> leave) override { hooks.post(std::move(leave)); }
  void publish(Emission emission) override {
    hooks.post([this, emission = std::move(emission)]() mutable { hooks.publish(std::move(emission)); });
  }

  void fail(const core::Error& error, bool at_start) {
    hooks.post([this, error, at_start] { hooks.failed(error, at_start); });
  }
  void tell(std::size_t tenant, Recovery recovery) {
    hooks.post([this, tenant, recovery = std::move(recovery)] { hooks.recovering(tenant, recovery); });
  }
  bool recover();
  void run();
  bool round(bool last);
  void settle();

  Limits limits;
  Hooks hooks;
  std::map<std::size_t, TenantConfig> tenants;
  std::map<std::size_t, Waiting> waiting;  // I/O thread
  std::unique_ptr<ingest::EventQueue<Work>> queue;
  std::optional<ShardStorage> storage;
  std::optional<ShardLoop> loop;  // reads what the stores hold: destroyed before them
  std::atomic<bool> stopping{false};
  std::vector<Work> taken;
  std::thread thread;
};

Shard::Shard(const Limits& limits, const Storage& storage, const Seams& seams, Hooks hooks)
    : thread_(std::make_unique<Thread>(limits, storage, seams, std::move(hooks))) {}

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
  thread_->thread = std::thread([thread = thread_.get()] { thread->run(); });
}

void Shard::stop() {
  if (!thread_->thread.joinable()) return;
  thread_->stopping.store(true);
  thread_->thread.join();
}

bool Shard::submit(std::size_t tenant, ingest::Batch&& batch, std::int64_t received_us, EventsCallback done) {
  Waiting& owner = thread_->waiting.at(tenant);
  const std::size_t bytes = batch.bytes();
  if (owner.items >= thread_->limits.queue_items) return false;
  if (owner.bytes != 0 && owner.bytes + bytes > thread_->limits.queue_bytes) return false;
  const auto kept = std::make_shared<const ingest::Batch>(std::move(batch));
  const auto answered = [&owner, bytes, done = std::move(done)](EventsResult result) {
    owner.items -= 1;
    owner.bytes -= bytes;
    done(std::move(result));
  };
  Thread::Work work;
  work.perform = [tenant, kept, received_us, answered](ShardLoop& loop) {
    loop.submit(tenant, *kept, received_us, answered, now());
  };
  work.size = bytes;
  if (!thread_->queue->try_push(std::move(work))) return false;
  owner.items += 1;
  owner.bytes += bytes;
  return true;
}

bool Shard::ask_loop(std::size_t tenant, std::function<ShardLoop::Finish(core::Engine&)> question) {
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
      tell(index, {false, std::string(what), done, total});
    };
    tell(tenant, {false, "opening", 0, 0});
    const core::Status opened = storage->open(tenant, config, *loop, progress);
    if (!opened) {
      fail(opened.error(), true);
      return false;
    }
    tell(tenant, {true, {}, 0, 0});
  }
  storage->start();
  return true;
}

void Shard::Thread::run() {
  if (storage && !recover()) return;
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
  const windows::Time until = steady_now() + kSettle;
  while (!storage->failed() && !loop->settled() && steady_now() < until) {
    round(false);
    storage->run_notices(*loop);
  }
  storage->stop();
}

}  // namespace server
