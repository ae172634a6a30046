#include "server/shard.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include "ingest/event_queue.h"
#include "server/clock.h"
#include "server/log.h"

namespace server {
namespace {

constexpr std::size_t kTakeAtOnce = 64;
constexpr std::size_t kQuestions = 4'096;  // room beside the batches
constexpr std::size_t kQuestionBytes = 256;

Moment now() { return {wall_now(), steady_now()}; }

}  // namespace

struct Shard::Thread : ShardOutput {
  struct Work {
    std::function<void(ShardLoop&)> perform;
    std::size_t size = kQuestionBytes;

    std::size_t bytes() const { return size; }
  };

  Thread(const Limits& room, Post to_io, std::function<void(Emission)> publish_to)
      : limits(room), post(std::move(to_io)), to_hub(std::move(publish_to)) {}

  void append(std::size_t, std::uint64_t, core::Time, std::string) override {}
  void release(std::function<void()> leave) override { post(std::move(leave)); }
  void publish(Emission emission) override {
    post([this, emission = std::move(emission)]() mutable { to_hub(std::move(emission)); });
  }
  void run();

  Limits limits;
  Post post;
  std::function<void(Emission)> to_hub;
  std::map<std::size_t, Waiting> waiting;  // I/O thread
  ShardLoop loop{*this};
  std::unique_ptr<ingest::EventQueue<Work>> queue;
  std::atomic<bool> stopping{false};
  std::thread thread;
};

Shard::Shard(const Limits& limits, Post post, std::function<void(Emission)> publish)
    : thread_(std::make_unique<Thread>(limits, std::move(post), std::move(publish))) {}

Shard::~Shard() { stop(); }

core::Status Shard::add_tenant(std::size_t tenant, const TenantConfig& config) {
  thread_->waiting[tenant] = {};
  return thread_->loop.add_tenant(tenant, config);
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

void Shard::Thread::run() {
  std::vector<Work> taken;
  bool last_round = false;
  while (!last_round) {
    last_round = stopping.load();
    taken.clear();
    const windows::Duration wait = last_round ? 0 : loop.pause(steady_now());
    queue->pop_bulk(taken, kTakeAtOnce, std::chrono::milliseconds(wait));
    if (last_round && !taken.empty()) last_round = false;
    for (Work& work : taken) {
      work.perform(loop);
      work.perform = nullptr;  // with the batch it holds
    }
    loop.step(now());
  }
}

}  // namespace server
