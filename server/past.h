// Past: what the wall showed at an earlier instant. An engine is built on a thread of its own from the newest kept
// copy of the state that is not after it and the journal up to it, which gives the very same numbers, and asked
// like the live one. The last one is kept for a minute, as whoever looks at a moment mostly asks more than once.
// One at a time: building costs what starting does. I/O thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/engine.h"
#include "core/result.h"
#include "server/message.h"
#include "server/tenant.h"
#include "server/worker.h"
#include "state/store.h"

namespace server {

class Past {
 public:
  using Reply = std::function<void(Response)>;
  using Question = std::function<Response(core::Engine&)>;  // on Past's thread

  explicit Past(Tenants::Post post);
  ~Past();

  // From `held` until go_on nobody is answered and no store is used: one may start over.
  void hold(std::function<void()> held);
  void go_on() { held_ = false; }
  // `time` lies before the tenant's now. False: somebody else's is being built, or it is held.
  bool ask(const Tenant& tenant, core::Time time, Question question, Reply reply);
  // Lets go of an engine that nobody asked for a minute.
  void tidy(Time now);

 private:
  struct Job {
    const Tenant* tenant = nullptr;  // null: forget the engine
    const state::Store* store = nullptr;
    std::uint64_t revision = 0;
    core::TenantSettings settings;  // of now
    core::Time time = 0;
    Question question;
    Reply reply;
  };
  struct Built {
    const Tenant* tenant = nullptr;
    std::uint64_t revision = 0;
    core::Time time = 0;
    std::unique_ptr<state::StateArchive> archive;  // null: everything is in the engine
    std::unique_ptr<core::Engine> engine;
  };
  Response perform(const Job& job);
  core::Result<Built> build(const Job& job) const;

  Tenants::Post post_;
  bool busy_ = false;
  bool held_ = false;
  Time asked_ = windows::kNever;  // steady
  std::optional<Built> built_;    // Past's thread
  Worker<Job> worker_;
};

// RFC 3339, ms since 1970, or the time of day "10:32" or "10:32:05" of the day of `now` in the zone.
std::optional<core::Time> parse_asof(const std::string& text, const core::Zone& zone, core::Time now);
// A whole view as the stream's snapshot; of an engine of its own, in which it is opened.
Response view_answer(core::Engine& engine, const core::ViewDefinition& view);

}  // namespace server
