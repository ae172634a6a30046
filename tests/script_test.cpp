// Runs tests/scripts/*.txt: small stories an analyst can read, with the numbers that must come out.
//
//   zone Europe/Berlin                               of all times in the script
//   date 2026-05-04                                  of the times that follow; or write it before a time
//   policy [queue=vip] target=10s short=3s           the rest keeps 20s and 5s
//   kpi handled_by_end = handled [by end]            beside the built-in catalogue
//   calendar office weekdays=09:00-12:00,13:00-17:00 [mon=…] 2026-05-01=closed; again with from=…: its next schedule
//   sla gold [queue=vip team= priority= category= channel= tags=a,b from=… to=…] first_response=1h@office
//       [first_response/high=20m] [pauses=pending,on_hold] [warn=50,75] [measured=anew]
//   at 10:00:05 call.queued call=7 queue=sales       one event; "final" after the time: part of a whole-call record;
//                                                    "early": the source's clock is ahead, it is heard of before
//   now 10:01:00                                     time passes to here
//   expect queue/sales  waiting 0  service_level@5m 83.3  average_speed_of_answer@5m 12s  oldest_waiting_since none
//   deadlines queue/it = 1.first_response=12:00:00 2.resolution=paused 3.next_reply=overdue  all there are
//   history tenant offered day 2026-03-28 00:00:00 2026-03-31 00:00:00 = 1 2 3
//
// Words of an event: call= ticket= agent= queue= team= site= channel= priority= state= status= exit= kind= scale= (one
// of the last five, or direction= category= tags= into=) reason= by= value= (12s or a number) public=no authority=
// source= id= visit= sent= (when the source said it). Every script runs plainly, with its events shuffled, doubled,
// with time passing in tiny steps, with all events late, and kept and restored after every line, once with all that is
// older than today on disk only; the numbers must be the same.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "durations.h"
#include "map_archive.h"
#include "oracle.h"
#include "streams.h"
#include "zones.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace {

using core::Duration;
using core::Engine;
using core::Event;
using core::Time;
using core::Value;
using streams::Dice;
using windows::kSecond;

struct Line {
  enum class Kind { event, now, expect, deadlines, history } kind;
  int number;
  Time at = 0;
  Event event;
  std::vector<std::string> words;
  bool early = false;  // heard of at once, before its time
};

struct Script {
  std::string name;
  core::TenantSettings settings;
  std::vector<Line> lines;
};

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

