// ringside-bench-latency: from an event's due moment to the changes it makes, at several rates. Open loop: events are
// due by the clock, however slow the engine is, and waiting counts; the same while one checkpoint after the other is
// handed out between the batches, as the shard's loop does (the rows are dropped: the disk is another thread's).
// bench/RESULTS.md.
#include <algorithm>
#include <cstdio>
#include <ctime>

#include "bench/engine_bench.h"
#include "ingest/body.h"
#include "tools/generate/stream.h"
#include "windows/check.h"

namespace {

double wall() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

// One run: events evenly spaced at `rate` a second, the data's clock running with the wall's.
void run(double rate, bool checkpoints) {
  constexpr double kSeconds = 20;
  generate::GenerateOptions stream;
  stream.calls = static_cast<std::uint64_t>(rate * kSeconds / 3);
  stream.span = static_cast<windows::Duration>(kSeconds * 1000);
  std::string text = generate::generate_stream(stream);
  text.reserve(text.size() + 64);
  bench::RunOptions options{bench::job_kpis(),
                            {windows::kMinute, 5 * windows::kMinute, 15 * windows::kMinute, 30 * windows::kMinute,
                             windows::kHour}};
  ingest::JsonEvents parser;
  ingest::SourceOptions source;
  source.source = "bench";
  std::vector<ingest::Batch> batches;  // what the events' texts lie in
  std::vector<core::Event> events;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t newline = text.find('\n', std::min(at + 64'000, text.size() - 1));
    const std::size_t end = newline == std::string::npos ? text.size() : newline + 1;
    ingest::Batch& batch = batches.emplace_back();
    ingest::read_ndjson(parser, std::string_view(text).substr(at, end - at), source, 4'000'000'000'000, batch);
    CHECK(batch.refused == 0, "the benchmark's stream is right");
    events.insert(events.end(), batch.events.begin(), batch.events.end());
    at = end;
  }

  auto engine = bench::make_engine(options);
  const int view = bench::open_job_view(*engine, options);
  std::vector<double> latencies;
  std::uint64_t changes = 0, generation = 0;
  bool under_way = false;
  std::vector<core::Kept> rows;
  const double begin = wall();
  for (std::size_t at = 0; at < events.size();) {
    const double due = begin + static_cast<double>(at) / rate;
    while (wall() < due) {
    }
    // Everything that is due by now is one batch, as the shard takes what has gathered.
    const auto reached = static_cast<std::size_t>((wall() - begin) * rate) + 1;
    const std::size_t end = std::min(events.size(), std::max(reached, at + 1));
    core::Time newest = engine->now();
    for (std::size_t i = at; i < end; ++i) newest = std::max(newest, events[i].at);
    engine->advance(newest);
    for (std::size_t i = at; i < std::min(at + core::Engine::kExpect, end); ++i) engine->expect(events[i]);
    for (std::size_t i = at; i < end; ++i) {
      if (i + core::Engine::kExpect < end) engine->expect(events[i + core::Engine::kExpect]);
      CHECK(engine->apply(events[i]), "accepted");
    }
    changes += engine->view_changes(view).cells.size();
    const double now = wall();
    // The first quarter warms up.
    for (std::size_t i = at; i < end; ++i) {
      if (i >= events.size() / 4) latencies.push_back((now - begin - static_cast<double>(i) / rate) * 1e6);
    }
    at = end;
    if (!checkpoints) continue;
    if (!under_way) {
      rows.clear();
      under_way = engine->begin_keep(++generation);
    } else if (engine->keep_some(100, [&rows](core::Kept&& row) { rows.push_back(std::move(row)); })) {
      under_way = false;
      engine->kept(generation);
    }
  }
  std::sort(latencies.begin(), latencies.end());
  const auto at = [&](double q) {
    return latencies[static_cast<std::size_t>(q * static_cast<double>(latencies.size() - 1))];
  };
  std::printf("event due -> changes out at %6.0f events/s%s: "
              "p50 %.0f us, p99 %.0f us, p99.9 %.0f us, max %.0f us; "
              "%zu events, %.1f changes an event, %llu checkpoints\n",
              rate, checkpoints ? ", checkpoints under way" : "", at(0.5), at(0.99), at(0.999), latencies.back(),
              events.size(), static_cast<double>(changes) / static_cast<double>(events.size()),
              static_cast<unsigned long long>(generation));
}

}  // namespace

int main() {
  for (const double rate : {1'000.0, 10'000.0, 30'000.0}) run(rate, false);
  run(10'000.0, true);
  return 0;
}
