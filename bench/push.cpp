// ringside-bench-push: from the moment an event is sent over HTTP to the moment each of many subscribers has the
// frame it caused, over loopback, through the whole server. bench/RESULTS.md.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "bench/engine_bench.h"
#include "server/builtin.h"
#include "server/config.h"
#include "server/serve.h"
#include "windows/check.h"

namespace {

double wall() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

std::int64_t unix_ms() {
  timespec t{};
  clock_gettime(CLOCK_REALTIME, &t);
  return std::int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000;
}

int open_socket(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "the server listens");
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    CHECK(n > 0, "the connection stands");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

// A masked text frame, as clients send them; the mask is zero.
std::string frame(std::string_view text) {
  std::string out = "\x81";
  CHECK(text.size() < 65'536, "short");
  if (text.size() < 126) {
    out += static_cast<char>(0x80 | text.size());
  } else {
    out += static_cast<char>(0x80 | 126);
    out += static_cast<char>(text.size() >> 8);
    out += static_cast<char>(text.size() & 0xFF);
  }
  return out.append(4, '\0').append(text);
}

struct Subscriber {
  int fd = -1;
  bool upgraded = false;
  std::string read;
  std::uint64_t deltas = 0;
  std::uint64_t snaps = 0;
};

// Takes whole messages out of what was read.
void take_messages(Subscriber& s) {
  if (!s.upgraded) {
    const std::size_t end = s.read.find("\r\n\r\n");
    if (end == std::string::npos) return;
    CHECK(s.read.compare(0, 12, "HTTP/1.1 101") == 0, "the upgrade is accepted");
    s.read.erase(0, end + 4);
    s.upgraded = true;
  }
  std::size_t at = 0;
  while (s.read.size() - at >= 2) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s.read[at + i]); };
    std::size_t size = byte(1) & 0x7F, head = 2;
    if (size == 126) {
      if (s.read.size() - at < 4) break;
      size = (std::size_t{byte(2)} << 8) | byte(3);
      head = 4;
    } else if (size == 127) {
      if (s.read.size() - at < 10) break;
      size = 0;
      for (std::size_t i = 2; i < 10; ++i) size = (size << 8) | byte(i);
      head = 10;
    }
    if (s.read.size() - at < head + size) break;
    const std::string_view message(s.read.data() + at + head, size);
    if (message.find("\"t\":\"delta\"") != std::string_view::npos) ++s.deltas;
    if (message.find("\"t\":\"snap\"") != std::string_view::npos) ++s.snaps;
    at += head + size;
  }
  s.read.erase(0, at);
}

