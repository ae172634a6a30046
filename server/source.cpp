#include "server/source.h"

#include <algorithm>
#include <sstream>

#include "server/clock.h"
#include "server/log.h"

namespace server {
namespace {

constexpr Time kMarkEvery = 1'000;    // what is read twice after a crash, at most
constexpr Time kSettleEvery = 1'000;

}  // namespace

Source::Source(SourceConfig config, const Limits& limits, Surroundings around)
    : config_(std::move(config)), around_(around), info_(ingest::format_named(config_.format)) {
  CHECK(info_ != nullptr, "the configuration was checked");
  // A file or connection has no bodies: there a document is a line.
  framing_ = info_->framing == ingest::Framing::document ? ingest::Framing::lines : info_->framing;
  config_.options.max_ahead = limits.max_ahead;
  config_.options.accept_from = limits.accept_from;
  health_.state_since = wall_now();
  speaker_ = around_.tenant.coverage.speaker(config_.name);
}

core::Status Source::begin() {
  auto made = ingest::make_format(config_.format, config_.options);
  if (!made) return made.error();
  format_ = std::move(*made);
  const std::string folder = around_.disk.folder(around_.tenant.name(), "sources");
  const auto files = around_.disk.read(folder);
  if (!files) return files.error();
  const state::Store* store = around_.tenant.shard->store(around_.tenant.index);
  for (const auto& [name, content] : *files) {
    if (name != config_.name) continue;
    const auto mark = source_mark(content);
    std::string why;
    if (!mark) {
      why = mark.error().message;
    } else if (mark->format != config_.format) {
      why = "it is of the format " + mark->format;
    } else if (store != nullptr && mark->sequence > store->last().sequence) {
      why = "the journal is older than it";
    } else if (const core::Status known = format_->remember(mark->memory); !known) {
      why = known.error().message;
    } else {
      place_ = mark->place;
      last_written_ = mark->place + "\n" + mark->calls + mark->memory;
      std::istringstream lines(mark->calls);
      for (std::string line; std::getline(lines, line);) open_calls_.remember(std::string_view(line).substr(5));
    }
    if (why.empty()) continue;
    log_warn("source " + config_.name + ": what was kept of it is of no use, beginning anew: " + why);
  }
  return core::Done{};
}

bool Source::room() const {
  const std::size_t most = config_.inlet == Inlet::http ? kRequests : kPieces;
  return !held_ && !stopped_ && submitted_ == pieces_.size() && pieces_.size() < most;
}

std::size_t Source::gathered() const { return intake_ ? intake_->batch.events.size() : 0; }

void Source::read(const ingest::Message& message, bool live) {
  if (!intake_) {
    intake_ = std::make_unique<ingest::Intake>();
    live_ = true;
  }
  live_ = live_ && live;
  health_.bytes += message.bytes.size();
  format_->read(message, wall_now(), *intake_);
  take_remainders(message);
  unmarked_ = true;
}

void Source::take_remainders(const ingest::Message& message) {
  for (ingest::Remainder& remainder : intake_->remainders) {
    Quarantined entry;
    entry.source = config_.name;
    entry.why = std::move(remainder.why);
    entry.content_type = message.content_type;
    entry.url = message.url;
    entry.bytes = std::move(remainder.bytes);
    remainders_.push_back(std::move(entry));
  }
  intake_->remainders.clear();
}

void Source::hand_over(Done done) {
  const Time wall = wall_now();
  const Time steady = steady_now();
  Piece piece;
  piece.done = std::move(done);
  piece.received_us = steady_us();
  if (intake_) {
    ingest::Intake& intake = *intake_;
    health_.read(intake, live_, wall, steady);
    if (around_.tenant.coverage.heard(speaker_, intake.batch.events)) around_.spoke_anew = true;
    if (config_.close_after > 0) {
      for (const core::Event& event : intake.batch.events) open_calls_.heard(event);
    }
    piece.outcome.quarantined = remainders_.size();
    for (Quarantined& entry : remainders_) around_.quarantine.keep(std::move(entry), wall);
    remainders_.clear();
    piece.outcome.refused = intake.batch.refused;
    piece.outcome.refusals = std::move(intake.batch.refusals);
    TenantMetrics& metrics = around_.tenant.metrics;
    metrics.clamped += intake.batch.clamped;
    for (const auto& [code, count] : intake.batch.refused_by_code) metrics.refused[code] += count;
    piece.batch = std::make_shared<const ingest::Batch>(std::move(intake.batch));
    intake_.reset();
  }
  // Who waits for an answer sends again when there is none: what the format knows then must be what it knew before.
  const bool due = marked_ == windows::kNever || steady - marked_ >= kMarkEvery;
  if (unmarked_ && (piece.done || due)) {
    piece.mark = mark();
    marked_ = steady;
    unmarked_ = false;
  }
  pieces_.push_back(std::move(piece));
  pump();
}

void Source::pump() {
  const bool full = !room();
  while (submitted_ < pieces_.size() && !held_) {
    Piece& piece = pieces_[submitted_];
    if (!piece.batch || piece.batch->events.empty()) {
      piece.acknowledged = true;
      ++submitted_;
      continue;
    }
    const auto applied = [self = weak_from_this(), number = first_ + submitted_](EventsResult result) {
      const auto source = self.lock();
      if (!source) return;
      Piece& answered = source->pieces_.at(number - source->first_);
      answered.acknowledged = true;
      answered.outcome.result = std::move(result);
      source->count(answered);
      source->pump();
    };
    Tenant& tenant = around_.tenant;
    if (!tenant.shard->submit(tenant.index, piece.batch, piece.received_us, applied)) break;
    ++submitted_;
  }
  finish();
  if (full && room() && when_room_) when_room_();
}

void Source::count(const Piece& piece) {
  const EventsResult& result = piece.outcome.result;
  health_.applied(result);
  TenantMetrics& metrics = around_.tenant.metrics;
  metrics.accepted += result.accepted;
  metrics.unchanged += result.unchanged;
  metrics.repeated += result.repeated;
  for (const ingest::Refusal& refusal : result.refusals) ++metrics.refused[refusal.error.code];
  if (result.accepted + result.unchanged > 0) around_.metrics.applied.record_us(steady_us() - piece.received_us);
}

// What is acknowledged is, in order, safe to be marked as read.
void Source::finish() {
  while (!pieces_.empty() && pieces_.front().acknowledged) {
    Piece piece = std::move(pieces_.front());
    pieces_.pop_front();
    ++first_;
    --submitted_;
    around_.quarantine.flush();
    if (piece.mark && !stopped_) write(std::move(*piece.mark));
    if (!piece.done) continue;
    around_.disk.after([done = std::move(piece.done), outcome = std::move(piece.outcome)]() mutable {
      done(std::move(outcome));
    });
  }
}

SourceMark Source::mark() const {
  SourceMark mark;
  mark.format = config_.format;
  mark.place = ask_place_ ? ask_place_() : place_;
  mark.calls = open_calls_.memory();
  mark.memory = format_->memory();
  return mark;
}

void Source::write(SourceMark mark) {
  std::string content = mark.place + "\n" + mark.calls + mark.memory;
  if (content == last_written_) return;
  last_written_ = std::move(content);
  if (const state::Store* store = around_.tenant.shard->store(around_.tenant.index)) {
    mark.sequence = store->last().sequence;
  }
  around_.disk.write(around_.disk.folder(around_.tenant.name(), "sources"), config_.name, text_of(mark), true);
}

void Source::tick(Time wall, Time steady) {
  if (stopped_) return;
  pump();
  if (settled_ == windows::kNever || steady - settled_ >= kSettleEvery) settle(wall, steady);
  if (unmarked_ && !intake_ && pieces_.empty() && steady - marked_ >= kMarkEvery) {
    write(mark());
    marked_ = steady;
    unmarked_ = false;
  }
}

void Source::settle(Time wall, Time steady) {
  settled_ = steady;
  if (!room()) return;
  // Where the data is the clock, nothing is over before the data says that time has passed.
  const bool data = around_.tenant.config.clock == TenantClock::data;
  const Time now = data ? around_.tenant.metrics.last_event : wall;
  if (now == windows::kNever) return;
  if (!intake_) intake_ = std::make_unique<ingest::Intake>();
  format_->settle(now, *intake_);
  close_calls(now);
  take_remainders({});
  if (!intake_->batch.events.empty() || intake_->batch.refused > 0) {
    unmarked_ = true;
    hand_over();
  } else if (intake_->messages == 0) {
    intake_.reset();
  }
}

// Only once everything there is was read: what is still to come may speak of them.
void Source::close_calls(Time now) {
  if (config_.close_after == 0 || health_.behind > 0 || !pieces_.empty()) return;
  ingest::Batch& batch = intake_->batch;
  const std::uint32_t item = batch.items.empty() ? 0 : batch.items.back() + 1;
  const std::size_t closed = open_calls_.close(now - config_.close_after, item, batch);
  if (closed > 0) intake_->inferred["close_after"] += closed;
}

void Source::hold(bool held) {
  if (held == held_) return;
  held_ = held;
  if (held) return;
  pump();
  if (room() && when_room_) when_room_();
}

void Source::stop() {
  if (stopped_) return;
  // What is still on its way is read again after the next start, and recognised.
  if (format_ && unmarked_ && !intake_ && pieces_.empty()) write(mark());
  stopped_ = true;
  ask_place_ = nullptr;
  when_room_ = nullptr;
}

}  // namespace server
