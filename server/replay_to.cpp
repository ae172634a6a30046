#include "server/replay_to.h"

#include <cstdio>
#include <thread>
#include <utility>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "server/clock.h"

namespace server {
namespace {

namespace net = boost::asio;
namespace http = boost::beast::http;

constexpr std::size_t kLines = 2'000;
constexpr std::size_t kBytes = 1u << 20;

struct Target {
  std::string host, port, path;
};

core::Result<Target> parse_url(const std::string& url, const std::string& tenant) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) return core::Error{"bad_usage", "'--to' must begin with http://", ""};
  std::string host = url.substr(kScheme.size());
  host = host.substr(0, host.find('/'));
  const std::size_t colon = host.rfind(':');
  Target target;
  target.host = host.substr(0, colon);
  target.port = colon == std::string::npos ? "80" : host.substr(colon + 1);
  target.path = "/v1/events?source=replay" + (tenant.empty() ? "" : "&tenant=" + tenant);
  if (target.host.empty() || target.port.empty()) return core::Error{"bad_usage", "'--to' names no host", ""};
  return target;
}

// One connection; blocking.
class Sender {
 public:
  explicit Sender(Target target) : target_(std::move(target)), socket_(io_) {}

  core::Status connect() {
    boost::system::error_code error;
    net::ip::tcp::resolver resolver(io_);
    const auto found = resolver.resolve(target_.host, target_.port, error);
    if (!error) net::connect(socket_, found, error);
    if (error) return core::Error{"cannot_connect", target_.host + ":" + target_.port + ": " + error.message(), ""};
    return core::Done{};
  }

  core::Status send(const std::string& body) {
    while (true) {
      http::request<http::string_body> request(http::verb::post, target_.path, 11);
      request.set(http::field::host, target_.host + ":" + target_.port);
      request.set(http::field::content_type, "application/x-ndjson");
      request.body() = body;
      request.prepare_payload();
      boost::system::error_code error;
      http::write(socket_, request, error);
      http::response<http::string_body> response;
      if (!error) http::read(socket_, buffer_, response, error);
      if (error) return core::Error{"cannot_connect", "the connection broke: " + error.message(), ""};
      const unsigned status = response.result_int();
      if (status == 200) return core::Done{};
      if (status != 429 && status != 503) return core::Error{"refused", response.body(), ""};
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
  }

 private:
  Target target_;
  net::io_context io_;
  net::ip::tcp::socket socket_;
  boost::beast::flat_buffer buffer_;
};

}  // namespace

core::Status replay_to(const std::string& url, const std::string& tenant, const Recording& recording,
                       const ReplayPace& pace) {
  auto target = parse_url(url, tenant);
  if (!target) return target.error();
  Sender sender(std::move(*target));
  const core::Status connected = sender.connect();
  if (!connected) return connected;

  const auto& items = recording.items();
  const windows::Time begun = steady_now();
  windows::Time shown = begun;
  std::string body;
  for (std::size_t at = 0; at < items.size();) {
    body.clear();
    const auto passed = static_cast<core::Duration>(static_cast<double>(steady_now() - begun) * pace.speed);
    const core::Time until = recording.first() + passed;
    std::size_t lines = 0;
    for (; at < items.size() && lines < kLines && body.size() < kBytes; ++at, ++lines) {
      if (pace.speed > 0 && items[at].time > until) break;
      body.append(recording.line(items[at])).append(1, '\n');
    }
    if (lines == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      continue;
    }
    const core::Status sent = sender.send(body);
    if (!sent) return sent;
    if (at == items.size() || steady_now() - shown >= 1'000) {
      shown = steady_now();
      std::fprintf(stderr, "%zu of %zu items sent\n", at, items.size());
    }
  }
  return core::Done{};
}

}  // namespace server
