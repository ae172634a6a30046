// Which numbers a scope's sources cannot tell: by what they are able to, and by who has spoken of what.
#include "server/coverage.h"

#include "map_archive.h"
#include "server/check_config.h"
#include "server/serve.h"

#include "own_folder.h"  // with Catch, whose CHECK replaces ours

namespace {

using core::Event;
using core::EventType;

server::SourceConfig source(std::string name, std::string format) {
  server::SourceConfig config;
  config.name = std::move(name);
  config.format = std::move(format);
  return config;
}

constexpr core::Time kNoon = 1'772'452'800'000;  // 2026-03-02T12:00Z

// An engine and what it is told.
class Told {
 public:
  explicit Told(const std::vector<server::SourceConfig>& sources) : engine_(make()) {
    engine_->advance(kNoon);
    at_work(sources);
  }
  bool at_work(const std::vector<server::SourceConfig>& sources) {
    const std::string text = server::text_of_sources(sources);
    if (!engine_->news_of_sources(text)) return false;
    Event event;
    event.type = EventType::sources_told;
    event.subject = event.source = "ringside";
    event.time = event.at = engine_->now();
    event.text = text;
    return give(event);
  }
  // That somebody is on a call in a queue, as far as they are named.
  bool heard(std::string_view source, std::string_view queue, std::string_view agent = {}, core::Time at = kNoon) {
    const std::uint64_t before = engine_->coverage_revision();
    const std::string call = "c" + std::to_string(++calls_);
    Event event;
    event.subject = call;
    event.source = source;
    event.time = event.at = at;
    event.agent = agent;
    event.queue = queue;
    if (!queue.empty()) {
      event.type = EventType::call_queued;
      event.agent = {};
      give(event);
    }
    event.type = EventType::call_answered;
    event.queue = {};
    event.agent = agent;
    if (!agent.empty()) give(event);
    return engine_->coverage_revision() != before;
  }
  void assigned(std::string_view agent, std::string_view team, core::Time at = kNoon) {
    Event event;
    event.type = EventType::agent_assigned;
    event.source = "hr";
    event.subject = agent;
    event.team = team;
    event.site = "north";
    event.time = event.at = at;
    give(event);
  }
  bool available(std::string_view scope, std::string_view column, core::Time asof = kNoon + windows::kHour) const {
    const server::Stretch when = server::shown_at(asof);
    return engine_->available(scope, column, when.from, when.to);
  }
  bool within(std::string_view scope, std::string_view column, core::Time from, core::Time to) const {
    return engine_->available(scope, column, from, to);
  }
  // As after a crash that follows a checkpoint.
  void restart() {
    MapArchive archive;
    REQUIRE(engine_->begin_keep(1));
    REQUIRE(engine_->keep_some(1'000'000, [&](core::Kept&& row) { archive.write(1, std::move(row)); }));
    archive.complete(1);
    engine_->kept(1);
    auto other = make();
    REQUIRE(other->restore(archive));
    REQUIRE(other->alerts_digest() == engine_->alerts_digest());
    engine_ = std::move(other);
  }
  core::Engine& engine() { return *engine_; }

 private:
  static std::unique_ptr<core::Engine> make() {
    core::TenantSettings settings;
    settings.kpis = server::builtin_kpis();
    return std::move(*core::Engine::create(settings));
  }
  bool give(const Event& event) {
    REQUIRE(engine_->apply(event));
    return true;
  }

  std::unique_ptr<core::Engine> engine_;
  int calls_ = 0;
};

constexpr const char* kWrapUp = "average_wrap_up_time@30m";

}  // namespace

TEST_CASE("where everything can be said, nothing is looked at") {
  Told told({source("a", "ringside")});
  CHECK_FALSE(told.at_work({source("a", "ringside"), source("b", "ringside")}));
  CHECK_FALSE(told.heard("a", "sales"));
  CHECK(told.available("queue/sales", "average_handle_time@30m"));
}

