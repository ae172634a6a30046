#include "core/coverage.h"

#include <algorithm>
#include <optional>

#include "core/formula.h"
#include "core/keep_codec.h"
#include "core/names.h"

namespace core {
namespace {

constexpr windows::Duration kCoarse = windows::kMinute;  // how exactly the last instant of a source is known

class Asked {
 public:
  explicit Asked(const Catalogue& catalogue) : catalogue_(catalogue), sets_(catalogue.kpis().size()) {}
  const MeasureSet& of(std::size_t kpi) {
    if (sets_[kpi]) return *sets_[kpi];
    sets_[kpi].emplace();  // formulas know no circles: the catalogue is compiled
    MeasureSet asked;
    const auto terms = parse_formula(catalogue_.kpis()[kpi].spec.formula);
    CHECK(static_cast<bool>(terms), "a compiled formula can be read");
    for (const Term& term : *terms) {
      using Op = Term::Op;
      if (term.op == Op::kpi) asked |= of(static_cast<std::size_t>(catalogue_.find(term.kpi)));
      const bool plain = term.op == Op::number || term.op == Op::kpi || term.op == Op::elapsed || term.op >= Op::add;
      if (!plain) asked.set(static_cast<std::size_t>(term.measure));
    }
    return *(sets_[kpi] = asked);
  }

 private:
  const Catalogue& catalogue_;
  std::vector<std::optional<MeasureSet>> sets_;
};

std::string_view cut(std::string_view& text, char at) {
  const std::size_t end = std::min(text.find(at), text.size());
  const std::string_view head = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return head;
}

std::string joined(const MeasureSet& measures) {
  std::string text;
  for (const std::string& name : names_of(measures)) text += (text.empty() ? "" : ",") + name;
  return text;
}

MeasureSet measures_in(std::string_view text) {
  MeasureSet measures;
  while (!text.empty()) {
    const auto measure = measure_named(cut(text, ','));
    if (measure) measures.set(static_cast<std::size_t>(*measure));
  }
  return measures;
}

}  // namespace

std::vector<MeasureSet> measures_asked(const Catalogue& catalogue) {
  Asked asked(catalogue);
  std::vector<MeasureSet> all;
  for (std::size_t i = 0; i < catalogue.kpis().size(); ++i) all.push_back(asked.of(i));
  return all;
}

std::vector<std::string> names_of(const MeasureSet& measures) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < measures.size(); ++i) {
    if (measures.test(i)) names.emplace_back(kMeasures[i].name);
  }
  return names;
}

std::string text_of(std::vector<SourceAtWork> sources) {
  std::sort(sources.begin(), sources.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  std::string text;
  for (const SourceAtWork& source : sources) text += source.name + '\t' + joined(source.cannot) + '\n';
  return text;
}

// ---- who speaks ---------------------------------------------------------------------------------------------

// The same name that cannot tell the same is the same speaker; one that can tell other things is another.
Status Coverage::at_work(std::string_view text) {
  std::vector<SourceAtWork> sources;
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view line = cut(rest, '\n');
    const std::string name(cut(line, '\t'));
    if (name.empty()) return Error{"bad_value", "a source needs a name", "/text"};
    sources.push_back({name, measures_in(line)});
  }
  std::vector<bool> was;
  for (Who& who : speakers_) was.push_back(std::exchange(who.at_work, false));
  for (const SourceAtWork& source : sources) {
    const auto same = [&](const Who& who) { return who.name == source.name && who.cannot == source.cannot; };
    auto who = std::find_if(speakers_.begin() + 1, speakers_.end(), same);
    if (who == speakers_.end()) who = speakers_.insert(who, {source.name, source.cannot, false});
    who->at_work = true;
  }
  was.resize(speakers_.size());
  for (Speaker i = 1; i < speakers_.size(); ++i) {
    if (speakers_[i].at_work != was[i]) changed_speakers_.insert(i);
  }
  told_ = text;
  ++revision_;
  name_speakers();
  return Done{};
}

bool Coverage::news(std::string_view text) const {
  if (text == told_) return false;
  for (std::string_view rest = text; !watches() && !rest.empty();) {
    std::string_view line = cut(rest, '\n');
    cut(line, '\t');
    if (!line.empty()) return true;
  }
  return watches();
}

void Coverage::name_speakers() {
  by_name_.clear();
  for (Speaker i = 1; i < speakers_.size(); ++i) {
    const auto [known, added] = by_name_.emplace(speakers_[i].name, i);
    if (!added && !speakers_[known->second].at_work) known->second = i;
  }
}

Coverage::Speaker Coverage::speaker(std::string_view name) const {
  const auto known = by_name_.find(name);
  return known == by_name_.end() ? kAnyone : known->second;
}

// ---- who feeds what -----------------------------------------------------------------------------------------

const std::vector<Coverage::Fed>* Coverage::known(Place place) const {
  const auto& names = places_[place.first];
  return place.second < names.size() ? &names[place.second] : nullptr;
}

