#include "oracle.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "core/record.h"

namespace oracle {

std::string_view keep(std::string_view word) {
  static std::set<std::string, std::less<>> words;
  auto known = words.find(word);
  if (known == words.end()) known = words.insert(std::string(word)).first;
  return *known;
}

Event kept(Event e) {
  for (std::string_view* word : {&e.source, &e.id, &e.subject, &e.agent, &e.queue, &e.team, &e.site, &e.channel,
                                 &e.priority, &e.text, &e.reason, &e.by, &e.customer})
    *word = keep(*word);
  return e;
}

std::vector<Event> sorted_once(std::vector<Event> events) {
  const auto earlier = [](const Event& a, const Event& b) {
    const core::Rank ra = core::rank_of(a), rb = core::rank_of(b);
    return std::tie(a.at, a.type, ra, a.agent, a.queue, a.text, a.value, a.channel, a.priority) <
           std::tie(b.at, b.type, rb, b.agent, b.queue, b.text, b.value, b.channel, b.priority);
  };
  std::sort(events.begin(), events.end(), earlier);
  const auto same = [&](const Event& a, const Event& b) { return !earlier(a, b) && !earlier(b, a); };
  events.erase(std::unique(events.begin(), events.end(), same), events.end());
  return events;
}

void tell_score(const Event& rating, const std::function<void(Measure, Duration)>& one) {
  const std::string_view scale = rating.text.empty() ? "csat" : rating.text;
  if (scale == "nps") {
    one(Measure::recommendations, 0);
    if (rating.value >= 9) one(Measure::promoters, 0);
    if (rating.value <= 6) one(Measure::detractors, 0);
    return;
  }
  one(Measure::rated, 0);
  if (scale == "csat") one(Measure::rating, rating.value);
  if (rating.value >= (scale == "csat" ? 4 : 1)) one(Measure::rated_good, 0);
}

void Book::note(const Event& event) {
  const Line line{core::rank_of(event), {event.team, event.site}};
  const auto [known, fresh] = lines_[event.subject].try_emplace(event.at, line);
  if (!fresh && known->second.rank < line.rank) known->second = line;
}

Membership Book::at(std::string_view who, Time instant) const {
  const auto found = lines_.find(who);
  if (found == lines_.end()) return {};
  Membership member = found->second.begin()->second.member;  // the first holds for all time before it
  for (const auto& [at, line] : found->second) {
    if (at <= instant) member = line.member;
  }
  return member;
}

std::vector<Time> Book::changes(std::string_view who) const {
  std::vector<Time> all;
  const auto found = lines_.find(who);
  if (found == lines_.end()) return all;
  for (const auto& [at, line] : found->second) all.push_back(at);
  return all;
}

Oracle::Oracle(const core::TenantSettings& settings) : settings_(settings) {
  for (const core::KpiSpec& spec : settings.kpis) kpis_[spec.id] = spec;
}

void Oracle::apply(const Event& given) {
  using T = core::EventType;
  const Event e = kept(given);
  stale_ = true;
  if (!e.agent.empty()) people_.insert(e.agent);
  if (e.type == T::queue_assigned) {
    queues_.note(e);
  } else if (e.type == T::agent_assigned) {
    people_.insert(e.subject);
    agents_.note(e);
  } else if (e.type == T::agent_login || e.type == T::agent_state || e.type == T::agent_logout) {
    people_.insert(e.subject);
    if (!e.team.empty() || !e.site.empty()) agents_.note(e);
    Presence p{e.at, 0, core::rank_of(e), "available", ""};
    if (e.type == T::agent_state) p = {e.at, 1, core::rank_of(e), e.text, e.reason};
    if (e.type == T::agent_logout) p = {e.at, 2, core::rank_of(e), "offline", ""};
    presence_[e.subject].push_back(p);
  } else {
    const bool ticket = core::about(e.type) == core::About::ticket;
    records_[{ticket, e.subject}].push_back(e);
    (ticket ? tickets_ : calls_).insert(std::string(e.subject));
  }
}

std::vector<std::string> Oracle::agents() const { return {people_.begin(), people_.end()}; }

void Oracle::read_all() {
  if (!stale_) return;
  stale_ = false;
  stories_.clear();
  busy_.clear();
  seen_.clear();
  by_measure_.clear();
  const Context context{now_, &agents_, &queues_, &settings_.sla, &minutes_};
  for (const auto& [key, events] : records_) {
    if (key.first) {
      tell_ticket(events, context, stories_, seen_);
    } else {
      tell_call(events, context, stories_, busy_, seen_);
    }
  }
  for (const std::string_view name : people_) tell_agent(name);
  tell_customers();
  scopes_ = {"tenant"};
  for (const Story& story : stories_) {
    by_measure_[story.measure].push_back(&story);
    if (story.at > now_) continue;
    for (const std::string_view name : story.names) scopes_.insert(std::string(name));
  }
}

const std::set<std::string>& Oracle::scopes() {
  read_all();
  return scopes_;
}

// ---- customers ----------------------------------------------------------------------------------------------

std::string_view customer_of(const std::vector<Event>& events) {
  const Event* best = nullptr;
  const auto strength = [](const Event& e) { return std::pair(core::rank_of(e), core::customer_hash(e.customer)); };
  for (const Event& e : events) {
    if (!e.customer.empty() && (best == nullptr || strength(e) > strength(*best))) best = &e;
  }
  return best == nullptr ? std::string_view{} : best->customer;
}

void Oracle::tell_customers() {
  for (const Seen& one : seen_) {
    if (one.customer.empty() || !one.reached || one.at > now_) continue;
    Story story;
    story.measure = Measure::customer_contacts;
    story.at = one.at;
    story.names = one.names;
    stories_.push_back(story);
    const bool again = std::any_of(seen_.begin(), seen_.end(), [&](const Seen& other) {
      return other.customer == one.customer && other.at > one.at && other.at <= now_ &&
             other.at - one.at <= settings_.policy.repeat_within;
    });
    story.measure = Measure::customer_returns;
    if (again) stories_.push_back(story);
  }
}

// ---- agents -------------------------------------------------------------------------------------------------

std::vector<Time> Oracle::breaks(std::string_view agent, bool moves) const {
  std::set<Time> all;
  const auto found = presence_.find(agent);
  if (found != presence_.end()) {
    for (const Presence& p : found->second) all.insert(p.at);
  }
  for (const Busy& b : busy_) {
    if (b.agent != agent) continue;
    all.insert(b.from);
    if (b.to != kNever) all.insert(b.to);
  }
  if (moves) {
    for (const Time t : agents_.changes(agent)) all.insert(t);
  }
  return {all.begin(), all.end()};
}

Oracle::Mood Oracle::mood(std::string_view agent, Time at) const {
  const Presence* last = nullptr;
  const auto found = presence_.find(agent);
  if (found != presence_.end()) {
    for (const Presence& p : found->second) {
      if (p.at > at) continue;
      if (last == nullptr || std::tie(last->at, last->order, last->rank) <= std::tie(p.at, p.order, p.rank)) last = &p;
    }
  }
  Mood m{last == nullptr ? "offline" : last->state, last == nullptr ? "" : last->reason};
  constexpr std::pair<Measure, std::string_view> kOrder[] = {{Measure::talking, "on_contact"},
                                                             {Measure::holding, "on_hold"},
                                                             {Measure::wrapping, "wrap_up"},
                                                             {Measure::ringing, "ringing"}};
  for (const auto& [what, word] : kOrder) {
    for (const Busy& b : busy_) {
      if (b.agent != agent || b.what != what || b.from > at || (b.to != kNever && b.to <= at)) continue;
      // The source's word stays where the source says the same.
      return m.state == word ? m : Mood{word, ""};
    }
  }
  return m;
}

std::optional<Time> Oracle::mood_since(std::string_view agent) const {
  const Mood now = mood(agent, now_);
  std::optional<Time> since;
  std::vector<Time> all = breaks(agent, false);  // changing teams changes no state
  std::reverse(all.begin(), all.end());
  for (const Time t : all) {
    if (t > now_) continue;
    if (mood(agent, t) != now) break;
    since = t;
  }
  return since;
}

void Oracle::tell_agent(std::string_view name) {
  constexpr std::pair<std::string_view, Measure> kLevels[] = {
      {"available", Measure::agents_available}, {"ringing", Measure::agents_ringing},
      {"on_contact", Measure::agents_on_contact}, {"on_hold", Measure::agents_on_hold},
      {"wrap_up", Measure::agents_wrap_up}, {"break", Measure::agents_on_break},
      {"meeting", Measure::agents_in_meeting}, {"training", Measure::agents_in_training},
      {"away", Measure::agents_away}};
  const std::vector<Time> all = breaks(name, true);
  const std::optional<Time> since = mood_since(name);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Mood m = mood(name, all[i]);
    if (m.state == "offline" || all[i] > now_) continue;
    const Time to = i + 1 < all.size() ? all[i + 1] : kNever;
    const bool goes_on = to == kNever || to > now_;
    const Membership member = agents_.at(name, all[i]);
    Story s;
    s.lasts = true;
    s.at = all[i];
    s.to = to;
    s.names.push_back(keep("agent/" + std::string(name)));
    if (!member.team.empty()) s.names.push_back(keep("team/" + std::string(member.team)));
    if (!member.site.empty()) s.names.push_back(keep("site/" + std::string(member.site)));
    s.measure = Measure::agents_logged_in;
    if (goes_on) {
      for (std::size_t j = 0; j <= i; ++j) {  // since the last time there was nothing
        if (mood(name, all[j]).state == "offline") {
          s.since = kNever;
        } else if (s.since == kNever) {
          s.since = all[j];
        }
      }
    }
    stories_.push_back(s);
    if (goes_on && since) s.since = *since;
    for (const auto& [word, level] : kLevels) {
      if (word != m.state) continue;
      s.measure = level;
      stories_.push_back(s);
    }
  }
}

