// Dialogue: what we say to a system we connect to before it tells us anything: greeting, login, what we want to hear,
// and the question for everything that is now. Pure: messages in, bytes to send out; one per connection. I/O thread.
// AMI: docs.asterisk.org "AMI v2 Specification"; event socket: FreeSWITCH mod_event_socket.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "ingest/format.h"
#include "server/source_config.h"

namespace server {

class Dialogue {
 public:
  struct Step {
    bool ours = false;   // not for the format
    std::string send;
    std::string failed;  // why it is of no use to go on
  };
  virtual ~Dialogue() = default;
  virtual std::string greeting() { return {}; }  // sent at once
  virtual Step heard(std::string_view) { return {}; }
  virtual std::string keep_alive() { return {}; }  // sent when nothing was heard for a while; empty: nothing
  virtual bool ready() const { return true; }      // logged in
  // What it does not let us do although we are logged in, and the right that is missing; empty: nothing.
  virtual std::string refused() const { return {}; }
};

std::unique_ptr<Dialogue> make_dialogue(ingest::Framing framing, const SourceConfig& config);

}  // namespace server
