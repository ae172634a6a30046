#include "ingest/document_format.h"

#include "ingest/instant.h"
#include "ingest/time_format.h"

namespace ingest {

void DocumentFormat::read_one(std::string_view text) {
  bytes_ = text;
  part(text);
  auto parsed = json_.parse(text);
  if (!parsed) return refuse("malformed", parsed.error().message);
  if (parsed->is_list()) {
    parsed->each([this](JsonValue one) {
      const std::string alone = one.json();
      bytes_ = alone;
      part(alone);
      document(one);
    });
    return;
  }
  document(*parsed);
}

void DocumentFormat::message(const Message& message) {
  std::string_view text = message.bytes;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  // One to a line is told from one over several lines by whether the first line is a whole one.
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos || !json_.parse(text.substr(0, end))) return read_one(text);
  while (!text.empty()) {
    const std::size_t next = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, next);
    text.remove_prefix(std::min(next + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) read_one(line);
  }
}

namespace {

core::Time instant_of_number(std::int64_t number) {
  if (number <= 0) return windows::kNever;
  if (number < 100'000'000'000) return number * 1000;
  return number < 100'000'000'000'000 ? number : windows::kNever;
}

}  // namespace

core::Time instant_of(JsonValue value) {
  if (value.kind() == JsonValue::Kind::text) return instant_of(value.text());
  const auto number = value.whole();
  return number ? instant_of_number(*number) : windows::kNever;
}

core::Time instant_of(std::string_view text) {
  if (const auto number = whole(text)) return instant_of_number(*number);
  if (const auto at = parse_rfc3339(text)) return *at;
  static const TimeFormat kLoose = *TimeFormat::parse("%Y-%m-%dT%H:%M:%S.%f%z");
  static const TimeFormat kSeconds = *TimeFormat::parse("%Y-%m-%dT%H:%M:%S%z");
  if (const auto read = kLoose.read(text)) return read->time;
  if (const auto read = kSeconds.read(text)) return read->time;
  return windows::kNever;
}

}  // namespace ingest
