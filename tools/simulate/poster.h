// Poster: sends NDJSON batches to a server's POST /v1/events over one kept-alive HTTP/1.1 connection.
// Delivery is at least once: a batch is repeated (same ids) until the server has answered for it. 429 and 503
// wait as told by Retry-After; a lost connection is made again with a growing pause. One thread; blocks.
#pragma once

#include <csignal>
#include <cstdint>
#include <memory>
#include <string>

#include "core/result.h"

namespace simulate {

struct Url {
  std::string host;
  std::string port;
  std::string target;
};

// http://host[:port][/path?query]; the path defaults to /v1/events.
core::Result<Url> parse_url(const std::string& text);

class Poster {
 public:
  // `stop` ends all waiting as soon as it is not 0.
  Poster(Url url, const volatile std::sig_atomic_t& stop);
  ~Poster();

  struct Counts {
    std::uint64_t batches = 0;
    std::uint64_t retries = 0;
    std::uint64_t accepted = 0;  // as the server counted
    std::uint64_t unchanged = 0;
    std::uint64_t refused = 0;
  };

  // Blocks until the server has answered; an error is an answer that repeating cannot mend, or a stop.
  core::Status send(const std::string& ndjson);
  const Counts& counts() const;
  const std::string& last_refusal() const;  // body of the newest answer that refused lines

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace simulate
