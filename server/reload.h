// Reload: a configuration takes the place of another while everything goes on: no event, subscriber or alert is lost.
// A configuration with any fault changes nothing; all that is wrong is logged.
//
// Tenants whose settings changed get a new engine, made beside the running one (server/rebuild.h); new ones start,
// others stop. Receivers, limits, origins and the log's level are exchanged. What only a start can change is said and
// left. I/O thread; one at a time.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "server/config.h"
#include "server/fanout.h"
#include "server/hooks.h"
#include "server/past.h"
#include "server/tenant.h"

namespace server {

class Reload {
 public:
  using Done = std::function<void(core::Status)>;  // when everything is in force

  // `config` is the running one; it becomes what is in force.
  Reload(Config& config, Tenants& tenants, Hooks& hooks, Past& past, Fanout& fanout);

  // One that is asked for while another is under way, or the state is still being read, begins after that.
  void begin(core::Result<Config> next, Done done);
  bool under_way() const { return under_way_; }
  std::uint64_t succeeded() const { return succeeded_; }
  std::uint64_t failed() const { return failed_; }

 private:
  struct Asked {
    core::Result<Config> next;
    Done done;
  };

  bool reading();
  void begin_waiting();
  void refuse(const core::Error& error, const Done& done);
  void keep_what_needs_a_start(Config& next) const;
  void exchange(const Config& next);
  void set_receivers(const Config& next);
  void change_tenants(const Config& next, const Done& done);
  void finish(const Config& next, const std::optional<core::Error>& error, const Done& done);

  Config& config_;
  Tenants& tenants_;
  Hooks& hooks_;
  Past& past_;
  Fanout& fanout_;
  bool read_ = false;  // what was stored at the start, of every tenant
  bool under_way_ = false;
  std::optional<Asked> waiting_;  // the newest
  std::uint64_t succeeded_ = 0, failed_ = 0;
};

}  // namespace server
