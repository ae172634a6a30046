// Organisation: who works where, what they can do, and how their customers behave. Constant data.
// Times of day are minutes since local midnight; medians and scales are milliseconds; rates are per hour at
// the busiest time of day.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "windows/time.h"

namespace simulate {

using windows::Duration;
using windows::Time;

struct Transfer {
  int to = -1;  // queue index; -1: nobody is transferred
  double share = 0;
};

struct QueueSpec {
  std::string_view id;
  std::string_view team;
  std::string_view site;
  std::string_view channel;
  std::string_view priority;
  double per_hour;
  Duration talk_median;
  Duration wrap_median;
  Duration patience;      // scale of a Weibull distribution
  Transfer transfer;
  Duration overflow_after = 0;  // 0: never
  int overflow_to = -1;         // queue index
  Duration callback_after = 0;  // a callback is offered then; 0: never
  Duration voicemail_after = 0; // 0: never
  double tickets_per_hour = 0;
};

struct Skill {
  int queue;
  int level;  // 1 is what the agent is there for; others only when no level 1 agent is free
};

struct AgentSpec {
  std::string id;
  std::string_view team;
  std::string_view site;
  std::vector<Skill> skills;
  int slots = 1;  // contacts at once; only chat agents have more than one
  int shift_from;
  int shift_to;
};

enum Queue : int { kSales, kBilling, kTier1, kTier2, kVip, kChat, kQueues };

struct Organisation {
  std::array<QueueSpec, kQueues> queues;
  std::vector<AgentSpec> agents;
};

Organisation organisation();

// How busy this time of day is, 0..1 of the busiest. `of_day` in [0, 24 h).
double busyness(Duration of_day);

}  // namespace simulate
