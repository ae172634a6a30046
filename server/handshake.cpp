#include "server/handshake.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

#include "server/problem.h"

namespace server {
namespace {

// SHA-1 (FIPS 180-4): the handshake asks for it. It protects nothing here.
std::array<std::uint8_t, 20> sha1(std::string text) {
  const std::uint64_t bits = text.size() * 8;
  text += '\x80';
  while (text.size() % 64 != 56) text += '\0';
  for (int shift = 56; shift >= 0; shift -= 8) text += static_cast<char>(bits >> shift & 0xFF);

  std::array<std::uint32_t, 5> h{0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
  for (std::size_t block = 0; block < text.size(); block += 64) {
    std::array<std::uint32_t, 80> w{};
    for (std::size_t i = 0; i < 64; ++i) w[i / 4] = w[i / 4] << 8 | static_cast<std::uint8_t>(text[block + i]);
    for (std::size_t i = 16; i < 80; ++i) w[i] = std::rotl(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    auto [a, b, c, d, e] = h;
    for (std::size_t i = 0; i < 80; ++i) {
      const std::uint32_t mixed = i < 20              ? (b & c) | (~b & d)
                                  : i < 40 || i >= 60 ? b ^ c ^ d
                                                      : (b & c) | (b & d) | (c & d);
      constexpr std::array<std::uint32_t, 4> kConstants{0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6};
      const std::uint32_t next = std::rotl(a, 5) + mixed + e + kConstants[i / 20] + w[i];
      e = d;
      d = c;
      c = std::rotl(b, 30);
      b = a;
      a = next;
    }
    h = {h[0] + a, h[1] + b, h[2] + c, h[3] + d, h[4] + e};
  }
  std::array<std::uint8_t, 20> digest{};
  for (std::size_t i = 0; i < 20; ++i) digest[i] = static_cast<std::uint8_t>(h[i / 4] >> (24 - 8 * (i % 4)));
  return digest;
}

constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

// Whether a comma-separated list holds the word.
bool lists(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    std::string_view item = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), item.size() + 1));
    while (!item.empty() && (item.front() == ' ' || item.front() == '\t')) item.remove_prefix(1);
    while (!item.empty() && (item.back() == ' ' || item.back() == '\t')) item.remove_suffix(1);
    if (item == word) return true;
  }
  return false;
}

// 16 bytes in base64.
bool valid_key(std::string_view key) {
  const std::string_view alphabet(kBase64, 64);
  return key.size() == 24 && key.ends_with("==") &&
         std::all_of(key.begin(), key.end() - 2, [&](char c) { return alphabet.find(c) != std::string_view::npos; });
}

}  // namespace

std::string websocket_accept(std::string_view key) {
  const auto digest = sha1(std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  std::string out;
  for (std::size_t i = 0; i < digest.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) group = group << 8 | (i + j < digest.size() ? digest[i + j] : 0u);
    for (std::size_t j = 0; j < 4; ++j) out += i + j > digest.size() ? '=' : kBase64[group >> (18 - 6 * j) & 63];
  }
  return out;
}

bool origin_allowed(const Request& request, const std::vector<std::string>& origins) {
  const std::string_view origin = request.header("origin");
  if (origin.empty()) return true;
  const std::string host(request.header("host"));
  if (origin == "http://" + host || origin == "https://" + host) return true;
  return std::find(origins.begin(), origins.end(), origin) != origins.end();
}

Handshake answer_handshake(const Request& request, const std::vector<std::string>& origins) {
  const auto refuse = [](Response response) { return Handshake{std::move(response), {}}; };
  if (request.method != "GET") return refuse(problem(405, "method_not_allowed", "the stream opens with GET"));
  const bool upgrade =
      lists(lower(request.header("connection")), "upgrade") && lower(request.header("upgrade")) == "websocket";
  const bool version = request.header("sec-websocket-version") == "13";
  if (!upgrade || !version) {
    Response response = problem(426, "upgrade_required", "this address speaks WebSocket version 13");
    response.headers = {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Version", "13"}};
    return refuse(std::move(response));
  }
  const std::string_view key = request.header("sec-websocket-key");
  if (!valid_key(key)) return refuse(problem(400, "bad_handshake", "Sec-WebSocket-Key is not 16 bytes in base64"));
  if (!lists(request.header("sec-websocket-protocol"), kSubprotocol)) {
    return refuse(problem(400, "bad_subprotocol", "offer the subprotocol kpi.v1.json"));
  }
  if (!origin_allowed(request, origins)) {
    return refuse(problem(403, "origin_not_allowed", "pages of this origin may not open the stream"));
  }
  Handshake handshake;
  handshake.refusal.status = 101;
  handshake.answer =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ";
  handshake.answer.append(websocket_accept(key)).append("\r\nSec-WebSocket-Protocol: ").append(kSubprotocol);
  handshake.answer += "\r\n\r\n";
  return handshake;
}

}  // namespace server
