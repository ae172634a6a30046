// MappingPlan: what ingest/mapping.cpp makes of a mapping file and ingest/mapped_text.cpp carries
// out. Columns are referred to by their index in `columns`. Plain data, immutable once made, any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/zone.h"
#include "ingest/capability.h"
#include "ingest/fields.h"
#include "ingest/json_path.h"
#include "ingest/time_format.h"

namespace ingest {

inline constexpr int kNoColumn = -1;

struct Column {
  std::string name;
  std::vector<std::string> null;  // texts that mean "not given"
  JsonPath path;                  // JSON
  std::size_t at = 0;             // fixed width: first character, from 0
  std::size_t width = 0;
};

struct Condition {
  enum class Op : std::uint8_t {
    is_null, not_null, one_of, none_of, begins_with, contains, less, greater, all, any, negated
  };
  Op op = Op::all;
  int column = kNoColumn;
  std::vector<std::string> words;
  std::int64_t number = 0;
  std::vector<Condition> parts;
};

enum class DurationUnit : std::uint8_t { seconds, milliseconds, clock };

// How the text of a value is read when its field is an instant or a duration.
struct Reading {
  std::vector<TimeFormat> formats{TimeFormat()};  // the first that fits
  int date = kNoColumn;        // put before the time, with a space between
  int not_before = kNoColumn;  // a wall time earlier than this column's is on the next day
  DurationUnit unit = DurationUnit::seconds;
};

struct ValuePlan {
  struct Piece {
    std::string literal;
    int column = kNoColumn;
    bool line_number = false;
  };
  enum class Unmapped : std::uint8_t { keep, null, refuse };

  std::vector<Piece> pieces;            // joined; null when one of their columns is
  std::vector<ValuePlan> alternatives;  // instead of pieces: the first that is not null
  std::vector<Condition> when;          // null unless all hold
  std::optional<std::vector<std::string>> null;  // instead of the columns' own markers
  std::string after, before;                     // what is cut off, up to this and from this on
  std::vector<std::pair<std::string, std::string>> map;
  Unmapped unmapped = Unmapped::keep;
  std::optional<std::string> otherwise;  // instead of null
  Reading reading;
};

struct FieldPlan {
  Key key = Key::none;
  ValuePlan value;
  int column = kNoColumn;  // named when the value is wrong
};

struct EventPlan {
  std::vector<Condition> when;
  std::vector<FieldPlan> fields;
};

// Empty: it may be good. Otherwise what is wrong; `field`: with which, or none.
std::string type_fault(const EventPlan& event, Key& field);

struct Filter {
  std::string name;
  std::vector<Condition> drop_when;  // all of them
};

struct MappingPlan {
  enum class Layout : std::uint8_t { separated, fixed, json };
  enum class Encoding : std::uint8_t { utf8, latin1, windows1252 };

  std::string source;
  std::uint8_t authority = 0;
  core::Zone zone;
  core::Duration max_ahead = 5 * windows::kMinute;
  core::Time accept_from = SourceOptions().accept_from;

  Layout layout = Layout::separated;
  char separator = ',';
  char quote = '"';  // 0: none
  bool header = true;
  bool trim = false;
  std::size_t skip_lines = 0;
  std::string comment;  // lines that begin with it are no rows
  Encoding encoding = Encoding::utf8;

  JsonPath records;  // JSON: where the lists of records are; empty: the document is one
  std::vector<Column> columns;  // with a header: those that are used; else all, in order
  std::vector<Filter> filters;
  std::vector<EventPlan> events;
};

// What the events of a mapping tell, whatever the rows are.
std::vector<Capability> abilities_of(const MappingPlan& plan);

}  // namespace ingest
