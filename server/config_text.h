// A TOML document as plain values that remember where they stand, and the strict reading of its tables: every
// key must be known, of the right kind and in range; all that is wrong is collected, not only the first.
// The only place (with config_text.cpp) that knows the TOML library. Values, any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"
#include "core/zone.h"
#include "windows/time.h"

namespace server {

struct Node {
  enum class Kind : std::uint8_t { table, array, text, integer, real, boolean, instant };
  Kind kind = Kind::table;
  std::string text;
  std::int64_t integer = 0;  // instant: ms
  double real = 0;
  bool boolean = false;
  bool local = false;  // an instant without an offset: of some place's wall clock, here read as UTC
  std::vector<Node> items;
  std::map<std::string, Node> members;
  int line = 0;
  int column = 0;
};

// Error: bad_toml with `where` = "file:line:column".
core::Result<Node> parse_toml(std::string_view toml, std::string_view file);

// "90s", "5m", "250ms", "24h", "7d" -> ms.
std::optional<windows::Duration> parse_duration(std::string_view text);
// The one of `known` that was probably meant.
std::optional<std::string> nearest(std::string_view word, const std::set<std::string>& known);

// What was wrong, and which options were asked for ("tenant.clock").
struct Findings {
  std::string file;
  std::vector<std::string> problems;  // "file:line:column: text"
  std::set<std::string> asked;

  void add(const Node& where, const std::string& problem);
  core::Error error() const;
};

// One table. Each getter answers the default when the key is absent or wrong (then with a finding).
class Section {
 public:
  Section(const Node& node, std::string path, Findings& findings);
  ~Section();  // what was not asked for is unknown
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;

  bool has(const std::string& key) const { return node_.members.contains(key); }
  const Node& at(const std::string& key) const { return node_.members.at(key); }
  const Node& node() const { return node_; }
  Findings& findings() { return findings_; }
  void fail(const std::string& key, const std::string& problem);  // at the key's value
  void require(const std::string& key);

  std::string text(const std::string& key, std::string otherwise = {});
  std::int64_t integer(const std::string& key, std::int64_t otherwise, std::int64_t low, std::int64_t high);
  std::optional<double> number(const std::string& key);
  windows::Duration duration(const std::string& key, windows::Duration otherwise, windows::Duration low,
                             windows::Duration high);
  windows::Time instant(const std::string& key, windows::Time otherwise);
  // One without an offset, such as a date, is meant in `zone`.
  windows::Time instant_in(const std::string& key, const core::Zone& zone, windows::Time otherwise);
  bool boolean(const std::string& key, bool otherwise);
  // One of `words`, as its place among them; a list of them.
  std::size_t word(const std::string& key, std::span<const std::string_view> words, std::size_t otherwise);
  std::vector<std::size_t> words(const std::string& key, std::span<const std::string_view> words);
  // A table whose keys the user chooses, with texts.
  std::vector<std::pair<std::string, std::string>> labels(const std::string& key);
  std::vector<std::string> texts(const std::string& key, std::vector<std::string> otherwise = {});
  const Node* table(const std::string& key);                // nullptr when absent
  std::vector<const Node*> tables(const std::string& key);  // [[key]]
  const Node* list(const std::string& key);                 // of whatever; nullptr when absent
  std::string path(const std::string& key) const { return path_.empty() ? key : path_ + "." + key; }

 private:
  const Node* find(const std::string& key, Node::Kind kind, const char* expected);

  const Node& node_;
  std::string path_;
  Findings& findings_;
  std::set<std::string> known_;
};

}  // namespace server
