#include "ingest/json_reader.h"

#include <array>
#include <cstring>
#include <utility>

#include "ingest/instant.h"

namespace ingest {

namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr std::uint64_t kLegKeys =
    bits({Key::agent, Key::offered_at, Key::answered_at, Key::ended_at, Key::wrapped_at,
          Key::hold_ms, Key::talk_ms, Key::wrap_ms, Key::transferred});
constexpr std::uint64_t kEnvelopeOnly =
    bits({Key::subject, Key::specversion, Key::datacontenttype, Key::data_base64, Key::data});
constexpr std::uint64_t kCommon = bits({Key::type, Key::id, Key::source, Key::time});
constexpr std::uint64_t kPayloadKeys =
    (bit(Key::none) - 1) & ~kEnvelopeOnly & ~kCommon & ~bit(Key::offered_at);

constexpr std::array<std::uint64_t, 4> kKnown = {kCommon | kPayloadKeys, kCommon | kEnvelopeOnly,
                                                 kPayloadKeys, kLegKeys};

}  // namespace

bool JsonReader::read(std::string_view text, Shape shape, Fields& fields, Arena& arena) {
  text_ = text;
  fields_ = &fields;
  arena_ = &arena;
  in_data_ = false;
  leg_ = -1;
  key_ = {};
  if (text.size() > kMaxEventBytes) {
    return fail("too_large", "an event is at most 16 KiB, this has " + std::to_string(text.size()),
                "");
  }
  if (text.substr(0, 3) == "\xEF\xBB\xBF") {
    return fail("malformed", "starts with a byte order mark (BOM); send UTF-8 without it", "");
  }
  if (const char* fault = tokens_.scan(text)) return fail("malformed", fault, "");
  at_ = tokens_.begin();
  end_ = tokens_.end();
  plain_ = !has_special(text);

  if (!is('{')) return wrong_type(0, "an event is a JSON object");
  if (!object(shape, fields.item, 1)) return false;
  if (!at_end()) return malformed("something follows the object");
  return true;
}

// The cursor is at '{'; `depth` counts it.
bool JsonReader::object(Shape shape, Slots& slots, int depth) {
  const std::uint64_t known = kKnown[static_cast<std::size_t>(shape)];
  key_ = {};
  ++at_;
  if (is('}')) {
    ++at_;
    return true;
  }
  for (;;) {
    key_ = {};
    std::string_view raw;
    if (!raw_string(raw)) return malformed("a key was expected");
    if (!is(':')) return malformed("a colon was expected");
    ++at_;
    key_ = raw;
    Key key = Key::none;
    if (!find_key(raw, known, key)) return malformed("a key with a wrong escape");
    if (key == Key::none) {
      if (!skip(depth)) return false;
    } else {
      if (!slots.mark(key)) return fail_here("duplicate_key", "given twice");
      // Most values are plain short texts: the way through value() without the calls.
      std::string_view text;
      const bool quick = plain_ && kind_of(key) == Kind::text && raw_string(text);
      if (!quick) {
        if (!value(key, slots, depth)) return false;
      } else if (text.size() <= kMaxTextBytes) {
        slots.put(key, text);
      } else {
        return fail_here("too_long", "longer than 128 bytes");
      }
    }
    key_ = {};
    if (is(',')) {
      ++at_;
    } else if (is('}')) {
      ++at_;
      return true;
    } else {
      return malformed("a comma or } was expected");
    }
  }
}

// The same word spelled with escapes is the same key.
bool JsonReader::find_escaped_key(std::string_view raw, std::uint64_t known, Key& key) {
  if (raw.find('\\') == std::string_view::npos) return true;
  char* out = arena_->take(raw.size());
  std::size_t size = 0;
  const bool good = unescape(raw, out, size);
  arena_->shrink(raw.size());
  const int i = good ? kKeyNames.find({out, size}) : -1;
  if (i >= 0 && (known >> i & 1) != 0) key = static_cast<Key>(i);
  return good;
}

bool JsonReader::value(Key key, Slots& slots, int depth) {
  switch (kind_of(key)) {
    case Kind::text: return text_value(key, slots, depth);
    case Kind::words: return words_value(key, slots, depth);
    case Kind::instant:
    case Kind::duration:
    case Kind::whole: return number_value(key, slots, depth);
    case Kind::boolean: return boolean_value(key, slots, depth);
    case Kind::list: return legs(depth);
    case Kind::object: break;
  }
  if (is('n')) return null_value();
  if (!is('{')) return wrong_type(depth, "data must be a JSON object");
  in_data_ = true;
  if (!object(Shape::payload, slots, depth + 1)) return false;
  in_data_ = false;
  return true;
}

