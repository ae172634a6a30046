#include "server/hub.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "server/frames.h"
#include "server/hub_view.h"
#include "server/json_text.h"
#include "windows/check.h"

namespace server {

struct Hub::Subscription {
  View* view = nullptr;
  Duration interval = 0;
  std::uint64_t sent_seq = 0;  // 0: has nothing, needs a snapshot
  Time sent_asof = windows::kNever;
  Time not_before = windows::kNever;  // rate

  bool behind() const { return view->seq > sent_seq; }
};

struct Hub::Subscriber {
  std::map<std::string, Subscription, std::less<>> by_name;
  Time next_heartbeat = 0;
  Time at = windows::kNever;  // its place in the agenda; kNever: none
  bool writing = false;
};

Hub::Hub(HubOptions options) : options_(std::move(options)) {}
Hub::~Hub() = default;

Hub::View* Hub::view(std::string_view key) const {
  const auto it = views_.find(key);
  return it == views_.end() ? nullptr : it->second.get();
}

Hub::Subscriber& Hub::subscriber(SubscriberId id) const {
  const auto it = subscribers_.find(id);
  CHECK(it != subscribers_.end(), "a subscriber that joined and has not left");
  return *it->second;
}

void Hub::open_view(const std::string& key, const std::string& name) {
  CHECK(view(key) == nullptr, "a view is opened once");
  auto opened = std::make_unique<View>();
  opened->key = key;
  opened->name = name;
  opened->first_seq = last_seq_ + 1;
  views_.emplace(key, std::move(opened));
}

void Hub::close_view(const std::string& key) {
  const auto it = views_.find(key);
  if (it == views_.end()) return;
  CHECK(it->second->subscribers.empty(), "nobody looks at a view that is closed");
  views_.erase(it);
}

void Hub::renew_view(std::string_view key) {
  View* view = this->view(key);
  CHECK(view != nullptr, "a view that is renewed is open");
  auto fresh = std::make_unique<View>();
  fresh->key = view->key;
  fresh->name = view->name;
  fresh->first_seq = last_seq_ + 1;
  fresh->asof = view->asof;
  fresh->last_event = view->last_event;
  fresh->subscribers = std::move(view->subscribers);
  for (const SubscriberId id : fresh->subscribers) {
    Subscription& subscription = subscriber(id).by_name.find(fresh->name)->second;
    subscription.view = fresh.get();
    subscription.sent_seq = 0;
  }
  views_.find(key)->second = std::move(fresh);
}

std::vector<SubscriberId> Hub::drop_view(const std::string& key) {
  const View* view = this->view(key);
  if (view == nullptr) return {};
  const std::vector<SubscriberId> readers(view->subscribers.begin(), view->subscribers.end());
  const std::string name = view->name;
  for (const SubscriberId id : readers) unsubscribe(id, name);
  close_view(key);
  return readers;
}

std::vector<std::string> Hub::views() const {
  std::vector<std::string> keys;
  for (const auto& [key, view] : views_) keys.push_back(key);
  return keys;
}

std::string Hub::name_of(std::string_view key) const {
  const View* found = view(key);
  return found == nullptr ? std::string() : found->name;
}

bool Hub::has_view(std::string_view key) const { return view(key) != nullptr; }

std::size_t Hub::subscribers_of(std::string_view key) const {
  const View* found = view(key);
  return found == nullptr ? 0 : found->subscribers.size();
}

void Hub::publish(const ViewUpdate& update, Time now) {
  View* view = this->view(update.view);
  if (view == nullptr) return;  // closed while the update was on its way
  newest_asof_ = std::max(newest_asof_, update.asof);
  view->asof = std::max(view->asof, update.asof);
  view->last_event = std::max(view->last_event, update.last_event);
  if (update.cells.empty() && view->seq != 0) return;

  view->seq = ++last_seq_;
  view->stamp = update.stamp;
  view->frames.clear();
  for (const CellUpdate& cell : update.cells) view->set(cell, view->seq);
  for (const SubscriberId id : view->subscribers) {
    Subscriber& reader = subscriber(id);
    const Subscription& subscription = reader.by_name.find(view->name)->second;
    if (subscription.sent_seq != 0 && subscription.sent_seq + 1 < view->seq) {
      // It will get this change together with earlier ones it has not been sent.
      counts_.conflated += subscription.not_before > now || reader.writing ? 1 : 0;
    }
    if (!reader.writing) schedule(id, reader, std::min(reader.at, std::max(now, subscription.not_before)));
  }
}

SubscriberId Hub::join(Time now) {
  const SubscriberId id = ++last_subscriber_;
  auto joined = std::make_unique<Subscriber>();
  joined->next_heartbeat = now + options_.heartbeat;
  reschedule(id, *joined);
  subscribers_.emplace(id, std::move(joined));
  return id;
}

void Hub::leave(SubscriberId id) {
  Subscriber& leaving = subscriber(id);
  for (auto& [name, subscription] : leaving.by_name) subscription.view->subscribers.erase(id);
  agenda_.erase({leaving.at, id});
  subscribers_.erase(id);
}

core::Status Hub::subscribe(SubscriberId id, std::string_view key, double hz, const std::optional<ResumePoint>& from,
                            Time now) {
  View* view = this->view(key);
  if (view == nullptr) return core::Error{"unknown_view", "no view of that name", "view"};
  Subscriber& reader = subscriber(id);
  auto [it, added] = reader.by_name.try_emplace(view->name);
  Subscription& subscription = it->second;
  if (!added && subscription.view != view) {
    return core::Error{"name_taken", "this connection has another view of that name", "view"};
  }
  subscription.view = view;
  subscription.interval = static_cast<Duration>(std::lround(1000.0 / hz));
  subscription.not_before = now;
  if (added) {
    view->subscribers.insert(id);
    const bool known = from && from->epoch == options_.epoch && from->seq >= view->first_seq && from->seq <= view->seq;
    if (known) subscription.sent_seq = from->seq;
  }
  reschedule(id, reader);
  return core::Done{};
}

std::optional<std::string> Hub::unsubscribe(SubscriberId id, std::string_view name) {
  Subscriber& reader = subscriber(id);
  const auto it = reader.by_name.find(name);
  if (it == reader.by_name.end()) return std::nullopt;
  it->second.view->subscribers.erase(id);
  std::string key = it->second.view->key;
  reader.by_name.erase(it);
  reschedule(id, reader);
  return key;
}

bool Hub::resync(SubscriberId id, std::string_view name, Time now) {
  Subscriber& reader = subscriber(id);
  const auto it = reader.by_name.find(name);
  if (it == reader.by_name.end()) return false;
  it->second.sent_seq = 0;
  it->second.not_before = now;
  ++counts_.resyncs;
  reschedule(id, reader);
  return true;
}

std::size_t Hub::subscriptions(SubscriberId id) const { return subscriber(id).by_name.size(); }

void Hub::schedule(SubscriberId id, Subscriber& subscriber, Time at) {
  if (subscriber.at == at) return;
  if (subscriber.at != windows::kNever) agenda_.erase({subscriber.at, id});
  subscriber.at = at;
  if (at != windows::kNever) agenda_.emplace(at, id);
}

void Hub::reschedule(SubscriberId id, Subscriber& subscriber) {
  if (subscriber.writing) {
    schedule(id, subscriber, windows::kNever);
    return;
  }
  Time at = subscriber.next_heartbeat;
  for (const auto& [name, subscription] : subscriber.by_name) {
    if (subscription.behind()) at = std::min(at, subscription.not_before);
  }
  schedule(id, subscriber, at);
}

std::vector<SubscriberId> Hub::due(Time now) const {
  std::vector<SubscriberId> ids;
  for (auto it = agenda_.begin(); it != agenda_.end() && it->first <= now; ++it) ids.push_back(it->second);
  return ids;
}

Time Hub::next_due() const { return agenda_.empty() ? windows::kNever : agenda_.begin()->first; }

Payload Hub::frame_since(View& view, std::uint64_t since) {
  const auto [it, added] = view.frames.try_emplace(since);
  if (!added) return it->second;
  std::string json = since == 0 ? std::string() : view.delta(since);
  if (json.empty() && since != 0) {
    it->second = frame_since(view, 0);
    return it->second;
  }
  if (json.empty()) json = view.snapshot();
  ++counts_.encoded;
  it->second = std::make_shared<const std::string>(text_frame(json));
  return it->second;
}

Hub::Frames Hub::take(SubscriberId id, Time now, Time wall) {
  Frames frames;
  Subscriber& reader = subscriber(id);
  if (reader.writing) return frames;
  for (auto& [name, subscription] : reader.by_name) {
    if (!subscription.behind() || subscription.not_before > now) continue;
    View& view = *subscription.view;
    frames.payloads.push_back(frame_since(view, subscription.sent_seq));
    const auto snapshot = view.frames.find(0);
    const bool is_snapshot = snapshot != view.frames.end() && snapshot->second == frames.payloads.back();
    ++(is_snapshot ? counts_.snapshots : counts_.deltas);
    frames.stamp = std::max(frames.stamp, view.stamp);
    subscription.sent_seq = view.seq;
    subscription.sent_asof = view.asof;
    subscription.not_before = now + subscription.interval;
  }
  if (reader.next_heartbeat <= now) {
    frames.payloads.push_back(heartbeat(reader, wall));
    reader.next_heartbeat = now + options_.heartbeat;
    ++counts_.heartbeats;
  }
  reader.writing = !frames.payloads.empty();
  reschedule(id, reader);
  return frames;
}

void Hub::written(SubscriberId id, Time now) {
  Subscriber& reader = subscriber(id);
  CHECK(reader.writing, "only what was taken is written");
  reader.writing = false;
  reader.next_heartbeat = std::max(reader.next_heartbeat, now);
  reschedule(id, reader);
}

// Speaks of what the subscriber has been sent: with a checksum where that is the present state, so that every
// checksum can be compared.
Payload Hub::heartbeat(const Subscriber& subscriber, Time wall) {
  std::string out = R"({"t":"hb","now":)";
  append_instant(out, told_now(wall));
  out += R"(,"v":{)";
  bool first = true;
  for (const auto& [name, subscription] : subscriber.by_name) {
    if (subscription.sent_seq == 0) continue;
    const View& view = *subscription.view;
    if (!first) out += ',';
    first = false;
    append_string(out, name);
    out += R"(:{"seq":)";
    append_integer(out, static_cast<std::int64_t>(subscription.sent_seq));
    out += R"(,"asof":)";
    append_instant(out, subscription.behind() ? subscription.sent_asof : view.asof);
    out += R"(,"last_event":)";
    append_instant(out, view.last_event);
    if (!subscription.behind()) {
      char crc[24];
      std::snprintf(crc, sizeof crc, R"(,"crc":"%08x")", view.checksum());
      out += crc;
    }
    out += '}';
  }
  out += "}}";
  return std::make_shared<const std::string>(text_frame(out));
}

Time Hub::told_now(Time wall) const {
  return options_.shows_data_time && newest_asof_ != windows::kNever ? newest_asof_ : wall;
}

std::optional<std::string> Hub::snapshot_json(std::string_view key) const {
  const View* found = view(key);
  if (found == nullptr || found->seq == 0) return std::nullopt;
  std::string out = R"({"view":)";
  append_string(out, found->name);
  out += R"(,"epoch":)";
  append_string(out, options_.epoch);
  out += R"(,"seq":)";
  append_integer(out, static_cast<std::int64_t>(found->seq));
  out += R"(,"asof":)";
  append_instant(out, found->asof);
  out += R"(,"d":)";
  found->append_cells(out);
  out += '}';
  return out;
}

std::uint64_t Hub::seq(std::string_view key) const {
  const View* found = view(key);
  return found == nullptr ? 0 : found->seq;
}

}  // namespace server
