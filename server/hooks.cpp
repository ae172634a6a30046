#include "server/hooks.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include "server/clock.h"
#include "server/hook_delivery.h"
#include "server/hook_sender.h"
#include "server/worker.h"
#include "state/outbox.h"

namespace server {
namespace {

std::function<double()> by_chance() {
  // Spreads attempts of many servers; nobody gains by guessing it.
  auto engine = std::make_shared<std::mt19937_64>(std::random_device{}());
  return [engine] { return std::uniform_real_distribution<double>(0, 1)(*engine); };
}

core::Error unknown_tenant(const std::string& tenant) {
  return {"unknown_tenant", "there is no tenant '" + tenant + "'", {}};
}

core::Error unknown_receiver(const std::string& receiver) {
  return {"unknown_receiver", "there is no receiver '" + receiver + "'", {}};
}

core::Status make_ready(std::vector<Receiver>& receivers) {
  for (Receiver& receiver : receivers) {
    const core::Status loaded = load_secrets(receiver);
    if (!loaded) {
      return core::Error{loaded.error().code, loaded.error().message, receiver.name + "." + loaded.error().where};
    }
    const std::vector<core::Error> findings = check(receiver);
    if (findings.empty()) continue;
    return core::Error{findings[0].code, findings[0].message, receiver.name + "." + findings[0].where};
  }
  return core::Done{};
}

DeadLetter letter_of(state::OutboxEntry&& entry) {
  return {entry.number,
          std::move(entry.notice.id),
          std::move(entry.target),
          entry.notice.at,
          entry.died,
          entry.attempts,
          std::move(entry.error),
          std::move(entry.notice.alerts)};
}

state::OutboxQuery query_of(const DeadLetterQuery& query) {
  return {query.receiver, query.from, query.to, query.after, query.limit};
}

}  // namespace

struct Hooks::Parts {
  struct ToPut {
    std::string tenant;
    std::vector<core::Notice> notices;
  };

  Parts(HookSeams given, Failed on_failure, Log log)
      : seams(std::move(given)), failed(std::move(on_failure)),
        delivery(sender, seams.chance ? seams.chance : by_chance(), std::move(log)),
        writer([this](std::vector<ToPut>& waiting) { write(waiting); }) {
    started_wall = wall();
    started_steady = steady_now();
  }

  core::Time wall() const { return seams.now ? seams.now() : wall_now(); }
  // A clock that is set must not make every notice a day old, nor hold retries back.
  HookMoment moment() const { return {wall(), started_wall + (steady_now() - started_steady)}; }

  void write(std::vector<ToPut>& waiting);
  core::Status put(const std::string& tenant, const std::vector<core::Notice>& notices);
  void run();
  void fail(const core::Error& error);

  HookSeams seams;
  Failed failed;
  core::Time started_wall = 0, started_steady = 0;
  HookSender sender;  // the delivering thread's, but for wake()

  mutable std::mutex mutex;  // of what follows
  HookDelivery delivery;
  std::condition_variable written;
  std::uint64_t handed = 0, durable = 0;  // calls of notify()
  bool broken = false, stopping = false;

