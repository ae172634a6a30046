// [[tenant.sla]]: policies: whom something was promised, what, and who is told when it is about to be broken.
#include <algorithm>
#include <array>
#include <span>

#include "server/config_parts.h"

namespace server {
namespace {

using core::SlaMatch;
using core::SlaPolicy;
using core::SlaTarget;

constexpr windows::Duration kLongest = 366 * windows::kDay;
constexpr std::array<std::string_view, core::kClockKinds> kClocks{
    "first_response", "next_reply", "periodic_update", "requester_wait", "agent_work",
    "resolution",     "answer",     "callback",        "voicemail"};
constexpr std::array<std::string_view, 4> kStatuses{"new", "open", "pending", "on_hold"};
constexpr std::array kDetails{core::Detail::status_new, core::Detail::status_open, core::Detail::status_pending,
                              core::Detail::status_on_hold};

struct Read {
  const Node* node = nullptr;
  SlaPolicy policy;
};

void read_match(Section& policy, SlaMatch& match) {
  const Node* node = policy.table("match");
  if (node == nullptr) return;
  Section section(*node, policy.path("match"), policy.findings());
  match.queues = section.texts("queues");
  match.teams = section.texts("teams");
  match.priorities = section.texts("priorities");
  match.categories = section.texts("categories");
  match.channels = section.texts("channels");
  match.tags = section.texts("tags");
}

void read_target(Section& section, const KnownNames& names, const core::SlaSettings& sla, SlaPolicy& policy) {
  for (const char* key : {"clock", "within"}) section.require(key);
  SlaTarget target;
  target.clock = static_cast<core::ClockKind>(section.word("clock", kClocks, 0));
  target.within = section.duration("within", windows::kHour, 1, kLongest);
  target.calendar = read_calendar_name(section, "calendar", names);
  if (target.calendar >= 0) {
    const core::Calendar& calendar = sla.calendars[static_cast<std::size_t>(target.calendar)];
    const core::Time from = std::max<core::Time>(calendar.schedules().back().valid_from, 0);
    if (calendar.after(from, target.within) == windows::kNever) {
      section.fail("within", "is never over: '" + calendar.id() + "' has not that much time in ten years");
    }
  }
  std::vector<std::string> priorities = section.texts("priorities");
  if (priorities.empty()) priorities.emplace_back();
  for (std::string& priority : priorities) {
    target.priority = std::move(priority);
    const bool twice = std::any_of(policy.targets.begin(), policy.targets.end(), [&](const SlaTarget& other) {
      return other.clock == target.clock && other.priority == target.priority;
    });
    if (twice) {
      const std::string whose = target.priority.empty() ? "" : " for priority '" + target.priority + "'";
      section.fail("clock", "has a target" + whose + " in this policy already");
    } else {
      policy.targets.push_back(target);
    }
  }
}

// A clock that some priorities of the policy would have and others not is mostly a mistake, and a silent one.
void check_gaps(Section& section, const SlaPolicy& policy) {
  const auto has = [&](core::ClockKind clock, const std::string& priority) {
    return std::any_of(policy.targets.begin(), policy.targets.end(), [&](const SlaTarget& target) {
      return target.clock == clock && (target.priority.empty() || target.priority == priority);
    });
  };
  for (std::size_t kind = 0; kind < kClocks.size(); ++kind) {
    const auto clock = static_cast<core::ClockKind>(kind);
    const bool any = std::any_of(policy.targets.begin(), policy.targets.end(),
                                 [&](const SlaTarget& target) { return target.clock == clock; });
    if (!any || has(clock, "")) continue;
    const std::string what = "has a target of '" + std::string(kClocks[kind]) + "' for some priorities only: ";
    if (policy.match.priorities.empty()) {
      section.fail("target", what + "add one without 'priorities' for all others");
      continue;
    }
    for (const std::string& priority : policy.match.priorities) {
      if (!has(clock, priority)) section.fail("target", what + "'" + priority + "' has none");
    }
  }
}

void read_warnings(Section& section, std::vector<int>& warnings) {
  const Node* list = section.list("warnings");
  if (list == nullptr) return;
  for (const Node& item : list->items) {
    const std::string what = "'" + section.path("warnings") + "' ";
    if (item.kind != Node::Kind::integer || item.integer < 1 || item.integer > 99) {
      section.findings().add(item, what + "must hold percentages of the target, 1 to 99");
    } else if (!warnings.empty() && item.integer <= warnings.back()) {
      section.findings().add(item, what + "must be in ascending order, each once");
    } else {
      warnings.push_back(static_cast<int>(item.integer));
    }
  }
}

SlaPolicy read_policy(Section& section, const core::Zone& zone, const KnownNames& names,
                      const core::SlaSettings& sla) {
  SlaPolicy policy;
  section.require("id");
  policy.id = section.text("id");
  policy.valid_from = section.instant_in("valid_from", zone, windows::kNever);
  policy.valid_to = section.instant_in("valid_to", zone, windows::kNever);
  if (policy.valid_to != windows::kNever && policy.valid_to <= policy.valid_from) {
    section.fail("valid_to", "must be later than 'valid_from'");
  }
  read_match(section, policy.match);
  for (const Node* node : section.tables("target")) {
    Section target(*node, section.path("target"), section.findings());
    read_target(target, names, sla, policy);
  }
  section.require("target");
  check_gaps(section, policy);
  for (const std::size_t status : section.words("pauses", kStatuses)) policy.pauses.push_back(kDetails[status]);
  read_warnings(section, policy.warnings);
  std::vector<int> percents = policy.warnings;
  percents.push_back(100);
  policy.escalations = read_escalations(section, percents, names);
  constexpr std::array<std::string_view, 2> kElapsed{"kept", "anew"};
  policy.elapsed_is_kept = section.word("elapsed", kElapsed, 0) == 0;
  return policy;
}

// Whether everything that `later` is about is about `earlier` as well.
bool covers(const SlaPolicy& earlier, const SlaPolicy& later) {
  const auto list = [](const std::vector<std::string>& wide, const std::vector<std::string>& narrow) {
    if (wide.empty()) return true;
    return !narrow.empty() && std::all_of(narrow.begin(), narrow.end(), [&](const std::string& one) {
      return std::find(wide.begin(), wide.end(), one) != wide.end();
    });
  };
  const auto tags = std::all_of(earlier.match.tags.begin(), earlier.match.tags.end(), [&](const std::string& tag) {
    return std::find(later.match.tags.begin(), later.match.tags.end(), tag) != later.match.tags.end();
  });
  const SlaMatch& wide = earlier.match;
  const SlaMatch& narrow = later.match;
  const bool valid = earlier.valid_from <= later.valid_from &&
                     (earlier.valid_to == windows::kNever ||
                      (later.valid_to != windows::kNever && later.valid_to <= earlier.valid_to));
  return valid && tags && list(wide.queues, narrow.queues) && list(wide.teams, narrow.teams) &&
         list(wide.priorities, narrow.priorities) && list(wide.categories, narrow.categories) &&
         list(wide.channels, narrow.channels);
}

// Policies of one id are versions of it, each valid until the next.
void check_versions(const std::vector<Read>& read, Findings& findings) {
  std::map<std::string, std::vector<const Read*>> by_id;
  for (const Read& one : read) by_id[one.policy.id].push_back(&one);
  for (auto& [id, versions] : by_id) {
    std::stable_sort(versions.begin(), versions.end(),
                     [](const Read* a, const Read* b) { return a->policy.valid_from < b->policy.valid_from; });
    for (std::size_t i = 1; i < versions.size(); ++i) {
      const core::Time ended = versions[i - 1]->policy.valid_to;
      const core::Time begins = versions[i]->policy.valid_from;
      const std::string what = "versions of 'tenant.sla' '" + id + "' ";
      if (ended == windows::kNever || ended > begins) {
        findings.add(*versions[i]->node, what + "overlap: this one begins before the one before it has ended");
      } else if (ended < begins) {
        findings.add(*versions[i]->node, what + "leave a gap before this one: nothing would be promised meanwhile");
      }
    }
  }
}

void check_reachable(const std::vector<Read>& read, Findings& findings) {
  for (std::size_t later = 1; later < read.size(); ++later) {
    for (std::size_t earlier = 0; earlier < later; ++earlier) {
      if (read[earlier].policy.id == read[later].policy.id) continue;
      if (!covers(read[earlier].policy, read[later].policy)) continue;
      findings.add(*read[later].node, "'tenant.sla' '" + read[later].policy.id + "' can never count: '" +
                                          read[earlier].policy.id + "' before it matches whatever it matches");
      break;
    }
  }
}

}  // namespace

void read_policies(Section& tenant, const core::Zone& zone, const KnownNames& names, core::SlaSettings& sla) {
  std::vector<Read> read;
  for (const Node* node : tenant.tables("sla")) {
    Section section(*node, tenant.path("sla"), tenant.findings());
    read.push_back({node, read_policy(section, zone, names, sla)});
  }
  check_versions(read, tenant.findings());
  check_reachable(read, tenant.findings());
  for (Read& one : read) sla.policies.push_back(std::move(one.policy));
}

core::Severity read_severity(Section& section, core::Severity otherwise) {
  constexpr std::array<std::string_view, 3> kSeverities{"info", "warning", "critical"};
  return static_cast<core::Severity>(section.word("severity", kSeverities, static_cast<std::size_t>(otherwise)));
}

std::vector<std::string> read_receiver_names(Section& section, const KnownNames& names) {
  std::vector<std::string> receivers = section.texts("receivers");
  for (const std::string& name : receivers) {
    if (names.receivers.contains(name)) continue;
    section.fail("receivers", "holds '" + name + "', which is not the name of a [[tenant.receiver]]");
  }
  return receivers;
}

std::vector<core::Escalation> read_escalations(Section& section, const std::vector<int>& percents,
                                               const KnownNames& names) {
  std::vector<core::Escalation> steps;
  for (const Node* node : section.tables("escalation")) {
    Section step(*node, section.path("escalation"), section.findings());
    core::Escalation read;
    if (!percents.empty()) {
      read.percent = static_cast<int>(step.integer("percent", 100, 1, 100));
      if (std::find(percents.begin(), percents.end(), read.percent) == percents.end()) {
        step.fail("percent", "must be 100 or one of 'warnings'");
      }
    }
    read.after = step.duration("after", 0, 0, 30 * windows::kDay);
    read.repeat = step.duration("repeat", 0, 0, 30 * windows::kDay);
    if (read.repeat != 0 && read.repeat < windows::kMinute) step.fail("repeat", "must be \"1m\" at least");
    step.require("receivers");
    read.receivers = read_receiver_names(step, names);
    read.unless_acknowledged = step.boolean("unless_acknowledged", false);
    steps.push_back(std::move(read));
  }
  return steps;
}

}  // namespace server
