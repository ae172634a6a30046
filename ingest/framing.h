// Framer: cuts the bytes of a connection or file, fed in arbitrary pieces, into messages. Pure; one per connection.
//
// What is longer than the limit costs itself only: it is skipped up to where it ends, counted, and the next message
// is whole again. position() is where the next message begins, so that a follower of a file can go on there after
// a restart. Views are valid until the next call. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ingest/format.h"

namespace ingest {

inline constexpr std::size_t kMaxMessageBytes = 1024 * 1024;

class Framer {
 public:
  // Framing::document is the whole stream: one message when it ends.
  explicit Framer(Framing framing, std::size_t limit = kMaxMessageBytes) : framing_(framing), limit_(limit) {}

  void feed(std::string_view bytes);
  // The next whole message; nullopt: more bytes are needed. Blank ones are skipped.
  std::optional<std::string_view> next();
  // The other side closed: the rest, if it is a message without its end. A cut event-socket frame or AMI block is
  // not a message: what was lost would be guessed. 3CX sends its last line without line end.
  std::optional<std::string_view> rest();

  std::uint64_t position() const { return position_; }  // bytes taken by messages so far
  std::uint64_t too_large() const { return too_large_; }
  std::size_t waiting() const { return buffer_.size() - begin_; }  // bytes of a message that is not whole yet

 private:
  struct Cut {
    std::size_t message = 0;  // bytes of the message
    std::size_t whole = 0;    // with its frame; 0: not complete
  };
  Cut cut(std::string_view text);
  Cut cut_lines(std::string_view text);
  Cut cut_blocks(std::string_view text);
  Cut cut_event(std::string_view text);
  void take(std::size_t bytes);

  Framing framing_;
  std::size_t limit_;
  std::string buffer_;
  std::size_t begin_ = 0;    // of what is not taken yet
  std::size_t looked_ = 0;   // bytes after begin_ that hold no end
  bool skipping_ = false;    // in something too long
  std::uint64_t skip_bytes_ = 0;  // of an event-socket body too long, still to come
  std::uint64_t position_ = 0;
  std::uint64_t too_large_ = 0;
};

}  // namespace ingest
