// Stories about alerts (tests/alert_scripts/*.txt) and the engine that lives through them the way the server's loop
// makes it: time passes in ticks, and whenever anything about alerts changed in one, a batch of the journal says so.
//
//   zone Europe/Berlin                              date 2026-05-04
//   kpi open_calls = now(waiting)                   beside the built-in catalogue
//   calendar day 08:00-18:00                        every day; calendars are numbered by name
//   rule long kpi=waiting scopes=queue/* above=3 leave=1 for=30s keep=10s severity=critical window=5m sample=offered:5
//        no_data=alert hours=day sources=acd label=site:north escalate=100:5m:0s:boss:unless_acknowledged
//   policy gold queue=help first_response=1h[:urgent][@day] warn=50,75 pause=pending escalate=100:0s:0s:boss
//   watch acd within=60s hours=day                  a source that must be heard of
//   route severity=critical to=pager,boss by=queue wait=10s interval=60s repeat=15m      (or: route any to=…)
//   inhibit source=kind=source target=severity=warning equal=site
//   limits flapping=4 within=10m most=3 late=1m     of AlertSettings
//   at 10:00:05 call.queued call=7 queue=sales      one event; source= says whose
//   at 10:00:05 alert.acknowledged alert=rule/long/queue/sales by=anna reason=mine
//   at 10:00:05 alert.silenced silence=s1 matcher=queue=sales for=10m by=anna reason=works
//   at 10:00:05 sources.told cannot=pbx:wrap_up+hold,acd   who is at work, and what each cannot tell
//   now 10:01:00                                    time passes in ticks of 200 ms
//   leap 11:00:00                                   time passes at once: nobody looked
//   start 11:00:00                                  the same, and the server was down meanwhile
//     10:00:30 fired rule/long/queue/sales          indented: all that happened since the line before, nothing else;
//     10:00:30 -> pager fired rule/long/queue/sales   what was told to whom; several alerts with commas between
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/alerts.h"
#include "core/engine.h"

namespace alert_script {

struct Line {
  enum class Kind { event, now, leap, start } kind;
  int number = 0;
  core::Time at = 0;
  core::Event event;
  std::vector<std::string> expected;
};

struct Script {
  std::string name;
  core::TenantSettings settings;
  std::vector<Line> lines;
};
Script read(const std::filesystem::path& path);
// One line of settings as above; throws std::runtime_error.
void add_setting(core::TenantSettings& settings, const std::string& line);

// A batch of the journal.
struct Batch {
  core::Time applied_at = 0;
  std::vector<core::Event> events;
};

// All that an engine said about alerts.
struct Said {
  std::vector<core::AlertChange> changes;
  std::vector<core::Notice> notices;
};

// The loop: an engine, its journal, and what it said.
class Loop {
 public:
  explicit Loop(const core::TenantSettings& settings, core::Duration tick = 200);

  void pass(core::Time to);   // in ticks
  void leap(core::Time to);   // at once
  void start(core::Time to);  // the server was down
  core::Result<core::Outcome> give(const core::Event& event, bool must_take = true);
  Said take();  // since the last take
  core::Engine& engine() { return *engine_; }
  const std::vector<Batch>& journal() const { return journal_; }

 private:
  void drain();

  std::unique_ptr<core::Engine> engine_;
  core::Duration tick_;
  std::vector<Batch> journal_;
  Said said_;
};

std::string shown(const core::AlertChange& change, const core::Zone& zone);
std::string shown(const core::Notice& notice, const core::Zone& zone);
// Every field.
std::string whole(const core::Alert& alert);
std::string whole(const core::Notice& notice);
// As lines, in the order of what was said: changes first, per instant.
std::vector<std::string> lines(const Said& said, const core::Zone& zone);

}  // namespace alert_script
