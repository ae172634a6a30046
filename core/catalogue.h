// Catalogue: a tenant's KPIs, compiled. It decides which cells every series has, which cells a fact of a
// measure feeds (the plan), and what a KPI's value is over a range.
//
// Only what some KPI asks for is kept: a measure that no formula mentions costs nothing.
// Immutable after compile; any thread may read.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "core/formula.h"
#include "core/kpi.h"
#include "core/result.h"
#include "core/value.h"
#include "windows/series.h"

namespace core {

// How one fact of a measure reaches one cell.
struct Use {
  enum class Role : std::uint8_t { count, total, within, within_target, within_short, bucket, maximum, level, step };
  Role role;
  Attribution attribution;  // entry, event or end
  std::uint16_t cell;
  std::int64_t threshold;  // ms, for `within`
};

struct Plan {
  std::vector<Use> uses;
  bool open = false;  // some KPI asks for oldest()
  bool by_end = false;  // some use is attributed to the end
};

class Catalogue {
 public:
  struct Instruction {
    Term::Op op;
    std::uint16_t cell = 0;   // sum, level, samples or list cell
    std::uint16_t other = 0;  // mean: count cell; peak: the level; oldest: the measure
    double number = 0;
  };
  struct Kpi {
    KpiSpec spec;
    std::vector<Instruction> program;
    bool live = false;   // depends on what is the case now, not on a window
    bool moves = false;  // changes as time passes, without any event
  };

  // A later spec with the same id replaces an earlier one. Errors: bad_kpi, bad_formula, unknown_name, kpi_cycle;
  // `where` is "<kpi>" or "<kpi>:<column>". Measures that never happen as things are configured cost next to nothing.
  static Result<Catalogue> compile(const std::vector<KpiSpec>& specs, std::vector<windows::Duration> windows,
                                   std::vector<Measure> never = {});

  const std::vector<Kpi>& kpis() const { return kpis_; }  // sorted by id
  int find(std::string_view id) const;                     // index, -1 when unknown
  const Plan& plan(Measure measure) const { return plans_[static_cast<std::size_t>(measure)]; }
  const windows::Layout& layout() const { return layout_; }
  bool uses(Measure measure) const { return !plan(measure).uses.empty() || plan(measure).open; }

  // "30m" or "today" -> index; today is layout().windows(); -1 when there is no such window.
  int window(std::string_view label) const;
  std::string window_label(int index) const;

  // Value of a KPI over a settled series; counts of a series that does not exist are 0.
  Value evaluate(const Kpi& kpi, const windows::Series& series, const windows::Range& range) const;

 private:
  Catalogue(windows::Layout layout) : layout_(std::move(layout)) {}

  std::vector<Kpi> kpis_;
  std::array<Plan, kMeasureCount> plans_;
  windows::Layout layout_;
};

// To `decimals` places, half away from zero; what the stream shows.
double rounded(double value, int decimals);

}  // namespace core
