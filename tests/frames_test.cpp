#include "server/frames.h"

#include <catch2/catch.hpp>

namespace {

using server::FrameReader;
using server::Opcode;

// A client's frame: first byte as given, length in the smallest form unless `length_form` says 126 or 127.
std::string client_frame(unsigned first, std::string_view payload, unsigned length_form = 0, bool masked = true) {
  std::string out(1, static_cast<char>(first));
  const unsigned mask_bit = masked ? 0x80u : 0u;
  if (length_form == 0) length_form = payload.size() < 126 ? 0 : payload.size() <= 0xFFFF ? 126 : 127;
  if (length_form == 0) {
    out += static_cast<char>(mask_bit | payload.size());
  } else {
    out += static_cast<char>(mask_bit | length_form);
    for (int shift = length_form == 126 ? 8 : 56; shift >= 0; shift -= 8) {
      out += static_cast<char>(payload.size() >> shift & 0xFF);
    }
  }
  constexpr char key[] = {0x11, 0x22, 0x33, 0x44};
  if (masked) out.append(key, 4);
  for (std::size_t i = 0; i < payload.size(); ++i)
    out += masked ? static_cast<char>(payload[i] ^ key[i % 4]) : payload[i];
  return out;
}

// Messages as "opcode:payload " and, at the end, the failure if any; fed in pieces of `piece` bytes.
std::string read(std::string_view bytes, std::size_t piece, std::size_t limit = 1'000) {
  FrameReader reader(limit);
  std::string seen;
  const auto drain = [&] {
    while (auto message = reader.next()) {
      seen += std::to_string(static_cast<int>(message->opcode)) + ":" + message->payload + " ";
    }
  };
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    reader.feed(bytes.substr(0, piece));
    drain();
  }
  if (reader.failure() != 0) seen += "!" + std::to_string(reader.failure());
  return seen;
}

constexpr unsigned kFin = 0x80;

}  // namespace

TEST_CASE("frames of a client are read in whatever pieces they arrive") {
  const std::string long_text(300, 'x');
  const auto [bytes, expected] = GENERATE_COPY(table<std::string, std::string>({
      {client_frame(kFin | 1, "hello"), "1:hello "},
      {client_frame(kFin | 1, ""), "1: "},
      {client_frame(1, "he") + client_frame(0, "ll") + client_frame(kFin, "o"), "1:hello "},
      {client_frame(1, "he") + client_frame(kFin | 9, "p") + client_frame(kFin, "llo"), "9:p 1:hello "},
      {client_frame(kFin | 1, long_text), "1:" + long_text + " "},
      {client_frame(kFin | 10, "pong"), "10:pong "},
      {client_frame(kFin | 8, ""), "8: "},
      {client_frame(kFin | 8,
                    "\x03\xE8"
                    "bye"),
       "8:\x03\xE8"
       "bye "},
      {client_frame(1, "K\xC3") + client_frame(kFin, "\xB6ln"), "1:K\xC3\xB6ln "},
      // Forbidden:
      {client_frame(kFin | 1, "hello", 0, false), "!1002"},
      {client_frame(kFin | 0x40 | 1, "hello"), "!1002"},
      {client_frame(kFin | 0x10 | 1, "hello"), "!1002"},
      {client_frame(kFin | 3, "x"), "!1002"},
      {client_frame(kFin | 11, "x"), "!1002"},
      {client_frame(9, "x"), "!1002"},
      {client_frame(kFin | 9, std::string(126, 'x')), "!1002"},
      {client_frame(kFin, "x"), "!1002"},
      {client_frame(1, "x") + client_frame(kFin | 1, "y"), "!1002"},
      {client_frame(kFin | 1, "x", 126), "!1002"},
      {client_frame(kFin | 1, "x", 127), "!1002"},
      {std::string("\x81\xFF\x80\0\0\0\0\0\0\0", 10), "!1002"},
      {client_frame(kFin | 2, "x"), "!1003"},
      {client_frame(kFin | 1, "\xC0\xAF"), "!1007"},
      {client_frame(kFin | 1, "\xED\xA0\x80"), "!1007"},
      {client_frame(kFin | 1, "\xF4\x90\x80\x80"), "!1007"},
      {client_frame(kFin | 1, "K\xC3"), "!1007"},
      {client_frame(kFin | 8, "x"), "!1002"},
      {client_frame(kFin | 8, std::string("\0\0", 2)), "!1002"},
      {client_frame(kFin | 8, "\x03\xED"), "!1002"},  // 1005
      {client_frame(kFin | 8, "\x03\xF7"), "!1002"},  // 1015
      {client_frame(kFin | 8, "\x13\x88"), "!1002"},  // 5000
      {client_frame(kFin | 8, "\x03\xE8\xFF"), "!1007"},
      {client_frame(kFin | 1, std::string(1'001, 'x')), "!1009"},
      {client_frame(1, std::string(600, 'x')) + client_frame(kFin, std::string(600, 'x')), "!1009"},
  }));
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}}) {
    CHECK(read(bytes, piece) == expected);
  }
}

TEST_CASE("a length beyond the limit is refused before its bytes are kept") {
  FrameReader reader(1'000);
  reader.feed(std::string("\x81\xFF\0\0\0\0\x40\0\0\0", 10));
  CHECK_FALSE(reader.next());
  CHECK(reader.failure() == 1009);
  CHECK(reader.held() == 0);
}

TEST_CASE("our frames have the smallest length form and find their payload again") {
  for (const std::size_t size : {0u, 125u, 126u, 65'535u, 65'536u}) {
    const std::string payload(size, 'x');
    const std::string frame = server::text_frame(payload);
    CHECK(static_cast<unsigned char>(frame[0]) == 0x81);
    CHECK(frame.size() == size + (size < 126 ? 2u : size <= 0xFFFF ? 4u : 10u));
    CHECK(server::payload_of(frame) == payload);
  }
  CHECK(server::close_frame(4408, "slow") == "\x88\x06\x11\x38slow");
}
