// Sources: all sources of all tenants at work, and what of them is asked over HTTP: their health, what could not be
// understood, and the messages that come as requests. They begin when their tenant is there, and a changed
// configuration stops, starts and keeps them. I/O thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
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
  // After the tenants are those of `config`. Sources that are as they were go on; so do those whose messages come as
  // they did, with other options for reading them. The others are replaced, once what is on its way is synced, by new
  // ones that go on where they were.
  void configure(const Config& config);
  // Nothing is taken while there is too little room on the disk.
  void halt(bool halted);

  // ---- HTTP (docs/rest.md) ----
  void post(Tenant& tenant, const std::string& source, const Request& request, const Reply& reply);
  // `only`: those of these names; null: all.
  Response list(const Tenant& tenant, const std::set<std::string>* only) const;
  Response show(const Tenant& tenant, const std::string& source) const;
  Response quarantine(const Tenant& tenant, const std::map<std::string, std::string>& query) const;
  Response quarantined(const Tenant& tenant, const std::string& number) const;
  void replay(Tenant& tenant, const std::map<std::string, std::string>& query, const Reply& reply);
  void purge(Tenant& tenant, const std::map<std::string, std::string>& query, const Reply& reply);
  void append_metrics(MetricsText& text) const;

  // Of a source that listens; 0: it does not (yet).
  std::uint16_t port(const std::string& tenant, const std::string& source) const;

 private:
  struct Timer;
  struct Running {
    std::shared_ptr<Source> source;
    std::shared_ptr<SourceInlet> inlet;
    std::string failed;  // why it did not begin
    std::string said;                   // in the log: what is wrong with it; empty: nothing
    bool leaves = false;                // as soon as nothing of it is on its way
    std::optional<SourceConfig> next;   // takes its place then
  };
  struct OfTenant {
    Tenant* tenant = nullptr;
    Limits limits;
    std::unique_ptr<Quarantine> quarantine;  // once the tenant is there
    std::map<std::string, std::shared_ptr<Source>> left;  // taken out: what they leave may not be on the disk yet
    std::map<std::string, Running> running;
  };

  void tick();
  void begin(OfTenant& owner);
  static void say_if_changed(const std::string& name, Running& running, Time wall);
  void begin(OfTenant& owner, const SourceConfig& config);
  void change(OfTenant& owner, Running& running, const SourceConfig* now);
  void replace_those_that_left(OfTenant& owner);
  static void end(Running& running);
  const OfTenant* owner_of(const Tenant& tenant) const;
  OfTenant* owner_of(const Tenant& tenant);
  std::vector<const Quarantined*> chosen(const OfTenant& owner, const std::map<std::string, std::string>& query) const;

  boost::asio::io_context& io_;
  Tenants& tenants_;
  ProcessMetrics& metrics_;
  SourceDisk disk_;
  std::map<std::string, OfTenant> owners_;  // by tenant
  std::unique_ptr<Timer> timer_;
  bool halted_ = false;
  bool draining_ = false;
  SourceDisk::Failed failed_;
};

}  // namespace server
