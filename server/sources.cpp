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

constexpr Time kPassing = 500;  // a state that is not well for less is on the way to another
constexpr auto kTick = std::chrono::milliseconds(100);  // how late a followed file is noticed to have grown

// Whether messages come the same way.
bool same_inlet(const SourceConfig& a, const SourceConfig& b) {
  return a.format == b.format && a.inlet == b.inlet && a.file == b.file && a.from_end == b.from_end &&
         a.host == b.host && a.port == b.port && a.user == b.user && a.password == b.password &&
         a.tls == b.tls && a.tls_ca == b.tls_ca && a.tls_name == b.tls_name && a.plain_login == b.plain_login &&
         a.filters == b.filters && a.reconnect_after == b.reconnect_after;
}

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
  halt(true);
  draining_ = true;
}

void Sources::stop() {
  if (timer_ == nullptr) return;
  timer_.reset();
  for (auto& [name, owner] : owners_) {
    for (auto& [source, running] : owner.running) end(running);
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
    for (auto& [source, running] : owner.running) {
      if (!running.source) continue;
      running.source->tick(wall, steady);
      if (running.inlet) running.inlet->tick();
      say_if_changed(source, running, wall);
    }
    replace_those_that_left(owner);
  }
  timer_->timer.expires_after(kTick);
  timer_->timer.async_wait([this](boost::system::error_code error) {
    if (!error && timer_ != nullptr) tick();
  });
}

void Sources::say_if_changed(const std::string& name, Running& running, Time wall) {
  const SourceHealth& health = running.source->health();
  const std::string now = health.well ? "" : health.state;
  if (now == running.said || (!health.well && wall - health.state_since < kPassing)) return;
  running.said = now;
  const std::string text = "source " + name + ": " + health.state;
  health.well ? log_info(text) : log_warn(text);
}

void Sources::configure(const Config& config) {
  std::map<std::string, OfTenant> before;
  before.swap(owners_);
  for (const TenantConfig& settings : config.tenants) {
    Tenant* tenant = tenants_.find(settings.settings.name);
    if (tenant == nullptr) continue;
    owners_.insert(before.extract(settings.settings.name));  // where it is: its sources know the place
    OfTenant& owner = owners_[settings.settings.name];
    const bool other_limits =
        owner.limits.max_ahead != config.limits.max_ahead || owner.limits.accept_from != config.limits.accept_from;
    owner.limits = config.limits;
    if (owner.tenant != tenant) {  // another one of the same name: nothing of the old one goes on
      for (auto& [name, running] : owner.running) end(running);
      owner.running.clear();
      owner.left.clear();
      owner.quarantine.reset();
      owner.tenant = tenant;
    }
    if (!owner.quarantine) continue;
    owner.quarantine->limit(settings.quarantine);
    for (auto& [name, running] : owner.running) {
      const auto now = std::find_if(settings.sources.begin(), settings.sources.end(),
                                    [&name = name](const SourceConfig& one) { return one.name == name; });
      const bool named = now != settings.sources.end();
      const bool same = named && running.source && !running.leaves && *now == running.source->config();
      if (!same || other_limits) change(owner, running, named ? &*now : nullptr);
    }
    for (const SourceConfig& source : settings.sources) {
      if (!owner.running.contains(source.name)) begin(owner, source);
    }
    replace_those_that_left(owner);
  }
  for (auto& [name, owner] : before) {
    for (auto& [source, running] : owner.running) end(running);
  }
}

void Sources::change(OfTenant& owner, Running& running, const SourceConfig* now) {
  if (now != nullptr && running.source && !running.leaves && same_inlet(*now, running.source->config())) {
    const core::Status changed = running.source->change(*now, owner.limits);
    if (changed) return;
    log_error("source " + now->name + ": " + changed.error().message);
  }
  running.leaves = true;
  running.next.reset();
  if (now != nullptr) running.next = *now;
  if (running.source) running.source->leave();
  if (running.inlet) running.inlet->stop();
}

void Sources::replace_those_that_left(OfTenant& owner) {
  std::vector<std::string> left;
  for (const auto& [name, running] : owner.running) {
    if (running.leaves && (!running.source || running.source->idle())) left.push_back(name);
  }
  for (const std::string& name : left) {
    Running old = std::move(owner.running.at(name));
    owner.running.erase(name);
    if (old.source) owner.left[name] = old.source;
    end(old);
    if (old.next) begin(owner, *old.next);
  }
}

void Sources::begin(OfTenant& owner) {
  Tenant& tenant = *owner.tenant;
  owner.quarantine =
      std::make_unique<Quarantine>(tenant.config.quarantine, disk_, disk_.folder(tenant.name(), "quarantine"));
  const core::Status loaded = owner.quarantine->load();
  if (!loaded) log_warn(tenant.name() + ": what was in quarantine cannot be read: " + loaded.error().message);
  for (const SourceConfig& source : tenant.config.sources) begin(owner, source);
}

void Sources::begin(OfTenant& owner, const SourceConfig& config) {
  Running& running = owner.running[config.name];
  const auto before = owner.left.extract(config.name);
  auto source = std::make_shared<Source>(
      config, owner.limits, Source::Surroundings{*owner.tenant, *owner.quarantine, disk_, metrics_});
  const core::Status begun = source->begin(before.empty() ? nullptr : before.mapped().get());
  if (!begun) {
    running.failed = begun.error().message;
    log_error("source " + config.name + ": " + running.failed);
    return;
  }
  source->halt(halted_);
  running.source = source;
  running.inlet = make_inlet(io_, source);
  if (running.inlet) {
    running.inlet->start();
  } else {
    source->health().become("waiting for requests", true, wall_now());
  }
}

void Sources::end(Running& running) {
  if (running.source) running.source->stop();
  if (running.inlet) running.inlet->stop();
  running.source.reset();
  running.inlet.reset();
}

void Sources::halt(bool halted) {
  if (halted == halted_ || draining_) return;
  halted_ = halted;
  for (auto& [name, owner] : owners_) {
    for (auto& [source, running] : owner.running) {
      if (running.source) running.source->halt(halted);
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
