// Coverage: which KPIs of which scopes the sources cannot feed, so that such a number is shown as not available and
// not as zero (docs/sources/, ingest/capability.h).
//
// A scope's sources are those that have spoken of it; of what is not a queue or an agent, all of the tenant that have
// spoken at all. A KPI is available where its formula's measures are all fed by them together. Events that come over
// /v1/events can say everything. Where nobody has spoken yet nothing is said either: a number without data is a number.
// Values; any thread, once made.
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
#include "ingest/capability.h"
#include "server/source_config.h"

namespace server {

inline constexpr std::string_view kNotAvailable = "\"not_available\"";  // such a number, as JSON

class Coverage {
 public:
  using Speaker = std::size_t;                // number of a source
  static constexpr Speaker kAnyone = 63;      // events of no source with a format

  Coverage() = default;  // everything is available
  Coverage(const std::vector<core::KpiSpec>& kpis, const std::vector<SourceConfig>& sources);

  Speaker speaker(std::string_view source) const;
  // Whether anything is restricted at all; otherwise nobody needs to listen.
  bool watches() const { return watches_; }
  // Whether that changed anything.
  bool heard(Speaker speaker, std::span<const core::Event> events);

  // `column`: a KPI's id, with or without "@window".
  bool available(std::string_view scope, std::string_view column) const;

  // Who has spoken of what, as lines, and back; what is no such line is left out.
  std::string memory() const;
  void remember(std::string_view text);

 private:
  using Speakers = std::uint64_t;  // a bit for each
  bool add(std::string_view kind, std::string_view name, Speaker speaker);

  bool watches_ = false;
  std::vector<std::string> names_;                      // of sources, by speaker
  std::array<ingest::MeasureSet, 64> feeds_{};          // by speaker
  std::map<std::string, ingest::MeasureSet, std::less<>> needs_;  // by KPI
  std::map<std::string, Speakers, std::less<>> spoken_;  // by scope: "queue/sales"
  Speakers all_ = 0;
};

}  // namespace server