AgentNow Oracle::agent(std::string_view name) {
  read_all();
  const Mood m = mood(name, now_);
  const Membership member = agents_.at(name, now_);
  return {std::string(m.state), std::string(m.reason), std::string(member.team), std::string(member.site),
          mood_since(name)};
}

// ---- questions ----------------------------------------------------------------------------------------------

Stretch Oracle::window(std::string_view label) const {
  if (label == "today") return {settings_.zone.midnight_at_or_before(now_), now_, true};
  Duration length = std::stoll(std::string(label)) * (label.back() == 'm' ? windows::kMinute : windows::kSecond);
  // Whole seconds, the one that runs included.
  Time second = now_;
  while (second % windows::kSecond != 0) --second;
  return {std::max<Time>(0, second - length + windows::kSecond), now_, true};
}

Duration Oracle::length(const Stretch& s) const { return std::max<Duration>(0, std::min(s.to, now_) - s.from); }

std::vector<const Story*> Oracle::about(std::string_view scope, Measure measure) const {
  std::vector<const Story*> out;
  const auto found = by_measure_.find(measure);
  if (found == by_measure_.end()) return out;
  for (const Story* s : found->second) {
    if (scope == "tenant" || std::find(s->names.begin(), s->names.end(), scope) != s->names.end()) out.push_back(s);
  }
  return out;
}

