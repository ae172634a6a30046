// Formula: the arithmetic of a KPI over measures.
//
//   formula  = term { ("+" | "-") term }          number   = 100 | 0.5
//   term     = factor { ("*" | "/") factor }      duration = 20s | 5m | 1h | 1d   (milliseconds)
//   factor   = number | duration | name | call | "(" formula ")" | "-" factor
//
//   name               a count or sample measure (how many), or another KPI's id
//   sum(sample)        total of the values            mean(sample)         sum / count
//   within(sample, T)  how many of at most T; T is a duration, `target` or `short` (of the queue's policy)
//   percentile(sample, 95)   maximum(sample)
//   now(level)         how many at the end of the range     average(level)  time-average over it
//   time(level)        time-integral in ms           oldest(level)   instant since when the longest goes on
//   peak(level)        highest at once               peak_at(level)  first instant of the peak
//   elapsed()          length of the range in ms
//
// No data is null: a division by zero is null, a mean, percentile or maximum of nothing is null, and null in
// gives null out. Counts of nothing are 0. Value type, any thread.
#pragma once

#include <string_view>
#include <vector>

#include "core/measure.h"
#include "core/result.h"

namespace core {

struct Term {
  enum class Op : std::uint8_t {
    number, count, sum, mean, within, within_target, within_short, percentile, maximum,
    now, average, time, oldest, peak, peak_at, elapsed, kpi, add, subtract, multiply, divide, negate,
  };
  Op op = Op::number;
  Measure measure{};
  double number = 0;     // number; threshold in ms (within); per mille (percentile)
  std::string_view kpi;  // views the formula's text
};

// Reverse Polish: operands before operators. Error codes: bad_formula, with "where" = column from 1.
Result<std::vector<Term>> parse_formula(std::string_view text);

}  // namespace core
