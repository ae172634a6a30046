#include "streams.h"

#include <algorithm>

#include "oracle.h"
#include "zones.h"

namespace streams {
namespace {

using core::Duration;
using core::Event;
using core::Measure;
using core::Time;
using T = core::EventType;
using windows::kDay;
using windows::kHour;
using windows::kMinute;
using windows::kSecond;

const std::vector<std::string> kAgents{"anna", "ben", "cleo", "dan"};
const std::vector<std::string> kQueues{"sales", "support", "vip"};
const std::vector<std::string> kTeams{"red", "blue"};
const std::vector<std::string> kSites{"north", "south"};

std::string formula_of(Dice& dice, const std::vector<core::KpiSpec>& earlier) {
  const auto measure = static_cast<Measure>(dice.below(core::kMeasureCount));
  const std::string name(core::info(measure).name);
  const auto duration = [&] { return std::to_string(dice.below(90) + 1) + (dice.percent(80) ? "s" : "m"); };
  switch (core::info(measure).kind) {
    case core::MeasureKind::count: return name;
    case core::MeasureKind::level: {
      const std::vector<std::string> f{"now", "average", "time", "time", "oldest", "peak", "peak_at"};
      return dice.of(f) + "(" + name + ")";
    }
    case core::MeasureKind::sample: break;
  }
  if (!earlier.empty() && dice.percent(5)) return dice.of(earlier).id;
  switch (dice.below(8)) {
    case 0: return name;
    case 1: return "sum(" + name + ")";
    case 2: return "mean(" + name + ")";
    case 3: return "within(" + name + ", " + duration() + ")";
    case 4: return "within(" + name + ", target)";
    case 5: return "within(" + name + ", short)";
    case 6:
      return "percentile(" + name + ", " + dice.of(std::vector<std::string>{"1", "50", "57.3", "95", "100"}) + ")";
    default: return "maximum(" + name + ")";
  }
}

std::vector<core::KpiSpec> kpis(Dice& dice) {
  std::vector<core::KpiSpec> all;
  if (dice.percent(10)) return builtin_kpis();
  for (int i = 0; i < 22; ++i) {
    core::KpiSpec spec;
    spec.id = "k" + std::to_string(i);
    spec.formula = formula_of(dice, all);
    while (dice.percent(25)) {
      const std::string op = dice.of(std::vector<std::string>{" + ", " - ", " * ", " / "});
      spec.formula = dice.percent(50) ? spec.formula + op + formula_of(dice, all)
                                      : formula_of(dice, all) + op + "(" + spec.formula + ")";
    }
    if (dice.percent(5)) spec.formula += " / (elapsed() / 1h)";
    spec.unit = dice.percent(30) ? core::Unit::percent : core::Unit::duration;
    spec.attribution = static_cast<core::Attribution>(dice.below(4));
    spec.decimals = static_cast<int>(dice.below(4));
    all.push_back(spec);
  }
  return all;
}

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : dice_(seed) {}

  Stream make() {
    auto& settings = stream_.settings;
    settings.name = "random";
    settings.zone =
        zones::named(dice_.of(std::vector<std::string>{"Europe/Berlin", "Asia/Beirut", "Asia/Kathmandu", "UTC"}));
    settings.kpis = kpis(dice_);
    settings.policy.queues = {20 * kSecond, 5 * kSecond};
    settings.policy.repeat_within = dice_.of(std::vector<Duration>{kMinute, kHour, 7 * kDay});
    settings.policy.queue["vip"] = {10 * kSecond, 3 * kSecond};
    if (dice_.percent(50)) {
      settings.windows = {kSecond * (1 + dice_.below(9)), kMinute, 7 * kMinute};
      if (dice_.percent(50)) settings.windows.push_back(kHour * 2);
    }
    // Near a midnight, often of a day on which the clock changes.
    begin_ = zones::last_sunday(2026, dice_.percent(50) ? 3 : 10) - dice_.below(2) * kDay + dice_.below(kDay);
    if (dice_.percent(30)) begin_ = settings.zone.next_midnight(begin_) - dice_.below(kHour);
    span_ = dice_.of(std::vector<Duration>{2 * kMinute, 10 * kMinute, kHour, 8 * kHour, 3 * kDay});
    coarse_ = dice_.percent(30);  // sources with clocks of whole seconds
    if (dice_.percent(35)) promises(settings.sla);
    const auto times = [&](std::int64_t most, auto make_one) {
      for (std::int64_t i = dice_.below(most + 1); i > 0; --i) make_one();
    };
    times(7, [&] { call(); });
    times(4, [&] { shift(); });
    times(3, [&] { ticket(); });
    times(4, [&] { move(); });
    deliver();
    return std::move(stream_);
  }

