// The whole server inside a test: on a free port, with its own threads, stopped when it goes out of scope.
// And a plain socket to talk to it in whatever bytes.
#pragma once

// Ours before Catch's: the last CHECK to be defined is the tests'.
#include "server/serve.h"
#include "server/tenant.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <future>
#include <string>
#include <string_view>
#include <thread>

class LiveServer {
 public:
  explicit LiveServer(std::string_view toml = {}, server::Seams seams = {}) : toml_(toml) {
    auto config = read();
    if (!config) FAIL(config.error().message);
    auto created = server::Service::create(std::move(*config), std::move(seams), [this] { return read(); });
    if (!created) FAIL(created.error().message);
    service_ = std::move(*created);
    thread_ = std::thread([this] { end_ = service_->run(); });
  }
  ~LiveServer() {
    stop();
    end();
  }

  std::uint16_t port() const { return service_->port(); }
  server::Service& service() { return *service_; }
  void stop() { service_->stop(); }
  // Puts another configuration in force; when it is, or what is wrong with it.
  core::Status reload(std::string_view toml) {
    toml_ = toml;  // read on the I/O thread, which is told through the call
    std::promise<core::Status> done;
    service_->reload([&done](const core::Status& status) { done.set_value(status); });
    return done.get_future().get();
  }
  // Waits until it has ended.
  const server::Service::End& end() {
    if (thread_.joinable()) thread_.join();
    return end_;
  }

 private:
  core::Result<server::Config> read() const {
    auto config = server::parse_config(toml_, "test", server::builtin_kpis());
    if (!config) return config;
    config->listen.port = 0;
    config->log = server::LogLevel::error;
    return config;
  }

  std::string toml_;
  std::unique_ptr<server::Service> service_;
  server::Service::End end_;
  std::thread thread_;
};

class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval patience{10, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  ~RawClient() { close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;  // the server has closed: what it said is still to be read
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  // Everything until the server closes.
  std::string rest() {
    std::string all = std::move(read_);
    read_.clear();
    char buffer[4'096];
    for (ssize_t n; (n = recv(socket_, buffer, sizeof buffer, 0)) > 0;) all.append(buffer, static_cast<std::size_t>(n));
    return all;
  }

  struct Answer {
    int status = 0;
    std::string head;
    std::string body;
  };
  // One answer with a Content-Length; status 0 if the connection ends first.
  Answer answer(bool has_body = true) {
    Answer answer;
    std::size_t end;
    while ((end = read_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more()) return answer;
    }
    answer.head = read_.substr(0, end + 4);
    answer.status = std::stoi(answer.head.substr(9, 3));
    read_.erase(0, end + 4);
    const std::size_t field = answer.head.find("Content-Length: ");
    const std::size_t size = has_body && field != std::string::npos ? std::stoul(answer.head.substr(field + 16)) : 0;
    while (read_.size() < size) {
      if (!read_more()) return Answer{};
    }
    answer.body = read_.substr(0, size);
    read_.erase(0, size);
    return answer;
  }

  Answer get(const std::string& target, const std::string& headers = {}) {
    send("GET " + target + " HTTP/1.1\r\nHost: test\r\n" + headers + "\r\n");
    return answer();
  }
  Answer post(const std::string& target, const std::string& body, const std::string& headers = {}) {
    send("POST " + target + " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         headers + "\r\n" + body);
    return answer();
  }

 private:
  bool read_more() {
    char buffer[4'096];
    const ssize_t n = recv(socket_, buffer, sizeof buffer, 0);
    if (n <= 0) return false;
    read_.append(buffer, static_cast<std::size_t>(n));
    return true;
  }

  int socket_;
  std::string read_;
};

// A tenant whose clock is the data's: numbers depend on nothing but the events.
inline constexpr std::string_view kDataClock = R"(
  [[tenant]]
  name = "test"
  clock = "data"
)";

inline std::string call_line(const std::string& type, int call, int second, const std::string& more = {}) {
  char time[40];
  std::snprintf(time, sizeof time, "2026-03-02T10:%02d:%02dZ", second / 60 % 60, second % 60);
  return R"({"type":"call.)" + type + R"(","id":")" + type + std::to_string(call) + R"(","source":"acd","time":")" +
         time + R"(","call":"c)" + std::to_string(call) + "\"" + more + "}\n";
}
inline std::string queued(int call, int second, const std::string& queue) {
  return call_line("queued", call, second, R"(,"queue":")" + queue + "\"");
}
inline std::string answered(int call, int second, const std::string& agent) {
  return call_line("answered", call, second, R"(,"agent":")" + agent + "\"");
}
