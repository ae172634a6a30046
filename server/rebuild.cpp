#include "server/rebuild.h"

#include <chrono>
#include <thread>
#include <utility>

namespace server {
namespace {

constexpr auto kLook = std::chrono::milliseconds(1);  // for what is on its way to the disk

}  // namespace

core::Result<Rebuilt> rebuild(const state::Store& store, const RecoveryOptions& options, std::uint64_t upto,
                              const std::atomic<bool>& give_up) {
  while (store.last().sequence < upto) {
    if (give_up) return core::Error{"given_up", "the server is stopping", ""};
    std::this_thread::sleep_for(kLook);
  }
  Rebuilt rebuilt;
  core::Error why;
  auto restored = restore_and_replay(store, options, upto, {}, give_up, why);
  if (!restored) return restored.error();
  if (!*restored) {
    if (why.code != "other_settings") return why;
    rebuilt.from_scratch = true;
    restored = replay_all(store, options, upto, {}, give_up);
    if (!restored) return restored.error();
  }
  rebuilt.recovered = std::move(**restored);
  return rebuilt;
}

core::Result<Rebuilt> rebuild(core::MemoryArchive& rows, const core::TenantSettings& settings) {
  auto engine = core::Engine::create(settings);
  if (!engine) return engine.error();
  const core::Status restored = (*engine)->restore(rows);
  if (!restored) return restored.error();
  Rebuilt rebuilt;
  rebuilt.recovered.engine = std::move(*engine);
  return rebuilt;
}

void apply_log(const std::vector<LoggedBatch>& log, Recovered& recovered) {
  for (const LoggedBatch& batch : log) {
    const auto refused = apply_batch(batch.payload, batch.applied_at, *recovered.engine, recovered.seen.get());
    CHECK(static_cast<bool>(refused), "what was just written can be read");
    recovered.refused += *refused;
  }
}

}  // namespace server
