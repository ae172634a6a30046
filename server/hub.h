// Hub: what the wallboards of one tenant are shown. It holds the last published value of every cell of every
// open view and knows what each subscriber has; from the two it makes the next frame. Nothing is buffered
// per subscriber: one that is slow gets fewer, newer frames (docs/stream.md).
//
// Invariants: a view's seq only grows, and every cell carries the seq at which it last changed. A frame that
// brings a subscriber from seq a to seq b contains every cell changed in (a, b]. All who are at `a` share
// one encoded frame.
// No sockets and no clock: `now` is any steady milliseconds, `wall` what the client is told. I/O thread only.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "windows/time.h"

namespace server {

using windows::Duration;
using windows::Time;

// A complete WebSocket text frame, shared by all who are sent the same.
using Payload = std::shared_ptr<const std::string>;
using SubscriberId = std::uint64_t;

struct CellUpdate {
  std::string row;
  std::string column;
  std::string value;  // JSON text
};

struct ViewUpdate {
  std::string view;                   // key given to open_view
  Time asof = windows::kNever;        // engine time the values hold for
  Time last_event = windows::kNever;  // newest event instant seen by the tenant
  std::int64_t stamp = 0;             // opaque; handed back with the frame that carries it
  std::vector<CellUpdate> cells;      // those that changed
};

// Where a subscriber left off before its connection broke.
struct ResumePoint {
  std::string epoch;
  std::uint64_t seq = 0;
};

struct HubOptions {
  std::string epoch;  // of this life of the process; a seq means nothing in another
  Duration heartbeat = 2'000;
  bool shows_data_time = false;  // heartbeats tell the data's clock instead of the wall's
};

struct HubCounts {
  std::uint64_t snapshots = 0, deltas = 0, heartbeats = 0, encoded = 0;
  std::uint64_t conflated = 0;  // updates that reached a subscriber inside a later frame
  std::uint64_t resyncs = 0;
};

class Hub {
 public:
  explicit Hub(HubOptions options);
  ~Hub();

  // `name` is what subscribers call the view; several keys may share a name (views defined by clients).
  void open_view(const std::string& key, const std::string& name);
  void close_view(const std::string& key);
  // Nothing of what it showed holds any more: who looks at it gets a snapshot of what is published next.
  void renew_view(std::string_view key);
  // Ends the subscriptions to it, too. Answers whose.
  std::vector<SubscriberId> drop_view(const std::string& key);
  bool has_view(std::string_view key) const;
  std::vector<std::string> views() const;  // keys
  std::string name_of(std::string_view key) const;
  std::size_t subscribers_of(std::string_view key) const;
  void publish(const ViewUpdate& update, Time now);

  SubscriberId join(Time now);
  void leave(SubscriberId id);
  // `hz`: at most so many frames a second. Errors: unknown_view, name_taken (another view of that name).
  core::Status subscribe(SubscriberId id, std::string_view key, double hz, const std::optional<ResumePoint>& from,
                         Time now);
  // Both by the view's name; false if not subscribed. `unsubscribe` answers the view's key.
  std::optional<std::string> unsubscribe(SubscriberId id, std::string_view name);
  bool resync(SubscriberId id, std::string_view name, Time now);
  std::size_t subscriptions(SubscriberId id) const;

  // Whom to take frames for, and when to ask again (kNever: not before the next call).
  std::vector<SubscriberId> due(Time now) const;
  Time next_due() const;

  struct Frames {
    std::vector<Payload> payloads;
    std::int64_t stamp = 0;  // of the newest update in them; 0 if they carry none
  };
  // What the subscriber must be sent now. Until `written`, nothing more is due for it.
  Frames take(SubscriberId id, Time now, Time wall);
  void written(SubscriberId id, Time now);

  // JSON of the whole view as /v1/views/{id} answers it; nullopt if unknown or not yet published.
  std::optional<std::string> snapshot_json(std::string_view key) const;
  std::uint64_t seq(std::string_view key) const;
  Time told_now(Time wall) const;
  const std::string& epoch() const { return options_.epoch; }
  const HubCounts& counts() const { return counts_; }
  std::size_t subscribers() const { return subscribers_.size(); }

 private:
  struct Row;
  struct Cell;
  struct View;
  struct Subscription;
  struct Subscriber;

  View* view(std::string_view key) const;
  Subscriber& subscriber(SubscriberId id) const;
  void schedule(SubscriberId id, Subscriber& subscriber, Time at);
  void reschedule(SubscriberId id, Subscriber& subscriber);
  Payload frame_since(View& view, std::uint64_t since);
  Payload heartbeat(const Subscriber& subscriber, Time wall);

  HubOptions options_;
  std::map<std::string, std::unique_ptr<View>, std::less<>> views_;
  std::map<SubscriberId, std::unique_ptr<Subscriber>> subscribers_;
  std::set<std::pair<Time, SubscriberId>> agenda_;  // when each not-writing subscriber is next due
  SubscriberId last_subscriber_ = 0;
  std::uint64_t last_seq_ = 0;  // of all views, so that a reopened view continues above its former self
  Time newest_asof_ = windows::kNever;
  HubCounts counts_;
};

}  // namespace server
