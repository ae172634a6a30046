#include "server/reload.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "server/log.h"

namespace server {

Reload::Reload(Config& config, Tenants& tenants, Hooks& hooks, Past& past, Fanout& fanout)
    : config_(config), tenants_(tenants), hooks_(hooks), past_(past), fanout_(fanout) {
  tenants_.on_view_gone([this](Tenant& tenant, SubscriberId reader, const std::string& view) {
    fanout_.view_gone(tenant, reader, view);
  });
  tenants_.on_ready([this] { begin_waiting(); });
}

// What a tenant has is opened by and by at the start; only then can it be changed or closed.
bool Reload::reading() {
  const auto& all = tenants_.all();
  read_ = read_ || std::all_of(all.begin(), all.end(), [](const Tenant* tenant) { return tenant->recovery.ready; });
  return !read_;
}

void Reload::begin_waiting() {
  if (!waiting_ || under_way_ || reading()) return;
  Asked asked = std::move(*waiting_);
  waiting_.reset();
  begin(std::move(asked.next), std::move(asked.done));
}

void Reload::begin(core::Result<Config> next, Done done) {
  if (under_way_ || reading()) {
    if (waiting_) waiting_->done(core::Error{"superseded", "another reload was asked for", ""});
    waiting_.emplace(Asked{std::move(next), std::move(done)});
    return;
  }
  if (!next) return refuse(next.error(), done);
  // What only an engine can tell: formulas, columns of views.
  const auto trial = Tenants::create(*next, {}, "check", [](const std::function<void()>&) {}, nullptr);
  if (!trial) return refuse(trial.error(), done);
  under_way_ = true;
  keep_what_needs_a_start(*next);
  exchange(*next);
  past_.hold([this, next = std::move(*next), done = std::move(done)] { change_tenants(next, done); });
}

void Reload::refuse(const core::Error& error, const Done& done) {
  ++failed_;
  log_error("the configuration is not reloaded, the old one stays in force:\n" +
            (error.where.empty() ? "" : error.where + ": ") + error.message);
  done(error);
}

void Reload::keep_what_needs_a_start(Config& next) const {
  const auto left = [](const char* what) { log_warn(std::string(what) + " changed: in force after the next start"); };
  if (next.listen.address != config_.listen.address || next.listen.port != config_.listen.port) left("[listen]");
  if (next.shards != config_.shards) left("'shards'");
  if (next.storage != config_.storage) left("[storage]");
  next.listen.address = config_.listen.address;
  next.listen.port = config_.listen.port;
  next.shards = config_.shards;
  next.storage = config_.storage;
  for (TenantConfig& tenant : next.tenants) {
    tenant.settings.retention = config_.storage.retention;
    const Tenant* running = tenants_.find(tenant.settings.name);
    if (running == nullptr || running->config.clock == tenant.clock) continue;
    left("'tenant.clock'");
    tenant.clock = running->config.clock;
  }
}

// What is only looked up.
void Reload::exchange(const Config& next) {
  set_log_level(next.log);
  config_.log = next.log;
  config_.limits = next.limits;
  config_.listen.origins = next.listen.origins;
  tenants_.set_limits(next.limits);
  fanout_.set_limits(next.limits);
}

void Reload::change_tenants(const Config& next, const Done& done) {
  struct Under {
    std::size_t open = 1;
    std::optional<core::Error> error;
  };
  auto under = std::make_shared<Under>();
  const auto one_done = [this, under, next, done](const core::Status& status) {
    if (!status && !under->error) under->error = status.error();
    if (--under->open == 0) finish(next, under->error, done);
  };
  const std::vector<Tenant*> running = tenants_.all();
  for (const TenantConfig& config : next.tenants) {
    Tenant* tenant = tenants_.find(config.settings.name);
    if (tenant == nullptr) {
      ++under->open;
      tenants_.add(config, one_done);
    } else if (tenant->config.fingerprint != config.fingerprint) {
      ++under->open;
      tenants_.change(*tenant, config, one_done);
    } else {
      tenant->config = config;
      tenant->shard->set_sources(tenant->index, config.sources);
    }
  }
  for (Tenant* tenant : running) {
    const bool named = std::any_of(next.tenants.begin(), next.tenants.end(), [&](const TenantConfig& config) {
      return config.settings.name == tenant->name();
    });
    if (named) continue;
    fanout_.tenant_gone(*tenant);
    tenants_.remove(*tenant);
    hooks_.close(tenant->name());
  }
  set_receivers(next);
  one_done(core::Done{});
}

// Those of new tenants are set when their outbox is opened.
void Reload::set_receivers(const Config& next) {
  for (const TenantConfig& config : next.tenants) {
    const Tenant* tenant = tenants_.find(config.settings.name);
    if (tenant == nullptr || !tenant->recovery.ready) continue;
    const core::Status set = hooks_.set_receivers(config.settings.name, config.receivers);
    if (!set) log_error("tenant '" + config.settings.name + "': " + set.error().message);
  }
}

void Reload::finish(const Config& next, const std::optional<core::Error>& error, const Done& done) {
  config_.tenants = next.tenants;
  tenants_.set_default(next.tenants.front().settings.name);
  past_.go_on();
  under_way_ = false;
  if (error) {
    ++failed_;
    log_error("not all of the configuration could be reloaded: " + error->message);
    done(*error);
  } else {
    ++succeeded_;
    log_info("the configuration is reloaded");
    done(core::Done{});
  }
  begin_waiting();
}

}  // namespace server
