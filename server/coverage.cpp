#include "server/coverage.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "core/formula.h"
#include "core/measure.h"
#include "ingest/formats.h"
#include "server/json_text.h"

namespace server {
namespace {

constexpr std::size_t kMaxScopes = 50'000;
constexpr core::Time kCoarse = windows::kMinute;  // how exactly the last instant of a source is known

constexpr std::string_view kKindNames[] = {"tenant", "site", "team", "queue", "agent", "channel"};

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

// Fields of a line of memory() between tabs.
std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (std::size_t at = 0; at <= line.size();) {
    const std::size_t end = std::min(line.find('\t', at), line.size());
    fields.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  return fields;
}

bool read_number(std::string_view text, std::int64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

Coverage::Coverage(const std::vector<core::KpiSpec>& kpis, const std::vector<SourceConfig>& sources) {
  speakers_[kAnyone].at_work = true;
  speakers_[kAnyone].feeds.set();
  for (const SourceConfig& source : sources) {
    if (source.format.empty()) continue;
    speakers_[known(source.name, source.format)].at_work = true;
  }
  std::map<std::string_view, std::string_view> formulas;
  for (const core::KpiSpec& kpi : kpis) formulas[kpi.id] = kpi.formula;
  for (const auto& [id, formula] : formulas) {
    std::set<std::string_view> under_way;
    needs_of(id, formulas, needs_, under_way);
  }
}

Coverage::Speaker Coverage::speaker(std::string_view name) const {
  for (Speaker i = 1; i < speakers_.size(); ++i) {
    if (speakers_[i].at_work && speakers_[i].name == name) return i;
  }
  return kAnyone;
}

// The same name with another format is another one: it could tell other things.
Coverage::Speaker Coverage::known(const std::string& name, const std::string& format) {
  for (Speaker i = 1; i < speakers_.size(); ++i) {
    if (speakers_[i].name == name && speakers_[i].format == format) return i;
  }
  Who who;
  who.name = name;
  who.format = format;
  // What no ability is about cannot be missed by any source.
  static const ingest::MeasureSet kBeside = [] {
    std::vector<ingest::Capability> every;
    for (int i = 0; i < ingest::kAbilities; ++i) {
      every.push_back({static_cast<ingest::Ability>(i), ingest::Grade::direct});
    }
    return ~ingest::measures_of(every);
  }();
  const ingest::FormatInfo* info = ingest::format_named(format);
  if (info != nullptr) who.feeds = ingest::measures_of(info->capabilities) | kBeside;
  watches_ = watches_ || !who.feeds.all();
  speakers_.push_back(std::move(who));
  return speakers_.size() - 1;
}

// ---- who feeds what -----------------------------------------------------------------------------------------

Coverage::Scope* Coverage::scope(Kind kind, std::string_view name) {
  auto& all = scopes_[kind];
  const auto known = all.find(name);
  if (known != all.end()) return &known->second;
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
  const bool plain = std::none_of(name.begin(), name.end(), control);
  if (count_ >= kMaxScopes || !plain) return nullptr;
  ++count_;
  return &all.emplace(std::string(name), Scope{}).first->second;
}

const Coverage::Scope* Coverage::find(std::string_view scope) const {
  const std::size_t slash = scope.find('/');
  const std::string_view kind = scope.substr(0, slash);
  for (std::size_t i = 0; i < kKinds; ++i) {
    if (kind != kKindNames[i]) continue;
    const auto known = scopes_[i].find(slash == std::string_view::npos ? std::string_view() : scope.substr(slash + 1));
    return known == scopes_[i].end() ? nullptr : &known->second;
  }
  // Of what sources are not told apart by.
  const auto whole = scopes_[tenant].find(std::string_view());
  return whole == scopes_[tenant].end() ? nullptr : &whole->second;
}

bool Coverage::note(Kind kind, std::string_view name, Speaker by, core::Time first, core::Time last) {
  if (name.empty() && kind != tenant) return false;
  Scope* const scope = this->scope(kind, name);
  if (scope == nullptr) return false;
  auto one = std::find_if(scope->fed.begin(), scope->fed.end(), [&](const Fed& fed) { return fed.by == by; });
  const bool anew = one == scope->fed.end();
  if (anew) {
    scope->fed.push_back({by, first, last});
  } else if (first >= one->first && last < one->last + kCoarse) {
    return false;
  } else {
    one->first = std::min(one->first, first);
    one->last = std::max(one->last, last);
  }
  bool more = false;
  if (!scope->team.empty()) more = note(team, scope->team, by, first, last);
  if (!scope->site.empty()) more = note(site, scope->site, by, first, last) || more;
  return anew || more;
}

// From now on whoever feeds the queue or agent feeds its team and site.
bool Coverage::belongs(Kind kind, const core::Event& event) {
  Scope* const scope = this->scope(kind, event.subject);
  if (scope == nullptr || event.at < scope->member_since) return false;
  scope->member_since = event.at;
  scope->team = event.team;
  scope->site = event.site;
  bool anew = false;
  for (const Fed fed : scope->fed) {
    anew = note(team, event.team, fed.by, fed.first, fed.last) || anew;
    anew = note(site, event.site, fed.by, fed.first, fed.last) || anew;
  }
  return anew;
}

bool Coverage::heard(std::string_view source, std::span<const core::Event> events) {
  if (!watches_ || events.empty()) return false;
  const Speaker by = speaker(source);
  bool anew = false;
  for (const core::Event& event : events) {
    const core::Time at = event.at;
    const core::About about = core::about(event.type);
    // Who says where somebody belongs need not be who tells what they do.
    if (event.type == core::EventType::agent_assigned) anew = belongs(agent, event) || anew;
    if (event.type == core::EventType::queue_assigned) anew = belongs(queue, event) || anew;
    const bool reference =
        event.type == core::EventType::agent_assigned || event.type == core::EventType::queue_assigned;
    if (reference || about == core::About::alert) continue;
    anew = note(tenant, {}, by, at, at) || anew;
    anew = note(queue, event.queue, by, at, at) || anew;
    anew = note(agent, about == core::About::agent ? event.subject : event.agent, by, at, at) || anew;
    if (about == core::About::agent) continue;
    const std::string_view usual = about == core::About::ticket ? "email" : "voice";
    anew = note(channel, event.channel.empty() ? usual : event.channel, by, at, at) || anew;
  }
  return anew;
}

// ---- answers ------------------------------------------------------------------------------------------------

ingest::MeasureSet Coverage::fed(const Scope& scope, Stretch when) const {
  ingest::MeasureSet all;
  bool any = false;
  for (const Fed& fed : scope.fed) {
    const Who& who = speakers_[fed.by];
    const bool begun = fed.by == kAnyone || fed.first < when.to;
    const bool over = !who.at_work && fed.last + kCoarse < when.from;
    if (!begun || over) continue;
    any = true;
    all |= who.feeds;
  }
  return any ? all : speakers_[kAnyone].feeds;
}

bool Coverage::available(std::string_view scope, std::string_view column, Stretch when) const {
  if (!watches_) return true;
  const auto needs = needs_.find(column.substr(0, column.find('@')));
  const Scope* const known = needs == needs_.end() ? nullptr : find(scope);
  return known == nullptr || (needs->second & ~fed(*known, when)).none();
}

void Coverage::missing_of(const ingest::MeasureSet& needs, const Who& who, std::vector<std::string>& names) const {
  const ingest::MeasureSet missing = needs & ~who.feeds;
  for (std::size_t i = 0; i < missing.size(); ++i) {
    if (missing.test(i)) names.emplace_back(core::kMeasures[i].name);
  }
}

NameLists Coverage::missing(std::string_view source) const {
  NameLists all;
  const Who& who = speakers_[speaker(source)];
  for (const auto& [kpi, needs] : needs_) {
    if ((needs & ~who.feeds).any()) missing_of(needs, who, all[kpi]);
  }
  return all;
}

NameLists Coverage::missed_by(std::string_view kpi) const {
  NameLists all;
  const auto needs = needs_.find(kpi);
  if (needs == needs_.end()) return all;
  for (const Who& who : speakers_) {
    if (who.at_work && (needs->second & ~who.feeds).any()) missing_of(needs->second, who, all[who.name]);
  }
  return all;
}

bool Coverage::feeds(std::string_view source, std::string_view scope) const {
  const Scope* const known = find(scope);
  const Speaker by = speaker(source);
  return known != nullptr && by != kAnyone &&
         std::any_of(known->fed.begin(), known->fed.end(), [&](const Fed& fed) { return fed.by == by; });
}

// ---- kept ---------------------------------------------------------------------------------------------------

std::string Coverage::memory() const {
  std::string text;
  const auto line = [&text](std::initializer_list<std::string_view> fields) {
    for (const std::string_view field : fields) text.append(field).append("\t");
    text.back() = '\n';
  };
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    for (const auto& [name, scope] : scopes_[kind]) {
      for (const Fed& fed : scope.fed) {
        const Who& who = speakers_[fed.by];
        line({"fed", kKindNames[kind], name, who.name, who.format, std::to_string(fed.first),
              std::to_string(fed.last)});
      }
      if (scope.member_since == windows::kNever) continue;
      line({"member", kKindNames[kind], name, scope.team, scope.site, std::to_string(scope.member_since)});
    }
  }
  return text;
}

void Coverage::remember(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::vector<std::string_view> fields = fields_of(text.substr(at, end - at));
    at = end + 1;
    if (fields.size() < 6) continue;
    const auto kind = std::find(std::begin(kKindNames), std::end(kKindNames), fields[1]);
    if (kind == std::end(kKindNames)) continue;
    const auto of = static_cast<Kind>(kind - std::begin(kKindNames));
    std::int64_t first = 0, last = 0;
    if (fields[0] == "fed" && fields.size() == 7 && read_number(fields[5], first) && read_number(fields[6], last)) {
      const Speaker by = fields[4].empty() ? kAnyone : known(std::string(fields[3]), std::string(fields[4]));
      note(of, fields[2], by, first, last);
    } else if (fields[0] == "member" && fields.size() == 6 && read_number(fields[5], first)) {
      Scope* const scope = this->scope(of, fields[2]);
      if (scope == nullptr) continue;
      scope->team = fields[3];
      scope->site = fields[4];
      scope->member_since = first;
    }
  }
}

void append_covered(std::string& out, const Coverage* coverage, std::string_view scope, std::string_view column,
                    Stretch when, const core::Value& value) {
  if (coverage == nullptr || coverage->available(scope, column, when)) {
    append_value(out, value);
  } else {
    out += kNotAvailable;
  }
}

void append_name_lists(std::string& out, const NameLists& lists) {
  out += '{';
  for (const auto& [name, names] : lists) {
    if (out.back() != '{') out += ',';
    append_string(out, name);
    out += ":[";
    for (const std::string& one : names) {
      if (out.back() != '[') out += ',';
      append_string(out, one);
    }
    out += ']';
  }
  out += '}';
}

}  // namespace server
