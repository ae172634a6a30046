#include "server/source.h"

#include <algorithm>
#include <sstream>
#include <utility>

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
  apply(limits);
  health_.state_since = wall_now();
}

void Source::apply(const Limits& limits) {
  config_.options.max_ahead = limits.max_ahead;
  config_.options.accept_from = limits.accept_from;
}

core::Status Source::begin(const Source* before) {
  auto made = ingest::make_format(config_.format, config_.options);
  if (!made) return made.error();
  format_ = std::move(*made);
  if (before != nullptr) {
    recall(before->mark());
    carry_on(before->health_);
    unmarked_ = true;
    return core::Done{};
  }
  const auto files = around_.disk.read(around_.disk.folder(around_.tenant.name(), "sources"));
  if (!files) return files.error();
  const state::Store* store = around_.tenant.shard->store(around_.tenant.index);
  for (const auto& [name, content] : *files) {
    if (name != config_.name) continue;
    const auto mark = source_mark(content);
    std::string why;
    if (!mark) {
      why = mark.error().message;
    } else if (store != nullptr && mark->sequence > store->last().sequence) {
      why = "the journal is older than it";
    } else {
      recall(*mark);
      continue;
    }
    log_warn("source " + config_.name + ": what was kept of it is of no use, beginning anew: " + why);
  }
  return core::Done{};
}

void Source::recall(const SourceMark& mark) {
  core::Status known = core::Error{"other_format", "it is of the format " + mark.format, ""};
  if (mark.format == config_.format) known = format_->remember(mark.memory);
  if (!known) {
    log_warn("source " + config_.name + ": what was kept of it is of no use, beginning anew: " + known.error().message);
    return;
  }
  place_ = mark.place;
  same_file_ = mark.file == config_.file;
  std::istringstream lines(mark.calls);
  for (std::string line; std::getline(lines, line);) open_calls_.remember(std::string_view(line).substr(5));
}

core::Status Source::change(SourceConfig config, const Limits& limits) {
  CHECK(config.format == config_.format && !intake_, "the same format, between two messages");
  std::swap(config_, config);
  apply(limits);
  auto made = ingest::make_format(config_.format, config_.options);
  core::Status changed = made ? (*made)->remember(format_->memory()) : core::Status(made.error());
  if (!changed) {
    std::swap(config_, config);
    return changed;
  }
  format_ = std::move(*made);
  if (config_.close_after == 0) open_calls_ = {};
  unmarked_ = true;
  return changed;
}

void Source::carry_on(const SourceHealth& before) {
  SourceHealth health = before;
  health.state = health_.state;
  health.well = health_.well;
  health.state_since = health_.state_since;
  health.peer.clear();
  health.open = health.behind = 0;
  health_ = std::move(health);
}

bool Source::room() const {
  const std::size_t most = config_.inlet == Inlet::http ? kRequests : kPieces;
  const bool takes = !halted_ && !stopped_ && !leaving_ && !around_.tenant.stopped;
  return takes && submitted_ == pieces_.size() && pieces_.size() < most;
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
  if (stopped_) {  // of an inlet that runs out
    intake_.reset();
    remainders_.clear();
    return;
  }
  const Time wall = wall_now();
  const Time steady = steady_now();
  Piece piece;
  piece.done = std::move(done);
  piece.received_us = steady_us();
  if (intake_) {
    ingest::Intake& intake = *intake_;
    health_.read(intake, live_, wall, steady);
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
  if (unmarked_ && (piece.done || mark_due(steady))) {
    piece.mark = mark();
    marked_ = steady;
    unmarked_ = false;
  }
  pieces_.push_back(std::move(piece));
  pump();
}

void Source::pump() {
  if (stopped_) return;
  const bool full = !room();
  while (submitted_ < pieces_.size() && !halted_ && !around_.tenant.stopped) {
    Piece& piece = pieces_[submitted_];
    if (!piece.batch || piece.batch->events.empty()) {
      piece.acknowledged = true;
      ++submitted_;
      continue;
    }
    const auto applied = [self = weak_from_this(), number = first_ + submitted_](EventsResult result) {
      const auto source = self.lock();
      if (!source || source->stopped_) return;
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
    if (piece.mark) write(std::move(*piece.mark));
    if (!piece.done) continue;
    around_.disk.after([done = std::move(piece.done), outcome = std::move(piece.outcome)]() mutable {
      done(std::move(outcome));
    });
  }
}

bool Source::mark_due(Time steady) const { return marked_ == windows::kNever || steady - marked_ >= kMarkEvery; }

SourceMark Source::mark() const {
  SourceMark mark;
  mark.format = config_.format;
  mark.file = config_.file;
  mark.place = ask_place_ ? ask_place_() : place_;
  mark.calls = open_calls_.memory();
  mark.memory = format_->memory();
  return mark;
}

void Source::write(SourceMark mark) {
  std::string content = text_of(mark);
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
  if (leaving_) return;
  if (settled_ == windows::kNever || steady - settled_ >= kSettleEvery) settle(wall, steady);
  if (unmarked_ && !intake_ && pieces_.empty() && mark_due(steady)) {
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

void Source::halt(bool halted) {
  if (halted == halted_) return;
  halted_ = halted;
  if (halted) return;
  pump();
  if (room() && when_room_) when_room_();
}

void Source::leave() {
  leaving_ = true;
  when_room_ = nullptr;
}

void Source::stop() {
  if (stopped_) return;
  if (format_ && unmarked_ && !intake_ && pieces_.empty()) write(mark());
  stopped_ = true;
  if (ask_place_) place_ = ask_place_();
  ask_place_ = nullptr;
  when_room_ = nullptr;
  // What is on its way is answered later or never; somebody who waits must hear something.
  const std::deque<Piece> unfinished = std::exchange(pieces_, {});
  for (const Piece& piece : unfinished) {
    Outcome outcome;
    outcome.cut_off = true;
    if (piece.done) piece.done(std::move(outcome));
  }
}

}  // namespace server
