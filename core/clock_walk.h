// The parts clocks are told from: stretches of a record's life over which nothing that matters to them changes, and
// runs, one per clock. Private to core/clocks.cpp and core/ticket_clocks.cpp. Values, one thread at a time.
#pragma once

#include <span>

#include <boost/container/small_vector.hpp>

#include "core/facts.h"

namespace core {

struct Stretch {
  enum class Over : std::uint8_t { no, solved, merged };

  Time from = kNever;
  Time to = kNever;  // kNever: goes on
  Scopes scopes;     // whom it is about
  Attributes attributes;
  Detail status = Detail::status_new;
  Over over = Over::no;
  int policy = -1;  // in force; -1: none
};
using Stretches = boost::container::small_vector<Stretch, 8>;

struct ClockRun {
  ClockKind kind{};
  Time from = kNever;
  Time to = kNever;  // kNever: not over
  bool fulfilled = false;  // at `to`; otherwise it ends without outcome there
  std::uint32_t by = kNoAgent;  // who fulfilled it
  Time promised = kNever;       // until when, if somebody said so: instead of the policy's target
};

// A piece of a record's life cut where policies change and where who it is about changes team; policy, team and site
// are found out here.
void cut(const Stretch& piece, const FactContext& context, Stretches& out);

// `runs` of one kind in order of time. Where a run begins or ends a stretch begins.
void tell_clocks(std::span<const ClockRun> runs, std::span<const Stretch> stretches, const FactContext& context,
                 Facts& out);

}  // namespace core
