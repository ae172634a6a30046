#include "ingest/mapping.h"

// The parser of the packaged library reports what the header-only one meets with assertions.
#ifndef TOML_HEADER_ONLY
#define TOML_HEADER_ONLY 0
#endif
#include <toml++/toml.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "ingest/mapping_plan.h"
#include "ingest/zone_file.h"

namespace ingest {

namespace {

std::string place(std::size_t line, std::size_t column) { return std::to_string(line) + ":" + std::to_string(column); }

// Appends instead of adding: g++ 12 sees an overlap in "literal" + std::string that is not there.
std::string quoted(std::string_view what, std::string_view name) {
  std::string text(what);
  text.append(" \"").append(name).append("\"");
  return text;
}

// Builds the plan; the first fault ends it. Every function returns false once there is one.
class Builder {
 public:
  bool build(const toml::table& root);

  MappingPlan plan;
  core::Error error;

 private:
  bool fail(const toml::node& node, std::string message) {
    const auto& at = node.source().begin;
    error = {"bad_mapping", std::move(message), place(at.line, at.column)};
    return false;
  }

  // Refuses keys that mean nothing, so that a typing error is not silence.
  bool only(const toml::table& table, std::initializer_list<std::string_view> known);
  bool text(const toml::table& table, std::string_view key, std::string& out);
  bool flag(const toml::table& table, std::string_view key, bool& out);
  bool number(const toml::table& table, std::string_view key, std::int64_t low, std::int64_t high, std::int64_t& out);
  bool character(const toml::table& table, std::string_view key, char& out);
  bool words(const toml::node& node, std::vector<std::string>& out);
  bool sub_table(const toml::table& table, std::string_view key, const toml::table*& out);
  // The tables of [[key]].
  bool tables(const toml::table& table, std::string_view key, std::vector<const toml::table*>& out);

  bool source_part(const toml::table& root);
  bool text_part(const toml::table& table);
  bool json_part(const toml::table& table);
  bool column_list(const toml::table& table);
  bool column_part(const toml::table& table);
  bool reading(const toml::table& table, Reading& out);
  bool filter(const toml::table& table);
  bool event(const toml::table& table);
  bool reachable(const toml::node& node, const Column& column);
  bool column(const toml::node& node, std::string_view name, int& out);
  bool column_of(const toml::table& table, std::string_view key, int& out);
  bool conditions(const toml::node& node, std::vector<Condition>& out);
  bool condition(const toml::node& node, Condition& out);
  bool column_condition(const toml::table& table, Condition& out);
  bool value(const toml::node& node, ValuePlan& out);
  bool value_table(const toml::table& table, ValuePlan& out);
  bool piece_text(const toml::node& node, std::string_view text, ValuePlan& out);
  bool map_part(const toml::table& table, ValuePlan& out);

