// One HTTP connection, as a coroutine.
#include <sys/socket.h>

#include <chrono>
#include <ctime>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "server/clock.h"
#include "server/gzip.h"
#include "server/handshake.h"
#include "server/http.h"
#include "server/problem.h"
#include "server/request_guard.h"

// g++ 12 takes the coroutine frame's own operator delete for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace server {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using namespace std::chrono_literals;

constexpr auto kToken = net::as_tuple(net::use_awaitable);
constexpr auto kHeadTime = 10s;
constexpr auto kIdleTime = 60s;
constexpr auto kBodyPause = 10s;  // between two pieces of a body
constexpr auto kBodyTime = 120s;  // for all of it
constexpr auto kWriteTime = 30s;
constexpr std::uint64_t kMaxRequests = 10'000;  // per connection
constexpr std::size_t kReadAtOnce = 16 * 1024;

using Parser = http::request_parser<http::string_body>;

struct Connection {
  Connection(Site& where, net::ip::tcp::socket socket)
      : site(where), metrics(where.metrics), stream(std::move(socket)) {
    ++metrics.connections;
  }
  // When the process ends, the coroutine goes with the io_context: after the site, before the metrics.
  ~Connection() { --metrics.connections; }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Site& site;
  ProcessMetrics& metrics;
  beast::tcp_stream stream;
  beast::flat_buffer buffer{kMaxHeadBytes + 2 * kReadAtOnce};
  std::uint64_t requests = 0;
};

std::string_view unread(const beast::flat_buffer& buffer) {
  return {static_cast<const char*>(buffer.data().data()), buffer.size()};
}

std::string http_date() {
  char text[40];
  const std::time_t now = wall_now() / 1'000;
  std::tm utc{};
  gmtime_r(&now, &utc);
  const std::size_t n = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return {text, n};
}

// The answer's head. Problems get the request's id into their body.
std::string head_of(Response& response, const std::string& id, bool keep_alive) {
  if (response.content_type == "application/problem+json" && !response.body.empty()) {
    response.body.pop_back();
    response.body.append(R"(,"request_id":")").append(id).append("\"}");
  }
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head.append(reason_phrase(response.status)).append("\r\n");
  const auto field = [&](std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
  };
  bool caching = false;
  bool connection = false;
  for (const auto& [name, value] : response.headers) {
    field(name, value);
    caching = caching || name == "Cache-Control";
    connection = connection || name == "Connection";
  }
  if (!caching) field("Cache-Control", "no-store");
  if (!keep_alive && !connection) field("Connection", "close");
  if (response.status != 304) {
    field("Content-Type", response.content_type);
    field("Content-Length", std::to_string(response.bytes().size()));
  }
  field("Date", http_date());
  field("X-Request-Id", id);
  field("X-Content-Type-Options", "nosniff");
  field("Referrer-Policy", "no-referrer");
  field("Cross-Origin-Resource-Policy", "same-origin");
  head += "\r\n";
  return head;
}

net::awaitable<bool> write(Connection& connection, Response response, const std::string& id, bool keep_alive,
                           bool body) {
  ++connection.site.metrics.responses[static_cast<std::size_t>(response.status / 100) % 6];
  const std::string head = head_of(response, id, keep_alive);
  const std::string_view bytes = body ? response.bytes() : std::string_view();
  std::array<net::const_buffer, 2> buffers;
  buffers[0] = net::buffer(head);
  buffers[1] = net::buffer(bytes.data(), bytes.size());
  connection.stream.expires_after(kWriteTime);
  const auto [error, n] = co_await net::async_write(connection.stream, buffers, kToken);
  co_return !error;
}

// Lets an answer arrive although the peer may still be sending: a close with unread input would reset it away.
net::awaitable<void> linger(Connection& connection) {
  boost::system::error_code ignored;
  connection.stream.socket().shutdown(net::ip::tcp::socket::shutdown_send, ignored);
  connection.stream.expires_after(1s);
  for (std::size_t total = 0; total < 1u << 20;) {
    connection.buffer.clear();
    const auto space = connection.buffer.prepare(kReadAtOnce);
    const auto [error, n] = co_await connection.stream.async_read_some(space, kToken);
    if (error) break;
    total += n;
  }
}

net::awaitable<void> refuse(Connection& connection, Response response, const std::string& id) {
  const bool written = co_await write(connection, std::move(response), id, false, true);
  if (written) co_await linger(connection);
}