TEST_CASE("a queue's numbers are those its sources can tell; another source that speaks of it brings its own") {
  Told told({source("pbx", "asterisk_queue_log"), source("acd", "ringside")});
  CHECK(told.available("queue/sales", kWrapUp));  // nobody has spoken yet
  CHECK(told.heard("pbx", "sales"));
  CHECK_FALSE(told.heard("pbx", "sales", {}, kNoon + 5));
  CHECK(told.available("queue/sales", "offered@today"));
  CHECK(told.available("queue/sales", "waiting"));
  for (const char* scope : {"queue/sales", "tenant", "channel/voice"}) {
    CAPTURE(scope);
    CHECK_FALSE(told.available(scope, kWrapUp));
  }
  CHECK(told.available("channel/chat", kWrapUp));
  CHECK(told.available("queue/other", kWrapUp));
  CHECK(told.available("queue/sales", "no_such_kpi"));
  CHECK(told.engine().feeds("pbx", "queue/sales"));
  CHECK_FALSE(told.engine().feeds("acd", "queue/sales"));
  told.restart();
  CHECK_FALSE(told.available("queue/sales", kWrapUp));
  CHECK_FALSE(told.at_work({source("acd", "ringside"), source("pbx", "asterisk_queue_log")}));

  CHECK(told.heard("acd", "sales"));
  CHECK(told.available("queue/sales", kWrapUp));
  CHECK(told.heard("anybody", "hotline"));
  CHECK(told.available("queue/hotline", kWrapUp));
}

TEST_CASE("what a mapping has no events for is not available") {
  server::SourceConfig desk = source("desk", "mapped_json");
  desk.options.mapping = "source = \"desk\"\n[json]\n[[event]]\ntype = \"ticket.created\"\nid = \"{/i}\"\n"
                         "time = \"{/t}\"\nticket = \"{/i}\"\n";
  Told told({desk});
  told.heard("desk", "it");
  CHECK(told.available("queue/it", "tickets_created@today"));
  CHECK_FALSE(told.available("queue/it", "waiting"));
  CHECK_FALSE(told.available("tenant", "agents_logged_in"));
  core::TenantSettings settings;
  settings.kpis = server::builtin_kpis();
  CHECK(server::missing(settings, desk).at("csat") == std::vector<std::string>{"rated", "rated_good"});
}

TEST_CASE("a team and a site are fed by who feeds their agents and queues, whenever it is said who belongs to them") {
  Told told({source("pbx", "asterisk_queue_log"), source("cloud", "amazon_connect")});
  const bool first = GENERATE(false, true);
  const auto roster = [&] { told.assigned("ann", "a"), told.assigned("bob", "b"); };
  if (first) roster();
  told.heard("pbx", {}, "ann");
  told.heard("pbx", {}, "bob");
  if (!first) roster();
  CHECK_FALSE(told.available("team/a", kWrapUp));  // who told the roster tells no work
  CHECK_FALSE(told.available("team/b", kWrapUp));
  CHECK(told.heard("cloud", "sales", "bob"));
  CHECK_FALSE(told.available("team/a", kWrapUp));
  CHECK(told.available("team/b", kWrapUp));
  CHECK(told.available("site/north", kWrapUp));
  told.assigned("bob", "a", kNoon + 10);
  CHECK(told.available("team/a", kWrapUp));
  told.restart();
  CHECK(told.available("team/a", kWrapUp));
}

TEST_CASE("what was told before a source came, and after it went, is judged by who was there") {
  Told told({source("pbx", "asterisk_queue_log")});
  told.heard("pbx", "sales");
  told.heard("pbx", "sales", {}, kNoon + windows::kHour);
  told.at_work({source("cdr", "3cx_cdr")});
  if (GENERATE(false, true)) told.restart();
  told.heard("cdr", "sales", {}, kNoon + 10 * windows::kDay);
  const auto on = [&](const char* kpi, int day) {
    const core::Time from = kNoon + day * windows::kDay - 10 * windows::kMinute;
    return told.within("queue/sales", kpi, from, from + 15 * windows::kMinute);
  };
  CHECK(on("timed_out", 0));  // the queue log tells how calls leave a queue, the CDR does not
  CHECK(on("timed_out", 5));  // nobody: no data
  CHECK_FALSE(on("timed_out", 10));
  CHECK_FALSE(on("timed_out", 11));
  CHECK(on("average_wrap_up_time", -1));
  CHECK_FALSE(on("average_wrap_up_time", 0));
}

