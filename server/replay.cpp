#include "server/replay.h"

#include <charconv>
#include <chrono>
#include <cstdio>
#include <functional>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "ingest/instant.h"
#include "server/check_config.h"
#include "server/clock.h"
#include "server/recording.h"
#include "server/replay_to.h"
#include "server/serve.h"
#include "server/tenant.h"

namespace server {
namespace {

namespace net = boost::asio;

constexpr std::size_t kAtOnce = 1'000;  // items in one batch
constexpr auto kPause = std::chrono::milliseconds(20);

int fail(const core::Error& error) {
  const std::string place = error.where.empty() ? "" : error.where + ": ";
  std::fprintf(stderr, "ringside: %s%s\n", place.c_str(), error.message.c_str());
  return error.code == "bad_usage" ? 2 : 1;
}

// Gives a recording to a tenant, batch after batch, each when its time has come. I/O thread.
class Player {
 public:
  Player(Service& service, Tenant& tenant, const Recording& recording, const ReplayPace& pace)
      : service_(service), tenant_(tenant), recording_(recording), pace_(pace), timer_(service.io()) {}

  void start() {
    begun_ = steady_now();
    shift_ = pace_.clock == TenantClock::wall ? wall_now() - recording_.first() : 0;
    next();
  }

 private:
  void next() {
    const std::size_t total = recording_.items().size();
    if (at_ == total) {
      show(true);
      return;
    }
    const std::size_t end = reached();
    if (end == at_) return wait();
    const auto done = [this, end](const EventsResult& result) {
      accepted_ += result.accepted;
      unchanged_ += result.unchanged;
      refused_ += result.refusals.size();
      at_ = end;
      show(false);
      next();
    };
    ingest::Batch batch = recording_.part(at_, end, shift_, tenant_.config);
    if (!tenant_.shard->submit(tenant_.index, std::move(batch), steady_us(), done)) wait();
  }

  // How far the recording may be played by now, at most a batch.
  std::size_t reached() const {
    const auto& items = recording_.items();
    const std::size_t most = std::min(items.size(), at_ + kAtOnce);
    if (pace_.speed == 0) return most;
    const auto passed = static_cast<double>(steady_now() - begun_) * pace_.speed;
    const core::Time until = recording_.first() + static_cast<core::Duration>(passed);
    std::size_t end = at_;
    while (end < most && items[end].time <= until) ++end;
    return end;
  }

  void wait() {
    timer_.expires_after(kPause);
    timer_.async_wait([this](boost::system::error_code error) {
      if (!error) next();
    });
  }

  void show(bool finished) {
    const Time now = steady_now();
    if (!finished && now - shown_ < 1'000) return;
    shown_ = now;
    const std::string when = at_ == 0 ? "" : ingest::format_instant(recording_.items()[at_ - 1].time + shift_);
    std::fprintf(stderr, "%zu of %zu items, at %s: %zu accepted, %zu unchanged, %zu refused\n", at_,
                 recording_.items().size(), when.c_str(), accepted_, unchanged_, refused_);
    if (finished) std::fprintf(stderr, "All played. The numbers stay until Ctrl-C.\n");
  }

  Service& service_;
  Tenant& tenant_;
  const Recording& recording_;
  ReplayPace pace_;
  net::steady_timer timer_;
  std::size_t at_ = 0;
  std::size_t accepted_ = 0, unchanged_ = 0, refused_ = 0;
  core::Duration shift_ = 0;
  Time begun_ = 0;
  Time shown_ = 0;
};

core::Result<ReplayPace> pace_of(const CommandLine& line) {
  ReplayPace pace;
  const std::string clock = line.option("clock", "data");
  if (clock != "data" && clock != "wall") return core::Error{"bad_usage", "'--clock' must be data or wall", ""};
  pace.clock = clock == "wall" ? TenantClock::wall : TenantClock::data;
  const std::string speed = line.option("speed", pace.clock == TenantClock::wall ? "1" : "max");
  if (speed != "max") {
    const auto [end, error] = std::from_chars(speed.data(), speed.data() + speed.size(), pace.speed);
    const bool whole = error == std::errc() && end == speed.data() + speed.size();
    if (!whole || !(pace.speed > 0) || pace.speed > 1e6) {
      return core::Error{"bad_usage", "'--speed' must be a number above 0, or max", ""};
    }
  }
  if (pace.clock == TenantClock::wall && pace.speed != 1) {
    return core::Error{"bad_usage", "on the wall's clock a day takes a day: '--clock wall' needs '--speed 1'", ""};
  }
  return pace;
}

}  // namespace

int replay(const CommandLine& line) {
  const auto pace = pace_of(line);
  if (!pace) return fail(pace.error());
  auto config = load_config(line);
  if (!config) return fail(config.error());
  auto recording = Recording::load(line.arguments[0], line.option("mapping"), config->limits, wall_now());
  if (!recording) return fail(recording.error());
  std::fprintf(stderr, "%s: %s\n", line.arguments[0].c_str(), recording->summary().c_str());
  if (pace->speed != 0) recording->put_in_order();
  if (line.has("to")) {
    if (line.has("mapping") || pace->clock == TenantClock::wall) {
      return fail(
          {"bad_usage", "'--to' sends the lines of an NDJSON file as they are: no mapping, no other clock", ""});
    }
    const core::Status sent = replay_to(line.option("to"), line.option("tenant"), *recording, *pace);
    return sent ? 0 : fail(sent.error());
  }

  const std::string name = line.option("tenant");
  for (TenantConfig& tenant : config->tenants) {
    if (name.empty() || tenant.settings.name == name) tenant.clock = pace->clock;
  }
  config->storage.folder = "";  // a replay is looked at and forgotten
  auto service = Service::create(std::move(*config));
  if (!service) return fail(service.error());
  Tenant* tenant = (*service)->tenants().find(name);
  if (tenant == nullptr) return fail({"bad_usage", "there is no tenant '" + name + "'", ""});
  std::printf("Wallboard: %s%s\n", (*service)->address().c_str(), name.empty() ? "" : ("?tenant=" + name).c_str());
  std::fflush(stdout);
  Player player(**service, *tenant, *recording, *pace);
  net::post((*service)->io(), [&player] { player.start(); });
  (*service)->on_signals();
  (*service)->run();
  return 0;
}

}  // namespace server