 private:
  Time moment() { return tick(begin_ + dice_.below(span_)); }
  Time tick(Time t) const { return coarse_ ? windows::floor_to(t, kSecond) : t; }
  Time later(Time t, Duration most = 90 * kSecond) {
    if (dice_.percent(4)) return t;                      // the same instant
    if (dice_.percent(3)) return tick(t - dice_.below(3 * kSecond));  // clocks disagree
    if (dice_.percent(5)) most *= 40;
    return tick(t + dice_.below(most));
  }

  Event& put(T type, const std::string& subject, Time at) {
    Event e;
    e.type = type;
    e.subject = oracle::keep(subject);
    e.at = e.time = at;
    e.source = oracle::keep("s" + std::to_string(dice_.below(2)));
    e.id = oracle::keep(std::to_string(++count_));
    if (type < T::agent_login || type >= T::ticket_created) {
      if (dice_.percent(30)) e.customer = oracle::keep("k" + std::to_string(dice_.below(3)));
    }
    e.authority = dice_.percent(85) ? 5 : static_cast<std::uint8_t>(dice_.below(3) + 4);
    return events_.emplace_back(e);
  }
  void about(Event& e, const std::string& agent, const std::string& queue = {}) {
    e.agent = oracle::keep(agent);
    e.queue = oracle::keep(queue);
  }
  void rating(Event& e) {
    e.text = dice_.of(std::vector<std::string_view>{"thumbs", "csat", "nps", ""});
    e.value = e.text == "thumbs" ? dice_.below(2) : e.text == "nps" ? dice_.below(11) : 1 + dice_.below(5);
    if (dice_.percent(20)) about(e, dice_.of(kAgents));
  }
  Duration maybe(Duration d) { return dice_.percent(30) ? d : core::kNoValue; }

