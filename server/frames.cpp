#include "server/frames.h"

#include <algorithm>

#include "windows/check.h"

namespace server {
namespace {

bool is_control(Opcode opcode) { return static_cast<std::uint8_t>(opcode) >= 8; }

// Codes a peer may put into a close frame (RFC 6455 7.4.1, 7.4.2).
bool valid_close_code(unsigned code) {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

bool is_continuation_byte(unsigned char byte) { return (byte & 0xC0) == 0x80; }

// Length of the well-formed sequence at the start of `text`, 0 if there is none (Unicode table 3-7).
std::size_t sequence_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;  // surrogates
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  }
  if (length == 0 || text.size() < length || at(1) < low || at(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (!is_continuation_byte(at(i))) return 0;
  }
  return length;
}

}  // namespace

bool valid_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

void append_frame(std::string& out, Opcode opcode, std::string_view payload) {
  out += static_cast<char>(0x80 | static_cast<unsigned>(opcode));
  const std::uint64_t size = payload.size();
  if (size < 126) {
    out += static_cast<char>(size);
  } else {
    const bool wide = size > 0xFFFF;
    out += static_cast<char>(wide ? 127 : 126);
    for (int shift = wide ? 56 : 8; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift & 0xFF);
  }
  out += payload;
}

std::string text_frame(std::string_view payload) {
  std::string out;
  out.reserve(payload.size() + 10);
  append_frame(out, Opcode::text, payload);
  return out;
}

std::string close_frame(std::uint16_t code, std::string_view reason) {
  CHECK(reason.size() <= 123, "a close frame holds at most 125 bytes");
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
  payload += reason;
  std::string out;
  append_frame(out, Opcode::close, payload);
  return out;
}

std::string_view payload_of(std::string_view frame) {
  const auto size = static_cast<unsigned char>(frame.at(1));
  return frame.substr(size < 126 ? 2 : size == 126 ? 4 : 10);
}

void FrameReader::feed(std::string_view bytes) {
  if (failure_ == 0) input_ += bytes;
}

std::optional<Message> FrameReader::fail(std::uint16_t code) {
  failure_ = code;
  input_ = {};
  text_ = {};
  return std::nullopt;
}

std::optional<FrameReader::Head> FrameReader::head() {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(input_[i]); };
  if (input_.size() < 2) return std::nullopt;
  const unsigned first = at(0);
  const unsigned second = at(1);
  if ((first & 0x70) != 0 || (second & 0x80) == 0) {  // reserved bits; a client must mask
    fail(kCloseProtocol);
    return std::nullopt;
  }
  Head head;
  head.fin = (first & 0x80) != 0;
  head.opcode = static_cast<Opcode>(first & 0x0F);
  head.size = second & 0x7F;
  const std::size_t extra = head.size == 126 ? 2 : head.size == 127 ? 8 : 0;
  head.bytes = 2 + extra + 4;
  if (input_.size() < 2 + extra) return std::nullopt;
  if (extra != 0) {
    head.size = 0;
    for (std::size_t i = 0; i < extra; ++i) head.size = head.size << 8 | at(2 + i);
    const bool minimal = extra == 2 ? head.size >= 126 : head.size > 0xFFFF && head.size >> 63 == 0;
    if (!minimal) {
      fail(kCloseProtocol);
      return std::nullopt;
    }
  }
  return head;
}

// 0, or why the frame cannot be. Judged by its head alone, before any of its bytes are kept.
std::uint16_t FrameReader::judge(const Head& head) const {
  switch (head.opcode) {
    case Opcode::close:
    case Opcode::ping:
    case Opcode::pong:
      return head.fin && head.size <= 125 ? 0 : kCloseProtocol;
    case Opcode::continuation:
      if (!in_message_) return kCloseProtocol;
      break;
    case Opcode::text:
      if (in_message_) return kCloseProtocol;
      break;
    case Opcode::binary:
      return in_message_ ? kCloseProtocol : kCloseUnsupported;
    default:
      return kCloseProtocol;
  }
  return head.size > limit_ || text_.size() + head.size > limit_ ? kCloseTooBig : 0;
}

std::optional<Message> FrameReader::next() {
  while (failure_ == 0) {
    const std::optional<Head> head = this->head();
    if (!head) return std::nullopt;
    if (const std::uint16_t code = judge(*head); code != 0) return fail(code);
    if (input_.size() < head->bytes + head->size) return std::nullopt;

    std::string payload = input_.substr(head->bytes, head->size);
    for (std::size_t i = 0; i < payload.size(); ++i) payload[i] ^= input_[head->bytes - 4 + i % 4];
    input_.erase(0, head->bytes + head->size);
    if (input_.empty()) input_.shrink_to_fit();  // an idle connection holds nothing
    if (std::optional<Message> message = finish(*head, std::move(payload))) return message;
  }
  return std::nullopt;
}

std::optional<Message> FrameReader::finish(const Head& head, std::string payload) {
  if (head.opcode == Opcode::close) {
    if (payload.size() == 1) return fail(kCloseProtocol);
    if (payload.size() >= 2) {
      const unsigned code = static_cast<unsigned char>(payload[0]) * 256u + static_cast<unsigned char>(payload[1]);
      if (!valid_close_code(code)) return fail(kCloseProtocol);
      if (!valid_utf8(std::string_view(payload).substr(2))) return fail(kCloseBadText);
    }
  }
  if (is_control(head.opcode)) return Message{head.opcode, std::move(payload)};

  if (head.fin && !in_message_) {
    text_ = std::move(payload);
  } else {
    text_ += payload;
  }
  in_message_ = !head.fin;
  if (in_message_) return std::nullopt;
  if (!valid_utf8(text_)) return fail(kCloseBadText);
  Message message{Opcode::text, std::move(text_)};
  text_ = {};
  return message;
}

}  // namespace server
