// What a Shard consists of. Private to server/shard*.cpp. The shard's thread, where nothing else is said.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "ingest/event_queue.h"
#include "server/clock.h"
#include "server/rebuild.h"
#include "server/shard.h"
#include "server/shard_storage.h"
#include "server/worker.h"

namespace server {

inline constexpr std::size_t kQuestionBytes = 256;

struct Shard::Thread : ShardOutput {
  struct Work {
    std::function<void(ShardLoop&)> perform;  // empty: only to wake the thread
    std::size_t size = kQuestionBytes;

    std::size_t bytes() const { return size; }
  };

  Thread(const Limits& room, const Storage& kept, const Seams& seams, Hooks to)
      : limits(room), hooks(std::move(to)) {
    if (!kept.keeps()) return;
    folder = *kept.folder;
    // A full queue means that the thread is awake anyway.
    const auto wake = [this] { queue->try_push(Work{}); };
    const auto failed = [this](const core::Error& error) { fail(error, false); };
    storage.emplace(kept, seams, wake, failed, [this] { return hooks.receivers->flush(); });
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

  void tell(Told told) override {
    if (!told.notices.empty()) {
      hooks.receivers->notify(tenants.at(told.tenant).settings.name, std::move(told.notices));
    }
    hooks.post([this, told = std::move(told)]() mutable { hooks.told(std::move(told)); });
  }

  void fail(const core::Error& error, bool at_start) {
    hooks.post([this, error, at_start] { hooks.failed(error, at_start); });
  }
  void report(std::size_t tenant, Recovery recovery) {
    hooks.post([this, tenant, recovery = std::move(recovery)] { hooks.recovering(tenant, recovery); });
  }
  // Something for the shard's thread that is in no queue of a tenant. Any thread.
  void tell_shard(std::function<void()> what);
  void run_inbox();

  // shard_change.cpp
  struct Change {
    TenantConfig config;
    Changed done;
    bool begun = false;
  };
  void begin_changes();
  void make_engine(std::size_t tenant);
  void engine_made(std::size_t tenant, std::shared_ptr<core::Result<Rebuilt>> made);
  void change_engines(std::size_t tenant, Rebuilt& rebuilt);
  void end_change(std::size_t tenant, const core::Status& status);
  void open_tenant(std::size_t tenant, TenantConfig config, Changed done);
  void give_up_changes();

  bool recover();
  core::Status open_outbox(const TenantConfig& config);
  bool open_outboxes();
  void run();
  bool round(bool last);
  void settle();

  Limits limits;
  std::string folder;  // empty: nothing is kept
  Hooks hooks;
  std::map<std::size_t, TenantConfig> tenants;
  std::map<std::size_t, Waiting> waiting;  // I/O thread
  std::unique_ptr<ingest::EventQueue<Work>> queue;
  std::optional<ShardStorage> storage;
  std::optional<ShardLoop> loop;  // reads what the stores hold: destroyed before them
  std::atomic<bool> stopping{false};
  std::map<std::size_t, Change> changes;
  std::mutex inbox_mutex;
  std::vector<std::function<void()>> inbox;
  Worker<std::function<void()>> maker{[](std::vector<std::function<void()>>& given) {
    for (const auto& work : given) work();
  }};
  std::vector<Work> taken;
  std::thread thread;
};

}  // namespace server
