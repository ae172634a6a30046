#include "server/recompute.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <limits>

#include "ingest/instant.h"
#include "server/check_config.h"
#include "server/json_text.h"
#include "server/recovery.h"
#include "server/serve.h"

namespace server {
namespace {

int fail(const core::Error& error, int code) {
  std::fprintf(stderr, "ringside: %s%s\n", error.where.empty() ? "" : (error.where + ": ").c_str(),
               error.message.c_str());
  return code;
}

// "acme: applying the journal 41 %", on one line of a terminal, not at all elsewhere.
state::Progress progress_of(const std::string& tenant) {
  return [tenant, terminal = isatty(2) != 0](std::string_view what, std::uint64_t done, std::uint64_t total) {
    if (!terminal) return;
    const std::string part = total == 0 ? "" : " " + std::to_string(done * 100 / total) + " %";
    std::fprintf(stderr, "\r%s: %.*s%s\033[K", tenant.c_str(), static_cast<int>(what.size()), what.data(),
                 part.c_str());
    if (total != 0 && done == total) std::fprintf(stderr, "\n");
  };
}

std::string text_of(const core::Value& value) {
  std::string text;
  append_value(text, value);
  return text;
}

// The first KPI of the first step in which the two differ; empty if none.
struct Difference {
  core::Time from = 0, to = 0;
  std::string text;
};
Difference compare(core::Engine& stored, core::Engine& told, const std::string& scope,
                   const std::vector<std::string>& kpis, core::Time from, core::Time to, core::Step step) {
  const auto a = stored.history(scope, kpis, from, to, step);
  const auto b = told.history(scope, kpis, from, to, step);
  if (!a || !b) return {from, to, "only one of the two knows " + scope};
  for (std::size_t row = 0; row < std::min(a->size(), b->size()); ++row) {
    for (std::size_t kpi = 0; kpi < kpis.size(); ++kpi) {
      const std::string left = text_of((*a)[row].values[kpi]);
      const std::string right = text_of((*b)[row].values[kpi]);
      if (left == right) continue;
      return {(*a)[row].from, (*a)[row].to, kpis[kpi] + " of " + scope + ": stored " + left + ", recomputed " + right};
    }
  }
  return {};
}

// Where the two first differ, as narrow as can be told.
std::string first_difference(core::Engine& stored, core::Engine& told, core::Duration retention) {
  std::vector<std::string> kpis;
  for (const core::Catalogue::Kpi& kpi : told.catalogue().kpis()) {
    if (!kpi.live) kpis.push_back(kpi.spec.id);
  }
  const std::vector<std::string> scopes = told.scopes("*");
  if (stored.scopes("*") != scopes) return "they do not know the same queues, teams and agents";
  const core::Time to = told.now() + 1;
  const core::Time from = std::max<core::Time>(0, to - retention);
  for (const std::string& scope : scopes) {
    const Difference day = compare(stored, told, scope, kpis, from, to, core::Step::day);
    if (day.text.empty()) continue;
    const Difference narrow = compare(stored, told, scope, kpis, day.from, day.to, core::Step::interval);
    const Difference& found = narrow.text.empty() ? day : narrow;
    return found.text + ", from " + ingest::format_instant(found.from) + " to " + ingest::format_instant(found.to);
  }
  return "history is equal; they differ in records or in what is shown of the last hour";
}

int recompute_tenant(const Config& config, const TenantConfig& tenant) {
  const std::string& name = tenant.settings.name;
  state::StoreOptions options;
  options.folder = *config.storage.folder + "/" + name;
  options.id_horizon = config.storage.id_horizon;
  options.kept_copies = config.storage.kept_copies;
  options.create = false;
  const state::Progress progress = progress_of(name);
  const auto store = state::Store::open(options, progress);
  if (!store) return fail(store.error(), kDataRefused);
  RecoveryOptions how;
  how.settings = tenant.settings;
  how.id_horizon = config.storage.id_horizon;
  auto stored = recover(**store, how, progress);
  if (!stored) return fail(stored.error(), kDataRefused);

  core::TenantSettings settings = tenant.settings;
  settings.alerts.tells = false;
  auto told = core::Engine::create(settings);
  if (!told) return fail(told.error(), kNotStarted);
  const std::uint64_t last = (*store)->last().sequence;
  const auto replayed =
      replay_journal(**store, 1, last, std::numeric_limits<core::Time>::max(), **told, nullptr, progress);
  if (!replayed) return fail(replayed.error(), kDataRefused);
  const core::Time now = std::max(stored->engine->now(), (*told)->now());
  stored->engine->advance(now);
  (*told)->advance(now);

  const std::uint64_t left = stored->engine->digest();
  const std::uint64_t right = (*told)->digest();
  std::printf("%s: %llu batches applied, state of batch %llu and %llu after it; stored %016llx, recomputed %016llx\n",
              name.c_str(), static_cast<unsigned long long>(replayed->batches),
              static_cast<unsigned long long>((*store)->checkpoint().sequence),
              static_cast<unsigned long long>(stored->replayed), static_cast<unsigned long long>(left),
              static_cast<unsigned long long>(right));
  if (left == right) {
    std::printf("%s: all numbers are those of the journal\n", name.c_str());
    return 0;
  }
  std::printf("%s: DIFFERENT: %s\n", name.c_str(),
              first_difference(*stored->engine, **told, config.storage.retention).c_str());
  return 1;
}

}  // namespace

int recompute(const CommandLine& line) {
  auto config = load_config(line);
  if (!config) return fail(config.error(), kNotStarted);
  if (!config->storage.folder) config->storage.folder = kDefaultFolder;
  if (!config->storage.keeps()) return fail({"bad_usage", "nothing is kept, so there is nothing to compare", ""}, 2);
  int worst = 0;
  bool any = false;
  for (const TenantConfig& tenant : config->tenants) {
    if (line.has("tenant") && tenant.settings.name != line.option("tenant")) continue;
    any = true;
    worst = std::max(worst, recompute_tenant(*config, tenant));
  }
  if (!any) return fail({"bad_usage", "there is no tenant '" + line.option("tenant") + "'", ""}, kBadUsage);
  return worst;
}

}  // namespace server
