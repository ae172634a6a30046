#include "ingest/json_value.h"

#include <simdjson.h>

#include <bit>
#include <charconv>

namespace ingest {

namespace {

namespace dom = simdjson::dom;
static_assert(sizeof(dom::element) == 16 && std::is_trivially_copyable_v<dom::element>);

constexpr int kDepth = 64;

using Raw = std::array<std::uint64_t, 2>;

std::optional<dom::element> element_of(const Raw& raw) {
  if (raw[0] == 0) return std::nullopt;
  return std::bit_cast<dom::element>(raw);
}

}  // namespace

struct JsonDocument::Parser {
  dom::parser parser;
};

JsonDocument::JsonDocument() : parser_(std::make_unique<Parser>()) {}
JsonDocument::~JsonDocument() = default;

core::Result<JsonValue> JsonDocument::parse(std::string_view text) {
  if (text.empty()) return core::Error{"malformed", "nothing where JSON was expected", ""};
  if (parser_->parser.max_depth() != kDepth && parser_->parser.allocate(16 * 1024, kDepth) != simdjson::SUCCESS)
    return core::Error{"malformed", "no memory for a JSON parser", ""};
  dom::element root;
  const auto fault = parser_->parser.parse(text.data(), text.size()).get(root);
  if (fault != simdjson::SUCCESS) return core::Error{"malformed", simdjson::error_message(fault), ""};
  JsonValue value;
  value.raw_ = std::bit_cast<Raw>(root);
  return value;
}

JsonValue::Kind JsonValue::kind() const {
  const auto element = element_of(raw_);
  if (!element) return Kind::null;
  switch (element->type()) {
    case dom::element_type::ARRAY: return Kind::list;
    case dom::element_type::OBJECT: return Kind::object;
    case dom::element_type::INT64:
    case dom::element_type::UINT64:
    case dom::element_type::DOUBLE: return Kind::number;
    case dom::element_type::STRING: return Kind::text;
    case dom::element_type::BOOL: return Kind::boolean;
    case dom::element_type::NULL_VALUE: return Kind::null;
  }
  return Kind::null;
}

std::string_view JsonValue::text() const {
  const auto element = element_of(raw_);
  std::string_view text;
  if (!element || element->get(text) != simdjson::SUCCESS) return {};
  return text;
}

std::optional<std::int64_t> JsonValue::whole() const {
  const auto element = element_of(raw_);
  std::int64_t value = 0;
  if (element && element->get(value) == simdjson::SUCCESS) return value;
  const std::string_view digits = text();
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

bool JsonValue::truth() const {
  const auto element = element_of(raw_);
  bool value = false;
  if (element && element->get(value) == simdjson::SUCCESS) return value;
  return text() == "true" || whole() == 1;
}

std::string JsonValue::word() const {
  const auto element = element_of(raw_);
  switch (kind()) {
    case Kind::text: return std::string(text());
    case Kind::boolean: return truth() ? "true" : "false";
    case Kind::number: return simdjson::minify(*element);
    default: return {};
  }
}

std::string JsonValue::json() const {
  const auto element = element_of(raw_);
  return element ? std::string(simdjson::minify(*element)) : "null";
}

JsonValue JsonValue::operator[](std::string_view key) const {
  const auto element = element_of(raw_);
  JsonValue found;
  dom::object object;
  dom::element value;
  if (element && element->get(object) == simdjson::SUCCESS && object.at_key(key).get(value) == simdjson::SUCCESS)
    found.raw_ = std::bit_cast<Raw>(value);
  return found;
}

JsonValue JsonValue::at(std::size_t index) const {
  const auto element = element_of(raw_);
  JsonValue found;
  dom::array list;
  dom::element value;
  if (element && element->get(list) == simdjson::SUCCESS && list.at(index).get(value) == simdjson::SUCCESS)
    found.raw_ = std::bit_cast<Raw>(value);
  return found;
}

std::size_t JsonValue::size() const {
  const auto element = element_of(raw_);
  dom::array list;
  dom::object object;
  if (element && element->get(list) == simdjson::SUCCESS) return list.size();
  if (element && element->get(object) == simdjson::SUCCESS) return object.size();
  return 0;
}

JsonValue JsonValue::pointer(std::string_view path) const {
  const auto element = element_of(raw_);
  if (!element || path.empty()) return *this;
  JsonValue found;
  dom::element value;
  if (element->at_pointer(path).get(value) == simdjson::SUCCESS) found.raw_ = std::bit_cast<Raw>(value);
  return found;
}

void JsonValue::each(const std::function<void(JsonValue)>& visit) const {
  const auto element = element_of(raw_);
  dom::array list;
  if (!element || element->get(list) != simdjson::SUCCESS) return;
  for (const dom::element item : list) {
    JsonValue value;
    value.raw_ = std::bit_cast<Raw>(item);
    visit(value);
  }
}

void JsonValue::each_field(const std::function<void(std::string_view, JsonValue)>& visit) const {
  const auto element = element_of(raw_);
  dom::object object;
  if (!element || element->get(object) != simdjson::SUCCESS) return;
  for (const auto field : object) {
    JsonValue value;
    value.raw_ = std::bit_cast<Raw>(field.value);
    visit(field.key, value);
  }
}

}  // namespace ingest
