// A real month of a real call center, with published answers: every figure to its last printed digit, whatever the
// order in which the rows arrive. The data is not ours to ship: where it is absent the tests say so and pass.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "core/engine.h"
#include "ingest/mapped_text.h"
#include "ingest/zone_file.h"
#include "server/builtin.h"
#include "server/config.h"

// Last, because it has a CHECK of its own.
#include <catch2/catch.hpp>

namespace {

constexpr const char* kData = RINGSIDE_SOURCE_DIR "/../shared/data/bank-1999-02.tsv";

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool absent() {
  if (std::filesystem::exists(kData)) return false;
  std::fprintf(stderr, "SKIPPED: %s is not here\n", kData);
  return true;
}

struct Month {
  std::unique_ptr<core::Engine> engine;
  ingest::Batch batch;  // counts
  std::uint64_t rows = 0;
};

// `data` is fed in pieces of a few hundred rows, on the data's own clock.
Month feed(const std::string& data) {
  auto mapping = ingest::Mapping::parse(read_file(RINGSIDE_SOURCE_DIR "/docs/examples/bank.toml"));
  REQUIRE(mapping);
  core::TenantSettings settings;
  settings.name = "bank";
  settings.zone = *ingest::load_zone("Asia/Jerusalem");
  settings.kpis = *server::parse_kpis(server::builtin_catalogue(), "catalogue");
  // The same variants at 30 s, as a user would add them.
  const auto own = server::parse_kpis(R"toml(
[[kpi]]
id = "sl1_30s"
title = "SL1 at 30 s"
formula = "(within(wait, 30s) + within(abandon_wait, 30s)) / (wait + abandon_wait)"
unit = "percent"
[[kpi]]
id = "sl2_30s"
title = "SL2 at 30 s"
formula = "within(wait, 30s) / wait"
unit = "percent"
[[kpi]]
id = "sl3_30s"
title = "SL3 at 30 s"
formula = "within(wait, 30s) / (wait + abandon_wait)"
unit = "percent"
)toml", "own");
  REQUIRE(own);
  settings.kpis.insert(settings.kpis.end(), own->begin(), own->end());
  Month month;
  month.engine = std::move(*core::Engine::create(std::move(settings)));
  ingest::MappedText reader(*mapping);
  for (std::size_t at = 0; at < data.size();) {
    std::size_t end = data.find('\n', std::min(at + 40'000, data.size() - 1));
    end = end == std::string::npos ? data.size() : end + 1;
    ingest::Batch batch;
    REQUIRE(reader.read(std::string_view(data).substr(at, end - at), 2'000'000'000'000, batch));
    at = end;
    core::Time newest = month.engine->now();
    for (const auto& event : batch.events) newest = std::max(newest, event.at);
    month.engine->advance(newest);
    for (std::size_t i = 0, next = 0; i < batch.events.size(); i = next) {
      while (next < batch.events.size() && batch.items[next] == batch.items[i]) ++next;
      REQUIRE(month.engine->apply(std::span(batch.events).subspan(i, next - i)));
    }
    month.batch.accepted += batch.accepted;
    month.batch.refused += batch.refused;
    for (const auto& [name, n] : batch.filtered) month.batch.filtered[name] += n;
  }
  month.rows = reader.rows();
  return month;
}

core::Time local(int month, int day, int hour = 0) {
  static const core::Zone zone = *ingest::load_zone("Asia/Jerusalem");
  return zone.from_local(core::days_from({1999, month, day}) * windows::kDay + hour * windows::kHour);
}

std::vector<core::HistoryRow> ask(core::Engine& engine, const std::string& scope, std::vector<std::string> kpis,
                                  core::Step step = core::Step::all, core::Time from = local(2, 1),
                                  core::Time to = local(3, 1)) {
  auto rows = engine.history(scope, kpis, from, to, step);
  REQUIRE(rows);
  return std::move(*rows);
}

double one(core::Engine& engine, const std::string& kpi, core::Time from = local(2, 1), core::Time to = local(3, 1)) {
  const auto rows = ask(engine, "tenant", {kpi}, core::Step::all, from, to);
  REQUIRE(rows.size() == 1);
  return rows[0].values[0].number;
}

std::string printed(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

// Agents needed so that at most half of the callers wait: Erlang C, as in the published table.
int servers_needed(double load) {
  if (load == 0) return 0;
  for (int n = static_cast<int>(load) + 1;; ++n) {
    double b = 1;
    for (int k = 1; k <= n; ++k) b = load * b / (k + load * b);
    if (b / (1 - load / n * (1 - b)) <= 0.5) return n;
  }
}

}  // namespace

TEST_CASE("the bank's month, exactly") {
  if (absent()) return;
  const std::string data = read_file(kData);
  Month month = feed(data);
  core::Engine& engine = *month.engine;
  REQUIRE(month.rows == 33'344);
  REQUIRE(month.batch.filtered["phantom"] == 278);
  REQUIRE(month.batch.filtered["negative_vru_time"] == 23);
  REQUIRE(month.batch.accepted == 33'043);
  REQUIRE(month.batch.refused == 0);
  REQUIRE(one(engine, "calls", local(2, 1), local(2, 8)) == 8'940);
  REQUIRE(one(engine, "calls") == 33'043);
  REQUIRE(one(engine, "answered") == 27'141);
  REQUIRE(one(engine, "abandoned") == 3'961);
  REQUIRE(one(engine, "abandoned_in_ivr") == 1'941);
  REQUIRE(one(engine, "queued") == 18'036);
  REQUIRE(printed(one(engine, "average_speed_of_answer") / 1000, 4) == "40.7299");
  REQUIRE(printed(one(engine, "abandonment_rate"), 4) == "12.7355");
  REQUIRE(printed(one(engine, "average_abandon_time") / 1000, 3) == "65.543");
  REQUIRE(printed(one(engine, "sl1"), 4) == "56.1572");
  REQUIRE(printed(one(engine, "sl2"), 4) == "59.7215");
  REQUIRE(printed(one(engine, "sl3"), 4) == "52.1156");
  REQUIRE(printed(one(engine, "sl4"), 4) == "54.3106");
  REQUIRE(printed(one(engine, "service_level_30s"), 4) == "60.1513");
  REQUIRE(printed(one(engine, "sl1_30s"), 4) == "62.2372");
  REQUIRE(printed(one(engine, "sl2_30s"), 4) == "65.3218");
  REQUIRE(printed(one(engine, "sl3_30s"), 4) == "57.0028");
  REQUIRE(one(engine, "longest_wait") == 908'000);
  REQUIRE(printed(one(engine, "average_talk_time_named") / 1000, 3) == "179.068");
  const auto day = [&](const char* kpi) { return one(engine, kpi, local(2, 3), local(2, 4)); };
  REQUIRE(day("calls") == 1'938);
  REQUIRE(day("answered") == 1'318);
  // The published figure counts by the day a call came in; one caller came on the 2nd and hung up on the 3rd.
  REQUIRE(day("abandoned_by_entry") == 226);
  REQUIRE(day("abandoned") == 227);
  REQUIRE(day("peak_waiting") == 17);
  REQUIRE(day("peak_waiting_at") ==
        static_cast<double>(local(2, 3) + 13 * windows::kHour + 27 * windows::kMinute + 21 * windows::kSecond));
}

TEST_CASE("agents needed on the bank's Wednesdays come out of its hourly history") {
  if (absent()) return;
  Month month = feed(read_file(kData));
  std::vector<double> calls(24);
  for (const int wednesday : {3, 10, 17, 24}) {
    const auto rows = ask(*month.engine, "tenant", {"calls"}, core::Step::hour, local(2, wednesday),
                          local(2, wednesday + 1));
    REQUIRE(rows.size() == 24);
    for (std::size_t h = 0; h < 24; ++h) calls[h] += rows[h].values[0].number;
  }
  const std::vector<int> published{1, 1, 1, 0, 1, 1, 1, 4, 8, 9, 10, 9, 8, 16, 10, 10, 6, 7, 8, 8, 6, 6, 5, 4};
  for (std::size_t h = 0; h < 24; ++h) {
    INFO("hour " << h << ": " << calls[h] << " calls");
    REQUIRE(servers_needed(calls[h] / 4 / 15) == published[h]);
  }
}

TEST_CASE("the bank's month does not depend on the order of its rows") {
  if (absent()) return;
  const std::string data = read_file(kData);
  const std::size_t header_end = data.find('\n') + 1;
  const std::string header = data.substr(0, header_end);
  std::vector<std::string> rows;
  for (std::size_t at = header_end; at < data.size();) {
    const std::size_t end = data.find('\n', at);
    rows.push_back(data.substr(at, end - at + 1));
    at = end == std::string::npos ? data.size() : end + 1;
  }
  std::vector<std::string> shuffled = rows;
  std::uint64_t state = 42;
  for (std::size_t i = shuffled.size(); i > 1; --i) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    std::swap(shuffled[i - 1], shuffled[(state >> 33) % i]);
  }
  std::vector<std::string> doubled = rows;
  doubled.insert(doubled.end(), shuffled.begin(), shuffled.end());
  std::vector<std::string> interleaved;
  for (std::size_t i = 0; i < rows.size(); ++i) interleaved.push_back(rows[i % 3 * (rows.size() / 3) + i / 3]);
  interleaved.resize(rows.size() / 3 * 3);
  for (std::size_t i = interleaved.size(); i < rows.size(); ++i) interleaved.push_back(rows[i]);

  Month plain = feed(data);
  std::vector<std::string> kpis;
  for (const auto& kpi : plain.engine->catalogue().kpis()) kpis.push_back(kpi.spec.id);
  for (const auto& order : {shuffled, doubled, interleaved}) {
    std::string text = header;
    for (const std::string& row : order) text += row;
    Month other = feed(text);
    REQUIRE(other.engine->scopes("*") == plain.engine->scopes("*"));
    for (const std::string& scope : plain.engine->scopes("*")) {
      for (const core::Step step : {core::Step::day, core::Step::all}) {
        const auto a = ask(*plain.engine, scope, kpis, step), b = ask(*other.engine, scope, kpis, step);
        REQUIRE(a.size() == b.size());
        std::string differs;
        for (std::size_t r = 0; r < a.size(); ++r) {
          for (std::size_t k = 0; k < kpis.size(); ++k) {
            if (!(a[r].values[k] == b[r].values[k])) differs += scope + " " + kpis[k] + "\n";
          }
        }
        REQUIRE(differs == "");
      }
    }
  }
}
