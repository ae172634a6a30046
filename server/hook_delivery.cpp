#include "server/hook_delivery.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "server/metrics.h"

namespace server {

struct HookDelivery::Target {
  Target(std::string called, const Receiver& settings)
      : name(std::move(called)), queue(settings.concurrency, settings.attempts_per_second()) {}

  std::string name;
  std::shared_ptr<const Receiver> receiver;
  HookUrl url;
  AllowList allow;
  HookQueue queue;
  std::string disabled;  // why; empty: it is not
  std::string error;
  core::Time error_at = windows::kNever, delivered_at = windows::kNever;
  std::uint64_t dead = 0, delivered = 0, failed = 0, retries = 0;
  std::size_t turn = 0;  // attempts that failed: which address of a name is tried
  // Alertmanager: what it is told again and again.
  std::map<std::string, core::Alert> firing;  // by key
  core::Time again_at = windows::kNever;
  bool telling_again = false;
};

struct HookDelivery::Tenant {
  std::string name;
  std::shared_ptr<state::Outbox> outbox;
  std::map<std::string, std::unique_ptr<Target>> targets;
};

struct HookDelivery::Running {
  std::string tenant, target;
  std::shared_ptr<state::Outbox> outbox;
  HookQueue::Attempt attempt;
  HookMessage message;
  std::vector<HookRequest> requests;
  std::size_t next = 0;  // of the requests
  bool again = false;    // Alertmanager: what it knows already
};

namespace {

// So that a receiver that said "gone" stays gone until somebody changes where or how it is told.
std::string fingerprint(const Receiver& receiver, const HookUrl& url) {
  std::string all = url.text + '\0' + receiver.authorization.value;
  for (const Sensitive& secret : receiver.secrets) all += '\0' + secret.value;
  return fingerprint_of(all);
}

std::vector<std::string> urls_of(const Receiver& receiver) {
  std::vector<std::string> all;
  if (receiver.kind == ReceiverKind::mail) {
    const bool tls = receiver.security == MailSecurity::tls;
    const bool port = receiver.server.rfind(':') != std::string::npos && !receiver.server.ends_with(']');
    // What stands behind the slash is what the server is greeted with.
    all.push_back((tls ? "smtps://" : "smtp://") + receiver.server + (port ? "" : tls ? ":465" : ":587") + "/ringside");
  } else if (receiver.kind == ReceiverKind::pagerduty && receiver.urls.empty()) {
    all.emplace_back("https://events.pagerduty.com/v2/enqueue");
  }
  for (const Sensitive& url : receiver.urls) {
    std::string text = url.value;
    if (receiver.kind == ReceiverKind::alertmanager) {
      while (text.ends_with('/')) text.pop_back();
    }
    all.push_back(std::move(text));
  }
  return all;
}

std::string target_name(const std::string& receiver, std::size_t index) {
  return index == 0 ? receiver : receiver + "/" + std::to_string(index + 1);
}

std::string bare_address(const std::string& address) {
  const std::size_t open = address.rfind('<');
  return open == address.npos ? address : address.substr(open + 1, address.size() - open - 2);
}

// Tests and the like are not told again.
bool told_again(const core::Alert& alert) { return !alert.key.starts_with("test/"); }

std::string what_happened(const HookAnswer& answer) {
  return answer.status == 0 ? answer.error : "it answered " + std::to_string(answer.status);
}

}  // namespace

HookDelivery::HookDelivery(HookSender& sender, std::function<double()> chance, Log log)
    : sender_(sender), chance_(std::move(chance)), log_(std::move(log)) {}

HookDelivery::~HookDelivery() = default;

HookDelivery::Target* HookDelivery::find(const std::string& tenant, const std::string& target) const {
  const auto found = tenants_.find(tenant);
  if (found == tenants_.end()) return nullptr;
  const auto one = found->second->targets.find(target);
  return one == found->second->targets.end() ? nullptr : one->second.get();
}

std::shared_ptr<state::Outbox> HookDelivery::outbox(const std::string& tenant) const {
  const auto found = tenants_.find(tenant);
  return found == tenants_.end() ? nullptr : found->second->outbox;
}

bool HookDelivery::has_receiver(const std::string& tenant, const std::string& receiver) const {
  return find(tenant, receiver) != nullptr;
}

core::Status HookDelivery::add_tenant(const std::string& name, std::shared_ptr<state::Outbox> outbox,
                                      std::vector<Receiver> receivers, HookMoment now) {
  auto tenant = std::make_unique<Tenant>();
  tenant->name = name;
  tenant->outbox = std::move(outbox);
  tenants_[name] = std::move(tenant);
  core::Status done = set_receivers(name, std::move(receivers), now);
  if (!done) return done;
  std::vector<state::OutboxEntry> waiting;
  const auto& from = *tenants_[name]->outbox;
  done = from.each_waiting([&](state::OutboxEntry&& entry) {
    entry.notice.alerts.clear();  // they stay in the outbox until they are told
    waiting.push_back(std::move(entry));
  });
  if (!done) return done;
  const auto dead = from.dead({});
  if (!dead) return dead.error();
  for (const state::OutboxEntry& entry : *dead) {
    if (Target* target = find(name, entry.target)) ++target->dead;
  }
  if (!waiting.empty()) {
    log_(false, "tenant " + name + ": " + std::to_string(waiting.size()) + " notices wait to be told");
  }
  return added(name, waiting, now);
}

core::Status HookDelivery::set_receivers(const std::string& name, std::vector<Receiver> receivers, HookMoment now) {
  Tenant& tenant = *tenants_.at(name);
  std::map<std::string, std::string> disabled;
  const auto notes = tenant.outbox->notes();
  if (!notes) return notes.error();
  for (const state::TargetNote& note : *notes) disabled[note.target] = note.text;

  std::map<std::string, std::unique_ptr<Target>> targets;
  for (Receiver& one : receivers) {
    const auto receiver = std::make_shared<const Receiver>(std::move(one));
    const std::vector<std::string> urls = urls_of(*receiver);
    for (std::size_t i = 0; i < urls.size(); ++i) {
      const std::string target_called = target_name(receiver->name, i);
      auto url = parse_hook_url(urls[i]);
      if (!url) return core::Error{"bad_receiver", url.error().message, target_called};
      auto allow = AllowList::parse(receiver->allow);
      if (!allow) return core::Error{"bad_receiver", allow.error().message, target_called};
      auto known = tenant.targets.find(target_called);
      auto target = known != tenant.targets.end() ? std::move(known->second)
                                                  : std::make_unique<Target>(target_called, *receiver);
      if (known != tenant.targets.end()) {
        tenant.targets.erase(known);
        target->queue.adjust(receiver->concurrency, receiver->attempts_per_second());
      } else if (receiver->kind == ReceiverKind::alertmanager) {
        const auto remembered = tenant.outbox->remembered(target_called);
        if (!remembered) return remembered.error();
        for (const core::Alert& alert : *remembered) target->firing[alert.key] = alert;
        target->again_at = now.running;
      }
      target->receiver = receiver;
      target->url = std::move(*url);
      target->allow = std::move(*allow);
      target->disabled.clear();
      const auto note = disabled.find(target_called);
      if (note != disabled.end() && note->second == fingerprint(*receiver, target->url)) {
        target->disabled = "it answered 410: it does not want to be told any more";
      } else if (note != disabled.end()) {
        const core::Status cleared = tenant.outbox->note(target_called, {});
        if (!cleared) return cleared;
      }
      targets[target_called] = std::move(target);
    }
  }
  tenant.targets.swap(targets);
  for (const auto& [gone, target] : targets) {
    if (!target) continue;
    const core::Status buried =
        bury(tenant, nullptr, target->queue.take_all(), "there is no such receiver any more", now);
    if (!buried) return buried;
  }
  return core::Done{};
}

void HookDelivery::remove_tenant(const std::string& tenant) { tenants_.erase(tenant); }

std::vector<state::Outbox::Outgoing> HookDelivery::outgoing(const std::string& tenant,
                                                            const std::vector<core::Notice>& notices) const {
  std::vector<state::Outbox::Outgoing> all;
  for (const core::Notice& notice : notices) {
    all.push_back({notice.receiver, &notice});  // also of a receiver nobody knows: it shall be seen
    for (std::size_t i = 1; find(tenant, target_name(notice.receiver, i)) != nullptr; ++i) {
      all.push_back({target_name(notice.receiver, i), &notice});
    }
  }
  return all;
}

core::Status HookDelivery::added(const std::string& name, const std::vector<state::OutboxEntry>& entries,
                                 HookMoment now, bool again) {
  const auto found = tenants_.find(name);
  if (found == tenants_.end()) return core::Done{};
  Tenant& tenant = *found->second;
  std::vector<std::uint64_t> strays;
  for (const state::OutboxEntry& entry : entries) {
    Target* const target = find(name, entry.target);
    if (target == nullptr) {
      strays.push_back(entry.number);
      continue;
    }
    if (again) {
      target->dead -= std::min<std::uint64_t>(target->dead, 1);
      target->queue.breaker().forget();
      if (!target->disabled.empty()) {
        target->disabled.clear();
        const core::Status done = tenant.outbox->note(target->name, {});
        if (!done) return done;
      }
    }
    // A clock that was set back while nobody ran must not make it wait for longer than the schedule has.
    const core::Time next = std::min(entry.next, now.running + 2 * kLongestRetryAfter);
    target->queue.add(entry.notice.order, entry.number, std::min(entry.put, now.running), now.running, entry.attempts,
                      entry.next == windows::kNever ? now.running : next);
  }
  return bury(tenant, nullptr, strays, "the configuration has no receiver of that name", now);
}

void HookDelivery::purged(const std::string& tenant, const std::vector<state::OutboxEntry>& entries) {
  for (const state::OutboxEntry& entry : entries) {
    if (Target* target = find(tenant, entry.target)) target->dead -= std::min<std::uint64_t>(target->dead, 1);
  }
}

core::Status HookDelivery::bury(Tenant& tenant, Target* target, const std::vector<std::uint64_t>& numbers,
                                const std::string& why, HookMoment now) {
  if (numbers.empty()) return core::Done{};
  log_(true, "tenant " + tenant.name + ": " + std::to_string(numbers.size()) + " notices" +
                 (target != nullptr ? " for " + target->name : "") + " are dead letters now: " + why);
  if (target != nullptr) target->dead += numbers.size();
  return tenant.outbox->buried(numbers, why, now.running);
}

core::Status HookDelivery::expire(HookMoment now) {
  if (expired_at_ != windows::kNever && now.running < expired_at_ + windows::kHour) return core::Done{};
  expired_at_ = now.running;
  for (auto& [name, tenant] : tenants_) {
    const auto gone = tenant->outbox->expire(now.running);
    if (!gone) return gone.error();
    purged(name, *gone);
  }
  return core::Done{};
}

core::Status HookDelivery::step(HookMoment now) {
  core::Status done = expire(now);
  if (!done) return done;
  for (auto& [name, tenant] : tenants_) {
    for (auto& [target_called, target] : tenant->targets) {
      done = serve(*tenant, *target, now);
      if (!done) return done;
    }
  }
  return core::Done{};
}

core::Status HookDelivery::serve(Tenant& tenant, Target& target, HookMoment now) {
  if (!target.disabled.empty()) return bury(tenant, &target, target.queue.take_all(), target.disabled, now);
  const std::string why = target.error.empty() ? "it could not be told within a day" : target.error;
  core::Status done = bury(tenant, &target, target.queue.take_overdue(now.running), why, now);
  if (!done) return done;
  while (auto attempt = target.queue.begin(now.running)) {
    done = begin(tenant, target, std::move(*attempt), now);
    if (!done) return done;
  }
  if (target.receiver->kind == ReceiverKind::alertmanager) tell_again(tenant, target, now);
  return core::Done{};
}

core::Status HookDelivery::begin(Tenant& tenant, Target& target, HookQueue::Attempt attempt, HookMoment now) {
  auto running = std::make_unique<Running>();
  running->tenant = tenant.name;
  running->target = target.name;
  running->outbox = tenant.outbox;
  running->message.tenant = tenant.name;
  for (const std::uint64_t number : attempt.numbers) {
    auto entry = tenant.outbox->waiting(number);
    if (!entry) return entry.error();
    CHECK(entry->has_value(), "what waits in a queue waits in the outbox");
    add_notice(running->message, (*entry)->notice, number);
  }
  if (attempt.made > 0) ++target.retries;
  running->attempt = std::move(attempt);
  if (running->message.over() && !target.receiver->resolved) {
    target.queue.delivered(running->attempt, now.running, false);
    return tenant.outbox->delivered(running->attempt.numbers);
  }
  running->requests = render(running->message, *target.receiver, now.wall);
  if (target.receiver->kind == ReceiverKind::alertmanager) {
    // A label that changed makes it another alert over there: the old one is over.
    std::vector<core::Alert> all = running->message.alerts;
    for (const core::Alert& alert : running->message.alerts) {
      const auto known = target.firing.find(alert.key);
      if (known == target.firing.end() || same_labels(known->second, alert, *target.receiver)) continue;
      core::Alert old = known->second;
      old.ended = std::max(alert.at, old.started);
      all.push_back(std::move(old));
    }
    running->requests = {render_again(all, tenant.name, *target.receiver, now.wall)};
  }
  const std::uint64_t ticket = ++last_ticket_;
  const Running& placed = *(attempts_[ticket] = std::move(running));
  send(target, ticket, placed);
  return core::Done{};
}

void HookDelivery::send(const Target& target, std::uint64_t ticket, const Running& running) {
  const Receiver& receiver = *target.receiver;
  const HookRequest& request = running.requests[running.next];
  HookOutgoing outgoing;
  outgoing.ticket = ticket;
  outgoing.url = target.url;
  outgoing.url.text += request.path;
  outgoing.headers = request.headers;
  if (!receiver.authorization.value.empty()) {
    outgoing.headers.push_back("authorization: " + receiver.authorization.value);
  }
  outgoing.body = request.body;
  outgoing.allow = target.allow;
  outgoing.timeout = receiver.timeout;
  outgoing.ca_file = receiver.ca_file;
  outgoing.turn = target.turn;
  if (receiver.kind == ReceiverKind::mail) {
    outgoing.from = bare_address(receiver.from);
    for (const std::string& to : receiver.to) outgoing.to.push_back(bare_address(to));
    outgoing.user = receiver.user;
    outgoing.password = receiver.password.value;
    outgoing.starttls = receiver.security == MailSecurity::starttls;
  }
  sender_.send(std::move(outgoing));
}

void HookDelivery::tell_again(Tenant& tenant, Target& target, HookMoment now) {
  if (target.telling_again || target.firing.empty() || target.queue.breaker().open()) return;
  if (target.again_at == windows::kNever || target.again_at > now.running) return;
  auto running = std::make_unique<Running>();
  running->tenant = tenant.name;
  running->target = target.name;
  running->outbox = tenant.outbox;
  running->again = true;
  std::vector<core::Alert> some;
  for (const auto& [key, alert] : target.firing) {
    some.push_back(alert);
    if (some.size() < 500) continue;
    running->requests.push_back(render_again(some, tenant.name, *target.receiver, now.wall));
    some.clear();
  }
  if (!some.empty()) running->requests.push_back(render_again(some, tenant.name, *target.receiver, now.wall));
  target.telling_again = true;
  const std::uint64_t ticket = ++last_ticket_;
  const Running& placed = *(attempts_[ticket] = std::move(running));
  send(target, ticket, placed);
}

core::Status HookDelivery::take(const HookAnswer& answer, HookMoment now) {
  const auto found = attempts_.find(answer.ticket);
  if (found == attempts_.end()) return core::Done{};
  Running& running = *found->second;
  Target* const target = find(running.tenant, running.target);
  const bool good = answer.status >= 200 && answer.status < 300;
  if (good && target != nullptr && ++running.next < running.requests.size()) {
    send(*target, answer.ticket, running);
    return core::Done{};
  }
  const auto finished = std::move(found->second);
  attempts_.erase(found);
  return good ? told(*finished, now) : not_told(*finished, answer, now);
}

core::Status HookDelivery::told(Running& running, HookMoment now) {
  Target* const target = find(running.tenant, running.target);
  if (target != nullptr) {
    target->error.clear();
    target->delivered_at = now.wall;
    if (running.again) {
      target->telling_again = false;
      target->again_at = now.running + kAgainEvery;
      // What is over was told for long enough; what nobody spoke of for a week is not known to be true any more.
      std::vector<std::string> over;
      for (const auto& [key, alert] : target->firing) {
        const bool resolved = ended(alert) && now.wall >= alert.ended + kResolvedToldFor;
        if (resolved || now.wall >= alert.noticed + 7 * windows::kDay) over.push_back(key);
      }
      for (const std::string& key : over) {
        target->firing.erase(key);
        const core::Status done = running.outbox->forget(target->name, key);
        if (!done) return done;
      }
      return core::Done{};
    }
    target->queue.delivered(running.attempt, now.running);
    target->delivered += running.attempt.numbers.size();
    const core::Status done = remember(running, *target, now);
    if (!done) return done;
  }
  if (running.again) return core::Done{};
  return running.outbox->delivered(running.attempt.numbers);
}

core::Status HookDelivery::remember(const Running& running, Target& target, HookMoment now) {
  if (target.receiver->kind != ReceiverKind::alertmanager) return core::Done{};
  for (const core::Alert& alert : running.message.alerts) {
    if (!told_again(alert)) continue;
    if (target.firing.empty()) target.again_at = now.running + kAgainEvery;
    target.firing[alert.key] = alert;
    const core::Status done = running.outbox->remember(target.name, alert);
    if (!done) return done;
  }
  return core::Done{};
}

core::Status HookDelivery::disable(Tenant& tenant, Target& target, const std::string& why, HookMoment now) {
  target.disabled = why;
  log_(true, "tenant " + tenant.name + ": " + target.name + " is disabled: " + why);
  const core::Status done = tenant.outbox->note(target.name, fingerprint(*target.receiver, target.url));
  if (!done) return done;
  return bury(tenant, &target, target.queue.take_all(), why, now);
}

core::Status HookDelivery::not_told(Running& running, const HookAnswer& answer, HookMoment now) {
  const std::string why = what_happened(answer);
  Target* const target = find(running.tenant, running.target);
  if (target == nullptr) {
    if (running.again) return core::Done{};
    return running.outbox->buried(running.attempt.numbers, "there is no such receiver any more; " + why, now.running);
  }
  Tenant& tenant = *tenants_.at(running.tenant);
  ++target->failed;
  ++target->turn;
  target->error = why;
  target->error_at = now.wall;
  if (running.again) {
    target->telling_again = false;
    target->again_at = now.running + kAgainEvery / 6;
    return core::Done{};
  }
  if (answer.status == 410) {
    target->queue.abandoned(running.attempt, now.running);
    return disable(tenant, *target, "it answered 410: it does not want to be told any more", now);
  }
  const bool was_open = target->queue.breaker().open();
  const auto failure = target->queue.failed(running.attempt, now.running, chance_(), answer.retry_after);
  if (!was_open && target->queue.breaker().open()) {
    log_(true, "tenant " + tenant.name + ": " + target->name + " failed " +
                   std::to_string(CircuitBreaker::kOpensAfter) + " times in a row, and is tried now and then: " + why);
  }
  core::Status done = core::Done{};
  if (!failure.later.empty()) {
    done = tenant.outbox->attempted(failure.later, failure.attempts, failure.next, why);
    if (!done) return done;
  }
  return bury(tenant, target, failure.dead, why, now);
}

core::Time HookDelivery::wake(core::Time running) const {
  core::Time when = expired_at_ == windows::kNever ? running : expired_at_ + windows::kHour;
  for (const auto& [name, tenant] : tenants_) {
    for (const auto& [target_called, target] : tenant->targets) {
      when = std::min(when, target->queue.wake(running));
      const bool again = !target->telling_again && !target->firing.empty() && !target->queue.breaker().open();
      if (again && target->again_at != windows::kNever) when = std::min(when, target->again_at);
    }
  }
  return when;
}

std::vector<ReceiverStatus> HookDelivery::status(const std::string& tenant) const {
  std::vector<ReceiverStatus> all;
  const auto found = tenants_.find(tenant);
  if (found == tenants_.end()) return all;
  for (const auto& [name, target] : found->second->targets) {
    ReceiverStatus one;
    one.name = name;
    one.kind = target->receiver->kind;
    one.host = target->url.host;
    const CircuitBreaker& breaker = target->queue.breaker();
    one.state = !target->disabled.empty() ? "disabled"
                : breaker.open()          ? "open"
                : breaker.failures() > 0  ? "failing"
                                          : "good";
    one.error = target->disabled.empty() ? target->error : target->disabled;
    one.error_at = target->error_at;
    one.delivered_at = target->delivered_at;
    one.next_attempt = target->queue.next_attempt().value_or(windows::kNever);
    one.oldest_waiting = target->queue.oldest_put().value_or(windows::kNever);
    one.waiting = target->queue.waiting();
    one.dead = target->dead;
    one.delivered = target->delivered;
    one.failed = target->failed;
    one.retries = target->retries;
    all.push_back(std::move(one));
  }
  return all;
}

std::string HookDelivery::metrics(core::Time running) const {
  MetricsText text;
  const auto family = [&](const char* name, const char* type, const char* help, const auto& value) {
    text.family(name, type, help);
    for (const auto& [tenant_name, tenant] : tenants_) {
      for (const auto& [target_called, target] : tenant->targets) {
        text.sample(label("tenant", tenant_name) + "," + label("receiver", target_called),
                    static_cast<double>(value(*target)));
      }
    }
  };
  family("ringside_hook_delivered_total", "counter", "Notices that were told.",
         [](const Target& t) { return t.delivered; });
  family("ringside_hook_failed_total", "counter", "Attempts that failed.", [](const Target& t) { return t.failed; });
  family("ringside_hook_retries_total", "counter", "Attempts that were not the first of their notice.",
         [](const Target& t) { return t.retries; });
  family("ringside_hook_waiting", "gauge", "Notices that wait to be told.",
         [](const Target& t) { return t.queue.waiting(); });
  family("ringside_hook_dead", "gauge", "Dead letters.", [](const Target& t) { return t.dead; });
  family("ringside_hook_circuit_open", "gauge", "1: after ten failures in a row it is tried now and then.",
         [](const Target& t) { return t.queue.breaker().open() ? 1 : 0; });
  family("ringside_hook_disabled", "gauge", "1: it answered 410 and is not told any more.",
         [](const Target& t) { return t.disabled.empty() ? 0 : 1; });
  family("ringside_hook_lag_seconds", "gauge", "For how long the oldest notice that is not told has waited.",
         [&](const Target& t) {
           const auto oldest = t.queue.oldest_put();
           return oldest ? static_cast<double>(running - *oldest) / 1000 : 0.0;
         });
  return text.take();
}

}  // namespace server
