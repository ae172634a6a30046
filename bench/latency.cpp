// ringside-bench-latency: from an event's due moment to the changes it makes, at half of the load this machine can
// take. Open loop: events are due by the clock, however slow the engine is, and waiting counts. bench/RESULTS.md.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
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

constexpr std::size_t kBatch = 16;  // events that arrive together

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t calls = 300'000;
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], "--calls") == 0) calls = std::strtoull(argv[i + 1], nullptr, 10);
  }
  generate::GenerateOptions stream;
  stream.calls = calls;
  std::string text = generate::generate_stream(stream);
  text.reserve(text.size() + 64);
  bench::RunOptions options{bench::job_kpis(),
                            {windows::kMinute, 5 * windows::kMinute, 15 * windows::kMinute, 30 * windows::kMinute,
                             windows::kHour}};

  ingest::JsonEvents parser;
  ingest::SourceOptions source;
  source.source = "bench";
  ingest::Batch all;
  ingest::read_ndjson(parser, text, source, 4'000'000'000'000, all);
  CHECK(all.refused == 0, "the benchmark's stream is right");

  // The first half warms up and tells what the engine can take, changes after every batch included.
  auto engine = bench::make_engine(options);
  const int view = bench::open_job_view(*engine, options);
  const auto step = [&](std::size_t from, std::size_t to) {
    core::Time newest = engine->now();
    for (std::size_t i = from; i < to; ++i) newest = std::max(newest, all.events[i].at);
    engine->advance(newest);
    for (std::size_t i = from; i < to; ++i) CHECK(engine->apply(all.events[i]), "accepted");
    return engine->view_changes(view).cells.size();
  };
  const std::size_t half = all.events.size() / 2 / kBatch * kBatch;
  double begin = wall();
  for (std::size_t at = 0; at < half; at += kBatch) step(at, at + kBatch);
  const double capacity = static_cast<double>(half) / (wall() - begin);
  const double rate = capacity / 2;

  std::vector<double> latencies;
  std::uint64_t changes = 0;
  begin = wall();
  for (std::size_t at = half; at + kBatch <= all.events.size(); at += kBatch) {
    const double due = begin + static_cast<double>(at - half) / rate;
    while (wall() < due) {
    }
    changes += step(at, at + kBatch);
    latencies.push_back((wall() - due) * 1e6);
  }
  std::sort(latencies.begin(), latencies.end());
  const auto at = [&](double q) {
    return latencies[static_cast<std::size_t>(q * static_cast<double>(latencies.size() - 1))];
  };
  std::printf("event due -> changes out, %zu events a batch, %.0f events/s (half of %.0f): "
              "p50 %.0f us, p99 %.0f us, p99.9 %.0f us, max %.0f us; %llu batches, %llu changes\n",
              kBatch, rate, capacity, at(0.5), at(0.99), at(0.999), latencies.back(),
              static_cast<unsigned long long>(latencies.size()), static_cast<unsigned long long>(changes));
  return 0;
}
