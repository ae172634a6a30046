// The inlets over TCP: connections we make, and connections others make to us.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <set>

#include "ingest/framing.h"
#include "server/clock.h"
#include "server/source_connection.h"
#include "server/source_dialogue.h"
#include "server/source_inlets.h"

// g++ 12 takes the coroutine frame's own operator delete for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace server {
namespace {

namespace net = boost::asio;
using net::ip::tcp;
using namespace std::chrono_literals;

constexpr auto kToken = net::as_tuple(net::use_awaitable);
constexpr Time kQuietTime = 30'000;  // then we ask whether it is still there, and wait as long again
constexpr core::Duration kLongestPause = 30'000;
constexpr std::size_t kReadAtOnce = 16 * 1024;
constexpr std::size_t kMaxConnections = 256;  // of a source that listens

// Bytes of one connection, as messages of the source.
class Reader {
 public:
  explicit Reader(Source& source) : source_(source), framer_(source.framing()) {}

  // `ours` looks at each message first; true: it is not for the format.
  template <class Ours>
  void feed(std::string_view bytes, Ours ours) {
    framer_.feed(bytes);
    while (const auto message = framer_.next()) {
      if (!ours(*message)) read(*message);
    }
    source_.health().too_large += framer_.too_large() - too_large_;
    too_large_ = framer_.too_large();
    source_.hand_over();
  }
  void closed() {
    if (const auto rest = framer_.rest()) read(*rest);
    source_.hand_over();
  }

 private:
  void read(std::string_view bytes) {
    ingest::Message message;
    message.bytes = bytes;
    source_.read(message, true);
  }

  Source& source_;
  ingest::Framer framer_;
  std::uint64_t too_large_ = 0;
};

std::string text_of(const tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  const bool v6 = endpoint.address().is_v6();
  return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(endpoint.port());
}

// Woken when the source has room again, or at a stop.
class Room {
 public:
  explicit Room(net::io_context& io) : timer_(io) {}
  void changed() { timer_.cancel(); }
  net::awaitable<void> wait() {
    timer_.expires_after(1h);
    co_await timer_.async_wait(kToken);
  }

 private:
  net::steady_timer timer_;
};

// ---- we connect ---------------------------------------------------------------------------------------------

class ClientInlet : public SourceInlet, public std::enable_shared_from_this<ClientInlet> {
 public:
  ClientInlet(net::io_context& io, std::shared_ptr<Source> source)
      : source_(std::move(source)), pause_(io), room_(io), io_(io) {}

  void start() override {
    const std::weak_ptr<ClientInlet> self = weak_from_this();
    source_->when_room([self] {
      if (const auto inlet = self.lock()) inlet->room_.changed();
    });
    net::co_spawn(io_, run(shared_from_this()), net::detached);
  }
  void tick() override { ask_if_quiet(); }
  void stop() override {
    stopped_ = true;
    pause_.cancel();
    room_.changed();
    if (connection_) connection_->close();
  }

 private:
  static net::awaitable<void> run(std::shared_ptr<ClientInlet> self) {
    const core::Duration first = self->source_->config().reconnect_after;
    core::Duration pause = first;
    while (!self->stopped_) {
      self->heard_ = false;
      self->connection_ = std::make_shared<SourceConnection>(self->io_, self->source_->config());
      const std::string why = co_await self->once();
      self->connection_->close();
      if (self->stopped_) break;
      SourceHealth& health = self->source_->health();
      health.open = 0;
      health.become(why, false, wall_now());
      if (self->heard_) pause = first;
      self->pause_.expires_after(std::chrono::milliseconds(pause));
      co_await self->pause_.async_wait(kToken);
      pause = std::min(pause * 2, std::max(first, kLongestPause));
    }
  }

  // One connection, until it ends; why it did.
  net::awaitable<std::string> once() {
    SourceHealth& health = source_->health();
    std::string failed = co_await connection_->open();
    if (!failed.empty()) co_return failed;
    health.peer = connection_->peer();
    health.open = 1;
    ++health.connections;
    source_->reconnected();
    const auto dialogue = make_dialogue(source_->framing(), source_->config());
    health.become(dialogue->ready() ? "connected" : "logging in", dialogue->ready(), wall_now());
    Reader reader(*source_);
    std::string bytes;
    std::string send = dialogue->greeting();
    question_.clear();
    for (;;) {
      if (!send.empty()) {
        const auto error = co_await connection_->write(send);
        if (error) co_return "disconnected: " + error.message();
        send.clear();
      }
      while (!source_->room() && !stopped_) co_await room_.wait();
      if (stopped_) co_return "stopped";
      bytes.clear();
      last_heard_ = steady_now();
      const auto error = co_await connection_->read(bytes);
      last_heard_ = windows::kNever;
      if (error) {
        reader.closed();
        co_return error == net::error::eof ? "disconnected" : "disconnected: " + error.message();
      }
      reader.feed(bytes, [&](std::string_view message) {
        Dialogue::Step step = dialogue->heard(message);
        send += step.send;
        if (!step.failed.empty()) failed = step.failed;
        heard_ = heard_ || dialogue->ready();
        return step.ours;
      });
      if (!failed.empty()) co_return failed;
      question_ = dialogue->keep_alive();
      const std::string refused = dialogue->refused();
      if (dialogue->ready()) {
        health.become(refused.empty() ? "connected" : "connected, but " + refused, refused.empty(), wall_now());
      }
    }
  }

