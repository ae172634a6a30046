// What REST answers about alerts, deadlines, promises and receivers, in JSON (docs/rest.md). Those that are given an
// engine: the shard's thread; the others: any thread.
#pragma once

#include <string>

#include "core/engine.h"
#include "server/hooks.h"
#include "server/message.h"
#include "server/rest_queries.h"

namespace server {

Response alerts_answer(const core::Engine& engine, const Parameters& query);
Response alert_history_answer(const core::Engine& engine, const Parameters& query);
Response alert_answer(const core::Engine& engine, const std::string& key);
Response silences_answer(const core::Engine& engine);
Response deadlines_answer(const core::Engine& engine, const Parameters& query);

Response policies_answer(const core::SlaSettings& sla);
Response calendars_answer(const core::SlaSettings& sla, core::Time now);

Response receivers_answer(const Hooks& hooks, const std::string& tenant);
Response dead_letters_answer(const Hooks& hooks, const std::string& tenant, const core::Zone& zone,
                             const Parameters& query);
enum class DeadLetterAct : std::uint8_t { redrive, purge };
Response dead_letters_act(Hooks& hooks, const std::string& tenant, const core::Zone& zone, const Parameters& query,
                          DeadLetterAct act);
Response test_receiver(Hooks& hooks, const std::string& tenant, const std::string& receiver);

}  // namespace server