bool JsonReader::text_value(Key key, Slots& slots, int depth) {
  if (is('n')) return null_value();
  if (!is('"')) return wrong_type(depth, "must be a string");
  std::string_view text;
  if (!read_string(text)) return false;
  const char* fault = plain_ ? (text.size() > kMaxTextBytes ? "too_long" : nullptr)
                             : text_fault(text);
  if (fault) {
    return fail_here(fault, text.size() > kMaxTextBytes
                                ? "longer than 128 bytes"
                                : "control characters are not allowed in ids and names");
  }
  slots.put(key, text);
  return true;
}

// ["a","b"], or "a,b".
bool JsonReader::words_value(Key key, Slots& slots, int depth) {
  if (is('n')) return null_value();
  std::string_view text;
  if (is('"')) {
    if (!read_string(text)) return false;
    if (const char* fault = words_fault(text)) return fail_here(fault, "no control characters, at most 1024 bytes");
    if (!text.empty()) slots.put_words(key, text);
    return true;
  }
  if (!is('[')) return wrong_type(depth, "must be an array of strings, or a string with commas");
  ++at_;
  std::string all;
  for (bool first = true; !is(']'); first = false) {
    if (!first && !is(',')) return malformed("a comma or ] was expected");
    if (!first) ++at_;
    if (!is('"')) return wrong_type(depth + 1, "must be a string");
    if (!read_string(text)) return false;
    if (text.find(',') != std::string_view::npos) return fail_here("bad_value", "a tag has no comma in it");
    if (all.size() + text.size() >= kMaxWordsBytes || words_fault(text) != nullptr)
      return fail_here(all.size() + text.size() >= kMaxWordsBytes ? "too_long" : words_fault(text),
                       "no control characters, at most 1024 bytes");
    all += all.empty() ? "" : ",";
    all += text;
  }
  ++at_;
  slots.put_words(key, arena_->keep(all));
  return true;
}

bool JsonReader::number_value(Key key, Slots& slots, int depth) {
  if (is('n')) return null_value();
  const Kind kind = kind_of(key);
  if (kind == Kind::instant && is('"')) {
    std::string_view text;
    if (!read_string(text)) return false;
    const auto time = parse_rfc3339(text);
    if (!time) return fail_here("bad_time", "not an RFC 3339 time like 2026-02-01T09:30:00.250Z");
    slots.put(key, *time);
    return true;
  }
  if (!is('-') && !is_digit(peek())) {
    return wrong_type(depth, kind == Kind::instant ? "must be an RFC 3339 string or milliseconds"
                                                   : "must be a whole number");
  }
  std::int64_t number = 0;
  if (!read_whole(number)) return false;
  if (kind != Kind::duration) {
    slots.put(key, number);
  } else if (!fields_->put_duration(slots, key, number)) {
    return fail_here("bad_duration", "longer than 7 days");
  }
  return true;
}

bool JsonReader::boolean_value(Key key, Slots& slots, int depth) {
  if (is('n')) return null_value();
  const std::string_view word = at_end() ? std::string_view() : scalar();
  if (word != "true" && word != "false") return wrong_type(depth, "must be true or false");
  ++at_;
  slots.put(key, word == "true" ? std::int64_t{1} : std::int64_t{0});
  return true;
}

bool JsonReader::legs(int depth) {
  if (is('n')) return null_value();
  if (!is('[')) return wrong_type(depth, "must be an array of objects");
  ++at_;
  if (is(']')) {
    ++at_;
    return true;
  }
  const std::string_view own_key = std::exchange(key_, {});
  for (;;) {
    leg_ = static_cast<int>(fields_->leg_count);
    if (fields_->leg_count == kMaxLegs) return fail_here("too_many", "more than 32 legs");
    if (!is('{')) return wrong_type(depth + 1, "must be an object");
    Slots& leg = fields_->legs[fields_->leg_count++];
    leg.clear();
    if (!object(Shape::leg, leg, depth + 2)) return false;
    leg_ = -1;
    key_ = own_key;
    if (is(']')) {
      ++at_;
      return true;
    }
    if (!is(',')) return malformed("a comma or ] was expected");
    ++at_;
    key_ = {};
  }
}

