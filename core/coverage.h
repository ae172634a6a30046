// Coverage: which KPIs of which scopes the sources cannot tell, so that such a number is shown as not available and not
// as zero, and no rule is judged by it (docs/sources/README.md).
//
// A KPI of a scope over a stretch of time is available where the sources that fed the scope then can, together, tell
// every measure of its formula. A source feeds the tenant; the queues, agents and channels its events name; and the
// teams and sites these queues and agents belong to. It does so from the first instant it told of as long as it is at
// work; one that is not at work any more, until the last it told of. Where nobody did, nothing is said: a number
// without data is a number.
//
// What sources at work cannot tell comes by an event (sources_told); who fed what follows from the events themselves,
// by their source's name. A name that was never told of can tell everything, and counts as always having done so:
// nobody listens while all sources can. So all of it is a function of the journal.
//
// Scopes are numbers: a ScopeKind and a name of that kind. One thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/catalogue.h"
#include "core/keep.h"
#include "core/measure.h"
#include "core/result.h"
#include "windows/time.h"

namespace core {

using NameLists = std::map<std::string, std::vector<std::string>>;

// The measures each KPI's formula is about, its own and those of the KPIs in it; as in the catalogue.
std::vector<MeasureSet> measures_asked(const Catalogue& catalogue);
std::vector<std::string> names_of(const MeasureSet& measures);

// A source at work, and the measures it cannot tell.
struct SourceAtWork {
  std::string name;
  MeasureSet cannot;
};
// As the text of the event sources_told: "name TAB measure,measure" and a line feed each, in order of names; measures
// nobody knows are left out when it is read.
std::string text_of(std::vector<SourceAtWork> sources);

class Coverage {
 public:
  using Time = windows::Time;
  using Speaker = std::uint32_t;
  using Place = std::pair<std::uint8_t, std::uint32_t>;  // kind of scope, name
  struct Fed {
    Speaker by = 0;
    Time first = 0, last = 0;  // the last instant it told of, to a minute
  };

  explicit Coverage(const Catalogue& catalogue) : asked_(measures_asked(catalogue)) {}

  // All that are at work from here on; others that were are so no more. Errors: bad_value, nothing changed.
  Status at_work(std::string_view text);
  // Whether it would change anything. While all sources can tell everything there is nothing to say.
  bool news(std::string_view text) const;
  // Otherwise nobody needs to note anything.
  bool watches() const { return speakers_.size() > 1; }
  // Counts up whenever a number may be available now that was not, or the other way round, for another reason than
  // time.
  std::uint64_t revision() const { return revision_; }

  // At work by that name, or the last that was.
  Speaker speaker(std::string_view name) const;
  void note(Place place, Speaker by, Time first, Time last);
  std::vector<Fed> fed(Place place) const { return known(place) == nullptr ? std::vector<Fed>() : *known(place); }

  // In [from, to); `kpi`: as in the catalogue, -1: no KPI.
  bool available(Place place, int kpi, Time from, Time to) const;
  // By source at work, the measures of the KPI that it cannot tell.
  NameLists not_told(int kpi) const;
  bool feeds(std::string_view source, Place place) const;

  // What survives: rows of the table `roster`, 's' and a speaker, 't' and a place. take_rows: all that changed since.
  std::vector<Kept> take_rows();
  bool read_speaker(std::string_view key, std::string_view value);
  bool read_fed(std::string_view key, std::string_view value);
  std::uint64_t digest() const;

 private:
  static constexpr Speaker kAnyone = 0;
  struct Who {
    std::string name;
    MeasureSet cannot;
    bool at_work = false;
  };
  const std::vector<Fed>* known(Place place) const;
  Kept speaker_row(Speaker speaker) const;
  Kept fed_row(Place place) const;
  void name_speakers();

  std::vector<MeasureSet> asked_;  // by KPI
  std::vector<Who> speakers_{1};   // anyone, then sources in order of appearance
  std::map<std::string, Speaker, std::less<>> by_name_;
  std::string told_;
  std::uint64_t revision_ = 0;
  std::array<std::vector<std::vector<Fed>>, 7> places_;  // by kind, by name
  std::set<Speaker> changed_speakers_;
  std::set<Place> changed_places_;
};

}  // namespace core
