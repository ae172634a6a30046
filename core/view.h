// View: a named selection of scopes, KPIs and windows that somebody looks at.
// The engine evaluates a view only where something changed and reports the cells whose value differs from what
// it reported before. Shard thread only.
#pragma once

#include <string>
#include <vector>

#include "core/value.h"
#include "windows/time.h"

namespace core {

// scopes: scope keys or patterns ending in "/*" ("queue/*", "agent/1042", "tenant").
// columns: "<kpi>" for live KPIs and agent attributes, "<kpi>@<window>" for windowed ones ("1m" … "60m", "today").
struct ViewGroup {
  std::vector<std::string> scopes;
  std::vector<std::string> columns;
};

struct ViewDefinition {
  std::string id;
  std::vector<ViewGroup> groups;
};

// One cell that changed. Views into engine memory, valid until the engine is changed again.
struct CellChange {
  std::string_view row;     // scope key
  std::string_view column;  // as written in the definition
  Value value;              // rounded to the KPI's decimals
};

struct ViewChanges {
  windows::Time asof = 0;  // engine time the values hold for
  std::vector<CellChange> cells;
};

}  // namespace core
