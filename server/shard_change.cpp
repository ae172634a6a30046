// Tenants that get other settings, come and go while the shard runs.
//
// An engine with the new settings is made on the maker's thread, from what is kept and the journal; what is applied
// meanwhile is logged. Then it is told the log, in pieces on the maker's thread as long as much of it is left, the rest
// here between two batches, and takes the old one's place.
#include <algorithm>
#include <utility>

#include "server/log.h"
#include "server/shard_thread.h"

namespace server {
namespace {

constexpr std::size_t kLeftForHere = 2'000;  // items of the log: about a millisecond

}  // namespace

// ---- I/O thread ---------------------------------------------------------------------------------------------

void Shard::change_tenant(std::size_t tenant, TenantConfig config, Changed done) {
  thread_->tell_shard([thread = thread_.get(), tenant, config = std::move(config), done = std::move(done)] {
    thread->changes[tenant] = {config, done};
  });
}

void Shard::start_tenant(std::size_t tenant, TenantConfig config, Changed done) {
  thread_->waiting[tenant] = {};
  thread_->tell_shard([thread = thread_.get(), tenant, config = std::move(config), done = std::move(done)] {
    thread->open_tenant(tenant, config, done);
  });
}

void Shard::stop_tenant(std::size_t tenant) {
  thread_->tell_shard([thread = thread_.get(), tenant] { thread->loop->remove_tenant(tenant); });
}

void Shard::set_sources(std::size_t tenant, const std::vector<SourceConfig>& sources) {
  thread_->tell_shard([thread = thread_.get(), tenant, sources] { thread->loop->set_sources(tenant, sources); });
}

// ---- the shard's thread -------------------------------------------------------------------------------------

void Shard::Thread::tell_shard(std::function<void()> what) {
  {
    const std::lock_guard lock(inbox_mutex);
    inbox.push_back(std::move(what));
  }
  queue->try_push(Work{});  // a full queue means that the thread is awake anyway
}

void Shard::Thread::run_inbox() {
  std::vector<std::function<void()>> mail;
  {
    const std::lock_guard lock(inbox_mutex);
    mail.swap(inbox);
  }
  for (const auto& what : mail) what();
}

void Shard::Thread::begin_changes() {
  for (auto& [tenant, change] : changes) {
    if (change.begun || !loop->begin_change(tenant)) continue;
    change.begun = true;
    make_engine(tenant);
  }
}

void Shard::Thread::make_engine(std::size_t tenant) {
  const TenantConfig& config = changes.at(tenant).config;
  std::function<core::Result<Rebuilt>()> make;
  if (storage) {
    make = [this, how = storage->recovery_options(config), store = storage->store(tenant),
            upto = loop->appended(tenant)] { return rebuild(*store, how, upto, stopping); };
  } else {
    make = [rows = &loop->rows(tenant), settings = config.settings] { return rebuild(*rows, settings); };
  }
  maker.put([this, tenant, make = std::move(make)] {
    auto made = std::make_shared<core::Result<Rebuilt>>(make());
    tell_shard([this, tenant, made] { engine_made(tenant, made); });
  });
}

void Shard::Thread::engine_made(std::size_t tenant, std::shared_ptr<core::Result<Rebuilt>> made) {
  if (!changes.contains(tenant)) return;  // given up
  if (!*made) return end_change(tenant, made->error());
  if (loop->logged(tenant) <= kLeftForHere) return change_engines(tenant, **made);
  auto log = std::make_shared<std::vector<LoggedBatch>>(loop->take_log(tenant));
  maker.put([this, tenant, made, log] {
    apply_log(*log, (*made)->recovered);
    tell_shard([this, tenant, made] { engine_made(tenant, made); });
  });
}

void Shard::Thread::change_engines(std::size_t tenant, Rebuilt& rebuilt) {
  Change& change = changes.at(tenant);
  apply_log(loop->take_log(tenant), rebuilt.recovered);
  ShardLoop::StartOver start_over;
  if (rebuilt.from_scratch) {
    start_over = [this, tenant] {
      auto archive = storage->start_over(tenant);
      if (archive) return std::move(*archive);
      fail(archive.error(), false);
      return std::unique_ptr<state::StateArchive>();
    };
  }
  loop->change(tenant, change.config, std::move(rebuilt.recovered), start_over,
               [done = change.done](const std::vector<std::string>& closed) { done(core::Done{}, closed); });
  tenants[tenant] = change.config;
  changes.erase(tenant);
}

void Shard::Thread::end_change(std::size_t tenant, const core::Status& status) {
  loop->give_up_change(tenant);
  hooks.post([done = changes.at(tenant).done, status] { done(status, {}); });
  changes.erase(tenant);
}

void Shard::Thread::open_tenant(std::size_t tenant, TenantConfig config, Changed done) {
  tenants[tenant] = config;
  using Ready = core::Result<ShardStorage::Opened>;
  maker.put([this, tenant, config = std::move(config), done = std::move(done)] {
    std::shared_ptr<Ready> ready;
    if (storage) ready = std::make_shared<Ready>(storage->open(tenant, config, {}));
    core::Status opened = !ready || *ready ? open_outbox(config) : core::Status(ready->error());
    tell_shard([this, tenant, config, done, ready, opened] {
      core::Status added = opened;
      if (added && ready) {
        added = loop->add_tenant(tenant, config, std::move((*ready)->engine), std::move((*ready)->start));
        if (added) loop->started(tenant);
      } else if (added) {
        added = loop->add_tenant(tenant, config);
      }
      hooks.post([done, added] { done(added, {}); });
    });
  });
}

// Before a stop. What was applied is in the journal; the next start uses what the configuration says then.
void Shard::Thread::give_up_changes() {
  run_inbox();
  for (const auto& [tenant, change] : changes) {
    if (change.begun) loop->give_up_change(tenant);
  }
  changes.clear();
}

}  // namespace server
