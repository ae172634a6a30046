// Keep: what survives of an engine, as rows of a few tables, and how they are read back.
//
// What is known is kept: names, records, activities, rosters, and the 15-minute intervals that have left memory.
// Windows, histograms and timers never are: they are rebuilt from what is known. The engine hands rows out in
// generations (Engine::begin_keep); rows of one generation belong together and are written all or none, with
// everything of the generations before. Keys and values are opaque to whoever stores them; keys are compared as
// bytes. Every value begins with a version byte. Nothing here touches a disk.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "windows/time.h"

namespace core {

enum class Keep : std::uint8_t {
  name,          // every word that got a number, in order of first appearance
  record,        // calls and tickets: those in memory under one prefix, the others under another
  activity,      // agents' presence and contacts, a row per agent and UTC day
  roster,        // memberships of an agent or a queue; sources, and who told of which scope (core/coverage.h)
  interval,      // what a scope gathered in 15 minutes; only intervals that have left memory
  agent_record,  // which records name an agent or a queue, and when records ended; only of those not in memory
  meta,          // one row: now, counts, settings the rest depends on
  alert,         // alerts, their history, silences, and since when sources are silent (core/alerts_keep.cpp)
};
inline constexpr int kKeeps = 8;

struct Kept {
  Keep table{};
  std::string key;
  std::string value;   // empty: the row is erased, if there is one
  bool merge = false;  // value is to be added to what is there: merge_interval(there, value)
};
using KeepSink = std::function<void(Kept&&)>;

// Reading back what was written. Called on the engine's thread; what is written meanwhile may or may not be seen,
// but always whole generations, and a scan sees one state from its first row to its last.
class Archive {
 public:
  virtual ~Archive() = default;
  // False when there is no such row.
  virtual bool get(Keep table, std::string_view key, std::string& value) = 0;
  // Rows with from <= key < to in order of keys, until `row` answers false.
  virtual void scan(Keep table, std::string_view from, std::string_view to,
                    const std::function<bool(std::string_view key, std::string_view value)>& row) = 0;
  // The highest generation contained in what get and scan see; 0 when nothing was ever written.
  virtual std::uint64_t generation() = 0;
};

// The sum of two interval rows; either may be empty. Empty when nothing is left: the row may be erased.
// Associative and commutative. Pure; any thread.
std::string merge_interval(std::string_view old, std::string_view delta);

}  // namespace core
