// Tenants as the I/O thread knows them: each with its hub, its counts and the shard that owns its engine.
// Views defined by clients are opened once however many look at them, and closed when nobody does for a while.
// I/O thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/config.h"
#include "server/hub.h"
#include "server/metrics.h"
#include "server/shard.h"

namespace server {

struct ClientView {
  bool open = false;
  std::vector<Shard::ViewCallback> waiting;  // for it to be open
  Time unused_since = 0;                     // steady
};

struct Tenant {
  std::size_t index = 0;
  TenantConfig config;
  Shard* shard = nullptr;
  std::unique_ptr<Hub> hub;
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

  // Errors: those of the engines, with the tenant's name; nothing is opened or started yet.
  static core::Result<std::unique_ptr<Tenants>> create(const Config& config, const Seams& seams,
                                                       const std::string& epoch, Post post);
  ~Tenants();

  // `published` is called after a hub has taken in an emission, `failed` when stores cannot be opened or the disk
  // fails: from then on nothing is acknowledged.
  void start(std::function<void(Tenant&, const Emission&)> published,
             std::function<void(const core::Error&, bool at_start)> failed);
  void stop();

  Tenant* find(std::string_view name);  // "" is the default one
  const std::vector<std::unique_ptr<Tenant>>& all() const { return tenants_; }
  bool ticking() const;  // every engine has been given the time
  bool failed() const { return failed_; }

  // Opens the view a client defines, or joins the one that is open. `key` is what the hub will call it.
  static std::string client_view_key(const core::ViewDefinition& definition);
  void open_client_view(Tenant& tenant, const core::ViewDefinition& definition, Time now, Shard::ViewCallback done);
  void close_unused_views(Time now);

 private:
  explicit Tenants(const Limits& limits) : limits_(limits) {}
  void take_in(Emission emission);
  void take_in(std::size_t tenant, Recovery recovery);

  Limits limits_;
  std::vector<std::unique_ptr<Tenant>> tenants_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::function<void(Tenant&, const Emission&)> published_;
  std::function<void(const core::Error&, bool at_start)> on_failure_;
  bool failed_ = false;
};

}  // namespace server
