// The characters of JSON: escapes, numbers, and what a text may hold.
#include <array>
#include <cstring>

#include "ingest/json_reader.h"

namespace ingest {

namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Value of four hex digits, or -1.
int hex4(std::string_view s) {
  if (s.size() < 4) return -1;
  int value = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = s[static_cast<std::size_t>(i)];
    const char low = static_cast<char>(c | 0x20);
    if (is_digit(c)) {
      value = value * 16 + (c - '0');
    } else if (low >= 'a' && low <= 'f') {
      value = value * 16 + (low - 'a' + 10);
    } else {
      return -1;
    }
  }
  return value;
}

char* put_utf8(char* p, unsigned code) {
  const auto tail = [](unsigned bits) { return static_cast<char>(0x80 | (bits & 0x3F)); };
  if (code < 0x80) {
    *p++ = static_cast<char>(code);
  } else if (code < 0x800) {
    *p++ = static_cast<char>(0xC0 | code >> 6);
    *p++ = tail(code);
  } else if (code < 0x10000) {
    *p++ = static_cast<char>(0xE0 | code >> 12);
    *p++ = tail(code >> 6);
    *p++ = tail(code);
  } else {
    *p++ = static_cast<char>(0xF0 | code >> 18);
    *p++ = tail(code >> 12);
    *p++ = tail(code >> 6);
    *p++ = tail(code);
  }
  return p;
}

// The character that a one-letter escape stands for, or 0.
char short_escape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/': return c;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return '\0';
  }
}

}  // namespace

bool unescape(std::string_view body, char* out, std::size_t& size) {
  char* p = out;
  for (std::size_t i = 0; i < body.size();) {
    if (body[i] != '\\') {
      *p++ = body[i++];
      continue;
    }
    if (++i == body.size()) return false;
    if (body[i] != 'u') {
      const char c = short_escape(body[i++]);
      if (c == '\0') return false;
      *p++ = c;
      continue;
    }
    const int first = hex4(body.substr(i + 1));
    if (first < 0) return false;
    i += 5;
    auto code = static_cast<unsigned>(first);
    if (code >= 0xDC00 && code <= 0xDFFF) return false;
    if (code >= 0xD800 && code <= 0xDBFF) {
      if (body.substr(i, 2) != "\\u") return false;
      const int second = hex4(body.substr(i + 2));
      if (second < 0xDC00 || second > 0xDFFF) return false;
      i += 6;
      code = 0x10000 + ((code - 0xD800) << 10) + (static_cast<unsigned>(second) - 0xDC00);
    }
    p = put_utf8(p, code);
  }
  size = static_cast<std::size_t>(p - out);
  return true;
}

bool is_number(std::string_view text, bool& whole) {
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t begin = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    return i > begin;
  };
  if (i < text.size() && text[i] == '-') ++i;
  const std::size_t first = i;
  if (!digits()) return false;
  if (text[first] == '0' && i > first + 1) return false;
  whole = true;
  if (i < text.size() && text[i] == '.') {
    whole = false;
    ++i;
    if (!digits()) return false;
  }
  if (i < text.size() && (text[i] | 0x20) == 'e') {
    whole = false;
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (!digits()) return false;
  }
  return i == text.size();
}

std::string pointer_part(std::string_view key) {
  std::string part;
  for (const char c : key) {
    if (c == '~') {
      part += "~0";
    } else if (c == '/') {
      part += "~1";
    } else {
      part += c;
    }
  }
  return part;
}

bool has_special(std::string_view text) {
  // Sixteen bytes at a time; the compiler knows what the machine has for it.
  using Lanes = unsigned char __attribute__((vector_size(16)));
  const char* p = text.data();
  const char* const end = p + text.size();
  Lanes found{};
  const auto look = [&found](const Lanes& v) {
    found |= reinterpret_cast<Lanes>(v == '\\') | reinterpret_cast<Lanes>(v == 0x7F) |
             reinterpret_cast<Lanes>(v == 0xC2);
  };
  for (; end - p >= 16; p += 16) {
    Lanes v;
    std::memcpy(&v, p, 16);
    look(v);
  }
  Lanes rest{};
  if (p != end) std::memcpy(&rest, p, static_cast<std::size_t>(end - p));
  look(rest);
  std::array<std::uint64_t, 2> halves;
  std::memcpy(halves.data(), &found, 16);
  return (halves[0] | halves[1]) != 0;
}

namespace {

const char* fault_within(std::string_view text, std::size_t limit) {
  if (text.size() > limit) return "too_long";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7F) return "bad_text";
    // U+0080..U+009F, the second set of control characters.
    if (c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) {
      return "bad_text";
    }
  }
  return nullptr;
}

}  // namespace

const char* text_fault(std::string_view text) { return fault_within(text, kMaxTextBytes); }
const char* words_fault(std::string_view text) { return fault_within(text, kMaxWordsBytes); }

}  // namespace ingest
