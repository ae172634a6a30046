// What every format makes of damaged messages: the seeds of the fuzz targets, whole, cut at every byte, and with bytes
// changed, dropped and doubled. Nothing may break, and what comes out must be fit for the engine.
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "feed.h"
#include "tests/fuzz/format_target.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace {

std::size_t run(std::string_view target, const std::string& bytes, feed::Numbers& engine) {
  return fuzz::run(target, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(),
                   [&](const ingest::Intake& out) { engine.take(out); });
}

std::vector<std::string> seeds(const std::string& target) {
  std::vector<std::string> out;
  const std::filesystem::path folder = RINGSIDE_SOURCE_DIR "/tests/fuzz/corpus/" + target;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(entry.path(), std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    out.push_back(text.str());
  }
  return out;
}

}  // namespace

TEST_CASE("every format reads damaged messages or refuses them, and breaks nothing") {
  for (const fuzz::Target& target : fuzz::kTargets) {
    INFO(target.name);
    std::size_t events = 0;
    std::mt19937 dice(1);
    feed::Numbers engine(fuzz::kNow, {"calls", "tickets_created"});
    for (const std::string& seed : seeds(target.name)) {
      events += run(target.name, seed, engine);
      for (std::size_t i = 0; i < seed.size(); ++i) run(target.name, seed.substr(0, i), engine);
      for (int i = 0; i < 60; ++i) {
        std::string damaged = seed;
        for (int n = 0; n < 3; ++n) {
          const std::size_t at = dice() % damaged.size();
          switch (dice() % 3) {
            case 0:
              damaged[at] = static_cast<char>(dice());
              break;
            case 1:
              damaged.erase(at, 1 + dice() % 4);
              break;
            default:
              damaged.insert(at, damaged.substr(at, dice() % 20));
              break;
          }
          if (damaged.empty()) damaged = seed;
        }
        run(target.name, damaged, engine);
      }
    }
    CHECK(events > 0);
    // A damaged time may lie before what the engine keeps; nothing else is left for it to refuse.
    for (const std::string& fault : engine.faults) CHECK(fault.substr(0, fault.find(':')) == "too_old");
  }
}
