// Holding back: silences, inhibition and silent sources, each with its reason; and what people do about alerts.
#include <algorithm>

#include "core/alerts.h"

namespace core {
namespace {

using windows::kNever;

}  // namespace

// ---- sources ------------------------------------------------------------------------------------------------

void Alerts::heard(std::string_view source, About what) {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (settings_.sources[i].source != source) continue;
    SourceState& state = sources_[i];
    state.heard = now_;
    const bool knew = what == About::call ? state.calls : what != About::ticket || state.tickets;
    state.calls |= what == About::call;
    state.tickets |= what == About::ticket;
    if (!knew && (state.silent || state.catching_up != kNever)) hold_or_release_all();
    if (!std::exchange(state.noted, true)) note("o" + settings_.sources[i].source);
  }
}

void Alerts::listening() {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (sources_[i].silent) continue;
    sources_[i].heard = kNever;
    note("o" + settings_.sources[i].source);
  }
}

void Alerts::judge_sources(Time second) {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const SourceWatch& watch = settings_.sources[i];
    SourceState& state = sources_[i];
    const std::string key = "source/" + watch.source;
    if (state.heard == kNever) {
      state.heard = second;
      note("o" + watch.source);
    }
    const bool long_ago = second - state.heard >= watch.within;
    // Only a stretch that lies in its hours as a whole counts; once silent, only hearing from it helps.
    const auto hours = static_cast<std::size_t>(watch.calendar);
    const Time since = second - watch.within;
    const bool open = watch.calendar < 0 || sla_.calendars[hours].between(since, second) == watch.within;
    if (!state.silent && long_ago && open) {
      state.silent = true;
      arm(Kind::caught_up, "", i, state.catching_up, kNever);
      Alert about;
      about.key = key;
      about.name = "source_silent";
      about.scope = "tenant";
      about.severity = watch.severity;
      about.at = state.heard + watch.within;
      about.summary = "Nothing has come from " + watch.source + " for " + spoken(watch.within);
      about.labels = watch.labels;
      about.labels.emplace_back("kind", "source");
      about.labels.emplace_back("source", watch.source);
      std::sort(about.labels.begin(), about.labels.end());
      begin(about, AlertStep::fired, 100);
      note("o" + watch.source);
      hold_or_release_all();
    } else if (state.silent && !long_ago) {
      state.silent = false;
      arm(Kind::caught_up, "", i, state.catching_up, now_ + kCatchUp);
      note("o" + watch.source);
      end(key, AlertStep::resolved, state.heard, "");
    }
  }
}

const SourceWatch* Alerts::doubtful(const std::vector<std::string>& sources) const {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (!sources_[i].silent && sources_[i].catching_up == kNever) continue;
    const SourceWatch& watch = settings_.sources[i];
    if (sources.empty() || std::find(sources.begin(), sources.end(), watch.source) != sources.end()) return &watch;
  }
  return nullptr;
}

// ---- why nobody is told -------------------------------------------------------------------------------------

std::string Alerts::doubted_source(const Alert& alert) const {
  if (alert.key.substr(0, 5) == "rule/") {
    for (const AlertRule& rule : settings_.rules) {
      if (rule.id != alert.name) continue;
      const SourceWatch* watch = doubtful(rule.sources);
      return watch == nullptr ? "" : watch->source;
    }
    return "";
  }
  // A clock hangs on the sources that ever told of its kind of record.
  for (std::size_t i = 0; i < sources_.size() && !alert.record_kind.empty(); ++i) {
    const SourceState& state = sources_[i];
    if (!(alert.record_kind == "call" ? state.calls : state.tickets)) continue;
    if (state.silent || state.catching_up != kNever) return settings_.sources[i].source;
  }
  return "";
}

std::pair<std::string, std::string> Alerts::held_by(const Alert& alert) const {
  if (const std::string source = doubted_source(alert); !source.empty())
    return {"source", "the source " + source + " is silent, or has yet to catch up"};
  if (const std::string key = inhibited_by(alert); !key.empty()) return {"inhibition", "held back by " + key};
  for (const auto& [id, known] : silences_) {
    if (!core::matches(known.matcher, alert)) continue;
    const Silence& silence = known.silence;
    return {"silence", "silenced by " + silence.by + (silence.reason.empty() ? "" : ": " + silence.reason) +
                           " (silence " + id + ")"};
  }
  return {};
}