  // A connection that died without a word looks like a quiet one. Who can be asked is; of others TCP itself finds out.
  void ask_if_quiet() {
    if (last_heard_ == windows::kNever || question_.empty()) return;
    const Time quiet = steady_now() - last_heard_;
    if (quiet >= 2 * kQuietTime) return connection_->close();
    if (quiet < kQuietTime || asked_at_ == last_heard_) return;
    asked_at_ = last_heard_;
    net::co_spawn(io_, ask(connection_, question_), net::detached);
  }
  static net::awaitable<void> ask(std::shared_ptr<SourceConnection> connection, std::string question) {
    co_await connection->write(question);
  }

  std::shared_ptr<Source> source_;
  net::steady_timer pause_;
  Room room_;
  net::io_context& io_;
  std::shared_ptr<SourceConnection> connection_;
  bool heard_ = false;  // this connection was of use
  std::string question_;
  Time last_heard_ = windows::kNever;  // steady; kNever: we are not listening now
  Time asked_at_ = windows::kNever;
  bool stopped_ = false;
};

// ---- they connect -------------------------------------------------------------------------------------------

class ListenInlet : public SourceInlet, public std::enable_shared_from_this<ListenInlet> {
 public:
  ListenInlet(net::io_context& io, std::shared_ptr<Source> source)
      : io_(io), source_(std::move(source)), acceptor_(io), room_(io) {}

  void start() override {
    const std::weak_ptr<ListenInlet> self = weak_from_this();
    source_->when_room([self] {
      if (const auto inlet = self.lock()) inlet->room_.changed();
    });
    open();
  }
  void tick() override {
    if (!acceptor_.is_open() && !stopped_ && steady_now() >= try_again_) open();
  }
  void stop() override {
    stopped_ = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    for (tcp::socket* socket : sockets_) socket->close(ignored);
    room_.changed();
  }
  std::uint16_t port() const override {
    boost::system::error_code ignored;
    return acceptor_.is_open() ? acceptor_.local_endpoint(ignored).port() : std::uint16_t{0};
  }

 private:
  void open() {
    const SourceConfig& config = source_->config();
    SourceHealth& health = source_->health();
    boost::system::error_code error;
    const auto address = net::ip::make_address(config.host, error);
    const tcp::endpoint endpoint(address, config.port);
    if (!error) acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(net::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(net::socket_base::max_listen_connections, error);
    if (error) {
      health.become("cannot listen on " + text_of(endpoint) + ": " + error.message(), false, wall_now());
      boost::system::error_code ignored;
      acceptor_.close(ignored);
      try_again_ = steady_now() + 1'000;
      return;
    }
    health.become("listening on " + text_of(acceptor_.local_endpoint(error)), true, wall_now());
    accept_next();
  }

  void accept_next() {
    acceptor_.async_accept([self = shared_from_this()](boost::system::error_code error, tcp::socket socket) {
      if (self->stopped_ || error == net::error::operation_aborted) return;
      if (error) {
        // Out of descriptors, most likely.
        boost::system::error_code ignored;
        self->acceptor_.close(ignored);
        self->try_again_ = steady_now() + 1'000;
        return;
      }
      if (self->sockets_.size() >= kMaxConnections) {
        ++self->source_->health().turned_away;
      } else {
        net::co_spawn(self->io_, serve(self, std::move(socket)), net::detached);
      }
      self->accept_next();
    });
  }

  static net::awaitable<void> serve(std::shared_ptr<ListenInlet> self, tcp::socket socket) {
    SourceHealth& health = self->source_->health();
    self->sockets_.insert(&socket);
    boost::system::error_code ignored;
    socket.set_option(net::socket_base::keep_alive(true), ignored);
    const auto peer = socket.remote_endpoint(ignored);
    if (!ignored) health.peer = text_of(peer);
    ++health.connections;
    health.open = self->sockets_.size();
    Reader reader(*self->source_);
    std::array<char, kReadAtOnce> buffer;
    for (;;) {
      while (!self->source_->room() && !self->stopped_) co_await self->room_.wait();
      if (self->stopped_) break;
      const auto [error, n] = co_await socket.async_read_some(net::buffer(buffer), kToken);
      if (error) {
        if (!self->stopped_) reader.closed();
        break;
      }
      reader.feed({buffer.data(), n}, [](std::string_view) { return false; });
    }
    self->sockets_.erase(&socket);
    health.open = self->sockets_.size();
  }

  net::io_context& io_;
  std::shared_ptr<Source> source_;
  tcp::acceptor acceptor_;
  Room room_;
  std::set<tcp::socket*> sockets_;
  Time try_again_ = 0;  // steady
  bool stopped_ = false;
};

}  // namespace

std::shared_ptr<SourceInlet> connect_to(net::io_context& io, std::shared_ptr<Source> source) {
  return std::make_shared<ClientInlet>(io, std::move(source));
}

std::shared_ptr<SourceInlet> listen_for(net::io_context& io, std::shared_ptr<Source> source) {
  return std::make_shared<ListenInlet>(io, std::move(source));
}

std::shared_ptr<SourceInlet> make_inlet(net::io_context& io, const std::shared_ptr<Source>& source) {
  switch (source->config().inlet) {
    case Inlet::file:
      return follow_file(io, source);
    case Inlet::files:
      return follow_folder(io, source);
    case Inlet::connect:
      return connect_to(io, source);
    case Inlet::listen:
      return listen_for(io, source);
    case Inlet::none:
    case Inlet::http:
      break;
  }
  return nullptr;
}

}  // namespace server
