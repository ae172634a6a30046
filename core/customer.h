// CustomerTimeline: the contacts of one customer (known by a pseudonymous key), to tell who had to come again.
//
// A contact that reached somebody is "returned" when the same customer is heard from again later, within the
// policy's `repeat_within`. That is known only after the second contact: the number of an old window grows when it
// comes. Contacts that reached nobody (abandoned calls) are not counted, but are a return of an earlier one.
//
// A set laid out in time like AgentActivity: an edit changes only its own contact and those of the instant before it.
// Source of the definition: docs/kpis.md, "First contact resolution". One thread at a time.
#pragma once

#include "core/facts.h"

namespace core {

class CustomerTimeline {
 public:
  void edit(const CustomerContact& contact, int sign);
  bool empty() const { return contacts_.empty(); }

  // The newest instant before `at` with a contact; `at` itself when there is none.
  Time previous(Time at) const;
  // Facts of the contacts in [from, to].
  void facts(Time from, Time to, Duration repeat_within, Facts& out) const;

 private:
  boost::container::small_vector<CustomerContact, 1> contacts_;  // by instant
};

}  // namespace core
