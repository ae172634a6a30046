#include "server/fanout.h"

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "server/clock.h"
#include "server/json_text.h"

namespace server {
namespace {

namespace net = boost::asio;

constexpr auto kLookEvery = std::chrono::seconds(1);
constexpr int kRetryFromMs = 500;
constexpr int kRetryToMs = 8'000;

}  // namespace

struct Fanout::Timers {
  explicit Timers(net::io_context& io) : due(io), look(io) {}
  net::steady_timer due;
  net::steady_timer look;
  Time due_at = windows::kNever;  // steady, of the timer
};

Fanout::Fanout(net::io_context& io, Tenants& tenants, const Limits& limits, std::string build, ProcessMetrics& metrics)
    : io_(io),
      tenants_(tenants),
      limits_(limits),
      build_(std::move(build)),
      metrics_(metrics),
      timers_(std::make_unique<Timers>(io)) {}

Fanout::~Fanout() = default;

void Fanout::start() { look_after(); }

std::string Fanout::hello(const Tenant& tenant) {
  std::string out = R"({"t":"hello","conn":"c)" + std::to_string(++last_connection_) + R"(","epoch":)";
  append_string(out, tenant.hub->epoch());
  out += R"(,"now":)";
  append_instant(out, tenant.hub->told_now(wall_now()));
  out += R"(,"hb_ms":2000,"build":)";
  append_string(out, build_);
  out += R"(,"tenant":)";
  append_string(out, tenant.name());
  out += R"(,"limits":{"subs":)" + std::to_string(limits_.subscriptions) + R"(,"in_per_s":20,"in_bytes":16384}})";
  return out;
}

void Fanout::open(int socket, Tenant& tenant, std::string_view leftover) {
  auto stream = Stream::open(io_, socket, tenant, *this, hello(tenant), leftover, limits_.subscriptions);
  if (stream->ended()) return;
  streams_.emplace(Key{tenant.index, stream->id()}, stream);
  metrics_.streams = streams_.size();
  arm();
}

void Fanout::ended(Tenant& tenant, SubscriberId id, std::uint16_t code) {
  tenant.hub->leave(id);
  streams_.erase({tenant.index, id});
  metrics_.streams = streams_.size();
  ++metrics_.closes[std::to_string(code)];
}

void Fanout::open_view(Tenant& tenant, const core::ViewDefinition& view, Shard::ViewCallback done) {
  tenants_.open_client_view(tenant, view, steady_now(), std::move(done));
}

core::Status Fanout::watch_deadlines(Tenant& tenant, const DeadlineWatch& watch) {
  return tenants_.watch_deadlines(tenant, watch);
}

void Fanout::unwatch_deadlines(Tenant& tenant, const DeadlineWatch& watch) {
  tenants_.unwatch_deadlines(tenant, watch);
}

void Fanout::published(Tenant& tenant) { deliver(tenant); }

void Fanout::told(Tenant& tenant) {
  if (draining_) return;
  for (const auto& stream : readers(tenant)) stream->flush();
}

// Held, because a failed write ends a stream.
std::vector<std::shared_ptr<Stream>> Fanout::readers(const Tenant& tenant) const {
  std::vector<std::shared_ptr<Stream>> all;
  for (auto it = streams_.lower_bound({tenant.index, 0}); it != streams_.end() && it->first.first == tenant.index;
       ++it) {
    all.push_back(it->second);
  }
  return all;
}

void Fanout::view_gone(Tenant& tenant, SubscriberId reader, const std::string& view) {
  const auto it = streams_.find({tenant.index, reader});
  if (it == streams_.end()) return;
  std::string json = R"({"t":"gone","view":)";
  append_string(json, view);
  const std::shared_ptr<Stream> stream = it->second;
  stream->say(json + "}");
}

void Fanout::tenant_gone(Tenant& tenant) {
  for (const auto& stream : readers(tenant)) stream->close_after_writing(kCloseGone, "the tenant is no more");
}

// Not at once: a client may ask for many views in one go, and then they leave together.
void Fanout::serve(Tenant& tenant) {
  net::post(io_, [this, &tenant] { deliver(tenant); });
}

void Fanout::deliver(Tenant& tenant) {
  if (draining_) return;
  const Time now = steady_now();
  const Time wall = wall_now();
  for (const SubscriberId id : tenant.hub->due(now)) {
    const auto it = streams_.find({tenant.index, id});
    if (it == streams_.end()) continue;
    Hub::Frames frames = tenant.hub->take(id, now, wall);
    if (frames.payloads.empty()) continue;
    const std::shared_ptr<Stream> stream = it->second;  // a failed write ends it
    stream->send(std::move(frames.payloads));
    if (frames.stamp != 0 && tenant.last_framed != frames.stamp) {
      tenant.last_framed = frames.stamp;
      metrics_.framed.record_us(steady_us() - frames.stamp);
    }
  }
  arm();
}

void Fanout::arm() {
  Time next = windows::kNever;
  for (const auto& tenant : tenants_.all()) {
    const Time due = tenant->hub->next_due();
    if (due != windows::kNever && (next == windows::kNever || due < next)) next = due;
  }
  if (next == windows::kNever || draining_) return;
  if (timers_->due_at != windows::kNever && timers_->due_at <= next) return;
  timers_->due_at = next;
  timers_->due.expires_after(std::chrono::milliseconds(std::max<Time>(1, next - steady_now())));
  timers_->due.async_wait([this](boost::system::error_code error) {
    if (error) return;
    timers_->due_at = windows::kNever;
    for (const auto& tenant : tenants_.all()) deliver(*tenant);
  });
}

void Fanout::look_after() {
  const Time now = steady_now();
  std::vector<std::shared_ptr<Stream>> all;  // a check may end its stream
  all.reserve(streams_.size());
  for (const auto& [key, stream] : streams_) all.push_back(stream);
  for (const auto& stream : all) stream->check(now);
  tenants_.close_unused_views(now);
  timers_->look.expires_after(kLookEvery);
  timers_->look.async_wait([this](boost::system::error_code error) {
    if (!error) look_after();
  });
}

void Fanout::drain() {
  draining_ = true;
  const std::string bye = R"({"t":"bye","reason":"drain","retry_ms":[)" + std::to_string(kRetryFromMs) + "," +
                          std::to_string(kRetryToMs) + "]}";
  std::vector<std::shared_ptr<Stream>> all;
  for (const auto& [key, stream] : streams_) all.push_back(stream);
  for (const auto& stream : all) {
    stream->say(bye);
    stream->close_after_writing(kCloseGoingAway, "drain");
  }
}

}  // namespace server
