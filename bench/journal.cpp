// What the journal costs: the same stream through the shard's loop, kept and not kept, in turns.
//
//   ringside-bench-journal [FOLDER] [CALLS] [ROUNDS]
//
// FOLDER: default ./journal-bench, emptied. CALLS of three events each (200000); ROUNDS of each kind (3). Bodies of 500
// lines, as fast as possible; kept: a thread commits what waits, checkpoints every second, and the time ends when
// the last batch is synced. Prints events a second, wall time, and the ratio of medians.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "bench/engine_bench.h"
#include "ingest/body.h"
#include "server/recovery.h"
#include "server/shard_loop.h"
#include "server/worker.h"
#include "tools/generate/stream.h"

namespace {

using bench::must;
using Steady = std::chrono::steady_clock;

struct Appended {
  core::Time applied_at;
  std::string payload;
};

// As server/shard_storage.cpp: one thread commits, one writes checkpoints; what they did is told between rounds.
struct Driver : server::ShardOutput {
  explicit Driver(state::Store* to) : store(to) {
    if (store == nullptr) return;
    journal.start();
    checkpoints.start();
  }

  void append(std::size_t, std::uint64_t sequence, core::Time applied_at, std::string payload) override {
    appended = sequence;
    journal.put({applied_at, std::move(payload)});
  }
  void checkpoint(std::size_t, server::Checkpoint checkpoint) override { checkpoints.put(std::move(checkpoint)); }
  void release(std::function<void()> leave) override { leave(); }
  void publish(server::Emission) override {}
  void tell(server::Told) override {}

  void tell(server::ShardLoop& loop) {
    if (store == nullptr) return;
    if (const std::uint64_t now = synced; now != told) loop.synced(0, told = now);
    if (const std::uint64_t now = written; now != told_written) loop.written(0, told_written = now);
  }

  state::Store* store;
  std::uint64_t appended = 0, told = 0, told_written = 0;
  std::atomic<std::uint64_t> synced{0}, written{0};
  server::Worker<Appended> journal{[this](std::vector<Appended>& waiting) {
    std::vector<state::Append> group;
    for (const Appended& one : waiting) group.push_back({one.applied_at, one.payload});
    must(store->commit(group));
    synced = store->last().sequence;
  }};
  server::Worker<server::Checkpoint> checkpoints{[this](std::vector<server::Checkpoint>& waiting) {
    for (server::Checkpoint& one : waiting) {
      const std::uint64_t generation = one.batch.info.generation;
      must(store->write_checkpoint(std::move(one.batch)));
      written = generation;
    }
  }};
};

// Events a second.
double run(const std::string& stream, const std::string& folder, bool kept) {
  server::TenantConfig config;
  config.settings.name = "bench";
  config.settings.kpis = bench::job_kpis();
  config.clock = server::TenantClock::data;
  std::unique_ptr<state::Store> store;
  if (kept) {
    std::filesystem::remove_all(folder);
    state::StoreOptions options;
    options.folder = folder;
    store = must(state::Store::open(options));
  }
  std::uint64_t events = 0;
  const auto begin = Steady::now();
  double seconds = 0;
  {
    Driver driver(store.get());
    server::ShardLoop loop(driver);
    if (kept) {
      server::RecoveryOptions how;
      how.settings = config.settings;
      server::Recovered empty = must(server::recover(*store, how, {}));
      server::Keeping::Start start;
      start.applied_at = empty.engine->now();
      start.archive = std::move(empty.archive);
      start.seen = std::move(empty.seen);
      start.interval = 1'000;
      must(loop.add_tenant(0, config, std::move(empty.engine), std::move(start)));
    } else {
      must(loop.add_tenant(0, config));
    }
    ingest::JsonEvents parser;
    ingest::SourceOptions source;
    source.source = "bench";
    for (std::size_t at = 0; at < stream.size();) {
      const std::size_t from = at;
      for (int i = 0; i < 500 && at < stream.size(); ++i) at = stream.find('\n', at) + 1;
      ingest::Batch batch =
          ingest::parse_body(parser, "", {}, stream.substr(from, at - from), source, 4'000'000'000'000);
      events += batch.events.size();
      const auto steady =
          std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now().time_since_epoch()).count();
      loop.submit(0, batch, 0, [](const server::EventsResult&) {}, {0, steady});
      driver.tell(loop);
      loop.step({0, steady});
    }
    while (kept && driver.synced != driver.appended) std::this_thread::yield();
    seconds = std::chrono::duration<double>(Steady::now() - begin).count();
    driver.tell(loop);
    if (kept) {
      driver.checkpoints.stop();
      driver.journal.stop();
    }
  }
  return static_cast<double>(events) / seconds;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "journal-bench";
  generate::GenerateOptions options;
  options.calls = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 200'000;
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 3;
  const std::string stream = generate::generate_stream(options);
  std::vector<double> on, off;
  for (int i = 0; i < rounds; ++i) {
    off.push_back(run(stream, folder, false));
    on.push_back(run(stream, folder, true));
    std::printf("  not kept %.0f events/s, kept %.0f events/s\n", off.back(), on.back());
    std::fflush(stdout);
  }
  std::filesystem::remove_all(folder);
  std::printf("journal on against off: %.0f against %.0f events/s, %.2f of the rate (medians of %d)\n",
              bench::median(on), bench::median(off), bench::median(on) / bench::median(off), rounds);
  return 0;
}
