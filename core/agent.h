// AgentActivity: what one agent does over time, from what sources say about the agent (presence) and from the
// contacts the agent is on. A contact outweighs presence: who talks is on a contact, whatever the phone claims.
//
//   talking > holding > wrapping > ringing > presence (available, break, …) > offline
//
// Both parts are sets laid out in time, so an edit anywhere in the past changes only its stretch; facts() tells the
// facts whose instants lie in a stretch, and the engine applies the difference there. One thread at a time.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "core/facts.h"
#include "core/roster.h"

namespace core {

enum class Activity : std::uint8_t {
  offline, available, ringing, on_contact, on_hold, wrap_up, on_break, meeting, training, away,
};
std::string_view name(Activity activity);
// The word of an agent.state event; false when it is not one.
bool presence_named(std::string_view text, Activity& out);

struct Presence {
  Time at = 0;
  std::uint8_t order = 0;  // at one instant: login, state, logout
  Rank rank = 0;
  Activity state = Activity::offline;
  std::uint32_t reason = 0xFFFFFFFF;

  bool operator==(const Presence&) const = default;
};

class AgentActivity {
 public:
  explicit AgentActivity(std::uint32_t agent) : agent_(agent) {}

  bool add(const Presence& presence);  // false: known already
  // The stretch an edit changes: from its instant to where the next one of its kind takes over.
  Time presence_end(const Presence& presence) const;

  void add_contact(const Contact& contact, int sign);

  // Facts with instants in [from, to] (kNever: no end), and the piece that goes on now.
  void facts(Time from, Time to, const FactContext& context, Facts& out) const;

  // When facts() will have more to tell.
  void look_again(const FactContext& context, Facts& out) const;

  struct Now {
    Activity activity = Activity::offline;
    std::uint32_t reason = 0xFFFFFFFF;  // the source's word, when presence decides
    Time since = kNever;                // kNever: always so
  };
  Now at(Time now) const;
  const std::vector<Presence>& presence() const { return presence_; }

 private:
  static constexpr int kKinds = 4;
  struct Point {  // how many contacts of each kind go on from here
    Time at;
    std::array<std::int32_t, kKinds> count;
  };
  struct State {
    Activity activity = Activity::offline;
    std::uint32_t reason = 0xFFFFFFFF;
    Membership member;
  };

  Activity activity_of(const Presence* presence, const Point* point) const;
  void tell_login(const FactContext& context, Facts& out) const;
  State state_at(Time t, const FactContext& context) const;  // with everything at t
  Time next_break(Time after, const FactContext& context) const;
  Time previous_break(Time before) const;
  std::size_t make_point(Time at);
  void drop_redundant(std::size_t index);

  std::uint32_t agent_;
  std::vector<Presence> presence_;  // by at, order, rank; the last of an instant holds
  std::vector<Point> points_;       // by at
};

}  // namespace core
