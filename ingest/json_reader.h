// JsonReader: walks the tokens of one document and fills Fields. The grammar of JSON, the
// vocabulary and the kinds of values are checked here; what the values mean together is
// assemble()'s business.
//
// Every byte is validated, also under unknown keys. A string is a view into the text, or into the
// arena when it had escapes. The first fault wins, in the order of the document. Values of the
// reader are valid until the next read. One per thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"
#include "ingest/fields.h"
#include "ingest/json_tokens.h"

namespace ingest {

class JsonReader {
 public:
  // Which words an object may use; all others are unknown, that is, validated and ignored.
  enum class Shape : std::uint8_t { native, envelope, payload, leg };

  JsonReader() : tokens_(kMaxEventBytes) {}

  // Reads `text`, one object of `shape`, into `fields`. False: see error().
  bool read(std::string_view text, Shape shape, Fields& fields, Arena& arena);


  core::Error& error() { return error_; }

 private:
  bool object(Shape shape, Slots& slots, int depth);
  bool value(Key key, Slots& slots, int depth);
  bool text_value(Key key, Slots& slots, int depth);
  bool words_value(Key key, Slots& slots, int depth);
  bool number_value(Key key, Slots& slots, int depth);
  bool boolean_value(Key key, Slots& slots, int depth);
  bool legs(int depth);

  // Validates and steps over any value; `depth` containers are open around it.
  bool skip(int depth);
  bool skip_object(int depth);
  bool skip_array(int depth);
  bool skip_literal();

  bool read_string(std::string_view& out);
  bool read_whole(std::int64_t& out);
  bool null_value();
  // An unknown key is Key::none; false when it is not even a string.
  bool find_key(std::string_view raw, std::uint64_t known, Key& key) {
    const int i = kKeyNames.find(raw);
    if (i < 0) return plain_ || find_escaped_key(raw, known, key);
    if ((known >> i & 1) != 0) key = static_cast<Key>(i);
    return true;
  }
  bool find_escaped_key(std::string_view raw, std::uint64_t known, Key& key);

  static constexpr bool is_space(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
  }

  // The scalar token at the cursor, without the space that follows it.
  std::string_view scalar() const {
    const std::size_t begin = at_[0];
    std::size_t end = at_[1];  // the list ends with the size of the text
    while (end > begin && is_space(text_[end - 1])) --end;
    return {text_.data() + begin, end - begin};
  }

  // Takes the string at the cursor as it stands in the text. Stage one has made sure that it is
  // closed.
  bool raw_string(std::string_view& body) {
    if (!is('"')) return false;
    const std::string_view token = scalar();
    if (token.size() < 2 || token.back() != '"') return false;
    body = {token.data() + 1, token.size() - 2};
    ++at_;
    return true;
  }
  bool at_end() const { return at_ == end_; }
  char peek() const { return at_ == end_ ? '\0' : text_[*at_]; }
  bool is(char c) const { return at_ != end_ && text_[*at_] == c; }

  bool fail(const char* code, std::string message, std::string where);
  bool fail_here(const char* code, std::string message);
  bool wrong_type(int depth, const char* wanted);
  bool malformed(const char* message) { return fail_here("malformed", message); }
  std::string path() const;

  JsonTokens tokens_;
  std::string_view text_;
  const std::uint32_t* at_ = nullptr;
  const std::uint32_t* end_ = nullptr;
  bool plain_ = false;  // no escape and no character to look at twice anywhere in the text
  Fields* fields_ = nullptr;
  Arena* arena_ = nullptr;

  // Where the cursor is, for pointers.
  bool in_data_ = false;
  int leg_ = -1;
  std::string_view key_;

  core::Error error_;
};

// Undoes the escapes of a string body that was found between quotes. False when an escape is wrong
// or surrogates do not pair. `out` has room for body.size() bytes; `size` is what was written.
bool unescape(std::string_view body, char* out, std::size_t& size);

// True when `text` is a JSON number; `whole` tells whether it is written as an integer.
bool is_number(std::string_view text, bool& whole);

// ~ and / of a key as a JSON pointer wants them.
std::string pointer_part(std::string_view key);

}  // namespace ingest
