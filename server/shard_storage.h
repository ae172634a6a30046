// ShardStorage: the stores of a shard's tenants and the two threads that wait for the disk on its behalf: one
// commits what was appended, a group at a time, the other writes checkpoints and keeps copies. What they have
// done is told as notices, to be run on the shard's thread.
//
// A disk that fails once is never trusted again: nothing more is committed, and `failed` is called, once.
// `append`, `checkpoint`, `run_notices`, `start_over`: the shard's thread. `open`: that or another. `store`: any
// thread, once it is open.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "server/config.h"
#include "server/keeping.h"
#include "server/recovery.h"
#include "server/seams.h"
#include "server/shard_loop.h"
#include "server/worker.h"
#include "state/store.h"

namespace server {

class ShardStorage {
 public:
  using Failed = std::function<void(core::Error)>;  // any thread

  // `wake` makes the shard's thread call run_notices soon. `flush_outbox`: what was released before is durable there.
  ShardStorage(const Storage& storage, const Seams& seams, std::function<void()> wake, Failed failed,
               std::function<core::Status()> flush_outbox);
  ~ShardStorage();

  // A tenant as it was. Opens its store, if it is not open; nobody else uses it.
  struct Opened {
    Keeping::Start start;
    std::unique_ptr<core::Engine> engine;
  };
  core::Result<Opened> open(std::size_t tenant, const TenantConfig& config, const state::Progress& progress);
  void start();
  void stop();  // what was appended is still committed

  void append(std::size_t tenant, core::Time applied_at, std::string payload);
  void checkpoint(std::size_t tenant, Checkpoint checkpoint);
  void run_notices(ShardLoop& loop);
  bool failed() const { return failed_.load(); }

  const state::Store* store(std::size_t tenant) const;
  // For an engine that is made to take a tenant's place.
  RecoveryOptions recovery_options(const TenantConfig& config);
  // What the state of a tenant holds is of no use under other settings. Its archive from now on.
  core::Result<std::unique_ptr<state::StateArchive>> start_over(std::size_t tenant);

 private:
  struct Appended {
    std::size_t tenant = 0;
    core::Time applied_at = 0;
    std::string payload;
  };
  struct ToWrite {
    std::size_t tenant = 0;
    Checkpoint checkpoint;
  };
  using Notice = std::function<void(ShardLoop&)>;

  state::Store& opened(std::size_t tenant) const;
  void commit(std::vector<Appended>& waiting);
  void write(std::vector<ToWrite>& waiting);
  void notify(Notice notice);
  void fail(const core::Error& error);

  Storage storage_;
  Seams seams_;
  std::function<void()> wake_;
  Failed on_failure_;
  std::function<core::Status()> flush_outbox_;
  std::atomic<bool> failed_{false};
  mutable std::mutex mutex_;  // of the two below
  std::map<std::size_t, std::unique_ptr<state::Store>> stores_;
  std::vector<Notice> notices_;
  Worker<Appended> journal_;
  Worker<ToWrite> checkpoints_;
};

}  // namespace server
