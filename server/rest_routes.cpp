// The addresses about alerts, deadlines, promises and receivers.
#include <utility>

#include "server/clock.h"
#include "server/json_text.h"
#include "server/log.h"
#include "server/problem.h"
#include "server/rest.h"
#include "server/rest_alerts.h"

namespace server {
namespace {

std::string parameter(const Request& request, const std::string& name) {
  const auto it = request.query.find(name);
  return it == request.query.end() ? "" : it->second;
}

// An id nobody else will have: ours are made by one process after the other.
std::string new_id(const char* what, const std::string& request) {
  return std::string(what) + "-" + std::to_string(wall_now()) + "-" + request;
}

}  // namespace

void Rest::add_alert_routes(std::vector<Route>& routes) {
  const auto add = [&](const char* method, const char* pattern, std::set<std::string> parameters,
                       void (*run)(Rest&, Call)) { routes.push_back({method, pattern, std::move(parameters), run}); };
  add("GET", "/v1/alerts", {"scope", "severity", "state", "asof"}, [](Rest& rest, Call call) {
    const Parameters query = call.request.query;
    rest.ask(std::move(call), [query](core::Engine& engine) { return alerts_answer(engine, query); });
  });
  add("GET", "/v1/alerts/history", {"after", "limit", "key", "scope", "from", "to"}, [](Rest& rest, Call call) {
    const Parameters query = call.request.query;
    rest.ask(std::move(call), [query](core::Engine& engine) { return alert_history_answer(engine, query); });
  });
  add("POST", "/v1/alerts/acknowledge", {}, [](Rest& rest, Call call) {
    const auto command = parse_acknowledgement(call.request.body);
    rest.post_command(std::move(call), command);
  });
  add("GET", "/v1/alerts/{}", {"asof"}, [](Rest& rest, Call call) {
    const std::string key = call.parts[0];
    rest.ask(std::move(call), [key](core::Engine& engine) { return alert_answer(engine, key); });
  });
  add("GET", "/v1/silences", {"asof"}, [](Rest& rest, Call call) { rest.ask(std::move(call), silences_answer); });
  add("POST", "/v1/silences", {}, [](Rest& rest, Call call) {
    const auto command = parse_silence(call.request.body, new_id("s", call.request.id));
    rest.post_command(std::move(call), command);
  });
  add("POST", "/v1/silences/{}/expire", {}, [](Rest& rest, Call call) {
    const auto command = parse_silence_end(call.request.body, call.parts[0]);
    rest.post_command(std::move(call), command);
  });
  add("GET", "/v1/deadlines", {"scope", "limit", "asof"}, [](Rest& rest, Call call) {
    const Parameters query = call.request.query;
    rest.ask(std::move(call), [query](core::Engine& engine) { return deadlines_answer(engine, query); });
  });
  add("GET", "/v1/sla/policies", {}, [](Rest&, Call call) {
    call.reply(policies_answer(call.tenant->config.settings.sla));
  });
  add("GET", "/v1/calendars", {}, [](Rest&, Call call) {
    call.reply(calendars_answer(call.tenant->config.settings.sla, call.tenant->hub->told_now(wall_now())));
  });
  add("GET", "/v1/receivers", {}, [](Rest& rest, Call call) {
    call.reply(receivers_answer(rest.hooks_, call.tenant->name()));
  });
  add("POST", "/v1/receivers/{}/test", {}, [](Rest& rest, Call call) {
    call.reply(test_receiver(rest.hooks_, call.tenant->name(), call.parts[0]));
  });
  add("GET", "/v1/dead-letters", {"receiver", "from", "to", "after", "limit"}, [](Rest& rest, Call call) {
    const core::Zone& zone = call.tenant->config.settings.zone;
    call.reply(dead_letters_answer(rest.hooks_, call.tenant->name(), zone, call.request.query));
  });
  const auto act = [](Rest& rest, const Call& call, DeadLetterAct what) {
    const std::string by = parameter(call.request, "by");
    if (by.empty()) return call.reply(problem(400, "bad_parameter", "'by' must say who does it"));
    log_info(call.tenant->name() + ": " + call.request.path + " by " + json_string(by));
    const core::Zone& zone = call.tenant->config.settings.zone;
    call.reply(dead_letters_act(rest.hooks_, call.tenant->name(), zone, call.request.query, what));
  };
  static const auto kAct = act;
  const std::set<std::string> some{"receiver", "from", "to", "after", "limit", "by"};
  add("POST", "/v1/dead-letters/redrive", some,
      [](Rest& rest, Call call) { kAct(rest, call, DeadLetterAct::redrive); });
  add("POST", "/v1/dead-letters/purge", some, [](Rest& rest, Call call) { kAct(rest, call, DeadLetterAct::purge); });
}

// What people do about alerts goes the way of all events: through the journal, and answered when it is there.
void Rest::post_command(Call call, const core::Result<AlertCommand>& command) {
  Tenant& tenant = *call.tenant;
  if (!command) return call.reply(problem(command.error()));
  if (draining_) return call.reply(try_later(503, "draining", "the server is stopping", 5));
  if (!low_space_.empty()) return call.reply(try_later(503, "low_disk_space", low_space_ + "; nothing was done", 10));
  const std::string id = new_id("c", call.request.id);
  const auto done = [subject = command->subject, reply = call.reply](const EventsResult& result) {
    if (!result.refusals.empty()) return reply(problem(result.refusals.front().error));
    Response response;
    response.body = R"({"id":)" + json_string(subject) + "}";
    reply(std::move(response));
  };
  const auto overloaded = [reply = call.reply] {
    reply(try_later(503, "overloaded", "too much is waiting to be applied", 1));
  };
  // At the engine's own now, which need not be the wall's.
  const auto submit = [&tenant, command = *command, id, done, overloaded,
                       received = call.request.received_us](core::Time now) {
    if (!tenant.shard->submit(tenant.index, batch_of(command, id, now), received, done)) overloaded();
  };
  if (!tenant.shard->ask(tenant.index, [](core::Engine& engine) { return engine.now(); }, submit)) overloaded();
}

}  // namespace server
