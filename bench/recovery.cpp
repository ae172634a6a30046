// What a start costs, and what a checkpoint costs those who wait meanwhile: the shard's loop with a real store.
//
//   ringside-bench-recovery [FOLDER] [CALLS] [TAIL] [all]
//
// FOLDER: default ./recovery-bench, emptied. CALLS: records in the state (100000). TAIL: further calls of three
// events each, of which only the journal knows (333334). `all`: with the whole built-in catalogue and not only the
// eight KPIs of the other benchmarks. Prints how long a round of the loop with ten events takes
// with and without a checkpoint under way, and how long from opening the store to an engine with the same digest.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "bench/engine_bench.h"
#include "ingest/body.h"
#include "server/recovery.h"
#include "server/shard_loop.h"
#include "tools/generate/stream.h"

namespace {

using bench::must;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// Commits when told to; checkpoints are written by a thread of their own, as in the server.
struct Driver : server::ShardOutput {
  explicit Driver(state::Store& to) : store(to) {}
  ~Driver() override {
    if (writer.joinable()) writer.join();
  }

  void append(std::size_t, std::uint64_t sequence, core::Time applied_at, std::string payload) override {
    last = sequence;
    applied.push_back(applied_at);
    payloads.push_back(std::move(payload));
  }
  void checkpoint(std::size_t, server::Checkpoint checkpoint) override {
    if (writer.joinable()) writer.join();
    generation = checkpoint.batch.info.generation;
    written = false;
    writing = true;
    writer = std::thread([this, batch = std::move(checkpoint.batch)]() mutable {
      must(store.write_checkpoint(std::move(batch)));
      written = true;
    });
  }
  void release(std::function<void()> leave) override { leave(); }
  void publish(server::Emission) override {}
  void tell(server::Told) override {}

  void commit(server::ShardLoop& loop) {
    std::vector<state::Append> group;
    for (std::size_t i = 0; i < payloads.size(); ++i) group.push_back({applied[i], payloads[i]});
    if (group.empty()) return;
    must(store.commit(group));
    applied.clear();
    payloads.clear();
    loop.synced(0, last);
  }
  void notice(server::ShardLoop& loop) {
    if (!writing || !written) return;
    writing = false;
    ++checkpoints;
    loop.written(0, generation);
  }

  state::Store& store;
  std::uint64_t last = 0;
  std::uint64_t generation = 0;
  std::uint64_t checkpoints = 0;
  std::vector<core::Time> applied;
  std::vector<std::string> payloads;
  std::thread writer;
  std::atomic<bool> written{false};
  bool writing = false;
};

struct Rounds {
  std::vector<double> us;
  double at(double part) {
    if (us.empty()) return 0;
    std::sort(us.begin(), us.end());
    return us[std::min(us.size() - 1, static_cast<std::size_t>(part * static_cast<double>(us.size())))];
  }
};

bool whole_catalogue = false;

server::TenantConfig config_of() {
  server::TenantConfig config;
  config.settings.name = "bench";
  config.settings.kpis = whole_catalogue ? bench::all_kpis() : bench::job_kpis();
  config.clock = server::TenantClock::data;
  return config;
}

std::unique_ptr<state::Store> open(const std::string& folder) {
  state::StoreOptions options;
  options.folder = folder;
  return must(state::Store::open(options));
}

void add(server::ShardLoop& loop, state::Store& store, server::Recovered recovered) {
  server::Keeping::Start start;
  start.last = store.last();
  start.applied_at = recovered.engine->now();
  start.checkpoint = store.checkpoint();
  start.archive = std::move(recovered.archive);
  start.seen = std::move(recovered.seen);
  start.interval = 250;
  must(loop.add_tenant(0, config_of(), std::move(recovered.engine), std::move(start)));
}

// Lines [at, …) of the stream, `count` of them.
std::string lines(const std::string& stream, std::size_t& at, int count) {
  const std::size_t begin = at;
  for (int i = 0; i < count && at < stream.size(); ++i) at = stream.find('\n', at) + 1;
  return stream.substr(begin, at - begin);
}

// Streams of different seeds have the same ids; those of the second are to be others.
std::string renamed(const std::string& stream) {
  std::string out;
  out.reserve(stream.size() + stream.size() / 50);
  for (std::size_t at = 0; at < stream.size();) {
    std::size_t end = std::min(stream.find("\"id\":\"", at), stream.find("\"call\":\"", at));
    end = end == std::string::npos ? stream.size() : stream.find(":\"", end) + 2;
    out.append(stream, at, end - at);
    if (end < stream.size()) out += 't';
    at = end;
  }
  return out;
}

struct Feed {
  server::ShardLoop& loop;
  Driver& driver;
  ingest::JsonEvents parser;

