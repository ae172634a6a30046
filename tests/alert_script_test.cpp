// Runs tests/alert_scripts/*.txt (tests/alert_script.h has the words). What the engine says is compared with the
// script's lines; then its journal is replayed, once at a stretch and once kept and restored after every batch: the
// same changes, notices, ids and digest must come out, whatever the ticks were.
#include <algorithm>

#include "alert_script.h"
#include "map_archive.h"
#include "streams.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace {

using alert_script::Batch;
using alert_script::Said;
using core::Engine;

void collect(Engine& engine, Said& said) {
  for (core::AlertChange& change : engine.take_alert_changes()) said.changes.push_back(std::move(change));
  for (core::Notice& notice : engine.take_notices()) said.notices.push_back(std::move(notice));
}

std::unique_ptr<Engine> restored(Engine& engine, MapArchive& archive, const core::TenantSettings& settings) {
  const auto generation = archive.generation() + 1;
  REQUIRE(engine.begin_keep(generation));
  REQUIRE(engine.keep_some(1'000'000, [&](core::Kept&& row) { archive.write(generation, std::move(row)); }));
  archive.complete(generation);
  engine.kept(generation);
  auto other = Engine::create(settings);
  REQUIRE(static_cast<bool>(other));
  const auto read = (*other)->restore(archive);
  INFO((read ? "" : read.error().message));
  REQUIRE(static_cast<bool>(read));
  REQUIRE((*other)->alerts_digest() == engine.alerts_digest());
  REQUIRE((*other)->take_alert_changes().empty());
  REQUIRE((*other)->take_notices().empty());
  return std::move(*other);
}

Said replay(const std::vector<Batch>& journal, const core::TenantSettings& settings, bool restore,
            std::uint64_t& digest) {
  auto engine = std::move(*Engine::create(settings));
  MapArchive archive;
  Said said;
  for (const Batch& batch : journal) {
    if (batch.applied_at > engine->now()) engine->advance(batch.applied_at);
    for (const core::Event& event : batch.events) REQUIRE(static_cast<bool>(engine->apply(event)));
    collect(*engine, said);
    if (restore) engine = restored(*engine, archive, settings);
  }
  digest = engine->alerts_digest();
  return said;
}

void same(const Said& one, const Said& other) {
  REQUIRE(one.changes.size() == other.changes.size());
  for (std::size_t i = 0; i < one.changes.size(); ++i) {
    REQUIRE(one.changes[i].number == other.changes[i].number);
    REQUIRE(alert_script::whole(one.changes[i].alert) == alert_script::whole(other.changes[i].alert));
  }
  REQUIRE(one.notices.size() == other.notices.size());
  for (std::size_t i = 0; i < one.notices.size(); ++i)
    REQUIRE(alert_script::whole(one.notices[i]) == alert_script::whole(other.notices[i]));
}

void run(const alert_script::Script& script) {
  using Kind = alert_script::Line::Kind;
  alert_script::Loop loop(script.settings);
  Said all;
  for (const alert_script::Line& line : script.lines) {
    INFO("line " << line.number);
    if (line.kind == Kind::leap) {
      loop.leap(line.at);
    } else if (line.kind == Kind::start) {
      loop.start(line.at);
    } else {
      if (line.event.at <= line.at) loop.pass(line.at);
      if (line.kind == Kind::event) {
        const auto outcome = loop.give(line.event, false);
        const bool refusal = line.expected.size() == 1 && line.expected[0].rfind("refused ", 0) == 0;
        if (!outcome || refusal) {
          REQUIRE_FALSE(static_cast<bool>(outcome));
          CHECK(std::vector<std::string>{"refused " + outcome.error().code} == line.expected);
          continue;
        }
      }
    }
    const Said said = loop.take();
    CHECK(alert_script::lines(said, script.settings.zone) == line.expected);
    all.changes.insert(all.changes.end(), said.changes.begin(), said.changes.end());
    all.notices.insert(all.notices.end(), said.notices.begin(), said.notices.end());
  }
  for (const bool restore : {false, true}) {
    INFO((restore ? "restored after every batch" : "replayed"));
    std::uint64_t digest = 0;
    same(all, replay(loop.journal(), script.settings, restore, digest));
    CHECK(digest == loop.engine().alerts_digest());
  }
}

}  // namespace

TEST_CASE("stories about alerts go as they are told, and again from their journal") {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(RINGSIDE_SOURCE_DIR "/tests/alert_scripts"))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  REQUIRE(files.size() >= 12);
  for (const auto& file : files) {
    INFO(file.stem().string());
    run(alert_script::read(file));
  }
}
