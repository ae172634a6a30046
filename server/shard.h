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
#include "server/hooks.h"
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
  // Those without another word are called on the I/O thread.
  struct Hooks {
    std::function<void(std::function<void()>)> post;  // runs it on the I/O thread; any thread
    std::function<void(Emission)> publish;
    std::function<void(std::size_t tenant, Recovery)> recovering;
    std::function<void(core::Error, bool at_start)> failed;
    std::function<void(Told)> told;  // without the notices
    server::Hooks* receivers = nullptr;  // of notices; any thread; null: nothing is started, only checked
  };

  Shard(const Limits& limits, const Storage& storage, const Seams& seams, Hooks hooks);
  ~Shard();  // stops

  // Before start. `tenant` is the caller's index, handed back in emissions. Errors: those of Engine::create, of its
  // views.
  core::Status add_tenant(std::size_t tenant, const TenantConfig& config);
  void start();
  void stop();  // what is queued is still applied

  // After the start, while everything goes on; one of these at a time for a tenant. `done` comes on the I/O thread,
  // after everything that shows what was and before anything that shows what is; with the keys of views that could not
  // be opened again.
  using Changed = std::function<void(core::Status, std::vector<std::string> closed)>;
  void change_tenant(std::size_t tenant, TenantConfig config, Changed done);
  void start_tenant(std::size_t tenant, TenantConfig config, Changed done);  // a new one, or one that was stopped
  void stop_tenant(std::size_t tenant);
  void set_limits(const Limits& limits) { limits_ = limits; }

  using EventsCallback = std::function<void(EventsResult)>;
  // False: no room. `received_us`: steady, when the events arrived.
  bool submit(std::size_t tenant, ingest::Batch&& batch, std::int64_t received_us, EventsCallback done) {
    return submit(tenant, std::make_shared<const ingest::Batch>(std::move(batch)), received_us, std::move(done));
  }
  bool submit(std::size_t tenant, std::shared_ptr<const ingest::Batch> batch, std::int64_t received_us,
              EventsCallback done);

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
  void watch_deadlines(std::size_t tenant, DeadlineWatch watch, bool on);
  // Those at work are others from here on, while the engine stays; of change_tenant and start_tenant that is a part.
  void set_sources(std::size_t tenant, const std::vector<SourceConfig>& sources);

  struct Waiting {  // for their acknowledgement
    std::size_t items = 0;
    std::size_t bytes = 0;
  };
  Waiting waiting(std::size_t tenant) const;

  // Once the tenant is ready, for reading; null if nothing is kept.
  const state::Store* store(std::size_t tenant) const;

 private:
  struct Thread;
  using Question = std::function<ShardLoop::Finish(core::Engine&)>;
  bool ask_loop(std::size_t tenant, Question question);

  Limits limits_;
  std::unique_ptr<Thread> thread_;
};

}  // namespace server
