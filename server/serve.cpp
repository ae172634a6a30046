#include "server/serve.h"

#include <sys/resource.h>
#include <zlib.h>

#include <csignal>
#include <cstdio>
#include <optional>
#include <random>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "server/assets.h"
#include "server/builtin.h"
#include "server/clock.h"
#include "server/fanout.h"
#include "server/hooks.h"
#include "server/http.h"
#include "server/log.h"
#include "server/past.h"
#include "server/reload.h"
#include "server/rest.h"
#include "server/sources.h"
#include "server/tenant.h"

namespace server {
namespace {

namespace net = boost::asio;

constexpr auto kDrainTime = std::chrono::seconds(3);
constexpr auto kLookAround = std::chrono::milliseconds(250);

std::string new_epoch() {
  std::random_device random;
  char text[8];
  std::snprintf(text, sizeof text, "%06x", random() & 0xFFFFFFu);
  return text;
}

// Every connection is a descriptor; the usual soft limit of 1024 is far below `limits.connections`.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

// Construction order is start order, destruction order is stop order.
struct Service::Parts {
  explicit Parts(Config settings) : config(std::move(settings)), signals(io), hangups(io), patience(io), look(io) {}

  Config config;
  ProcessMetrics metrics;
  net::io_context io{1};
  std::unique_ptr<Hooks> hooks;      // receivers of notices
  std::unique_ptr<Tenants> tenants;  // engines, shards, hubs
  std::unique_ptr<Past> past;        // engines of before
  std::unique_ptr<Sources> sources;  // what comes from elsewhere
  std::unique_ptr<Rest> rest;        // questions and events
  std::unique_ptr<Fanout> fanout;    // streams
  std::unique_ptr<Reload> reload;
  std::unique_ptr<Site> site;
  std::unique_ptr<Listener> listener;  // connections
  net::signal_set signals;
  net::signal_set hangups;
  net::steady_timer patience;
  std::optional<state::DiskSpace> space;
  net::steady_timer look;  // at the space, and at what can be let go
  int rounds = 0;
  Service::End end;
  std::function<void(const core::Error&)> failed;  // the disk, while running
  Service::Load again;
};

core::Result<std::unique_ptr<Service>> Service::create(Config config, Seams seams, Load again) {
  raise_descriptor_limit();
  set_log_level(config.log);
  auto parts = std::make_unique<Parts>(std::move(config));
  Parts& p = *parts;
  const std::string epoch = new_epoch();
  const auto post = [&io = p.io](std::function<void()> work) { net::post(io, std::move(work)); };
  HookSeams hook_seams;
  hook_seams.disk = seams.disk;
  const auto failed = [post, &p](const core::Error& error) { post([&p, error] { p.failed(error); }); };
  p.hooks = std::make_unique<Hooks>(hook_seams, failed, [](bool warning, const std::string& text) {
    warning ? log_warn(text) : log_info(text);
  });
  auto tenants = Tenants::create(p.config, seams, epoch, post, p.hooks.get());
  if (!tenants) return tenants.error();
  p.tenants = std::move(*tenants);
  p.past = std::make_unique<Past>(post);
  p.sources = std::make_unique<Sources>(p.io, p.config, *p.tenants, seams, p.metrics);
  p.rest = std::make_unique<Rest>(p.config, *p.tenants, *p.past, *p.hooks, *p.sources, p.metrics);
  p.fanout = std::make_unique<Fanout>(p.io, *p.tenants, p.config.limits, build_name(), p.metrics);
  p.again = std::move(again);
  p.reload = std::make_unique<Reload>(p.config, *p.tenants, *p.hooks, *p.past, *p.fanout);
  p.site = std::make_unique<Site>(Site{p.io, p.config, *p.tenants, *p.rest, *p.fanout, p.metrics, epoch});
  auto listener = Listener::open(*p.site);
  if (!listener) return listener.error();
  p.listener = std::move(*listener);
  if (p.config.storage.keeps()) {
    const std::shared_ptr<state::Disk> disk = seams.disk ? seams.disk : state::Disk::real();
    const core::Status made = disk->make_folder(*p.config.storage.folder);
    if (!made) return made.error();
    const auto source = seams.free_space ? seams.free_space : state::SpaceSource(state::free_space);
    p.space.emplace(*p.config.storage.folder,
                    state::SpaceLimits{p.config.storage.shed_bytes, p.config.storage.resume_bytes}, source);
  }
  return std::unique_ptr<Service>(new Service(std::move(parts)));
}

Service::Service(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {
  parts_->failed = [this](const core::Error& error) { fail(error, false); };
}

Service::~Service() {
  // Shards first: what they post must find the rest alive. The sessions' coroutines then go with the context.
  parts_->tenants->stop();
}

std::uint16_t Service::port() const { return parts_->listener->port(); }

std::string Service::address() const {
  const std::string& address = parts_->config.listen.address;
  const bool any = address == "0.0.0.0" || address == "::";
  const std::string host = any ? "localhost" : address.find(':') == std::string::npos ? address : "[" + address + "]";
  return "http://" + host + ":" + std::to_string(port()) + "/";
}

net::io_context& Service::io() { return parts_->io; }
Sources& Service::sources() { return *parts_->sources; }
Tenants& Service::tenants() { return *parts_->tenants; }

void Service::reload(std::function<void(core::Status)> done) {
  net::post(parts_->io, [&p = *parts_, done = std::move(done)] {
    const auto told = [done](const core::Status& status) {
      if (done) done(status);
    };
    if (p.site->draining) return told(core::Error{"draining", "the server is stopping", ""});
    if (!p.again) {
      log_warn("there is no configuration to read again");
      return told(core::Error{"no_configuration", "there is no file to read again", ""});
    }
    p.reload->begin(p.again(), [&p, told](const core::Status& status) {
      p.sources->configure(p.config);  // also where not all of it could be put in force
      told(status);
    });
  });
}

void Service::await_hangup() {
  parts_->hangups.async_wait([this](boost::system::error_code error, int) {
    if (error) return;
    log_info("reading the configuration again");
    reload();
    await_hangup();
  });
}

void Service::on_signals() {
  parts_->hangups.add(SIGHUP);
  await_hangup();
  parts_->signals.add(SIGINT);
  parts_->signals.add(SIGTERM);
  parts_->signals.async_wait([this](boost::system::error_code error, int) {
    if (error) return;
    log_info("stopping: saying goodbye to the wallboards");
    drain();
  });
}

Service::End Service::run() {
  parts_->hooks->start();
  parts_->tenants->start([this](Tenant& tenant, const Emission&) { parts_->fanout->published(tenant); },
                         [this](Tenant& tenant) { parts_->fanout->told(tenant); },
                         [this](const core::Error& error, bool at_start) { fail(error, at_start); });
  parts_->sources->start([this](const core::Error& error) { fail(error, false); });
  if (parts_->space) look_around();
  parts_->fanout->start();
  parts_->listener->start();
  const auto busy = net::make_work_guard(parts_->io);
  parts_->io.run();
  parts_->sources->stop();
  parts_->tenants->stop();
  parts_->hooks->stop();
  return parts_->end;
}

void Service::look_around() {
  Parts& p = *parts_;
  const std::string before = p.space->reason();
  if (p.space->enough() != before.empty()) {
    log_warn(before.empty() ? p.space->reason() : "there is enough disk space again: taking events");
  }
  p.rest->low_space(p.space->reason());
  p.sources->halt(!p.space->reason().empty());
  p.past->tidy(steady_now());
  p.look.expires_after(kLookAround);
  p.look.async_wait([this](boost::system::error_code error) {
    if (!error) look_around();
  });
}

void Service::fail(const core::Error& error, bool at_start) {
  if (parts_->end.code != 0) return;
  parts_->end = {at_start ? kDataRefused : kDiskFailed, error};
  log_error((error.where.empty() ? "" : error.where + ": ") + error.message);
  drain();
}

void Service::stop() {
  net::post(parts_->io, [this] { drain(); });
}

void Service::drain() {
  if (parts_->site->draining) return;
  parts_->site->draining = true;
  parts_->rest->drain();
  parts_->sources->drain();
  parts_->listener->stop();
  parts_->fanout->drain();
  // A moment for the goodbyes to be read and for answers under way.
  const auto wait = [this](auto again) -> void {
    const bool empty = parts_->fanout->streams() == 0;
    if ((empty && parts_->rounds >= 2) || ++parts_->rounds * 50 > kDrainTime / std::chrono::milliseconds(1)) {
      parts_->io.stop();
      return;
    }
    parts_->patience.expires_after(std::chrono::milliseconds(50));
    parts_->patience.async_wait([again](boost::system::error_code error) {
      if (!error) again(again);
    });
  };
  wait(wait);
}

std::string build_name() {
  uLong crc = crc32(0, nullptr, 0);
  const auto add = [&crc](std::string_view text) {
    crc = crc32(crc, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size()));
  };
  for (const Asset& asset : assets()) add(asset.etag);
  add(builtin_catalogue());
  char text[32];
  std::snprintf(text, sizeof text, "0.1.0+%08lx", crc);
  return text;
}

std::vector<core::KpiSpec> builtin_kpis() {
  auto kpis = parse_kpis(builtin_catalogue(), "built-in catalogue");
  if (!kpis) log_error(kpis.error().where + " " + kpis.error().message);
  CHECK(static_cast<bool>(kpis), "the built-in catalogue is valid");
  return std::move(*kpis);
}

}  // namespace server
