// World: the whole simulated organisation as a source of NDJSON lines, in the order and at the instants they
// reach us: with network delay, some late and out of order, some twice. Same options, same bytes. One thread.
#pragma once

#include <cstdint>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "tools/simulate/agenda.h"
#include "tools/simulate/desk.h"
#include "tools/simulate/floor.h"
#include "tools/simulate/lines.h"
#include "tools/simulate/random.h"

namespace simulate {

struct WorldOptions {
  std::uint64_t seed = 1;
  Time start = 0;
  double rate = 1;
  Duration local_offset = 0;                // see FloorOptions
  Time first_burst = windows::kNever;
  double duplicated = 0.02;
  double disordered = 0.06;  // up to 3 s
  double late = 0.01;        // up to 60 s
};

class World {
 public:
  explicit World(const WorldOptions& options);

  // Appends the lines that reach us up to `until`, each with its newline. Answers how many.
  std::uint64_t advance(Time until, std::string& out);
  // What is on its way, whenever it would have arrived.
  std::uint64_t drain(std::string& out);

  void check() const;  // CHECKs conservation
  const FloorTally& calls() const { return floor_.tally(); }
  const DeskTally& tickets() const { return desk_.tally(); }

 private:
  struct Delivery {
    Time at;
    std::uint64_t order;
    std::string line;

    bool operator<(const Delivery& other) const {  // the largest is the earliest
      return at != other.at ? at > other.at : order > other.order;
    }
  };

  void send(Time sent, std::string line);

  WorldOptions options_;
  Agenda agenda_;
  Random random_;  // the organisation's
  Random noise_;   // the network's, apart so that noise does not change what happens
  std::priority_queue<Delivery> under_way_;
  std::uint64_t last_ = 0;
  Journal journal_;
  Floor floor_;
  Desk desk_;
};

}  // namespace simulate
