// WebSocket frames (RFC 6455) of the server's side, without any socket: what we send as bytes, what we receive
// from bytes in whatever pieces they arrive. No extensions. Strict: what the RFC forbids closes the connection.
// Not thread-safe; values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace server {

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

// Close codes we send.
inline constexpr std::uint16_t kCloseGoingAway = 1001;
inline constexpr std::uint16_t kCloseProtocol = 1002;
inline constexpr std::uint16_t kCloseUnsupported = 1003;
inline constexpr std::uint16_t kCloseBadText = 1007;
inline constexpr std::uint16_t kCloseTooBig = 1009;
inline constexpr std::uint16_t kCloseSlow = 4408;
inline constexpr std::uint16_t kCloseRate = 4429;
inline constexpr std::uint16_t kCloseGone = 4504;
inline constexpr std::uint16_t kCloseMisuse = 4526;

// Appends a complete, unmasked, final frame.
void append_frame(std::string& out, Opcode opcode, std::string_view payload);
std::string text_frame(std::string_view payload);
std::string close_frame(std::uint16_t code, std::string_view reason);
// The payload of a frame made by append_frame.
std::string_view payload_of(std::string_view frame);

bool valid_utf8(std::string_view text);

// A whole message, or a control frame in between.
struct Message {
  Opcode opcode = Opcode::text;  // text, close, ping or pong
  std::string payload;
};

// Bytes from a client to messages. After the first error nothing more is read.
class FrameReader {
 public:
  explicit FrameReader(std::size_t message_limit) : limit_(message_limit) {}

  void feed(std::string_view bytes);
  std::optional<Message> next();
  // Close code to answer with; 0 while all is well.
  std::uint16_t failure() const { return failure_; }
  std::size_t held() const { return input_.size() + text_.size(); }

 private:
  struct Head {
    bool fin = false;
    Opcode opcode = Opcode::text;
    std::uint64_t size = 0;
    std::size_t bytes = 0;  // of the head itself, mask included
  };
  std::optional<Head> head();
  std::uint16_t judge(const Head& head) const;
  std::optional<Message> finish(const Head& head, std::string payload);
  std::optional<Message> fail(std::uint16_t code);

  std::size_t limit_;
  std::string input_;  // not yet a whole frame
  std::string text_;   // fragments so far
  bool in_message_ = false;
  std::uint16_t failure_ = 0;
};

}  // namespace server
