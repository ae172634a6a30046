// HookDelivery: from outboxes to receivers, as a machine without threads or clocks of its own: time is an argument,
// what goes out goes through a HookSender. server/hooks.h runs it.
//
// A target is one place to tell: a receiver, or one of several URLs of it. Each has its own queue, so none waits for
// another. What an attempt tells is written anew from the outbox for each attempt.
// Errors are those of the outbox, and final. One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/hook_message.h"
#include "server/hook_queue.h"
#include "server/hook_sender.h"
#include "server/hooks.h"
#include "state/outbox.h"

namespace server {

// `wall` is what people and receivers are told; `running` begins with it and is never set back: by it everything waits.
struct HookMoment {
  core::Time wall = 0;
  core::Time running = 0;
};

class HookDelivery {
 public:
  using Log = std::function<void(bool warning, std::string text)>;

  HookDelivery(HookSender& sender, std::function<double()> chance, Log log);
  ~HookDelivery();

  // Receivers are good and their secrets are read. Begins with what the outbox has.
  core::Status add_tenant(const std::string& tenant, std::shared_ptr<state::Outbox> outbox,
                          std::vector<Receiver> receivers, HookMoment now);
  core::Status set_receivers(const std::string& tenant, std::vector<Receiver> receivers, HookMoment now);
  void remove_tenant(const std::string& tenant);
  std::shared_ptr<state::Outbox> outbox(const std::string& tenant) const;  // null: there is no such tenant
  bool has_receiver(const std::string& tenant, const std::string& receiver) const;

  // Where a notice goes: to each target of its receiver. For Outbox::put.
  std::vector<state::Outbox::Outgoing> outgoing(const std::string& tenant,
                                                const std::vector<core::Notice>& notices) const;
  // They wait in the outbox. `again`: redriven, so what kept their targets from being told is forgotten.
  core::Status added(const std::string& tenant, const std::vector<state::OutboxEntry>& entries, HookMoment now,
                     bool again = false);
  void purged(const std::string& tenant, const std::vector<state::OutboxEntry>& entries);

  core::Status step(HookMoment now);  // begins what is due
  core::Status take(const HookAnswer& answer, HookMoment now);
  core::Time wake(core::Time running) const;  // when step() has something to do, if nothing happens until then
  bool idle() const { return attempts_.empty(); }

  std::vector<ReceiverStatus> status(const std::string& tenant) const;
  std::string metrics(core::Time running) const;

 private:
  struct Target;
  struct Tenant;
  struct Running;

  Target* find(const std::string& tenant, const std::string& target) const;
  core::Status serve(Tenant& tenant, Target& target, HookMoment now);
  core::Status begin(Tenant& tenant, Target& target, HookQueue::Attempt attempt, HookMoment now);
  void send(const Target& target, std::uint64_t ticket, const Running& running);
  void tell_again(Tenant& tenant, Target& target, HookMoment now);
  core::Status told(Running& running, HookMoment now);
  core::Status not_told(Running& running, const HookAnswer& answer, HookMoment now);
  core::Status remember(const Running& running, Target& target, HookMoment now);
  core::Status bury(Tenant& tenant, Target* target, const std::vector<std::uint64_t>& numbers, const std::string& why,
                    HookMoment now);
  core::Status expire(HookMoment now);
  core::Status disable(Tenant& tenant, Target& target, const std::string& why, HookMoment now);

  HookSender& sender_;
  std::function<double()> chance_;
  Log log_;
  std::map<std::string, std::unique_ptr<Tenant>> tenants_;
  std::map<std::uint64_t, std::unique_ptr<Running>> attempts_;  // by ticket
  std::uint64_t last_ticket_ = 0;
  core::Time expired_at_ = windows::kNever;
};

}  // namespace server
