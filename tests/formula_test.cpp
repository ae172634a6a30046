// Formulas: what they mean term by term, and every mistake with its column.
#include "core/formula.h"

#include <cmath>

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace {

using core::parse_formula;
using core::Term;
using Op = core::Term::Op;

std::string polish(std::string_view text) {
  const auto terms = parse_formula(text);
  if (!terms) return "error at " + terms.error().where + ": " + terms.error().message;
  std::string out;
  for (const Term& t : *terms) {
    constexpr std::string_view kOps[] = {"#", "count", "sum", "mean", "within", "target", "short", "percentile",
                                         "maximum", "now", "average", "time", "oldest", "peak", "peak_at", "elapsed",
                                         "kpi", "+", "-", "*", "/", "neg"};
    if (!out.empty()) out += ' ';
    if (t.op == Op::number) {
      out += std::to_string(static_cast<std::int64_t>(t.number));
      continue;
    }
    out += kOps[static_cast<int>(t.op)];
    if (t.op == Op::kpi) out += ":" + std::string(t.kpi);
    if (t.op >= Op::count && t.op <= Op::peak_at) out += ":" + std::string(core::info(t.measure).name);
    if (t.op == Op::within || t.op == Op::percentile) out += ":" + std::to_string(std::llround(t.number));
  }
  return out;
}

}  // namespace

TEST_CASE("formulas are read with the usual precedence") {
  CHECK(polish("1 + 2 * 3") == "1 2 3 * +");
  CHECK(polish("(1 + 2) * 3") == "1 2 + 3 *");
  CHECK(polish("10 - 4 - 3") == "10 4 - 3 -");
  CHECK(polish("8 / 4 / 2") == "8 4 / 2 /");
  CHECK(polish("-2 * 3") == "2 neg 3 *");
  CHECK(polish("2 - -3") == "2 3 neg -");
  CHECK(polish("--2") == "2 neg neg");
  CHECK(polish(" \n\t1\n") == "1");
}

TEST_CASE("durations are milliseconds") {
  CHECK(polish("20s") == "20000");
  CHECK(polish("5m") == "300000");
  CHECK(polish("1h") == "3600000");
  CHECK(polish("2d") == "172800000");
  CHECK(polish("1.5s") == "1500");
  CHECK(polish("0.5") == "0");
}

TEST_CASE("every function takes its kind of measure") {
  CHECK(polish("calls") == "count:calls");
  CHECK(polish("wait") == "count:wait");
  CHECK(polish("count(wait)") == "count:wait");
  CHECK(polish("sum(wait) / mean(talk)") == "sum:wait mean:talk /");
  CHECK(polish("within(wait, 20s)") == "within:wait:20000");
  CHECK(polish("within(wait,target) + within(abandon_wait , short)") == "target:wait short:abandon_wait +");
  CHECK(polish("percentile(wait, 95)") == "percentile:wait:950");
  CHECK(polish("percentile(wait, 99.9)") == "percentile:wait:999");
  CHECK(polish("maximum(handle)") == "maximum:handle");
  CHECK(polish("now(waiting) + average(waiting)") == "now:waiting average:waiting +");
  CHECK(polish("time(talking) / elapsed()") == "time:talking elapsed /");
  CHECK(polish("oldest(backlog)") == "oldest:backlog");
  CHECK(polish("peak(waiting) + peak_at(waiting)") == "peak:waiting peak_at:waiting +");
  CHECK(polish("sl4 * 2") == "kpi:sl4 2 *");
}

TEST_CASE("every per mille of a percentile is meant exactly") {
  for (int i = 1; i <= 1000; ++i) {
    const std::string text = "percentile(wait, " + std::to_string(i / 10) + "." + std::to_string(i % 10) + ")";
    const auto terms = parse_formula(text);
    REQUIRE(static_cast<bool>(terms));
    REQUIRE(std::lround(terms->front().number) == i);
  }
}

TEST_CASE("mistakes are named with their column") {
  const auto column = [](std::string_view text) {
    const auto terms = parse_formula(text);
    if (terms) return std::string("understood");
    if (terms.error().code != "bad_formula" || terms.error().message.empty()) return std::string("bad error");
    return terms.error().where;
  };
  CHECK(column("") == "1");
  CHECK(column("1 +") == "4");
  CHECK(column("1 + * 2") == "5");
  CHECK(column("(1 + 2") == "7");
  CHECK(column("1 2") == "3");
  CHECK(column("calls )") == "7");
  CHECK(column("1 + waiting") == "5");            // a level wants now() or time()
  CHECK(column("1 + nonsense(wait)") == "5");     // no such function
  CHECK(column("1 + sum(calls)") == "9");         // a count has no sum
  CHECK(column("now(wait)") == "5");
  CHECK(column("mean(nobody)") == "6");
  CHECK(column("within(wait)") == "12");
  CHECK(column("within(wait, never)") == "14");
  CHECK(column("within(wait, -1s)") == "14");
  CHECK(column("percentile(wait, 0)") == "18");
  CHECK(column("percentile(wait, 101)") == "18");
  CHECK(column("20x") == "3");
  CHECK(column("20sec") == "4");
  CHECK(column("elapsed(1)") == "9");
  CHECK(column("Calls") == "1");
  CHECK(column("calls % 2") == "7");
  CHECK(column(std::string(200, '(') + "1") == "33");
}
