// Alerts as JSON: one form for the stream, REST and hooks (docs/stream.md, docs/hooks.md). What is not known is absent;
// instants are milliseconds since 1970 UTC. Pure; any thread.
#pragma once

#include <string>

#include "core/alert.h"

namespace server {

void append_alert(std::string& out, const core::Alert& alert);
void append_labels(std::string& out, const core::Labels& labels);

}  // namespace server
