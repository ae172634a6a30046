// ShardLoop: what a shard does, as a machine without threads, sockets or clocks: time and work come in as
// arguments, everything that happens goes out through ShardOutput. The same calls give the same outputs, so it
// can be simulated from a seed; server/shard.h drives it for real.
//
// It owns the engines of its tenants and is the only place that tells them the time. Whatever leaves (answers,
// what the views show) is tagged with the tenant's journal sequence of that moment and released, in order, once
// that sequence is synced; at once where nothing is outstanding. So nothing that was ever seen can be taken back
// by a crash. What time alone does to alerts is appended as a batch without events, so that the journal holds every
// instant at which alerts changed; and which sources are at work as an event of our own. One thread at a time.
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
#include "core/memory_archive.h"
#include "ingest/batch.h"
#include "server/config.h"
#include "server/hub.h"
#include "server/keeping.h"
#include "server/recovery.h"

namespace server {

struct EventsResult {
  std::size_t accepted = 0;               // items that told the engine something new
  std::size_t unchanged = 0;              // repeated, or outranked by what is known
  std::size_t repeated = 0;               // of the unchanged: came before under the same id
  std::vector<ingest::Refusal> refusals;  // by the engine, in order of items
};

// The next deadlines of a scope, as many as somebody looks at; at most half of them are overdue ones.
struct DeadlineWatch {
  std::string scope;  // "tenant", "queue/sales", "queue/*"
  std::size_t limit = 10;
  auto operator<=>(const DeadlineWatch&) const = default;
};
struct DeadlineUpdate {
  DeadlineWatch watch;
  core::Time asof = windows::kNever;
  std::size_t total = 0, overdue = 0;  // how many there are
  std::string list;  // JSON (server/deadline_json.h)
};

// What a tenant's views show now.
struct Emission {
  std::size_t tenant = 0;
  std::vector<ViewUpdate> updates;
  std::vector<DeadlineUpdate> deadlines;
  core::Engine::Counts counts;
  core::Time now = windows::kNever;
  core::Time last_event = windows::kNever;
};

// What became of a tenant's alerts: for those who look, and for receivers.
struct Told {
  std::size_t tenant = 0;
  std::vector<core::AlertChange> changes;
  std::vector<core::Notice> notices;
  // All that are active after the changes: at the start, and after other settings, which may have numbered anew.
  std::optional<std::vector<core::Alert>> active;
  std::uint64_t number = 0;  // of the last change
};

// What was applied while an engine is made to take a tenant's place.
struct LoggedBatch {
  core::Time applied_at = 0;
  std::string payload;
  std::size_t items = 0;
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
  virtual void tell(Told told) = 0;
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
  // From now on what changed in that list is part of emissions, at most once a second.
  void watch_deadlines(std::size_t tenant, const DeadlineWatch& watch);
  void unwatch_deadlines(std::size_t tenant, const DeadlineWatch& watch);

  // Before the first step of a tenant that was brought back: the silence of its sources counts from here on, not from
  // before the stop.
  void started(std::size_t tenant);

  // Other settings, while everything goes on: from begin_change on everything that is applied is logged too; an engine
  // that was made meanwhile from what there was then, and has been told the log, takes the old one's place with change.
  // False: a checkpoint is under way; ask again.
  bool begin_change(std::size_t tenant);
  void give_up_change(std::size_t tenant);
  std::size_t logged(std::size_t tenant) const;  // items
  std::vector<LoggedBatch> take_log(std::size_t tenant);
  // Everything the engine knows, where nothing is kept. Lives until the next call.
  core::MemoryArchive& rows(std::size_t tenant);
  // The log is empty. Views are opened again, whole; `done` is given the keys of those that cannot be, and leaves in
  // order: after all that showed the old settings, before anything that shows the new ones. `start_over`, where it is
  // given: makes the state begin anew, once nobody reads it, and answers its archive.
  using StartOver = std::function<std::unique_ptr<state::StateArchive>()>;
  void change(std::size_t tenant, const TenantConfig& config, Recovered recovered, const StartOver& start_over,
              std::function<void(const std::vector<std::string>& closed)> done);
  // Nothing is shown of it any more; what was promised is kept.
  void remove_tenant(std::size_t tenant);
  core::Engine& engine(std::size_t tenant) { return *tenants_.at(tenant)->engine; }
  std::uint64_t appended(std::size_t tenant) const { return tenants_.at(tenant)->appended(); }

  // Who is at work from here on. The engine is told by an event of the journal, before anything else.
  void set_sources(std::size_t tenant, const std::vector<SourceConfig>& sources);
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
    core::ViewDefinition definition;
    bool configured = false;
    windows::Time emitted = windows::kNever;  // steady; what did not change does not count
    bool first = true;                        // nothing has been emitted yet: all of it is due
    bool due = true;
  };
  using Leaving = std::variant<Finish, Emission, Told>;
  struct Held {
    std::uint64_t sequence = 0;
    Leaving leave;
  };
  struct OpenWatch {
    windows::Time judged = windows::kNever;  // steady
    std::string shown;                       // without what grows by itself
    bool first = true;
  };
  struct Tenant {
    std::size_t index = 0;
    TenantClock clock = TenantClock::wall;
    std::optional<Keeping> keeping;  // holds what the engine reads: destroyed after it
    std::unique_ptr<core::MemoryArchive> rows;  // as of the last change, where nothing is kept
    bool watches_sources = false;
    bool changing = false;
    std::optional<std::uint64_t> change_from;  // a change waits for a checkpoint of at least this sequence
    bool removed = false;
    state::PayloadWriter logging;  // of the batch under way, where nothing is kept
    std::vector<LoggedBatch> log;
    std::unique_ptr<core::Engine> engine;
    std::map<std::string, OpenView> views;
    std::map<DeadlineWatch, OpenWatch> watches;
    windows::Time due = windows::kNever;  // wall: when something falls due by itself
    bool told = false;                    // what is active has been told
    std::uint64_t number = 0;             // of the last change told
    std::string sources;        // at work, as text (core/coverage.h)
    std::uint64_t covered = 0;  // the engine's coverage_revision() that the views show
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
  bool tell_sources(Tenant& tenant);
  void let_time_pass(Tenant& tenant, windows::Time wall, windows::Time at_least);
  windows::Time next_due(const Tenant& tenant) const;
  void finish_batch(Tenant& tenant, bool must);
  std::vector<std::string> open_views(Tenant& tenant, const TenantConfig& config);
  void let_go_of_removed(Tenant& tenant);
  void tell(Tenant& tenant);
  void emit(Tenant& tenant, windows::Time steady);
  void judge_deadlines(Tenant& tenant, windows::Time steady, Emission& emission);
  bool may_emit(const Tenant& tenant) const;
  void leave(Tenant& tenant, Leaving what);
  void let_go(Leaving what);

  ShardOutput& output_;
  std::map<std::size_t, std::unique_ptr<Tenant>> tenants_;
  windows::Time next_tick_ = windows::kNever;
  windows::Duration wall_ahead_ = 0;  // of the steady clock, as of the last step
};

}  // namespace server
