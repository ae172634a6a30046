#include "server/http.h"

#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "server/log.h"

namespace server {

namespace net = boost::asio;
using net::ip::tcp;

struct Listener::Acceptor {
  explicit Acceptor(net::io_context& io) : socket(io), pause(io) {}
  tcp::acceptor socket;
  net::steady_timer pause;
};

core::Result<std::unique_ptr<Listener>> Listener::open(Site& site) {
  const Listen& listen = site.config.listen;
  boost::system::error_code error;
  const auto address = net::ip::make_address(listen.address, error);
  if (error) return core::Error{"bad_address", "'" + listen.address + "' is not an IP address", "listen.address"};
  auto acceptor = std::make_unique<Acceptor>(site.io);
  const tcp::endpoint endpoint(address, listen.port);
  tcp::acceptor& socket = acceptor->socket;
  socket.open(endpoint.protocol(), error);
  if (!error) socket.set_option(net::socket_base::reuse_address(true), error);
  if (!error) socket.bind(endpoint, error);
  if (!error) socket.listen(net::socket_base::max_listen_connections, error);
  if (error) {
    const std::string where = listen.address + ":" + std::to_string(listen.port);
    return core::Error{"cannot_listen", "cannot listen on " + where + ": " + error.message(), "listen"};
  }
  return std::unique_ptr<Listener>(new Listener(site, std::move(acceptor)));
}

Listener::Listener(Site& site, std::unique_ptr<Acceptor> acceptor) : site_(site), acceptor_(std::move(acceptor)) {}

Listener::~Listener() = default;

std::uint16_t Listener::port() const {
  boost::system::error_code ignored;
  return acceptor_->socket.local_endpoint(ignored).port();
}

void Listener::start() { accept_next(); }

void Listener::stop() {
  boost::system::error_code ignored;
  acceptor_->socket.close(ignored);
  acceptor_->pause.cancel();
}

void Listener::accept_next() {
  acceptor_->socket.async_accept([this](boost::system::error_code error, tcp::socket socket) {
    if (!acceptor_->socket.is_open() || error == net::error::operation_aborted) return;
    if (!error) {
      ++site_.metrics.accepted_connections;
      boost::system::error_code released;
      const int native = socket.release(released);
      if (!released) open_session(site_, native);
      return accept_next();
    }
    // Out of descriptors, most likely: those that close soon make room.
    log_warn("cannot accept: " + error.message());
    acceptor_->pause.expires_after(std::chrono::milliseconds(100));
    acceptor_->pause.async_wait([this](boost::system::error_code stopped) {
      if (!stopped) accept_next();
    });
  });
}

}  // namespace server
