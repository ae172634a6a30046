// What is asked of the sources over HTTP, and the messages that come that way (docs/rest.md).
#include <algorithm>
#include <charconv>

#include "ingest/framing.h"
#include "server/clock.h"
#include "server/coverage.h"
#include "server/json_text.h"
#include "server/problem.h"
#include "server/sources.h"

namespace server {
namespace {

using Query = std::map<std::string, std::string>;

constexpr std::size_t kListed = 100;  // entries of the quarantine, when not said
constexpr std::size_t kShown = 120;   // bytes of each

Response json(std::string body) {
  Response response;
  response.body = std::move(body);
  return response;
}

std::string value_of(const Query& query, const std::string& key) {
  const auto it = query.find(key);
  return it == query.end() ? std::string() : it->second;
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// The beginning of whatever it is, as something that can be shown.
std::string readable(std::string_view bytes) {
  std::string text(bytes.substr(0, kShown));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7E) c = '.';
  }
  return text;
}

std::string outcome_text(const Source::Outcome& outcome) {
  std::vector<ingest::Refusal> refusals = outcome.refusals;
  refusals.insert(refusals.end(), outcome.result.refusals.begin(), outcome.result.refusals.end());
  std::string out = R"("accepted":)" + std::to_string(outcome.result.accepted) + R"(,"unchanged":)" +
                    std::to_string(outcome.result.unchanged) + R"(,"refused":)" +
                    std::to_string(outcome.refused + outcome.result.refusals.size()) + R"(,"quarantined":)" +
                    std::to_string(outcome.quarantined) + ",";
  append_refusals(out, std::move(refusals));
  return out;
}

Response cut_off() {
  return try_later(503, "source_stopped", "the source was stopped meanwhile; send it again", 1);
}

// Amazon Data Firehose takes only its own form of an answer for success.
Response answer_to(const std::string& firehose_id, const Source::Outcome& outcome) {
  if (outcome.cut_off) return cut_off();
  if (firehose_id.empty()) return json("{" + outcome_text(outcome) + "}");
  std::string out = R"({"requestId":)";
  append_string(out, firehose_id);
  return json(out + R"(,"timestamp":)" + std::to_string(wall_now()) + "}");
}

}  // namespace

// ---- messages -----------------------------------------------------------------------------------------------

void Sources::post(Tenant& tenant, const std::string& name, const Request& request, const Reply& reply) {
  OfTenant* owner = owner_of(tenant);
  const auto it = owner == nullptr ? decltype(owner->running.end()){} : owner->running.find(name);
  if (owner == nullptr || it == owner->running.end() || !it->second.source) {
    return reply(problem(404, "unknown_source", "there is no source '" + name + "' that is at work"));
  }
  Source& source = *it->second.source;
  SourceHealth& health = source.health();
  if (source.config().inlet != Inlet::http) {
    return reply(problem(409, "not_over_http", "this source comes from a file or a connection"));
  }
  if (!source.room()) {
    ++health.turned_away;
    return reply(try_later(503, "overloaded", "too much of this source is waiting; nothing was taken", 1));
  }
  std::vector<ingest::Header> headers(request.headers.begin(), request.headers.end());
  const std::string& base = source.config().public_url;
  const std::string url =
      (base.empty() ? "http://" + std::string(request.header("host")) : base) + request.target;
  ingest::Message message{request.body, request.header("content-type"), headers, url};
  const core::Status genuine = source.check(message, wall_now());
  if (!genuine) {
    ++health.forbidden;
    ++health.refused[genuine.error().code];
    return reply(problem(401, genuine.error().code, genuine.error().message));
  }
  if (source.info().framing == ingest::Framing::lines) {
    ingest::Framer framer(ingest::Framing::lines);
    framer.feed(request.body);
    for (auto line = framer.next(); line; line = framer.next()) {
      message.bytes = *line;
      source.read(message, true);
    }
    if (const auto line = framer.rest()) {
      message.bytes = *line;
      source.read(message, true);
    }
    health.too_large += framer.too_large();
  } else {
    source.read(message, true);
  }
  const std::string firehose(request.header("x-amz-firehose-request-id"));
  source.hand_over([reply, firehose](const Source::Outcome& outcome) { reply(answer_to(firehose, outcome)); });
}

// ---- health -------------------------------------------------------------------------------------------------