// `reword`: also when only the words are others now.
void Alerts::hold_or_release(Entry& entry, bool reword) {
  if (over(entry) || entry.level == 0) return;
  Alert& alert = entry.alert;
  auto [kind, why] = held_by(alert);
  if (kind == alert.held_back) {
    if (!reword || why == alert.held_why) return;
    alert.held_why = std::move(why);
    return note(entry);
  }
  alert.held_back = std::move(kind);
  alert.held_why = std::move(why);
  if (!alert.held_back.empty()) return change(entry, AlertStep::suppressed, now_, alert.held_why);
  change(entry, AlertStep::released, now_, "");
  for (std::size_t i = 0; i < entry.walks.size(); ++i) {
    if (std::exchange(entry.walks[i].held, false)) arm(Kind::escalation, alert.key, i, entry.walks[i].due, now_);
  }
  if (entry.news) tell(entry, now_);
}

void Alerts::hold_or_release_all() {
  for (auto& [key, entry] : entries_) hold_or_release(entry);
}

// ---- inhibition ---------------------------------------------------------------------------------------------

std::string Alerts::agreed(const Inhibition& inhibition, const Alert& alert) {
  std::string values;
  for (const std::string& label : inhibition.equal) values.append(label_of(alert, label)).push_back('\n');
  return values;
}

std::string Alerts::inhibited_by(const Alert& alert) const {
  for (std::size_t i = 0; i < settings_.inhibitions.size(); ++i) {
    const Inhibition& inhibition = settings_.inhibitions[i];
    if (!core::matches(inhibition.target, alert)) continue;
    const auto sides = inhibited_[i].find(agreed(inhibition, alert));
    if (sides == inhibited_[i].end()) continue;
    // Two that could hold back each other do not.
    const bool source_too = core::matches(inhibition.source, alert);
    for (const std::string& key : sides->second.sources) {
      if (key != alert.key && !(source_too && sides->second.both.count(key) != 0)) return key;
    }
  }
  return "";
}

// An alert enters or leaves the sides of the inhibitions it matches.
std::vector<std::string> Alerts::take_sides(const Entry& entry, bool is_under_way) {
  const Alert& alert = entry.alert;
  std::vector<std::string> affected;
  for (std::size_t i = 0; i < settings_.inhibitions.size(); ++i) {
    const Inhibition& inhibition = settings_.inhibitions[i];
    const bool source = core::matches(inhibition.source, alert);
    const bool target = core::matches(inhibition.target, alert);
    if (!source && !target) continue;
    const std::string with = agreed(inhibition, alert);
    Sides& sides = inhibited_[i][with];
    const bool holds = source && is_under_way && fires(entry);
    if ((sides.sources.count(alert.key) != 0) != holds)
      affected.insert(affected.end(), sides.targets.begin(), sides.targets.end());
    const auto put = [&](std::set<std::string>& keys, bool in) {
      if (in) {
        keys.insert(alert.key);
      } else {
        keys.erase(alert.key);
      }
    };
    put(sides.sources, holds);
    put(sides.both, holds && target);
    put(sides.targets, target && is_under_way);
    if (sides.sources.empty() && sides.targets.empty()) inhibited_[i].erase(with);
  }
  return affected;
}

void Alerts::take_sides_and_follow(const Entry& entry, bool is_under_way) {
  for (const std::string& key : take_sides(entry, is_under_way)) {
    if (key != entry.alert.key) hold_or_release(entries_.find(key)->second);
  }
}

// ---- silences -----------------------------------------------------------------------------------------------

Status Alerts::silence(Silence silence) {
  auto matcher = parse_matcher(silence.matcher);
  if (!matcher) return matcher.error();
  if (silence.by.empty()) return Error{"bad_value", "who silences is to be said", "/by"};
  if (silence.to <= silence.from) return Error{"bad_value", "a silence lasts longer than nothing", "/duration"};
  if (silence.to <= now_) return Done{};  // it is over already
  if (silences_.size() >= kMostSilences && silences_.count(silence.id) == 0)
    return Error{"too_many", "there are " + std::to_string(kMostSilences) + " silences already", ""};
  SilenceState& state = silences_[silence.id];
  Time old = state.silence.id.empty() ? kNever : state.silence.to;
  const std::string id = silence.id;
  arm(Kind::silence_ends, id, 0, old, silence.to);
  state = {std::move(silence), std::move(*matcher)};
  note("q" + id);
  hold_or_release_all();
  return Done{};
}

Status Alerts::end_silence(std::string_view id) {
  const auto it = silences_.find(id);
  if (it == silences_.end())
    return Error{"unknown_silence", "there is no silence \"" + std::string(id) + "\" in force", "/silence"};
  Time to = it->second.silence.to;
  arm(Kind::silence_ends, it->first, 0, to, kNever);
  run_silence_end(it->first);
  return Done{};
}

void Alerts::run_silence_end(const std::string& id) {
  const std::string ended = id;
  silences_.erase(ended);
  note("q" + ended);
  hold_or_release_all();
}

std::vector<Silence> Alerts::silences() const {
  std::vector<Silence> all;
  for (const auto& [id, state] : silences_) all.push_back(state.silence);
  return all;
}

}  // namespace core
