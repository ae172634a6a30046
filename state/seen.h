// Seen: which (source, id) came before, and with which content, for as long as a source may deliver again.
//
// Exact: an item is `repeated` or `conflict` only if that very key was remembered within the horizon. Bounded: the
// newest ids are in memory, older ones in the store's ids table, found there when asked for. Without a store the oldest
// ids are forgotten when memory is full. Time is the tenant's: the applied_at of batches, which never goes back; so
// replaying the journal ends in the same answers. Shard thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "state/event_codec.h"

namespace state {

struct SeenRow {  // as the ids table keeps it
  ItemKey key;
  std::uint64_t content = 0;
  core::Time at = 0;
};

struct SeenOptions {
  core::Duration horizon = 48 * windows::kHour;
  std::size_t in_memory = 1'000'000;  // ids; 56 bytes each or so
};

class Store;

class Seen {
 public:
  enum class Answer : std::uint8_t { fresh, repeated, conflict };

  // `store` may be null and must outlive this.
  Seen(const SeenOptions& options, const Store* store);
  ~Seen();

  Answer look(const ItemKey& key, std::uint64_t content, core::Time now) const;
  // After the engine took it, and for every item of the journal's tail.
  void remember(const ItemKey& key, std::uint64_t content, core::Time now);

  // What was remembered since the last call, for CheckpointBatch::ids; belongs to `generation`.
  std::vector<SeenRow> take(std::uint64_t generation);
  // That generation is durable: its ids may leave memory.
  void kept(std::uint64_t generation);

  struct Counts {
    std::size_t in_memory = 0;
    std::uint64_t looked_up = 0;  // in the store
  };
  Counts counts() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace state
