// Events as bytes in the journal. An item is what one input item became: the events of one record, applied all or none.
//
// A payload is a version byte and items one after the other; an item stands alone, so that its bytes are also what
// de-duplication compares. Decoded events are views into the payload. Damaged bytes are an error, never a crash, and
// never more than is there. Pure, any thread. A type is its number, which never changes;
// an older program says of a newer type that there is none. The format is in docs/durability.md.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/event.h"
#include "core/result.h"

namespace state {

inline constexpr std::uint8_t kPayloadVersion = 1;

// 128 bits of (source, id): who an item is.
struct ItemKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  bool operator==(const ItemKey&) const = default;
};
// XXH3; keys are compared, never trusted against somebody who makes collisions on purpose within one tenant.
ItemKey item_key(std::string_view source, std::string_view id);

class PayloadWriter {
 public:
  PayloadWriter() { clear(); }

  // Not empty. Answers the hash of what the item says: everything but the authority, which belongs to the
  // configuration, not to the source.
  std::uint64_t add(std::span<const core::Event> item);
  // Takes the item added last out again: the engine refused it.
  void drop_last();

  std::size_t items() const { return items_; }
  bool empty() const { return items_ == 0; }
  std::string_view payload() const { return bytes_; }
  std::string take();  // and begins a new one
  void clear();

 private:
  std::string bytes_;
  std::size_t items_ = 0;
  std::size_t last_ = 0;  // where the last item begins
};

// Reads a payload item by item.
class PayloadReader {
 public:
  explicit PayloadReader(std::string_view payload);

  // False at the end or at the first fault: then ask status(). The events live as long as the payload, the
  // span until the next call.
  bool next(std::span<const core::Event>& item);
  std::uint64_t content() const { return content_; }  // of the item read last; as PayloadWriter::add answered
  // Errors: bad_payload, unknown_version (both versions told).
  core::Status status() const;

 private:
  bool fail(std::string message);
  bool read_event(core::Event& event, const core::Event* previous);

  const char* at_;
  const char* end_;
  std::vector<core::Event> events_;
  std::uint64_t content_ = 0;
  std::string code_, message_;
};

}  // namespace state
