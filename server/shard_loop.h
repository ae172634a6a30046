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
#include <string>
#include <variant>
#include <vector>

#include "core/engine.h"
#include "ingest/batch.h"
#include "server/config.h"
#include "server/hub.h"

namespace server {

struct EventsResult {
  std::size_t accepted = 0;               // items that told the engine something new
  std::size_t unchanged = 0;              // duplicates, or outranked by what is known
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
  virtual void release(std::function<void()> leave) = 0;
  virtual void publish(Emission emission) = 0;
};

class ShardLoop {
 public:
  using Finish = std::function<void()>;

  explicit ShardLoop(ShardOutput& output) : output_(output) {}
  ~ShardLoop();

  // `tenant` is the caller's index, handed back in outputs. Errors: those of Engine::create, of its views.
  core::Status add_tenant(std::size_t tenant, const TenantConfig& config);

  void submit(std::size_t tenant, const ingest::Batch& batch, std::int64_t received_us,
              std::function<void(EventsResult)> done, Moment now);
  // The question reads; what it answers is run where answers are given.
  void ask(std::size_t tenant, const std::function<Finish(core::Engine&)>& question);
  void open_view(std::size_t tenant, const std::string& key, const core::ViewDefinition& definition,
                 std::function<void(core::Status)> done);
  void close_view(std::size_t tenant, const std::string& key);
  // Everything up to `sequence` is in the tenant's journal for good.
  void synced(std::size_t tenant, std::uint64_t sequence);

  // Lets time pass where it is due and tells what changed in the views. After every few pieces of work, and
  // when `pause` has passed.
  void step(Moment now);
  // How long nothing needs to be done unless work arrives, ms.
  windows::Duration pause(windows::Time steady) const;

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
    std::unique_ptr<core::Engine> engine;
    std::map<std::string, OpenView> views;
    std::int64_t oldest_us = 0;  // arrival of the oldest event not yet emitted; 0: none
    std::uint64_t appended = 0;  // sequence of the last batch handed to the journal
    std::uint64_t synced = 0;
    std::deque<Held> held;             // in order of sequence
    std::size_t held_emissions = 0;
  };

  Tenant& tenant(std::size_t index) { return *tenants_.at(index); }
  EventsResult apply(Tenant& tenant, const ingest::Batch& batch, windows::Time wall);
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