  void post(std::string body) {
    ingest::SourceOptions options;
    options.source = "bench";
    const ingest::Batch batch = ingest::parse_body(parser, "", {}, std::move(body), options, 4'000'000'000'000);
    loop.submit(0, batch, 0, [](const server::EventsResult&) {}, {0, steady()});
  }
  windows::Time steady() const { return steady_ms; }
  windows::Time steady_ms = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "recovery-bench";
  const std::uint64_t calls = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 100'000;
  const std::uint64_t tail = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 333'334;
  whole_catalogue = argc > 4 && std::string(argv[4]) == "all";
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  std::filesystem::remove_all(folder);
  server::RecoveryOptions how;
  how.settings = config_of().settings;
  std::uint64_t digest = 0;
  std::uint64_t events = 0;
  {
    const auto store = open(folder);
    Driver driver(*store);
    server::ShardLoop loop(driver);
    add(loop, *store, must(server::recover(*store, how, {})));
    Feed feed{loop, driver, {}, 0};
    generate::GenerateOptions options;
    options.calls = calls;
    const std::string first = generate::generate_stream(options);
    Rounds quiet, busy;
    std::uint64_t rounds = 0;
    for (std::size_t at = 0; at < first.size();) {
      std::string body = lines(first, at, 10);
      const auto begin = Clock::now();
      feed.steady_ms = std::chrono::duration_cast<std::chrono::milliseconds>(begin.time_since_epoch()).count();
      const bool under_way = loop.pause(feed.steady_ms) == 0 || driver.writing;
      feed.post(std::move(body));
      driver.notice(loop);
      loop.step({0, feed.steady_ms});
      (under_way ? busy : quiet).us.push_back(seconds_since(begin) * 1e6);
      if (++rounds % 40 == 0) driver.commit(loop);  // not part of a round: the loop never waits for it
    }
    driver.commit(loop);
    std::printf("a round of ten events, without a checkpoint: p50 %.0f us, p99 %.0f us, p99.9 %.0f us (%zu rounds)\n",
                quiet.at(0.5), quiet.at(0.99), quiet.at(0.999), quiet.us.size());
    std::printf("a round of ten events, checkpoint under way: p50 %.0f us, p99 %.0f us, p99.9 %.0f us (%zu rounds)\n",
                busy.at(0.5), busy.at(0.99), busy.at(0.999), busy.us.size());
    while (!loop.settled()) {
      driver.notice(loop);
      loop.step({0, feed.steady_ms});
    }
    std::printf("%llu checkpoints; the last holds all of %llu calls\n",
                static_cast<unsigned long long>(driver.checkpoints), static_cast<unsigned long long>(calls));
    options.calls = tail;
    options.seed = 2;
    options.start += 2 * windows::kHour;
    const std::string second = renamed(generate::generate_stream(options));
    for (std::size_t at = 0; at < second.size();) {
      for (int i = 0; i < 20 && at < second.size(); ++i) feed.post(lines(second, at, 500));
      driver.commit(loop);
    }
    loop.ask(0, [&](core::Engine& engine) {
      digest = engine.digest();
      events = engine.counts().applied;
      return [] {};
    });
    driver.commit(loop);
  }
  const auto begin = Clock::now();
  const auto store = open(folder);
  const double opened = seconds_since(begin);
  const server::Recovered recovered = must(server::recover(*store, how, {}));
  const double ready = seconds_since(begin);
  std::printf("store opened and checked in %.2f s; %llu batches of the tail applied; ready after %.2f s\n", opened,
              static_cast<unsigned long long>(recovered.replayed), ready);
  std::printf("%llu events, %llu records, %zu MiB resident; the numbers are %s\n",
              static_cast<unsigned long long>(events),
              static_cast<unsigned long long>(recovered.engine->counts().records), bench::resident_bytes() >> 20,
              recovered.engine->digest() == digest ? "the same" : "DIFFERENT");
  const bool same = recovered.engine->digest() == digest;
  std::filesystem::remove_all(folder);
  return same ? 0 : 1;
}
