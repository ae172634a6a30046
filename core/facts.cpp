#include "core/facts.h"

namespace core {

void Facts::clear() {
  scopes.clear();
  facts.clear();
  contacts.clear();
  customer = {};
  clocks.clear();
  look_again = kNever;
  clamped = 0;
}

std::uint16_t Facts::scope_index(const Scopes& s) {
  for (std::size_t i = scopes.size(); i-- > 0;) {
    if (scopes[i] == s) return static_cast<std::uint16_t>(i);
  }
  CHECK(scopes.size() < 0xFFFF, "a record has fewer observations than that");
  scopes.push_back(s);
  return static_cast<std::uint16_t>(scopes.size() - 1);
}

void Facts::look_again_at(Time at) {
  if (look_again == kNever || at < look_again) look_again = at;
}

void tell_span(Facts& out, Time now, Measure measure, std::uint16_t scopes, Time from, Time to, Time since) {
  if (from > now) return out.look_again_at(from);
  out.facts.push_back({measure, Fact::Shape::edge, scopes, 1, from, kNever, kNever});
  if (to != kNever && to <= now) {
    out.facts.push_back({measure, Fact::Shape::edge, scopes, -1, to, kNever, kNever});
    return;
  }
  if (to != kNever) out.look_again_at(to);
  out.facts.push_back({measure, Fact::Shape::open, scopes, 0, since, kNever, kNever});
}

}  // namespace core
