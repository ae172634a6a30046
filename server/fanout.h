// Fanout: the streams of all tenants. It serves those for whom something is due, and looks at their deadlines
// once a second. I/O thread only.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "server/stream.h"
#include "server/tenant.h"

namespace server {

class Fanout final : public StreamOwner {
 public:
  Fanout(boost::asio::io_context& io, Tenants& tenants, const Limits& limits, std::string build,
         ProcessMetrics& metrics);
  ~Fanout();

  void start();
  // A connection whose handshake has been answered; takes the socket over.
  void open(int socket, Tenant& tenant, std::string_view leftover);
  void published(Tenant& tenant);
  void told(Tenant& tenant);  // its alerts or deadlines changed
  // A view that somebody looked at is no more.
  void view_gone(Tenant& tenant, SubscriberId reader, const std::string& view);
  void tenant_gone(Tenant& tenant);
  void set_limits(const Limits& limits) { limits_ = limits; }
  // Says goodbye to all; they go within a few seconds.
  void drain();
  std::size_t streams() const { return streams_.size(); }

  void ended(Tenant& tenant, SubscriberId id, std::uint16_t code) override;
  void serve(Tenant& tenant) override;
  void open_view(Tenant& tenant, const core::ViewDefinition& view, Shard::ViewCallback done) override;
  core::Status watch_deadlines(Tenant& tenant, const DeadlineWatch& watch) override;
  void unwatch_deadlines(Tenant& tenant, const DeadlineWatch& watch) override;

 private:
  struct Timers;
  using Key = std::pair<std::size_t, SubscriberId>;

  std::string hello(const Tenant& tenant);
  std::vector<std::shared_ptr<Stream>> readers(const Tenant& tenant) const;
  void deliver(Tenant& tenant);
  void arm();
  void look_after();

  boost::asio::io_context& io_;
  Tenants& tenants_;
  Limits limits_;
  std::string build_;
  ProcessMetrics& metrics_;
  std::unique_ptr<Timers> timers_;
  std::map<Key, std::shared_ptr<Stream>> streams_;
  std::uint64_t last_connection_ = 0;
  bool delivering_ = false;
  bool draining_ = false;
};

}  // namespace server
