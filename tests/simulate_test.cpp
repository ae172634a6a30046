// The simulated organisation: what it says must be possible. Read as a stranger would, from the lines alone.
#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tools/simulate/world.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace {

using simulate::World;
using simulate::WorldOptions;
using windows::kHour;
using windows::kMinute;

// 2026-03-02T08:00:00Z
constexpr simulate::Time kStart = 1'772'438'400'000;

WorldOptions options(std::uint64_t seed) {
  WorldOptions result;
  result.seed = seed;
  result.start = kStart;
  result.first_burst = kStart + kHour;
  return result;
}

std::string stream(const WorldOptions& options, windows::Duration length) {
  World world(options);
  std::string lines;
  for (simulate::Time t = options.start; t <= options.start + length; t += kMinute) {
    world.advance(t, lines);
    world.check();
  }
  world.drain(lines);
  return lines;
}

// The value of a field of a flat object, as text without quotes; empty when absent.
std::string field(std::string_view line, std::string_view name) {
  const auto at = line.find("\"" + std::string(name) + "\":");
  if (at == std::string_view::npos) return {};
  std::string_view rest = line.substr(at + name.size() + 3);
  if (!rest.starts_with('"')) return std::string(rest.substr(0, rest.find_first_of(",}")));
  rest.remove_prefix(1);
  return std::string(rest.substr(0, rest.find('"')));
}

struct Seen {
  std::string time;
  std::string line;
};

// Each event once, in the order of its source's clock. RFC 3339 in UTC sorts as text.
std::vector<Seen> events(const std::string& lines, std::string_view type_prefix) {
  std::set<std::string> ids;
  std::vector<Seen> result;
  std::istringstream in(lines);
  for (std::string line; std::getline(in, line);) {
    if (!field(line, "type").starts_with(type_prefix)) continue;
    if (!ids.insert(field(line, "source") + "/" + field(line, "id")).second) continue;
    result.push_back({field(line, "time"), line});
  }
  std::stable_sort(result.begin(), result.end(), [](const Seen& a, const Seen& b) {
    const auto number = [](const Seen& s) {
      const std::string id = field(s.line, "id");
      return std::stoul(id.substr(id.find('-') + 1));
    };
    return a.time != b.time ? a.time < b.time : number(a) < number(b);
  });
  return result;
}

}  // namespace

