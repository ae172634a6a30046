// Coverage of an engine: whom events speak of, and the answers.
#include "core/engine_state.h"

namespace core {
namespace {

constexpr std::uint32_t kNone = Scopes::kNone;

Coverage::Place place(ScopeKind kind, std::uint32_t name) { return {static_cast<std::uint8_t>(kind), name}; }

}  // namespace

// Names of events that were applied are known.
void Engine::State::hear(const Event& event) {
  // What nobody saw, but somebody concluded.
  if (event.type == EventType::call_lost) return;
  const auto number = [&](ScopeKind kind, std::string_view name) {
    return name.empty() ? kNone : names(kind).find(name);
  };
  const About of = about(event.type);
  const std::uint32_t agent = number(ScopeKind::agent, of == About::agent ? event.subject : event.agent);
  // Who says where somebody belongs need not be who tells what they do.
  const bool assigned = event.type == EventType::agent_assigned || event.type == EventType::queue_assigned;
  if (!assigned) {
    const Coverage::Speaker by = coverage.speaker(event.source);
    const Time at = event.at;
    const auto note = [&](ScopeKind kind, std::uint32_t name) {
      if (name != kNone) coverage.note(place(kind, name), by, at, at);
    };
    const auto note_member = [&](const Roster& roster, ScopeKind kind, std::uint32_t name) {
      if (name == kNone) return;
      note(kind, name);
      const Membership member = roster.at(name, at);
      note(ScopeKind::team, member.team);
      note(ScopeKind::site, member.site);
    };
    note(ScopeKind::tenant, 0);
    note_member(queue_roster, ScopeKind::queue, number(ScopeKind::queue, event.queue));
    note_member(agent_roster, ScopeKind::agent, agent);
    if (of == About::call || of == About::ticket) {
      const std::uint32_t usual = of == About::ticket ? kEmail : kVoice;
      note(ScopeKind::channel, event.channel.empty() ? usual : number(ScopeKind::channel, event.channel));
    }
  }
  if (event.type == EventType::queue_assigned)
    return hear_membership(ScopeKind::queue, number(ScopeKind::queue, event.subject), event);
  if (of == About::agent && (!event.team.empty() || !event.site.empty()))
    hear_membership(ScopeKind::agent, agent, event);
}

// Whoever feeds the queue or agent feeds its team and site.
void Engine::State::hear_membership(ScopeKind kind, std::uint32_t subject, const Event& event) {
  const Membership member = (kind == ScopeKind::agent ? agent_roster : queue_roster).at(subject, event.at);
  for (const Coverage::Fed& fed : coverage.fed(place(kind, subject))) {
    if (member.team != kNone) coverage.note(place(ScopeKind::team, member.team), fed.by, fed.first, fed.last);
    if (member.site != kNone) coverage.note(place(ScopeKind::site, member.site), fed.by, fed.first, fed.last);
  }
}

// By priority sources are not told apart: it is as of the tenant.
std::optional<Coverage::Place> Engine::State::place_of(std::string_view scope) const {
  const Scope* const found = find_scope(scope);
  if (found == nullptr) return std::nullopt;
  return found->kind == ScopeKind::priority ? place(ScopeKind::tenant, 0) : place(found->kind, found->name);
}

// As of now, for what is shown now whatever its window: what was fed within a day.
bool Engine::State::told(const View::Column& column, const Scope& scope) const {
  if (!coverage.watches()) return true;
  const Coverage::Place of =
      scope.kind == ScopeKind::priority ? place(ScopeKind::tenant, 0) : place(scope.kind, scope.name);
  return coverage.available(of, column.kpi, now - windows::kDay, now + 1);
}

bool Engine::available(std::string_view scope, std::string_view column, Time from, Time to) const {
  const State& s = *state_;
  if (!s.coverage.watches()) return true;
  const auto place = s.place_of(scope);
  return !place || s.coverage.available(*place, s.catalogue.find(column.substr(0, column.find('@'))), from, to);
}

std::uint64_t Engine::coverage_revision() const { return state_->coverage.revision(); }
bool Engine::news_of_sources(std::string_view text) const { return state_->coverage.news(text); }

NameLists Engine::not_told(std::string_view kpi) const {
  const int index = state_->catalogue.find(kpi);
  return index < 0 ? NameLists() : state_->coverage.not_told(index);
}

bool Engine::feeds(std::string_view source, std::string_view scope) const {
  const auto place = state_->place_of(scope);
  return place && state_->coverage.feeds(source, *place);
}

}  // namespace core
