// SourceHealth: what is known about how a source is doing, for GET /v1/sources and /metrics. Counted since the
// start of the process. Time is an argument. I/O thread only.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ingest/format.h"
#include "server/metrics.h"
#include "server/shard_loop.h"

namespace server {

// How many in the last minute, to five seconds.
class MinuteRate {
 public:
  void add(std::uint64_t count, Time steady);
  std::uint64_t last_minute(Time steady) const;

 private:
  static constexpr Time kSlot = 5'000;
  struct Slot {
    Time number = -1;
    std::uint64_t count = 0;
  };
  std::array<Slot, 13> slots_{};
};

// The smallest difference between receipt and the instant told, over the last five to ten minutes: what an event
// takes on its way at least, less what the source's clock is ahead. Negative: its clock is ahead by as much or more.
class ClockSkew {
 public:
  void add(core::Duration difference, Time steady);
  std::optional<core::Duration> estimate() const;

 private:
  static constexpr Time kSpan = 300'000;
  Time begun_ = windows::kNever;
  std::optional<core::Duration> now_, before_;
};

struct SourceHealth {
  std::string state = "waiting";  // "listening", "connected", "following", "no file", "login refused: …"
  bool well = true;               // the state is one to be in
  Time state_since = 0;           // wall
  std::string peer;               // whom we talk to
  std::uint64_t connections = 0;
  std::uint64_t open = 0;         // of them now

  std::uint64_t messages = 0, bytes = 0;
  std::uint64_t accepted = 0, unchanged = 0, repeated = 0;  // items, as POST /v1/events answers them
  std::uint64_t silent = 0, turned_away = 0, forbidden = 0, too_large = 0;
  std::map<std::string, std::uint64_t, std::less<>> refused;  // by code
  std::map<std::string, std::uint64_t, std::less<>> unknown;  // by verb
  std::map<std::string, std::uint64_t, std::less<>> inferred; // by rule
  std::set<std::string, std::less<>> unmapped_agents, unmapped_queues;
  std::map<std::string, ingest::Gauge> gauges;                // the newest of each
  Time last_message = windows::kNever;                        // wall
  Time last_event = windows::kNever;                          // newest instant told
  core::Duration lag = 0;                                     // of the newest message: receipt less the instant told
  std::uint64_t behind = 0, gaps = 0;                         // bytes of a file not read yet; files lost
  MinuteRate rate;
  ClockSkew skew;

  void become(std::string now, bool good, Time wall);
  // Of messages just read. `live`: they tell what happens now, so their instants say something about clocks.
  void read(const ingest::Intake& intake, bool live, Time wall, Time steady);
  void applied(const EventsResult& result);
  std::uint64_t refusals() const;
};

// "name":value pairs without braces.
void append_health(std::string& out, const SourceHealth& health, Time steady);

struct NamedHealth {
  std::string tenant, source;
  const SourceHealth* health;
};
void append_sources(MetricsText& text, const std::vector<NamedHealth>& sources, Time wall, Time steady);

}  // namespace server
