#include "server/rest.h"

#include <algorithm>
#include <set>

#include "ingest/body.h"
#include "server/assets.h"
#include "server/clock.h"
#include "server/handshake.h"
#include "server/json_text.h"
#include "server/problem.h"
#include "server/rest_queries.h"
#include "server/sources.h"

namespace server {

namespace {

constexpr std::string_view kContentPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; connect-src 'self' ";

// The parts of `path` where `pattern` has {}; nullopt when it does not match.
std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path) {
  std::vector<std::string> parts;
  while (!pattern.empty() && !path.empty()) {
    if (pattern.starts_with("{}")) {
      const std::string_view part = path.substr(0, pattern.size() == 2 ? path.size() : path.find('/'));
      if (part.empty()) return std::nullopt;
      parts.emplace_back(part);
      pattern.remove_prefix(2);
      path.remove_prefix(part.size());
    } else {
      if (pattern[0] != path[0]) return std::nullopt;
      pattern.remove_prefix(1);
      path.remove_prefix(1);
    }
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return parts;
}

Response text(std::string body) {
  Response response;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(body);
  return response;
}

}  // namespace

Rest::Rest(const Config& config, Tenants& tenants, Past& past, Hooks& hooks, Sources& sources, ProcessMetrics& metrics)
    : config_(config), tenants_(tenants), past_(past), hooks_(hooks), sources_(sources), metrics_(metrics) {}

const std::vector<Rest::Route>& Rest::routes() {
  static const std::vector<Route> all = [] {
    std::vector<Route> routes{
        {"POST", "/v1/events", {"source"}, [](Rest& rest, Call call) { rest.post_events(std::move(call)); }},
        {"GET",
         "/v1/kpis",
         {},
         [](Rest& rest, Call call) {
           rest.ask(std::move(call), kpis_answer);
         }},
        {"GET",
         "/v1/kpis/{}",
         {},
         [](Rest& rest, Call call) {
           const std::string id = call.parts[0];
           rest.ask(std::move(call), [id](core::Engine& engine) { return kpi_answer(engine, id); });
         }},
        {"GET", "/v1/scopes", {"asof"}, [](Rest& rest, Call call) { rest.ask(std::move(call), scopes_answer); }},
        {"GET",
         "/v1/current",
         {"scope", "kpi", "window", "asof"},
         [](Rest& rest, Call call) {
           const Parameters query = call.request.query;
           rest.ask(std::move(call), [query](core::Engine& engine) { return current_answer(engine, query); });
         }},
        {"GET",
         "/v1/history",
         {"scope", "kpi", "from", "to", "step", "asof"},
         [](Rest& rest, Call call) {
           const Parameters query = call.request.query;
           rest.ask(std::move(call), [query](core::Engine& engine) { return history_answer(engine, query); });
         }},
        {"GET",
         "/v1/trend",
         {"scope", "kpi", "minutes", "step", "asof"},
         [](Rest& rest, Call call) {
           const Parameters query = call.request.query;
           rest.ask(std::move(call), [query](core::Engine& engine) { return trend_answer(engine, query); });
         }},
        {"GET",
         "/v1/records/{}/{}",
         {"asof"},
         [](Rest& rest, Call call) {
           const auto parts = call.parts;
           rest.ask(std::move(call),
                    [parts](core::Engine& engine) { return record_answer(engine, parts[0], parts[1]); });
         }},
        {"GET", "/v1/views", {}, [](Rest& rest, Call call) { rest.list_views(std::move(call)); }},
        {"GET", "/v1/views/{}", {"asof"}, [](Rest& rest, Call call) { rest.show_view(std::move(call)); }},
        {"GET",
         "/metrics",
         {},
         [](Rest& rest, Call call) {
           Response response = text(metrics_page(rest.tenants_, rest.sources_, rest.metrics_) + rest.hooks_.metrics());
           response.content_type = "text/plain; version=0.0.4; charset=utf-8";
           call.reply(std::move(response));
         }},
        {"GET", "/livez", {"verbose"}, [](Rest&, Call call) { call.reply(text("ok\n")); }},
        {"GET", "/readyz", {"verbose"}, [](Rest& rest, Call call) { call.reply(rest.readiness(call.request)); }},
    };
    add_alert_routes(routes);
    add_source_routes(routes);
    return routes;
  }();
  return all;
}

void Rest::handle(Request request, Reply reply) {
  bool known_path = false;
  for (const Route& route : routes()) {
    auto parts = match(route.pattern, request.path);
    if (!parts) continue;
    known_path = true;
    const bool head = request.method == "HEAD" && std::string_view(route.method) == "GET";
    if (request.method != route.method && !head) continue;
    return dispatch(route, Call{std::move(request), nullptr, std::move(*parts), std::move(reply)});
  }
  if (known_path || (request.method != "GET" && request.method != "HEAD")) {
    return reply(problem(405, "method_not_allowed", "this address does not know " + request.method));
  }
  reply(asset(request));
}

void Rest::dispatch(const Route& route, Call call) {
  for (const auto& [name, value] : call.request.query) {
    const bool page = !call.request.path.starts_with("/v1/") && !route.parameters.contains(name);
    const bool any = route.parameters.contains("*");
    if (name == "tenant" || any || route.parameters.contains(name) || page) continue;
    return call.reply(problem(400, "unknown_parameter", "this address does not know the parameter '" + name + "'"));
  }
  const auto tenant = call.request.query.find("tenant");
  call.tenant = tenants_.find(tenant == call.request.query.end() ? "" : tenant->second);
  if (call.tenant == nullptr) return call.reply(problem(404, "unknown_tenant", "there is no tenant of that name"));
  if (call.request.method == "POST" && !origin_allowed(call.request, config_.listen.origins)) {
    return call.reply(problem(403, "origin_not_allowed", "pages of this origin may only look"));
  }
  if (call.request.path.starts_with("/v1/")) {
    if (auto later = not_ready(*call.tenant)) return call.reply(std::move(*later));
  }
  route.run(*this, std::move(call));
}

std::optional<Response> Rest::not_ready(const Tenant& tenant) const {
  if (tenants_.failed()) return try_later(503, "disk_failed", "the disk failed; the server is stopping", 5);
  if (!tenant.recovery.ready) return try_later(503, "recovering", "what is stored is being read", 1);
  return std::nullopt;
}

void Rest::ask(Call call, std::function<Response(core::Engine&)> question) {
  const Reply reply = call.reply;
  Tenant& tenant = *call.tenant;
  const auto asof = call.request.query.find("asof");
  if (asof != call.request.query.end()) {
    // The engine's own now: whatever was applied before it is in the journal when the answer comes.
    const auto look = [this, &tenant, text = asof->second, question = std::move(question), reply](core::Time now) {
      look_back(tenant, text, now, question, reply);
    };
    const auto now = [](core::Engine& engine) { return engine.now(); };
    if (tenant.shard->ask(tenant.index, now, look)) return;
    return reply(try_later(503, "overloaded", "too much is waiting to be applied", 1));
  }
  if (tenant.shard->ask(tenant.index, std::move(question), reply)) return;
  reply(try_later(503, "overloaded", "too much is waiting to be applied", 1));
}

void Rest::look_back(const Tenant& tenant, const std::string& asof, core::Time now, const Past::Question& question,
                     const Reply& reply) {
  const auto time = parse_asof(asof, tenant.config.settings.zone, now);
  if (!time) {
    return reply(problem(400, "bad_parameter", "'asof' must be RFC 3339, ms since 1970, or a time of today: 10:32"));
  }
  if (*time < 0 || *time >= now) return reply(problem(400, "bad_range", "'asof' must lie before now"));
  if (past_.ask(tenant, *time, question, reply)) return;
  reply(try_later(503, "overloaded", "somebody else is looking at the past; one at a time", 2));
}

void Rest::post_events(Call call) {
  Tenant& tenant = *call.tenant;
  if (auto refusal = not_taking(call)) return call.reply(std::move(*refusal));
  const auto source = call.request.query.find("source");
  const std::string source_name = source == call.request.query.end() ? "http" : source->second;
  ingest::SourceOptions options;
  options.source = source_name;
  options.max_ahead = config_.limits.max_ahead;
  options.accept_from = config_.limits.accept_from;
  std::vector<ingest::Header> cloud;
  for (const auto& [name, value] : call.request.headers) {
    if (name.starts_with("ce-")) cloud.emplace_back(name, value);
  }
  std::string_view type = call.request.header("content-type");
  if (type == "application/x-www-form-urlencoded") type = {};  // what curl -d says when not told otherwise
  ingest::Batch batch = ingest::parse_body(parser_, type, cloud, std::move(call.request.body), options, wall_now());
  if (batch.refused_by_code.contains("unsupported_media_type")) {
    return call.reply(problem(415, "unsupported_media_type", batch.refusals.front().error.message));
  }
  for (core::Event& event : batch.events) event.authority = tenant.authority(event.source);

  // What the answer needs stays here; the events go to the shard.
  ingest::Batch parsed;
  parsed.refusals = std::move(batch.refusals);
  parsed.refused = batch.refused;
  parsed.clamped = batch.clamped;
  parsed.refused_by_code = std::move(batch.refused_by_code);
  const std::int64_t received = call.request.received_us;
  if (batch.events.empty()) return finish_events(tenant, std::move(parsed), {}, received, call.reply);
  auto kept = std::make_shared<ingest::Batch>(std::move(parsed));
  const auto done = [this, &tenant, kept, received, reply = call.reply](EventsResult result) {
    finish_events(tenant, std::move(*kept), std::move(result), received, reply);
  };
  if (tenant.shard->submit(tenant.index, std::move(batch), received, done)) return;
  ++tenant.metrics.turned_away;
  call.reply(
      try_later(429, "overloaded", "too many events of this tenant are waiting to be applied; nothing was taken", 1));
}

void Rest::finish_events(Tenant& tenant, ingest::Batch parsed, EventsResult result, std::int64_t received_us,
                         const Reply& reply) {
  TenantMetrics& metrics = tenant.metrics;
  metrics.accepted += result.accepted;
  metrics.unchanged += result.unchanged;
  metrics.repeated += result.repeated;
  metrics.clamped += parsed.clamped;
  for (const auto& [code, count] : parsed.refused_by_code) metrics.refused[code] += count;
  for (const ingest::Refusal& refusal : result.refusals) ++metrics.refused[refusal.error.code];
  if (result.accepted + result.unchanged > 0) metrics_.applied.record_us(steady_us() - received_us);

  const std::size_t refused = parsed.refused + result.refusals.size();
  std::vector<ingest::Refusal>& refusals = parsed.refusals;
  std::move(result.refusals.begin(), result.refusals.end(), std::back_inserter(refusals));

  std::string out = R"({"accepted":)" + std::to_string(result.accepted) + R"(,"unchanged":)" +
                    std::to_string(result.unchanged) + R"(,"refused":)" + std::to_string(refused) + ",";
  append_refusals(out, std::move(refusals));
  out += '}';
  Response response;
  response.body = std::move(out);
  reply(std::move(response));
}

void Rest::list_views(Call call) {
  std::set<std::string> ids;
  for (const core::ViewDefinition& view : call.tenant->config.views) ids.insert(view.id);
  Response response;
  response.body = R"({"views":[)";
  for (const std::string& id : ids) {
    if (id != *ids.begin()) response.body += ',';
    append_string(response.body, id);
  }
  response.body += "]}";
  call.reply(std::move(response));
}

void Rest::show_view(Call call) {
  const std::string& id = call.parts[0];
  const Hub& hub = *call.tenant->hub;
  const auto& views = call.tenant->config.views;
  const bool configured = std::any_of(views.begin(), views.end(), [&](const auto& view) { return view.id == id; });
  if (!configured) return call.reply(problem(404, "unknown_view", "no view '" + id + "'; /v1/views lists them"));
  if (call.request.query.contains("asof")) {
    const auto view = std::find_if(views.begin(), views.end(), [&](const auto& one) { return one.id == id; });
    const core::ViewDefinition definition = fitting(*view, call.tenant->config.settings.windows);
    return ask(std::move(call), [definition](core::Engine& engine) { return view_answer(engine, definition); });
  }
  auto body = hub.snapshot_json(id);
  if (!body) return call.reply(try_later(503, "starting", "the view has not been computed yet", 1));
  const std::string etag = "\"" + hub.epoch() + "." + std::to_string(hub.seq(id)) + "\"";
  Response response;
  response.headers.emplace_back("ETag", etag);
  if (call.request.header("if-none-match") == etag) {
    response.status = 304;
  } else {
    response.body = std::move(*body);
  }
  call.reply(std::move(response));
}

Response Rest::asset(const Request& request) const {
  const auto all = assets();
  const auto it = std::find_if(all.begin(), all.end(), [&](const Asset& asset) { return asset.path == request.path; });
  if (it == all.end()) return problem(404, "not_found", "there is nothing at this address");
  Response response;
  response.content_type = it->content_type;
  const std::string host(request.header("host"));
  response.headers.emplace_back("Content-Security-Policy",
                                std::string(kContentPolicy) + "ws://" + host + " wss://" + host);
  response.headers.emplace_back("ETag", std::string(it->etag));
  response.headers.emplace_back("Vary", "Accept-Encoding");
  // Names under /wallboard/ hold a hash of their content; the page itself does not.
  response.headers.emplace_back(
      "Cache-Control", it->path.starts_with("/wallboard/") ? "public, max-age=31536000, immutable" : "no-cache");
  if (request.header("if-none-match") == it->etag) {
    response.status = 304;
    return response;
  }
  const bool gzip = !it->gzip.empty() && request.header("accept-encoding").find("gzip") != std::string_view::npos;
  if (gzip) response.headers.emplace_back("Content-Encoding", "gzip");
  response.shared = gzip ? it->gzip : it->bytes;
  return response;
}

Response Rest::readiness(const Request& request) const {
  struct Check {
    const char* name;
    bool good;
    std::string why;
  };
  bool room = true;
  for (const auto& tenant : tenants_.all()) {
    const Shard::Waiting waiting = tenant->shard->waiting(tenant->index);
    room = room && waiting.items < config_.limits.queue_items && waiting.bytes < config_.limits.queue_bytes;
  }
  std::string recovering;  // of those that are not: what is being done, and how far it is
  for (const auto& tenant : tenants_.all()) {
    const Recovery& recovery = tenant->recovery;
    if (recovery.ready) continue;
    recovering += " " + tenant->name() + ": " + (recovery.what.empty() ? "waiting" : recovery.what);
    if (recovery.total > 0) recovering += " " + std::to_string(recovery.done * 100 / recovery.total) + " %";
  }
  const Check checks[] = {{"not_draining", !draining_, ""},
                          {"disk_works", !tenants_.failed(), ""},
                          {"recovered", recovering.empty(), recovering.empty() ? "" : ": recovering" + recovering},
                          {"disk_has_room", low_space_.empty(), low_space_.empty() ? "" : ": " + low_space_},
                          {"engines_ticking", tenants_.ticking(), ""},
                          {"queue_has_room", room, ""}};
  bool ready = true;
  std::string lines;
  for (const Check& check : checks) {
    ready = ready && check.good;
    lines.append(check.good ? "[+] " : "[-] ").append(check.name).append(check.why).append("\n");
  }
  Response response = text(ready ? "ok\n" : "not ready\n");
  if (request.query.contains("verbose") || !ready) response.body = lines + response.body;
  response.status = ready ? 200 : 503;
  if (!ready) response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace server
