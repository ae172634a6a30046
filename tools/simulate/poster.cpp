#include "tools/simulate/poster.h"

#include <utility>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>

namespace simulate {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;
using std::chrono::milliseconds;

constexpr milliseconds kTimeout{30'000};
constexpr milliseconds kFirstPause{250};
constexpr milliseconds kLongestPause{5'000};
constexpr milliseconds kStopCheck{100};

// The number after "name": in our own server's small answer; not worth a JSON parser.
std::uint64_t count_in(const std::string& body, std::string_view name) {
  const auto at = body.find(std::string("\"").append(name).append("\":"));
  if (at == std::string::npos) return 0;
  std::uint64_t value = 0;
  const char* from = body.data() + at + name.size() + 3;
  std::from_chars(from, body.data() + body.size(), value);
  return value;
}

}  // namespace

core::Result<Url> parse_url(const std::string& text) {
  constexpr std::string_view kScheme = "http://";
  if (!text.starts_with(kScheme)) {
    return core::Error{"bad_url", "an address looks like http://host:port", text};
  }
  const std::string rest = text.substr(kScheme.size());
  const auto slash = rest.find_first_of("/?");
  const std::string authority = rest.substr(0, slash);
  Url url;
  url.target = slash == std::string::npos ? "/v1/events" : rest.substr(slash);
  if (url.target == "/") url.target = "/v1/events";
  if (url.target.front() == '?') url.target.insert(0, "/v1/events");
  const auto colon = authority.rfind(':');
  const bool has_port = colon != std::string::npos && authority.find(']', colon) == std::string::npos;
  url.host = authority.substr(0, has_port ? colon : std::string::npos);
  url.port = has_port ? authority.substr(colon + 1) : "80";
  if (url.host.starts_with('[') && url.host.ends_with(']')) {
    url.host = url.host.substr(1, url.host.size() - 2);
  }
  if (url.host.empty() || url.port.empty()) {
    return core::Error{"bad_url", "an address looks like http://host:port", text};
  }
  return url;
}

struct Poster::Connection {
  Connection(Url where, const volatile std::sig_atomic_t& stopped)
      : url(std::move(where)), stop(stopped) {}

  // Runs one asynchronous operation to its end, so that time-outs work and a stop is noticed.
  template <class Start>
  boost::system::error_code run(Start start) {
    std::optional<boost::system::error_code> result;
    start([&result](boost::system::error_code ec, auto&&...) { result = ec; });
    io.restart();
    while (!result && stop == 0) {
      io.run_for(kStopCheck);
      if (!result) io.restart();
    }
    if (!result) {
      stream.reset();  // cancels; the handler must run before `result` is gone
      io.restart();
      io.run();
      return asio::error::operation_aborted;
    }
    return *result;
  }

  void pause(milliseconds length) {
    asio::steady_timer timer(io);
    timer.expires_after(length);
    run([&](auto done) {
      timer.async_wait([done](boost::system::error_code ec) mutable { done(ec); });
    });
    timer.cancel();
    io.restart();
    io.poll();
  }

  boost::system::error_code connect() {
    boost::system::error_code ec;
    asio::ip::tcp::resolver resolver(io);
    const auto addresses = resolver.resolve(url.host, url.port, ec);
    if (ec) return ec;
    stream.emplace(io);
    stream->expires_after(kTimeout);
    ec = run([&](auto done) { stream->async_connect(addresses, done); });
    if (ec) return ec;
    stream->socket().set_option(asio::ip::tcp::no_delay(true), ec);
    return ec;
  }

  // One exchange; a fresh connection when there is none.
  boost::system::error_code exchange(const Request& request, Response& response) {
    if (!stream) {
      if (const auto ec = connect()) {
        stream.reset();
        return ec;
      }
    }
    stream->expires_after(kTimeout);
    auto ec = run([&](auto done) { http::async_write(*stream, request, done); });
    beast::flat_buffer buffer;
    if (!ec) ec = run([&](auto done) { http::async_read(*stream, buffer, response, done); });
    if (ec || !response.keep_alive()) stream.reset();
    return ec;
  }

  Url url;
  const volatile std::sig_atomic_t& stop;
  asio::io_context io;
  std::optional<beast::tcp_stream> stream;
  Counts counts;
  std::string last_refusal;
};

Poster::Poster(Url url, const volatile std::sig_atomic_t& stop)
    : connection_(std::make_unique<Connection>(std::move(url), stop)) {}
Poster::~Poster() = default;
const Poster::Counts& Poster::counts() const { return connection_->counts; }
const std::string& Poster::last_refusal() const { return connection_->last_refusal; }

core::Status Poster::send(const std::string& ndjson) {
  Connection& c = *connection_;
  Request request(http::verb::post, c.url.target, 11);
  request.set(http::field::host, c.url.host + ":" + c.url.port);
  request.set(http::field::content_type, "application/x-ndjson");
  request.set(http::field::user_agent, "ringside-simulate");
  request.body() = ndjson;
  request.prepare_payload();

  milliseconds wait = kFirstPause;
  for (bool first = true; c.stop == 0; first = false) {
    if (!first) ++c.counts.retries;
    Response response;
    if (c.exchange(request, response)) {
      c.pause(wait);
      wait = std::min(wait * 2, kLongestPause);
      continue;
    }
    const unsigned status = response.result_int();
    if (status == 429 || status == 503) {
      const std::string told(response[http::field::retry_after]);
      unsigned seconds = 1;
      std::from_chars(told.data(), told.data() + told.size(), seconds);
      c.pause(milliseconds(1000 * std::clamp(seconds, 1u, 60u)));
      continue;
    }
    if (status != 200 && status != 202) {
      return core::Error{"refused", response.body(), std::to_string(status)};
    }
    ++c.counts.batches;
    const std::string& body = response.body();
    c.counts.accepted += count_in(body, "accepted");
    c.counts.unchanged += count_in(body, "unchanged");
    const std::uint64_t refused = count_in(body, "refused");
    c.counts.refused += refused;
    if (refused > 0) c.last_refusal = body;
    return core::Done{};
  }
  return core::Error{"stopped", "stopped before the server had answered", ""};
}

}  // namespace simulate
