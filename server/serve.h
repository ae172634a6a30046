// Service: everything that runs, put together: engines on their shards, hubs, streams and HTTP. The thread that
// calls run() is the I/O thread. One per process, or per test.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/result.h"
#include "server/config.h"
#include "server/seams.h"

namespace boost::asio {
class io_context;
}

namespace server {

class Sources;
class Tenants;

// What the program ends with, besides 0 (docs/configuration.md).
enum ExitCode : int {
  kNotStarted = 1,
  kBadUsage = 2,
  kDataRefused = 3,  // what is stored: damaged, incomplete, of another version, in use
  kDiskFailed = 4,   // while running; what was acknowledged is there
};

class Service {
 public:
  using Load = std::function<core::Result<Config>()>;
  // `again` reads the configuration for reload(). Errors: of the configuration's KPIs and views, cannot_listen.
  static core::Result<std::unique_ptr<Service>> create(Config config, Seams seams = {}, Load again = {});
  ~Service();

  std::uint16_t port() const;
  std::string address() const;  // http://127.0.0.1:8080/
  void on_signals();            // SIGINT, SIGTERM stop it; SIGHUP reloads the configuration
  // Reads the configuration again and puts it in force (server/reload.h). Any thread; `done` on the I/O thread.
  void reload(std::function<void(core::Status)> done = {});
  // Until stopped and drained, or until the stored data could not be opened or written: then why.
  struct End {
    int code = 0;
    core::Error error;
  };
  End run();
  void stop();                  // any thread

  // For what feeds the service from inside (server/replay.h). I/O thread.
  boost::asio::io_context& io();
  Tenants& tenants();
  Sources& sources();

 private:
  struct Parts;
  explicit Service(std::unique_ptr<Parts> parts);
  void drain();
  void look_around();
  void await_hangup();
  void fail(const core::Error& error, bool at_start);

  std::unique_ptr<Parts> parts_;
};

// "0.1.0+<hash of what is built in>": another page, another build.
std::string build_name();
// The KPIs built in. Never fails: a test parses them.
std::vector<core::KpiSpec> builtin_kpis();

}  // namespace server
