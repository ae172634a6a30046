// The difference: facts(after) - facts(before), applied to the series of everybody the facts are about. The only
// way numbers change.
#include <algorithm>

#include "core/engine_state.h"

namespace core {
namespace {

constexpr std::uint32_t kNone = Scopes::kNone;

}  // namespace

// Both lists are told in the same order, so most of one is found in the other by walking along; what does not
// match is looked for ahead. Any pairing of equal facts gives the same numbers.
void Engine::State::apply_difference(const Facts& was, const Facts& is) {
  const auto equal = [&](const Fact& a, const Fact& b) {
    return a.measure == b.measure && a.shape == b.shape && a.event == b.event && a.value == b.value &&
           a.entry == b.entry && (a.end == b.end || !catalogue.plan(a.measure).by_end) &&
           was.scopes[a.scopes] == is.scopes[b.scopes];
  };
  std::size_t j = 0;
  for (const Fact& old : was.facts) {
    std::size_t k = j;
    while (k < is.facts.size() && !equal(old, is.facts[k])) ++k;
    if (k == is.facts.size()) {
      apply_fact(old, was.scopes[old.scopes], -1);
      continue;
    }
    for (; j < k; ++j) apply_fact(is.facts[j], is.scopes[is.facts[j].scopes], +1);
    j = k + 1;
  }
  for (; j < is.facts.size(); ++j) apply_fact(is.facts[j], is.scopes[is.facts[j].scopes], +1);
}

void Engine::State::apply_fact(const Fact& fact, const Scopes& scopes_of_fact, int sign) {
  const Plan& plan = catalogue.plan(fact.measure);
  if (plan.uses.empty() && !plan.open) return;

  std::array<std::uint32_t, kScopeKinds> reached;
  std::size_t count = 0;
  const auto reach = [&](ScopeKind kind, std::uint32_t name) { reached[count++] = scope(kind, name); };
  reach(ScopeKind::tenant, 0);
  if (scopes_of_fact.site != kNone) reach(ScopeKind::site, scopes_of_fact.site);
  if (scopes_of_fact.team != kNone) reach(ScopeKind::team, scopes_of_fact.team);
  if (scopes_of_fact.queue != kNoQueue) reach(ScopeKind::queue, scopes_of_fact.queue);
  if (scopes_of_fact.agent != kNoAgent) reach(ScopeKind::agent, scopes_of_fact.agent);
  if (scopes_of_fact.channel != kNoName) reach(ScopeKind::channel, scopes_of_fact.channel);
  if (scopes_of_fact.priority != kNoName) reach(ScopeKind::priority, scopes_of_fact.priority);

  if (fact.shape == Fact::Shape::open) {
    if (!plan.open) return;
    const auto cell = static_cast<std::uint16_t>(fact.measure);
    for (std::size_t i = 0; i < count; ++i) {
      windows::Series& series = scopes[reached[i]].series;
      if (sign > 0) {
        series.open(cell, fact.event);
      } else {
        series.close(cell, fact.event);
      }
      touch(reached[i]);
    }
    return;
  }

  std::array<windows::Entry, 16> entries;
  std::size_t size = 0;
  const QueuePolicy* policy = nullptr;
  for (const Use& use : plan.uses) {
    windows::Entry entry{fact.event, 1, sign, use.cell};
    if (use.attribution == Attribution::entry && fact.entry != kNever) entry.at = fact.entry;
    if (use.attribution == Attribution::end) entry.at = fact.end;
    if (entry.at == kNever) continue;
    switch (use.role) {
      case Use::Role::count: break;
      case Use::Role::total:
      case Use::Role::bucket:
      case Use::Role::maximum:
      case Use::Role::level:
      case Use::Role::step: entry.value = fact.value; break;
      case Use::Role::within:
        if (fact.value > use.threshold) continue;
        break;
      case Use::Role::within_target:
      case Use::Role::within_short: {
        if (policy == nullptr) policy = &policy_of(scopes_of_fact.queue);
        const bool target = use.role == Use::Role::within_target;
        if (fact.value > (target ? policy->answer_target : policy->short_abandon)) continue;
        break;
      }
    }
    if (size == entries.size()) {  // more uses than fit: hand over what there is
      add_entries(entries.data(), size, reached.data(), count);
      size = 0;
    }
    entries[size++] = entry;
  }
  add_entries(entries.data(), size, reached.data(), count);
}

void Engine::State::add_entries(const windows::Entry* entries, std::size_t size, const std::uint32_t* reached,
                                std::size_t count) {
  if (size == 0) return;
  // Keeps memory small where nobody looks: only settling lets go of panes that left every window.
  constexpr std::size_t kSettleAt = 128;
  constexpr Duration kSettleAfter = windows::kMinute;
  const bool late = std::any_of(entries, entries + size, [&](const windows::Entry& e) { return e.at < cold.horizon; });
  for (std::size_t i = 0; i < count; ++i) {
    windows::Series& series = scopes[reached[i]].series;
    for (std::size_t e = 0; e < size; ++e) {
      if (late && cold.restoring && entries[e].at < cold.horizon) continue;  // the archive has it
      series.add(catalogue.layout(), entries[e]);
    }
    if (late) note_late(reached[i]);
    if (series.added() >= kSettleAt && now - series.settled_at() >= kSettleAfter)
      series.settle(catalogue.layout(), clock());
    touch(reached[i]);
  }
}

const QueuePolicy& Engine::State::policy_of(std::uint16_t queue) {
  if (queue == kNoQueue) return settings.policy.queues;
  while (policies.size() <= queue) {
    const auto own = settings.policy.queue.find(
        std::string(names(ScopeKind::queue).text(static_cast<std::uint32_t>(policies.size()))));
    policies.push_back(own == settings.policy.queue.end() ? settings.policy.queues : own->second);
  }
  return policies[queue];
}

// Contacts that came, went or changed edit the activity of their agents, by the same mechanism one step on.
void Engine::State::apply_contacts(const Facts& was, const Facts& is) {
  struct Edit {
    Contact contact;
    int sign;
  };
  boost::container::small_vector<Edit, 8> edits;
  boost::container::small_vector<bool, 8> kept(is.contacts.size(), false);
  for (const Contact& c : was.contacts) {
    std::size_t i = 0;
    while (i < is.contacts.size() && (kept[i] || !(is.contacts[i] == c))) ++i;
    if (i < is.contacts.size()) {
      kept[i] = true;
    } else {
      edits.push_back({c, -1});
    }
  }
  for (std::size_t i = 0; i < is.contacts.size(); ++i) {
    if (!kept[i]) edits.push_back({is.contacts[i], +1});
  }
  while (!edits.empty()) {
    const std::uint32_t id = edits.front().contact.agent;
    Time from = edits.front().contact.from, to = 0;
    for (const Edit& e : edits) {
      if (e.contact.agent != id) continue;
      from = std::min(from, e.contact.from);
      to = to == kNever || e.contact.to == kNever ? kNever : std::max(to, e.contact.to);
    }
    AgentActivity& activity = activity_from(id, from);
    const bool told = activity_used || activity_views > 0;
    if (told) tell_activity(id, from, to, now, agent_before);
    activity_changes(id, from);
    // Put in before taking out, so that no count passes below zero.
    for (const int sign : {+1, -1}) {
      for (const Edit& e : edits) {
        if (e.contact.agent == id && e.sign == sign) activity.add_contact(e.contact, sign);
      }
    }
    if (told) {
      tell_activity(id, from, to, now, agent_after);
      apply_difference(agent_before, agent_after);
      wheel.arm(id * 2 + 1, agent_after.look_again);
    }
    touch(scope(ScopeKind::agent, id));
    edits.erase(std::remove_if(edits.begin(), edits.end(), [&](const Edit& e) { return e.contact.agent == id; }),
                edits.end());
  }
}

// Likewise the contact that the record is to its customer.
void Engine::State::apply_customer(const Facts& was, const Facts& is) {
  if (was.customer == is.customer) return;
  edit_customer(was.customer, -1);
  edit_customer(is.customer, +1);
}

void Engine::State::edit_customer(const CustomerContact& contact, int sign) {
  if (!customers_used || contact.customer == 0) return;
  load_customer(contact.customer, contact.at);
  CustomerTimeline& timeline = customers[contact.customer];
  const Time from = timeline.previous(contact.at);
  timeline.facts(from, contact.at, settings.policy.repeat_within, customer_before);
  timeline.edit(contact, sign);
  timeline.facts(from, contact.at, settings.policy.repeat_within, customer_after);
  apply_difference(customer_before, customer_after);
  if (timeline.empty()) customers.erase(contact.customer);
}

}  // namespace core