  void call() {
    const std::string id = "c" + std::to_string(dice_.below(6));
    Time t = moment();
    const std::size_t first = events_.size();
    if (dice_.percent(60)) {
      Event& e = put(T::call_started, id, t);
      if (dice_.percent(20)) e.channel = "chat";
      if (dice_.percent(20)) e.priority = "high";
    }
    const int visits = dice_.percent(6) ? 0 : dice_.percent(70) ? 1 : 3;
    for (int v = 0; v < visits; ++v) t = visit(id, later(t), v);
    if (dice_.percent(50)) put(T::call_ended, id, later(t)).value = maybe(dice_.below(kMinute));
    if (dice_.percent(15)) put(T::call_lost, id, later(t));
    if (dice_.percent(2)) put(T::call_merged, id, later(t));
    if (dice_.percent(10)) put(T::call_called_back, id, later(t, kHour));
    if (dice_.percent(15)) rating(put(T::call_rated, id, later(t, kHour)));
    if (dice_.percent(10)) put(T::call_voicemail_handled, id, later(t, kHour));
    if (dice_.percent(15) && events_.size() > first) events_.back().channel = "chat";
    // Some of it never reaches us.
    for (std::size_t i = events_.size(); i-- > first;) {
      if (dice_.percent(7)) events_.erase(events_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (dice_.percent(25)) told_by_two(first);
    if (dice_.percent(45)) final_record(id, moment());
    if (dice_.percent(15)) final_record(id, moment());
  }

  // What was told from there on one source tells, and most of it another one, too, by a clock of its own.
  void told_by_two(std::size_t first) {
    const std::size_t end = events_.size();
    const auto other = static_cast<std::uint8_t>(dice_.percent(70) ? 5 : 4 + 2 * dice_.below(2));
    const Duration skew = dice_.below(1'800) - 900;
    const bool whole_seconds = dice_.percent(50);
    for (std::size_t i = first; i < end; ++i) {
      events_[i].source = "one";
      events_[i].authority = 5;
      if (dice_.percent(15)) continue;
      Event again = events_[i];
      again.at += skew + dice_.below(200);
      if (whole_seconds) again.at = windows::floor_to(again.at, kSecond);
      again.time = again.at;
      again.source = "two";
      again.authority = other;
      again.id = oracle::keep(std::to_string(++count_));
      events_.push_back(again);
    }
  }

  Time visit(const std::string& id, Time t, int number) {
    const std::string queue = dice_.of(kQueues);
    const bool direct = number == 0 && dice_.percent(12);
    if (!direct) {
      about(put(T::call_queued, id, t), "", queue);
      if (dice_.percent(15)) events_.back().priority = "low";
    }
    for (auto n = dice_.below(3); n > 0; --n) {
      const std::string agent = dice_.of(kAgents);
      t = later(t, 10 * kSecond);
      if (!dice_.percent(20)) about(put(T::call_offered, id, t), agent);
      if (!dice_.percent(50)) continue;  // rings at several
      t = later(t, 10 * kSecond);
      about(put(T::call_no_answer, id, t), agent);
      events_.back().value = maybe(dice_.below(20 * kSecond));
    }
    const auto how = dice_.below(10);
    t = later(t, 40 * kSecond);
    if (how == 0) return t;
    if (how == 1) {
      put(T::call_abandoned, id, t).value = maybe(dice_.below(40 * kSecond));
      return t;
    }
    if (how == 2) {
      Event& e = put(T::call_left, id, t);
      e.text = dice_.of(std::vector<std::string_view>{"overflow", "timeout", "voicemail", "callback", "key", "empty",
                                                      "refused", "other", ""});
      e.value = maybe(dice_.below(kMinute));
      if (dice_.percent(20)) e.queue = oracle::keep(queue);
      return t;
    }
    for (int legs = dice_.percent(75) ? 1 : 2; legs > 0; --legs) t = leg(id, t);
    return t;
  }

  Time leg(const std::string& id, Time t) {
    const std::string agent = dice_.percent(92) ? dice_.of(kAgents) : "";
    about(put(T::call_answered, id, t), agent);
    events_.back().value = maybe(dice_.below(50 * kSecond));
    if (dice_.percent(15)) return t;  // goes on beside the next one
    Time u = t;
    while (dice_.percent(25)) {
      about(put(T::call_held, id, u = later(u)), agent);
      if (dice_.percent(90)) about(put(T::call_resumed, id, u = later(u)), agent);
    }
    u = later(u);
    if (dice_.percent(30)) {
      about(put(T::call_transferred, id, u), agent);
      events_.back().text = dice_.of(std::vector<std::string_view>{"blind", "attended", ""});
    } else {
      about(put(T::call_ended, id, u), agent);
    }
    events_.back().value = maybe(dice_.below(2 * kMinute));
    if (dice_.percent(50)) {
      about(put(T::call_wrapped, id, later(u)), agent);
      events_.back().value = maybe(dice_.below(kMinute));
    }
    return u;
  }

  // A whole-call record of one visit, in one or two versions.
  void final_record(const std::string& id, Time t) {
    const auto number = static_cast<std::uint8_t>(1 + (dice_.percent(20) ? dice_.below(3) : 0));
    for (int version = dice_.percent(75) ? 1 : 2; version > 0; --version) {
      const std::size_t first = events_.size();
      const std::string queue = dice_.percent(85) ? dice_.of(kQueues) : "";
      if (dice_.percent(30)) put(T::call_started, id, t - dice_.below(kMinute));
      if (!queue.empty()) put(T::call_queued, id, t);
      const std::string agent = dice_.of(kAgents);
      Time u = t + dice_.below(kMinute);
      const auto how = dice_.below(6);
      if (how == 0) {
        put(T::call_abandoned, id, u).value = maybe(u - t);
      } else if (how == 1) {
        put(T::call_left, id, u).text = "voicemail";
      } else {
        if (dice_.percent(40)) about(put(T::call_offered, id, t + (u - t) / 2), agent);
        about(put(T::call_answered, id, u), agent);
        events_.back().value = maybe(u - t);
        u += dice_.below(3 * kMinute);
        if (dice_.percent(30)) {
          about(put(T::call_hold_total, id, u), agent);
          events_.back().value = dice_.below(kMinute);
        }
        if (dice_.percent(85)) {
          about(put(dice_.percent(80) ? T::call_ended : T::call_transferred, id, u), agent);
          events_.back().value = maybe(dice_.below(3 * kMinute));
        }
        if (dice_.percent(50)) {
          about(put(T::call_wrapped, id, u + dice_.below(kMinute)), agent);
          events_.back().value = maybe(dice_.below(kMinute));
        }
      }
      const auto authority = static_cast<std::uint8_t>(dice_.below(4) + 3);
      const std::string_view record_id = oracle::keep("r" + std::to_string(++count_));
      const Time time = tick(u + dice_.below(kHour));
      for (std::size_t i = first; i < events_.size(); ++i) {
        Event& e = events_[i];
        e.final = true;
        e.visit = number;
        e.authority = authority;
        e.id = record_id;
        e.source = "cdr";
        e.time = time;
        if (e.type != T::call_started) e.queue = oracle::keep(queue);
      }
    }
  }

  void shift() {
    const std::string agent = dice_.of(kAgents);
    Time t = moment() - dice_.below(kHour);
    if (dice_.percent(85)) {
      Event& e = put(T::agent_login, agent, t);
      if (dice_.percent(20)) e.team = oracle::keep(dice_.of(kTeams));
      if (dice_.percent(20)) e.site = oracle::keep(dice_.of(kSites));
    }
    for (auto n = dice_.below(5); n > 0; --n) {
      t = later(t, span_ / 4 + 1);
      Event& e = put(T::agent_state, agent, t);
      e.text = dice_.of(std::vector<std::string_view>{"available", "on_contact", "wrap_up", "break", "meeting",
                                                      "training", "away"});
      if (dice_.percent(30)) e.reason = dice_.percent(50) ? "lunch" : "coffee";
    }
    if (dice_.percent(50)) put(T::agent_logout, agent, later(t, span_ / 2 + 1));
  }

  void ticket() {
    const std::string id = "t" + std::to_string(dice_.below(3));
    Time t = moment() - (dice_.percent(50) ? dice_.below(9 * kDay) : 0);
    if (dice_.percent(85)) {
      Event& e = put(T::ticket_created, id, t);
      about(e, dice_.percent(20) ? dice_.of(kAgents) : "", dice_.percent(70) ? dice_.of(kQueues) : "");
      e.by = dice_.of(std::vector<std::string_view>{"customer", "agent", "system", ""});
      if (dice_.percent(20)) e.channel = "chat";
    }
    for (auto n = dice_.below(9); n > 0; --n) {
      t = later(t, dice_.of(std::vector<Duration>{kMinute, kHour, 2 * kDay}));
      static const std::vector<T> kinds{T::ticket_assigned, T::ticket_status, T::ticket_reply, T::ticket_reply,
                                        T::ticket_reply, T::ticket_priority, T::ticket_resolved, T::ticket_resolved,
                                        T::ticket_reopened, T::ticket_closed, T::ticket_rated, T::ticket_category,
                                        T::ticket_tags, T::ticket_merged};
      Event& e = put(dice_.of(kinds), id, t);
      switch (e.type) {
        case T::ticket_assigned:
          about(e, dice_.percent(80) ? dice_.of(kAgents) : "", dice_.percent(30) ? dice_.of(kQueues) : "");
          break;
        case T::ticket_status:
          e.text = dice_.of(std::vector<std::string_view>{"new", "open", "pending", "on_hold"});
          break;
        case T::ticket_reply:
          e.by = dice_.of(std::vector<std::string_view>{"customer", "agent", "agent", "system", ""});
          e.is_public = dice_.percent(80);
          if (e.by == "agent" && dice_.percent(60)) about(e, dice_.of(kAgents));
          break;
        case T::ticket_category: e.text = dice_.percent(50) ? "billing" : "printer"; break;
        case T::ticket_tags: e.text = dice_.of(std::vector<std::string_view>{"", "vip", "gold,vip", "gold"}); break;
        case T::ticket_merged: e.text = "t9"; break;
        case T::ticket_priority: e.priority = dice_.percent(50) ? "high" : "low"; break;
        case T::ticket_rated:
          rating(e);
          break;
        default: break;
      }
    }
  }

  // ---- promises ----
  std::vector<core::Frame> frames() {
    std::vector<core::Frame> all;
    Duration at = dice_.percent(30) ? 0 : dice_.below(16 * 60) * kMinute;
    while (at < kDay && all.size() < 3) {
      const Duration to = dice_.percent(30) ? kDay : std::min(kDay, at + (1 + dice_.below(9 * 60)) * kMinute);
      all.push_back({at, to});
      at = to + dice_.below(3) * dice_.below(120) * kMinute;
    }
    return all;
  }

  core::Calendar calendar() {
    std::vector<core::Schedule> schedules(dice_.percent(70) ? 1 : 2);
    for (core::Schedule& s : schedules) {
      if (&s != schedules.data()) s.valid_from = begin_ + dice_.below(4 * kDay) - dice_.below(3 * kDay);
      for (auto& day : s.week) day = dice_.percent(85) ? frames() : std::vector<core::Frame>{};
      s.week[2] = frames();
      if (dice_.percent(50)) s.special[core::date_from(begin_ / kDay + dice_.below(5) - 2)] = {};
      if (dice_.percent(30)) s.special[core::date_from(begin_ / kDay + dice_.below(5) - 2)] = frames();
    }
    const std::vector<std::string> names{"Europe/Berlin", "Asia/Beirut", "Asia/Kathmandu"};
    const auto zone = zones::named(dice_.of(names));
    return *core::Calendar::create("c", zone, std::move(schedules));
  }

  void promises(core::SlaSettings& sla) {
    for (auto n = dice_.below(3); n > 0; --n) sla.calendars.push_back(calendar());
    for (auto n = 1 + dice_.below(4); n > 0; --n) {
      core::SlaPolicy p;
      p.id = "p" + std::to_string(n);
      if (n > 1) {
        if (dice_.percent(25)) p.match.queues = {dice_.of(kQueues)};
        if (dice_.percent(20)) p.match.teams = {dice_.of(kTeams)};
        if (dice_.percent(25)) p.match.priorities = {dice_.percent(50) ? "high" : "low"};
        if (dice_.percent(10)) p.match.categories = {"billing"};
        if (dice_.percent(15)) p.match.channels = {dice_.percent(50) ? "chat" : "email", "voice"};
        if (dice_.percent(15)) p.match.tags = {"vip"};
      }
      if (dice_.percent(20)) p.valid_from = begin_ + dice_.below(2 * kDay) - kDay;
      const Time from = p.valid_from == windows::kNever ? begin_ : p.valid_from;
      if (dice_.percent(20)) p.valid_to = from + 1 + dice_.below(kDay);
      targets(p, static_cast<std::int64_t>(sla.calendars.size()));
      if (dice_.percent(40)) p.pauses.push_back(core::Detail::status_pending);
      if (dice_.percent(20)) p.pauses.push_back(core::Detail::status_on_hold);
      for (const int percent : {1, 50, 75, 99}) {
        if (dice_.percent(40)) p.warnings.push_back(percent);
      }
      p.elapsed_is_kept = dice_.percent(70);
      sla.policies.push_back(p);
    }
  }

  void targets(core::SlaPolicy& p, std::int64_t calendars) {
    for (int k = 0; k < core::kClockKinds; ++k) {
      for (const char* priority : {"", "high"}) {
        if (!dice_.percent(*priority == '\0' ? 60 : 25)) continue;
        core::SlaTarget t{static_cast<core::ClockKind>(k), priority, 0, -1};
        t.calendar = static_cast<int>(dice_.below(calendars + 1)) - 1;
        const auto scale = dice_.of(std::vector<Duration>{kMinute, kHour, 3 * kDay});
        t.within = 1 + dice_.below(t.clock == core::ClockKind::answer ? 2 * kMinute : scale);
        p.targets.push_back(t);
      }
    }
    if (p.targets.empty()) p.targets.push_back({core::ClockKind::resolution, "", kHour, -1});
  }

  void move() {
    const bool agent = dice_.percent(60);
    Event& e = put(agent ? T::agent_assigned : T::queue_assigned, agent ? dice_.of(kAgents) : dice_.of(kQueues),
                   moment() - (dice_.percent(40) ? kDay : 0));
    if (!dice_.percent(10)) e.team = oracle::keep(dice_.of(kTeams));
    if (!dice_.percent(30)) e.site = oracle::keep(dice_.of(kSites));
  }

  // When the engine hears of each event: at once, a little early or late, days late, and sometimes again.
  void deliver() {
    for (const Event& e : events_) {
      Duration delay = dice_.below(2 * kSecond);
      if (dice_.percent(8)) delay = -dice_.below(5 * kMinute);
      if (dice_.percent(15)) delay = dice_.below(2 * kMinute);
      if (dice_.percent(8)) delay = dice_.below(2 * kHour);
      if (dice_.percent(4)) delay = dice_.below(4 * kDay);
      const Time when = e.final ? std::max(e.at, e.time) + delay : e.at + delay;
      stream_.deliveries.push_back({when, e});
      if (dice_.percent(8)) stream_.deliveries.push_back({when + dice_.below(kHour), e});
    }
    std::sort(stream_.deliveries.begin(), stream_.deliveries.end(),
              [](const Delivery& a, const Delivery& b) {
                return a.when != b.when ? a.when < b.when : a.event.id < b.event.id;
              });
    stream_.begin = begin_;
  }

  Dice dice_;
  Stream stream_;
  std::vector<Event> events_;
  Time begin_ = 0;
  Duration span_ = 0;
  bool coarse_ = false;
  int count_ = 0;
};

}  // namespace

Stream make(std::uint64_t seed) { return Maker(seed).make(); }

}  // namespace streams
