#include "core/formula.h"

#include <charconv>
#include <string>

namespace core {
namespace {

struct Function {
  std::string_view name;
  Term::Op op;
  MeasureKind takes;
};

constexpr Function kFunctions[] = {
    {"sum", Term::Op::sum, MeasureKind::sample},       {"mean", Term::Op::mean, MeasureKind::sample},
    {"count", Term::Op::count, MeasureKind::sample},   {"within", Term::Op::within, MeasureKind::sample},
    {"percentile", Term::Op::percentile, MeasureKind::sample},
    {"maximum", Term::Op::maximum, MeasureKind::sample}, {"now", Term::Op::now, MeasureKind::level},
    {"average", Term::Op::average, MeasureKind::level},  {"time", Term::Op::time, MeasureKind::level},
    {"oldest", Term::Op::oldest, MeasureKind::level},    {"peak", Term::Op::peak, MeasureKind::level},
    {"peak_at", Term::Op::peak_at, MeasureKind::level},
};

constexpr int kMaxDepth = 32;

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<std::vector<Term>> parse() {
    if (!sum()) return error();
    skip_space();
    if (at_ < text_.size()) {
      fail("expected an operator or the end");
      return error();
    }
    return std::move(out_);
  }

 private:
  Error error() const { return {"bad_formula", message_, std::to_string(error_at_ + 1)}; }

  bool fail(std::string message) {
    if (message_.empty()) {
      message_ = std::move(message);
      error_at_ = at_;
    }
    return false;
  }

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }

  bool take(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool expect(char c) { return take(c) || fail(std::string("expected \"") + c + "\""); }

  bool sum() {
    if (!product()) return false;
    for (;;) {
      const bool plus = take('+');
      if (!plus && !take('-')) return true;
      if (!product()) return false;
      out_.push_back({plus ? Term::Op::add : Term::Op::subtract, {}, 0, {}});
    }
  }

  bool product() {
    if (!factor()) return false;
    for (;;) {
      const bool times = take('*');
      if (!times && !take('/')) return true;
      if (!factor()) return false;
      out_.push_back({times ? Term::Op::multiply : Term::Op::divide, {}, 0, {}});
    }
  }

  bool factor() {
    if (++depth_ > kMaxDepth) return fail("nested too deeply");
    const bool ok = factor_inside();
    --depth_;
    return ok;
  }

  bool factor_inside() {
    skip_space();
    if (take('(')) return sum() && expect(')');
    if (take('-')) {
      if (!factor()) return false;
      out_.push_back({Term::Op::negate, {}, 0, {}});
      return true;
    }
    if (at_ < text_.size() && is_digit(text_[at_])) {
      double number = 0;
      if (!read_number(number)) return false;
      out_.push_back({Term::Op::number, {}, number, {}});
      return true;
    }
    if (at_ < text_.size() && is_name_start(text_[at_])) return name_or_call();
    return fail("expected a number, a measure, a KPI or \"(\"");
  }

  bool read_number(double& number) {
    const char* end = text_.data() + text_.size();
    const auto [rest, ec] =
        std::from_chars(text_.data() + at_, end, number, std::chars_format::fixed);
    if (ec != std::errc()) return fail("not a number");
    at_ = static_cast<std::size_t>(rest - text_.data());
    if (at_ < text_.size() && is_name_start(text_[at_])) {
      switch (text_[at_]) {
        case 's': number *= 1'000; break;
        case 'm': number *= 60'000; break;
        case 'h': number *= 3'600'000; break;
        case 'd': number *= 86'400'000; break;
        default: return fail("a duration ends in s, m, h or d");
      }
      ++at_;
      if (at_ < text_.size() && (is_name_start(text_[at_]) || is_digit(text_[at_])))
        return fail("a duration ends in s, m, h or d");
    }
    return true;
  }

  std::string_view read_name() {
    skip_space();
    const std::size_t from = at_;
    while (at_ < text_.size() && (is_name_start(text_[at_]) || is_digit(text_[at_]))) ++at_;
    return text_.substr(from, at_ - from);
  }

  bool name_or_call() {
    const std::size_t start = at_;
    const std::string_view name = read_name();
    if (!take('(')) {
      const auto measure = measure_named(name);
      if (!measure) {
        out_.push_back({Term::Op::kpi, {}, 0, name});  // the catalogue knows whether there is one
        return true;
      }
      if (info(*measure).kind == MeasureKind::level) {
        at_ = start;
        return fail(std::string(name) + " is a level: write now(" + std::string(name) + ") or time(" +
                    std::string(name) + ")");
      }
      out_.push_back({Term::Op::count, *measure, 0, {}});
      return true;
    }
    if (name == "elapsed") {
      out_.push_back({Term::Op::elapsed, {}, 0, {}});
      return expect(')');
    }
    for (const Function& f : kFunctions) {
      if (f.name == name) return call(f);
    }
    at_ = start;
    return fail("unknown function \"" + std::string(name) + "\"");
  }

  bool call(const Function& f) {
    skip_space();
    const std::size_t start = at_;
    const std::string_view name = read_name();
    const auto measure = measure_named(name);
    if (!measure || info(*measure).kind != f.takes) {
      at_ = start;
      const char* kind = f.takes == MeasureKind::sample ? "sample" : "level";
      return fail(std::string(f.name) + "() takes a " + kind + " measure, \"" + std::string(name) + "\" is " +
                  (measure ? "of another kind" : "not a measure"));
    }
    Term term{f.op, *measure, 0, {}};
    if (f.op == Term::Op::within || f.op == Term::Op::percentile) {
      if (!expect(',')) return false;
      skip_space();
      const std::size_t argument = at_;
      if (f.op == Term::Op::within && at_ < text_.size() && is_name_start(text_[at_])) {
        const std::string_view word = read_name();
        if (word != "target" && word != "short") {
          at_ = argument;
          return fail("expected a duration, target or short");
        }
        term.op = word == "target" ? Term::Op::within_target : Term::Op::within_short;
      } else {
        if (at_ >= text_.size() || !is_digit(text_[at_])) return fail("expected a number");
        if (!read_number(term.number)) return false;
        if (f.op == Term::Op::percentile) {
          term.number *= 10;
          if (term.number < 1 || term.number > 1000) {
            at_ = argument;
            return fail("a percentile lies between 0.1 and 100");
          }
        }
      }
    }
    out_.push_back(term);
    return expect(')');
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::vector<Term> out_;
  std::string message_;
  std::size_t error_at_ = 0;
};

}  // namespace

Result<std::vector<Term>> parse_formula(std::string_view text) { return Parser(text).parse(); }

}  // namespace core
