#include "core/customer.h"

#include <algorithm>

namespace core {
namespace {

bool earlier(const CustomerContact& contact, Time at) { return contact.at < at; }

}  // namespace

void CustomerTimeline::edit(const CustomerContact& contact, int sign) {
  auto place = std::lower_bound(contacts_.begin(), contacts_.end(), contact.at, earlier);
  if (sign > 0) {
    contacts_.insert(place, contact);
    return;
  }
  while (place != contacts_.end() && !(*place == contact)) ++place;
  CHECK(place != contacts_.end(), "a contact is taken back that was never there");
  contacts_.erase(place);
}

Time CustomerTimeline::previous(Time at) const {
  const auto place = std::lower_bound(contacts_.begin(), contacts_.end(), at, earlier);
  return place == contacts_.begin() ? at : std::prev(place)->at;
}

void CustomerTimeline::facts(Time from, Time to, Duration repeat_within, Facts& out) const {
  out.clear();
  for (auto c = std::lower_bound(contacts_.begin(), contacts_.end(), from, earlier);
       c != contacts_.end() && c->at <= to; ++c) {
    if (!c->reached) continue;
    const std::uint16_t scopes = out.scope_index(c->scopes);
    out.facts.push_back({Measure::customer_contacts, Fact::Shape::one, scopes, 1, c->at, kNever, kNever});
    const auto next = std::lower_bound(c, contacts_.end(), c->at + 1, earlier);
    if (next != contacts_.end() && next->at - c->at <= repeat_within)
      out.facts.push_back({Measure::customer_returns, Fact::Shape::one, scopes, 1, c->at, kNever, kNever});
  }
}

}  // namespace core