std::vector<const Story*> Oracle::happened(std::string_view scope, Measure measure, core::Attribution by,
                                           const Stretch& stretch) const {
  std::vector<const Story*> out;
  for (const Story* s : about(scope, measure)) {
    if (s->at > now_) continue;  // the future is not told yet
    Time at = s->at;
    if (by == core::Attribution::entry && s->entry != kNever) at = std::min(s->entry, s->at);
    if (by == core::Attribution::end) at = s->end;
    if (at == kNever || at > now_ || at < stretch.from || (!stretch.running && at >= stretch.to)) continue;
    out.push_back(s);
  }
  return out;
}

namespace {

// What a histogram says instead of the value: the middle of its bucket.
std::int64_t middle(std::int64_t value) {
  if (value < 64) return value;
  std::int64_t width = 1;
  while (value / width >= 64) width *= 2;
  return value / width * width + (width - 1) / 2;
}

bool is_level(const core::Term& t) { return core::info(t.measure).kind == core::MeasureKind::level; }

}  // namespace

std::optional<double> Oracle::term(std::string_view scope, const core::Term& t, core::Attribution by,
                                   const Stretch& stretch) {
  using Op = core::Term::Op;
  if (t.op == Op::number) return t.number;
  if (t.op == Op::elapsed) return static_cast<double>(length(stretch));
  if (is_level(t)) {
    const auto spans = about(scope, t.measure);
    const auto at = [&](Time x) {  // how many go on at this instant
      return std::count_if(spans.begin(), spans.end(),
                           [&](const Story* s) { return s->at <= x && (s->to == kNever || s->to > x); });
    };
    if (t.op == Op::now) return static_cast<double>(at(stretch.running ? now_ : stretch.to - 1));
    if (t.op == Op::oldest) {
      std::optional<double> oldest;
      for (const Story* s : spans) {
        if (!stretch.running || s->at > now_ || (s->to != kNever && s->to <= now_)) continue;
        if (!oldest || static_cast<double>(s->since) < *oldest) oldest = static_cast<double>(s->since);
      }
      return oldest;
    }
    const Time end = std::min(stretch.to, now_);
    if (t.op == Op::peak || t.op == Op::peak_at) {
      std::vector<Time> instants{stretch.from};
      for (const Story* s : spans) {
        if (s->at > stretch.from && (stretch.running ? s->at <= now_ : s->at < stretch.to)) instants.push_back(s->at);
      }
      std::sort(instants.begin(), instants.end());
      std::int64_t most = -1;
      Time first = 0;
      for (const Time x : instants) {
        if (at(x) <= most) continue;
        most = at(x);
        first = x;
      }
      if (t.op == Op::peak) return static_cast<double>(most);
      return most == 0 ? std::nullopt : std::optional(static_cast<double>(first));
    }
    std::int64_t total = 0;
    for (const Story* s : spans) {
      const Time a = std::max(s->at, stretch.from);
      const Time b = s->to == kNever ? end : std::min(s->to, end);
      if (b > a) total += b - a;
    }
    if (t.op == Op::time) return static_cast<double>(total);
    if (length(stretch) == 0) return std::nullopt;
    return static_cast<double>(total) / static_cast<double>(length(stretch));
  }

  const auto stories = happened(scope, t.measure, by, stretch);
  const auto within = [&](auto limit) {
    return static_cast<double>(
        std::count_if(stories.begin(), stories.end(), [&](const Story* s) { return s->value <= limit(*s); }));
  };
  const auto policy = [&](const Story& s) {
    const auto own = settings_.policy.queue.find(std::string(s.queue));
    return own == settings_.policy.queue.end() ? settings_.policy.queues : own->second;
  };
  std::int64_t sum = 0;
  std::vector<std::int64_t> values;
  for (const Story* s : stories) {
    sum += s->value;
    values.push_back(s->value);
  }
  std::sort(values.begin(), values.end());
  switch (t.op) {
    case Op::count: return static_cast<double>(stories.size());
    case Op::sum: return static_cast<double>(sum);
    case Op::mean:
      if (stories.empty()) return std::nullopt;
      return static_cast<double>(sum) / static_cast<double>(stories.size());
    case Op::within: return within([&](const Story&) { return static_cast<std::int64_t>(t.number); });
    case Op::within_target: return within([&](const Story& s) { return policy(s).answer_target; });
    case Op::within_short: return within([&](const Story& s) { return policy(s).short_abandon; });
    case Op::maximum:
      if (values.empty()) return std::nullopt;
      return static_cast<double>(values.back());
    case Op::percentile: {
      if (values.empty()) return std::nullopt;
      const double share = std::round(t.number) / 1000;
      std::size_t rank = 1;  // the first value at or below which that share of all lies
      while (static_cast<double>(rank) < share * static_cast<double>(values.size()) - 1e-9) ++rank;
      return static_cast<double>(middle(values[rank - 1]));
    }
    default: break;
  }
  return std::nullopt;
}

