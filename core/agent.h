// AgentActivity: what one agent does over time, from what sources say about the agent (presence) and from the
// contacts the agent is on. A contact outweighs presence: who talks is on a contact, whatever the phone claims.
//
//   talking > holding > wrapping > ringing > presence (available, break, …) > offline
//
// Both parts are sets laid out in time, so an edit anywhere in the past changes only its stretch; facts() tells the
// facts whose instants lie in a stretch, and the engine applies the difference there. One thread at a time.
//
// What lies before cut() may have left memory for the archive, whole UTC days at a time (core/agent_keep.cpp). Of it
// remains what is needed to read on from the cut: the last presence and contacts before, and since when they held.
// Everything here asks only about instants from the cut on; the engine brings back older days first.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "core/facts.h"
#include "core/keep_codec.h"
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

  void prefetch() const {  // what the newest contact will touch
    if (!points_.empty()) __builtin_prefetch(&points_.back());
  }

  struct Now {
    Activity activity = Activity::offline;
    std::uint32_t reason = 0xFFFFFFFF;  // the source's word, when presence decides
    Time since = kNever;                // kNever: always so
  };
  Now at(Time now) const;
  const std::vector<Presence>& presence() const { return presence_; }

  // Keeping, by UTC days (instant / kDay; what lies before 1970 belongs to day 0).
  static std::uint32_t day_of(Time at);
  static Time day_begin(std::uint32_t day) { return day == 0 ? kNever : Time{day} * windows::kDay; }
  Time cut() const { return cut_; }  // kNever: everything is in memory
  // Ascending days from `from` on in which anything happens.
  std::vector<std::uint32_t> days(std::uint32_t from) const;
  // What happens in the day, and what was before it; `day` begins at or after the cut.
  std::string day_row(std::uint32_t day) const;
  // What was before the cut, and the cut.
  std::string cut_row() const;
  // The rows' readers; false when a row makes no sense. cut_row first (if there is one), then days ascending.
  bool read_cut(RowReader& row);
  bool read_day(std::uint32_t day, RowReader& row);
  // Lets go of all before the day's beginning.
  void forget_before(std::uint32_t day);
  // The opposite: what is in memory goes on behind `older`, read from the rows of all days from `day` to the cut.
  void go_on_behind(AgentActivity&& older, std::uint32_t day);
  std::size_t bytes() const;
  // Everything from the cut on.
  template <class OnPresence, class OnPoint>
  void each(OnPresence&& presence, OnPoint&& point) const {
    for (const Presence& p : presence_) {
      if (p.at >= cut_) presence(p);
    }
    for (const Point& p : points_) {
      if (p.at >= cut_) point(p.at, p.count);
    }
  }

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
  Time login_since(Time now) const;
  void write_base(RowWriter& row, Time at) const;
  bool read_base(RowReader& row);
  State state_at(Time t, const FactContext& context) const;  // with everything at t
  Time next_break(Time after, const FactContext& context) const;
  template <class F>
  void walk_back(Time now, F&& f) const;
  std::size_t make_point(Time at);
  void drop_redundant(std::size_t index);

  std::uint32_t agent_;
  std::vector<Presence> presence_;  // by at, order, rank; the last of an instant holds
  std::vector<Point> points_;       // by at
  // Of what lies before the cut: the last presence and point are in the lists; and since when, as seen just before.
  Time cut_ = kNever;
  Time since_before_ = kNever;  // at().since
  Time login_before_ = kNever;  // login_since()
};

}  // namespace core
