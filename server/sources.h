// Sources: all sources of all tenants at work, and what of them is asked over HTTP: their health, what could not be
// understood, and the messages that come as requests. They begin when their tenant is there, and a changed
// configuration stops, starts and keeps them. I/O thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/config.h"
#include "server/message.h"
#include "server/quarantine.h"
#include "server/source.h"
#include "server/source_inlets.h"
#include "server/tenant.h"

namespace server {

class Sources {
 public:
  using Reply = std::function<void(Response)>;

  Sources(boost::asio::io_context& io, const Config& config, Tenants& tenants, const Seams& seams,
          ProcessMetrics& metrics);
  ~Sources();

  // `failed`: the disk does not take what sources leave there.
  void start(SourceDisk::Failed failed);
  void drain();  // nothing more is read; what is on its way is finished
  void stop();  // nothing is read any more
  // After the tenants are those of `config`, and before any that is gone is destroyed. Sources that are as they were
  // go on; the others stop, and go on as new ones where they were.
  void configure(const Config& config);
  // Nothing is taken while there is too little room on the disk.
  void hold(bool held);

  // ---- HTTP (docs/rest.md) ----
  void post(Tenant& tenant, const std::string& source, const Request& request, const Reply& reply);
  Response list(const Tenant& tenant) const;
  Response show(const Tenant& tenant, const std::string& source) const;
  Response quarantine(const Tenant& tenant, const std::map<std::string, std::string>& query) const;
  Response quarantined(const Tenant& tenant, const std::string& number) const;
  void replay(Tenant& tenant, const std::map<std::string, std::string>& query, const Reply& reply);
  void purge(Tenant& tenant, const std::map<std::string, std::string>& query, const Reply& reply);
  void append_metrics(MetricsText& text) const;
  // Events that came over /v1/events.
  void heard(Tenant& tenant, std::span<const core::Event> events);

  // Of a source that listens; 0: it does not (yet).
  std::uint16_t port(const std::string& tenant, const std::string& source) const;

 private:
  struct Timer;
  struct Running {
    std::shared_ptr<Source> source;
    std::shared_ptr<SourceInlet> inlet;
    std::string failed;  // why it did not begin
  };
  struct OfTenant {
    Tenant* tenant = nullptr;
    Limits limits;
    std::unique_ptr<Quarantine> quarantine;  // once the tenant is there
    bool spoke_anew = false;                 // of a scope: to be shown, and kept
    std::map<std::string, Running> running;
    std::vector<std::shared_ptr<Source>> ending;  // stopped, with something still on its way
  };

  void tick();
  void begin(OfTenant& owner);
  void cover(OfTenant& owner, const TenantConfig& config);
  void show_coverage(OfTenant& owner);
  void begin(OfTenant& owner, const SourceConfig& config);
  static void end(OfTenant& owner, Running& running);
  const OfTenant* owner_of(const Tenant& tenant) const;
  OfTenant* owner_of(const Tenant& tenant);
  std::vector<const Quarantined*> chosen(const OfTenant& owner, const std::map<std::string, std::string>& query) const;

  boost::asio::io_context& io_;
  Tenants& tenants_;
  ProcessMetrics& metrics_;
  SourceDisk disk_;
  std::map<std::string, OfTenant> owners_;  // by tenant
  std::unique_ptr<Timer> timer_;
  bool held_ = false;
  bool draining_ = false;
  SourceDisk::Failed failed_;
};

}  // namespace server