  const toml::table* named_conditions_ = nullptr;
  std::vector<std::string_view> open_conditions_;  // being resolved, against circles
  std::vector<std::string> default_null_{""};
  Reading default_reading_;
};

bool Builder::only(const toml::table& table, std::initializer_list<std::string_view> known) {
  for (const auto& [key, node] : table) {
    if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
    std::string message = quoted("unknown key", key.str()) + "; there are here: ";
    for (const std::string_view one : known) message.append(one == *known.begin() ? "" : ", ").append(one);
    return fail(node, std::move(message));
  }
  return true;
}

bool Builder::text(const toml::table& table, std::string_view key, std::string& out) {
  const toml::node* node = table.get(key);
  if (!node) return true;
  const auto* found = node->as_string();
  if (!found) return fail(*node, std::string(key) + " must be a string");
  out = found->get();
  return true;
}

bool Builder::flag(const toml::table& table, std::string_view key, bool& out) {
  const toml::node* node = table.get(key);
  if (!node) return true;
  const auto* found = node->as_boolean();
  if (!found) return fail(*node, std::string(key) + " must be true or false");
  out = found->get();
  return true;
}

bool Builder::number(const toml::table& table, std::string_view key, std::int64_t low, std::int64_t high,
                     std::int64_t& out) {
  const toml::node* node = table.get(key);
  if (!node) return true;
  const auto* found = node->as_integer();
  if (!found || found->get() < low || found->get() > high) {
    return fail(*node, std::string(key) + " must be a whole number from " + std::to_string(low) + " to " +
                           std::to_string(high));
  }
  out = found->get();
  return true;
}

bool Builder::character(const toml::table& table, std::string_view key, char& out) {
  std::string found(1, out);
  if (!text(table, key, found)) return false;
  const bool none = found.empty() && key == "quote";
  if (!none && (found.size() != 1 || found[0] == '\n' || found[0] == '\r')) {
    return fail(*table.get(key), std::string(key) + " must be one character");
  }
  out = none ? '\0' : found[0];
  return true;
}

bool Builder::words(const toml::node& node, std::vector<std::string>& out) {
  out.clear();
  const auto add = [&](const toml::node& item) {
    if (const auto* s = item.as_string()) out.push_back(s->get());
    else if (const auto* i = item.as_integer()) out.push_back(std::to_string(i->get()));
    else return fail(item, "must be a string or a whole number");
    return true;
  };
  const auto* list = node.as_array();
  if (!list) return add(node);
  for (const auto& item : *list) {
    if (!add(item)) return false;
  }
  return true;
}

bool Builder::sub_table(const toml::table& table, std::string_view key, const toml::table*& out) {
  out = nullptr;
  const toml::node* node = table.get(key);
  if (!node) return true;
  out = node->as_table();
  return out || fail(*node, std::string(key) + " must be a table");
}

bool Builder::tables(const toml::table& table, std::string_view key, std::vector<const toml::table*>& out) {
  const toml::node* node = table.get(key);
  if (!node) return true;
  const auto* list = node->as_array();
  if (!list) return fail(*node, quoted("write a table in double brackets:", key));
  for (const auto& item : *list) {
    if (!item.is_table()) return fail(item, quoted("write a table in double brackets:", key));
    out.push_back(item.as_table());
  }
  return true;
}

bool Builder::build(const toml::table& root) {
  const toml::table *text_table = nullptr, *json_table = nullptr, *time_table = nullptr, *columns = nullptr;
  std::vector<const toml::table*> filters, events;
  const bool parts =
      only(root, {"source", "authority", "accept_from", "max_ahead_s", "text", "json", "time", "column",
                  "columns", "conditions", "filter", "event"}) &&
      source_part(root) && sub_table(root, "text", text_table) && sub_table(root, "json", json_table) &&
      sub_table(root, "time", time_table) && sub_table(root, "columns", columns) &&
      sub_table(root, "conditions", named_conditions_) && tables(root, "filter", filters) &&
      tables(root, "event", events);
  if (!parts || (text_table && !text_part(*text_table))) return false;
  if (text_table && json_table) return fail(*json_table, "rows are text or JSON, not both");
  if ((json_table && !json_part(*json_table)) || !column_list(root)) return false;
  if (columns && !column_part(*columns)) return false;
  if (time_table) {
    std::string zone = "UTC";
    if (!only(*time_table, {"zone", "format", "date", "not_before", "unit"}) ||
        !text(*time_table, "zone", zone) || !reading(*time_table, default_reading_)) {
      return false;
    }
    auto loaded = load_zone(zone);
    if (!loaded) return fail(*time_table->get("zone"), loaded.error().message);
    plan.zone = std::move(*loaded);
  }
  for (const toml::table* f : filters) {
    if (!filter(*f)) return false;
  }
  if (events.empty()) return fail(root, "there is no [[event]]");
  for (const toml::table* e : events) {
    if (!event(*e)) return false;
  }
  return true;
}

bool Builder::source_part(const toml::table& root) {
  std::int64_t authority = 0;
  std::int64_t ahead = plan.max_ahead / windows::kSecond;
  std::string from;
  if (!text(root, "source", plan.source) || !number(root, "authority", 0, 15, authority) ||
      !number(root, "max_ahead_s", 0, 86'400, ahead) || !text(root, "accept_from", from)) {
    return false;
  }
  if (plan.source.empty()) return fail(root, "source is required");
  if (text_fault(plan.source)) return fail(*root.get("source"), "not a name for a source");
  plan.authority = static_cast<std::uint8_t>(authority);
  plan.max_ahead = ahead * windows::kSecond;
  if (from.empty()) return true;
  const auto time = TimeFormat().read(from);
  if (!time) return fail(*root.get("accept_from"), "not an RFC 3339 time");
  plan.accept_from = time->time;
  return true;
}

bool Builder::text_part(const toml::table& table) {
  std::string layout = "separated";
  std::string encoding = "utf-8";
  std::int64_t skip = 0;
  if (!only(table, {"layout", "separator", "quote", "header", "trim", "skip_lines", "comment",
                    "encoding", "null"}) ||
      !text(table, "layout", layout) || !text(table, "encoding", encoding) ||
      !character(table, "separator", plan.separator) || !character(table, "quote", plan.quote) ||
      !flag(table, "header", plan.header) || !number(table, "skip_lines", 0, 1000, skip) ||
      !text(table, "comment", plan.comment)) {
    return false;
  }
  if (layout != "separated" && layout != "fixed") {
    return fail(*table.get("layout"), "layout must be \"separated\" or \"fixed\"");
  }
  if (layout == "fixed") plan.layout = MappingPlan::Layout::fixed;
  plan.trim = layout == "fixed";
  if (!flag(table, "trim", plan.trim)) return false;
  if (plan.quote == plan.separator) return fail(table, "separator and quote are the same");
  plan.skip_lines = static_cast<std::size_t>(skip);
  using Encoding = MappingPlan::Encoding;
  if (encoding == "latin-1") plan.encoding = Encoding::latin1;
  else if (encoding == "windows-1252") plan.encoding = Encoding::windows1252;
  else if (encoding != "utf-8") return fail(*table.get("encoding"), "encoding must be utf-8, latin-1 or windows-1252");
  const toml::node* null = table.get("null");
  return !null || words(*null, default_null_);
}

bool Builder::json_part(const toml::table& table) {
  plan.layout = MappingPlan::Layout::json;
  plan.header = false;
  std::string records;
  if (!only(table, {"records", "null"}) || !text(table, "records", records)) return false;
  if (!records.empty() && !records.starts_with('/')) return fail(*table.get("records"), "a JSON pointer begins with /");
  if (!records.empty()) plan.records = JsonPath(records);
  const toml::node* null = table.get("null");
  return !null || words(*null, default_null_);
}

// [[column]]: the columns of a file without header, in their order; of JSON, names for pointers.
bool Builder::column_list(const toml::table& root) {
  const bool fixed = plan.layout == MappingPlan::Layout::fixed;
  const bool json = plan.layout == MappingPlan::Layout::json;
  std::vector<const toml::table*> list;
  if (!tables(root, "column", list)) return false;
  if (list.empty()) {
    if (json) return true;
    if (fixed || !plan.header) return fail(root, "without a header, list every [[column]]");
    return true;
  }
  if (!fixed && plan.header) return fail(*list[0], "the header names the columns already");
  for (const toml::table* entry : list) {
    Column c;
    std::string pointer;
    std::int64_t at = 0, width = 0;
    if (!only(*entry, {"name", "at", "width", "pointer"}) || !text(*entry, "name", c.name) ||
        !text(*entry, "pointer", pointer) ||
        !number(*entry, "at", 1, 65'536, at) || !number(*entry, "width", 1, 65'536, width)) {
      return false;
    }
    if (c.name.empty()) return fail(*entry, "a column needs a name");
    c.path = JsonPath(pointer);
    if (json == pointer.empty() || (json && c.path.empty()))
      return fail(*entry, "pointer belongs to the columns of JSON, and begins with /, ../ or //");
    if (!reachable(*entry, c)) return false;
    if (fixed != (at > 0 && width > 0)) {
      return fail(*entry, "at and width belong to the fixed layout, and only there");
    }
    c.at = static_cast<std::size_t>(fixed ? at - 1 : 0);
    c.width = static_cast<std::size_t>(width);
    c.null = default_null_;
    plan.columns.push_back(std::move(c));
  }
  // Fixed-width files may have a header too, but it tells nothing.
  return true;
}

bool Builder::column_part(const toml::table& table) {
  for (const auto& [name, node] : table) {
    const toml::table* entry = node.as_table();
    if (!entry) return fail(node, "must be a table");
    int index = kNoColumn;
    if (!only(*entry, {"null"}) || !column(node, name.str(), index)) return false;
    const toml::node* null = entry->get("null");
    if (null && !words(*null, plan.columns[static_cast<std::size_t>(index)].null)) return false;
  }
  return true;
}

bool Builder::reading(const toml::table& table, Reading& out) {
  std::string unit;
  std::vector<std::string> formats;
  const toml::node* format = table.get("format");
  if ((format && !words(*format, formats)) || !text(table, "unit", unit)) return false;
  if (format) {
    out.formats.clear();
    for (const std::string& one : formats) {
      auto parsed = TimeFormat::parse(one);
      if (!parsed) return fail(*format, parsed.error().message);
      out.formats.push_back(*parsed);
    }
    if (formats.empty()) return fail(*format, "format is empty");
  }
  if (unit == "ms") out.unit = DurationUnit::milliseconds;
  else if (unit == "h:mm:ss") out.unit = DurationUnit::clock;
  else if (unit == "s") out.unit = DurationUnit::seconds;
  else if (table.get("unit")) return fail(*table.get("unit"), "unit must be s, ms or h:mm:ss");
  return column_of(table, "date", out.date) && column_of(table, "not_before", out.not_before);
}

bool Builder::filter(const toml::table& table) {
  Filter f;
  if (!only(table, {"name", "drop_when"}) || !text(table, "name", f.name)) return false;
  const toml::node* when = table.get("drop_when");
  if (f.name.empty() || !when) return fail(table, "a filter needs name and drop_when");
  if (!conditions(*when, f.drop_when)) return false;
  plan.filters.push_back(std::move(f));
  return true;
}

bool Builder::event(const toml::table& table) {
  EventPlan e;
  for (const auto& [name, node] : table) {
    if (name.str() == "when") {
      if (!conditions(node, e.when)) return false;
      continue;
    }
    const int found = kKeyNames.find(name.str());
    const Key key = found < 0 ? Key::none : static_cast<Key>(found);
    if (key == Key::none || kind_of(key) == Kind::list ||
        (key >= Key::subject && key <= Key::data)) {
      return fail(node, quoted("no field of an event:", name.str()));
    }
    FieldPlan field{key, {}, kNoColumn};
    if (!value(node, field.value)) return false;
    const auto first_column = [](const auto& self, const ValuePlan& v) -> int {
      for (const auto& piece : v.pieces) {
        if (piece.column != kNoColumn) return piece.column;
      }
      for (const auto& alternative : v.alternatives) {
        if (const int c = self(self, alternative); c != kNoColumn) return c;
      }
      return kNoColumn;
    };
    field.column = first_column(first_column, field.value);
    e.fields.push_back(std::move(field));
  }
  for (const std::string_view needed : {"type", "id", "time"}) {
    if (!table.get(needed)) return fail(table, quoted("an event needs", needed));
  }
  Key wrong = Key::none;
  if (std::string message = type_fault(e, wrong); !message.empty())
    return fail(wrong == Key::none ? table : *table.get(name(wrong)), std::move(message));
  plan.events.push_back(std::move(e));
  return true;
}

// Around a record there are as many elements as lists that hold lists of records.
bool Builder::reachable(const toml::node& node, const Column& column) {
  if (column.path.from_root() || column.path.outwards() <= plan.records.steps().size()) return true;
  return fail(node, "there is nothing so far around a record");
}

bool Builder::column(const toml::node& node, std::string_view name, int& out) {
  for (std::size_t i = 0; i < plan.columns.size(); ++i) {
    if (plan.columns[i].name == name) {
      out = static_cast<int>(i);
      return true;
    }
  }
  const bool by_header = plan.header && plan.layout == MappingPlan::Layout::separated;
  Column made{std::string(name), default_null_, JsonPath(name), 0, 0};
  const bool by_pointer = plan.layout == MappingPlan::Layout::json && !made.path.empty();
  if (!by_header && !by_pointer) return fail(node, quoted("there is no column", name));
  if (by_pointer && !reachable(node, made)) return false;
  out = static_cast<int>(plan.columns.size());
  plan.columns.push_back(std::move(made));
  return true;
}

bool Builder::column_of(const toml::table& table, std::string_view key, int& out) {
  std::string name;
  if (!table.get(key)) return true;
  if (!text(table, key, name)) return false;
  // An empty name takes a default back.
  if (name.empty()) out = kNoColumn;
  return name.empty() || column(*table.get(key), name, out);
}

bool Builder::conditions(const toml::node& node, std::vector<Condition>& out) {
  const auto* list = node.as_array();
  if (!list) return condition(node, out.emplace_back());
  for (const auto& item : *list) {
    if (!condition(item, out.emplace_back())) return false;
  }
  return true;
}

bool Builder::condition(const toml::node& node, Condition& out) {
  if (const auto* named = node.as_string()) {
    const std::string& name = named->get();
    const toml::node* found = named_conditions_ ? named_conditions_->get(name) : nullptr;
    if (!found) return fail(node, quoted("there is no condition", name));
    const auto& open = open_conditions_;
    if (std::find(open.begin(), open.end(), name) != open.end()) {
      return fail(node, quoted("this condition depends on itself:", name));
    }
    open_conditions_.push_back(name);
    const bool good = conditions(*found, out.parts);
    open_conditions_.pop_back();
    return good;
  }
  const toml::table* table = node.as_table();
  if (!table) return fail(node, "a condition is a table or the name of one under [conditions]");
  if (table->get("column")) return column_condition(*table, out);
  if (!only(*table, {"all", "any", "not"})) return false;
  if (table->size() != 1) return fail(node, "a condition is one of column, all, any, not");
  using Op = Condition::Op;
  for (const auto& [key, op] : {std::pair<std::string_view, Op>{"all", Op::all},
                                {"any", Op::any},
                                {"not", Op::negated}}) {
    const toml::node* part = table->get(key);
    if (!part) continue;
    out.op = op;
    return conditions(*part, out.parts);
  }
  return false;
}

bool Builder::column_condition(const toml::table& table, Condition& out) {
  using Op = Condition::Op;
  if (!only(table, {"column", "null", "equals", "in", "not_equals", "not_in", "begins_with", "contains",
                    "less_than", "greater_than"}) ||
      !column_of(table, "column", out.column)) {
    return false;
  }
  if (table.size() != 2) return fail(table, "a condition has a column and one test");
  if (table.get("null")) {
    bool null = true;
    if (!flag(table, "null", null)) return false;
    out.op = null ? Op::is_null : Op::not_null;
    return true;
  }
  for (const auto& [key, op] : {std::pair<std::string_view, Op>{"equals", Op::one_of},
                                {"in", Op::one_of},
                                {"not_equals", Op::none_of},
                                {"not_in", Op::none_of},
                                {"begins_with", Op::begins_with},
                                {"contains", Op::contains}}) {
    out.op = op;
    if (const toml::node* node = table.get(key)) return words(*node, out.words);
  }
  out.op = table.get("less_than") ? Op::less : Op::greater;
  return number(table, "less_than", INT64_MIN, INT64_MAX, out.number) &&
         number(table, "greater_than", INT64_MIN, INT64_MAX, out.number);
}

bool Builder::value(const toml::node& node, ValuePlan& out) {
  out.reading = default_reading_;
  if (const auto* s = node.as_string()) return piece_text(node, s->get(), out);
  if (const auto* i = node.as_integer()) {
    out.pieces.push_back({std::to_string(i->get()), kNoColumn, false});
    out.reading.unit = DurationUnit::milliseconds;
    return true;
  }
  if (const auto* b = node.as_boolean()) {
    out.pieces.push_back({b->get() ? "true" : "false", kNoColumn, false});
    return true;
  }
  const toml::table* table = node.as_table();
  return table ? value_table(*table, out)
               : fail(node, "a value is a string, a whole number, true, false or a table");
}

bool Builder::value_table(const toml::table& table, ValuePlan& out) {
  if (!only(table, {"column", "text", "first_of", "when", "null", "after", "before", "map", "unmapped", "default",
                    "format", "date", "not_before", "unit"}) ||
      !text(table, "after", out.after) || !text(table, "before", out.before) ||
      !reading(table, out.reading) || !map_part(table, out)) {
    return false;
  }
  const toml::node* column_name = table.get("column");
  const toml::node* pieces = table.get("text");
  const toml::node* list = table.get("first_of");
  if ((column_name ? 1 : 0) + (pieces ? 1 : 0) + (list ? 1 : 0) != 1) {
    return fail(table, "a value has one of column, text, first_of");
  }
  const toml::node* when = table.get("when");
  const toml::node* null = table.get("null");
  if (when && !conditions(*when, out.when)) return false;
  if (null && !words(*null, out.null.emplace())) return false;
  std::string word;
  if (!text(table, "default", word)) return false;
  if (table.get("default")) out.otherwise = word;
  if (column_name) {
    auto& piece = out.pieces.emplace_back();
    return column_of(table, "column", piece.column);
  }
  if (pieces) return text(table, "text", word) && piece_text(*pieces, word, out);
  if (!list->is_array()) return fail(*list, "first_of must be an array");
  for (const auto& item : *list->as_array()) {
    if (!value(item, out.alternatives.emplace_back())) return false;
  }
  return !out.alternatives.empty() || fail(*list, "first_of is empty");
}

bool Builder::map_part(const toml::table& table, ValuePlan& out) {
  const toml::table* map = nullptr;
  if (!sub_table(table, "map", map)) return false;
  if (map) {
    for (const auto& [from, to] : *map) {
      const auto* word = to.as_string();
      if (!word) return fail(to, "a map gives strings");
      out.map.emplace_back(std::string(from.str()), word->get());
    }
  }
  std::string unmapped = "keep";
  if (!text(table, "unmapped", unmapped)) return false;
  using Unmapped = ValuePlan::Unmapped;
  if (unmapped == "null") {
    out.unmapped = Unmapped::null;
  } else if (unmapped == "refuse") {
    out.unmapped = Unmapped::refuse;
  } else if (unmapped != "keep") {
    return fail(*table.get("unmapped"), "unmapped must be keep, null or refuse");
  }
  return true;
}

// "{line}-{call_id}": columns in braces, {#} the line number, {{ and }} for braces.
bool Builder::piece_text(const toml::node& node, std::string_view text, ValuePlan& out) {
  std::string literal;
  const auto flush = [&] {
    if (!literal.empty()) out.pieces.push_back({std::exchange(literal, {}), kNoColumn, false});
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool doubled = (c == '{' || c == '}') && i + 1 < text.size() && text[i + 1] == c;
    if (doubled || (c != '{' && c != '}')) {
      literal += c;
      if (doubled) ++i;
      continue;
    }
    const std::size_t end = text.find('}', i);
    if (c == '}' || end == std::string_view::npos) {
      return fail(node, "a brace without its partner");
    }
    flush();
    const std::string_view name = text.substr(i + 1, end - i - 1);
    auto& piece = out.pieces.emplace_back();
    piece.line_number = name == "#";
    if (!piece.line_number && !column(node, name, piece.column)) return false;
    i = end;
  }
  flush();
  return true;
}

}  // namespace

core::Result<Mapping> Mapping::parse(std::string_view toml) {
  try {
    Builder builder;
    const toml::table root = toml::parse(toml);
    if (!builder.build(root)) return std::move(builder.error);
    return Mapping(std::make_shared<const MappingPlan>(std::move(builder.plan)));
  } catch (const toml::parse_error& e) {
    const auto& at = e.source().begin;
    return core::Error{"bad_mapping", std::string(e.description()), place(at.line, at.column)};
  }
}

const std::string& Mapping::source() const { return plan_->source; }

}  // namespace ingest