namespace {

void append_abilities(std::string& out, const Source& source) {
  static constexpr std::string_view kGrades[] = {"direct", "derived", "configured"};
  out += R"(,"abilities":{)";
  for (const ingest::Capability& can : ingest::abilities(source.info(), source.config().options)) {
    if (out.back() != '{') out += ',';
    append_string(out, ingest::name(can.ability));
    out += ':';
    append_string(out, kGrades[static_cast<std::size_t>(can.grade)]);
  }
  out += '}';
}

// `settings`: to say what it can and cannot tell, too.
void append_source(std::string& out, const std::string& name, const Source* source, const std::string& failed,
                   const core::TenantSettings* settings) {
  out += R"({"name":)";
  append_string(out, name);
  if (source == nullptr) {
    out += R"(,"well":false,"state":)";
    append_string(out, failed);
    out += '}';
    return;
  }
  const SourceConfig& config = source->config();
  out += R"(,"format":)";
  append_string(out, config.format);
  out += R"(,"title":)";
  append_string(out, source->info().title);
  out += R"(,"inlet":)";
  append_string(out, server::name(config.inlet));
  out += R"(,"authority":)" + std::to_string(config.authority) + ",";
  SourceHealth shown = source->health();
  if (source->halted()) shown.become("halted: there is too little room on the disk", false, wall_now());
  append_health(out, shown, steady_now());
  if (settings != nullptr) {
    append_abilities(out, *source);
    out += R"(,"cannot_tell":)";
    append_name_lists(out, missing(*settings, config));
  }
  out += '}';
}

}  // namespace

Response Sources::list(const Tenant& tenant, const std::set<std::string>* only) const {
  std::string out = R"({"sources":[)";
  if (const OfTenant* owner = owner_of(tenant)) {
    bool first = true;
    for (const auto& [name, running] : owner->running) {
      if (only != nullptr && !only->contains(name)) continue;
      if (!first) out += ',';
      first = false;
      append_source(out, name, running.source.get(), running.failed, nullptr);
    }
  }
  return json(out + "]}");
}

Response Sources::show(const Tenant& tenant, const std::string& name) const {
  const OfTenant* owner = owner_of(tenant);
  const auto it = owner == nullptr ? decltype(owner->running.end()){} : owner->running.find(name);
  if (owner == nullptr || it == owner->running.end()) {
    return problem(404, "unknown_source", "there is no source '" + name + "'; /v1/sources lists them");
  }
  std::string out;
  append_source(out, name, it->second.source.get(), it->second.failed, &tenant.config.settings);
  return json(out);
}

void Sources::append_metrics(MetricsText& text) const {
  std::vector<NamedHealth> all;
  for (const auto& [tenant, owner] : owners_) {
    for (const auto& [name, running] : owner.running) {
      if (running.source) all.push_back({tenant, name, &running.source->health()});
    }
  }
  append_sources(text, all, wall_now(), steady_now());
  const auto family = [&](const char* name, const char* type, const char* help, auto read) {
    text.family(name, type, help);
    for (const auto& [tenant, owner] : owners_) {
      if (owner.quarantine) text.sample(label("tenant", tenant), static_cast<double>(read(*owner.quarantine)));
    }
  };
  family("ringside_quarantine_entries", "gauge", "Messages kept because nobody could read them.",
         [](const Quarantine& q) { return q.entries().size(); });
  family("ringside_quarantine_bytes", "gauge", "The same in bytes.", [](const Quarantine& q) { return q.bytes(); });
  family("ringside_quarantine_dropped_total", "counter", "Of them let go for lack of room or for age.",
         [](const Quarantine& q) { return q.dropped(); });
}

// ---- quarantine ---------------------------------------------------------------------------------------------

std::vector<const Quarantined*> Sources::chosen(const OfTenant& owner, const Query& query) const {
  const std::string source = value_of(query, "source");
  const std::string code = value_of(query, "code");
  const auto number = number_of(value_of(query, "number"));
  const auto after = number_of(value_of(query, "after"));
  std::vector<const Quarantined*> found;
  for (const Quarantined& entry : owner.quarantine->entries()) {
    if (!source.empty() && entry.source != source) continue;
    if (!code.empty() && entry.why.code != code) continue;
    if (query.contains("number") && entry.number != number) continue;
    if (after && entry.number <= *after) continue;
    found.push_back(&entry);
  }
  return found;
}

