// What sources cannot tell, as an engine is told of it and as it is shown: such a number is not available, and not zero
// (core/coverage.h, docs/rest.md). Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/engine.h"
#include "server/source_config.h"

namespace server {

inline constexpr std::string_view kNotAvailable = "\"not_available\"";  // such a number, as JSON

// What a number is about: [from, to).
struct Stretch {
  core::Time from = 0, to = 0;
};
// Of numbers shown as of an instant, whatever their window.
inline Stretch shown_at(core::Time now) { return {now - windows::kDay, now + 1}; }

// The measures a source cannot tell.
core::MeasureSet cannot_tell(const SourceConfig& source);
// Of all that are at work: the text of the event sources_told.
std::string text_of_sources(const std::vector<SourceConfig>& sources);
// By KPI, the measures that the source cannot tell; only KPIs that miss any.
core::NameLists missing(const core::TenantSettings& settings, const SourceConfig& source);

// The value as JSON, or that nobody can tell it.
void append_covered(std::string& out, const core::Engine& engine, std::string_view scope, std::string_view column,
                    Stretch when, const core::Value& value);
// {"a":["b","c"]}
void append_name_lists(std::string& out, const core::NameLists& lists);

}  // namespace server
