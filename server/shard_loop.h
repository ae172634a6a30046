// ShardLoop: what a shard does, as a machine without threads, sockets or clocks: time and work come in as
// arguments, everything that happens goes out through ShardOutput. The same calls give the same outputs, so it
// can be simulated from a seed; server/shard.h drives it for real.
//
// It owns the engines of its tenants and is the only place that tells them the time. Whatever leaves (answers,
// what the views show) is tagged with the tenant's journal sequence of that moment and released, in order, once
// that sequence is synced; at once where nothing is outstanding. So nothing that was ever seen can be taken back
// by a crash. One thread at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/engine.h"
#include "ingest/batch.h"
#include "server/config.h"
#include "server/hub.h"
#include "server/keeping.h"

namespace server {

struct EventsResult {
  std::size_t accepted = 0;               // items that told the engine something new
  std::size_t unchanged = 0;              // repeated, or outranked by what is known
  std::size_t repeated = 0;               // of the unchanged: came before under the same id
  std::vector<ingest::Refusal> refusals;  // by the engine, in order of items
};

// What a tenant's views show now.
struct Emission {
  std::size_t tenant = 0;
  std::vector<ViewUpdate> updates;
  core::Engine::Counts counts;
  core::Time now = windows::kNever;
  core::Time last_event = windows::kNever;
};

// The two clocks at one moment.
struct Moment {
  windows::Time wall = 0;
  windows::Time steady = 0;  // ms, never set back
};

class ShardOutput {
 public:
  virtual ~ShardOutput() = default;
  // To the journal. ShardLoop::synced is called when it is there for good.
  virtual void append(std::size_t tenant, std::uint64_t sequence, core::Time applied_at, std::string payload) = 0;
  // Runs where answers are given.
  // Of what is appended and synced. ShardLoop::written is called when it is durable; until then there is no other.
  virtual void checkpoint(std::size_t tenant, Checkpoint checkpoint) = 0;
  virtual void release(std::function<void()> leave) = 0;
  virtual void publish(Emission emission) = 0;
};

class ShardLoop {
 public:
  using Finish = std::function<void()>;
  struct Item {
    std::span<const core::Event> events;
    std::uint32_t index = 0;  // of the input item
  };

  explicit ShardLoop(ShardOutput& output) : output_(output) {}
  ~ShardLoop();

  // `tenant` is the caller's index, handed back in outputs. Errors: those of Engine::create, of its views.
  core::Status add_tenant(std::size_t tenant, const TenantConfig& config);
  // The same with an engine that knows something already, and is kept.
  core::Status add_tenant(std::size_t tenant, const TenantConfig& config, std::unique_ptr<core::Engine> engine,
                          Keeping::Start start);

  void submit(std::size_t tenant, const ingest::Batch& batch, std::int64_t received_us,
              std::function<void(EventsResult)> done, Moment now);
  // The question reads; what it answers is run where answers are given.
  void ask(std::size_t tenant, const std::function<Finish(core::Engine&)>& question);
  void open_view(std::size_t tenant, const std::string& key, const core::ViewDefinition& definition,
                 std::function<void(core::Status)> done);
  void close_view(std::size_t tenant, const std::string& key);
  // Everything up to `sequence` is in the tenant's journal for good.
  void synced(std::size_t tenant, std::uint64_t sequence);
  void written(std::size_t tenant, std::uint64_t generation);

  // Lets time pass where it is due and tells what changed in the views. After every few pieces of work, and
  // when `pause` has passed.
  void step(Moment now);
  // How long nothing needs to be done unless work arrives, ms.
  windows::Duration pause(windows::Time steady) const;
  // Before a stop: whether a last checkpoint holds everything. Asks for one where not.
  bool settled();

 private:
  struct OpenView {
    int id = 0;
    windows::Time emitted = windows::kNever;  // steady; what did not change does not count
    bool first = true;                        // nothing has been emitted yet: all of it is due
    bool due = true;
  };
  struct Held {
    std::uint64_t sequence = 0;
    std::variant<Finish, Emission> leave;
  };
  struct Tenant {
    std::size_t index = 0;
    TenantClock clock = TenantClock::wall;
    std::optional<Keeping> keeping;  // holds what the engine reads: destroyed after it
    std::unique_ptr<core::Engine> engine;
    std::map<std::string, OpenView> views;
    std::int64_t oldest_us = 0;  // arrival of the oldest event not yet emitted; 0: none
    std::uint64_t synced = 0;
    std::deque<Held> held;             // in order of sequence
    std::size_t held_emissions = 0;

    std::uint64_t appended() const { return keeping ? keeping->appended() : 0; }
  };

  Tenant& tenant(std::size_t index) { return *tenants_.at(index); }
  core::Status add(std::size_t tenant, const TenantConfig& config, std::unique_ptr<core::Engine> engine,
                   std::optional<Keeping::Start> start);
  EventsResult apply(Tenant& tenant, const ingest::Batch& batch, windows::Time wall);
  void apply_item(Tenant& tenant, const Item& item, EventsResult& result);
  void let_time_pass(Tenant& tenant, windows::Time wall, windows::Time at_least);
  void emit(Tenant& tenant, windows::Time steady);
  bool may_emit(const Tenant& tenant) const;
  void leave(Tenant& tenant, std::variant<Finish, Emission> what);
  void let_go(std::variant<Finish, Emission> what);

  ShardOutput& output_;
  std::map<std::size_t, std::unique_ptr<Tenant>> tenants_;
  windows::Time next_tick_ = windows::kNever;
};

}  // namespace server
