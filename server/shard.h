// Shard: the thread that owns the engines of some tenants. It takes batches of events and questions from a
// bounded queue, applies each batch at one instant, lets time pass at least four times a second, and hands
// what changed in the open views to the I/O thread. The only place that tells an engine the time.
//
// Tenants share the thread and nothing else; each has its own budget of waiting work. Full is an answer
// (false), never a drop. `submit`, `ask`, `open_view`, `close_view`, `waiting`: I/O thread. Answers come back
// on the I/O thread, after application, in the order of submission.
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

namespace server {

struct EventsResult {
  std::size_t accepted = 0;               // items that told the engine something new
  std::size_t unchanged = 0;              // duplicates, or outranked by what is known
  std::vector<ingest::Refusal> refusals;  // by the engine, in order of items
  std::int64_t applied_us = 0;            // steady
};

// What a tenant's views show now.
struct Emission {
  std::size_t tenant = 0;
  std::vector<ViewUpdate> updates;
  core::Engine::Counts counts;
  core::Time now = windows::kNever;
  core::Time last_event = windows::kNever;
};

class Shard {
 public:
  using Post = std::function<void(std::function<void()>)>;  // runs it on the I/O thread

  Shard(const Limits& limits, Post post, std::function<void(Emission)> publish);
  ~Shard();  // stops

  // Before start. `tenant` is the caller's index, handed back in emissions. Errors: those of Engine::create.
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
    return run(tenant, [question = std::move(question), answer = std::move(answer)](core::Engine& engine) mutable {
      auto result = std::make_shared<T>(question(engine));
      return [result, answer = std::move(answer)]() mutable { answer(std::move(*result)); };
    });
  }

  using ViewCallback = std::function<void(core::Status)>;
  bool open_view(std::size_t tenant, std::string key, core::ViewDefinition definition, ViewCallback done);
  void close_view(std::size_t tenant, std::string key);

  struct Waiting {
    std::size_t items = 0;
    std::size_t bytes = 0;
  };
  Waiting waiting(std::size_t tenant) const;

 private:
  struct Loop;
  using Finish = std::function<void()>;
  bool run(std::size_t tenant, std::function<Finish(core::Engine&)> work);

  std::unique_ptr<Loop> loop_;
};

}  // namespace server