bool JsonReader::skip(int depth) {
  switch (peek()) {
    case '{': return skip_object(depth + 1);
    case '[': return skip_array(depth + 1);
    case '"': {
      std::string_view text;
      return read_string(text);
    }
    default: return skip_literal();
  }
}

bool JsonReader::skip_object(int depth) {
  if (depth > kMaxDepth) return fail_here("too_deep", "nested deeper than 16 levels");
  ++at_;
  if (is('}')) {
    ++at_;
    return true;
  }
  for (;;) {
    std::string_view key;
    if (!is('"')) return malformed("a key was expected");
    if (!read_string(key)) return false;
    if (!is(':')) return malformed("a colon was expected");
    ++at_;
    if (!skip(depth)) return false;
    if (is('}')) {
      ++at_;
      return true;
    }
    if (!is(',')) return malformed("a comma or } was expected");
    ++at_;
  }
}

bool JsonReader::skip_array(int depth) {
  if (depth > kMaxDepth) return fail_here("too_deep", "nested deeper than 16 levels");
  ++at_;
  if (is(']')) {
    ++at_;
    return true;
  }
  for (;;) {
    if (!skip(depth)) return false;
    if (is(']')) {
      ++at_;
      return true;
    }
    if (!is(',')) return malformed("a comma or ] was expected");
    ++at_;
  }
}

bool JsonReader::skip_literal() {
  if (at_end()) return malformed("ends too early");
  const std::string_view word = scalar();
  bool whole = false;
  if (word != "true" && word != "false" && word != "null" && !is_number(word, whole)) {
    return malformed("not a JSON value");
  }
  ++at_;
  return true;
}

bool JsonReader::null_value() {
  if (scalar() != "null") return malformed("not a JSON value");
  ++at_;
  return true;
}

bool JsonReader::read_string(std::string_view& out) {
  if (!raw_string(out)) return malformed("a string is not closed");
  if (plain_ || out.find('\\') == std::string_view::npos) return true;
  char* place = arena_->take(out.size());
  std::size_t size = 0;
  if (!unescape(out, place, size)) {
    arena_->shrink(out.size());
    return malformed("a wrong escape or half a surrogate pair in a string");
  }
  arena_->shrink(out.size() - size);
  out = {place, size};
  return true;
}

bool JsonReader::read_whole(std::int64_t& out) {
  const std::string_view token = scalar();
  bool whole = false;
  if (!is_number(token, whole)) return malformed("not a JSON number");
  if (!whole) return fail_here("wrong_type", "must be a whole number, without point or exponent");
  const bool negative = token[0] == '-';
  std::uint64_t value = 0;
  for (const char c : token.substr(negative ? 1 : 0)) {
    const auto d = static_cast<std::uint64_t>(c - '0');
    if (value > (UINT64_MAX - d) / 10) value = UINT64_MAX;
    value = value == UINT64_MAX ? value : value * 10 + d;
  }
  if (value > static_cast<std::uint64_t>(INT64_MAX)) {
    return fail_here("number_out_of_range", "does not fit into 64 bits");
  }
  ++at_;
  out = negative ? -static_cast<std::int64_t>(value) : static_cast<std::int64_t>(value);
  return true;
}

bool JsonReader::wrong_type(int depth, const char* wanted) {
  // Something that is no JSON at all is called that, not a wrong type.
  return skip(depth) && fail_here("wrong_type", wanted);
}

bool JsonReader::fail(const char* code, std::string message, std::string where) {
  error_ = {code, std::move(message), std::move(where)};
  return false;
}

bool JsonReader::fail_here(const char* code, std::string message) {
  return fail(code, std::move(message), path());
}

std::string JsonReader::path() const {
  std::string where = in_data_ ? "/data" : "";
  if (leg_ >= 0) where += "/legs/" + std::to_string(leg_);
  // A key that nobody can have meant is not worth echoing.
  if (key_.empty() || key_.size() > kMaxTextBytes) return where;
  std::string key(key_.size(), '\0');
  std::size_t size = 0;
  if (!unescape(key_, key.data(), size)) size = key_.copy(key.data(), key.size());
  key.resize(size);
  return where + "/" + pointer_part(key);
}

}  // namespace ingest
