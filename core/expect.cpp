// Looking ahead: what an event will touch lies in memory nobody used for a while, so it is asked for some events early.
// Changes nothing but the caches of the machine.
#include "core/engine_state.h"

namespace core {
namespace {

void fetch(const void* at, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; i += 64) __builtin_prefetch(static_cast<const char*>(at) + i);
}

}  // namespace

// In three steps, each a few events after the other, because each needs what the one before it has fetched: where the
// indexes have it; the record, the agent and the agent's scope; what these point to.
void Engine::expect(const Event& event) {
  State& s = *state_;
  constexpr std::size_t kStep = 4;
  auto& ring = s.expected;
  Expected& first = ring[s.expected_at % ring.size()];
  first.record = record_hash(about(event.type) == About::ticket ? Record::Kind::ticket : Record::Kind::call,
                             event.subject);
  first.agent = Names::hash_of(event.agent);
  first.found = HashIndex::kNone;
  s.record_index.prefetch(first.record);
  s.names(ScopeKind::agent).index().prefetch(first.agent);

  Expected& second = ring[(s.expected_at + ring.size() - kStep) % ring.size()];
  const std::uint32_t record = s.record_index.guess(second.record);
  if (record != HashIndex::kNone) fetch(&s.records[record], sizeof(Record));
  second.found = s.names(ScopeKind::agent).index().guess(second.agent);
  if (second.found < s.agents.size()) {
    fetch(&s.agents[second.found], sizeof(Agent));
    const auto& scopes = s.scope_ids[static_cast<std::size_t>(ScopeKind::agent)];
    if (second.found < scopes.size() && scopes[second.found] != HashIndex::kNone)
      fetch(&s.scopes[scopes[second.found]], sizeof(Scope));
  }

  const Expected& third = ring[(s.expected_at + ring.size() - 2 * kStep) % ring.size()];
  if (third.found < s.agents.size()) {
    s.agents[third.found].activity.prefetch();
    const auto& scopes = s.scope_ids[static_cast<std::size_t>(ScopeKind::agent)];
    if (third.found < scopes.size() && scopes[third.found] != HashIndex::kNone)
      s.scopes[scopes[third.found]].series.prefetch();
  }
  ++s.expected_at;
}

}  // namespace core
