#include "server/shard_storage.h"

#include <utility>

#include "server/clock.h"
#include "server/log.h"
#include "server/recovery.h"
#include "state/failpoint.h"

namespace server {

ShardStorage::ShardStorage(const Storage& storage, const Seams& seams, std::function<void()> wake, Failed failed)
    : storage_(storage),
      seams_(seams),
      wake_(std::move(wake)),
      on_failure_(std::move(failed)),
      journal_([this](std::vector<Appended>& waiting) { commit(waiting); }),
      checkpoints_([this](std::vector<ToWrite>& waiting) { write(waiting); }) {}

ShardStorage::~ShardStorage() { stop(); }

core::Status ShardStorage::open(std::size_t tenant, const TenantConfig& config, ShardLoop& loop,
                                const state::Progress& progress) {
  state::StoreOptions options;
  options.folder = *storage_.folder + "/" + config.settings.name;
  options.disk = seams_.disk;
  options.kept_copies = storage_.kept_copies;
  options.id_horizon = storage_.id_horizon;
  options.on_damage = [this](const core::Error& error) { fail(error); };
  auto opened = state::Store::open(options, progress);
  if (!opened) return opened.error();
  state::Store& store = **opened;
  for (const std::string& note : store.notes()) log_info(note);

  RecoveryOptions how;
  how.settings = config.settings;
  how.id_horizon = storage_.id_horizon;
  how.on_damage = [this](const core::Error& error) { fail(error); };
  auto recovered = recover(store, how, progress);
  if (!recovered) return recovered.error();
  if (recovered->refused > 0) {
    log_warn(config.settings.name + ": " + std::to_string(recovered->refused) +
             " items of the journal are refused now that were accepted then: limits have changed");
  }
  Keeping::Start start;
  start.last = store.last();
  start.applied_at = recovered->engine->now();
  start.checkpoint = store.checkpoint();
  start.archive = std::move(recovered->archive);
  start.seen = std::move(recovered->seen);
  start.interval = storage_.checkpoint_interval;
  stores_[tenant] = std::move(*opened);
  return loop.add_tenant(tenant, config, std::move(recovered->engine), std::move(start));
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

const state::Store* ShardStorage::store(std::size_t tenant) const { return stores_.at(tenant).get(); }

// ---- the journal's thread -----------------------------------------------------------------------------------

void ShardStorage::commit(std::vector<Appended>& waiting) {
  std::map<std::size_t, std::vector<state::Append>> groups;
  for (const Appended& one : waiting) groups[one.tenant].push_back({one.applied_at, one.payload});
  for (const auto& [tenant, group] : groups) {
    if (failed()) return;
    state::Store& store = *stores_.at(tenant);
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
    state::Store& store = *stores_.at(one.tenant);
    const std::uint64_t generation = one.checkpoint.batch.info.generation;
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
