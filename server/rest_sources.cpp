// The addresses of sources and of what nobody could read.
#include "server/problem.h"
#include "server/rest.h"
#include "server/sources.h"

namespace server {

void Rest::add_source_routes(std::vector<Route>& routes) {
  const auto add = [&](const char* method, const char* pattern, std::set<std::string> parameters,
                       void (*run)(Rest&, Call)) { routes.push_back({method, pattern, std::move(parameters), run}); };
  add("POST", "/v1/sources/{}", {"*"}, [](Rest& rest, Call call) { rest.post_source(std::move(call)); });
  add("GET", "/v1/sources", {"scope"}, [](Rest& rest, Call call) { rest.list_sources(std::move(call)); });
  add("GET", "/v1/sources/{}", {}, [](Rest& rest, Call call) {
    call.reply(rest.sources_.show(*call.tenant, call.parts[0]));
  });
  const std::set<std::string> some{"source", "code", "number", "after"};
  add("POST", "/v1/quarantine/replay", some,
      [](Rest& rest, Call call) { rest.change_quarantine(std::move(call), &Sources::replay); });
  add("POST", "/v1/quarantine/purge", some,
      [](Rest& rest, Call call) { rest.change_quarantine(std::move(call), &Sources::purge); });
  add("GET", "/v1/quarantine", {"source", "code", "number", "after", "limit"}, [](Rest& rest, Call call) {
    call.reply(rest.sources_.quarantine(*call.tenant, call.request.query));
  });
  add("GET", "/v1/quarantine/{}", {}, [](Rest& rest, Call call) {
    call.reply(rest.sources_.quarantined(*call.tenant, call.parts[0]));
  });
}

std::optional<Response> Rest::not_taking(const Call& call) {
  if (draining_) return try_later(503, "draining", "the server is stopping", 5);
  if (!low_space_.empty()) {
    ++call.tenant->metrics.no_space;
    return try_later(503, "low_disk_space", low_space_ + "; nothing was taken", 10);
  }
  return std::nullopt;
}

void Rest::list_sources(Call call) {
  const auto scope = call.request.query.find("scope");
  if (scope == call.request.query.end()) return call.reply(sources_.list(*call.tenant, nullptr));
  std::set<std::string> names;
  for (const SourceConfig& source : call.tenant->config.sources) names.insert(source.name);
  const auto feeding = [names, scope = scope->second](core::Engine& engine) {
    std::set<std::string> found;
    for (const std::string& name : names) {
      if (engine.feeds(name, scope)) found.insert(name);
    }
    return found;
  };
  const auto list = [this, tenant = call.tenant, reply = call.reply](const std::set<std::string>& only) {
    reply(sources_.list(*tenant, &only));
  };
  if (call.tenant->shard->ask(call.tenant->index, feeding, list)) return;
  call.reply(try_later(503, "overloaded", "too much is waiting to be applied", 1));
}

void Rest::post_source(Call call) {
  if (auto refusal = not_taking(call)) return call.reply(std::move(*refusal));
  sources_.post(*call.tenant, call.parts[0], call.request, call.reply);
}

void Rest::change_quarantine(Call call, void (Sources::*change)(Tenant&, const std::map<std::string, std::string>&,
                                                                const Reply&)) {
  if (auto refusal = not_taking(call)) return call.reply(std::move(*refusal));
  (sources_.*change)(*call.tenant, call.request.query, call.reply);
}

}  // namespace server