std::optional<double> Oracle::formula(std::string_view scope, const core::KpiSpec& spec, const Stretch& stretch) {
  using Op = core::Term::Op;
  const auto terms = core::parse_formula(spec.formula);
  const core::Attribution by =
      spec.attribution == core::Attribution::time ? core::Attribution::event : spec.attribution;
  std::vector<std::optional<double>> stack;
  for (const core::Term& t : *terms) {
    if (t.op == Op::kpi) {
      stack.push_back(formula(scope, kpis_.find(t.kpi)->second, stretch));
      continue;
    }
    if (t.op == Op::negate) {
      if (stack.back()) stack.back() = -*stack.back();
      continue;
    }
    if (t.op != Op::add && t.op != Op::subtract && t.op != Op::multiply && t.op != Op::divide) {
      stack.push_back(term(scope, t, by, stretch));
      continue;
    }
    const std::optional<double> b = stack.back();
    stack.pop_back();
    std::optional<double>& a = stack.back();
    if (!a || !b || (t.op == Op::divide && *b == 0)) {
      a.reset();
    } else {
      a = t.op == Op::add ? *a + *b : t.op == Op::subtract ? *a - *b : t.op == Op::multiply ? *a * *b : *a / *b;
    }
  }
  return stack.back();
}

std::optional<double> Oracle::value(std::string_view scope, std::string_view kpi, const Stretch& stretch) {
  read_all();
  const core::KpiSpec& spec = kpis_.find(kpi)->second;
  std::optional<double> result = formula(scope, spec, stretch);
  if (!result) return result;
  if (spec.unit == core::Unit::percent) *result *= 100;
  if (!std::isfinite(*result)) return std::nullopt;
  return *result == 0 ? 0.0 : *result;
}

std::optional<double> Oracle::current(std::string_view scope, std::string_view column) {
  const std::size_t at = column.find('@');
  if (at == std::string_view::npos) return value(scope, column, {now_, now_, true});
  return value(scope, column.substr(0, at), window(column.substr(at + 1)));
}

}  // namespace oracle
