// The parts of the configuration, each in a file of its own: config_<part>.cpp. Values, any thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/kpi.h"
#include "core/view.h"
#include "server/config.h"
#include "server/config_text.h"

namespace server {

// Adds to `kpis` or changes what is there under the same id; a change may name only what differs.
void read_kpis(Section& section, std::vector<core::KpiSpec>& kpis);
// Adds to `views` or replaces what is there under the same id.
void read_views(Section& section, std::vector<core::ViewDefinition>& views);

// What other parts of a tenant refer to by name.
struct KnownNames {
  std::map<std::string, int, std::less<>> calendars;  // index into SlaSettings::calendars
  std::set<std::string, std::less<>> receivers;
};

// [[calendar]]: fills `names.calendars`. `zone`: of a calendar that names none.
void read_calendars(Section& tenant, const core::Zone& zone, std::vector<core::Calendar>& calendars,
                    KnownNames& names);
// [[receiver]]: fills `names.receivers`, reads the secrets.
void read_receivers(Section& tenant, std::vector<Receiver>& receivers, KnownNames& names);
// [[sla]]
void read_policies(Section& tenant, const core::Zone& zone, const KnownNames& names, core::SlaSettings& sla);
// [[source]]
void read_sources(Section& tenant, const KnownNames& names, TenantConfig& config);
void read_quarantine(Section& tenant, QuarantineLimits& limits);
// Whether this text (PEM) holds certificates that can be trusted (server/source_connection.cpp). Error:
// bad_certificates.
core::Status check_certificates(const std::string& pem);
// [[alert]], [[route]], [[inhibit]], [alerting]. After windows and KPIs.
void read_alerts(Section& tenant, const KnownNames& names, core::TenantSettings& settings);

// Parts of those parts.
int read_calendar_name(Section& section, const std::string& key, const KnownNames& names);  // -1: none
core::Severity read_severity(Section& section, core::Severity otherwise);
std::vector<std::string> read_receiver_names(Section& section, const KnownNames& names);
// `percents`: of a clock's target, at which a step may begin; none: of a rule, which begins when it fired.
std::vector<core::Escalation> read_escalations(Section& section, const std::vector<int>& percents,
                                               const KnownNames& names);

}  // namespace server
