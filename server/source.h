// Source: one source at work: its format reads what the inlet hands over, what comes out goes to the tenant's shard,
// and what was read is marked as read once it is synced. Inlets (server/source_inlets.h) know files and sockets;
// nothing here does.
//
//   inlet: room? -> read(message)… -> hand_over()        only so many at a time are on their way
//   shard: acknowledged -> quarantine, mark (on disk, in this order) -> done
// A piece that the shard has no room for waits here, and room() is false until it went: inlets stop reading, and HTTP
// answers 503. A message is read exactly once, so a format that compares with what came before loses nothing.
// I/O thread only.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "ingest/format.h"
#include "ingest/formats.h"
#include "server/open_calls.h"
#include "server/quarantine.h"
#include "server/source_config.h"
#include "server/source_disk.h"
#include "server/source_health.h"
#include "server/source_mark.h"
#include "server/tenant.h"

namespace server {

class Source : public std::enable_shared_from_this<Source> {
 public:
  // What became of a piece.
  struct Outcome {
    EventsResult result;
    std::size_t refused = 0;      // by the format
    std::size_t quarantined = 0;
    std::vector<ingest::Refusal> refusals;
    bool cut_off = false;  // the source was stopped before anything of this was known
  };
  using Done = std::function<void(Outcome)>;

  // All of it must be there until the source is stopped; the tenant too.
  struct Surroundings {
    Tenant& tenant;
    Quarantine& quarantine;
    SourceDisk& disk;
    ProcessMetrics& metrics;
  };
  Source(SourceConfig config, const Limits& limits, Surroundings around);

  // Makes the format and recalls what was kept, or goes on where the one before it was. Errors: of the options; a mark
  // of no use is not one.
  core::Status begin(const Source* before = nullptr);
  const std::string& place() const { return place_; }  // where the inlet was; empty: it never was
  // Whether that was in the file that is followed now, as far as its name tells.
  bool same_file() const { return same_file_; }
  // Other options for what comes from the same inlet, between two messages; the format knows what it knew. Errors: of
  // the options; then everything is as it was.
  core::Status change(SourceConfig config, const Limits& limits);
  // How the inlet tells where it is; asked only when everything it read was handed over.
  void tell_place(std::function<std::string()> place) { ask_place_ = std::move(place); }
  void moved() { unmarked_ = true; }  // it is somewhere else, though nothing was read
  void when_room(std::function<void()> call) { when_room_ = std::move(call); }

  bool room() const;
  core::Status check(const ingest::Message& message, Time wall) const { return format_->check(message, wall); }
  void read(const ingest::Message& message, bool live);
  std::size_t gathered() const;  // events not handed over
  void hand_over(Done done = {});
  void reconnected() { format_->reconnected(); }
  void tick(Time wall, Time steady);
  // Nothing is taken or handed over while there is a reason to wait.
  void halt(bool halted);
  // Nothing is taken any more; what is on its way is still marked once it is synced. Then it is idle.
  void leave();
  // Nothing is taken any more; the mark as it is now is written, unless something is on its way: that is read again
  // after the next start, and recognised; who waits for it hears that it was cut off. From now on nothing around the
  // source is touched: who still holds it, an inlet that runs out, may outlive that.
  void stop();

  bool halted() const { return halted_; }
  bool idle() const { return pieces_.empty(); }  // nothing is on its way
  // What became of the counts of one that this one replaces.
  void carry_on(const SourceHealth& before);

  const SourceConfig& config() const { return config_; }
  ingest::Framing framing() const { return framing_; }  // of files and connections: never `document`
  SourceHealth& health() { return health_; }
  const SourceHealth& health() const { return health_; }
  const ingest::FormatInfo& info() const { return *info_; }

 private:
  static constexpr std::size_t kPieces = 8;          // of a file or connection
  static constexpr std::size_t kRequests = 256;      // over HTTP, each of somebody who waits
  struct Piece {
    std::shared_ptr<const ingest::Batch> batch;
    std::optional<SourceMark> mark;
    Outcome outcome;
    Done done;
    std::int64_t received_us = 0;
    bool acknowledged = false;
  };

  void apply(const Limits& limits);
  void recall(const SourceMark& mark);
  void take_remainders(const ingest::Message& message);
  void settle(Time wall, Time steady);
  void close_calls(Time now);
  void pump();
  void finish();
  SourceMark mark() const;
  bool mark_due(Time steady) const;
  void write(SourceMark mark);
  void count(const Piece& piece);

  SourceConfig config_;
  Surroundings around_;
  const ingest::FormatInfo* info_;
  ingest::Framing framing_;
  std::unique_ptr<ingest::Format> format_;
  std::unique_ptr<ingest::Intake> intake_;
  std::vector<Quarantined> remainders_;  // of the intake
  OpenCalls open_calls_;  // where they are closed after a while
  std::deque<Piece> pieces_;
  std::size_t submitted_ = 0;  // of them
  std::uint64_t first_ = 0;    // number of the first of them
  bool live_ = true;           // of what is in the intake
  bool halted_ = false;
  bool leaving_ = false;
  bool stopped_ = false;
  bool unmarked_ = false;  // something was read since the last mark was made
  Time marked_ = windows::kNever, settled_ = windows::kNever;  // steady
  std::string last_written_ = "\n";  // place and memory
  std::string place_;
  bool same_file_ = true;
  std::function<std::string()> ask_place_;
  std::function<void()> when_room_;
  SourceHealth health_;
};

}  // namespace server
