#include "alert_script.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>

#include "durations.h"
#include "oracle.h"
#include "streams.h"
#include "zones.h"

namespace alert_script {
namespace {

using core::Duration;
using core::Event;
using core::Time;
using windows::kNever;

using Words = std::vector<std::string>;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

Words words_of(const std::string& text) {
  std::istringstream in(text);
  Words words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

Words split(const std::string& text, char at) {
  std::istringstream in(text);
  Words parts;
  for (std::string part; std::getline(in, part, at);) parts.push_back(part);
  return parts;
}

Duration duration(const std::string& text) {
  const auto known = duration_of(text);
  if (!known) fail("no duration: " + text);
  return *known;
}

// A number, or a duration in ms.
double number(const std::string& text) {
  const auto known = duration_of(text);
  return known ? static_cast<double>(*known) : std::stod(text);
}

core::Severity severity(const std::string& text) {
  for (int i = 0; i < core::kSeverities; ++i) {
    if (core::name(static_cast<core::Severity>(i)) == text) return static_cast<core::Severity>(i);
  }
  fail("no severity: " + text);
}

core::Matcher matcher(const std::string& text) {
  auto parsed = core::parse_matcher(text == "any" ? "" : text);
  if (!parsed) fail(parsed.error().message);
  return *parsed;
}

int calendar(const core::TenantSettings& settings, const std::string& id) {
  for (std::size_t i = 0; i < settings.sla.calendars.size(); ++i) {
    if (settings.sla.calendars[i].id() == id) return static_cast<int>(i);
  }
  fail("no calendar: " + id);
}

// "100:5m:0s:boss+deputy:unless_acknowledged"
core::Escalation escalation(const std::string& text) {
  const Words parts = split(text, ':');
  core::Escalation step;
  step.percent = std::stoi(parts.at(0));
  step.after = duration(parts.at(1));
  step.repeat = duration(parts.at(2));
  step.receivers = split(parts.at(3), '+');
  step.unless_acknowledged = parts.size() > 4;
  return step;
}

// key=value words; what follows the first `=`.
std::vector<std::pair<std::string, std::string>> pairs(const Words& words, std::size_t from) {
  std::vector<std::pair<std::string, std::string>> all;
  for (std::size_t i = from; i < words.size(); ++i) {
    const std::size_t at = words[i].find('=');
    if (at == std::string::npos) fail("expected key=value: " + words[i]);
    all.emplace_back(words[i].substr(0, at), words[i].substr(at + 1));
  }
  return all;
}

void add_rule(core::TenantSettings& settings, const Words& words) {
  core::AlertRule rule;
  rule.id = words.at(1);
  std::optional<double> leave;
  for (const auto& [key, value] : pairs(words, 2)) {
    if (key == "kpi") rule.kpi = value;
    else if (key == "title") rule.title = value;
    else if (key == "window") rule.window = value;
    else if (key == "scopes") rule.scopes = split(value, ',');
    else if (key == "above" || key == "below") rule.above = key == "above", rule.enter = number(value);
    else if (key == "leave") leave = number(value);
    else if (key == "for") rule.hold = duration(value);
    else if (key == "keep") rule.keep_firing = duration(value);
    else if (key == "severity") rule.severity = severity(value);
    else if (key == "sample")
      rule.sample_kpi = split(value, ':').at(0), rule.sample_min = number(split(value, ':').at(1));
    else if (key == "no_data") rule.no_data = value == "alert"    ? core::AlertRule::NoData::alert
                                              : value == "normal" ? core::AlertRule::NoData::normal
                                                                  : core::AlertRule::NoData::keep;
    else if (key == "hours") rule.calendar = calendar(settings, value);
    else if (key == "sources") rule.sources = split(value, ',');
    else if (key == "label") rule.labels.emplace_back(split(value, ':').at(0), split(value, ':').at(1));
    else if (key == "escalate") rule.escalations.push_back(escalation(value));
    else fail("what is " + key + "?");
  }
  rule.leave = leave.value_or(rule.enter);
  settings.alerts.rules.push_back(std::move(rule));
}

void add_policy(core::TenantSettings& settings, const Words& words) {
  core::SlaPolicy policy;
  policy.id = words.at(1);
  for (const auto& [key, value] : pairs(words, 2)) {
    if (key == "queue") policy.match.queues.push_back(value);
    else if (key == "priority") policy.match.priorities.push_back(value);
    else if (key == "warn") for (const std::string& w : split(value, ',')) policy.warnings.push_back(std::stoi(w));
    else if (key == "escalate") policy.escalations.push_back(escalation(value));
    else if (key == "pause") policy.pauses.push_back(value == "pending" ? core::Detail::status_pending
                                                                        : core::Detail::status_on_hold);
    else {
      core::SlaTarget target;
      const auto kind = [&] {
        for (int k = 0; k < core::kClockKinds; ++k) {
          if (core::name(static_cast<core::ClockKind>(k)) == key) return static_cast<core::ClockKind>(k);
        }
        fail("what is " + key + "?");
      };
      target.clock = kind();
      const Words hours = split(value, '@'), parts = split(hours.at(0), ':');
      target.within = duration(parts.at(0));
      if (parts.size() > 1) target.priority = parts[1];
      if (hours.size() > 1) target.calendar = calendar(settings, hours[1]);
      policy.targets.push_back(target);
    }
  }
  settings.sla.policies.push_back(std::move(policy));
}

void add_route(core::TenantSettings& settings, const Words& words) {
  core::AlertRoute route;
  route.match = matcher(words.at(1));
  for (const auto& [key, value] : pairs(words, 2)) {
    if (key == "to") route.receivers = split(value, ',');
    else if (key == "by") route.group_by = split(value, ',');
    else if (key == "wait") route.group_wait = duration(value);
    else if (key == "interval") route.group_interval = duration(value);
    else if (key == "repeat") route.repeat_interval = duration(value);
    else fail("what is " + key + "?");
  }
  settings.alerts.routes.push_back(std::move(route));
}

void add_others(core::TenantSettings& settings, const Words& words) {
  core::AlertSettings& alerts = settings.alerts;
  if (words[0] == "watch") {
    core::SourceWatch watch;
    watch.source = words.at(1);
    for (const auto& [key, value] : pairs(words, 2)) {
      if (key == "within") watch.within = duration(value);
      if (key == "hours") watch.calendar = calendar(settings, value);
    }
    alerts.sources.push_back(watch);
  } else if (words[0] == "inhibit") {
    core::Inhibition inhibition;
    for (const auto& [key, value] : pairs(words, 1)) {
      if (key == "source") inhibition.source = matcher(value);
      if (key == "target") inhibition.target = matcher(value);
      if (key == "equal") inhibition.equal = split(value, ',');
    }
    alerts.inhibitions.push_back(inhibition);
  } else {
    for (const auto& [key, value] : pairs(words, 1)) {
      if (key == "flapping") alerts.flapping_after = std::stoi(value);
      else if (key == "within") alerts.flapping_within = duration(value);
      else if (key == "most") alerts.most_active = std::stoul(value);
      else if (key == "late") alerts.late_after = duration(value);
      else if (key == "rate") alerts.late_per_second = std::stoul(value);
      else if (key == "kept") alerts.kept = std::stoul(value);
      else if (key == "not_told_after") alerts.not_told_after = duration(value);
      else fail("what is " + key + "?");
    }
  }
}

void add_calendar(core::TenantSettings& settings, const Words& words) {
  int from_hour = 0, from_minute = 0, to_hour = 0, to_minute = 0;
  if (std::sscanf(words.at(2).c_str(), "%d:%d-%d:%d", &from_hour, &from_minute, &to_hour, &to_minute) != 4)
    fail("no hours: " + words[2]);
  core::Schedule schedule;
  for (auto& day : schedule.week)
    day = {{from_hour * windows::kHour + from_minute * windows::kMinute,
            to_hour * windows::kHour + to_minute * windows::kMinute}};
  auto made = core::Calendar::create(words.at(1), settings.zone, {schedule});
  if (!made) fail(made.error().message);
  settings.sla.calendars.push_back(std::move(*made));
}

class Reader {
 public:
  Script read(const std::filesystem::path& path) {
    script_.name = path.stem().string();
    script_.settings.name = script_.name;
    script_.settings.kpis = streams::builtin_kpis();
    std::ifstream in(path);
    int line = 0;
    for (std::string text; std::getline(in, text);) {
      ++line;
      text = text.substr(0, text.find('#'));
      const Words words = words_of(text);
      if (words.empty()) continue;
      try {
        if (text[0] == ' ') {
          if (script_.lines.empty()) fail("nothing happened yet");
          std::string joined;
          for (const std::string& word : words) joined += (joined.empty() ? "" : " ") + word;
          script_.lines.back().expected.push_back(joined);
        } else {
          this->line(text, words, line);
        }
      } catch (const std::exception& wrong) {
        fail(script_.name + ".txt:" + std::to_string(line) + ": " + wrong.what());
      }
    }
    return std::move(script_);
  }

 private:
  void line(const std::string& text, const Words& words, int number) {
    const std::map<std::string, Line::Kind> kinds{{"at", Line::Kind::event}, {"now", Line::Kind::now},
                                                  {"leap", Line::Kind::leap}, {"start", Line::Kind::start}};
    if (words[0] == "date") {
      date_ = words.at(1);
    } else if (const auto kind = kinds.find(words[0]); kind != kinds.end()) {
      Line line;
      line.kind = kind->second;
      line.number = number;
      std::size_t i = 1;
      line.at = time(words, i);
      if (line.kind == Line::Kind::event) line.event = event(words, i, line.at, number);
      script_.lines.push_back(std::move(line));
    } else {
      add_setting(script_.settings, text);
    }
  }

  Time time(const Words& words, std::size_t& i) {
    if (words.at(i).find('-') != std::string::npos) date_ = words[i++];
    int year = 0, month = 0, day = 0, hour = 0, minute = 0;
    double second = 0;
    if (std::sscanf(date_.c_str(), "%d-%d-%d", &year, &month, &day) != 3) fail("no date");
    if (std::sscanf(words.at(i).c_str(), "%d:%d:%lf", &hour, &minute, &second) != 3) fail("no time: " + words[i]);
    ++i;
    return script_.settings.zone.from_local(core::days_from({year, month, day}) * windows::kDay +
                                            hour * windows::kHour + minute * windows::kMinute +
                                            std::llround(second * 1000));
  }

  Event event(const Words& words, std::size_t i, Time at, int line) {
    Event e;
    e.at = e.time = at;
    e.source = "acd";
    e.id = oracle::keep("line" + std::to_string(line));
    e.authority = 5;
    int type = 0;
    while (type < core::kEventTypes && core::name(static_cast<core::EventType>(type)) != words.at(i)) ++type;
    if (type == core::kEventTypes) fail("no event " + words[i]);
    e.type = static_cast<core::EventType>(type);
    if (core::about(e.type) == core::About::alert) e.source = "ringside";
    const std::map<std::string, std::string_view*> texts{
        {"call", &e.subject}, {"ticket", &e.subject}, {"alert", &e.subject}, {"silence", &e.subject},
        {"agent", &e.agent},  {"queue", &e.queue},    {"team", &e.team},     {"site", &e.site},
        {"priority", &e.priority}, {"status", &e.text}, {"exit", &e.text},   {"matcher", &e.text},
        {"reason", &e.reason}, {"by", &e.by},         {"source", &e.source}, {"id", &e.id}, {"into", &e.text}};
    for (const auto& [key, value] : pairs(words, i + 1)) {
      if (key == "for") {
        e.value = duration(value);
      } else if (key == "cannot") {  // pbx:measure+measure,acd:
        std::vector<core::SourceAtWork> sources;
        for (const std::string& source : split(value, ',')) {
          const Words parts = split(source, ':');
          core::SourceAtWork& added = sources.emplace_back();
          added.name = parts.at(0);
          for (const std::string& name : split(parts.size() > 1 ? parts[1] : "", '+')) {
            const auto measure = core::measure_named(name);
            if (!measure) fail("no measure: " + name);
            added.cannot.set(static_cast<std::size_t>(*measure));
          }
        }
        e.text = oracle::keep(core::text_of(std::move(sources)));
      } else if (key == "when") {
        std::size_t first = 0;
        e.at = time({value}, first);
      } else if (texts.count(key) == 0) {
        fail("what is " + key + "?");
      } else {
        *texts.at(key) = oracle::keep(value);
      }
    }
    if (e.type == core::EventType::queue_assigned) e.subject = e.queue;
    if (e.type >= core::EventType::agent_login && e.type <= core::EventType::agent_assigned) e.subject = e.agent;
    return e;
  }

  Script script_;
  std::string date_ = "2026-05-04";
};

std::string clock_text(Time at, const core::Zone& zone) {
  const Time local = zone.to_local(at), of_day = local - windows::floor_to(local, windows::kDay);
  char text[32];
  std::snprintf(text, sizeof text, "%02d:%02d:%02d", static_cast<int>(of_day / windows::kHour),
                static_cast<int>(of_day / windows::kMinute % 60), static_cast<int>(of_day / windows::kSecond % 60));
  std::string shown = text;
  if (of_day % 1000 != 0) {
    std::snprintf(text, sizeof text, ".%03d", static_cast<int>(of_day % 1000));
    shown += text;
  }
  return shown;
}

}  // namespace

void add_setting(core::TenantSettings& settings, const std::string& line) {
  const Words words = words_of(line);
  if (words.at(0) == "zone") {
    settings.zone = zones::named(words.at(1));
  } else if (words[0] == "kpi") {
    core::KpiSpec spec;
    spec.id = words.at(1);
    for (std::size_t i = 3; i < words.size(); ++i) spec.formula += words[i] + " ";
    settings.kpis.push_back(spec);
  } else if (words[0] == "calendar") {
    add_calendar(settings, words);
  } else if (words[0] == "rule") {
    add_rule(settings, words);
  } else if (words[0] == "policy") {
    add_policy(settings, words);
  } else if (words[0] == "route") {
    add_route(settings, words);
  } else if (words[0] == "watch" || words[0] == "inhibit" || words[0] == "limits") {
    add_others(settings, words);
  } else {
    fail("what is " + words[0] + "?");
  }
}

Script read(const std::filesystem::path& path) { return Reader().read(path); }

// ---- the loop -----------------------------------------------------------------------------------------------

Loop::Loop(const core::TenantSettings& settings, Duration tick) : tick_(tick) {
  auto made = core::Engine::create(settings);
  if (!made) fail(made.error().message + " (" + made.error().where + ")");
  engine_ = std::move(*made);
}

void Loop::pass(Time to) {
  if (engine_->now() == 0) return leap(to);
  while (engine_->now() < to) leap(std::min(to, engine_->now() + tick_));
}

void Loop::leap(Time to) {
  if (to <= engine_->now()) return;
  engine_->advance(to);
  if (engine_->alerts_changed()) journal_.push_back({to, {}});
  drain();
}

void Loop::start(Time to) {
  Event event;
  event.type = core::EventType::server_started;
  event.source = event.subject = "ringside";
  event.id = "start";
  event.at = event.time = engine_->now();
  const auto taken = give(event);
  if (taken) leap(to);
}

core::Result<core::Outcome> Loop::give(const Event& event, bool must_take) {
  const auto outcome = engine_->apply(event);
  if (!outcome) {
    if (must_take) fail(outcome.error().code + ": " + outcome.error().message);
    return outcome;
  }
  journal_.push_back({engine_->now(), {event}});
  drain();
  return outcome;
}

void Loop::drain() {
  for (core::AlertChange& change : engine_->take_alert_changes()) said_.changes.push_back(std::move(change));
  for (core::Notice& notice : engine_->take_notices()) said_.notices.push_back(std::move(notice));
}

Said Loop::take() { return std::exchange(said_, {}); }

// ---- showing ------------------------------------------------------------------------------------------------

std::string shown(const core::AlertChange& change, const core::Zone& zone) {
  const core::Alert& alert = change.alert;
  std::string text = clock_text(alert.noticed, zone) + " " + std::string(core::name(alert.step)) + " " + alert.key;
  if (alert.step == core::AlertStep::suppressed)
    text += " (" + (alert.held_back.empty() ? alert.reason : alert.held_back) + ")";
  if (alert.late && (alert.step == core::AlertStep::fired || alert.step == core::AlertStep::warned))
    text += " late " + clock_text(alert.at, zone);
  return text;
}

std::string shown(const core::Notice& notice, const core::Zone& zone) {
  std::string text = clock_text(notice.at, zone) + " -> " + notice.receiver + " ", alerts;
  for (const core::Alert& alert : notice.alerts)
    alerts += (alerts.empty() ? "" : ", ") + std::string(core::name(alert.step)) + " " + alert.key;
  return text + alerts;
}

std::string whole(const core::Alert& alert) { return core::alert_row(alert); }

std::string whole(const core::Notice& notice) {
  std::string text = notice.id + " " + notice.receiver + " " + notice.order + " " + std::to_string(notice.at);
  for (const core::Alert& alert : notice.alerts) text += "\n" + whole(alert);
  return text;
}

std::vector<std::string> lines(const Said& said, const core::Zone& zone) {
  std::vector<std::pair<Time, std::string>> all;
  for (const core::AlertChange& change : said.changes) all.emplace_back(change.alert.noticed, shown(change, zone));
  for (const core::Notice& notice : said.notices) all.emplace_back(notice.at, shown(notice, zone));
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> lines;
  for (auto& [at, text] : all) lines.push_back(std::move(text));
  return lines;
}

}  // namespace alert_script
