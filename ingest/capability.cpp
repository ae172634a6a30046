#include "ingest/capability.h"

#include <array>
#include <initializer_list>

#include "windows/check.h"

namespace ingest {

namespace {

using core::Measure;

constexpr std::array<std::string_view, kAbilities> kNames = {
    "arrival",        "menu",            "queue_entry",   "refused",        "answer",        "wait",
    "abandon",        "exits",           "voicemail",     "callback",       "offers",        "talk",
    "hold",           "wrap_up",         "transfers",     "agent_presence", "agent_state",   "concurrency",
    "live_waiting",   "live_talking",    "customer",      "ticket_created", "ticket_assigned", "ticket_status",
    "ticket_replies", "ticket_solved",   "ticket_reopened", "rated"};

class Abilities {
 public:
  explicit Abilities(std::span<const Capability> capabilities) {
    for (const Capability& c : capabilities) bits_.set(static_cast<std::size_t>(c.ability));
  }
  bool has(Ability a) const { return bits_.test(static_cast<std::size_t>(a)); }

 private:
  std::bitset<kAbilities> bits_;
};

class Feeds {
 public:
  void when(bool condition, std::initializer_list<Measure> measures) {
    if (!condition) return;
    for (const Measure m : measures) set_.set(static_cast<std::size_t>(m));
  }
  const core::MeasureSet& set() const { return set_; }

 private:
  core::MeasureSet set_;
};

void call_measures(const Abilities& can, Feeds& feeds) {
  using A = Ability;
  const bool entry = can.has(A::queue_entry);
  const bool answer = can.has(A::answer);
  feeds.when(can.has(A::arrival) || entry || answer, {Measure::calls});
  feeds.when(can.has(A::menu), {Measure::abandoned_in_ivr});
  feeds.when(entry || answer, {Measure::offered});
  feeds.when(entry, {Measure::queued});
  feeds.when(can.has(A::wait), {Measure::wait});
  feeds.when(can.has(A::abandon), {Measure::abandon_wait});
  feeds.when(can.has(A::abandon) && can.has(A::wait), {Measure::queue_time});
  feeds.when(can.has(A::exits), {Measure::left_wait, Measure::overflowed, Measure::timed_out, Measure::left_by_key});
  feeds.when(can.has(A::voicemail), {Measure::voicemail, Measure::left_wait});
  feeds.when(can.has(A::callback), {Measure::callback, Measure::left_wait});
  feeds.when(can.has(A::refused), {Measure::refused});
  feeds.when(answer, {Measure::handled, Measure::agent_offers});
  feeds.when(can.has(A::offers), {Measure::agent_offers, Measure::agent_no_answer, Measure::ringing,
                                  Measure::agents_ringing});
  feeds.when(can.has(A::talk), {Measure::talk, Measure::agent_talk});
  // Where holds are not told, talk holds them; after-call work is in nothing else.
  feeds.when(can.has(A::talk) && can.has(A::wrap_up), {Measure::handle});
  feeds.when(can.has(A::hold), {Measure::hold});
  feeds.when(can.has(A::hold) && can.has(A::live_talking), {Measure::holding, Measure::agents_on_hold});
  feeds.when(can.has(A::wrap_up), {Measure::wrap_up, Measure::wrapping, Measure::agents_wrap_up});
  feeds.when(can.has(A::transfers), {Measure::transferred, Measure::transferred_blind});
  feeds.when(can.has(A::live_waiting), {Measure::waiting});
  feeds.when(can.has(A::live_talking), {Measure::talking, Measure::agents_on_contact});
  feeds.when(can.has(A::agent_presence), {Measure::agents_logged_in});
  feeds.when(can.has(A::agent_state), {Measure::agents_available, Measure::agents_on_break, Measure::agents_in_meeting,
                                       Measure::agents_in_training, Measure::agents_away});
  feeds.when(can.has(A::customer), {Measure::customer_contacts, Measure::customer_returns});
}

void ticket_measures(const Abilities& can, Feeds& feeds) {
  using A = Ability;
  const bool created = can.has(A::ticket_created);
  const bool solved = can.has(A::ticket_solved);
  const bool status = can.has(A::ticket_status);
  feeds.when(created, {Measure::tickets_created});
  feeds.when(created && can.has(A::ticket_replies), {Measure::first_response});
  feeds.when(can.has(A::ticket_replies), {Measure::next_reply, Measure::agent_replies, Measure::customer_replies});
  feeds.when(solved, {Measure::tickets_resolved, Measure::tickets_solved_once});
  feeds.when(solved && can.has(A::ticket_replies), {Measure::tickets_one_touch});
  feeds.when(created && solved, {Measure::first_resolution, Measure::full_resolution, Measure::backlog,
                                 Measure::backlog_age_lt_1d, Measure::backlog_age_1_3d, Measure::backlog_age_3_7d,
                                 Measure::backlog_age_gt_7d});
  feeds.when(created && solved && status, {Measure::requester_wait, Measure::agent_work, Measure::backlog_new,
                                           Measure::backlog_open, Measure::backlog_pending, Measure::backlog_on_hold});
  feeds.when(created && solved && can.has(A::ticket_assigned), {Measure::backlog_unassigned});
  feeds.when(can.has(A::ticket_reopened), {Measure::tickets_reopened, Measure::tickets_reopened_once});
  feeds.when(can.has(A::rated), {Measure::rating, Measure::rated, Measure::rated_good, Measure::promoters,
                                        Measure::detractors, Measure::recommendations});
}

}  // namespace

std::string_view name(Ability ability) {
  const auto i = static_cast<std::size_t>(ability);
  CHECK(i < kNames.size(), "an ability that does not exist");
  return kNames[i];
}

core::MeasureSet measures_of(std::span<const Capability> capabilities) {
  const Abilities can(capabilities);
  Feeds feeds;
  call_measures(can, feeds);
  ticket_measures(can, feeds);
  return feeds.set();
}

}  // namespace ingest
