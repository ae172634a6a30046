#include "server/coverage.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "core/formula.h"
#include "ingest/formats.h"

namespace server {
namespace {

constexpr std::size_t kMaxScopes = 20'000;

using Needs = std::map<std::string, ingest::MeasureSet, std::less<>>;

// The measures a KPI's formula is about, its own and those of the KPIs in it.
ingest::MeasureSet needs_of(std::string_view kpi, const std::map<std::string_view, std::string_view>& formulas,
                            Needs& known, std::set<std::string_view>& under_way) {
  const auto done = known.find(kpi);
  if (done != known.end()) return done->second;
  const auto formula = formulas.find(kpi);
  ingest::MeasureSet needs;
  if (formula == formulas.end() || !under_way.insert(formula->first).second) return needs;
  const auto terms = core::parse_formula(formula->second);
  if (terms) {
    for (const core::Term& term : *terms) {
      using Op = core::Term::Op;
      if (term.op == Op::kpi) needs |= needs_of(term.kpi, formulas, known, under_way);
      const bool plain = term.op == Op::number || term.op == Op::kpi || term.op == Op::elapsed || term.op >= Op::add;
      if (!plain) needs.set(static_cast<std::size_t>(term.measure));
    }
  }
  known.emplace(kpi, needs);
  return needs;
}

}  // namespace

Coverage::Coverage(const std::vector<core::KpiSpec>& kpis, const std::vector<SourceConfig>& sources) {
  feeds_[kAnyone].set();
  // What no ability is about cannot be missed by any source.
  std::vector<ingest::Capability> every;
  for (int i = 0; i < ingest::kAbilities; ++i) {
    every.push_back({static_cast<ingest::Ability>(i), ingest::Grade::direct});
  }
  const ingest::MeasureSet beside = ~ingest::measures_of(every);
  for (const SourceConfig& source : sources) {
    const ingest::FormatInfo* info = ingest::format_named(source.format);
    const Speaker speaker = std::min(names_.size(), kAnyone - 1);
    if (speaker == names_.size()) names_.push_back(source.name);
    if (info != nullptr) feeds_[speaker] |= ingest::measures_of(info->capabilities) | beside;
    watches_ = watches_ || !feeds_[speaker].all();
  }
  std::map<std::string_view, std::string_view> formulas;
  for (const core::KpiSpec& kpi : kpis) formulas[kpi.id] = kpi.formula;
  for (const auto& [id, formula] : formulas) {
    std::set<std::string_view> under_way;
    needs_of(id, formulas, needs_, under_way);
  }
}

Coverage::Speaker Coverage::speaker(std::string_view source) const {
  const auto it = std::find(names_.begin(), names_.end(), source);
  return it == names_.end() ? kAnyone : static_cast<Speaker>(it - names_.begin());
}

bool Coverage::add(std::string_view kind, std::string_view name, Speaker speaker) {
  if (name.empty()) return false;
  std::string scope(kind);
  scope.append("/").append(name);
  const auto known = spoken_.find(scope);
  const Speakers bit = Speakers{1} << speaker;
  if (known != spoken_.end()) {
    const bool fresh = (known->second & bit) == 0;
    known->second |= bit;
    return fresh;
  }
  if (spoken_.size() >= kMaxScopes) return false;
  spoken_.emplace(std::move(scope), bit);
  return true;
}

bool Coverage::heard(Speaker speaker, std::span<const core::Event> events) {
  if (!watches_ || events.empty()) return false;
  const Speakers bit = Speakers{1} << speaker;
  bool changed = (all_ & bit) == 0;
  all_ |= bit;
  std::string_view queue, agent;  // mostly the same as in the event before
  for (const core::Event& event : events) {
    if (event.queue != queue) changed |= add("queue", event.queue, speaker);
    if (event.agent != agent) changed |= add("agent", event.agent, speaker);
    queue = event.queue;
    agent = event.agent;
    const bool of_agent = event.type >= core::EventType::agent_login && event.type <= core::EventType::agent_assigned;
    if (of_agent) changed |= add("agent", event.subject, speaker);
  }
  return changed;
}

bool Coverage::available(std::string_view scope, std::string_view column) const {
  if (!watches_) return true;
  const auto needs = needs_.find(column.substr(0, column.find('@')));
  if (needs == needs_.end()) return true;
  const bool own = scope.starts_with("queue/") || scope.starts_with("agent/");
  const auto known = own ? spoken_.find(scope) : spoken_.end();
  Speakers speakers = known == spoken_.end() ? own ? 0 : all_ : known->second;
  if (speakers == 0) return true;
  ingest::MeasureSet fed;
  for (Speaker speaker = 0; speakers != 0; ++speaker, speakers >>= 1) {
    if ((speakers & 1) != 0) fed |= feeds_[speaker];
  }
  return (needs->second & ~fed).none();
}

std::string Coverage::memory() const {
  std::ostringstream text;
  const auto line = [&](std::string_view scope, Speakers speakers) {
    for (Speaker speaker = 0; speaker <= kAnyone; ++speaker) {
      if ((speakers >> speaker & 1) == 0) continue;
      text << (speaker == kAnyone ? "-" : names_[speaker]) << ' ' << scope << '\n';
    }
  };
  line("", all_);
  for (const auto& [scope, speakers] : spoken_) line(scope, speakers);
  return text.str();
}

void Coverage::remember(std::string_view text) {
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t space = line.find(' ');
    if (space == std::string::npos) continue;
    const std::string who = line.substr(0, space);
    const Speaker by = speaker(who);
    if (by == kAnyone && who != "-") continue;  // a source that is not there any more
    const std::string scope = line.substr(space + 1);
    const std::size_t slash = scope.find('/');
    all_ |= Speakers{1} << by;
    if (slash != std::string::npos) add(scope.substr(0, slash), scope.substr(slash + 1), by);
  }
}

}  // namespace server
