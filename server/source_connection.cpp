#include "server/source_connection.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <optional>
#include <tuple>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "server/config_parts.h"

// g++ 12 takes the coroutine frame's own operator delete for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace server {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
using net::ip::tcp;
using namespace std::chrono_literals;

constexpr auto kToken = net::as_tuple(net::use_awaitable);
constexpr auto kConnectTime = 10s;
constexpr auto kWriteTime = 30s;
constexpr std::size_t kReadAtOnce = 16 * 1024;

bool is_address(const std::string& host) {
  boost::system::error_code error;
  net::ip::make_address(host, error);
  return !error;
}

// What we trust, as a context; an error is of the certificates.
core::Result<std::unique_ptr<net::ssl::context>> context_for(const std::string& pem) {
  auto context = std::make_unique<net::ssl::context>(net::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  boost::system::error_code error;
  if (pem.empty()) {
    context->set_default_verify_paths(error);
  } else {
    context->add_certificate_authority(net::buffer(pem), error);
    // One that is named is trusted though it is not its own issuer.
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context->native_handle()), X509_V_FLAG_PARTIAL_CHAIN);
  }
  if (error) return core::Error{"bad_certificates", error.message(), ""};
  context->set_verify_mode(net::ssl::verify_peer, error);
  if (error) return core::Error{"bad_certificates", error.message(), ""};
  return context;
}

}  // namespace

struct SourceConnection::Sockets {
  explicit Sockets(net::io_context& io) : resolver(io), clear(io), written(io) {}
  tcp::resolver resolver;
  beast::tcp_stream clear;
  std::unique_ptr<net::ssl::context> context;
  std::optional<net::ssl::stream<beast::tcp_stream&>> tls;
  net::steady_timer written;  // woken when `writing` ends
  bool writing = false;
  std::array<char, kReadAtOnce> buffer;
};

SourceConnection::SourceConnection(net::io_context& io, const SourceConfig& config)
    : config_(config), sockets_(std::make_unique<Sockets>(io)) {}

SourceConnection::~SourceConnection() = default;

net::awaitable<std::string> SourceConnection::open() {
  Sockets& s = *sockets_;
  const std::string port = std::to_string(config_.port);
  const auto [unknown, places] = co_await s.resolver.async_resolve(config_.host, port, kToken);
  if (unknown) co_return "cannot find " + config_.host + ": " + unknown.message();
  s.clear.expires_after(kConnectTime);
  const auto [refused, place] = co_await s.clear.async_connect(places, kToken);
  if (refused) co_return "cannot connect to " + config_.host + ":" + port + ": " + refused.message();
  boost::system::error_code ignored;
  s.clear.socket().set_option(net::socket_base::keep_alive(true), ignored);
  s.clear.socket().set_option(tcp::no_delay(true), ignored);
  if (config_.tls) co_return co_await shake_hands();
  co_return "";
}

net::awaitable<std::string> SourceConnection::shake_hands() {
  Sockets& s = *sockets_;
  const std::string where = config_.host + ":" + std::to_string(config_.port);
  auto context = context_for(config_.tls_ca);
  if (!context) co_return "cannot use the certificates to trust: " + context.error().message;
  s.context = std::move(*context);
  s.tls.emplace(s.clear, *s.context);
  SSL* ssl = s.tls->native_handle();
  const std::string name = config_.tls_name.empty() ? config_.host : config_.tls_name;
  X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const bool set = is_address(name) ? X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str()) == 1
                                    : X509_VERIFY_PARAM_set1_host(wanted, name.data(), name.size()) == 1 &&
                                          SSL_set_tlsext_host_name(ssl, name.c_str()) == 1;
  if (!set) co_return "cannot ask " + where + " for a certificate for " + name;
  s.clear.expires_after(kConnectTime);
  const auto [error] = co_await s.tls->async_handshake(net::ssl::stream_base::client, kToken);
  if (!error) co_return "";
  const long doubt = SSL_get_verify_result(ssl);
  if (doubt == X509_V_ERR_HOSTNAME_MISMATCH || doubt == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    co_return "cannot trust " + where + ": its certificate is not for " + name;
  }
  if (doubt != X509_V_OK) co_return "cannot trust " + where + ": " + X509_verify_cert_error_string(doubt);
  co_return "no TLS with " + where + ": " + error.message();
}

std::string SourceConnection::peer() const {
  boost::system::error_code error;
  const tcp::endpoint place = sockets_->clear.socket().remote_endpoint(error);
  if (error) return "";
  const std::string address = place.address().to_string();
  return (place.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(place.port());
}

net::awaitable<SourceConnection::Error> SourceConnection::read(std::string& into) {
  Sockets& s = *sockets_;
  s.clear.expires_never();
  Error error;
  std::size_t n = 0;
  if (s.tls) {
    std::tie(error, n) = co_await s.tls->async_read_some(net::buffer(s.buffer), kToken);
  } else {
    std::tie(error, n) = co_await s.clear.async_read_some(net::buffer(s.buffer), kToken);
  }
  into.append(s.buffer.data(), n);
  // Many hang up without saying so in TLS; messages have an end of their own, so nothing is mistaken for whole.
  if (error == net::ssl::error::stream_truncated) co_return net::error::eof;
  co_return error;
}

net::awaitable<SourceConnection::Error> SourceConnection::write(std::string_view bytes) {
  Sockets& s = *sockets_;
  while (s.writing) {
    s.written.expires_after(kWriteTime);
    const auto [ended] = co_await s.written.async_wait(kToken);
    if (!ended) co_return beast::error::timeout;
  }
  s.writing = true;
  // Not the socket's own limit: that would hold for a read under way through TLS, too.
  net::steady_timer limit(s.written.get_executor(), kWriteTime);
  limit.async_wait([self = weak_from_this()](Error stopped) {
    const auto connection = stopped ? nullptr : self.lock();
    if (connection) connection->close();
  });
  Error error;
  if (s.tls) {
    std::tie(error, std::ignore) = co_await net::async_write(*s.tls, net::buffer(bytes), kToken);
  } else {
    std::tie(error, std::ignore) = co_await net::async_write(s.clear, net::buffer(bytes), kToken);
  }
  s.writing = false;
  s.written.cancel();
  co_return error;
}

void SourceConnection::close() {
  sockets_->resolver.cancel();
  sockets_->written.cancel();
  sockets_->clear.close();
}

core::Status check_certificates(const std::string& pem) {
  if (pem.empty()) return core::Error{"bad_certificates", "it is empty", ""};
  const auto context = context_for(pem);
  if (!context) return context.error();
  return core::Done{};
}

}  // namespace server