// Until a whole head is in the buffer. Its length; 0: the peer went, or was too slow; more than kMaxHeadBytes: too
// long.
net::awaitable<std::size_t> read_head(Connection& connection) {
  connection.stream.expires_after(connection.requests == 0 ? kHeadTime : kIdleTime);
  bool begun = false;
  while (true) {
    const std::size_t length = head_length(unread(connection.buffer));
    if (length > 0) co_return length;
    if (connection.buffer.size() > kMaxHeadBytes) co_return connection.buffer.size();
    if (connection.buffer.size() > 0 && !begun) {
      begun = true;
      connection.stream.expires_after(kHeadTime);
    }
    const auto space = connection.buffer.prepare(4'096);
    const auto [error, n] = co_await connection.stream.async_read_some(space, kToken);
    if (error) co_return 0;
    connection.buffer.commit(n);
  }
}

// Reads the body. A status to refuse with, 0 when all is well, -1 when the peer has gone.
net::awaitable<int> read_body(Connection& connection, Parser& parser) {
  beast::tcp_stream& stream = connection.stream;
  beast::flat_buffer& buffer = connection.buffer;
  if (parser.is_done()) co_return 0;
  if (http::token_list(parser.get()[http::field::expect]).exists("100-continue") && buffer.size() == 0) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    stream.expires_after(kWriteTime);
    const auto [error, n] = co_await net::async_write(stream, net::buffer(kContinue), kToken);
    if (error) co_return -1;
  }
  const auto fields = std::distance(parser.get().begin(), parser.get().end());
  auto no_extensions = [](std::uint64_t, beast::string_view extensions, boost::system::error_code& error) {
    if (!extensions.empty()) error = http::error::bad_chunk_extension;
  };
  parser.on_chunk_header(no_extensions);
  const auto deadline = std::chrono::steady_clock::now() + kBodyTime;
  while (!parser.is_done()) {
    stream.expires_at(std::min(deadline, std::chrono::steady_clock::now() + kBodyPause));
    const auto [error, n] = co_await http::async_read_some(stream, buffer, parser, kToken);
    if (error == http::error::body_limit) co_return 413;
    if (error == beast::error::timeout) co_return 408;
    if (error == http::error::end_of_stream || error == http::error::partial_message) co_return -1;
    if (error.category() == http::make_error_code(http::error::end_of_stream).category()) co_return 400;
    if (error) co_return -1;
  }
  co_return std::distance(parser.get().begin(), parser.get().end()) == fields ? 0 : 400;  // trailers
}

core::Result<Request> request_of(Parser& parser, const std::string& id) {
  auto& message = parser.get();
  Request request;
  request.id = id;
  request.received_us = steady_us();
  request.method = std::string(message.method_string());
  for (const auto& field : message) {
    std::string name(field.name_string());
    for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    request.headers.emplace_back(std::move(name), std::string(field.value()));
  }
  const std::string_view target(message.target().data(), message.target().size());
  request.target = target;
  const std::size_t mark = target.find('?');
  if (!decode_percent(target.substr(0, mark), false, request.path))
    return core::Error{"bad_target", "the path is not valid UTF-8 in percent-encoding", ""};
  if (mark != std::string_view::npos && !parse_query(target.substr(mark + 1), request.query)) {
    return core::Error{"bad_query", "the query is malformed or names a parameter twice", ""};
  }
  request.body = std::move(message.body());
  return request;
}

// A body that came packed becomes what it holds.
core::Status unpack(Request& request, std::size_t most) {
  const std::string_view encoding = request.header("content-encoding");
  if (encoding.empty() || beast::iequals(encoding, "identity")) return core::Done{};
  auto body = unpacked(request.body, most);
  if (!body) return body.error();
  request.body = std::move(*body);
  return core::Done{};
}

net::awaitable<Response> answer(Site& site, Request request) {
  const auto executor = co_await net::this_coro::executor;
  auto start = [&site, &request, executor](auto handler) {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    site.rest.handle(std::move(request), [shared, executor](Response response) {
      // Never inside the call that asked: a coroutine cannot be resumed before it is suspended.
      net::post(executor,
                [shared, response = std::move(response)]() mutable { std::move (*shared)(std::move(response)); });
    });
  };
  co_return co_await net::async_initiate<const net::use_awaitable_t<>, void(Response)>(start, net::use_awaitable);
}