class Reader {
 public:
  Script read(const std::filesystem::path& path) {
    script_.name = path.stem().string();
    script_.settings.name = script_.name;
    script_.settings.kpis = streams::builtin_kpis();
    script_.settings.policy.queues = {20 * kSecond, 5 * kSecond};
    std::ifstream in(path);
    for (std::string text; std::getline(in, text);) {
      ++number_;
      const auto words = words_of(text.substr(0, text.find('#')));
      if (!words.empty()) line(words);
    }
    return std::move(script_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) {
    throw std::runtime_error(script_.name + ".txt:" + std::to_string(number_) + ": " + what);
  }

  // [date] time at words[i]; i moves behind it. A time that ends in Z is UTC.
  Time time(const std::vector<std::string>& words, std::size_t& i) {
    if (i < words.size() && words[i].find('-') != std::string::npos) date_ = words[i++];
    if (i >= words.size()) fail("a time is missing");
    int year = 0, month = 0, day = 0, hour = 0, minute = 0;
    double second = 0;
    if (std::sscanf(date_.c_str(), "%d-%d-%d", &year, &month, &day) != 3) fail("no date");
    if (std::sscanf(words[i].c_str(), "%d:%d:%lf", &hour, &minute, &second) != 3) fail("no time: " + words[i]);
    const Time wall = core::days_from({year, month, day}) * windows::kDay + hour * windows::kHour +
                      minute * windows::kMinute + std::llround(second * 1000);
    return words[i++].back() == 'Z' ? wall : script_.settings.zone.from_local(wall);
  }

  void line(const std::vector<std::string>& words) {
    const std::string& first = words[0];
    std::size_t i = 1;
    if (first == "zone") {
      script_.settings.zone = zones::named(words.at(1));
    } else if (first == "date") {
      date_ = words.at(1);
    } else if (first == "policy") {
      policy(words);
    } else if (first == "kpi") {
      core::KpiSpec spec;
      spec.id = words.at(1);
      for (i = 3; i < words.size() && words[i] != "by"; ++i) spec.formula += words[i] + " ";
      if (i < words.size()) spec.attribution = core::attribution_named(words.at(i + 1)).value();
      script_.settings.kpis.push_back(spec);
    } else if (first == "now" || first == "at") {
      Line l{first == "now" ? Line::Kind::now : Line::Kind::event, number_, time(words, i), {}, {}};
      if (first == "at" && words.at(i) == "early") {
        l.early = true;
        ++i;
      }
      if (first == "at") l.event = event(words, i, l.at);
      script_.lines.push_back(l);
    } else if (first == "expect") {
      script_.lines.push_back({Line::Kind::expect, number_, 0, {}, words});
    } else if (first == "calendar") {
      calendar(words);
    } else if (first == "sla") {
      sla(words);
    } else if (first == "deadlines") {
      script_.lines.push_back({Line::Kind::deadlines, number_, 0, {}, words});
    } else if (first == "history") {
      Line l{Line::Kind::history, number_, 0, {}, {words.at(1), words.at(2), words.at(3)}};
      i = 4;
      const Time from = time(words, i), to = time(words, i);
      l.words.push_back(std::to_string(from));
      l.words.push_back(std::to_string(to));
      l.words.insert(l.words.end(), words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
      script_.lines.push_back(l);
    } else {
      fail("what is " + first + "?");
    }
  }

  void policy(const std::vector<std::string>& words) {
    core::QueuePolicy policy = script_.settings.policy.queues;
    std::string queue;
    for (std::size_t i = 1; i < words.size(); ++i) {
      const std::string key = words[i].substr(0, words[i].find('=')), value = words[i].substr(key.size() + 1);
      if (key == "queue") queue = value;
      if (key == "target") policy.answer_target = duration_of(value).value();
      if (key == "short") policy.short_abandon = duration_of(value).value();
    }
    (queue.empty() ? script_.settings.policy.queues : script_.settings.policy.queue[queue]) = policy;
  }

  // "2026-05-04T10:00:00"
  Time instant(const std::string& text) {
    const std::string date = date_;
    std::size_t i = 0;
    const Time at = time({text.substr(0, 10), text.substr(11)}, i);
    date_ = date;
    return at;
  }

  static std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> parts;
    std::istringstream in(text);
    for (std::string part; std::getline(in, part, ',');) parts.push_back(part);
    return parts;
  }

  static std::vector<core::Frame> frames(const std::string& text) {
    std::vector<core::Frame> all;
    for (const std::string& part : split(text)) {
      int a = 0, b = 0, c = 0, d = 0;
      if (std::sscanf(part.c_str(), "%d:%d-%d:%d", &a, &b, &c, &d) != 4) continue;  // closed
      all.push_back({a * windows::kHour + b * windows::kMinute, c * windows::kHour + d * windows::kMinute});
    }
    return all;
  }

  void calendar(const std::vector<std::string>& words) {
    core::Schedule s;
    const std::vector<std::string> days{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    for (std::size_t i = 2; i < words.size(); ++i) {
      const std::string key = words[i].substr(0, words[i].find('=')), value = words[i].substr(key.size() + 1);
      const auto day = std::find(days.begin(), days.end(), key);
      if (key == "from") {
        s.valid_from = instant(value);
      } else if (key == "weekdays") {
        for (std::size_t d = 0; d < 5; ++d) s.week[d] = frames(value);
      } else if (key == "daily") {
        s.week.fill(frames(value));
      } else if (day != days.end()) {
        s.week[static_cast<std::size_t>(day - days.begin())] = frames(value);
      } else {
        core::Date date;
        if (std::sscanf(key.c_str(), "%d-%d-%d", &date.year, &date.month, &date.day) != 3) fail("what is " + key);
        s.special[date] = frames(value);
      }
    }
    auto& schedules = schedules_[words.at(1)];
    schedules.push_back(s);
    auto made = core::Calendar::create(words[1], script_.settings.zone, schedules);
    if (!made) fail(made.error().message);
    auto& all = script_.settings.sla.calendars;
    const auto known = std::find_if(all.begin(), all.end(), [&](const auto& c) { return c.id() == words[1]; });
    known == all.end() ? all.push_back(*made) : void(*known = *made);
  }

  void sla(const std::vector<std::string>& words) {
    core::SlaPolicy policy;
    policy.id = words.at(1);
    std::map<std::string, std::vector<std::string>*> match{
        {"queue", &policy.match.queues}, {"team", &policy.match.teams}, {"priority", &policy.match.priorities},
        {"category", &policy.match.categories}, {"channel", &policy.match.channels}, {"tags", &policy.match.tags}};
    const std::map<std::string, core::Detail> statuses{
        {"new", core::Detail::status_new}, {"open", core::Detail::status_open},
        {"pending", core::Detail::status_pending}, {"on_hold", core::Detail::status_on_hold}};
    for (std::size_t i = 2; i < words.size(); ++i) {
      const std::string key = words[i].substr(0, words[i].find('=')), value = words[i].substr(key.size() + 1);
      if (match.count(key) != 0) {
        *match[key] = split(value);
      } else if (key == "from" || key == "to") {
        (key == "from" ? policy.valid_from : policy.valid_to) = instant(value);
      } else if (key == "pauses") {
        for (const std::string& status : split(value)) policy.pauses.push_back(statuses.at(status));
      } else if (key == "warn") {
        for (const std::string& percent : split(value)) policy.warnings.push_back(std::stoi(percent));
      } else if (key == "measured") {
        policy.elapsed_is_kept = value != "anew";
      } else {
        target(policy, key, value);
      }
    }
    script_.settings.sla.policies.push_back(policy);
  }

  void target(core::SlaPolicy& policy, const std::string& key, const std::string& value) {
    core::SlaTarget target;
    const std::string clock = key.substr(0, key.find('/'));
    if (clock.size() < key.size()) target.priority = key.substr(clock.size() + 1);
    int kind = 0;
    while (kind < core::kClockKinds && core::name(static_cast<core::ClockKind>(kind)) != clock) ++kind;
    if (kind == core::kClockKinds) fail("what is " + key);
    target.clock = static_cast<core::ClockKind>(kind);
    target.within = duration_of(value.substr(0, value.find('@'))).value();
    const auto& calendars = script_.settings.sla.calendars;
    for (std::size_t c = 0; c < calendars.size() && value.find('@') != std::string::npos; ++c) {
      if (calendars[c].id() == value.substr(value.find('@') + 1)) target.calendar = static_cast<int>(c);
    }
    if (value.find('@') != std::string::npos && target.calendar < 0) fail("no calendar " + value);
    policy.targets.push_back(target);
  }

  Event event(const std::vector<std::string>& words, std::size_t& i, Time at) {
    Event e;
    e.at = e.time = at;
    e.source = "acd";
    e.id = oracle::keep("line" + std::to_string(number_));
    e.authority = 5;
    if (words.at(i) == "final") {
      ++i;
      e.final = true;
      e.source = "cdr";
      e.id = "record";
      e.time = core::days_from({2026, 12, 31}) * windows::kDay;
    }
    int type = 0;
    while (type < core::kEventTypes && core::name(static_cast<core::EventType>(type)) != words.at(i)) ++type;
    if (type == core::kEventTypes) fail("no event " + words.at(i));
    e.type = static_cast<core::EventType>(type);
    const std::string subject = words[i].substr(0, words[i].find('.'));
    for (++i; i < words.size(); ++i) {
      const std::string key = words[i].substr(0, words[i].find('='));
      if (key.size() + 1 > words[i].size()) fail("expected key=value: " + words[i]);
      set(e, subject, key, oracle::keep(words[i].substr(key.size() + 1)));
    }
    return e;
  }

  void set(Event& e, const std::string& subject, const std::string& key, std::string_view value) {
    const std::map<std::string, std::string_view*> words{
        {"agent", &e.agent}, {"queue", &e.queue}, {"team", &e.team}, {"site", &e.site}, {"channel", &e.channel},
        {"priority", &e.priority}, {"state", &e.text}, {"status", &e.text}, {"exit", &e.text}, {"kind", &e.text},
        {"scale", &e.text}, {"direction", &e.text}, {"category", &e.text}, {"tags", &e.text}, {"into", &e.text},
        {"reason", &e.reason}, {"by", &e.by}, {"source", &e.source},
        {"id", &e.id}, {"customer", &e.customer}};
    if (key == subject) {
      e.subject = value;
    } else if (words.count(key) != 0) {
      *words.at(key) = value;
    } else if (key == "value") {
      const auto duration = duration_of(std::string(value));
      e.value = duration ? *duration : std::stoll(std::string(value));
    } else if (key == "authority") {
      e.authority = static_cast<std::uint8_t>(std::stoi(std::string(value)));
    } else if (key == "visit") {
      e.visit = static_cast<std::uint8_t>(std::stoi(std::string(value)));
    } else if (key == "public") {
      e.is_public = value != "no";
    } else if (key == "sent") {
      std::size_t i = 0;
      e.time = time({std::string(value)}, i);
    } else {
      fail("what is " + key + "?");
    }
  }

  Script script_;
  std::map<std::string, std::vector<core::Schedule>> schedules_;
  std::string date_ = "2026-05-04";
  int number_ = 0;
};

enum class Mode { plain, shuffled, doubled, tiny_steps, all_late, restored, cold };
constexpr std::pair<Mode, const char*> kModes[] = {{Mode::plain, "plain"}, {Mode::shuffled, "shuffled"},
                                                   {Mode::doubled, "doubled"}, {Mode::tiny_steps, "tiny steps"},
                                                   {Mode::all_late, "all late"}, {Mode::restored, "restored"},
                                                   {Mode::cold, "cold"}};

class Run {
 public:
  Run(const Script& script, Mode mode, std::uint64_t seed) : script_(script), mode_(mode), dice_(seed) {
    settings_ = script.settings;
    if (mode == Mode::cold) settings_.kept_in_memory = 0;
    auto engine = Engine::create(settings_);
    if (!engine) throw std::runtime_error(engine.error().message);
    engine_ = std::move(*engine);
    if (mode == Mode::cold) engine_->attach(&archive_);
  }

  void run() {
    std::size_t last_now = 0;
    for (std::size_t i = 0; i < script_.lines.size(); ++i) {
      if (script_.lines[i].kind == Line::Kind::now) last_now = i;
    }
    for (std::size_t i = 0; i < script_.lines.size(); ++i) {
      const Line& line = script_.lines[i];
      switch (line.kind) {
        case Line::Kind::event:
          if (mode_ == Mode::shuffled || mode_ == Mode::all_late) {
            waiting_.push_back(line.event);
          } else {
            if (!line.early) pass(line.at);
            give(line.event);
          }
          break;
        case Line::Kind::now:
          if (mode_ == Mode::all_late && i != last_now) break;
          pass(line.at);
          dice_.shuffle(waiting_);
          for (const Event& e : waiting_) give(e);
          waiting_.clear();
          break;
        case Line::Kind::expect:
          if (mode_ != Mode::all_late || i > last_now) expect(line);
          break;
        case Line::Kind::deadlines:
          if (mode_ != Mode::all_late || i > last_now) deadlines(line);
          break;
        case Line::Kind::history:
          if (mode_ != Mode::all_late || i > last_now) history(line);
          break;
      }
      if (mode_ == Mode::restored || mode_ == Mode::cold) restore();
    }
  }

 private:
  void pass(Time to) {
    const Time from = engine_->now();
    if (to <= from) return;
    if (mode_ == Mode::tiny_steps && from > 0) {
      const Duration step = std::max<Duration>(137, (to - from) / 97);
      for (Time t = from + step; t < to; t += step) engine_->advance(t);
    }
    engine_->advance(to);
  }

  void give(const Event& event) {
    const auto outcome = engine_->apply(event);
    if (!outcome) throw std::runtime_error(outcome.error().message);
    if (mode_ != Mode::doubled) return;
    given_.push_back(event);
    const Event older = dice_.of(given_);
    for (const Event& again : {event, older})
      CHECK(*engine_->apply(again) == core::Outcome::unchanged);
  }

  void restore() {
    const auto generation = archive_.generation() + 1;
    REQUIRE(engine_->begin_keep(generation));
    REQUIRE(engine_->keep_some(1'000'000, [&](core::Kept&& row) { archive_.write(generation, std::move(row)); }));
    archive_.complete(generation);
    engine_->kept(generation);
    auto other = Engine::create(settings_);
    REQUIRE(static_cast<bool>(other));
    REQUIRE(static_cast<bool>((*other)->restore(archive_)));
    if (mode_ == Mode::cold) (*other)->attach(&archive_);
    REQUIRE((*other)->digest() == engine_->digest());
    engine_ = std::move(*other);
  }

  void expect(const Line& line) {
    const std::string& scope = line.words.at(1);
    for (std::size_t i = 2; i < line.words.size(); i += 2) {
      const auto value = engine_->current(scope, line.words[i]);
      INFO("line " << line.number << ": " << scope << " " << line.words[i]);
      const std::string& expected = line.words.at(i + 1);
      if (value) {
        CHECK(agrees(*value, expected));
      } else if (value.error().code != "unknown_scope" || (expected != "0" && expected != "none")) {
        FAIL_CHECK(value.error().message);  // what was never heard of is as good as empty
      }
    }
  }

  void deadlines(const Line& line) {
    const std::vector<std::string> expected(line.words.begin() + 3, line.words.end());
    std::vector<std::string> got;
    const core::Deadlines found = engine_->deadlines(line.words.at(1), 100, 100);
    const auto two = [](Time n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    for (const core::Deadline& d : found.rows) {
      std::string when = d.breached ? "overdue" : "paused";
      if (!d.breached && d.due != windows::kNever) {
        const Time wall = script_.settings.zone.to_local(d.due) % windows::kDay;
        when = two(wall / windows::kHour) + ":" + two(wall / windows::kMinute % 60) + ":" + two(wall / kSecond % 60);
        CHECK(engine_->next_due() <= d.due);
      }
      got.push_back(std::string(d.record_id) + "." + std::string(core::name(d.clock)) + "=" + when);
      CHECK((d.elapsed >= d.target) == d.breached);
    }
    INFO("line " << line.number << ": deadlines of " << line.words[1]);
    CHECK(got == expected);
    CHECK(found.total == got.size());
  }

  void history(const Line& line) {
    const std::map<std::string, core::Step> steps{{"15m", core::Step::interval}, {"hour", core::Step::hour},
                                                  {"day", core::Step::day}, {"all", core::Step::all}};
    const auto rows = engine_->history(line.words[0], {line.words[1]}, std::stoll(line.words[3]),
                                       std::stoll(line.words[4]), steps.at(line.words[2]));
    INFO("line " << line.number << ": history of " << line.words[0] << " " << line.words[1]);
    REQUIRE(static_cast<bool>(rows));
    REQUIRE(rows->size() == line.words.size() - 5);
    for (std::size_t i = 0; i < rows->size(); ++i) {
      INFO("row " << i + 1);
      CHECK(agrees((*rows)[i].values[0], line.words[5 + i]));
    }
  }

  // "none", a word, a time of the last day mentioned, a duration, or a number to as many decimals as are written.
  bool agrees(const Value& value, const std::string& expected) {
    if (expected == "none") return shown(value, value.kind == Value::Kind::none);
    if (value.kind == Value::Kind::text) return shown(value, value.text == expected);
    if (value.kind == Value::Kind::none) return shown(value, false);
    if (expected.find(':') != std::string::npos) {
      int h = 0, m = 0, s = 0;
      std::sscanf(expected.c_str(), "%d:%d:%d", &h, &m, &s);
      const core::Zone& zone = script_.settings.zone;
      const Time local = zone.to_local(static_cast<Time>(value.number));
      const Time of_day = h * windows::kHour + m * windows::kMinute + s * kSecond;
      return shown(value, local - windows::floor_to(local, windows::kDay) == of_day);
    }
    if (const auto duration = duration_of(expected))
      return shown(value, value.number == static_cast<double>(*duration));
    const std::size_t dot = expected.find('.');
    const double decimals = dot == std::string::npos ? 0 : static_cast<double>(expected.size() - dot - 1);
    const double tolerance = decimals == 0 ? 0 : 0.5 * std::pow(10, -decimals) + 1e-9;
    return shown(value, std::abs(value.number - std::stod(expected)) <= tolerance);
  }

  bool shown(const Value& value, bool good) {
    if (!good) UNSCOPED_INFO("got " << (value.kind == Value::Kind::none     ? std::string("none")
                                        : value.kind == Value::Kind::text ? std::string(value.text)
                                                                          : std::to_string(value.number)));
    return good;
  }

  const Script& script_;
  core::TenantSettings settings_;
  Mode mode_;
  Dice dice_;
  std::unique_ptr<Engine> engine_;
  std::vector<Event> waiting_, given_;
  MapArchive archive_;
};

}  // namespace

TEST_CASE("scripts give their numbers in every order, doubled, in tiny steps and late") {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(RINGSIDE_SOURCE_DIR "/tests/scripts"))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  REQUIRE(files.size() >= 20);
  for (const auto& file : files) {
    const Script script = Reader().read(file);
    for (const auto& [mode, name] : kModes) {
      for (std::uint64_t seed = 1; seed <= (mode == Mode::shuffled || mode == Mode::all_late ? 8u : 1u); ++seed) {
        INFO(script.name << ".txt, " << name << " " << seed);
        Run(script, mode, seed).run();
      }
    }
  }
}
