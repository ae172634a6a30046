#include "bench/engine_bench.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>

#include <simdjson.h>

#include "ingest/body.h"
#include "server/builtin.h"
#include "server/config.h"
#include "windows/check.h"

namespace bench {
namespace {

core::KpiSpec kpi(const char* id, const char* formula, core::Unit unit = core::Unit::count) {
  core::KpiSpec spec;
  spec.id = id;
  spec.title = id;
  spec.formula = formula;
  spec.unit = unit;
  return spec;
}

constexpr std::size_t kPiece = 64 * 1024;  // bytes handed to the parser at a time

// End of the last whole line within `size` bytes from `from`.
std::size_t whole_lines(std::string_view text, std::size_t from, std::size_t size) {
  if (from + size >= text.size()) return text.size();
  const void* end = memrchr(text.data() + from, '\n', size);
  CHECK(end != nullptr, "a line longer than a piece");
  return static_cast<std::size_t>(static_cast<const char*>(end) - text.data()) + 1;
}

}  // namespace

double seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

std::vector<core::KpiSpec> job_kpis() {
  using core::Unit;
  return {kpi("offered", "offered"),
          kpi("answered", "wait"),
          kpi("abandoned", "abandon_wait"),
          kpi("answered_in_20s", "within(wait, 20s)"),
          kpi("wait_total", "sum(wait)", Unit::duration),
          kpi("wait_longest", "maximum(wait)", Unit::duration),
          kpi("wait_p95", "percentile(wait, 95)", Unit::duration),
          kpi("talk_total", "sum(talk)", Unit::duration)};
}

std::vector<core::KpiSpec> all_kpis() {
  auto kpis = server::parse_kpis(server::builtin_catalogue(), "built-in catalogue");
  CHECK(kpis, "the built-in catalogue is right");
  return std::move(*kpis);
}

std::uint64_t read_bare(std::string_view ndjson) {
  simdjson::ondemand::parser parser;
  std::uint64_t sum = 0;
  const char* at = ndjson.data();
  const char* const end = at + ndjson.size();
  while (at < end) {
    const char* newline = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
    const char* line_end = newline == nullptr ? end : newline;
    // The text continues after the line (the caller pads the last one), so no copy is needed.
    auto document = parser.iterate(at, static_cast<std::size_t>(line_end - at),
                                   static_cast<std::size_t>(line_end - at) + simdjson::SIMDJSON_PADDING);
    simdjson::ondemand::object object;
    if (document.get_object().get(object) == simdjson::SUCCESS) {
      for (auto field : object) {
        auto& pair = field.value_unsafe();
        sum += static_cast<unsigned char>(pair.key().raw()[0]);
        std::string_view text;
        std::int64_t number = 0;
        simdjson::ondemand::json_type type;
        if (pair.value().type().get(type) != simdjson::SUCCESS) break;
        if (type == simdjson::ondemand::json_type::string) {
          if (pair.value().get_string().get(text) == simdjson::SUCCESS) sum += text.size();
        } else if (type == simdjson::ondemand::json_type::number) {
          if (pair.value().get_int64().get(number) == simdjson::SUCCESS) sum += static_cast<std::uint64_t>(number);
        }
      }
    }
    at = line_end + 1;
  }
  return sum;
}

std::unique_ptr<core::Engine> make_engine(const RunOptions& options) {
  core::TenantSettings settings;
  settings.name = "bench";
  settings.windows = options.windows;
  settings.kpis = options.kpis;
  auto engine = core::Engine::create(std::move(settings));
  CHECK(engine, "the benchmark's catalogue is right");
  return std::move(*engine);
}

int open_job_view(core::Engine& engine, const RunOptions& options) {
  core::ViewDefinition view;
  view.id = "job";
  core::ViewGroup group;
  group.scopes = {"tenant"};
  if (options.view_queues) group.scopes.push_back("queue/*");
  if (options.view_agents) group.scopes.push_back("agent/*");
  for (const auto& k : engine.catalogue().kpis()) {
    if (k.live) {
      group.columns.push_back(k.spec.id);
      continue;
    }
    for (int w = 0; w <= engine.catalogue().layout().windows(); ++w)
      group.columns.push_back(k.spec.id + "@" + engine.catalogue().window_label(w));
  }
  view.groups.push_back(std::move(group));
  const auto opened = engine.open_view(view);
  CHECK(opened, "the benchmark's view is right");
  return *opened;
}

RunResult run(std::string_view ndjson, const RunOptions& options) {
  RunResult result;
  result.engine = make_engine(options);
  core::Engine& engine = *result.engine;
  const int view = open_job_view(engine, options);
  ingest::JsonEvents parser;
  ingest::SourceOptions source;
  source.source = "bench";
  core::Time next_tick = 0;
  const core::Time far = 4'000'000'000'000;
  const double begin = seconds();
  for (std::size_t at = 0; at < ndjson.size();) {
    const std::size_t end = whole_lines(ndjson, at, kPiece);
    ingest::Batch batch;
    ingest::read_ndjson(parser, ndjson.substr(at, end - at), source, far, batch);
    at = end;
    core::Time newest = engine.now();
    for (const core::Event& event : batch.events) newest = std::max(newest, event.at);
    engine.advance(newest);
    const std::size_t count = batch.events.size();
    for (std::size_t i = 0; i < std::min(count, core::Engine::kExpect); ++i) engine.expect(batch.events[i]);
    for (std::size_t i = 0; i < count; ++i) {
      if (i + core::Engine::kExpect < count) engine.expect(batch.events[i + core::Engine::kExpect]);
      if (!engine.apply(batch.events[i])) ++result.refused;
    }
    result.events += batch.events.size();
    result.refused += batch.refused;
    if (engine.now() >= next_tick) {
      next_tick = engine.now() + options.tick;
      result.changes += engine.view_changes(view).cells.size();
    }
  }
  result.seconds = seconds() - begin;
  return result;
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t pages = 0, resident = 0;
  statm >> pages >> resident;
  return resident * 4096;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

}  // namespace bench
