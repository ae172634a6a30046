// Line: one event in the native NDJSON format (docs/events.md), without the newline.
// Journal: hands out event ids and passes finished lines on with the instant their source would send them.
// All strings come from the simulation itself and need no escaping (CHECK). One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "windows/time.h"

namespace simulate {

using windows::Duration;
using windows::Time;

std::string rfc3339(Time instant);  // UTC with milliseconds

class Line {
 public:
  Line(std::string_view type, std::string_view source, std::string_view id, Time time);

  Line& text(std::string_view name, std::string_view value);  // empty values are left out
  Line& number(std::string_view name, std::int64_t value);
  Line& flag(std::string_view name, bool value);
  Line& instant(std::string_view name, Time value);  // kNever is left out

  std::string finish() &&;

 private:
  std::string json_;
};

class Journal {
 public:
  using Sink = std::function<void(Time sent, std::string line)>;

  // `tag` tells this run's ids from those of other runs.
  Journal(std::string tag, Sink sink) : tag_(std::move(tag)), sink_(std::move(sink)) {}

  const std::string& tag() const { return tag_; }

  // `build` adds the fields. `sent` is when the source gets to send it, usually the event's own time.
  template <class Build>
  void write(Time sent, std::string_view type, std::string_view source, Time time, Build build) {
    Line line(type, source, next_id(), time);
    build(line);
    sink_(sent, std::move(line).finish());
  }

  std::uint64_t written() const { return written_; }

 private:
  std::string next_id() { return tag_ + "-" + std::to_string(++written_); }

  std::string tag_;
  Sink sink_;
  std::uint64_t written_ = 0;
};

}  // namespace simulate
