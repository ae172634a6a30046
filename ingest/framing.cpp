#include "ingest/framing.h"

#include <algorithm>
#include <charconv>

namespace ingest {

namespace {

constexpr std::size_t kCompactAt = 64 * 1024;  // bytes taken before the buffer is moved together

std::string_view without_cr(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(x) == lower(y);
  });
}

// The end of the headers: the first blank line; npos: not there yet. `next`: after it.
std::size_t blank_line(std::string_view text, std::size_t from, std::size_t& next) {
  for (std::size_t at = text.find('\n', from); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    std::size_t after = at + 1;
    if (after < text.size() && text[after] == '\r') ++after;
    if (after < text.size() && text[after] == '\n') {
      next = after + 1;
      return at;
    }
  }
  return std::string_view::npos;
}

// nullopt: a length that is none.
std::optional<std::uint64_t> content_length(std::string_view headers) {
  while (!headers.empty()) {
    const std::size_t end = std::min(headers.find('\n'), headers.size());
    const std::string_view line = without_cr(headers.substr(0, end));
    headers.remove_prefix(std::min(end + 1, headers.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !same_word(line.substr(0, colon), "Content-Length")) continue;
    std::string_view digits = line.substr(colon + 1);
    while (digits.starts_with(' ')) digits.remove_prefix(1);
    std::uint64_t length = 0;
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (error != std::errc() || stop != digits.data() + digits.size()) return std::nullopt;
    return length;
  }
  return 0;
}

}  // namespace

void Framer::feed(std::string_view bytes) {
  if (begin_ > kCompactAt || begin_ == buffer_.size()) {
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
  buffer_.append(bytes);
}

void Framer::take(std::size_t bytes) {
  begin_ += bytes;
  position_ += bytes;
  looked_ = 0;
}

Framer::Cut Framer::cut_lines(std::string_view text) {
  const std::size_t end = text.find('\n', looked_);
  if (end == std::string_view::npos) {
    looked_ = text.size();
    return {};
  }
  return {without_cr(text.substr(0, end)).size(), end + 1};
}

Framer::Cut Framer::cut_blocks(std::string_view text) {
  // The greeting is one line that no blank line follows.
  if (text.starts_with("Asterisk Call Manager")) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    return {without_cr(text.substr(0, end)).size(), end + 1};
  }
  // Blank lines between blocks; inside one that is too long they end it.
  if (!skipping_ && text.starts_with('\n')) return {0, 1};
  if (!skipping_ && text.starts_with("\r\n")) return {0, 2};
  std::size_t next = 0;
  const std::size_t end = blank_line(text, looked_, next);
  if (end == std::string_view::npos) {
    looked_ = text.size() - std::min<std::size_t>(text.size(), 2);
    return {};
  }
  return {without_cr(text.substr(0, end)).size(), next};
}

Framer::Cut Framer::cut_event(std::string_view text) {
  if (!skipping_ && text.starts_with('\n')) return {0, 1};
  if (!skipping_ && text.starts_with("\r\n")) return {0, 2};
  std::size_t body = 0;
  const std::size_t end = blank_line(text, looked_, body);
  if (end == std::string_view::npos) {
    looked_ = text.size() - std::min<std::size_t>(text.size(), 2);
    return {};
  }
  const auto length = content_length(text.substr(0, end));
  if (!length || *length > limit_) {
    // Without a length there is no next message; a body too long is skipped as it comes.
    ++too_large_;
    skip_bytes_ = length.value_or(0);
    return {0, body};
  }
  const auto bytes = static_cast<std::size_t>(*length);
  if (text.size() - body < bytes) return {};
  return {bytes == 0 ? end : body + bytes, body + bytes};
}

Framer::Cut Framer::cut(std::string_view text) {
  switch (framing_) {
    case Framing::lines: return cut_lines(text);
    case Framing::ami: return cut_blocks(text);
    case Framing::event_socket: return cut_event(text);
    case Framing::document: break;
  }
  return {};
}

std::optional<std::string_view> Framer::next() {
  for (;;) {
    if (skip_bytes_ > 0) {
      const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(skip_bytes_, waiting()));
      skip_bytes_ -= bytes;
      take(bytes);
      if (skip_bytes_ > 0) return std::nullopt;
    }
    const std::string_view text = std::string_view(buffer_).substr(begin_);
    const Cut found = cut(text);
    if (found.whole == 0) {
      if (framing_ == Framing::document || text.size() <= limit_) return std::nullopt;
      // Too long already: its end is looked for without keeping it.
      if (!skipping_) ++too_large_;
      skipping_ = true;
      take(text.size() - std::min<std::size_t>(text.size(), 3));
      return std::nullopt;
    }
    take(found.whole);
    if (skipping_) {
      skipping_ = false;
      continue;
    }
    if (found.message > limit_) {
      ++too_large_;
      continue;
    }
    if (found.message > 0) return text.substr(0, found.message);
  }
}

std::optional<std::string_view> Framer::rest() {
  std::string_view text = std::string_view(buffer_).substr(begin_);
  take(text.size());
  const bool is_message = framing_ == Framing::lines || framing_ == Framing::document;
  if (skipping_ || !is_message || skip_bytes_ > 0) return std::nullopt;
  if (framing_ == Framing::lines) text = without_cr(text);
  if (text.size() > limit_) {
    ++too_large_;
    return std::nullopt;
  }
  if (text.empty()) return std::nullopt;
  return text;
}

}  // namespace ingest