Response Sources::quarantine(const Tenant& tenant, const Query& query) const {
  const OfTenant* owner = owner_of(tenant);
  if (owner == nullptr) return json(R"({"entries":[]})");
  for (const char* key : {"limit", "after", "number"}) {
    if (query.contains(key) && !number_of(value_of(query, key))) {
      return problem(400, "bad_parameter", std::string("'") + key + "' must be a whole number");
    }
  }
  const std::size_t limit = query.contains("limit") ? *number_of(value_of(query, "limit")) : kListed;
  const Quarantine& all = *owner->quarantine;
  const auto found = chosen(*owner, query);
  std::string out = R"({"matching":)" + std::to_string(found.size()) + R"(,"bytes":)" + std::to_string(all.bytes()) +
                    R"(,"dropped":)" + std::to_string(all.dropped()) + R"(,"entries":[)";
  for (std::size_t i = 0; i < std::min(limit, found.size()); ++i) {
    const Quarantined& entry = *found[i];
    if (i > 0) out += ',';
    out += R"({"number":)" + std::to_string(entry.number) + R"(,"source":)";
    append_string(out, entry.source);
    out += R"(,"at":)";
    append_instant(out, entry.at);
    out += R"(,"code":)";
    append_string(out, entry.why.code);
    out += R"(,"message":)";
    append_string(out, entry.why.message);
    out += R"(,"where":)";
    append_string(out, entry.why.where);
    out += R"(,"size":)" + std::to_string(entry.bytes.size()) + R"(,"begins":)";
    append_string(out, readable(entry.bytes));
    out += '}';
  }
  return json(out + "]}");
}

Response Sources::quarantined(const Tenant& tenant, const std::string& number) const {
  const OfTenant* owner = owner_of(tenant);
  const auto wanted = number_of(number);
  const Quarantined* entry = owner == nullptr || !wanted ? nullptr : owner->quarantine->find(*wanted);
  if (entry == nullptr) return problem(404, "unknown_entry", "there is no such entry (any more)");
  Response response;
  response.content_type = "application/octet-stream";  // never anything a browser would show
  response.headers.emplace_back("Content-Disposition", "attachment");
  response.body = entry->bytes;
  return response;
}

void Sources::replay(Tenant& tenant, const Query& query, const Reply& reply) {
  OfTenant* owner = owner_of(tenant);
  const std::string name = value_of(query, "source");
  const auto it = owner == nullptr ? decltype(owner->running.end()){} : owner->running.find(name);
  if (owner == nullptr || it == owner->running.end() || !it->second.source) {
    return reply(problem(404, "unknown_source", "say which source: ?source=NAME; /v1/sources lists them"));
  }
  Source& source = *it->second.source;
  if (!source.room()) return reply(try_later(503, "overloaded", "too much of this source is waiting", 1));
  std::vector<std::uint64_t> numbers;
  for (const Quarantined* entry : chosen(*owner, query)) {
    numbers.push_back(entry->number);
    source.read({entry->bytes, entry->content_type, {}, entry->url}, false);
  }
  // The old entries go once what they told is there for good; what is of no use still has a new one by then.
  const std::string tenant_name = tenant.name();
  source.hand_over([this, tenant_name, numbers, reply](const Source::Outcome& outcome) {
    if (outcome.cut_off) return reply(cut_off());
    const auto kept = owners_.find(tenant_name);
    if (kept != owners_.end() && kept->second.quarantine) {
      kept->second.quarantine->remove([&](const Quarantined& entry) {
        return std::binary_search(numbers.begin(), numbers.end(), entry.number);
      });
      kept->second.quarantine->flush();
    }
    disk_.after([reply, outcome, read = numbers.size()] {
      reply(json(R"({"read":)" + std::to_string(read) + "," + outcome_text(outcome) + "}"));
    });
  });
}

void Sources::purge(Tenant& tenant, const Query& query, const Reply& reply) {
  OfTenant* owner = owner_of(tenant);
  if (owner == nullptr) return reply(json(R"({"purged":0})"));
  std::vector<std::uint64_t> numbers;
  for (const Quarantined* entry : chosen(*owner, query)) numbers.push_back(entry->number);
  const std::size_t purged = owner->quarantine->remove(
      [&](const Quarantined& entry) { return std::binary_search(numbers.begin(), numbers.end(), entry.number); });
  owner->quarantine->flush();
  disk_.after([reply, purged] { reply(json(R"({"purged":)" + std::to_string(purged) + "}")); });
}

}  // namespace server
