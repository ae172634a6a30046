// Value: what a cell shows: a number, a word, or nothing known ("no data", null on the wire; never 0 or NaN).
// `text` views memory of the Engine that produced it and lives as long as that Engine. Value type, any thread.
#pragma once

#include <string_view>

namespace core {

struct Value {
  enum class Kind : unsigned char { none, number, text };
  Kind kind = Kind::none;
  double number = 0;
  std::string_view text;

  static Value none() { return {}; }
  static Value of(double n) { return {Kind::number, n, {}}; }
  static Value of(std::string_view t) { return {Kind::text, 0, t}; }
  bool operator==(const Value&) const = default;
};

}  // namespace core
