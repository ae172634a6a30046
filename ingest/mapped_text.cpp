#include "ingest/mapped_text.h"

#include <algorithm>

#include "ingest/mapped_row.h"
#include "ingest/mapping_plan.h"
#include "ingest/text_rows.h"

namespace ingest {

struct MappedText::Reader {
  explicit Reader(const Mapping& mapping)
      : plan(mapping.plan()), rows(plan), told(plan), known_header(!plan.header) {
    for (std::size_t i = 0; i < plan.columns.size(); ++i) position.push_back(i);
    needed = plan.columns.size();
  }

  bool read_header(Batch& batch);
  void row(Batch& batch);

  const MappingPlan& plan;
  TextRows rows;
  MappedRow told;
  bool known_header;
  bool unusable = false;
  std::vector<std::size_t> position;  // of the plan's columns among the cells
  std::size_t needed = 0;             // cells a row must have
  std::uint64_t count = 0;
  core::Time now = 0;
};

bool MappedText::Reader::read_header(Batch& batch) {
  const auto& names = rows.cells();
  known_header = true;
  if (plan.layout == MappingPlan::Layout::fixed) return true;
  needed = names.size();
  for (std::size_t i = 0; i < plan.columns.size(); ++i) {
    const auto found = std::find(names.begin(), names.end(), plan.columns[i].name);
    if (found == names.end()) {
      batch.refuse(rows.line(), {"missing_column", "the header has no such column",
                                 plan.columns[i].name});
      return false;
    }
    position[i] = static_cast<std::size_t>(found - names.begin());
  }
  return true;
}

void MappedText::Reader::row(Batch& batch) {
  const auto& cells = rows.cells();
  if (cells.size() != needed) {
    batch.refuse(rows.line(), {"malformed",
                               std::to_string(cells.size()) + " cells where " +
                                   std::to_string(needed) + " were expected",
                               ""});
    return;
  }
  told.cells.resize(position.size());
  for (std::size_t i = 0; i < position.size(); ++i) told.cells[i] = cells[position[i]];
  told.tell(rows.line(), false, now, batch);
}

MappedText::MappedText(const Mapping& mapping) : reader_(std::make_unique<Reader>(mapping)) {}
void MappedText::speak_for(const SourceOptions& options) { reader_->told.speak_for(options); }

MappedText::~MappedText() = default;

bool MappedText::read(std::string_view text, core::Time now, Batch& batch) {
  Reader& r = *reader_;
  if (r.unusable) return false;
  r.now = now;
  r.rows.feed(text);
  for (;;) {
    const auto step = r.rows.next(batch.arena);
    if (step == TextRows::Step::end) return true;
    if (step == TextRows::Step::bad) {
      if (r.known_header) ++r.count;
      batch.refuse(r.rows.line(), {"malformed", r.rows.fault(), ""});
    } else if (!r.known_header) {
      if (r.read_header(batch)) continue;
      r.unusable = true;
      return false;
    } else {
      ++r.count;
      r.row(batch);
    }
  }
}

std::uint64_t MappedText::rows() const { return reader_->count; }

}  // namespace ingest
