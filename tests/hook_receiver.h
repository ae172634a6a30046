// HookReceiver: a receiver of hooks on a loopback port: it reads requests as HTTP/1.1 has them and answers what a test
// tells it to. Threads of its own, gone with it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

struct ReceivedHook {
  std::string head, body;

  std::string line() const { return head.substr(0, head.find("\r\n")); }
  std::string header(const std::string& name) const {  // in lower case, as we send them
    const std::size_t at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const std::size_t from = at + name.size() + 4;
    return head.substr(from, head.find("\r\n", from) - from);
  }
};

class HookReceiver {
 public:
  // What goes back, byte for byte; empty: nothing, and the connection stays open. `index`: of the request, from 0.
  using Script = std::function<std::string(const ReceivedHook&, std::size_t index)>;

  static std::string answer(const std::string& status, const std::string& headers = {}, const std::string& body = {}) {
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" +
           body;
  }

  explicit HookReceiver(Script script) : script_(std::move(script)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    const bool listens = bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                         listen(listener_, 64) == 0 &&
                         getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    port_ = listens ? ntohs(address.sin_port) : 0;
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~HookReceiver() {
    stopping_ = true;
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    close(listener_);
    {
      const std::lock_guard lock(mutex_);
      for (const int one : sockets_) shutdown(one, SHUT_RDWR);
    }
    for (std::thread& one : connections_) one.join();
  }
  HookReceiver(const HookReceiver&) = delete;
  HookReceiver& operator=(const HookReceiver&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url(const std::string& path = "/hook") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  std::vector<ReceivedHook> received() const {
    const std::lock_guard lock(mutex_);
    return received_;
  }

 private:
  void accept_all() {
    while (!stopping_) {
      const int socket = accept(listener_, nullptr, nullptr);
      if (socket < 0) return;
      const std::lock_guard lock(mutex_);
      sockets_.push_back(socket);
      connections_.emplace_back([this, socket] { serve(socket); });
    }
  }

  void serve(int socket) {
    ReceivedHook hook;
    std::string bytes;
    char buffer[8'192];
    std::size_t end = std::string::npos, size = 0;
    while (end == std::string::npos || bytes.size() < end + 4 + size) {
      const ssize_t n = recv(socket, buffer, sizeof buffer, 0);
      if (n <= 0) return finish(socket);
      bytes.append(buffer, static_cast<std::size_t>(n));
      if (end != std::string::npos || (end = bytes.find("\r\n\r\n")) == std::string::npos) continue;
      const std::size_t field = bytes.find("Content-Length: ");
      if (field < end) size = std::stoul(bytes.substr(field + 16));
    }
    hook.head = bytes.substr(0, end + 2);
    hook.body = bytes.substr(end + 4);
    std::size_t index = 0;
    {
      const std::lock_guard lock(mutex_);
      index = received_.size();
      received_.push_back(hook);
    }
    const std::string out = script_(hook, index);
    for (std::size_t sent = 0; sent < out.size();) {
      const ssize_t n = ::send(socket, out.data() + sent, out.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) break;
      sent += static_cast<std::size_t>(n);
    }
    if (out.empty()) recv(socket, buffer, sizeof buffer, 0);  // until the other side has had enough
    finish(socket);
  }

  void finish(int socket) {
    const std::lock_guard lock(mutex_);
    std::erase(sockets_, socket);
    close(socket);
  }

  Script script_;
  int listener_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::vector<ReceivedHook> received_;
  std::vector<int> sockets_;
  std::vector<std::thread> connections_;
  std::thread acceptor_;
};