class Load {
 public:
  Load(std::uint16_t port, int subscribers, int events)
      : poll_(epoll_create1(0)), subscribers_(static_cast<std::size_t>(subscribers)), events_(events) {
    for (std::size_t i = 0; i < subscribers_.size(); ++i) {
      Subscriber& s = subscribers_[i];
      s.fd = open_socket(port);
      send_all(s.fd, "GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
                         "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: kpi.v1.json\r\n\r\n");
      fcntl(s.fd, F_SETFL, O_NONBLOCK);
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = i;
      epoll_ctl(poll_, EPOLL_CTL_ADD, s.fd, &event);
    }
    until([&](const Subscriber& s) { return s.upgraded; });
    for (Subscriber& s : subscribers_)
      send_all(s.fd, frame(R"({"id":1,"op":"sub","view":"bench","hz":10,"def":{"groups":[{"scopes":["queue/*"],)"
                           R"("columns":["waiting","offered@today"]}]}})"));
    until([&](const Subscriber& s) { return s.snaps >= 1; });
    sender_ = open_socket(port);
    host_ = "127.0.0.1:" + std::to_string(port);
  }

  // Sends one event, waits until every subscriber has its frame, and a little longer, again and again.
  void run() {
    for (int i = 0; i < events_; ++i) {
      std::vector<std::uint64_t> before;
      for (const Subscriber& s : subscribers_) before.push_back(s.deltas);
      const std::string body = R"({"type":"call.queued","id":"b)" + std::to_string(i) + R"(","call":"b)" +
                               std::to_string(i) + R"(","queue":"sales","time":)" + std::to_string(unix_ms()) + "}\n";
      arrived_.assign(subscribers_.size(), 0);
      const double sent = wall();
      send_all(sender_, "POST /v1/events HTTP/1.1\r\nHost: " + host_ +
                            "\r\nContent-Type: application/x-ndjson\r\nContent-Length: " +
                            std::to_string(body.size()) + "\r\n\r\n" + body);
      std::size_t missing = subscribers_.size();
      while (missing > 0) {
        step(1'000, [&](std::size_t index) {
          if (arrived_[index] == 0 && subscribers_[index].deltas > before[index]) {
            arrived_[index] = wall();
            --missing;
          }
        });
      }
      for (const double at : arrived_) latencies_.push_back((at - sent) * 1e3);
      last_.push_back(*std::max_element(latencies_.end() - static_cast<std::ptrdiff_t>(subscribers_.size()),
                                        latencies_.end()));
      char answer[4'096];
      CHECK(recv(sender_, answer, sizeof answer, 0) > 0, "the server answers");
      const double quiet = wall() + 0.15;  // the view sends at most ten times a second
      while (wall() < quiet) step(10, [](std::size_t) {});
    }
  }

  void report() {
    std::sort(latencies_.begin(), latencies_.end());
    std::sort(last_.begin(), last_.end());
    const auto at = [](const std::vector<double>& v, double q) {
      return v[static_cast<std::size_t>(q * static_cast<double>(v.size() - 1))];
    };
    std::printf("event sent -> frame read, %zu subscribers, %d events: p50 %.2f ms, p99 %.2f ms, p99.9 %.2f ms; "
                "last subscriber p50 %.2f ms, max %.2f ms\n", subscribers_.size(), events_, at(latencies_, 0.5),
                at(latencies_, 0.99), at(latencies_, 0.999), at(last_, 0.5), last_.back());
  }

 private:
  template <class F>
  void step(int timeout_ms, F&& seen) {
    epoll_event events[256];
    const int n = epoll_wait(poll_, events, 256, timeout_ms);
    for (int i = 0; i < n; ++i) {
      Subscriber& s = subscribers_[events[i].data.u64];
      char buffer[65'536];
      const ssize_t size = recv(s.fd, buffer, sizeof buffer, 0);
      if (size <= 0) continue;
      s.read.append(buffer, static_cast<std::size_t>(size));
      take_messages(s);
      seen(events[i].data.u64);
    }
  }

  template <class F>
  void until(F&& ready) {
    const double give_up = wall() + 60;
    while (!std::all_of(subscribers_.begin(), subscribers_.end(), ready)) {
      CHECK(wall() < give_up, "every subscriber gets an answer");
      step(100, [](std::size_t) {});
    }
  }

  int poll_;
  std::vector<Subscriber> subscribers_;
  int events_;
  int sender_ = -1;
  std::string host_;
  std::vector<double> arrived_, latencies_, last_;
};

}  // namespace

int main(int argc, char** argv) {
  int subscribers = 1'000, events = 200;
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::strcmp(argv[i], "--subscribers") == 0) subscribers = std::atoi(argv[i + 1]);
    if (std::strcmp(argv[i], "--events") == 0) events = std::atoi(argv[i + 1]);
  }
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);

  auto config = server::parse_config("", "bench", server::builtin_kpis());
  CHECK(config, "no configuration is a configuration");
  config->listen.port = 0;
  config->log = server::LogLevel::error;
  auto service = server::Service::create(std::move(*config));
  CHECK(service, "the server starts");
  std::thread running([&] { (*service)->run(); });
  const std::size_t before = bench::resident_bytes();
  {
    Load load((*service)->port(), subscribers, events);
    const std::size_t with = bench::resident_bytes();
    load.run();
    load.report();
    std::printf("memory of this process per subscriber, the measuring end's buffers included: %.1f KiB\n",
                static_cast<double>(with - before) / 1024 / subscribers);
  }
  (*service)->stop();
  running.join();
  return 0;
}
