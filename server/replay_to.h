// Replaying into a server that is running elsewhere: the recorded lines, in the order they happened, over HTTP.
#pragma once

#include <string>

#include "core/result.h"
#include "server/config.h"
#include "server/recording.h"

namespace server {

struct ReplayPace {
  double speed = 0;  // times as fast as it happened; 0: as fast as possible
  TenantClock clock = TenantClock::data;
};

// Blocks until all is sent. 429 and 503 are waited out. Errors: bad_usage, cannot_connect, refused.
core::Status replay_to(const std::string& url, const std::string& tenant, const Recording& recording,
                       const ReplayPace& pace);

}  // namespace server
