// Presence: what a source last said of each agent, so that what it says once for every queue, or again and again,
// is told once. An agent is on a break when paused in every queue it is known to be in.
//
// Pure memory; a format tells the events that come out. One thread at a time.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/memory_text.h"

namespace ingest {

class Presence {
 public:
  enum class State : std::uint8_t { unknown, out, available, paused };

  // What is news, in the order in which it is to be told.
  struct News {
    bool login = false;
    bool logout = false;
    bool state = false;      // `paused` and `reason` say which
    bool paused = false;
    std::string reason;
    bool any() const { return login || logout || state; }
  };

  // `queue` empty: all of them.
  News joined(std::string_view agent, std::string_view queue, bool paused, std::string_view reason = {});
  News left(std::string_view agent, std::string_view queue);
  News pause(std::string_view agent, std::string_view queue, bool paused, std::string_view reason);
  // A call rings at the agent or was answered: who was not known to be there is.
  News seen(std::string_view agent);

  // Those who are there; to be told that they left. Forgets them.
  std::vector<std::string> clear();
  // Of those who are there, the ones not in `kept`.
  std::vector<std::string> all_but(const std::vector<std::string>& kept);
  State state(std::string_view agent) const;

  void write(MemoryWriter& out) const;          // lines that begin with "agent"
  bool read(const MemoryLine& line);            // false: makes no sense

 private:
  struct Known {
    State state = State::unknown;
    std::string reason;
    std::map<std::string, bool, std::less<>> queues;  // and whether paused there
  };
  static constexpr std::size_t kMaxAgents = 100'000;

  Known* known(std::string_view agent);
  static News settle(Known& known, std::string_view reason);

  std::map<std::string, Known, std::less<>> agents_;
};

}  // namespace ingest
