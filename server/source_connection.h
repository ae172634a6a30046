// SourceConnection: one connection we make, in clear or through TLS. It knows where to, what to trust and how long to
// wait; what is said over it is for others. TLS 1.2 or newer. The certificate must be signed by one we trust (those of
// `tls_ca`, which may name the certificate itself, else the system's) and be for the name or address we connect to, or
// for `tls_name`; there is no way to go without that.
// Used once and held by a shared_ptr; everything under way ends with close(). I/O thread only.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/system/error_code.hpp>

#include "server/source_config.h"

namespace boost::asio {
class io_context;
}

namespace server {

class SourceConnection : public std::enable_shared_from_this<SourceConnection> {
 public:
  SourceConnection(boost::asio::io_context& io, const SourceConfig& config);
  ~SourceConnection();
  SourceConnection(const SourceConnection&) = delete;
  SourceConnection& operator=(const SourceConnection&) = delete;

  // Finds the host, connects, and makes sure whom to. Why it did not, in words for people; empty: it is open.
  boost::asio::awaitable<std::string> open();
  std::string peer() const;  // address:port, once it is open

  using Error = boost::system::error_code;
  // What comes next, added to `into`; waits as long as it takes. Error eof: the other side has said all.
  boost::asio::awaitable<Error> read(std::string& into);
  // After what is being written already; each for half a minute at most.
  boost::asio::awaitable<Error> write(std::string_view bytes);
  void close();

 private:
  struct Sockets;
  boost::asio::awaitable<std::string> shake_hands();

  SourceConfig config_;
  std::unique_ptr<Sockets> sockets_;
};

}  // namespace server
