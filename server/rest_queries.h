// The questions REST asks an engine, as functions from its parameters to an answer in JSON. Keys are sorted and
// numbers exact, so equal states give equal bytes. Shard thread.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/engine.h"
#include "server/coverage.h"
#include "server/message.h"

namespace server {

using Parameters = std::map<std::string, std::string>;

// RFC 3339, ms since 1970, or a date: the midnight with which it begins in the zone.
std::optional<core::Time> parse_instant(const std::string& text, const core::Zone& zone);

Response kpis_answer(const core::Engine& engine);
Response kpi_answer(const core::Engine& engine, const std::string& id);
Response scopes_answer(const core::Engine& engine);
Response current_answer(core::Engine& engine, const Parameters& query);
Response history_answer(core::Engine& engine, const Parameters& query);
Response trend_answer(core::Engine& engine, const Parameters& query);
Response record_answer(const core::Engine& engine, const std::string& kind, const std::string& id);

}  // namespace server