TEST_CASE("what is on its way when a source is taken out is still of that source") {
  Told told({source("pbx", "asterisk_queue_log")});
  told.at_work({});
  told.heard("pbx", "sales");
  CHECK_FALSE(told.available("queue/sales", kWrapUp));
  // The same name with another format is another one: it can tell other things.
  told.at_work({source("pbx", "ringside")});
  told.heard("pbx", "sales");
  CHECK(told.available("queue/sales", kWrapUp));
}

TEST_CASE("what was only concluded says nothing about who can tell what") {
  Told told({source("pbx", "asterisk_queue_log")});
  told.heard("pbx", "sales");
  Event lost;
  lost.type = EventType::call_lost;
  lost.subject = "c1";
  lost.source = "ringside";
  lost.time = lost.at = kNoon + 1;
  REQUIRE(told.engine().apply(lost));
  CHECK_FALSE(told.available("tenant", kWrapUp));
}

TEST_CASE("which KPI misses which measure of which source is told") {
  core::TenantSettings settings;
  settings.kpis = server::builtin_kpis();
  const core::NameLists missing = server::missing(settings, source("pbx", "asterisk_queue_log"));
  REQUIRE(missing.contains("average_wrap_up_time"));
  CHECK(missing.at("average_wrap_up_time") == std::vector<std::string>{"wrap_up"});
  CHECK(missing.at("average_handle_time") == std::vector<std::string>{"handle"});  // talk alone is less
  CHECK_FALSE(missing.contains("average_talk_time"));
  CHECK_FALSE(missing.contains("waiting"));
  CHECK(server::missing(settings, source("acd", "ringside")).empty());
  Told told({source("pbx", "asterisk_queue_log"), source("acd", "ringside")});
  CHECK(told.engine().not_told("average_wrap_up_time") == core::NameLists{{"pbx", {"wrap_up"}}});
  CHECK(told.engine().not_told("offered").empty());
}

TEST_CASE("a text of sources that makes no sense changes nothing; measures nobody knows are left out") {
  Told told({source("pbx", "asterisk_queue_log")});
  Event event;
  event.type = EventType::sources_told;
  event.subject = event.source = "ringside";
  event.time = event.at = kNoon;
  event.text = "\twaiting\n";
  const auto refused = told.engine().apply(event);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == "bad_value");
  CHECK_FALSE(told.at_work({source("pbx", "asterisk_queue_log")}));
  event.text = "pbx\tno_such_measure,waiting\n";
  REQUIRE(told.engine().apply(event));
  CHECK(told.engine().not_told("waiting") == core::NameLists{{"pbx", {"waiting"}}});
}

TEST_CASE("a rule about a number that no source can tell is found before anything starts") {
  OwnFolder folder;
  const std::string rules =
      "[[tenant.alert]]\nid = \"line\"\nkpi = \"waiting\"\nenter = 5\nscopes = [\"queue/*\"]\n"
      "[[tenant.alert]]\nid = \"asa\"\nkpi = \"average_speed_of_answer\"\nwindow = \"30m\"\nenter = \"60s\"\n"
      "scopes = [\"queue/*\"]\n";
  const auto doubts = [&](const std::string& sources) {
    folder.write("config.toml", "[[tenant]]\nname = \"a\"\n" + rules + sources);
    const auto checked = server::check_config(folder.path("config.toml"));
    INFO((checked ? "" : checked.error().message));
    REQUIRE(checked);
    return *checked;
  };
  const std::string cdr = "[[tenant.source]]\nname = \"cdr\"\nformat = \"3cx_cdr\"\n";
  CHECK(doubts("").empty());
  CHECK(doubts(cdr + "[[tenant.source]]\nname = \"pbx\"\nformat = \"asterisk_queue_log\"\n").empty());
  const auto found = doubts(cdr);
  REQUIRE(found.size() == 1);
  const std::string says = "tenant 'a': alert 'line' asks for 'waiting', and no source can tell waiting";
  CHECK_THAT(found[0], Catch::StartsWith(says));
}
