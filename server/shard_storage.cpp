#include "server/shard_storage.h"

#include <utility>

#include "server/clock.h"
#include "server/log.h"
#include "server/recovery.h"
#include "state/failpoint.h"

namespace server {

ShardStorage::ShardStorage(const Storage& storage, const Seams& seams, std::function<void()> wake, Failed failed,
                           std::function<core::Status()> flush_outbox)
    : storage_(storage),
      seams_(seams),
      wake_(std::move(wake)),
      on_failure_(std::move(failed)),
      flush_outbox_(std::move(flush_outbox)),
      journal_([this](std::vector<Appended>& waiting) { commit(waiting); }),
      checkpoints_([this](std::vector<ToWrite>& waiting) { write(waiting); }) {}

ShardStorage::~ShardStorage() { stop(); }

core::Result<ShardStorage::Opened> ShardStorage::open(std::size_t tenant, const TenantConfig& config,
                                                      const state::Progress& progress) {
  if (store(tenant) == nullptr) {
    state::StoreOptions options;
    options.folder = *storage_.folder + "/" + config.settings.name;
    options.disk = seams_.disk;
    options.kept_copies = storage_.kept_copies;
    options.id_horizon = storage_.id_horizon;
    options.on_damage = [this](const core::Error& error) { fail(error); };
    auto made = state::Store::open(options, progress);
    if (!made) return made.error();
    for (const std::string& note : (*made)->notes()) log_info(note);
    const std::lock_guard lock(mutex_);
    stores_[tenant] = std::move(*made);
  }
  state::Store& store = opened(tenant);
  auto recovered = recover(store, recovery_options(config), progress);
  if (!recovered) return recovered.error();
  if (recovered->refused > 0) {
    log_warn(config.settings.name + ": " + std::to_string(recovered->refused) +
             " items of the journal are refused now that were accepted then: limits have changed");
  }
  Opened ready;
  ready.engine = std::move(recovered->engine);
  ready.start.last = store.last();
  ready.start.applied_at = ready.engine->now();
  ready.start.checkpoint = store.checkpoint();
  ready.start.archive = std::move(recovered->archive);
  ready.start.seen = std::move(recovered->seen);
  ready.start.interval = storage_.checkpoint_interval;
  return ready;
}

RecoveryOptions ShardStorage::recovery_options(const TenantConfig& config) {
  RecoveryOptions how;
  how.settings = config.settings;
  how.id_horizon = storage_.id_horizon;
  how.on_damage = [this](const core::Error& error) { fail(error); };
  return how;
}

core::Result<std::unique_ptr<state::StateArchive>> ShardStorage::start_over(std::size_t tenant) {
  state::Store& store = opened(tenant);
  const core::Status done = store.start_over("it was summed up under other settings");
  if (!done) return done.error();
  return store.archive();
}

void ShardStorage::start() {
  journal_.start();
  checkpoints_.start();
}

void ShardStorage::stop() {
  journal_.stop();
  checkpoints_.stop();
}

void ShardStorage::append(std::size_t tenant, core::Time applied_at, std::string payload) {
  journal_.put({tenant, applied_at, std::move(payload)});
}

void ShardStorage::checkpoint(std::size_t tenant, Checkpoint checkpoint) {
  checkpoints_.put({tenant, std::move(checkpoint)});
}

const state::Store* ShardStorage::store(std::size_t tenant) const {
  const std::lock_guard lock(mutex_);
  const auto it = stores_.find(tenant);
  return it == stores_.end() ? nullptr : it->second.get();
}

state::Store& ShardStorage::opened(std::size_t tenant) const {
  const std::lock_guard lock(mutex_);
  return *stores_.at(tenant);
}

// ---- the journal's thread -----------------------------------------------------------------------------------

void ShardStorage::commit(std::vector<Appended>& waiting) {
  std::map<std::size_t, std::vector<state::Append>> groups;
  for (const Appended& one : waiting) groups[one.tenant].push_back({one.applied_at, one.payload});
  for (const auto& [tenant, group] : groups) {
    if (failed()) return;
    state::Store& store = opened(tenant);
    const core::Status committed = store.commit(group);
    if (!committed) return fail(committed.error());
    FAILPOINT("before_release");
    notify([tenant = tenant, sequence = store.last().sequence](ShardLoop& loop) {
      loop.synced(tenant, sequence);
      FAILPOINT("after_release");
    });
  }
}

// ---- the checkpoints' thread --------------------------------------------------------------------------------

void ShardStorage::write(std::vector<ToWrite>& waiting) {
  for (ToWrite& one : waiting) {
    if (failed()) return;
    state::Store& store = opened(one.tenant);
    const std::uint64_t generation = one.checkpoint.batch.info.generation;
    // A start makes notices of the journal's tail only: what was released before must be in the outbox.
    const core::Status flushed = flush_outbox_();
    if (!flushed) return fail(flushed.error());
    const core::Status written = store.write_checkpoint(std::move(one.checkpoint.batch));
    if (!written) return fail(written.error());
    if (one.checkpoint.copy) {
      const core::Status copied = store.keep_copy();
      if (!copied) return fail(copied.error());
    }
    notify([tenant = one.tenant, generation](ShardLoop& loop) { loop.written(tenant, generation); });
  }
}

// ---- what happened ------------------------------------------------------------------------------------------

void ShardStorage::notify(Notice notice) {
  {
    const std::lock_guard lock(mutex_);
    notices_.push_back(std::move(notice));
  }
  wake_();
}

void ShardStorage::run_notices(ShardLoop& loop) {
  std::vector<Notice> taken;
  {
    const std::lock_guard lock(mutex_);
    taken.swap(notices_);
  }
  for (const Notice& notice : taken) notice(loop);
}

void ShardStorage::fail(const core::Error& error) {
  if (failed_.exchange(true)) return;
  on_failure_(error);
}

}  // namespace server
