#include "core/catalogue.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace core {
namespace {

using windows::CellKind;

// Collects the cells that formulas ask for while they are compiled.
class Compiler {
 public:
  Compiler(const std::map<std::string, KpiSpec>& specs, std::vector<Measure> never)
      : specs_(specs), never_(std::move(never)) {}

  Result<std::vector<Catalogue::Instruction>> compile(const KpiSpec& spec) {
    std::vector<Catalogue::Instruction> out;
    const Status done = expand(spec, out, 0);
    if (!done) return done.error();
    return out;
  }

  std::array<Plan, kMeasureCount> plans;
  std::vector<CellKind> kinds;

 private:
  using Key = std::tuple<Measure, Use::Role, Attribution, std::int64_t>;

  std::uint16_t cell(Measure measure, Use::Role role, Attribution attribution, std::int64_t threshold = 0) {
    // What never happens shares cells that stay empty.
    const bool never = std::find(never_.begin(), never_.end(), measure) != never_.end();
    const Key key{never ? never_.front() : measure, role, attribution, threshold};
    const auto known = cells_.find(key);
    if (known != cells_.end()) return known->second;
    const auto id = static_cast<std::uint16_t>(kinds.size());
    kinds.push_back(role == Use::Role::bucket    ? CellKind::samples
                    : role == Use::Role::level   ? CellKind::level
                    : role == Use::Role::maximum || role == Use::Role::step ? CellKind::list
                                                                            : CellKind::sum);
    cells_.emplace(key, id);
    if (never) return id;
    Plan& plan = plans[static_cast<std::size_t>(measure)];
    plan.uses.push_back({role, attribution, id, threshold});
    plan.by_end |= attribution == Attribution::end;
    return id;
  }

  Status expand(const KpiSpec& spec, std::vector<Catalogue::Instruction>& out, int depth) {
    if (depth > 16) return Error{"kpi_cycle", "KPI \"" + spec.id + "\" refers to itself", spec.id};
    const auto terms = parse_formula(spec.formula);
    if (!terms) {
      Error error = terms.error();
      error.message = "in \"" + spec.formula + "\": " + error.message;
      error.where = spec.id + ":" + error.where;
      return error;
    }
    // Levels have no attribution; beside them counts are attributed to the event itself.
    const Attribution by = spec.attribution == Attribution::time ? Attribution::event : spec.attribution;
    for (const Term& term : *terms) {
      if (term.op == Term::Op::kpi) {
        const auto other = specs_.find(std::string(term.kpi));
        if (other == specs_.end()) {
          const auto column = static_cast<std::size_t>(term.kpi.data() - spec.formula.data()) + 1;
          return Error{"unknown_name",
                       "in \"" + spec.formula + "\": \"" + std::string(term.kpi) + "\" is neither a measure nor a KPI",
                       spec.id + ":" + std::to_string(column)};
        }
        const Status done = expand(other->second, out, depth + 1);
        if (!done) return done;
        continue;
      }
      if (out.size() >= kMaxInstructions) return Error{"bad_formula", "the formula is too long", spec.id};
      out.push_back(instruction(term, by));
    }
    return Done{};
  }

  Catalogue::Instruction instruction(const Term& term, Attribution by) {
    using Op = Term::Op;
    Catalogue::Instruction i{term.op, 0, 0, term.number};
    const Measure m = term.measure;
    switch (term.op) {
      case Op::count: i.cell = cell(m, Use::Role::count, by); break;
      case Op::sum: i.cell = cell(m, Use::Role::total, by); break;
      case Op::mean:
        i.cell = cell(m, Use::Role::total, by);
        i.other = cell(m, Use::Role::count, by);
        break;
      case Op::within:
        i.cell = cell(m, Use::Role::within, by, static_cast<std::int64_t>(term.number));
        break;
      case Op::within_target: i.cell = cell(m, Use::Role::within_target, by); break;
      case Op::within_short: i.cell = cell(m, Use::Role::within_short, by); break;
      case Op::percentile: i.cell = cell(m, Use::Role::bucket, by); break;
      case Op::maximum: i.cell = cell(m, Use::Role::maximum, by); break;
      case Op::now:
      case Op::average:
      case Op::time: i.cell = cell(m, Use::Role::level, Attribution::event); break;
      case Op::peak:
      case Op::peak_at:
        i.cell = cell(m, Use::Role::step, Attribution::event);
        i.other = cell(m, Use::Role::level, Attribution::event);
        break;
      case Op::oldest:
        i.other = static_cast<std::uint16_t>(m);
        plans[static_cast<std::size_t>(m)].open = true;
        break;
      default: break;
    }
    return i;
  }

