// A record laid open: what was observed and which facts follow, so that every number can be traced.
#include <algorithm>

#include "core/engine_state.h"

namespace core {

void append_json(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (u < 0x20) {
      out += "\\u00";
      out += kHex[u >> 4];
      out += kHex[u & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

namespace {

constexpr std::string_view kDetails[] = {
    "",        "blind",    "attended", "overflow",    "timeout",   "voicemail",  "callback",
    "key",     "empty",    "refused",  "other",       "new",       "open",       "pending",
    "on_hold", "agent",    "customer", "system",      "agent_private", "customer_private", "system_private",
    "thumbs",  "csat",     "nps"};
static_assert(std::size(kDetails) == static_cast<std::size_t>(Detail::nps) + 1);

// One JSON object written member by member.
class Object {
 public:
  explicit Object(std::string& out) : out_(out) { out_ += '{'; }
  void text(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    member(key);
    append_json(out_, value);
  }
  void number(std::string_view key, std::int64_t value) {
    member(key);
    out_ += std::to_string(value);
  }
  void time(std::string_view key, Time value) {
    if (value != kNever) number(key, value);
  }
  void flag(std::string_view key, bool value) {
    member(key);
    out_ += value ? "true" : "false";
  }
  std::string& member(std::string_view key) {
    if (!first_) out_ += ',';
    first_ = false;
    append_json(out_, key);
    out_ += ':';
    return out_;
  }
  void close() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace

std::optional<std::string> Engine::describe(std::string_view kind, std::string_view id) const {
  State& s = *state_;
  const auto name = [&](ScopeKind k, std::uint32_t n, std::uint32_t none) {
    return n == none ? std::string_view{} : s.names(k).text(n);
  };
  const auto add_facts = [&](Object& object, const Facts& facts) {
    std::string& out = object.member("facts");
    out += '[';
    for (std::size_t i = 0; i < facts.facts.size(); ++i) {
      const Fact& f = facts.facts[i];
      const Scopes& scopes = facts.scopes[f.scopes];
      if (i > 0) out += ',';
      Object fact(out);
      fact.text("measure", info(f.measure).name);
      constexpr std::string_view kShapes[] = {"one", "sample", "edge", "open"};
      fact.text("shape", kShapes[static_cast<int>(f.shape)]);
      if (f.shape == Fact::Shape::sample || f.shape == Fact::Shape::edge) fact.number("value", f.value);
      fact.time("at", f.event);
      fact.time("entry", f.entry);
      fact.time("end", f.end);
      fact.text("queue", name(ScopeKind::queue, scopes.queue, kNoQueue));
      fact.text("agent", name(ScopeKind::agent, scopes.agent, kNoAgent));
      fact.text("team", name(ScopeKind::team, scopes.team, Scopes::kNone));
      fact.text("site", name(ScopeKind::site, scopes.site, Scopes::kNone));
      fact.text("channel", name(ScopeKind::channel, scopes.channel, kNoName));
      fact.text("priority", name(ScopeKind::priority, scopes.priority, kNoName));
      fact.close();
    }
    out += ']';
  };

  std::string out;
  if (kind == "agent") {
    const std::uint32_t agent = s.names(ScopeKind::agent).find(id);
    if (agent >= s.agents.size()) return std::nullopt;
    const AgentActivity& activity = s.activity_from(agent, kNever);
    const AgentActivity::Now now = activity.at(s.now);
    Object object(out);
    object.text("kind", kind);
    object.text("id", id);
    object.text("state", core::name(now.activity));
    object.time("state_since", now.since);
    if (now.reason != Scopes::kNone) object.text("state_reason", s.reasons.text(now.reason));
    std::string& list = object.member("observations");
    list += '[';
    for (std::size_t i = 0; i < activity.presence().size(); ++i) {
      const Presence& p = activity.presence()[i];
      if (i > 0) list += ',';
      Object observation(list);
      observation.time("at", p.at);
      observation.text("state", core::name(p.state));
      if (p.reason != Scopes::kNone) observation.text("reason", s.reasons.text(p.reason));
      observation.number("authority", authority_of(p.rank));
      observation.close();
    }
    list += ']';
    Facts facts;
    activity.facts(0, kNever, s.context(s.now), facts);
    add_facts(object, facts);
    object.close();
    return out;
  }

  if (kind != "call" && kind != "ticket") return std::nullopt;
  const std::uint32_t index = s.look_up(kind == "call" ? Record::Kind::call : Record::Kind::ticket, id);
  if (index == Scopes::kNone) return std::nullopt;
  const Record& record = s.records[index];
  Object object(out);
  object.text("kind", kind);
  object.text("id", id);
  std::string& list = object.member("observations");
  list += '[';
  for (std::size_t i = 0; i < record.observations.size(); ++i) {
    const Observation& o = record.observations[i];
    if (i > 0) list += ',';
    Object observation(list);
    observation.time("at", o.at);
    observation.text("type", core::name(o.type));
    observation.text("detail", kDetails[static_cast<int>(o.detail)]);
    observation.text("queue", name(ScopeKind::queue, o.queue, kNoQueue));
    observation.text("agent", name(ScopeKind::agent, o.agent, kNoAgent));
    observation.text("channel", name(ScopeKind::channel, o.channel, kNoName));
    observation.text("priority", name(ScopeKind::priority, o.priority, kNoName));
    if (names_label(o.type)) {
      observation.text("text", o.value < 0 ? "" : s.labels.text(static_cast<std::uint32_t>(o.value)));
    } else if (o.value >= 0) {
      observation.number("value", o.value);
    }
    observation.number("authority", authority_of(o.rank));
    if (o.final()) observation.flag("final", true);
    if (o.final()) observation.number("visit", o.visit());
    observation.close();
  }
  list += ']';
  Facts facts;
  s.tell(record, s.now, facts);
  add_facts(object, facts);
  std::string& clocks = object.member("clocks");
  clocks += '[';
  for (const ClockState& c : facts.clocks) {
    constexpr std::string_view kStates[] = {"running", "breached", "met", "late", "cancelled"};
    if (&c != facts.clocks.data()) clocks += ',';
    Object clock(clocks);
    clock.text("clock", core::name(c.kind));
    clock.number("instance", c.instance);
    clock.text("state", kStates[static_cast<int>(c.state)]);
    if (c.paused) clock.flag("paused", true);
    clock.text("policy", s.settings.sla.policies[c.policy].id);
    if (c.calendar >= 0) clock.text("calendar", s.settings.sla.calendars[static_cast<std::size_t>(c.calendar)].id());
    clock.time("started", c.started);
    clock.time("due", c.due);
    clock.time("breached_at", c.breached_at);
    clock.time("ended", c.ended);
    clock.number("target_ms", c.target);
    clock.number("elapsed_ms", c.elapsed);
    clock.time("measured", c.measured);
    if (!c.passed.empty()) clock.number("warned", c.passed.back().percent);
    clock.close();
  }
  clocks += ']';
  if (facts.customer.customer != 0) {
    Object contact(object.member("customer_contact"));  // that it is one; never of whom
    contact.time("at", facts.customer.at);
    contact.flag("reached", facts.customer.reached);
    contact.close();
  }
  object.close();
  return out;
}

}  // namespace core
