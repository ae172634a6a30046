// Rest: answers every HTTP request that is not the stream: events in, KPIs out, the page, health and metrics
// (docs/rest.md). `handle` answers once, now or later. I/O thread only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ingest/json_events.h"
#include "server/alert_commands.h"
#include "server/config.h"
#include "server/hooks.h"
#include "server/message.h"
#include "server/metrics.h"
#include "server/past.h"
#include "server/tenant.h"

namespace server {

class Sources;

class Rest {
 public:
  using Reply = std::function<void(Response)>;

  Rest(const Config& config, Tenants& tenants, Past& past, Hooks& hooks, Sources& sources, ProcessMetrics& metrics);

  void handle(Request request, Reply reply);
  void drain() { draining_ = true; }  // readyz says no from now on
  // Why there is too little space to acknowledge events; empty: there is enough.
  void low_space(std::string reason) { low_space_ = std::move(reason); }

 private:
  struct Call {  // a request on its way
    Request request;
    Tenant* tenant = nullptr;
    std::vector<std::string> parts;  // of the path that stand for {}
    Reply reply;
  };
  struct Route {
    const char* method;
    const char* pattern;  // {} stands for one part, at the end for all that is left
    std::set<std::string> parameters;  // "*": any
    void (*run)(Rest& rest, Call call);
  };

  void dispatch(const Route& route, Call call);
  void post_events(Call call);
  void post_command(Call call, const core::Result<AlertCommand>& command);
  void finish_events(Tenant& tenant, ingest::Batch parsed, EventsResult result, std::int64_t received_us,
                     const Reply& reply);
  void ask(Call call, std::function<Response(core::Engine&)> question);  // of now, or of ?asof=
  void look_back(const Tenant& tenant, const std::string& asof, core::Time now, const Past::Question& question,
                 const Reply& reply);
  static const std::vector<Route>& routes();
  static void add_alert_routes(std::vector<Route>& routes);
  static void add_source_routes(std::vector<Route>& routes);
  void post_source(Call call);
  void list_sources(Call call);
  void change_quarantine(Call call, void (Sources::*change)(Tenant&, const std::map<std::string, std::string>&,
                                                            const Reply&));
  std::optional<Response> not_taking(const Call& call);  // events
  void list_views(Call call);
  void show_view(Call call);
  Response asset(const Request& request) const;
  Response readiness(const Request& request) const;
  std::optional<Response> not_ready(const Tenant& tenant) const;

  const Config& config_;
  Tenants& tenants_;
  Past& past_;
  Hooks& hooks_;
  Sources& sources_;
  ProcessMetrics& metrics_;
  ingest::JsonEvents parser_;
  bool draining_ = false;
  std::string low_space_;
};

// The text of /metrics.
std::string metrics_page(const Tenants& tenants, const Sources& sources, const ProcessMetrics& metrics);

}  // namespace server
