// Digest: one number for all that was told and all that follows from it. The sum of a hash per item, so that no
// order matters; names enter as words, because their numbers depend on who came first.
#include "core/engine_state.h"

namespace core {
namespace {

class Sum {
 public:
  void add(std::string_view item) { sum_ += XXH3_64bits(item.data(), item.size()); }
  std::uint64_t value() const { return sum_; }

 private:
  std::uint64_t sum_ = 0;
};

class Item {
 public:
  explicit Item(std::string_view kind) { word(kind); }
  Item& word(std::string_view text) {
    number(static_cast<std::int64_t>(text.size()));
    bytes_ += text;
    return *this;
  }
  Item& number(std::int64_t n) {
    bytes_.append(reinterpret_cast<const char*>(&n), sizeof n);
    return *this;
  }
  std::string_view bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace

std::uint64_t Engine::digest() {
  State& s = *state_;
  Sum sum;
  const auto word = [&](ScopeKind kind, std::uint32_t name, std::uint32_t none) {
    return name == none ? std::string_view("-") : s.names(kind).text(name);
  };
  const auto add_record = [&](const Record& record) {
    if (record.customer != 0) {
      Item item("customer");
      item.word(record.id).number(static_cast<int>(record.kind)).number(static_cast<std::int64_t>(record.customer));
      sum.add(item.number(static_cast<std::int64_t>(record.customer_rank)).bytes());
    }
    for (const Observation& o : record.observations) {
      Item item(record.kind == Record::Kind::call ? "call" : "ticket");
      item.word(record.id).number(o.at).number(static_cast<std::int64_t>(o.rank));
      item.word(word(ScopeKind::agent, o.agent, kNoAgent)).word(word(ScopeKind::queue, o.queue, kNoQueue));
      item.word(word(ScopeKind::channel, o.channel, kNoName)).word(word(ScopeKind::priority, o.priority, kNoName));
      item.number(static_cast<int>(o.type)).number(static_cast<int>(o.detail));
      if (names_label(o.type)) {
        item.word(o.value < 0 ? "-" : s.labels.text(static_cast<std::uint32_t>(o.value)));
      } else {
        item.number(o.value);
      }
      item.number(o.origin);
      sum.add(item.bytes());
    }
  };
  for (const Record& record : s.records) {
    if (record.in_use) add_record(record);
  }
  s.each_cold_record(add_record);
  for (std::uint32_t id = 0; id < s.agents.size(); ++id) {
    const std::string_view agent = s.names(ScopeKind::agent).text(id);
    const auto add_presence = [&](const Presence& p) {
      Item item("presence");
      item.word(agent).number(p.at).number(p.order).number(static_cast<std::int64_t>(p.rank));
      item.number(static_cast<int>(p.state)).word(p.reason == Scopes::kNone ? "-" : s.reasons.text(p.reason));
      sum.add(item.bytes());
    };
    const auto add_point = [&](Time at, const auto& counts) {
      Item item("contacts");
      item.word(agent).number(at);
      for (const std::int32_t count : counts) item.number(count);
      sum.add(item.bytes());
    };
    s.agents[id].activity.each(add_presence, add_point);
    if (s.agents[id].activity.cut() != kNever) s.older_activity(id, kNever).each(add_presence, add_point);
  }
  for (const bool of_agent : {true, false}) {
    const ScopeKind kind = of_agent ? ScopeKind::agent : ScopeKind::queue;
    for (std::uint32_t subject = 0; subject < s.names(kind).size(); ++subject) {
      for (const Roster::Entry& entry : (of_agent ? s.agent_roster : s.queue_roster).entries(subject)) {
        Item item(of_agent ? "agent" : "queue");
        item.word(s.names(kind).text(subject)).number(entry.at).number(static_cast<std::int64_t>(entry.rank));
        item.word(word(ScopeKind::team, entry.member.team, Scopes::kNone));
        item.word(word(ScopeKind::site, entry.member.site, Scopes::kNone));
        sum.add(item.bytes());
      }
    }
  }
  for (std::uint32_t id = 0; id < s.scopes.size(); ++id) {
    const windows::Series* series = &s.settled(id);
    std::optional<windows::Series> joined;
    if (s.cold.horizon > 0)
      series = &joined.emplace(series->joined(s.catalogue.layout(), s.cold_intervals(id, 0, s.cold.horizon, {})));
    series->each(s.catalogue.layout(), [&](windows::Series::Part part, const std::array<std::int64_t, 4>& n) {
      Item item("series");
      item.word(s.scopes[id].key).number(static_cast<int>(part));
      for (const std::int64_t number : n) item.number(number);
      sum.add(item.bytes());
    });
  }
  return sum.value();
}

}  // namespace core
