// What can be said of a mapped event before a row comes: the types there are, and what an event of a type must have.
#include <algorithm>

#include "ingest/event_rules.h"
#include "ingest/mapping_plan.h"

namespace ingest {

namespace {

// The words a value can become that are written in the mapping. False: it can become others too.
bool written_words(const ValuePlan& value, std::vector<std::string_view>& words) {
  bool all = true;
  if (!value.alternatives.empty()) {
    for (const ValuePlan& one : value.alternatives) all = written_words(one, words) && all;
  } else if (value.map.empty()) {
    const bool constant = value.pieces.size() == 1 && value.pieces[0].column == kNoColumn &&
                          !value.pieces[0].line_number;
    if (constant) words.push_back(value.pieces[0].literal);
    all = constant;
  }
  for (const auto& [theirs, ours] : value.map) words.push_back(ours);
  if (!value.map.empty() && value.unmapped == ValuePlan::Unmapped::keep) all = false;
  if (value.otherwise) words.push_back(*value.otherwise);
  return all;
}

}  // namespace

std::string type_fault(const EventPlan& event, Key& field) {
  field = Key::type;
  const auto of_key = [&](Key key) {
    return std::find_if(event.fields.begin(), event.fields.end(), [&](const FieldPlan& f) { return f.key == key; });
  };
  std::vector<std::string_view> words;
  const bool all = written_words(of_key(Key::type)->value, words);
  for (const std::string_view word : words) {
    const int found = kTypeNames.find(word);
    if (found < 0) return "there is no type of event \"" + std::string(word) + "\"";
    if (!all || words.size() > 1 || static_cast<std::size_t>(found) == kRecordType) continue;
    const Rule& rule = kRules[static_cast<std::size_t>(found)];
    for (std::size_t i = 0; i < kKeys; ++i) {
      const Key key = static_cast<Key>(i);
      const bool needed = key == rule.subject || (rule.required & bit(key)) != 0;
      if (!needed || of_key(key) != event.fields.end()) continue;
      field = Key::none;
      return std::string(word) + " needs \"" + std::string(name(key)) + "\"";
    }
  }
  return {};
}

}  // namespace ingest
