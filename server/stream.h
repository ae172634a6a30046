// Stream: one WebSocket connection after its handshake. It reads what the client asks for, and writes what the
// hub has for it: straight into the kernel while that has room, and otherwise nothing until it has again.
// Per connection there is at most one unfinished write; what changes meanwhile waits as newer values in the hub.
// I/O thread only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/frames.h"
#include "server/hub.h"
#include "server/tenant.h"

namespace boost::asio {
class io_context;
}

namespace server {

struct ClientMessage;

// Who owns the streams: told when one ends or wants to be served.
class StreamOwner {
 public:
  virtual void ended(Tenant& tenant, SubscriberId id, std::uint16_t code) = 0;
  virtual void serve(Tenant& tenant) = 0;  // something may be due
  virtual void open_view(Tenant& tenant, const core::ViewDefinition& view, Shard::ViewCallback done) = 0;
  virtual core::Status watch_deadlines(Tenant& tenant, const DeadlineWatch& watch) = 0;
  virtual void unwatch_deadlines(Tenant& tenant, const DeadlineWatch& watch) = 0;

 protected:
  ~StreamOwner() = default;
};

class Stream : public std::enable_shared_from_this<Stream> {
 public:
  // Takes the socket over. `leftover`: bytes that came right behind the handshake.
  static std::shared_ptr<Stream> open(boost::asio::io_context& io, int socket, Tenant& tenant, StreamOwner& owner,
                                      std::string hello, std::string_view leftover, std::size_t subscriptions);
  Stream(boost::asio::io_context& io, int socket, Tenant& tenant, StreamOwner& owner, std::size_t subscriptions);
  ~Stream();

  SubscriberId id() const { return id_; }
  bool ended() const { return ended_; }
  void send(std::vector<Payload> payloads);  // what the hub has for this subscriber
  void say(std::string_view json);           // a message of its own
  // Sends a close frame and ends; at the latest when `check` finds it took too long. What waits to be written
  // is dropped, or goes out first.
  void close(std::uint16_t code, std::string_view reason);
  void close_after_writing(std::uint16_t code, std::string_view reason);
  void check(Time now);  // deadlines; about once a second
  // Writes what waits, and then what there is of alerts and deadlines: only when the kernel has room, so that neither
  // waits here for one who does not read.
  void flush();

 private:
  struct Io;

  void start(std::string hello, std::string_view leftover);
  void read_more();
  void on_readable();
  void consume(std::string_view bytes);
  void on_message(Message message);
  void on_text(std::string_view json);
  void subscribe(const ClientMessage& message);
  void subscribed(const ClientMessage& message, const std::string& key);
  void answer(std::int64_t id);
  void refuse(std::optional<std::int64_t> id, const core::Error& error);
  bool within_rate();
  void read_alerts(const ClientMessage& message);
  void read_deadlines(const ClientMessage& message);
  void stop_deadlines();
  bool next_of_feeds();  // false: there is nothing more
  void enqueue(Payload payload);
  bool write_some();  // false: the kernel is full, or the connection is gone
  void wait_writable();
  void end();

  Tenant& tenant_;
  StreamOwner& owner_;
  std::size_t max_subscriptions_;
  SubscriberId id_ = 0;
  std::unique_ptr<Io> io_;
  FrameReader reader_;
  std::vector<Payload> out_;    // not yet wholly written
  std::size_t written_ = 0;     // of out_[0]
  std::size_t hub_frames_ = 0;  // how many of out_ are the hub's; the hub waits for them
  Time opened_ = 0;
  Time blocked_since_ = 0;  // 0: not blocked
  Time closing_since_ = 0;  // 0: not closing
  Time rate_at_ = 0;
  double allowance_ = 40;
  struct AlertReader {
    std::optional<std::uint64_t> after;  // until it has been given something
    AlertFeed::Place place;
  };
  struct DeadlineReader {
    std::int64_t id = 0;  // of the request
    DeadlineWatch watch;
    std::uint64_t version = 0;  // that it was given last
  };
  std::optional<AlertReader> alerts_;
  std::optional<DeadlineReader> deadlines_;
  std::uint16_t close_code_ = 1006;
  bool subscribed_once_ = false;
  bool waiting_ = false;  // for the kernel to have room
  bool ended_ = false;
};

}  // namespace server