TEST_CASE("the same seed gives the same bytes") {
  const std::string first = stream(options(5), kHour);
  CHECK(first.size() > 100'000);
  CHECK(first == stream(options(5), kHour));
  CHECK(first != stream(options(6), kHour));
}

TEST_CASE("the bytes do not depend on how time is cut") {
  World whole(options(5));
  std::string at_once;
  whole.advance(kStart + kHour, at_once);
  World pieces(options(5));
  std::string in_steps;
  for (simulate::Time t = kStart; t <= kStart + kHour; t += 37) pieces.advance(t, in_steps);
  pieces.advance(kStart + kHour, in_steps);
  CHECK(at_once == in_steps);
}

TEST_CASE("every visit to a queue ends in exactly one way") {
  const auto seed = GENERATE(1u, 2u, 3u);
  std::map<std::string, int> waiting;  // call: visits that have not ended
  std::map<std::string, int> counts;
  for (const Seen& seen : events(stream(options(seed), 6 * kHour), "call.")) {
    const std::string type = field(seen.line, "type");
    const std::string call = field(seen.line, "call");
    if (type == "call.record") continue;
    ++counts[type];
    if (type == "call.queued") REQUIRE(++waiting[call] == 1);
    if (type == "call.answered" || type == "call.abandoned" || type == "call.left") {
      REQUIRE(--waiting[call] == 0);
    }
  }
  const auto left_over = std::count_if(waiting.begin(), waiting.end(),
                                       [](const auto& entry) { return entry.second != 0; });
  CHECK(left_over < 40);
  CHECK(counts["call.queued"] == counts["call.answered"] + counts["call.abandoned"] +
                                     counts["call.left"] + static_cast<int>(left_over));
}

TEST_CASE("nobody is on two voice calls, and states follow the calls") {
  std::map<std::string, std::string> talking;  // agent: call
  std::map<std::string, std::string> state;
  std::set<std::string> chats;
  for (const Seen& seen : events(stream(options(4), 8 * kHour), "")) {
    const std::string type = field(seen.line, "type");
    const std::string agent = field(seen.line, "agent");
    const std::string call = field(seen.line, "call");
    if (type == "call.started" && field(seen.line, "channel") == "chat") chats.insert(call);
    if (type == "agent.state") {
      state[agent] = field(seen.line, "state");
      if (state[agent] == "available") REQUIRE(!talking.contains(agent));
    }
    if (type == "agent.login") state[agent] = "available";
    if (type == "agent.logout") REQUIRE(!talking.contains(agent));
    if (chats.contains(call)) continue;
    if (type == "call.offered") REQUIRE(state[agent] == "available");
    if (type == "call.answered") REQUIRE(talking.emplace(agent, call).second);
    if (!agent.empty() && (type == "call.ended" || type == "call.transferred")) {
      REQUIRE(talking.at(agent) == call);
      talking.erase(agent);
    }
  }
  CHECK(state.size() > 40);  // all but the night shift
}

TEST_CASE("the day is plausible") {
  World world(options(9));
  std::string lines;
  world.advance(kStart + 10 * kHour, lines);
  const auto& calls = world.calls();
  CHECK(calls.arrived > 1'500);
  CHECK(calls.arrived < 4'500);
  const double answered = static_cast<double>(calls.answered) / static_cast<double>(calls.queued);
  CHECK(answered > 0.75);
  CHECK(answered < 0.98);
  CHECK(calls.no_answer > 10);
  CHECK(calls.transferred > 20);
  CHECK(calls.left > 0);
  CHECK(world.tickets().created > 150);
  CHECK(world.tickets().resolved > 50);
  CHECK(world.tickets().rated > 5);
}

TEST_CASE("a burst makes callers wait") {
  std::map<std::string, bool> waiting;
  std::size_t most = 0;
  const auto all = events(stream(options(1), kHour + 5 * kMinute), "call.");
  for (const Seen& seen : all) {
    const std::string type = field(seen.line, "type");
    if (type == "call.queued" && field(seen.line, "queue") == "support-1") {
      waiting[field(seen.line, "call")] = true;
    }
    if (type == "call.answered" || type == "call.abandoned" || type == "call.left") {
      waiting.erase(field(seen.line, "call"));
    }
    if (seen.time > "2026-03-02T09:00:00") most = std::max(most, waiting.size());
  }
  CHECK(most >= 10);
}

TEST_CASE("some lines come twice, some late") {
  std::istringstream in(stream(options(2), 4 * kHour));
  std::map<std::string, int> times;
  std::string newest;
  int lines = 0, repeated = 0, disordered = 0;
  for (std::string line; std::getline(in, line); ++lines) {
    if (field(line, "source") != "pbx") continue;
    if (++times[field(line, "id")] > 1) ++repeated;
    const std::string time = field(line, "time");
    if (time < newest) ++disordered;
    newest = std::max(newest, time);
  }
  CHECK(repeated > lines / 100);
  CHECK(repeated < lines / 30);
  CHECK(disordered > lines / 50);
}

TEST_CASE("every visit gets one record") {
  std::map<std::string, int> visits, records;
  for (const Seen& seen : events(stream(options(8), 2 * kHour), "call.")) {
    const std::string type = field(seen.line, "type");
    const std::string key = field(seen.line, "call") + "@" + field(seen.line, "queue");
    if (type == "call.answered" || type == "call.abandoned" || type == "call.left") ++visits[key];
    if (type == "call.record" && !field(seen.line, "queue").empty()) ++records[key];
  }
  int missing = 0;
  for (const auto& [key, count] : visits) missing += count - records[key];
  CHECK(missing >= 0);
  CHECK(missing < 60);  // those that were going on at the end
  for (const auto& [key, count] : records) REQUIRE(count <= visits[key]);
}
