// JsonValue: a whole JSON document to look things up in, for senders whose documents are nested. One more place that
// knows simdjson; the native format has a reader of its own that is much faster (ingest/json_reader.h).
//
// A value that is not there is null, so that a path may be followed without asking at each step. Views point into
// the document that parsed them and are valid until it parses again. One thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace ingest {

class JsonValue {
 public:
  enum class Kind : std::uint8_t { null, boolean, number, text, list, object };

  Kind kind() const;
  bool is_null() const { return kind() == Kind::null; }
  bool is_object() const { return kind() == Kind::object; }
  bool is_list() const { return kind() == Kind::list; }

  std::string_view text() const;             // of a text; empty otherwise
  std::optional<std::int64_t> whole() const;  // of a whole number, also written as a text
  bool truth() const;                         // true, "true", 1
  // A text, number or boolean as text; empty otherwise. Numbers that are no whole ones lose nothing that matters.
  std::string word() const;

  std::string json() const;  // without spaces

  JsonValue operator[](std::string_view key) const;  // of an object; the first of equal keys
  JsonValue at(std::size_t index) const;             // of a list
  std::size_t size() const;
  // "/ticket/group/name", "/items/0". "": the value itself.
  JsonValue pointer(std::string_view path) const;

  void each(const std::function<void(JsonValue)>& visit) const;                              // of a list
  void each_field(const std::function<void(std::string_view, JsonValue)>& visit) const;  // of an object

 private:
  friend class JsonDocument;
  std::array<std::uint64_t, 2> raw_{};  // a simdjson element; all zero: null
};

class JsonDocument {
 public:
  JsonDocument();
  ~JsonDocument();

  // Error: malformed.
  core::Result<JsonValue> parse(std::string_view text);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace ingest
