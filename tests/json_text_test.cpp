#include "server/json_text.h"

#include <catch2/catch.hpp>

namespace {

std::string number(double n) { return server::json_value(core::Value::of(n)); }

}  // namespace

TEST_CASE("numbers are written as JavaScript writes them") {
  const auto [value, text] = GENERATE(table<double, std::string>({{0, "0"},
                                                                  {-0.0, "0"},
                                                                  {7, "7"},
                                                                  {-12, "-12"},
                                                                  {78.4, "78.4"},
                                                                  {0.1, "0.1"},
                                                                  {1.0 / 3, "0.3333333333333333"},
                                                                  {1759999951000.0, "1759999951000"},
                                                                  {1e15, "1000000000000000"},
                                                                  {9007199254740993.0, "9007199254740992"},
                                                                  {1e20, "100000000000000000000"},
                                                                  {1e21, "1e+21"},
                                                                  {1.5e21, "1.5e+21"},
                                                                  {123456789012345680000.0, "123456789012345680000"},
                                                                  {0.000001, "0.000001"},
                                                                  {0.0000001, "1e-7"},
                                                                  {1.25e-7, "1.25e-7"},
                                                                  {-0.5, "-0.5"},
                                                                  {5e-324, "5e-324"},
                                                                  {1.7976931348623157e308, "1.7976931348623157e+308"},
                                                                  {123.456, "123.456"}}));
  CHECK(number(value) == text);
}

TEST_CASE("strings are escaped as JSON.stringify does") {
  CHECK(server::json_string("plain") == R"("plain")");
  CHECK(server::json_string("a\"b\\c/\n\t\r\b\f") == R"("a\"b\\c/\n\t\r\b\f")");
  CHECK(server::json_string(std::string_view("\0\x1f\x7f", 3)) == "\"\\u0000\\u001f\x7f\"");
  CHECK(server::json_string("Köln") == "\"Köln\"");
}

TEST_CASE("what is not known is null") {
  CHECK(server::json_value(core::Value::none()) == "null");
  std::string text;
  server::append_instant(text, windows::kNever);
  CHECK(text == "null");
}
