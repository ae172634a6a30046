#include "state/event_codec.h"

#include <utility>

#include <xxhash.h>

namespace state {
namespace {

using core::Event;

// In the order of their bits in the mask of an event; new ones are added at the end.
constexpr std::array kTexts{&Event::source, &Event::id,      &Event::subject,  &Event::agent, &Event::queue,
                            &Event::team,   &Event::site,    &Event::channel,  &Event::priority,
                            &Event::text,   &Event::reason,  &Event::by,       &Event::customer};
static_assert(kTexts.size() <= 13, "three bits of the mask are flags");
constexpr unsigned kFinal = 1u << 13;
constexpr unsigned kPrivate = 1u << 14;
constexpr unsigned kHasValue = 1u << 15;

void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

std::int64_t minus(std::int64_t a, std::int64_t b) {  // wraps: times come from outside
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

std::int64_t plus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

bool get_varint(const char*& at, const char* end, std::uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (at == end) return false;
    const auto byte = static_cast<unsigned char>(*at++);
    if (shift == 63 && byte > 1) return false;
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

// mask, type, visit; time; at - time; value; texts: 0 = as in the event before, else length and bytes.
void put_event(std::string& out, const Event& event, const Event* previous) {
  unsigned mask = 0;
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    if (!(event.*kTexts[i]).empty()) mask |= 1u << i;
  }
  if (event.final) mask |= kFinal;
  if (!event.is_public) mask |= kPrivate;
  if (event.value != core::kNoValue) mask |= kHasValue;
  out.push_back(static_cast<char>(mask));
  out.push_back(static_cast<char>(mask >> 8));
  out.push_back(static_cast<char>(event.type));
  out.push_back(static_cast<char>(event.visit));
  put_varint(out, zigzag(previous == nullptr ? event.time : minus(event.time, previous->time)));
  put_varint(out, zigzag(minus(event.at, event.time)));
  if ((mask & kHasValue) != 0) put_varint(out, zigzag(event.value));
  for (const auto text : kTexts) {
    const std::string_view value = event.*text;
    if (value.empty()) continue;
    if (previous != nullptr && previous->*text == value) {
      out.push_back('\0');
      continue;
    }
    put_varint(out, value.size());
    out.append(value);
  }
}

}  // namespace

ItemKey item_key(std::string_view source, std::string_view id) {
  // The source's hash seeds the id's, so that ("a", "bc") is not ("ab", "c").
  const XXH128_hash_t hash = XXH3_128bits_withSeed(id.data(), id.size(), XXH3_64bits(source.data(), source.size()));
  return {hash.high64, hash.low64};
}

std::uint64_t PayloadWriter::add(std::span<const core::Event> item) {
  CHECK(!item.empty(), "an item has events");
  last_ = bytes_.size();
  put_varint(bytes_, item.size());
  for (const Event& event : item) bytes_.push_back(static_cast<char>(event.authority));
  const std::size_t body = bytes_.size();
  const Event* previous = nullptr;
  for (const Event& event : item) {
    put_event(bytes_, event, previous);
    previous = &event;
  }
  ++items_;
  return XXH3_64bits(bytes_.data() + body, bytes_.size() - body);
}

void PayloadWriter::drop_last() {
  CHECK(items_ > 0 && last_ > 0, "there is an item to drop, and only one can be dropped");
  bytes_.resize(last_);
  --items_;
  last_ = 0;
}

std::string PayloadWriter::take() {
  std::string taken = std::move(bytes_);
  clear();
  return taken;
}

void PayloadWriter::clear() {
  bytes_.clear();
  bytes_.push_back(static_cast<char>(kPayloadVersion));
  items_ = 0;
  last_ = 0;
}

PayloadReader::PayloadReader(std::string_view payload) : at_(payload.data()), end_(payload.data() + payload.size()) {
  if (payload.empty()) {
    fail("the payload is empty");
    return;
  }
  const auto version = static_cast<std::uint8_t>(*at_++);
  if (version == kPayloadVersion) return;
  fail("the events are in format " + std::to_string(version) + "; this program reads format " +
       std::to_string(kPayloadVersion));
  code_ = "unknown_version";
}

bool PayloadReader::fail(std::string message) {
  code_ = "bad_payload";
  message_ = std::move(message);
  at_ = end_;
  return false;
}

core::Status PayloadReader::status() const {
  if (code_.empty()) return core::Done{};
  return core::Error{code_, message_, ""};
}

bool PayloadReader::next(std::span<const core::Event>& item) {
  if (at_ == end_) return false;
  std::uint64_t count = 0;
  if (!get_varint(at_, end_, count) || count == 0 || count > static_cast<std::uint64_t>(end_ - at_)) {
    return fail("an item says it has more events than there are bytes");
  }
  const char* authority = at_;
  at_ += count;
  const char* body = at_;
  events_.clear();
  events_.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    Event event;
    if (!read_event(event, events_.empty() ? nullptr : &events_.back())) return false;
    event.authority = static_cast<std::uint8_t>(authority[i]);
    events_.push_back(event);
  }
  content_ = XXH3_64bits(body, static_cast<std::size_t>(at_ - body));
  item = events_;
  return true;
}

bool PayloadReader::read_event(core::Event& event, const core::Event* previous) {
  if (end_ - at_ < 4) return fail("an event is cut off");
  const unsigned mask = static_cast<unsigned char>(at_[0]) | static_cast<unsigned char>(at_[1]) << 8;
  const auto type = static_cast<unsigned char>(at_[2]);
  if (type >= core::kEventTypes) return fail("there is no event type " + std::to_string(type));
  event.type = static_cast<core::EventType>(type);
  event.visit = static_cast<std::uint8_t>(at_[3]);
  at_ += 4;
  event.final = (mask & kFinal) != 0;
  event.is_public = (mask & kPrivate) == 0;
  std::uint64_t time = 0, at = 0, value = 0;
  if (!get_varint(at_, end_, time) || !get_varint(at_, end_, at)) return fail("a time is cut off");
  event.time = previous == nullptr ? unzigzag(time) : plus(previous->time, unzigzag(time));
  event.at = plus(event.time, unzigzag(at));
  if ((mask & kHasValue) != 0) {
    if (!get_varint(at_, end_, value)) return fail("a value is cut off");
    event.value = unzigzag(value);
  }
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    if ((mask & 1u << i) == 0) continue;
    std::uint64_t length = 0;
    if (!get_varint(at_, end_, length)) return fail("a text is cut off");
    if (length == 0) {
      if (previous == nullptr) return fail("the first event of an item refers to one before");
      event.*kTexts[i] = previous->*kTexts[i];
      continue;
    }
    if (length > static_cast<std::uint64_t>(end_ - at_)) return fail("a text is cut off");
    event.*kTexts[i] = std::string_view(at_, length);
    at_ += length;
  }
  return true;
}

}  // namespace state
