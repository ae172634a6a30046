// Floor: callers, queues and agents. Every call and chat from its arrival to its record, and the agents' day:
// shifts, breaks, meetings, ringing, talking, wrap-up. Writes events as a telephone system ("pbx") would and,
// a little after each visit to a queue, the call detail record ("cdr").
//
// Invariants, CHECKed by check(): every visit that entered a queue is answered, abandoned, left or still there;
// every answered one is finished or going on; nobody has more contacts than slots.
// Deterministic given the Random and the Agenda. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tools/simulate/agenda.h"
#include "tools/simulate/lines.h"
#include "tools/simulate/organisation.h"
#include "tools/simulate/random.h"

namespace simulate {

struct FloorOptions {
  double rate = 1;            // arrivals, as a factor
  Duration local_offset = 0;  // the organisation's wall clock = UTC + this
  Time first_burst = windows::kNever;  // a calm time before; kNever: bursts from the beginning
};

struct FloorTally {
  std::uint64_t arrived = 0;
  std::uint64_t lost_in_menu = 0;  // hung up before any queue
  std::uint64_t queued = 0;        // visits
  std::uint64_t answered = 0;
  std::uint64_t abandoned = 0;
  std::uint64_t left = 0;  // overflow, callback, voicemail, empty
  std::uint64_t taken_care_of = 0;  // callbacks made, voicemails handled
  std::uint64_t no_answer = 0;
  std::uint64_t ended = 0;
  std::uint64_t transferred = 0;
  std::uint64_t records = 0;
};

class Floor {
 public:
  Floor(const FloorOptions& options, Agenda& agenda, Random& random, Journal& journal);

  void open();  // reference data, those on duty log in, arrivals begin

  void check() const;
  const FloorTally& tally() const { return tally_; }
  const Organisation& organisation() const { return organisation_; }
  // Somebody of the team who is logged in, or -1.
  int someone_of(std::string_view team);
  double busyness_now() const;
  std::string new_customer();

 private:
  enum class State : std::uint8_t {
    offline, available, on_contact, wrap_up, on_break, meeting, training, away
  };
  struct Pause {
    State state = State::on_break;
    std::string_view reason;
    Duration length = 0;
  };
  struct Agent {
    State state = State::offline;
    std::string_view reason;
    Time idle_since = 0;
    int contacts = 0;      // talking or on hold
    int wrapping = 0;      // contacts whose after-call work goes on
    std::int64_t ringing = 0;  // number of the call, 0: none
    bool leaving = false;  // logs out when free
    std::deque<Pause> due; // taken when free
    std::uint32_t turn = 0;  // changes with each pause, so that an old end of a pause does nothing
    std::uint32_t shifts = 0;  // begun so far
  };
  enum class Stage : std::uint8_t { menu, waiting, ringing, talking, held };
  struct Call {
    std::int64_t number = 0;
    std::string id;
    std::string customer;
    std::string_view channel;
    Stage stage = Stage::menu;
    int queue = -1;
    int visit = 0;
    int agent = -1;
    std::uint32_t turn = 0;  // changes with each stage
    Time started = 0;
    Time queued = 0;
    Time offered = 0;
    Time answered = 0;
    Time held_since = 0;
    Duration held = 0;
    Duration talk_left = 0;  // after a hold
  };

  // floor_calls.cpp
  void expect_arrivals(int queue);
  void expect_burst(Time at, int queue, Duration length, double per_hour);
  void continue_burst(int queue, Time until, double per_hour);
  void plan_next_burst();
  void arrive(int queue, const std::string& customer);
  void enqueue(Call& call, int queue);
  void watch_patience(const Call& call);
  void leave(Call& call, std::string_view reason);
  void take_care(const std::string& call, int queue, std::string_view type, Duration in);
  void abandon(Call& call);
  void match(int queue);
  void offer(Call& call, int agent);
  void no_answer(Call& call);
  void answer(Call& call);
  void hold(Call& call);
  void resume(Call& call);
  void finish(Call& call);
  void wrapped(const Call& call, Time ended, std::string_view transfer, Duration wrap);
  void drop_from_queue(const Call& call);
  void forget(std::int64_t number);
  void record(const Call& call, std::string_view outcome, Time ended, Duration wait,
              std::string_view transfer, Duration wrap);
  const QueueSpec& spec(int queue) const;
  // Runs `action` on the call if it is then still in the same stage (or visit).
  template <class Action>
  void in_stage(const Call& call, Duration delay, Action action);
  template <class Action>
  void in_visit(const Call& call, Duration delay, Action action);
  template <class Build>
  void write_call(std::string_view type, const Call& call, Build build);

  // floor_agents.cpp
  void expect_shift(int agent);
  void log_in(int agent, Time until);
  void plan_pauses(int agent, Time from, Time until);
  void take_break_now_and_then(int agent);
  void pause(int agent, Pause pause);
  void take_pause(int agent);
  void log_out(int agent);
  void become_free(int agent);
  void set_state(int agent, State state, std::string_view reason);
  bool is_free(int agent) const;
  int pick_agent(int queue) const;
  std::string_view agent_id(int agent) const;
  bool anyone_for(int queue) const;

  FloorOptions options_;
  Agenda& agenda_;
  Random& random_;
  Journal& journal_;
  Organisation organisation_;
  std::vector<Agent> agents_;
  std::map<std::int64_t, Call> calls_;
  std::vector<std::deque<std::int64_t>> waiting_;  // per queue, call numbers
  std::int64_t last_call_ = 0;
  FloorTally tally_;
};

}  // namespace simulate