void Coverage::note(Place place, Speaker by, Time first, Time last) {
  auto& names = places_[place.first];
  if (place.second >= names.size()) names.resize(place.second + std::size_t{1});
  std::vector<Fed>& fed = names[place.second];
  const auto one = std::find_if(fed.begin(), fed.end(), [&](const Fed& f) { return f.by == by; });
  if (one == fed.end()) {
    fed.push_back({by, first, last});
    ++revision_;
  } else if (first >= one->first && last < one->last + kCoarse) {
    return;
  } else {
    one->first = std::min(one->first, first);
    one->last = std::max(one->last, last);
  }
  changed_places_.insert(place);
}

bool Coverage::available(Place place, int kpi, Time from, Time to) const {
  const std::vector<Fed>* const fed = kpi < 0 ? nullptr : known(place);
  if (fed == nullptr) return true;
  MeasureSet missed = asked_[static_cast<std::size_t>(kpi)];
  bool any = false;
  for (const Fed& one : *fed) {
    const Who& who = speakers_[one.by];
    const bool begun = one.by == kAnyone || one.first < to;
    const bool over = one.by != kAnyone && !who.at_work && one.last + kCoarse < from;
    if (!begun || over) continue;
    any = true;
    missed &= who.cannot;
  }
  return !any || missed.none();
}

NameLists Coverage::not_told(int kpi) const {
  NameLists lists;
  for (const Who& who : speakers_) {
    const MeasureSet missed = asked_[static_cast<std::size_t>(kpi)] & who.cannot;
    if (who.at_work && missed.any()) lists[who.name] = names_of(missed);
  }
  return lists;
}

bool Coverage::feeds(std::string_view source, Place place) const {
  const std::vector<Fed>* const fed = known(place);
  const Speaker by = speaker(source);
  return fed != nullptr && by != kAnyone &&
         std::any_of(fed->begin(), fed->end(), [&](const Fed& one) { return one.by == by; });
}

// ---- kept ---------------------------------------------------------------------------------------------------

Kept Coverage::speaker_row(Speaker speaker) const {
  const Who& who = speakers_[speaker];
  std::string key = "s";
  append_key(key, speaker);
  RowWriter row;
  row.text(who.name);
  row.text(joined(who.cannot));
  row.byte(who.at_work);
  return {Keep::roster, std::move(key), row.take()};
}

Kept Coverage::fed_row(Place place) const {
  std::string key{'t', static_cast<char>(place.first)};
  append_key(key, place.second);
  RowWriter row;
  for (const Fed& fed : *known(place)) {
    row.number(fed.by);
    row.difference(fed.first);
    row.difference(fed.last);
  }
  return {Keep::roster, std::move(key), row.take()};
}

std::vector<Kept> Coverage::take_rows() {
  std::vector<Kept> rows;
  for (const Speaker speaker : changed_speakers_) rows.push_back(speaker_row(speaker));
  for (const Place& place : changed_places_) rows.push_back(fed_row(place));
  changed_speakers_.clear();
  changed_places_.clear();
  return rows;
}

// In order of keys.
bool Coverage::read_speaker(std::string_view key, std::string_view value) {
  RowReader row(value);
  Who who;
  who.name = row.text();
  who.cannot = measures_in(row.text());
  const std::uint8_t at_work = row.byte();
  who.at_work = at_work == 1;
  if (key.size() != 5 || key_number(key, 1) != speakers_.size() || !row.ok() || !row.done() || at_work > 1 ||
      who.name.empty())
    return false;
  speakers_.push_back(std::move(who));
  std::vector<SourceAtWork> at_work_now;
  for (const Who& one : speakers_) {
    if (one.at_work) at_work_now.push_back({one.name, one.cannot});
  }
  told_ = text_of(std::move(at_work_now));
  name_speakers();
  return true;
}

bool Coverage::read_fed(std::string_view key, std::string_view value) {
  const std::size_t kind = key.size() == 6 ? static_cast<std::uint8_t>(key[1]) : places_.size();
  if (kind >= places_.size()) return false;
  const std::uint32_t name = key_number(key, 2);
  std::vector<Fed> fed;
  RowReader row(value);
  while (row.ok() && !row.done()) {
    const Speaker by = row.number32();
    const Time first = row.difference();
    fed.push_back({by, first, row.difference()});
    if (by >= speakers_.size()) return false;
  }
  if (!row.ok()) return false;
  auto& names = places_[kind];
  if (name >= names.size()) names.resize(name + std::size_t{1});
  names[name] = std::move(fed);
  return true;
}

std::uint64_t Coverage::digest() const {
  std::uint64_t sum = 0;
  const auto add = [&](const Kept& row) { sum += Names::hash_of(row.key + '\n' + row.value); };
  for (Speaker i = 1; i < speakers_.size(); ++i) add(speaker_row(i));
  for (std::size_t kind = 0; kind < places_.size(); ++kind) {
    for (std::uint32_t name = 0; name < places_[kind].size(); ++name) {
      if (!places_[kind][name].empty()) add(fed_row({static_cast<std::uint8_t>(kind), name}));
    }
  }
  return sum;
}

}  // namespace core
