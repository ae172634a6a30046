// Tenants as the I/O thread knows them: each with its hub, its counts and the shard that owns its engine.
// Views defined by clients are opened once however many look at them, and closed when nobody does for a while.
// I/O thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/alert_feed.h"
#include "server/config.h"
#include "server/hooks.h"
#include "server/hub.h"
#include "server/metrics.h"
#include "server/shard.h"

namespace server {

struct ClientView {
  bool open = false;
  std::vector<Shard::ViewCallback> waiting;  // for it to be open
  Time unused_since = 0;                     // steady
};

// A list of deadlines that streams look at.
struct WatchedDeadlines {
  DeadlineUpdate newest;
  std::uint64_t version = 0;  // 0: not yet told
  std::size_t readers = 0;
};

struct Tenant {
  std::size_t index = 0;
  TenantConfig config;
  std::uint64_t revision = 1;  // of its settings
  bool stopped = false;        // the configuration does not name it any more
  Shard* shard = nullptr;
  std::unique_ptr<Hub> hub;
  AlertFeed alerts;
  std::map<DeadlineWatch, WatchedDeadlines> deadlines;
  TenantMetrics metrics;
  std::map<std::string, ClientView> client_views;  // by key
  Recovery recovery;
  bool ticking = false;                            // its engine has been given the time
  std::int64_t last_framed = 0;                    // stamp of the newest update some stream was sent

  const std::string& name() const { return config.settings.name; }
  std::uint8_t authority(std::string_view source) const;
};

class Tenants {
 public:
  using Post = std::function<void(std::function<void()>)>;

  // Errors: those of the engines, with the tenant's name; nothing is opened or started yet. `receivers`: of notices;
  // null where nothing will be started.
  static core::Result<std::unique_ptr<Tenants>> create(const Config& config, const Seams& seams,
                                                       const std::string& epoch, Post post, Hooks* receivers);
  ~Tenants();

  // `published` is called after a hub has taken in an emission, `told` after alerts or deadlines changed, `failed`
  // when stores cannot be opened or the disk fails: from then on nothing is acknowledged.
  void start(std::function<void(Tenant&, const Emission&)> published, std::function<void(Tenant&)> told,
             std::function<void(const core::Error&, bool at_start)> failed);
  void stop();

  // While everything goes on (server/reload.h). `done` once the settings are in force, or why they are not.
  using Done = std::function<void(core::Status)>;
  void change(Tenant& tenant, const TenantConfig& config, Done done);
  void add(const TenantConfig& config, Done done);
  void remove(Tenant& tenant);
  void set_limits(const Limits& limits);
  void set_default(std::string_view name);
  // Called for each reader of a view that is no more.
  void on_view_gone(std::function<void(Tenant&, SubscriberId, const std::string& view)> gone) {
    view_gone_ = std::move(gone);
  }
  // Called when the state of one has been read at the start.
  void on_ready(std::function<void()> ready) { ready_ = std::move(ready); }

  Tenant* find(std::string_view name);  // "" is the default one
  const std::vector<Tenant*>& all() const { return present_; }
  bool ticking() const;  // every engine has been given the time
  bool failed() const { return failed_; }

  // Opens the view a client defines, or joins the one that is open. `key` is what the hub will call it.
  static std::string client_view_key(const core::ViewDefinition& definition);
  void open_client_view(Tenant& tenant, const core::ViewDefinition& definition, Time now, Shard::ViewCallback done);
  void close_unused_views(Time now);
  // For one reader more or less. Errors: too_many_views.
  core::Status watch_deadlines(Tenant& tenant, const DeadlineWatch& watch);
  void unwatch_deadlines(Tenant& tenant, const DeadlineWatch& watch);

 private:
  explicit Tenants(const Limits& limits) : limits_(limits) {}
  void take_in(Emission emission);
  void take_in(Told told);
  void take_in(std::size_t tenant, Recovery recovery);

  Limits limits_;
  Tenant& make(const TenantConfig& settings, bool ready);
  void changed(Tenant& tenant, const TenantConfig& config, const std::vector<std::string>& closed);

  std::string epoch_;
  bool keeps_ = false;
  std::vector<std::unique_ptr<Tenant>> tenants_;  // by index, also those that were stopped
  std::vector<Tenant*> present_;                  // the first is the default
  std::vector<std::unique_ptr<Shard>> shards_;
  std::function<void(Tenant&, const Emission&)> published_;
  std::function<void(Tenant&)> told_;
  std::function<void(Tenant&, SubscriberId, const std::string&)> view_gone_;
  std::function<void()> ready_;
  std::function<void(const core::Error&, bool at_start)> on_failure_;
  bool failed_ = false;
};

}  // namespace server
