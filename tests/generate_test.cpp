// The benchmark stream is what its options say.
#include <algorithm>
#include <map>
#include <sstream>
#include <string>

#include "tools/generate/stream.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace {

std::string value(const std::string& line, const std::string& name) {
  const auto at = line.find("\"" + name + "\":\"");
  if (at == std::string::npos) return {};
  const auto from = at + name.size() + 4;
  return line.substr(from, line.find('"', from) - from);
}

}  // namespace

TEST_CASE("the stream has the promised size, disorder, lateness and duplicates") {
  generate::GenerateOptions options;
  options.calls = 20'000;
  const std::string stream = generate::generate_stream(options);
  CHECK(stream == generate::generate_stream(options));

  std::map<std::string, int> ids, agents;
  std::string newest;
  std::size_t lines = 0, disordered = 0, late = 0, repeated = 0;
  std::istringstream in(stream);
  for (std::string line; std::getline(in, line); ++lines) {
    const std::string time = value(line, "time");
    if (time < "2026-03-02T08:00:00") ++late;
    if (time < newest) ++disordered;
    newest = std::max(newest, time);
    if (++ids[value(line, "id")] > 1) ++repeated;
    if (line.find("call.answered") != std::string::npos) ++agents[value(line, "agent")];
  }
  CHECK(ids.size() == 60'000);
  CHECK(stream.size() / lines >= 244);
  CHECK(stream.size() / lines <= 254);
  CHECK(repeated > lines / 70);
  CHECK(repeated < lines / 35);
  CHECK(late > lines / 250);
  CHECK(late < lines / 60);
  CHECK(disordered > lines / 12);

  int most = 0, answered = 0;
  for (const auto& [agent, count] : agents) {
    most = std::max(most, count);
    answered += count;
  }
  CHECK(most > 100 * answered / static_cast<int>(agents.size() * 10));  // Zipf: far above the mean
}

TEST_CASE("without Zipf every agent is about equally busy") {
  generate::GenerateOptions options;
  options.calls = 20'000;
  options.agents = 100;
  options.zipf = 0;
  std::map<std::string, int> agents;
  std::istringstream in(generate::generate_stream(options));
  for (std::string line; std::getline(in, line);) {
    if (line.find("call.answered") != std::string::npos) ++agents[value(line, "agent")];
  }
  CHECK(agents.size() == 100);
  for (const auto& [agent, count] : agents) {
    REQUIRE(count > 120);
    REQUIRE(count < 280);
  }
}
