// [[view]]: named selections of scopes and columns, and the one that is there without configuration.
#include <algorithm>

#include "server/config.h"
#include "server/config_parts.h"

namespace server {
namespace {

// Each KPI over each window, as columns.
void add_columns(std::vector<std::string>& columns, const std::vector<std::string>& kpis,
                 const std::vector<std::string>& windows) {
  for (const std::string& kpi : kpis) {
    for (const std::string& window : windows) columns.push_back(kpi + "@" + window);
  }
}

void read_view(Section& section, std::vector<core::ViewDefinition>& views) {
  section.require("id");
  section.require("group");
  core::ViewDefinition view;
  view.id = section.text("id");
  for (const Node* node : section.tables("group")) {
    Section group(*node, section.path("group"), section.findings());
    group.require("scopes");
    group.require("columns");
    view.groups.push_back({group.texts("scopes"), group.texts("columns")});
  }
  const auto it = std::find_if(views.begin(), views.end(), [&](const auto& known) { return known.id == view.id; });
  if (it == views.end()) {
    views.push_back(std::move(view));
  } else {
    *it = std::move(view);
  }
}

}  // namespace

void read_views(Section& section, std::vector<core::ViewDefinition>& views) {
  for (const Node* node : section.tables("view")) {
    Section view(*node, section.path("view"), section.findings());
    read_view(view, views);
  }
}

core::ViewDefinition default_wallboard() {
  const std::vector<std::string> both{"30m", "today"};
  const std::vector<std::string> contacts{"offered",
                                          "answered",
                                          "abandoned",
                                          "service_level",
                                          "average_speed_of_answer",
                                          "abandonment_rate",
                                          "average_talk_time",
                                          "average_handle_time",
                                          "wait_p95",
                                          "longest_wait",
                                          "peak_waiting",
                                          "handled"};
  const std::vector<std::string> tickets{"tickets_created", "tickets_resolved", "first_response_time_median",
                                         "average_first_response_time", "csat"};
  const std::vector<std::string> staffing{"agents_logged_in", "agents_available", "agents_ringing", "agents_on_contact",
                                          "agents_wrap_up",   "agents_on_break",  "agents_away"};

  core::ViewGroup tenant{{"tenant"}, staffing};
  for (const char* live :
       {"waiting", "oldest_waiting_since", "contacts_active", "backlog", "backlog_unassigned", "oldest_ticket_since",
        "backlog_age_lt_1d", "backlog_age_1_3d", "backlog_age_3_7d", "backlog_age_gt_7d", "sla_at_risk",
        "sla_overdue"}) {
    tenant.columns.emplace_back(live);
  }
  add_columns(tenant.columns, contacts, both);
  add_columns(tenant.columns, {"occupancy"}, both);
  add_columns(tenant.columns, tickets, both);
  add_columns(tenant.columns, {"sla_compliance", "sla_breach_rate"}, both);

  core::ViewGroup queues{
      {"queue/*"},
      {"waiting", "oldest_waiting_since", "contacts_active", "backlog", "backlog_unassigned", "oldest_ticket_since"}};
  add_columns(queues.columns, contacts, both);
  add_columns(queues.columns, tickets, {"today"});

  core::ViewGroup teams{{"team/*"}, staffing};
  add_columns(teams.columns, {"handled", "average_handle_time", "occupancy"}, both);

  core::ViewGroup agents{{"agent/*"}, {"state", "state_since", "state_reason", "team", "site"}};
  add_columns(agents.columns, {"handled", "average_handle_time", "occupancy"}, {"today"});
  return {"wallboard", {tenant, queues, teams, agents}};
}

core::ViewDefinition fitting(core::ViewDefinition view, const std::vector<windows::Duration>& windows) {
  const bool half_hour = std::find(windows.begin(), windows.end(), 30 * windows::kMinute) != windows.end();
  if (half_hour || view.id != default_wallboard().id) return view;
  for (core::ViewGroup& group : view.groups) {
    std::erase_if(group.columns, [](const std::string& column) { return column.ends_with("@30m"); });
  }
  return view;
}

}  // namespace server
