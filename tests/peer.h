// The other side of a connection that the server makes: a listening socket of the test's, one connection at a time.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

class Peer {
 public:
  Peer() : listening_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(bind(listening_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(listen(listening_, 16) == 0);
    const timeval patience{20, 0};
    setsockopt(listening_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  virtual ~Peer() {
    if (socket_ >= 0) close(socket_);
    close(listening_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  std::string address() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
    return "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  virtual void wait_for_call() {
    hang_up();
    socket_ = accept(listening_, nullptr, nullptr);
    REQUIRE(socket_ >= 0);
    const timeval patience{20, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    heard_.clear();
  }
  void say(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = give(bytes);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  // Everything heard up to and with `end`.
  std::string hear(std::string_view end) {
    std::size_t at;
    while ((at = heard_.find(end)) == std::string::npos) {
      char buffer[4'096];
      const ssize_t n = take(buffer, sizeof buffer);
      if (n <= 0) FAIL("the other side said only: " + heard_);
      heard_.append(buffer, static_cast<std::size_t>(n));
    }
    std::string text = heard_.substr(0, at + end.size());
    heard_.erase(0, at + end.size());
    return text;
  }
  virtual void hang_up() {
    if (socket_ >= 0) close(socket_);
    socket_ = -1;
  }

 protected:
  virtual ssize_t give(std::string_view bytes) { return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  virtual ssize_t take(char* buffer, std::size_t size) { return recv(socket_, buffer, size, 0); }
  int socket_ = -1;

 private:
  int listening_;
  std::string heard_;
};
