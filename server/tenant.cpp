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
                                                       const std::string& epoch, Post post) {
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
    tenants->shards_.push_back(std::make_unique<Shard>(config.limits, config.storage, seams, std::move(hooks)));
  }
  for (const TenantConfig& settings : config.tenants) {
    auto tenant = std::make_unique<Tenant>();
    tenant->index = tenants->tenants_.size();
    tenant->config = settings;
    tenant->recovery.ready = !config.storage.keeps();
    tenant->shard = tenants->shards_[tenant->index % shards].get();
    tenant->hub = std::make_unique<Hub>(HubOptions{epoch, 2'000, settings.clock == TenantClock::data});
    const core::Status added = tenant->shard->add_tenant(tenant->index, settings);
    if (!added) {
      core::Error error = added.error();
      error.message = "tenant '" + tenant->name() + "': " + error.message;
      return error;
    }
    for (const core::ViewDefinition& view : settings.views) tenant->hub->open_view(view.id, view.id);
    tenants->tenants_.push_back(std::move(tenant));
  }
  return tenants;
}

Tenants::~Tenants() { stop(); }

void Tenants::start(std::function<void(Tenant&, const Emission&)> published,
                    std::function<void(const core::Error&, bool at_start)> failed) {
  published_ = std::move(published);
  on_failure_ = std::move(failed);
  for (const auto& shard : shards_) shard->start();
}

void Tenants::stop() {
  for (const auto& shard : shards_) shard->stop();
}

Tenant* Tenants::find(std::string_view name) {
  if (name.empty()) return tenants_.front().get();
  const auto it =
      std::find_if(tenants_.begin(), tenants_.end(), [&](const auto& tenant) { return tenant->name() == name; });
  return it == tenants_.end() ? nullptr : it->get();
}

bool Tenants::ticking() const {
  return std::all_of(tenants_.begin(), tenants_.end(), [](const auto& tenant) { return tenant->ticking; });
}

void Tenants::take_in(Emission emission) {
  Tenant& tenant = *tenants_.at(emission.tenant);
  tenant.ticking = true;
  tenant.metrics.engine = emission.counts;
  tenant.metrics.now = emission.now;
  tenant.metrics.last_event = emission.last_event;
  const Time now = steady_now();
  for (const ViewUpdate& update : emission.updates) tenant.hub->publish(update, now);
  published_(tenant, emission);
}

void Tenants::take_in(std::size_t index, Recovery recovery) {
  Tenant& tenant = *tenants_.at(index);
  tenant.recovery = std::move(recovery);
  const Recovery& now = tenant.recovery;
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

void Tenants::close_unused_views(Time now) {
  for (const auto& tenant : tenants_) {
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

}  // namespace server
