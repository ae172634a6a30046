// Shard: the thread that runs a ShardLoop for some tenants. It takes batches of events and questions from a
// bounded queue, and hands what leaves the loop to the I/O thread.
//
// Where tenants are kept, it first brings them back from their stores (`recovering`); what is submitted meanwhile
// waits. A store that cannot be opened or fails later ends everything: `failed` is called and nothing is answered
// any more.
//
// Tenants share the thread and nothing else; each has its own budget of unanswered work. Full is an answer
// (false), never a drop. `submit`, `ask`, `open_view`, `close_view`, `waiting`: I/O thread. Answers come back
// on the I/O thread, in the order of submission.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/engine.h"
#include "ingest/batch.h"
#include "server/config.h"
#include "server/hub.h"
#include "server/seams.h"
#include "server/shard_loop.h"

namespace server {

// How far a tenant is brought back. `total` 0: unknown.
struct Recovery {
  bool ready = false;
  std::string what;
  std::uint64_t done = 0;
  std::uint64_t total = 0;
};

class Shard {
 public:
  // All but `post` itself are called on the I/O thread.
  struct Hooks {
    std::function<void(std::function<void()>)> post;  // runs it on the I/O thread; any thread
    std::function<void(Emission)> publish;
    std::function<void(std::size_t tenant, Recovery)> recovering;
    std::function<void(core::Error, bool at_start)> failed;
  };

  Shard(const Limits& limits, const Storage& storage, const Seams& seams, Hooks hooks);
  ~Shard();  // stops

  // Before start. `tenant` is the caller's index, handed back in emissions. Errors: those of Engine::create, of its
  // views.
  core::Status add_tenant(std::size_t tenant, const TenantConfig& config);
  void start();
  void stop();  // what is queued is still applied

  using EventsCallback = std::function<void(EventsResult)>;
  // False: no room. `received_us`: steady, when the events arrived.
  bool submit(std::size_t tenant, ingest::Batch&& batch, std::int64_t received_us, EventsCallback done);

  // Runs `question` on the shard's thread and `answer` with its result on the I/O thread. False: no room.
  template <class Question, class Answer>
  bool ask(std::size_t tenant, Question question, Answer answer) {
    using T = decltype(question(std::declval<core::Engine&>()));
    return ask_loop(tenant, [question = std::move(question), answer = std::move(answer)](core::Engine& engine) mutable {
      auto result = std::make_shared<T>(question(engine));
      return [result, answer = std::move(answer)]() mutable { answer(std::move(*result)); };
    });
  }

  using ViewCallback = std::function<void(core::Status)>;
  bool open_view(std::size_t tenant, std::string key, core::ViewDefinition definition, ViewCallback done);
  void close_view(std::size_t tenant, std::string key);

  struct Waiting {  // for their acknowledgement
    std::size_t items = 0;
    std::size_t bytes = 0;
  };
  Waiting waiting(std::size_t tenant) const;

  // Once the tenant is ready, for reading; null if nothing is kept.
  const state::Store* store(std::size_t tenant) const;

 private:
  struct Thread;
  bool ask_loop(std::size_t tenant, std::function<ShardLoop::Finish(core::Engine&)> question);

  std::unique_ptr<Thread> thread_;
};

}  // namespace server
