#include "server/json_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "windows/check.h"

namespace server {
namespace {

constexpr char kHex[] = "0123456789abcdef";

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  out += "\\u00";
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

// The shortest digits of a positive number and the place of its decimal point: 0.digits * 10^point.
struct Decimal {
  char digits[24];
  int count = 0;
  int point = 0;
};

Decimal shortest(double number) {
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, number, std::chars_format::scientific).ptr;
  Decimal decimal;
  const char* p = text;
  for (; p != end && *p != 'e'; ++p) {
    if (*p != '.') decimal.digits[decimal.count++] = *p;
  }
  int exponent = 0;
  ++p;  // 'e'
  if (*p == '+') ++p;
  std::from_chars(p, end, exponent);
  decimal.point = exponent + 1;
  return decimal;
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    out.append(text, plain, i - plain);
    append_escaped(out, text[i]);
    plain = i + 1;
  }
  out.append(text, plain, text.size() - plain);
  out += '"';
}

void append_integer(std::string& out, std::int64_t number) {
  char text[24];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  out.append(text, end);
}

// ECMA-262 Number::toString. std::to_chars alone chooses between plain and scientific differently.
void append_number(std::string& out, double number) {
  CHECK(std::isfinite(number), "a number on the wire is finite");
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (number == std::trunc(number) && std::fabs(number) < kExact) {
    append_integer(out, static_cast<std::int64_t>(number));
    return;
  }
  if (number < 0) {
    out += '-';
    number = -number;
  }
  const Decimal d = shortest(number);
  const auto digits = [&](int from, int to) { out.append(d.digits + from, d.digits + to); };
  const auto zeros = [&](int n) { out.append(static_cast<std::size_t>(n), '0'); };
  if (d.count <= d.point && d.point <= 21) {
    digits(0, d.count);
    zeros(d.point - d.count);
  } else if (0 < d.point && d.point <= 21) {
    digits(0, d.point);
    out += '.';
    digits(d.point, d.count);
  } else if (-6 < d.point && d.point <= 0) {
    out += "0.";
    zeros(-d.point);
    digits(0, d.count);
  } else {
    digits(0, 1);
    if (d.count > 1) {
      out += '.';
      digits(1, d.count);
    }
    out += d.point > 0 ? "e+" : "e";
    append_integer(out, d.point - 1);
  }
}

void append_value(std::string& out, const core::Value& value) {
  switch (value.kind) {
    case core::Value::Kind::none:
      out += "null";
      return;
    case core::Value::Kind::number:
      append_number(out, value.number);
      return;
    case core::Value::Kind::text:
      append_string(out, value.text);
      return;
  }
}

void append_instant(std::string& out, windows::Time time) {
  if (time == windows::kNever) {
    out += "null";
  } else {
    append_integer(out, time);
  }
}

void append_refusals(std::string& out, std::vector<ingest::Refusal> refusals) {
  std::stable_sort(refusals.begin(), refusals.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
  out += R"("errors":[)";
  bool first = true;
  for (const ingest::Refusal& refusal : refusals) {
    if (!first) out += ',';
    first = false;
    out += R"({"index":)" + std::to_string(refusal.index) + R"(,"code":)";
    append_string(out, refusal.error.code);
    out += R"(,"pointer":)";
    append_string(out, refusal.error.where);
    out += R"(,"message":)";
    append_string(out, refusal.error.message);
    out += '}';
  }
  out += ']';
}

std::string json_string(std::string_view text) {
  std::string out;
  append_string(out, text);
  return out;
}

std::string json_value(const core::Value& value) {
  std::string out;
  append_value(out, value);
  return out;
}

}  // namespace server
