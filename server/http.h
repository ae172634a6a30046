// The listening socket and the HTTP connections on it. One request at a time per connection; strict about
// framing (server/request_guard.h); every connection has deadlines. Upgrades go to the Fanout.
// I/O thread only.
#pragma once

#include <cstdint>
#include <memory>

#include "core/result.h"
#include "server/config.h"
#include "server/fanout.h"
#include "server/metrics.h"
#include "server/rest.h"

namespace server {

// What a connection needs to answer.
struct Site {
  boost::asio::io_context& io;
  const Config& config;
  Tenants& tenants;
  Rest& rest;
  Fanout& fanout;
  ProcessMetrics& metrics;
  std::string epoch;
  std::uint64_t requests = 0;
  bool draining = false;
};

// Serves the connection until it ends; takes the socket over.
void open_session(Site& site, int socket);

class Listener {
 public:
  // Errors: bad_address, cannot_listen.
  static core::Result<std::unique_ptr<Listener>> open(Site& site);
  ~Listener();

  std::uint16_t port() const;
  void start();
  void stop();  // no new connections

 private:
  struct Acceptor;
  Listener(Site& site, std::unique_ptr<Acceptor> acceptor);
  void accept_next();

  Site& site_;
  std::unique_ptr<Acceptor> acceptor_;
};

}  // namespace server
