// MappedRow: carries a mapping's plan out for one row: cells in, events out. What the rows are cut from, lines of text
// or JSON documents, is others' business (ingest/mapped_text.h, ingest/mapped_json.cpp).
//
// All events of a row or none. Cells are views that live as long as the batch. One thread.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "ingest/batch.h"
#include "ingest/mapping_plan.h"

namespace ingest {

class MappedRow {
 public:
  explicit MappedRow(const MappingPlan& plan)
      : plan_(plan), options_{plan.source, plan.authority, plan.max_ahead, plan.accept_from} {}

  // Instead of the mapping's own source.
  void speak_for(const SourceOptions& options) { options_ = options; }

  // One cell to a column of the plan, in its order.
  std::vector<std::string_view> cells;

  // `line`: number of the row, for {#} and refusals. `own_items`: every event is an item of its own, numbered by
  // those accepted; otherwise the row is one item with the number of its line. False: refused, see the batch.
  bool tell(std::size_t line, bool own_items, core::Time now, Batch& batch);

 private:
  bool event(const EventPlan& e, std::size_t item, Batch& batch);
  bool field(const FieldPlan& f, Batch& batch);
  bool put(const FieldPlan& f, const Reading& reading, std::string_view text, Batch& batch);
  std::optional<core::Time> instant(const Reading& reading, std::string_view text, Arena& arena);
  std::optional<TimeFormat::Reading> wall(const Reading& reading, std::string_view text, Arena& arena);

  // nullopt = null. `reading` becomes that of the alternative that gave the text; false: unmapped word refused.
  bool evaluate(const ValuePlan& value, Arena& arena, std::optional<std::string_view>& text, const Reading*& reading);
  std::optional<std::string_view> join(const ValuePlan& value, Arena& arena);
  bool holds(const Condition& condition) const;
  bool all_hold(const std::vector<Condition>& conditions) const;

  std::string_view cell(int column) const { return cells[static_cast<std::size_t>(column)]; }
  const Column& column(int i) const { return plan_.columns[static_cast<std::size_t>(i)]; }
  bool is_null(int i) const;
  bool fail(const char* code, std::string message, const FieldPlan& f);

  const MappingPlan& plan_;
  SourceOptions options_;
  std::size_t line_ = 0;
  core::Time now_ = 0;
  Fields fields_;
  Fault fault_;
  core::Error error_;
};

}  // namespace ingest
