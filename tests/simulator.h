// Simulator: the shard's loop, its journal, checkpoints and recovery on a simulated clock, disk and network, all driven
// from one seed in one thread. Any two steps may have a crash between them that takes what was not synced.
//
// What must hold, whatever happens:
//   an acknowledged batch is in the journal, once; nothing is there that no client sent; nothing twice
//   after every recovery the engine is bit for bit (digest) the one an uninterrupted engine is that was given the same
//   nothing that was shown is taken back
//   once the faults end, every client gets every batch acknowledged
// Same seed, same trace hash.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace simulator {

struct Report {
  std::uint64_t trace = 0;      // hash over every step and what came of it
  std::string failure;          // empty: everything held
  std::uint64_t steps = 0;
  std::uint64_t events = 0;     // acknowledged
  std::int64_t simulated_ms = 0;
  std::map<std::string, std::uint64_t> reached;  // faults and paths, by name
};

// Every name that `reached` may have; a campaign that never got to one of them has proved less than it says.
const std::map<std::string, std::uint64_t>& all_paths();

Report run(std::uint64_t seed);

}  // namespace simulator
