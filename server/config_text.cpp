#include "server/config_text.h"

#include <toml++/toml.h>
#include <algorithm>
#include <charconv>

#include "core/zone.h"

namespace server {
namespace {

windows::Time instant_of(const toml::date& date, const toml::time& time, int offset_minutes) {
  const std::int64_t days = core::days_from({date.year, date.month, date.day});
  return days * windows::kDay + time.hour * windows::kHour + time.minute * windows::kMinute +
         time.second * windows::kSecond + time.nanosecond / 1'000'000 - offset_minutes * windows::kMinute;
}

Node convert(const toml::node& from) {
  Node node;
  node.line = static_cast<int>(from.source().begin.line);
  node.column = static_cast<int>(from.source().begin.column);
  if (const toml::table* table = from.as_table()) {
    for (const auto& [key, value] : *table) {
      Node member = convert(value);
      if (member.kind == Node::Kind::table && member.line == 0) {  // [[a.b]] makes an `a` without a place
        member.line = static_cast<int>(key.source().begin.line);
        member.column = static_cast<int>(key.source().begin.column);
      }
      node.members.emplace(std::string(key.str()), std::move(member));
    }
  } else if (const toml::array* array = from.as_array()) {
    node.kind = Node::Kind::array;
    for (const toml::node& item : *array) node.items.push_back(convert(item));
  } else if (const auto* text = from.as_string()) {
    node.kind = Node::Kind::text;
    node.text = text->get();
  } else if (const auto* integer = from.as_integer()) {
    node.kind = Node::Kind::integer;
    node.integer = integer->get();
    node.real = static_cast<double>(node.integer);
  } else if (const auto* real = from.as_floating_point()) {
    node.kind = Node::Kind::real;
    node.real = real->get();
  } else if (const auto* boolean = from.as_boolean()) {
    node.kind = Node::Kind::boolean;
    node.boolean = boolean->get();
  } else if (const auto* moment = from.as_date_time()) {
    node.kind = Node::Kind::instant;
    const auto& value = moment->get();
    node.integer = instant_of(value.date, value.time, value.offset ? value.offset->minutes : 0);
    node.local = !value.offset;
  } else if (const auto* date = from.as_date()) {
    node.kind = Node::Kind::instant;
    node.integer = instant_of(date->get(), {}, 0);
    node.local = true;
  }
  return node;
}

std::string place(std::string_view file, int line, int column) {
  return std::string(file) + ":" + std::to_string(line) + ":" + std::to_string(column);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

std::string joined(std::span<const std::string_view> words) {
  std::string all;
  for (const std::string_view word : words) all.append(all.empty() ? "" : ", ").append(word);
  return all;
}

}  // namespace

core::Result<Node> parse_toml(std::string_view toml, std::string_view file) {
  try {
    return convert(toml::parse(toml, file));
  } catch (const toml::parse_error& error) {
    const auto& at = error.source().begin;
    return core::Error{"bad_toml", std::string(error.description()),
                       place(file, static_cast<int>(at.line), static_cast<int>(at.column))};
  }
}

std::optional<windows::Duration> parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || count < 0 || count > 1'000'000'000) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit == "ms") return count;
  if (unit == "s") return count * windows::kSecond;
  if (unit == "m") return count * windows::kMinute;
  if (unit == "h") return count * windows::kHour;
  if (unit == "d") return count * windows::kDay;
  return std::nullopt;
}

std::optional<std::string> nearest(std::string_view word, const std::set<std::string>& known) {
  std::optional<std::string> best;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

void Findings::add(const Node& where, const std::string& problem) {
  problems.push_back(place(file, where.line, where.column) + ": " + problem);
}

core::Error Findings::error() const {
  std::string all;
  for (const std::string& problem : problems) all += (all.empty() ? "" : "\n") + problem;
  return core::Error{"bad_config", all, ""};
}

Section::Section(const Node& node, std::string path, Findings& findings)
    : node_(node), path_(std::move(path)), findings_(findings) {}

Section::~Section() {
  for (const auto& [key, value] : node_.members) {
    if (known_.contains(key)) continue;
    const auto meant = nearest(key, known_);
    findings_.add(value, "unknown option '" + path(key) + "'" + (meant ? "; did you mean '" + *meant + "'?" : ""));
  }
}

void Section::fail(const std::string& key, const std::string& problem) {
  const auto it = node_.members.find(key);
  findings_.add(it == node_.members.end() ? node_ : it->second, "'" + path(key) + "' " + problem);
}

void Section::require(const std::string& key) {
  if (!has(key)) fail(key, "is missing");
}

const Node* Section::find(const std::string& key, Node::Kind kind, const char* expected) {
  known_.insert(key);
  findings_.asked.insert(path(key));
  const auto it = node_.members.find(key);
  if (it == node_.members.end()) return nullptr;
  if (it->second.kind == kind) return &it->second;
  fail(key, std::string("must be ") + expected);
  return nullptr;
}

std::string Section::text(const std::string& key, std::string otherwise) {
  const Node* node = find(key, Node::Kind::text, "a text in quotes");
  return node == nullptr ? otherwise : node->text;
}

std::int64_t Section::integer(const std::string& key, std::int64_t otherwise, std::int64_t low, std::int64_t high) {
  const Node* node = find(key, Node::Kind::integer, "a whole number");
  if (node == nullptr) return otherwise;
  if (node->integer >= low && node->integer <= high) return node->integer;
  fail(key, "must be between " + std::to_string(low) + " and " + std::to_string(high));
  return otherwise;
}

std::optional<double> Section::number(const std::string& key) {
  const auto it = node_.members.find(key);
  const bool whole = it != node_.members.end() && it->second.kind == Node::Kind::integer;
  const Node* node = find(key, whole ? Node::Kind::integer : Node::Kind::real, "a number");
  if (node == nullptr) return std::nullopt;
  if (node->real >= -1e15 && node->real <= 1e15) return node->real;
  fail(key, "must be a finite number");
  return std::nullopt;
}

windows::Duration Section::duration(const std::string& key, windows::Duration otherwise, windows::Duration low,
                                    windows::Duration high) {
  const Node* node = find(key, Node::Kind::text, "a duration such as \"20s\"");
  if (node == nullptr) return otherwise;
  const auto parsed = parse_duration(node->text);
  if (!parsed) {
    fail(key, "must be a duration such as \"500ms\", \"20s\", \"5m\", \"24h\" or \"7d\"");
  } else if (*parsed < low || *parsed > high) {
    fail(key, "must be between " + std::to_string(low) + "ms and " + std::to_string(high) + "ms");
  } else {
    return *parsed;
  }
  return otherwise;
}

windows::Time Section::instant(const std::string& key, windows::Time otherwise) {
  const Node* node =
      find(key, Node::Kind::instant, "a date or an instant such as 1990-01-01T00:00:00Z, without quotes");
  return node == nullptr ? otherwise : node->integer;
}

windows::Time Section::instant_in(const std::string& key, const core::Zone& zone, windows::Time otherwise) {
  const windows::Time written = instant(key, otherwise);
  const bool local = has(key) && at(key).kind == Node::Kind::instant && at(key).local;
  return local ? zone.from_local(written) : written;
}

bool Section::boolean(const std::string& key, bool otherwise) {
  const Node* node = find(key, Node::Kind::boolean, "true or false");
  return node == nullptr ? otherwise : node->boolean;
}

std::size_t Section::word(const std::string& key, std::span<const std::string_view> words, std::size_t otherwise) {
  const Node* node = find(key, Node::Kind::text, "a text in quotes");
  if (node == nullptr) return otherwise;
  const auto it = std::find(words.begin(), words.end(), node->text);
  if (it != words.end()) return static_cast<std::size_t>(it - words.begin());
  fail(key, "is '" + node->text + "', not one of " + joined(words));
  return otherwise;
}

std::vector<std::size_t> Section::words(const std::string& key, std::span<const std::string_view> words) {
  std::vector<std::size_t> places;
  for (const std::string& text : texts(key)) {
    const auto it = std::find(words.begin(), words.end(), text);
    if (it == words.end()) {
      fail(key, "holds '" + text + "', which is not one of " + joined(words));
    } else {
      places.push_back(static_cast<std::size_t>(it - words.begin()));
    }
  }
  return places;
}

std::vector<std::pair<std::string, std::string>> Section::labels(const std::string& key) {
  std::vector<std::pair<std::string, std::string>> labels;
  const Node* table = find(key, Node::Kind::table, "a table of texts");
  findings_.asked.insert(path(key) + ".*");
  if (table == nullptr) return labels;
  for (const auto& [name, value] : table->members) {
    if (value.kind == Node::Kind::text) {
      labels.emplace_back(name, value.text);
    } else {
      findings_.add(value, "'" + path(key) + "." + name + "' must be a text in quotes");
    }
  }
  return labels;
}

std::vector<std::string> Section::texts(const std::string& key, std::vector<std::string> otherwise) {
  const Node* node = find(key, Node::Kind::array, "a list of texts");
  if (node == nullptr) return otherwise;
  std::vector<std::string> values;
  for (const Node& item : node->items) {
    if (item.kind == Node::Kind::text) {
      values.push_back(item.text);
    } else {
      findings_.add(item, "'" + path(key) + "' must hold texts only");
    }
  }
  return values;
}

const Node* Section::table(const std::string& key) { return find(key, Node::Kind::table, "a table"); }

const Node* Section::list(const std::string& key) { return find(key, Node::Kind::array, "a list"); }

std::vector<const Node*> Section::tables(const std::string& key) {
  const Node* node = find(key, Node::Kind::array, "a list of tables ([[…]])");
  std::vector<const Node*> found;
  if (node == nullptr) return found;
  for (const Node& item : node->items) {
    if (item.kind == Node::Kind::table) {
      found.push_back(&item);
    } else {
      findings_.add(item, "'" + path(key) + "' must hold tables only");
    }
  }
  return found;
}

}  // namespace server
