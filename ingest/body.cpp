#include "ingest/body.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace ingest {

namespace {

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

enum class Container : std::uint8_t { guess, lines, json, cloud, cloud_batch };

std::optional<Container> container_of(std::string_view content_type) {
  const std::size_t semicolon = content_type.find(';');
  const std::string_view essence = trim(content_type.substr(0, semicolon));
  if (semicolon != std::string_view::npos) {
    // The only parameter that could change the bytes. JSON is UTF-8.
    const std::string_view parameter = trim(content_type.substr(semicolon + 1));
    const bool charset = same_word(parameter.substr(0, 8), "charset=");
    if (charset && !same_word(parameter.substr(8), "utf-8") &&
        !same_word(parameter.substr(8), "\"utf-8\"")) {
      return std::nullopt;
    }
  }
  constexpr std::pair<std::string_view, Container> kTypes[] = {
      {"", Container::guess},
      {"application/x-ndjson", Container::lines},
      {"application/ndjson", Container::lines},
      {"application/jsonl", Container::lines},
      {"application/json", Container::json},
      {"application/cloudevents+json", Container::cloud},
      {"application/cloudevents-batch+json", Container::cloud_batch},
  };
  for (const auto& [name, container] : kTypes) {
    if (same_word(essence, name)) return container;
  }
  return std::nullopt;
}

// Calls `item(text, index)` for every element of a JSON array. An element ends at a comma or
// bracket outside strings and brackets of its own, so damage inside one costs that one; what is
// wrong inside is left to the reader of the item. Returns the fault of the array itself, or
// nullptr, and the number of elements.
template <class Item>
const char* split_array(std::string_view text, std::size_t& count, Item item) {
  count = 0;
  std::size_t begin = 1;  // after [
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
      continue;
    }
    if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (depth > 0 && (c == '}' || c == ']')) {
      --depth;
    } else if (depth == 0 && (c == ',' || c == ']')) {
      const std::string_view element = trim(text.substr(begin, i - begin));
      const bool empty_array = c == ']' && count == 0 && element.empty();
      if (!empty_array && !item(element, count++)) return nullptr;
      begin = i + 1;
      if (c == ']') {
        return trim(text.substr(begin)).empty() ? nullptr : "something follows the array";
      }
    }
  }
  return "the array is not closed";
}

class Body {
 public:
  Body(JsonEvents& parser, const SourceOptions& options, core::Time now, Batch& batch)
      : parser_(parser), options_(options), now_(now), batch_(batch) {}

  void lines(std::string_view text) {
    // Most events have 150 to 300 bytes; the reserve spares the first few doublings.
    batch_.events.reserve(batch_.events.size() + std::min<std::size_t>(text.size() / 192, 8192));
    std::size_t items = 0;
    for (std::size_t line = 0; !text.empty(); ++line) {
      const void* found = std::memchr(text.data(), '\n', text.size());
      const std::size_t size =
          found ? static_cast<std::size_t>(static_cast<const char*>(found) - text.data())
                : text.size();
      std::string_view document = text.substr(0, size);
      text.remove_prefix(found ? size + 1 : size);
      if (!document.empty() && document.back() == '\r') document.remove_suffix(1);
      if (document.empty() || (is_space(document.front()) && trim(document).empty())) continue;
      if (!take(items++, line)) return;
      parser_.native(document, line, options_, now_, batch_);
    }
  }

  void array(std::string_view text, bool cloud) {
    std::size_t count = 0;
    const char* fault = split_array(text, count, [&](std::string_view element, std::size_t i) {
      if (!take(i, i)) return false;
      one(element, i, cloud);
      return true;
    });
    if (fault) batch_.refuse(count, {"malformed", fault, ""});
  }

  void one(std::string_view text, std::size_t index, bool cloud) {
    if (cloud) {
      parser_.cloud_event(text, index, options_, now_, batch_);
    } else {
      parser_.native(text, index, options_, now_, batch_);
    }
  }

 private:
  bool take(std::size_t items, std::size_t index) {
    if (items < kMaxItems) return true;
    batch_.refuse(index, {"too_many", "more than 10000 events; the rest was not read", ""});
    return false;
  }

  JsonEvents& parser_;
  const SourceOptions& options_;
  core::Time now_;
  Batch& batch_;
};

// Header values of CloudEvents may be percent-encoded; a stray % stays what it is.
std::string_view decode(std::string_view value, Arena& arena) {
  value = trim(value);
  if (value.find('%') == std::string_view::npos) return arena.keep(value);
  const auto hex = [](char c) {
    const char low = lower(c);
    return c >= '0' && c <= '9' ? c - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
  };
  char* place = arena.take(value.size());
  std::size_t size = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const int high = value[i] == '%' && i + 2 < value.size() ? hex(value[i + 1]) : -1;
    const int low = high >= 0 ? hex(value[i + 2]) : -1;
    if (low >= 0) {
      place[size++] = static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      place[size++] = value[i];
    }
  }
  arena.shrink(value.size() - size);
  return {place, size};
}

// False when there are no ce-* headers. A header that comes twice is named in `twice`.
bool cloud_headers(std::span<const Header> headers, CloudAttributes& attributes, Arena& arena,
                   std::string& twice) {
  const std::pair<std::string_view, std::string_view CloudAttributes::*> kHeaders[] = {
      {"ce-type", &CloudAttributes::type},       {"ce-id", &CloudAttributes::id},
      {"ce-source", &CloudAttributes::source},   {"ce-time", &CloudAttributes::time},
      {"ce-subject", &CloudAttributes::subject}, {"ce-specversion", &CloudAttributes::specversion},
  };
  bool any = false;
  for (const auto& [name, value] : headers) {
    for (const auto& [wanted, member] : kHeaders) {
      if (!same_word(name, wanted)) continue;
      if (!(attributes.*member).empty()) twice = wanted;
      attributes.*member = decode(value, arena);
      any = true;
    }
  }
  return any;
}

}  // namespace

Batch parse_body(JsonEvents& parser, std::string_view content_type, std::span<const Header> headers,
                 std::string body, const SourceOptions& options, core::Time now) {
  Batch batch;
  SourceOptions own = options;
  own.source = batch.arena.keep(options.source);
  const std::string_view text = batch.hold(std::move(body));
  const std::string_view document = trim(text);
  const auto container = container_of(content_type);
  const bool is_array = document.starts_with('[');
  Body reader(parser, own, now, batch);

  CloudAttributes attributes;
  std::string twice;
  const bool structured = container == Container::cloud || container == Container::cloud_batch;
  if (!container) {
    batch.refuse(0, {"unsupported_media_type",
                     "send application/x-ndjson, application/json or CloudEvents in UTF-8", ""});
  } else if (!structured && cloud_headers(headers, attributes, batch.arena, twice)) {
    if (!twice.empty()) {
      batch.refuse(0, {"duplicate_key", "given twice", twice});
    } else {
      parser.cloud_data(attributes, document, 0, own, now, batch);
    }
  } else if (container == Container::lines || (container == Container::guess && !is_array)) {
    reader.lines(text);
  } else if (is_array && container != Container::cloud) {
    reader.array(document, container == Container::cloud_batch);
  } else if (container == Container::cloud_batch) {
    batch.refuse(0, {"wrong_type", "a batch is a JSON array", ""});
  } else {
    reader.one(document, 0, container == Container::cloud);
  }
  return batch;
}

void read_ndjson(JsonEvents& parser, std::string_view text, const SourceOptions& options,
                 core::Time now, Batch& batch) {
  Body(parser, options, now, batch).lines(text);
}

}  // namespace ingest