  Worker<ToPut> writer;
  std::thread deliverer;
};

void Hooks::Parts::fail(const core::Error& error) {
  {
    const std::lock_guard lock(mutex);
    if (std::exchange(broken, true)) return;
  }
  written.notify_all();
  sender.wake();
  failed(error);
}

core::Status Hooks::Parts::put(const std::string& tenant, const std::vector<core::Notice>& notices) {
  std::shared_ptr<state::Outbox> outbox;
  std::vector<state::Outbox::Outgoing> outgoing;
  {
    const std::lock_guard lock(mutex);
    outbox = delivery.outbox(tenant);
    if (!outbox) return core::Done{};  // it was closed meanwhile
    outgoing = delivery.outgoing(tenant, notices);
  }
  const HookMoment now = moment();
  const auto put = outbox->put(outgoing, now.running);  // the disk is waited for here, and nowhere else
  if (!put) return put.error();
  if (put->fresh.empty()) return core::Done{};
  const std::lock_guard lock(mutex);
  if (delivery.outbox(tenant) != outbox) return core::Done{};
  return delivery.added(tenant, put->fresh, now);
}

void Hooks::Parts::write(std::vector<ToPut>& waiting) {
  for (std::size_t i = 0; i < waiting.size();) {
    // All of one tenant that came one after the other share one sync.
    ToPut together = std::move(waiting[i]);
    std::uint64_t calls = 1;
    for (++i; i < waiting.size() && waiting[i].tenant == together.tenant; ++i, ++calls) {
      for (core::Notice& notice : waiting[i].notices) together.notices.push_back(std::move(notice));
    }
    {
      const std::lock_guard lock(mutex);
      if (broken) return;
    }
    const core::Status done = put(together.tenant, together.notices);
    if (!done) return fail(done.error());
    {
      const std::lock_guard lock(mutex);
      durable += calls;
    }
    written.notify_all();
    sender.wake();
  }
}

void Hooks::Parts::run() {
  for (;;) {
    core::Duration pause = 0;
    core::Status done = core::Done{};
    {
      const std::lock_guard lock(mutex);
      if (stopping || broken) return;
      const HookMoment now = moment();
      done = delivery.step(now);
      pause = std::clamp<core::Duration>(delivery.wake(now.running) - now.running, 0, windows::kMinute);
    }
    if (!done) return fail(done.error());
    const std::vector<HookAnswer> answers = sender.wait(pause);
    if (answers.empty()) continue;
    {
      const std::lock_guard lock(mutex);
      for (const HookAnswer& answer : answers) {
        done = delivery.take(answer, moment());
        if (!done) break;
      }
    }
    if (!done) return fail(done.error());
  }
}

Hooks::Hooks(HookSeams seams, Failed failed, Log log)
    : parts_(std::make_unique<Parts>(std::move(seams), std::move(failed), std::move(log))) {}

Hooks::~Hooks() { stop(); }

core::Status Hooks::open(const std::string& tenant, const std::string& folder, std::vector<Receiver> receivers) {
  const core::Status ready = make_ready(receivers);
  if (!ready) return ready;
  state::OutboxOptions options;
  if (!folder.empty()) options.folder = folder + "/outbox";
  options.disk = parts_->seams.disk;
  auto outbox = state::Outbox::open(options);
  if (!outbox) return outbox.error();
  const std::lock_guard lock(parts_->mutex);
  CHECK(!parts_->delivery.outbox(tenant), "a tenant's outbox is opened once");
  const core::Status added =
      parts_->delivery.add_tenant(tenant, std::move(*outbox), std::move(receivers), parts_->moment());
  parts_->sender.wake();
  return added;
}

void Hooks::start() {
  parts_->writer.start();
  parts_->deliverer = std::thread([this] { parts_->run(); });
}

void Hooks::stop() {
  if (!parts_->deliverer.joinable()) return;
  parts_->writer.stop();  // what was handed over is still written
  {
    const std::lock_guard lock(parts_->mutex);
    parts_->stopping = true;
  }
  parts_->written.notify_all();
  parts_->sender.wake();
  parts_->deliverer.join();
}

core::Status Hooks::set_receivers(const std::string& tenant, std::vector<Receiver> receivers) {
  const core::Status ready = make_ready(receivers);
  if (!ready) return ready;
  const std::lock_guard lock(parts_->mutex);
  if (!parts_->delivery.outbox(tenant)) return unknown_tenant(tenant);
  const core::Status done = parts_->delivery.set_receivers(tenant, std::move(receivers), parts_->moment());
  parts_->sender.wake();
  return done;
}

void Hooks::close(const std::string& tenant) {
  const std::lock_guard lock(parts_->mutex);
  parts_->delivery.remove_tenant(tenant);
}

void Hooks::notify(const std::string& tenant, std::vector<core::Notice> notices) {
  if (notices.empty()) return;
  {
    const std::lock_guard lock(parts_->mutex);
    ++parts_->handed;
  }
  parts_->writer.put({tenant, std::move(notices)});
}

core::Status Hooks::flush() {
  std::unique_lock lock(parts_->mutex);
  const std::uint64_t upto = parts_->handed;
  parts_->written.wait(lock, [&] { return parts_->broken || parts_->stopping || parts_->durable >= upto; });
  if (parts_->durable >= upto) return core::Done{};
  return core::Error{"outbox_failed", "an outbox could not be written", {}};
}

core::Result<std::vector<ReceiverStatus>> Hooks::receivers(const std::string& tenant) const {
  const std::lock_guard lock(parts_->mutex);
  if (!parts_->delivery.outbox(tenant)) return unknown_tenant(tenant);
  return parts_->delivery.status(tenant);
}

core::Result<std::vector<DeadLetter>> Hooks::dead_letters(const std::string& tenant,
                                                          const DeadLetterQuery& query) const {
  const std::lock_guard lock(parts_->mutex);
  const auto outbox = parts_->delivery.outbox(tenant);
  if (!outbox) return unknown_tenant(tenant);
  auto found = outbox->dead(query_of(query));
  if (!found) return found.error();
  std::vector<DeadLetter> letters;
  for (state::OutboxEntry& entry : *found) letters.push_back(letter_of(std::move(entry)));
  return letters;
}

core::Result<std::size_t> Hooks::redrive(const std::string& tenant, const DeadLetterQuery& query) {
  const std::lock_guard lock(parts_->mutex);
  const auto outbox = parts_->delivery.outbox(tenant);
  if (!outbox) return unknown_tenant(tenant);
  const HookMoment now = parts_->moment();
  const auto redriven = outbox->redrive(query_of(query), now.running);
  if (!redriven) return redriven.error();
  const core::Status added = parts_->delivery.added(tenant, *redriven, now, true);
  if (!added) return added.error();
  parts_->sender.wake();
  return redriven->size();
}

core::Result<std::size_t> Hooks::purge(const std::string& tenant, const DeadLetterQuery& query) {
  const std::lock_guard lock(parts_->mutex);
  const auto outbox = parts_->delivery.outbox(tenant);
  if (!outbox) return unknown_tenant(tenant);
  const auto purged = outbox->purge(query_of(query));
  if (!purged) return purged.error();
  parts_->delivery.purged(tenant, *purged);
  return purged->size();
}

core::Result<std::string> Hooks::test(const std::string& tenant, const std::string& receiver) {
  core::Notice notice;
  {
    const std::lock_guard lock(parts_->mutex);
    if (!parts_->delivery.outbox(tenant)) return unknown_tenant(tenant);
    if (!parts_->delivery.has_receiver(tenant, receiver)) return unknown_receiver(receiver);
    static std::uint64_t tests = 0;
    notice.at = parts_->wall();
    notice.id = fingerprint_of(tenant + '\0' + receiver + '\0' + std::to_string(notice.at) + '\0' +
                           std::to_string(++tests));
  }
  notice.receiver = receiver;
  notice.order = "test/" + notice.id;
  core::Alert alert;
  alert.key = notice.order;
  alert.name = "test";
  alert.scope = "tenant";
  alert.severity = core::Severity::info;
  alert.state = core::AlertState::firing;
  alert.episode = 1;
  alert.version = 1;
  alert.at = alert.noticed = alert.started = alert.fired = notice.at;
  alert.summary = "This is a test of the receiver " + receiver;
  notice.alerts.push_back(std::move(alert));
  const core::Status done = parts_->put(tenant, {notice});
  if (!done) return done.error();
  parts_->sender.wake();
  return notice.id;
}

std::string Hooks::metrics() const {
  const std::lock_guard lock(parts_->mutex);
  return parts_->delivery.metrics(parts_->moment().running);
}

}  // namespace server
