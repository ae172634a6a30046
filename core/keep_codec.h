// The bytes of rows: how numbers and words are written and read again. Varints are LEB128, signed ones zigzag;
// fixed numbers little endian, except in keys, which are big endian so that their order is that of the numbers.
// A RowReader never reads beyond its bytes: what is missing reads as 0 and ok() is false from then on.
// Values; one thread at a time.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace core {

static_assert(std::endian::native == std::endian::little, "rows are written as memory has them");

inline constexpr std::uint8_t kRowVersion = 1;  // first byte of every value

inline void append_key(std::string& key, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) key += static_cast<char>(number >> shift);
}
inline void append_key(std::string& key, std::uint64_t number) {
  append_key(key, static_cast<std::uint32_t>(number >> 32));
  append_key(key, static_cast<std::uint32_t>(number));
}
// The first key behind all that begin with `prefix`.
std::string behind(std::string_view prefix);
// The number at key[at..at+4); 0 when the key is shorter.
inline std::uint32_t key_number(std::string_view key, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = at; i < at + 4 && i < key.size(); ++i) number = number << 8 | static_cast<std::uint8_t>(key[i]);
  return number;
}

class RowWriter {
 public:
  enum Part { kPart };  // of a row: without a version of its own

  RowWriter() { byte(kRowVersion); }
  explicit RowWriter(Part) {}
  void byte(std::uint8_t b) { out_ += static_cast<char>(b); }
  void number(std::uint64_t n) {
    for (; n >= 0x80; n >>= 7) byte(static_cast<std::uint8_t>(n | 0x80));
    byte(static_cast<std::uint8_t>(n));
  }
  void difference(std::int64_t n) {
    number((static_cast<std::uint64_t>(n) << 1) ^ static_cast<std::uint64_t>(n >> 63));
  }
  template <class T>
  void raw(const T& value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void text(std::string_view t) {
    number(t.size());
    out_ += t;
  }
  void bytes(const void* data, std::size_t size) { out_.append(static_cast<const char*>(data), size); }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

class RowReader {
 public:
  enum Part { kPart };

  // Reads the version byte.
  explicit RowReader(std::string_view row) : rest_(row), version_(byte()) {}
  RowReader(std::string_view part, Part) : rest_(part), version_(kRowVersion) {}
  bool known() const { return version_ == kRowVersion; }
  std::uint8_t version() const { return version_; }
  bool ok() const { return ok_ && known(); }
  bool done() const { return rest_.empty(); }
  std::size_t left() const { return rest_.size(); }

  std::uint8_t byte() {
    if (rest_.empty()) return fail();
    const auto b = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return b;
  }
  std::uint64_t number() {
    std::uint64_t n = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const std::uint8_t b = byte();
      n |= std::uint64_t{b & 0x7Fu} << shift;
      if (b < 0x80) return n;
    }
    return fail();
  }
  std::uint32_t number32() { return static_cast<std::uint32_t>(number()); }
  std::int64_t difference() {
    const std::uint64_t n = number();
    return static_cast<std::int64_t>(n >> 1) ^ -static_cast<std::int64_t>(n & 1);
  }
  template <class T>
  T raw() {
    T value{};
    if (rest_.size() < sizeof value) {
      fail();
      return value;
    }
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    return value;
  }
  std::string_view text() { return bytes(number()); }
  std::string_view bytes(std::uint64_t size) {
    if (rest_.size() < size) {
      fail();
      return {};
    }
    const std::string_view t = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return t;
  }

 private:
  std::uint8_t fail() {
    ok_ = false;
    rest_ = {};
    return 0;
  }

  bool ok_ = true;
  std::string_view rest_;
  std::uint8_t version_;
};

}  // namespace core
