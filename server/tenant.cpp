#include "server/tenant.h"

#include <algorithm>

#include "server/clock.h"
#include "server/json_text.h"
#include "server/log.h"
#include "windows/check.h"

namespace server {
namespace {

constexpr windows::Duration kKeepUnused = 30'000;  // a page that reloads finds its view still open

}  // namespace

std::uint8_t Tenant::authority(std::string_view source) const {
  const auto it = config.authority.find(source);
  return it == config.authority.end() ? kLiveAuthority : it->second;
}

core::Result<std::unique_ptr<Tenants>> Tenants::create(const Config& config, const Seams& seams,
                                                       const std::string& epoch, Post post, Hooks* receivers) {
  std::unique_ptr<Tenants> tenants(new Tenants(config.limits));
  const std::size_t shards = std::min<std::size_t>(config.shards, config.tenants.size());
  const auto failed = [self = tenants.get()](const core::Error& error, bool at_start) {
    self->failed_ = true;
    self->on_failure_(error, at_start);
  };
  for (std::size_t i = 0; i < shards; ++i) {
    Shard::Hooks hooks;
    hooks.post = post;
    hooks.publish = [self = tenants.get()](Emission emission) { self->take_in(std::move(emission)); };
    hooks.recovering = [self = tenants.get()](std::size_t tenant, Recovery recovery) {
      self->take_in(tenant, std::move(recovery));
    };
    hooks.failed = failed;
    hooks.told = [self = tenants.get()](Told told) { self->take_in(std::move(told)); };
    hooks.receivers = receivers;
    tenants->shards_.push_back(std::make_unique<Shard>(config.limits, config.storage, seams, std::move(hooks)));
  }
  tenants->epoch_ = epoch;
  tenants->keeps_ = config.storage.keeps();
  for (const TenantConfig& settings : config.tenants) {
    Tenant& tenant = tenants->make(settings, !tenants->keeps_);
    const core::Status added = tenant.shard->add_tenant(tenant.index, settings);
    if (!added) {
      core::Error error = added.error();
      error.message = "tenant '" + tenant.name() + "': " + error.message;
      return error;
    }
    for (const core::ViewDefinition& view : settings.views) tenant.hub->open_view(view.id, view.id);
  }
  return tenants;
}

Tenant& Tenants::make(const TenantConfig& settings, bool ready) {
  auto tenant = std::make_unique<Tenant>();
  tenant->index = tenants_.size();
  tenant->config = settings;
  tenant->recovery.ready = ready;
  tenant->shard = shards_[tenant->index % shards_.size()].get();
  tenant->hub = std::make_unique<Hub>(HubOptions{epoch_, 2'000, settings.clock == TenantClock::data});
  present_.push_back(tenant.get());
  tenants_.push_back(std::move(tenant));
  return *tenants_.back();
}

Tenants::~Tenants() { stop(); }

void Tenants::start(std::function<void(Tenant&, const Emission&)> published, std::function<void(Tenant&)> told,
                    std::function<void(const core::Error&, bool at_start)> failed) {
  published_ = std::move(published);
  told_ = std::move(told);
  on_failure_ = std::move(failed);
  for (const auto& shard : shards_) shard->start();
}

void Tenants::stop() {
  for (const auto& shard : shards_) shard->stop();
}

Tenant* Tenants::find(std::string_view name) {
  if (name.empty()) return present_.front();
  const auto it =
      std::find_if(present_.begin(), present_.end(), [&](const Tenant* tenant) { return tenant->name() == name; });
  return it == present_.end() ? nullptr : *it;
}

bool Tenants::ticking() const {
  return std::all_of(present_.begin(), present_.end(), [](const Tenant* tenant) { return tenant->ticking; });
}

void Tenants::take_in(Emission emission) {
  Tenant& tenant = *tenants_.at(emission.tenant);
  tenant.ticking = true;
  tenant.metrics.engine = emission.counts;
  tenant.metrics.now = emission.now;
  tenant.metrics.last_event = emission.last_event;
  const Time now = steady_now();
  for (const ViewUpdate& update : emission.updates) tenant.hub->publish(update, now);
  for (DeadlineUpdate& update : emission.deadlines) {
    const auto watched = tenant.deadlines.find(update.watch);
    if (watched == tenant.deadlines.end()) continue;  // nobody looks any more
    watched->second.newest = std::move(update);
    ++watched->second.version;
  }
  published_(tenant, emission);
  if (!emission.deadlines.empty()) told_(tenant);
}

void Tenants::take_in(Told told) {
  Tenant& tenant = *tenants_.at(told.tenant);
  if (!told.active) {
    for (const auto& [number, alert] : told.changes) ++tenant.metrics.alerts[std::string(core::name(alert.step))];
  }
  tenant.alerts.take_in(told);
  told_(tenant);
}

void Tenants::take_in(std::size_t index, Recovery recovery) {
  Tenant& tenant = *tenants_.at(index);
  tenant.recovery = std::move(recovery);
  const Recovery& now = tenant.recovery;
  if (now.ready && ready_) ready_();
  if (now.ready || now.what == "opening") return;
  const std::string part = now.total == 0 ? "" : " " + std::to_string(now.done * 100 / now.total) + " %";
  log_info(tenant.name() + ": " + now.what + part);
}

std::string Tenants::client_view_key(const core::ViewDefinition& definition) {
  // A control character first: never the id of a configured view.
  std::string key = "\x01";
  append_string(key, definition.id);
  for (const core::ViewGroup& group : definition.groups) {
    key += '[';
    for (const std::string& scope : group.scopes) append_string(key, scope);
    key += ';';
    for (const std::string& column : group.columns) append_string(key, column);
    key += ']';
  }
  return key;
}

void Tenants::open_client_view(Tenant& tenant, const core::ViewDefinition& definition, Time now,
                               Shard::ViewCallback done) {
  const std::string key = client_view_key(definition);
  const auto known = tenant.client_views.find(key);
  if (known != tenant.client_views.end()) {
    known->second.unused_since = now;
    if (known->second.open) {
      done(core::Done{});
    } else {
      known->second.waiting.push_back(std::move(done));
    }
    return;
  }
  if (tenant.client_views.size() >= limits_.client_views) {
    done(core::Error{"too_many_views", "no more views defined by clients for now", "def"});
    return;
  }
  ClientView& view = tenant.client_views[key];
  view.unused_since = now;
  view.waiting.push_back(std::move(done));
  const auto opened = [&tenant, key, name = definition.id](core::Status status) {
    const auto it = tenant.client_views.find(key);
    CHECK(it != tenant.client_views.end(), "a view being opened is kept");
    std::vector<Shard::ViewCallback> waiting = std::move(it->second.waiting);
    if (status) {
      it->second.open = true;
      tenant.hub->open_view(key, name);
    } else {
      tenant.client_views.erase(it);
    }
    for (const Shard::ViewCallback& callback : waiting) callback(status);
  };
  if (!tenant.shard->open_view(tenant.index, key, definition, opened)) {
    opened(core::Error{"overloaded", "too much is waiting; try again", ""});
  }
}

core::Status Tenants::watch_deadlines(Tenant& tenant, const DeadlineWatch& watch) {
  const auto known = tenant.deadlines.find(watch);
  if (known == tenant.deadlines.end() && tenant.deadlines.size() >= limits_.client_views) {
    return core::Error{"too_many_views", "no more lists of deadlines for now", "scope"};
  }
  WatchedDeadlines& watched = tenant.deadlines[watch];
  if (++watched.readers == 1) tenant.shard->watch_deadlines(tenant.index, watch, true);
  return core::Done{};
}

void Tenants::unwatch_deadlines(Tenant& tenant, const DeadlineWatch& watch) {
  const auto known = tenant.deadlines.find(watch);
  CHECK(known != tenant.deadlines.end(), "who stops to look has looked");
  if (--known->second.readers > 0) return;
  tenant.shard->watch_deadlines(tenant.index, watch, false);
  tenant.deadlines.erase(known);
}

void Tenants::close_unused_views(Time now) {
  for (Tenant* tenant : present_) {
    for (auto it = tenant->client_views.begin(); it != tenant->client_views.end();) {
      const std::string& key = it->first;
      ClientView& view = it->second;
      if (!view.open || tenant->hub->subscribers_of(key) > 0) view.unused_since = now;
      if (now - view.unused_since < kKeepUnused) {
        ++it;
        continue;
      }
      tenant->hub->close_view(key);
      tenant->shard->close_view(tenant->index, key);
      it = tenant->client_views.erase(it);
    }
  }
}

// ---- other settings -----------------------------------------------------------------------------------------

void Tenants::change(Tenant& tenant, const TenantConfig& config, Done done) {
  tenant.shard->change_tenant(tenant.index, config,
                              [this, &tenant, config, done](const core::Status& status,
                                                            const std::vector<std::string>& closed) {
                                if (status) changed(tenant, config, closed);
                                done(status);
                              });
}

// The loop's views are those of the new settings by now; what comes next is all of them, whole.
void Tenants::changed(Tenant& tenant, const TenantConfig& config, const std::vector<std::string>& closed) {
  tenant.config = config;
  ++tenant.revision;
  for (const std::string& key : closed) {
    const auto known = tenant.client_views.find(key);
    if (known != tenant.client_views.end()) tenant.client_views.erase(known);
    const std::string name = tenant.hub->name_of(key);
    for (const SubscriberId reader : tenant.hub->drop_view(key)) view_gone_(tenant, reader, name);
  }
  for (const std::string& key : tenant.hub->views()) tenant.hub->renew_view(key);
  for (const core::ViewDefinition& view : config.views) {
    if (!tenant.hub->has_view(view.id)) tenant.hub->open_view(view.id, view.id);
  }
}

void Tenants::add(const TenantConfig& config, Done done) {
  const auto was = std::find_if(tenants_.begin(), tenants_.end(), [&](const auto& tenant) {
    return tenant->stopped && tenant->name() == config.settings.name;
  });
  Tenant& tenant = was == tenants_.end() ? make(config, false) : **was;
  tenant.recovery.ready = false;
  if (tenant.stopped) {
    tenant.stopped = false;
    present_.push_back(&tenant);
  }
  changed(tenant, config, tenant.hub->views());
  tenant.shard->start_tenant(tenant.index, config,
                             [&tenant, done](const core::Status& status, const std::vector<std::string>&) {
                               tenant.recovery.ready = static_cast<bool>(status);
                               done(status);
                             });
}

void Tenants::remove(Tenant& tenant) {
  tenant.stopped = true;
  tenant.client_views.clear();
  std::erase(present_, &tenant);
  tenant.shard->stop_tenant(tenant.index);
}

void Tenants::set_limits(const Limits& limits) {
  limits_ = limits;
  for (const auto& shard : shards_) shard->set_limits(limits);
}

void Tenants::set_default(std::string_view name) {
  const auto it =
      std::find_if(present_.begin(), present_.end(), [&](const Tenant* tenant) { return tenant->name() == name; });
  CHECK(it != present_.end(), "the default tenant is there");
  std::rotate(present_.begin(), it, it + 1);
}

}  // namespace server
