#include "server/stream.h"

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <utility>

#include <boost/asio/ip/tcp.hpp>

#include "server/client_message.h"
#include "server/clock.h"
#include "server/json_text.h"

namespace server {
namespace {

namespace net = boost::asio;

constexpr std::size_t kMessageLimit = 16 * 1024;
constexpr double kPerSecond = 20;
constexpr double kBurst = 40;
constexpr int kUnsentLimit = 16 * 1024;  // more than this unsent in the kernel is stale numbers
constexpr Time kFirstSubscription = 10'000;
constexpr Time kSlow = 10'000;
constexpr Time kClosing = 2'000;
constexpr std::size_t kOwnFrames = 64;  // answers waiting to be written
constexpr std::size_t kGather = 16;

void tune(int socket) {
  const int on = 1;
  const int unsent = kUnsentLimit;
  const int gone_after_ms = 15'000;
  setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
  setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &gone_after_ms, sizeof gone_after_ms);
}

// TCP_NOTSENT_LOWAT only tells when to wake us; send() would still take megabytes.
bool kernel_has_room(int socket) {
  int unsent = 0;
  return ioctl(socket, SIOCOUTQNSD, &unsent) != 0 || unsent < kUnsentLimit;
}

net::ip::tcp protocol_of(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return address.ss_family == AF_INET6 ? net::ip::tcp::v6() : net::ip::tcp::v4();
}

std::string deadlines_message(std::int64_t id, const DeadlineUpdate& update) {
  std::string json = R"({"t":"deadlines","id":)" + std::to_string(id) + R"(,"scope":)";
  append_string(json, update.watch.scope);
  json += R"(,"asof":)";
  append_instant(json, update.asof);
  json += R"(,"total":)" + std::to_string(update.total) + R"(,"overdue":)" + std::to_string(update.overdue);
  return json + R"(,"list":)" + update.list + "}";
}

}  // namespace

struct Stream::Io {
  explicit Io(net::io_context& io, int native) : socket(io, protocol_of(native), native) {
    boost::system::error_code ignored;
    socket.non_blocking(true, ignored);
  }
  net::ip::tcp::socket socket;
};

std::shared_ptr<Stream> Stream::open(net::io_context& io, int socket, Tenant& tenant, StreamOwner& owner,
                                     std::string hello, std::string_view leftover, std::size_t subscriptions) {
  auto stream = std::make_shared<Stream>(io, socket, tenant, owner, subscriptions);
  stream->start(std::move(hello), leftover);
  return stream;
}

Stream::Stream(net::io_context& io, int socket, Tenant& tenant, StreamOwner& owner, std::size_t subscriptions)
    : tenant_(tenant),
      owner_(owner),
      max_subscriptions_(subscriptions),
      io_(std::make_unique<Io>(io, socket)),
      reader_(kMessageLimit),
      opened_(steady_now()) {
  tune(socket);
  id_ = tenant.hub->join(opened_);
}

Stream::~Stream() = default;

void Stream::start(std::string hello, std::string_view leftover) {
  // What came with the handshake is read once the owner knows this stream.
  say(hello);
  net::post(io_->socket.get_executor(), [self = shared_from_this(), bytes = std::string(leftover)] {
    self->consume(bytes);
    self->read_more();
  });
}

void Stream::read_more() {
  if (ended_) return;
  io_->socket.async_wait(net::ip::tcp::socket::wait_read, [self = shared_from_this()](boost::system::error_code error) {
    if (error) return self->end();
    self->on_readable();
  });
}

void Stream::on_readable() {
  static thread_local std::array<char, 16 * 1024> buffer;  // idle connections hold no buffer
  boost::system::error_code error;
  const std::size_t n = io_->socket.read_some(net::buffer(buffer), error);
  if (error == net::error::would_block || error == net::error::try_again) return read_more();
  if (error) return end();
  consume(std::string_view(buffer.data(), n));
  read_more();
}

void Stream::consume(std::string_view bytes) {
  if (ended_ || closing_since_ != 0) return;
  reader_.feed(bytes);
  while (!ended_ && closing_since_ == 0) {
    std::optional<Message> message = reader_.next();
    if (!message) break;
    on_message(std::move(*message));
  }
  if (reader_.failure() != 0) close(reader_.failure(), "");
}

