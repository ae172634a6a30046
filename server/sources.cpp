#include "server/sources.h"

#include <algorithm>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "server/clock.h"
#include "server/log.h"

namespace server {
namespace {

namespace net = boost::asio;

constexpr const char* kCoverageFile = ".coverage";  // no source may be called so
constexpr auto kTick = std::chrono::milliseconds(100);  // how late a followed file is noticed to have grown

}  // namespace

struct Sources::Timer {
  explicit Timer(net::io_context& io) : timer(io) {}
  net::steady_timer timer;
};

Sources::Sources(net::io_context& io, const Config& config, Tenants& tenants, const Seams& seams,
                 ProcessMetrics& metrics)
    : io_(io),
      tenants_(tenants),
      metrics_(metrics),
      disk_(config.storage, seams, [&io](std::function<void()> work) { net::post(io, std::move(work)); },
            [this](const core::Error& error) { failed_(error); }),
      timer_(std::make_unique<Timer>(io)) {
  configure(config);
}

Sources::~Sources() { stop(); }

void Sources::start(SourceDisk::Failed failed) {
  failed_ = std::move(failed);
  tick();
}

void Sources::drain() {
  hold(true);
  draining_ = true;
}

void Sources::stop() {
  if (timer_ == nullptr) return;
  timer_.reset();
  for (auto& [name, owner] : owners_) {
    for (auto& [source, running] : owner.running) end(owner, running);
    if (owner.quarantine) owner.quarantine->flush();
  }
  disk_.stop();
}

void Sources::tick() {
  const Time wall = wall_now();
  const Time steady = steady_now();
  for (auto& [name, owner] : owners_) {
    if (!owner.quarantine && owner.tenant->recovery.ready) begin(owner);
    if (owner.quarantine) owner.quarantine->expire(wall);
    if (owner.spoke_anew) show_coverage(owner);
    for (auto& [source, running] : owner.running) {
      if (!running.source) continue;
      running.source->tick(wall, steady);
      if (running.inlet) running.inlet->tick();
    }
    std::erase_if(owner.ending, [](const auto& source) { return source->idle(); });
  }
  timer_->timer.expires_after(kTick);
  timer_->timer.async_wait([this](boost::system::error_code error) {
    if (!error && timer_ != nullptr) tick();
  });
}

void Sources::configure(const Config& config) {
  std::map<std::string, OfTenant> before;
  before.swap(owners_);
  for (const TenantConfig& settings : config.tenants) {
    Tenant* tenant = tenants_.find(settings.settings.name);
    if (tenant == nullptr) continue;
    owners_.insert(before.extract(settings.settings.name));  // where it is: its sources know the place
    OfTenant& owner = owners_[settings.settings.name];
    owner.limits = config.limits;
    if (owner.tenant != tenant) {  // another one of the same name: nothing of the old one goes on
      for (auto& [name, running] : owner.running) end(owner, running);
      owner.running.clear();
      owner.ending.clear();
      owner.quarantine.reset();
      owner.tenant = tenant;
    }
    if (!owner.quarantine) continue;
    owner.quarantine->limit(settings.quarantine);
    cover(owner, settings);
    for (auto it = owner.running.begin(); it != owner.running.end();) {
      const auto same = std::find_if(settings.sources.begin(), settings.sources.end(), [&](const SourceConfig& one) {
        return it->second.source && one == it->second.source->config();
      });
      if (same != settings.sources.end()) {
        ++it;
        continue;
      }
      end(owner, it->second);
      it = owner.running.erase(it);
    }
    for (const SourceConfig& source : settings.sources) {
      if (!owner.running.contains(source.name)) begin(owner, source);
    }
  }
  for (auto& [name, owner] : before) {
    for (auto& [source, running] : owner.running) end(owner, running);
  }
}

void Sources::begin(OfTenant& owner) {
  Tenant& tenant = *owner.tenant;
  owner.quarantine =
      std::make_unique<Quarantine>(tenant.config.quarantine, disk_, disk_.folder(tenant.name(), "quarantine"));
  const core::Status loaded = owner.quarantine->load();
  if (!loaded) log_warn(tenant.name() + ": what was in quarantine cannot be read: " + loaded.error().message);
  cover(owner, tenant.config);
  for (const SourceConfig& source : tenant.config.sources) begin(owner, source);
}

// Which sources speak of which scopes outlives a restart: until they speak again it would be unknown.
void Sources::cover(OfTenant& owner, const TenantConfig& config) {
  Tenant& tenant = *owner.tenant;
  std::string known = tenant.coverage.memory();
  if (known.empty()) {
    const auto files = disk_.read(disk_.folder(tenant.name(), "sources"));
    for (std::size_t i = 0; files && i < files->size(); ++i) {
      if ((*files)[i].first == kCoverageFile) known = (*files)[i].second;
    }
  }
  tenant.coverage = Coverage(config.settings.kpis, config.sources);
  tenant.coverage.remember(known);
  owner.spoke_anew = tenant.coverage.watches() || tenant.covered != nullptr;
}

void Sources::show_coverage(OfTenant& owner) {
  Tenant& tenant = *owner.tenant;
  auto now = tenant.coverage.watches() ? std::make_shared<const Coverage>(tenant.coverage) : nullptr;
  if (!tenant.shard->cover(tenant.index, now)) return;  // no room: soon again
  owner.spoke_anew = false;
  tenant.covered = std::move(now);
  disk_.write(disk_.folder(tenant.name(), "sources"), kCoverageFile, tenant.coverage.memory(), true);
}

void Sources::heard(Tenant& tenant, std::span<const core::Event> events) {
  if (!tenant.coverage.watches() || !tenant.coverage.heard(Coverage::kAnyone, events)) return;
  if (OfTenant* owner = owner_of(tenant)) owner->spoke_anew = true;
}

void Sources::begin(OfTenant& owner, const SourceConfig& config) {
  Running& running = owner.running[config.name];
  auto source = std::make_shared<Source>(
      config, owner.limits, Source::Surroundings{*owner.tenant, *owner.quarantine, disk_, metrics_, owner.spoke_anew});
  const core::Status begun = source->begin();
  if (!begun) {
    running.failed = begun.error().message;
    log_error("source " + config.name + ": " + running.failed);
    return;
  }
  source->hold(held_);
  running.source = source;
  running.inlet = make_inlet(io_, source);
  if (running.inlet) {
    running.inlet->start();
  } else {
    source->health().become("waiting for requests", true, wall_now());
  }
}

void Sources::end(OfTenant& owner, Running& running) {
  if (!running.source) return;
  running.source->stop();
  if (running.inlet) running.inlet->stop();
  if (!running.source->idle()) owner.ending.push_back(std::move(running.source));
  running.source.reset();
  running.inlet.reset();
}

void Sources::hold(bool held) {
  if (held == held_ || draining_) return;
  held_ = held;
  for (auto& [name, owner] : owners_) {
    for (auto& [source, running] : owner.running) {
      if (running.source) running.source->hold(held);
    }
  }
}

const Sources::OfTenant* Sources::owner_of(const Tenant& tenant) const {
  const auto it = owners_.find(tenant.name());
  return it == owners_.end() || !it->second.quarantine ? nullptr : &it->second;
}

Sources::OfTenant* Sources::owner_of(const Tenant& tenant) {
  return const_cast<OfTenant*>(std::as_const(*this).owner_of(tenant));
}

std::uint16_t Sources::port(const std::string& tenant, const std::string& source) const {
  const auto owner = owners_.find(tenant);
  if (owner == owners_.end()) return 0;
  const auto running = owner->second.running.find(source);
  return running == owner->second.running.end() || !running->second.inlet ? std::uint16_t{0}
                                                                          : running->second.inlet->port();
}

}  // namespace server
