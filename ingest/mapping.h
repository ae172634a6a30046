// Mapping: how the rows of one kind of text file become events. Parsed from TOML (docs/mapping.md),
// then plain data.
//
// Errors of the file are refused with code `bad_mapping`, the reason, and "line:column" as `where`;
// nothing in it is ignored silently. Loads the zone the mapping names. Value type, any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace ingest {

struct MappingPlan;  // ingest/mapping_plan.h

class Mapping {
 public:
  static core::Result<Mapping> parse(std::string_view toml);

  const std::string& source() const;
  const MappingPlan& plan() const { return *plan_; }

 private:
  explicit Mapping(std::shared_ptr<const MappingPlan> plan) : plan_(std::move(plan)) {}

  std::shared_ptr<const MappingPlan> plan_;
};

}  // namespace ingest