  static constexpr std::size_t kMaxInstructions = 500;

  const std::map<std::string, KpiSpec>& specs_;
  const std::vector<Measure> never_;
  std::map<Key, std::uint16_t> cells_;
};

// How many operands the program holds at most.
std::size_t stack_depth(const std::vector<Catalogue::Instruction>& program) {
  std::size_t depth = 0, most = 0;
  for (const auto& i : program) {
    using Op = Term::Op;
    if (i.op == Op::add || i.op == Op::subtract || i.op == Op::multiply || i.op == Op::divide) {
      --depth;
    } else if (i.op != Op::negate) {
      most = std::max(most, ++depth);
    }
  }
  return most;
}

constexpr std::size_t kStack = 64;

bool valid_id(std::string_view id) {
  return !id.empty() && id.size() <= 64 && id[0] >= 'a' && id[0] <= 'z' &&
         std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

}  // namespace

Result<Catalogue> Catalogue::compile(const std::vector<KpiSpec>& specs, std::vector<windows::Duration> windows,
                                     std::vector<Measure> never) {
  std::map<std::string, KpiSpec> by_id;
  for (const KpiSpec& spec : specs) {
    if (!valid_id(spec.id))
      return Error{"bad_kpi", "a KPI's id is lower case letters, digits and _, beginning with a letter", spec.id};
    if (measure_named(spec.id) && spec.formula != spec.id && info(*measure_named(spec.id)).kind != MeasureKind::level)
      return Error{"bad_kpi", "\"" + spec.id + "\" is the name of a measure; a KPI of that name must be that count",
                   spec.id};
    by_id[spec.id] = spec;
  }
  Compiler compiler(by_id, std::move(never));
  std::vector<Kpi> kpis;
  for (const auto& [id, spec] : by_id) {
    auto program = compiler.compile(spec);
    if (!program) return program.error();
    if (stack_depth(*program) > kStack) return Error{"bad_formula", "the formula is nested too deeply", id};
    Kpi kpi{spec, std::move(*program), false, false};
    bool windowed = false, live = false;
    for (const Instruction& i : kpi.program) {
      using Op = Term::Op;
      live |= i.op == Op::now || i.op == Op::oldest;
      windowed |= i.op == Op::count || i.op == Op::sum || i.op == Op::mean || i.op == Op::within ||
                  i.op == Op::within_target || i.op == Op::within_short || i.op == Op::percentile ||
                  i.op == Op::maximum || i.op == Op::average || i.op == Op::time || i.op == Op::peak ||
                  i.op == Op::peak_at || i.op == Op::elapsed;
      kpi.moves |= i.op == Op::average || i.op == Op::time || i.op == Op::elapsed || i.op == Op::maximum ||
                   i.op == Op::peak_at;
    }
    kpi.live = live && !windowed;
    kpis.push_back(std::move(kpi));
  }
  Catalogue catalogue(windows::Layout(std::move(windows), std::move(compiler.kinds)));
  if (catalogue.layout_.columns() > 65'000) return Error{"bad_kpi", "too many KPIs", ""};
  catalogue.kpis_ = std::move(kpis);
  catalogue.plans_ = std::move(compiler.plans);
  return catalogue;
}

int Catalogue::find(std::string_view id) const {
  const auto at = std::lower_bound(kpis_.begin(), kpis_.end(), id,
                                   [](const Kpi& k, std::string_view x) { return k.spec.id < x; });
  return at != kpis_.end() && at->spec.id == id ? static_cast<int>(at - kpis_.begin()) : -1;
}

std::string Catalogue::window_label(int index) const {
  if (index == layout_.windows()) return "today";
  const windows::Duration length = layout_.window(index);
  return length % windows::kMinute == 0 ? std::to_string(length / windows::kMinute) + "m"
                                        : std::to_string(length / windows::kSecond) + "s";
}

int Catalogue::window(std::string_view label) const {
  for (int i = 0; i <= layout_.windows(); ++i) {
    if (window_label(i) == label) return i;
  }
  return -1;
}

Value Catalogue::evaluate(const Kpi& kpi, const windows::Series& series, const windows::Range& range) const {
  struct Operand {  // without initialisers: a formula uses few of the many
    double number;
    bool none;
  };
  std::array<Operand, kStack> stack;
  std::size_t size = 0;
  const auto push = [&](double number, bool none = false) {
    CHECK(size < stack.size(), "formula needs a deeper stack than its nesting allows");
    stack[size++] = {number, none};
  };
  const auto number = [](std::int64_t n) { return static_cast<double>(n); };
  for (const Instruction& i : kpi.program) {
    using Op = Term::Op;
    switch (i.op) {
      case Op::number: push(i.number); break;
      case Op::count:
      case Op::sum:
      case Op::within:
      case Op::within_target:
      case Op::within_short: push(number(series.sum(layout_, i.cell, range))); break;
      case Op::mean: {
        const std::int64_t n = series.sum(layout_, i.other, range);
        push(n == 0 ? 0 : number(series.sum(layout_, i.cell, range)) / number(n), n == 0);
        break;
      }
      case Op::percentile: {
        const std::int64_t value = series.quantile(layout_, i.cell, range, static_cast<int>(std::lround(i.number)));
        push(number(value), value < 0);
        break;
      }
      case Op::maximum: {
        std::int64_t value = 0;
        const bool any = series.maximum(i.cell, range, value);
        push(number(value), !any);
        break;
      }
      case Op::now: push(number(series.level_at_end(layout_, i.cell, range))); break;
      case Op::time: push(number(series.level_time(layout_, i.cell, range))); break;
      case Op::average: {
        const double length = number(series.length(range));
        push(length > 0 ? number(series.level_time(layout_, i.cell, range)) / length : 0, length <= 0);
        break;
      }
      case Op::oldest: {
        const windows::Time since = series.oldest(i.other);
        push(number(since), since == windows::kNever);
        break;
      }
      case Op::peak:
      case Op::peak_at: {
        std::int64_t value = 0;
        windows::Time at = 0;
        series.peak(layout_, i.other, i.cell, range, value, at);
        push(number(i.op == Op::peak ? value : at), i.op == Op::peak_at && value == 0);
        break;
      }
      case Op::elapsed: push(number(series.length(range))); break;
      case Op::kpi: CHECK(false, "references are expanded when compiled"); break;
      case Op::negate: stack[size - 1].number = -stack[size - 1].number; break;
      case Op::add:
      case Op::subtract:
      case Op::multiply:
      case Op::divide: {
        const Operand b = stack[--size];
        Operand& a = stack[size - 1];
        a.none |= b.none;
        if (i.op == Op::add) a.number += b.number;
        if (i.op == Op::subtract) a.number -= b.number;
        if (i.op == Op::multiply) a.number *= b.number;
        if (i.op == Op::divide) {
          a.none |= b.number == 0;
          a.number = a.none ? 0 : a.number / b.number;
        }
        break;
      }
    }
  }
  CHECK(size == 1, "a formula leaves one value");
  if (stack[0].none) return Value::none();
  const double result = kpi.spec.unit == Unit::percent ? stack[0].number * 100 : stack[0].number;
  return std::isfinite(result) ? Value::of(result == 0 ? 0.0 : result) : Value::none();
}

double rounded(double value, int decimals) {
  double scale = 1;
  for (int i = 0; i < decimals; ++i) scale *= 10;
  const double scaled = std::round(value * scale) / scale;
  return scaled == 0 ? 0.0 : scaled;
}

}  // namespace core
