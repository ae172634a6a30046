// Hooks: what was decided to be told is kept until it is told: notices go into the tenant's outbox (state/outbox.h),
// durably and once, and from there to their receivers, again and again until they are taken or a day has passed.
//
// Two threads of its own: one writes outboxes, one delivers. Nobody waits for a receiver, and no receiver for another.
// A disk that fails is never trusted again: `failed` is called, once, and whoever owns this stops the process.
// Create, open(), start(); then everything from any thread; stop() and destroy on the thread that made it. A tenant's
// store is opened before its outbox, so that the folder is the store's.
// What is delivered, when and how often: docs/hooks.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/alert.h"
#include "core/result.h"
#include "server/receivers.h"
#include "state/disk.h"

namespace server {

struct HookSeams {  // empty: the machine's own
  std::shared_ptr<state::Disk> disk;
  std::function<core::Time()> now;      // wall clock
  std::function<double()> chance;       // uniform in [0, 1)
};

// Of one place to tell: a receiver, or one of several URLs of it ("alertmanager", "alertmanager/2").
struct ReceiverStatus {
  std::string name;
  ReceiverKind kind{};
  std::string host;              // never more of the URL: it may be a secret
  std::string state;  // "good", "failing", "open" (its circuit: a pause between probes), "disabled" (it said 410)
  std::string error;  // of the last attempt that failed; empty while all is good
  core::Time error_at = windows::kNever;
  core::Time delivered_at = windows::kNever;  // the last one
  core::Time next_attempt = windows::kNever;  // of what waits
  core::Time oldest_waiting = windows::kNever;
  std::uint64_t waiting = 0, dead = 0;                     // now
  // Since the start: notices; attempts that failed; attempts that were not the first.
  std::uint64_t delivered = 0, failed = 0, retries = 0;
};

struct DeadLetter {
  std::uint64_t number = 0;  // of the tenant's outbox, ascending
  std::string id;
  std::string receiver;
  core::Time at = 0;         // decided
  core::Time died = 0;
  int attempts = 0;
  std::string error;         // of the last attempt
  std::vector<core::Alert> alerts;
};

struct DeadLetterQuery {
  std::string receiver;     // empty: all
  core::Time from = windows::kNever, to = windows::kNever;  // of `at`: [from, to)
  std::uint64_t after = 0;  // number
  std::size_t limit = 100;
};

class Hooks {
 public:
  using Failed = std::function<void(core::Error)>;  // any thread
  using Log = std::function<void(bool warning, std::string text)>;  // any thread; never holds a secret

  Hooks(HookSeams seams, Failed failed, Log log);
  ~Hooks();
  Hooks(const Hooks&) = delete;
  Hooks& operator=(const Hooks&) = delete;

  // `folder`: the tenant's; its outbox is made below it. Empty: in memory. Once per tenant, before or after start().
  // Errors: those of Outbox::open; bad_receiver, secret_missing.
  core::Status open(const std::string& tenant, const std::string& folder, std::vector<Receiver> receivers);
  void start();
  void stop();  // attempts under way are given up, and made again after the next start
  // After a reload. What waits for a receiver that is gone becomes a dead letter. A receiver that had been disabled is
  // enabled when its settings changed. Errors: as of open(); then nothing changed.
  core::Status set_receivers(const std::string& tenant, std::vector<Receiver> receivers);
  void close(const std::string& tenant);  // the tenant is gone; its outbox stays on the disk

  // Takes them over at once. Those whose id the outbox has or had are the same notice and change nothing.
  void notify(const std::string& tenant, std::vector<core::Notice> notices);
  // Waits until all that notify() was given before is durable. Not on a thread that receivers or the shard wait for.
  core::Status flush();

  // For REST. Errors: unknown_tenant, unknown_receiver.
  core::Result<std::vector<ReceiverStatus>> receivers(const std::string& tenant) const;
  core::Result<std::vector<DeadLetter>> dead_letters(const std::string& tenant, const DeadLetterQuery& query) const;
  // How many; they wait again, with a new day, and `enable`s what was disabled. `limit` of the query is a limit.
  core::Result<std::size_t> redrive(const std::string& tenant, const DeadLetterQuery& query);
  core::Result<std::size_t> purge(const std::string& tenant, const DeadLetterQuery& query);
  // A notice about nothing ("test" in its summary, severity info), sent like any other. Its id.
  core::Result<std::string> test(const std::string& tenant, const std::string& receiver);

  // Prometheus text of all tenants, ending in a line's end.
  std::string metrics() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace server
