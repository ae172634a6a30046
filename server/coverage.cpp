#include "server/coverage.h"

#include "ingest/formats.h"
#include "server/json_text.h"
#include "windows/check.h"

namespace server {

core::MeasureSet cannot_tell(const SourceConfig& source) {
  // What no ability is about cannot be missed by any source.
  static const core::MeasureSet kOfAbilities = [] {
    std::vector<ingest::Capability> every;
    for (int i = 0; i < ingest::kAbilities; ++i) {
      every.push_back({static_cast<ingest::Ability>(i), ingest::Grade::direct});
    }
    return ingest::measures_of(every);
  }();
  const ingest::FormatInfo* const info = ingest::format_named(source.format);
  CHECK(info != nullptr, "the configuration names formats that there are");
  return kOfAbilities & ~ingest::measures_of(ingest::abilities(*info, source.options));
}

std::string text_of_sources(const std::vector<SourceConfig>& sources) {
  std::vector<core::SourceAtWork> at_work;
  for (const SourceConfig& source : sources) {
    if (!source.format.empty()) at_work.push_back({source.name, cannot_tell(source)});
  }
  return core::text_of(std::move(at_work));
}

core::NameLists missing(const core::TenantSettings& settings, const SourceConfig& source) {
  const auto catalogue = core::Catalogue::compile(settings.kpis, settings.windows);
  CHECK(static_cast<bool>(catalogue), "the engine has compiled these KPIs");
  const core::MeasureSet cannot = cannot_tell(source);
  const std::vector<core::MeasureSet> asked = core::measures_asked(*catalogue);
  core::NameLists lists;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if ((asked[i] & cannot).any()) lists[catalogue->kpis()[i].spec.id] = core::names_of(asked[i] & cannot);
  }
  return lists;
}

void append_covered(std::string& out, const core::Engine& engine, std::string_view scope, std::string_view column,
                    Stretch when, const core::Value& value) {
  if (engine.available(scope, column, when.from, when.to)) {
    append_value(out, value);
  } else {
    out += kNotAvailable;
  }
}

void append_name_lists(std::string& out, const core::NameLists& lists) {
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
