// AlertFeed: a tenant's alerts as streams are shown them (docs/stream.md): every change, never conflated, and the state
// they add up to. Changes have dense numbers; the feed remembers the newest of them, encoded once for all who read.
//
// A reader is a number: the last change it was given. One that is behind what is remembered, or that comes from
// other numbers, is told of the gap and given the state instead, so a slow one costs no memory.
// No sockets, no clock; I/O thread only.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/alert.h"
#include "server/hub.h"
#include "server/shard_loop.h"

namespace server {

class AlertFeed {
 public:
  // `kept`: how many changes are remembered at least.
  explicit AlertFeed(std::size_t kept = 4'096) : kept_(kept) {}

  void take_in(const Told& told);

  // Where a reader is. Numbers mean something within one `line` only: other settings may number anew.
  struct Place {
    std::uint64_t line = 0;  // 0: has been given nothing
    std::uint64_t number = 0;
  };
  bool started() const { return line_ != 0; }  // the engine has told what is active
  bool behind(const Place& place) const { return started() && (place.line != line_ || place.number < number_); }
  // A new reader that has seen everything up to `after`; what it must be given first.
  std::vector<Payload> begin(std::optional<std::uint64_t> after, Place& place);
  // The next frames for a reader that is behind, at most `limit` changes.
  std::vector<Payload> next(Place& place, std::size_t limit);

  std::uint64_t number() const { return number_; }
  std::size_t active() const { return active_.size(); }
  const std::map<std::string, core::Alert>& alerts() const { return active_; }  // by key
  std::uint64_t gaps() const { return gaps_; }

 private:
  bool goes_on(const Told& told) const;
  Payload state();
  Payload anew();
  Payload gap(std::uint64_t from, const char* reason);
  std::uint64_t first() const { return number_ - changes_.size() + 1; }  // the oldest that is remembered

  std::size_t kept_;
  std::uint64_t line_ = 0;
  std::uint64_t number_ = 0;
  std::map<std::string, core::Alert> active_;
  std::deque<Payload> changes_;  // numbers first() to number_
  Payload state_;                // as of number_; null: to be encoded
  std::uint64_t gaps_ = 0;
};

}  // namespace server
