#include "server/past.h"

#include <cstdio>
#include <utility>

#include "ingest/instant.h"
#include "server/clock.h"
#include "server/coverage.h"
#include "server/hub.h"
#include "server/json_text.h"
#include "server/problem.h"
#include "server/recovery.h"

namespace server {
namespace {

constexpr windows::Duration kKeepUnasked = windows::kMinute;

}  // namespace

Past::Past(Tenants::Post post)
    : post_(std::move(post)), worker_([this](std::vector<Job>& waiting) {
        for (const Job& job : waiting) {
          if (job.tenant == nullptr) {
            built_.reset();
            if (job.reply) post_([reply = job.reply] { reply({}); });
            continue;
          }
          auto answer = std::make_shared<Response>(perform(job));
          post_([this, answer, reply = job.reply] {
            busy_ = false;
            reply(std::move(*answer));
          });
        }
      }) {
  worker_.start();
}

Past::~Past() { worker_.stop(); }

bool Past::ask(const Tenant& tenant, core::Time time, Question question, Reply reply) {
  if (busy_ || held_) return false;
  const state::Store* store = tenant.shard->store(tenant.index);
  if (store == nullptr) {
    reply(problem(404, "not_kept", "nothing is kept, so nothing is known of the past (docs/durability.md)"));
    return true;
  }
  busy_ = true;
  asked_ = steady_now();
  core::TenantSettings settings = tenant.config.settings;
  settings.alerts.tells = false;
  worker_.put({&tenant, store, tenant.revision, std::move(settings), time, std::move(question), std::move(reply)});
  return true;
}

void Past::hold(std::function<void()> held) {
  held_ = true;
  Job forget;
  forget.reply = [held = std::move(held)](const Response&) { held(); };
  worker_.put(std::move(forget));
}

void Past::tidy(Time now) {
  if (busy_ || asked_ == windows::kNever || now < asked_ + kKeepUnasked) return;
  asked_ = windows::kNever;
  worker_.put({});
}

// ---- Past's thread ------------------------------------------------------------------------------------------

Response Past::perform(const Job& job) {
  const bool same = built_ && built_->tenant == job.tenant && built_->revision == job.revision;
  if (!same || built_->time != job.time) {
    built_.reset();
    auto built = build(job);
    if (!built) return problem(500, built.error().code, built.error().message);
    built_.emplace(std::move(*built));
  }
  return job.question(*built_->engine);
}

core::Result<Past::Built> Past::build(const Job& job) const {
  const auto fresh = [&] { return core::Engine::create(job.settings); };
  Built built;
  built.tenant = job.tenant;
  built.revision = job.revision;
  built.time = job.time;
  auto engine = fresh();
  if (!engine) return engine.error();
  built.engine = std::move(*engine);
  auto archive = job.store->archive_as_of(job.time);
  std::uint64_t from = 1;
  if (archive && *archive != nullptr) {
    // Of other settings or damaged: the journal alone tells the same, only later.
    if (built.engine->restore(**archive) && (*archive)->status()) {
      built.archive = std::move(*archive);
      built.engine->attach(built.archive.get());
      from = built.archive->info().sequence + 1;
    } else {
      auto again = fresh();
      if (!again) return again.error();
      built.engine = std::move(*again);
    }
  }
  const auto replayed =
      replay_journal(*job.store, from, job.store->last().sequence, job.time, *built.engine, nullptr, {});
  if (!replayed) return replayed.error();
  if (job.time > built.engine->now()) built.engine->advance(job.time);
  return built;
}

// ---- questions ----------------------------------------------------------------------------------------------

std::optional<core::Time> parse_asof(const std::string& text, const core::Zone& zone, core::Time now) {
  if (const auto instant = ingest::parse_rfc3339(text)) return instant;
  if (const auto instant = ingest::parse_epoch_ms(text)) return instant;
  int hour = 0;
  int minute = 0;
  int second = 0;
  char end = 0;
  const bool shape = (text.size() == 5 || text.size() == 8) && text[2] == ':' && (text.size() == 5 || text[5] == ':');
  const int read = std::sscanf(text.c_str(), "%2d:%2d:%2d%c", &hour, &minute, &second, &end);
  const bool whole = read == (text.size() == 5 ? 2 : 3);
  if (!shape || !whole || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) {
    return std::nullopt;
  }
  const core::Time local_midnight = windows::floor_to(now + zone.offset_at(now), windows::kDay);
  const core::Duration of_day = hour * windows::kHour + minute * windows::kMinute + second * windows::kSecond;
  return zone.from_local(local_midnight + of_day);
}

Response view_answer(core::Engine& engine, const core::ViewDefinition& view) {
  const auto opened = engine.open_view(view);
  if (!opened) return problem(opened.error());
  const core::ViewChanges& changes = engine.view_changes(*opened, true);
  ViewUpdate update;
  update.view = view.id;
  update.asof = changes.asof;
  update.last_event = engine.last_event();
  for (const core::CellChange& cell : changes.cells) {
    std::string value;
    append_covered(value, engine, cell.row, cell.column, shown_at(changes.asof), cell.value);
    update.cells.push_back({std::string(cell.row), std::string(cell.column), std::move(value)});
  }
  engine.close_view(*opened);
  Hub hub({"asof"});
  hub.open_view(view.id, view.id);
  hub.publish(update, 0);
  Response response;
  response.body = hub.snapshot_json(view.id).value_or("{}");
  return response;
}

}  // namespace server
