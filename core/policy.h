// Policy: the tenant's choices that facts depend on. Value type, any thread.
#pragma once

#include <map>
#include <string>

#include "windows/time.h"

namespace core {

struct QueuePolicy {
  windows::Duration answer_target = 20 * windows::kSecond;  // T of every service level that says `target`
  windows::Duration short_abandon = 5 * windows::kSecond;   // abandons up to here are `short`
};

struct Policy {
  windows::Duration repeat_within = 7 * windows::kDay;  // a customer heard from again by then was not helped
  QueuePolicy queues;                         // every queue without an entry of its own
  std::map<std::string, QueuePolicy> queue;   // by queue id
};

}  // namespace core
