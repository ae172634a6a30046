// Coverage: which KPIs of which scopes the sources cannot feed, so that such a number is shown as not available and
// not as zero (docs/sources/, ingest/capability.h).
//
// The rule: a KPI of a scope over a stretch of time is available where the sources that fed the scope then can,
// together, tell every measure of its formula. A source feeds the tenant; the queues, agents and channels its events
// name; and the teams and sites these queues and agents belong to. It does so from the first instant it told of as long
// as it is at work; one that is not at work any more, until the last it told of. Where nobody did, nothing is said: a
// number without data is a number.
//
// Events that come over /v1/events can say everything. Nobody listens while every source can: so who speaks there
// counts as having done so before. Values; any thread, once made.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/event.h"
#include "core/kpi.h"
#include "core/value.h"
#include "ingest/capability.h"
#include "server/source_config.h"

namespace server {

inline constexpr std::string_view kNotAvailable = "\"not_available\"";  // such a number, as JSON

// What a number is about: [from, to).
struct Stretch {
  core::Time from = 0, to = 0;
};
// Of numbers shown as of an instant, whatever their window.
inline Stretch shown_at(core::Time now) { return {now - windows::kDay, now + 1}; }

using NameLists = std::map<std::string, std::vector<std::string>>;

class Coverage {
 public:
  Coverage() = default;  // everything is available
  Coverage(const std::vector<core::KpiSpec>& kpis, const std::vector<SourceConfig>& sources);

  // Whether anything is restricted at all; otherwise nobody needs to listen.
  bool watches() const { return watches_; }
  // `source`: by name; one without a format is anyone. Whether it feeds something for the first time.
  bool heard(std::string_view source, std::span<const core::Event> events);

  // `column`: a KPI's id, with or without "@window".
  bool available(std::string_view scope, std::string_view column, Stretch when) const;

  // ---- why ----
  // Names of the measures of a KPI that a source at work cannot tell; by KPI, those that miss any.
  NameLists missing(std::string_view source) const;
  // The same for one KPI, by source at work.
  NameLists missed_by(std::string_view kpi) const;
  // Whether the source feeds the scope now.
  bool feeds(std::string_view source, std::string_view scope) const;

  // What was heard, as lines, and back; what is no such line is left out.
  std::string memory() const;
  void remember(std::string_view text);

 private:
  using Speaker = std::size_t;                // place in speakers_
  static constexpr Speaker kAnyone = 0;       // events of no source with a format
  enum Kind : std::uint8_t { tenant, site, team, queue, agent, channel };
  static constexpr std::size_t kKinds = 6;

  struct Who {
    std::string name, format;
    bool at_work = false;
    ingest::MeasureSet feeds;
  };
  struct Fed {
    Speaker by = kAnyone;
    core::Time first = 0, last = 0;
  };
  struct Scope {
    std::vector<Fed> fed;
    std::string team, site;  // of a queue or agent
    core::Time member_since = windows::kNever;
  };

  Speaker speaker(std::string_view name) const;
  Speaker known(const std::string& name, const std::string& format);
  Scope* scope(Kind kind, std::string_view name);
  const Scope* find(std::string_view scope) const;
  bool note(Kind kind, std::string_view name, Speaker by, core::Time first, core::Time last);
  bool belongs(Kind kind, const core::Event& event);
  ingest::MeasureSet fed(const Scope& scope, Stretch when) const;
  void missing_of(const ingest::MeasureSet& needs, const Who& who, std::vector<std::string>& names) const;

  bool watches_ = false;
  std::vector<Who> speakers_{1};  // anyone, then sources; those at work by name
  std::map<std::string, ingest::MeasureSet, std::less<>> needs_;  // by KPI
  std::array<std::map<std::string, Scope, std::less<>>, kKinds> scopes_;
  std::size_t count_ = 0;  // of scopes
};

// The value as JSON, or that nobody can tell it. `coverage`: null: everything is available.
void append_covered(std::string& out, const Coverage* coverage, std::string_view scope, std::string_view column,
                    Stretch when, const core::Value& value);
// {"a":["b","c"]}
void append_name_lists(std::string& out, const NameLists& lists);

}  // namespace server
