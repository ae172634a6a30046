// Whether two events say the same; the authority belongs to the configuration.
#pragma once

#include "core/event.h"

inline bool same_event(const core::Event& a, const core::Event& b) {
  return a.type == b.type && a.final == b.final && a.is_public == b.is_public && a.visit == b.visit &&
         a.time == b.time && a.at == b.at && a.value == b.value && a.source == b.source && a.id == b.id &&
         a.subject == b.subject && a.agent == b.agent && a.queue == b.queue && a.team == b.team && a.site == b.site &&
         a.channel == b.channel && a.priority == b.priority && a.text == b.text && a.reason == b.reason &&
         a.by == b.by && a.customer == b.customer;
}
