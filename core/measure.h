// Measures: the additive quantities that records contribute and KPIs are formulas over.
// count:  something happened once at an instant
// sample: something happened and took this long (ms) or scored this much; also counts
// level:  something is going on between two instants
// Which contact states feed which measure is written in core/call_facts.cpp, ticket_facts.cpp, agent.cpp,
// clocks.cpp.
// docs/kpis.md explains each. Values, any thread.
#pragma once

#include <bitset>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

namespace core {

enum class MeasureKind : std::uint8_t { count, sample, level };

// name, kind, meaning
#define RINGSIDE_MEASURES(X)                                                                         \
  X(calls, count, "calls that reached the system")                                                   \
  X(abandoned_in_ivr, count, "calls that ended before they were offered to anybody")                 \
  X(offered, count, "visits: calls that entered a queue or were put straight through to an agent")   \
  X(queued, count, "visits that entered a queue")                                                    \
  X(wait, sample, "answered visits, by the time they waited")                                        \
  X(abandon_wait, sample, "abandoned visits, by the time they waited")                               \
  X(left_wait, sample, "visits that left the queue otherwise, by the time they waited")              \
  X(overflowed, count, "visits that overflowed to somewhere else, another queue included")           \
  X(timed_out, count, "visits that reached the queue's time limit")                                  \
  X(voicemail, count, "visits that left a voicemail")                                                \
  X(callback, count, "visits that asked for a callback")                                             \
  X(left_by_key, count, "visits that left by pressing a key")                                        \
  X(refused, count, "calls that the queue did not accept")                                           \
  X(queue_time, sample, "visits that ended their wait in any way, by the time they waited")          \
  X(agent_offers, count, "times a call rang at an agent")                                            \
  X(agent_no_answer, count, "times an agent let a call ring")                                        \
  X(handled, count, "connections of a contact with an agent; a transfer counts for both agents")     \
  X(talk, sample, "connections that ended, by talk time without hold")                               \
  X(agent_talk, sample, "the same, only those whose agent is known")                                 \
  X(hold, sample, "connections that were put on hold, by hold time")                                 \
  X(wrap_up, sample, "connections with after-call work, by its time")                                \
  X(handle, sample, "connections that ended, by talk + hold + after-call work")                      \
  X(transferred, count, "connections that the agent transferred on")                                 \
  X(transferred_blind, count, "of these, without speaking to the next agent")                        \
  X(waiting, level, "visits waiting in a queue")                                                     \
  X(ringing, level, "offers ringing at an agent")                                                    \
  X(talking, level, "connections talking")                                                           \
  X(holding, level, "connections on hold")                                                           \
  X(wrapping, level, "connections in after-call work")                                               \
  X(agents_logged_in, level, "agents logged in or on a contact")                                     \
  X(agents_available, level, "agents ready and idle")                                                \
  X(agents_ringing, level, "agents at whom a contact rings")                                         \
  X(agents_on_contact, level, "agents talking")                                                      \
  X(agents_on_hold, level, "agents whose contact is on hold")                                        \
  X(agents_wrap_up, level, "agents in after-call work")                                              \
  X(agents_on_break, level, "agents on a break")                                                     \
  X(agents_in_meeting, level, "agents in a meeting")                                                 \
  X(agents_in_training, level, "agents in training")                                                 \
  X(agents_away, level, "agents logged in and not ready for another reason")                         \
  X(customer_contacts, count, "contacts of recognised customers that reached somebody")              \
  X(customer_returns, count, "of these, followed by another of the same customer within repeat_within") \
  X(tickets_created, count, "tickets created")                                                       \
  X(first_response, sample, "tickets first answered, by the time since creation")                    \
  X(next_reply, sample, "later replies, by the time since the oldest unanswered comment")            \
  X(agent_replies, count, "public replies by agents")                                                \
  X(customer_replies, count, "comments by customers")                                                \
  X(tickets_resolved, count, "times a ticket was solved")                                            \
  X(tickets_solved_once, count, "tickets solved at least once")                                      \
  X(tickets_reopened, count, "times a ticket was reopened")                                          \
  X(tickets_reopened_once, count, "tickets reopened at least once")                                  \
  X(tickets_one_touch, count, "tickets solved with at most one public reply")                        \
  X(first_resolution, sample, "tickets solved, by the time from creation to the first solution")     \
  X(full_resolution, sample, "tickets solved, by the time from creation to the last solution")       \
  X(requester_wait, sample, "tickets solved, by the time spent new, open or on hold")                \
  X(agent_work, sample, "tickets solved, by the time spent new or open")                             \
  X(rating, sample, "ratings on a scale from 1 to 5, by score")                                      \
  X(rated, count, "ratings, good or bad or on a scale from 1 to 5")                                  \
  X(rated_good, count, "of these, good, or 4 and 5")                                                 \
  X(promoters, count, "ratings of 9 or 10 on a scale to 10")                                         \
  X(detractors, count, "ratings of 0 to 6 on a scale to 10")                                         \
  X(recommendations, count, "ratings on a scale to 10")                                              \
  X(backlog, level, "tickets not solved")                                                            \
  X(backlog_unassigned, level, "of these, without an agent")                                         \
  X(backlog_new, level, "of these, new")                                                             \
  X(backlog_open, level, "of these, open")                                                           \
  X(backlog_pending, level, "of these, waiting for the customer")                                    \
  X(backlog_on_hold, level, "of these, waiting for a third party")                                   \
  X(backlog_age_lt_1d, level, "of these, created less than a day ago")                               \
  X(backlog_age_1_3d, level, "of these, created one to three days ago")                              \
  X(backlog_age_3_7d, level, "of these, created three to seven days ago")                            \
  X(backlog_age_gt_7d, level, "of these, created more than seven days ago")                          \
  X(first_response_met, count, "first responses within the SLA target, when they were")              \
  X(first_response_breached, count, "first responses beyond the SLA target, when it passed")         \
  X(next_reply_met, count, "later replies within the SLA target, when they were")                    \
  X(next_reply_breached, count, "later replies beyond the SLA target, when it passed")               \
  X(periodic_update_met, count, "updates to the customer within the SLA target, when they were")     \
  X(periodic_update_breached, count, "updates to the customer beyond the SLA target, when it passed")\
  X(requester_wait_met, count, "tickets' time new, open or on hold within the SLA target, when they were")\
  X(requester_wait_breached, count, "tickets' time new, open or on hold beyond the SLA target, when it passed")\
  X(agent_work_met, count, "tickets' time new or open within the SLA target, when they were")        \
  X(agent_work_breached, count, "tickets' time new or open beyond the SLA target, when it passed")   \
  X(resolution_met, count, "solutions within the SLA target, when they were")                        \
  X(resolution_breached, count, "solutions beyond the SLA target, when it passed")                   \
  X(answer_met, count, "answers of calls within the SLA target, when they were")                     \
  X(answer_breached, count, "answers of calls beyond the SLA target, when it passed")                \
  X(callback_met, count, "callbacks within the SLA target, when they were")                          \
  X(callback_breached, count, "callbacks beyond the SLA target, when it passed")                     \
  X(voicemail_met, count, "voicemails taken care of within the SLA target, when they were")          \
  X(voicemail_breached, count, "voicemails taken care of beyond the SLA target, when it passed")     \
  X(sla_met, count, "SLA clocks of any kind that ended in time")                                     \
  X(sla_breached, count, "SLA clocks of any kind that were breached")                                \
  X(sla_running, level, "SLA clocks that are not over, paused ones and overdue ones included")       \
  X(sla_at_risk, level, "of these, past a warning point and not breached")                           \
  X(sla_overdue, level, "of these, breached")

enum class Measure : std::uint8_t {
#define X(name, kind, meaning) name,
  RINGSIDE_MEASURES(X)
#undef X
};

struct MeasureInfo {
  std::string_view name;
  MeasureKind kind;
  std::string_view meaning;
};

inline constexpr MeasureInfo kMeasures[] = {
#define X(name, kind, meaning) {#name, MeasureKind::kind, meaning},
    RINGSIDE_MEASURES(X)
#undef X
};
inline constexpr int kMeasureCount = static_cast<int>(std::size(kMeasures));
using MeasureSet = std::bitset<kMeasureCount>;

constexpr const MeasureInfo& info(Measure measure) { return kMeasures[static_cast<int>(measure)]; }

constexpr std::optional<Measure> measure_named(std::string_view name) {
  for (int i = 0; i < kMeasureCount; ++i) {
    if (kMeasures[i].name == name) return static_cast<Measure>(i);
  }
  return std::nullopt;
}

}  // namespace core