bool Stream::within_rate() {
  const Time now = steady_now();
  allowance_ = std::min(kBurst, allowance_ + kPerSecond * static_cast<double>(now - rate_at_) / 1'000);
  rate_at_ = now;
  allowance_ -= 1;
  return allowance_ >= 0;
}

void Stream::on_message(Message message) {
  if (!within_rate()) return close(kCloseRate, "more than 20 messages a second");
  switch (message.opcode) {
    case Opcode::ping: {
      std::string pong;
      append_frame(pong, Opcode::pong, message.payload);
      enqueue(std::make_shared<const std::string>(std::move(pong)));
      flush();
      return;
    }
    case Opcode::close:
      return close(1000, "");
    case Opcode::text:
      return on_text(message.payload);
    default:
      return;
  }
}

void Stream::on_text(std::string_view json) {
  std::optional<std::int64_t> id;
  auto message = parse_client_message(json, id);
  if (!message) return refuse(id, message.error());
  switch (message->op) {
    case ClientMessage::Op::sub:
      return subscribe(*message);
    case ClientMessage::Op::resync:
      if (!tenant_.hub->resync(id_, message->view, steady_now())) break;
      answer(message->id);
      return owner_.serve(tenant_);
    case ClientMessage::Op::alerts:
      return read_alerts(*message);
    case ClientMessage::Op::deadlines:
      return read_deadlines(*message);
    case ClientMessage::Op::leave_alerts:
      if (!alerts_) break;
      alerts_.reset();
      return answer(message->id);
    case ClientMessage::Op::leave_deadlines:
      if (!deadlines_) break;
      stop_deadlines();
      return answer(message->id);
    case ClientMessage::Op::unsub:
      if (!tenant_.hub->unsubscribe(id_, message->view)) break;
      return answer(message->id);
  }
  refuse(id, {"not_subscribed", "this connection has no such subscription", ""});
}

void Stream::read_alerts(const ClientMessage& message) {
  subscribed_once_ = true;
  answer(message.id);
  alerts_ = AlertReader{message.after, {}};
  flush();
}

void Stream::read_deadlines(const ClientMessage& message) {
  const DeadlineWatch watch{message.scope, message.limit};
  const core::Status watched = owner_.watch_deadlines(tenant_, watch);
  if (!watched) return refuse(message.id, watched.error());
  stop_deadlines();
  subscribed_once_ = true;
  answer(message.id);
  deadlines_ = DeadlineReader{message.id, watch, 0};
  flush();
}

void Stream::stop_deadlines() {
  if (deadlines_) owner_.unwatch_deadlines(tenant_, deadlines_->watch);
  deadlines_.reset();
}

bool Stream::next_of_feeds() {
  std::vector<Payload> next;
  if (alerts_ && tenant_.alerts.started() && alerts_->place.line == 0) {
    next = tenant_.alerts.begin(alerts_->after, alerts_->place);
  } else if (alerts_) {
    next = tenant_.alerts.next(alerts_->place, kGather);
  }
  if (next.empty() && deadlines_) {
    const WatchedDeadlines& watched = tenant_.deadlines.at(deadlines_->watch);
    if (watched.version > deadlines_->version) {
      deadlines_->version = watched.version;
      const std::string json = deadlines_message(deadlines_->id, watched.newest);
      next.push_back(std::make_shared<const std::string>(text_frame(json)));
    }
  }
  for (Payload& payload : next) out_.push_back(std::move(payload));
  return !next.empty();
}

void Stream::subscribe(const ClientMessage& message) {
  if (tenant_.hub->subscriptions(id_) >= max_subscriptions_) {
    return refuse(message.id, {"too_many_subscriptions", "this connection has its limit of views", ""});
  }
  if (!message.definition) return subscribed(message, message.view);
  const std::string key = Tenants::client_view_key(*message.definition);
  owner_.open_view(tenant_, *message.definition, [self = shared_from_this(), message, key](core::Status opened) {
    if (self->ended_) return;
    if (!opened) return self->refuse(message.id, opened.error());
    self->subscribed(message, key);
  });
}

void Stream::subscribed(const ClientMessage& message, const std::string& key) {
  const core::Status status = tenant_.hub->subscribe(id_, key, message.hz, message.from, steady_now());
  if (!status) return refuse(message.id, status.error());
  subscribed_once_ = true;
  answer(message.id);
  owner_.serve(tenant_);
}

void Stream::answer(std::int64_t id) { say(R"({"t":"ok","id":)" + std::to_string(id) + "}"); }

void Stream::refuse(std::optional<std::int64_t> id, const core::Error& error) {
  std::string out = R"({"t":"err","id":)";
  out += id ? std::to_string(*id) : "null";
  out += R"(,"code":)";
  append_string(out, error.code);
  out += R"(,"message":)";
  append_string(out, error.where.empty() ? error.message : error.where + ": " + error.message);
  out += '}';
  say(out);
}

void Stream::say(std::string_view json) {
  enqueue(std::make_shared<const std::string>(text_frame(json)));
  flush();
}

void Stream::enqueue(Payload payload) {
  if (ended_ || closing_since_ != 0) return;
  if (out_.size() - std::min(out_.size(), hub_frames_) >= kOwnFrames) return close(kCloseSlow, "answers are not read");
  out_.push_back(std::move(payload));
}

void Stream::send(std::vector<Payload> payloads) {
  if (ended_ || closing_since_ != 0) return;
  hub_frames_ += payloads.size();
  for (Payload& payload : payloads) out_.push_back(std::move(payload));
  flush();
}

void Stream::flush() {
  if (ended_ || waiting_) return;
  while (!out_.empty()) {
    if (write_some()) continue;
    if (!ended_) wait_writable();
    return;
  }
  blocked_since_ = 0;
  if (closing_since_ != 0) {
    boost::system::error_code ignored;
    io_->socket.shutdown(net::ip::tcp::socket::shutdown_send, ignored);
    return;
  }
  if (hub_frames_ != 0) {
    hub_frames_ = 0;
    tenant_.hub->written(id_, steady_now());
  }
  if (next_of_feeds()) flush();
}

bool Stream::write_some() {
  if (!kernel_has_room(io_->socket.native_handle())) return false;
  std::array<net::const_buffer, kGather> buffers;  // empty ones cost nothing
  for (std::size_t i = 0; i < std::min(out_.size(), kGather); ++i) buffers[i] = net::buffer(*out_[i]);
  buffers[0] += written_;
  boost::system::error_code error;
  std::size_t sent = io_->socket.write_some(buffers, error);
  if (error == net::error::would_block || error == net::error::try_again) return false;
  if (error) {
    end();
    return false;
  }
  sent += written_;
  std::size_t whole = 0;
  while (whole < out_.size() && sent >= out_[whole]->size()) sent -= out_[whole++]->size();
  out_.erase(out_.begin(), out_.begin() + static_cast<std::ptrdiff_t>(whole));
  written_ = sent;
  return true;
}

void Stream::wait_writable() {
  waiting_ = true;
  if (blocked_since_ == 0) blocked_since_ = steady_now();
  io_->socket.async_wait(net::ip::tcp::socket::wait_write,
                         [self = shared_from_this()](boost::system::error_code error) {
                           self->waiting_ = false;
                           if (error) return self->end();
                           const bool hub_waited = self->hub_frames_ > 0;
                           self->flush();
                           if (hub_waited && self->hub_frames_ == 0 && !self->ended_) self->owner_.serve(self->tenant_);
                         });
}

void Stream::close(std::uint16_t code, std::string_view reason) {
  if (ended_ || closing_since_ != 0) return;
  // Whole frames that were not begun are not worth sending any more.
  if (!out_.empty()) out_.erase(out_.begin() + (written_ > 0 ? 1 : 0), out_.end());
  close_after_writing(code, reason);
}

void Stream::close_after_writing(std::uint16_t code, std::string_view reason) {
  if (ended_ || closing_since_ != 0) return;
  out_.push_back(std::make_shared<const std::string>(close_frame(code, reason)));
  closing_since_ = steady_now();
  close_code_ = code;
  flush();
}

void Stream::check(Time now) {
  if (ended_) return;
  if (closing_since_ != 0) {
    if (now - closing_since_ > kClosing) end();
    return;
  }
  if (blocked_since_ != 0 && now - blocked_since_ > kSlow) return close(kCloseSlow, "not reading");
  if (!subscribed_once_ && now - opened_ > kFirstSubscription) close(kCloseMisuse, "no subscription in 10 s");
}

void Stream::end() {
  if (ended_) return;
  ended_ = true;
  out_.clear();
  boost::system::error_code ignored;
  io_->socket.close(ignored);
  const auto self = shared_from_this();
  stop_deadlines();
  owner_.ended(tenant_, id_, close_code_);
}

}  // namespace server
