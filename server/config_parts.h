// The parts of the configuration that occur both for all tenants and for one: KPIs and views.
// Values, any thread.
#pragma once

#include <vector>

#include "core/kpi.h"
#include "core/view.h"
#include "server/config_text.h"

namespace server {

// Adds to `kpis` or changes what is there under the same id; a change may name only what differs.
void read_kpis(Section& section, std::vector<core::KpiSpec>& kpis);
// Adds to `views` or replaces what is there under the same id.
void read_views(Section& section, std::vector<core::ViewDefinition>& views);

}  // namespace server
