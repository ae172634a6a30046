// Batch: what came out of one body or one piece of a file: events, refusals, counts, and the bytes
// under them.
//
// Every string view in `events` points into the text that was parsed or into the batch's own arena.
// hold() makes the batch own the text as well; then the batch can be moved to another thread and
// the views stay valid. One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/event.h"
#include "core/result.h"

namespace ingest {

// One refused input item. `index` counts from 0: line of an NDJSON body (blank lines count),
// element of an array. For mapped text it is the line number of the file, from 1.
struct Refusal {
  std::size_t index = 0;
  core::Error error;
};

// Strings that do not lie in the input as such: unescaped, converted, built. Addresses are stable,
// also when moved.
class Arena {
 public:
  // `size` writable bytes; give back what was not used with shrink() before the next take().
  char* take(std::size_t size);
  void shrink(std::size_t unused) { used_ -= unused; }
  std::string_view keep(std::string_view text);
  std::size_t bytes() const { return bytes_; }

 private:
  static constexpr std::size_t kBlock = 16 * 1024;

  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t used_ = 0;  // of the last block
  std::size_t size_ = 0;  // of the last block
  std::size_t bytes_ = 0;
};

struct Batch {
  std::vector<core::Event> events;
  std::vector<std::uint32_t> items;  // items[i]: index of the input item that events[i] came from

  std::vector<Refusal> refusals;   // the first `max_refusals`; `refused` counts all of them
  std::size_t max_refusals = 1000;
  std::size_t accepted = 0;        // input items that became events
  std::size_t refused = 0;
  std::size_t clamped = 0;         // negative durations taken as 0
  std::map<std::string, std::uint64_t, std::less<>> refused_by_code;
  std::map<std::string, std::uint64_t, std::less<>> filtered;  // mapped text: by filter name

  Arena arena;
  std::unique_ptr<const std::string> text;  // see hold()

  // Takes the text over and returns the view to parse.
  std::string_view hold(std::string body);
  void refuse(std::size_t index, core::Error error);
  // Memory behind this batch, for byte budgets.
  std::size_t bytes() const;
};

// What holds for every event of a source, whatever its format.
struct SourceOptions {
  std::string_view source;  // used where the input names none; must outlive the batch
  std::uint8_t authority = 0;
  core::Duration max_ahead = 5 * windows::kMinute;  // later than now + this: future_time
  core::Time accept_from = 631'152'000'000;         // 1990-01-01; before it: past_time
};

}  // namespace ingest