// True when the connection became a stream.
net::awaitable<bool> upgrade(Connection& connection, const Request& request) {
  Site& site = connection.site;
  Handshake handshake = answer_handshake(request, site.config.listen.origins);
  const auto name = request.query.find("tenant");
  Tenant* tenant = site.tenants.find(name == request.query.end() ? "" : name->second);
  if (tenant == nullptr) handshake.refusal = problem(404, "unknown_tenant", "there is no tenant of that name");
  if (site.draining) handshake.refusal = try_later(503, "draining", "the server is stopping", 5);
  if (handshake.refusal.status != 101) {
    co_await refuse(connection, std::move(handshake.refusal), request.id);
    co_return false;
  }
  connection.stream.expires_after(kWriteTime);
  const auto [error, n] = co_await net::async_write(connection.stream, net::buffer(handshake.answer), kToken);
  if (error) co_return false;
  ++site.metrics.responses[1];
  const std::string leftover(unread(connection.buffer));
  boost::system::error_code released;
  const int native = connection.stream.release_socket().release(released);
  if (!released) site.fanout.open(native, *tenant, leftover);
  co_return true;
}

// One request and its answer. False: the connection is over.
net::awaitable<bool> exchange(Connection& connection) {
  Site& site = connection.site;
  const std::size_t length = co_await read_head(connection);
  if (length == 0) co_return false;
  ++connection.requests;
  const std::string id = site.epoch + "-" + std::to_string(++site.requests);
  std::optional<HeadProblem> bad;
  if (length > kMaxHeadBytes) {
    bad = HeadProblem{431, "the head is longer than 8 KiB"};
  } else {
    bad = judge_head(unread(connection.buffer).substr(0, length));
  }
  if (bad) {
    co_await refuse(connection, problem(bad->status, "bad_request", bad->detail), id);
    co_return false;
  }
  Parser parser;
  parser.body_limit(site.config.limits.body_bytes);
  boost::system::error_code error;
  const auto whole_head = net::buffer(connection.buffer.data(), length);
  const std::size_t used = parser.put(whole_head, error);
  connection.buffer.consume(used);
  int status = error == http::error::body_limit ? 413 : error || !parser.is_header_done() ? 400 : 0;
  if (status == 0) status = co_await read_body(connection, parser);
  if (status < 0) co_return false;
  // Of a head that was refused, too, as far as it was read.
  const std::string firehose(parser.get()["X-Amz-Firehose-Request-Id"]);
  const auto worded = [&firehose](Response response) {
    const bool problem = response.content_type == "application/problem+json";
    return problem && !firehose.empty() ? firehose_problem(response, firehose, wall_now()) : response;
  };
  if (status > 0) {
    const char* code = status == 413 ? "too_large" : status == 408 ? "too_slow" : "bad_request";
    co_await refuse(connection, worded(problem(status, code, "the body is too large, too slow or malformed")), id);
    co_return false;
  }
  const bool keep_alive = parser.keep_alive() && !site.draining && connection.requests < kMaxRequests;
  auto request = request_of(parser, id);
  if (!request) {
    co_await refuse(connection, worded(problem(request.error())), id);
    co_return false;
  }
  if (request->path == "/v1/stream") {
    co_await upgrade(connection, *request);
    co_return false;
  }
  const bool head_only = request->method == "HEAD";
  const core::Status plain = unpack(*request, site.config.limits.body_bytes);
  Response response;
  if (plain) {
    response = co_await answer(site, std::move(*request));
  } else {
    response = problem(plain.error());
  }
  const bool written = co_await write(connection, worded(std::move(response)), id, keep_alive, !head_only);
  co_return written&& keep_alive;
}

net::awaitable<void> serve(Site& site, int native) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  getsockname(native, reinterpret_cast<sockaddr*>(&address), &size);
  const auto protocol = address.ss_family == AF_INET6 ? net::ip::tcp::v6() : net::ip::tcp::v4();
  Connection connection(site, net::ip::tcp::socket(site.io, protocol, native));
  boost::system::error_code ignored;
  connection.stream.socket().set_option(net::ip::tcp::no_delay(true), ignored);
  if (site.metrics.connections + site.metrics.streams > site.config.limits.connections) {
    ++site.metrics.turned_away;
    co_await refuse(connection, try_later(503, "too_many_connections", "the server has its limit of connections", 2),
                    "-");
    co_return;
  }
  while (co_await exchange(connection)) {
  }
}

}  // namespace

void open_session(Site& site, int socket) { net::co_spawn(site.io, serve(site, socket), net::detached); }

}  // namespace server
