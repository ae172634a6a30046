#include "ingest/time_format.h"

#include "core/zone.h"
#include "ingest/instant.h"

namespace ingest {

namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr char low(char c) { return static_cast<char>(c | 0x20); }
constexpr bool is_letter(char c) { return low(c) >= 'a' && low(c) <= 'z'; }

// Steps through the text while the pattern asks for its parts.
class Scan {
 public:
  explicit Scan(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }

  bool literal(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    if (c == ' ') {
      while (text_.starts_with(' ')) text_.remove_prefix(1);
    }
    return true;
  }

  bool number(std::size_t least, std::size_t most, int& value) {
    std::size_t n = 0;
    value = 0;
    while (n < most && n < text_.size() && is_digit(text_[n])) {
      value = value * 10 + (text_[n++] - '0');
    }
    text_.remove_prefix(n);
    return n >= least;
  }

  // Letters, as many as there are.
  std::string_view word() {
    std::size_t n = 0;
    while (n < text_.size() && is_letter(text_[n])) ++n;
    const std::string_view found = text_.substr(0, n);
    text_.remove_prefix(n);
    return found;
  }

  // "Feb", "FEB", "February"; 1 to 12.
  bool month(int& value) {
    constexpr std::string_view kMonths = "janfebmaraprmayjunjulaugsepoctnovdec";
    const std::string_view name = word();
    if (name.size() < 3) return false;
    const char three[] = {low(name[0]), low(name[1]), low(name[2])};
    const std::size_t at = kMonths.find(std::string_view(three, 3));
    value = static_cast<int>(at / 3) + 1;
    return at != std::string_view::npos && at % 3 == 0;
  }

  // "AM", "p.m."
  bool half(int& value) {
    if (text_.empty()) return false;
    const char first = low(text_[0]);
    text_.remove_prefix(1);
    const bool dotted = text_.starts_with('.');
    if (dotted) text_.remove_prefix(1);
    if (text_.empty() || low(text_[0]) != 'm' || (first != 'a' && first != 'p')) return false;
    text_.remove_prefix(1);
    if (dotted && text_.starts_with('.')) text_.remove_prefix(1);
    value = first == 'p' ? 12 : 0;
    return true;
  }

  bool fraction(int& ms) {
    std::size_t n = 0;
    ms = 0;
    for (; n < text_.size() && is_digit(text_[n]); ++n) {
      if (n < 3) ms = ms * 10 + (text_[n] - '0');
    }
    if (n == 0 || n > 9) return false;
    for (std::size_t i = n; i < 3; ++i) ms *= 10;
    text_.remove_prefix(n);
    return true;
  }

  bool offset(windows::Duration& offset) {
    if (literal('Z')) {
      offset = 0;
      return true;
    }
    const bool west = text_.starts_with('-');
    int hours = 0;
    int minutes = 0;
    if (!literal('-') && !literal('+')) return false;
    if (!number(2, 2, hours)) return false;
    literal(':');
    if (!number(2, 2, minutes) || hours > 23 || minutes > 59) return false;
    offset = (hours * 60 + minutes) * windows::kMinute;
    if (west) offset = -offset;
    return true;
  }

 private:
  std::string_view text_;
};

struct Parts {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0;
  int half = 0;  // hours to add: 12 in the afternoon
  windows::Duration offset = 0;
  bool local = true;
};

bool read_part(char code, Scan& scan, Parts& p) {
  switch (code) {
    case 'Y': return scan.number(4, 4, p.year);
    case 'y':
      if (!scan.number(2, 2, p.year)) return false;
      p.year += p.year < 69 ? 2000 : 1900;
      return true;
    case 'm': return scan.number(1, 2, p.month);
    case 'b': return scan.month(p.month);
    case 'a': return !scan.word().empty();
    case 'd': return scan.number(1, 2, p.day);
    case 'H': return scan.number(1, 2, p.hour) && p.hour <= 23;
    case 'I':
      if (!scan.number(1, 2, p.hour) || p.hour < 1 || p.hour > 12) return false;
      p.hour %= 12;
      return true;
    case 'p': return scan.half(p.half);
    case 'M': return scan.number(1, 2, p.minute) && p.minute <= 59;
    case 'S': return scan.number(1, 2, p.second) && p.second <= 59;
    case 'f': return scan.fraction(p.ms);
    case 'z': p.local = false; return scan.offset(p.offset);
    default: return scan.literal('%');  // %%
  }
}

}  // namespace

core::Result<TimeFormat> TimeFormat::parse(std::string_view pattern) {
  TimeFormat format;
  format.pattern_ = pattern;
  if (pattern == "rfc3339" || pattern == "epoch_ms" || pattern == "epoch_s") return format;
  std::string codes;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%') continue;
    const char code = ++i < pattern.size() ? pattern[i] : '\0';
    if (code == '\0' || std::string_view("YymbdaHIpMSfz%").find(code) == std::string_view::npos) {
      return core::Error{"bad_format", "unknown code in a time format: %" + std::string(1, code),
                         ""};
    }
    codes += code;
  }
  const auto has = [&](char c) { return codes.find(c) != std::string::npos; };
  if (has('I') != has('p') || (has('I') && has('H')))
    return core::Error{"bad_format", "%I and %p belong together, and take the place of %H", ""};
  if ((has('Y') || has('y')) && (has('m') || has('b')) && has('d')) return format;
  return core::Error{"bad_format", "a time format needs year, month and day", ""};
}

std::optional<TimeFormat::Reading> TimeFormat::read(std::string_view text) const {
  const auto absolute = [](std::optional<windows::Time> time) -> std::optional<Reading> {
    return time ? std::optional<Reading>({*time, false}) : std::nullopt;
  };
  if (pattern_ == "rfc3339") return absolute(parse_rfc3339(text));
  if (pattern_ == "epoch_ms") return absolute(parse_epoch_ms(text));
  if (pattern_ == "epoch_s") return absolute(parse_epoch_s(text));

  Scan scan(text);
  Parts p;
  for (std::size_t i = 0; i < pattern_.size(); ++i) {
    const bool good =
        pattern_[i] == '%' ? read_part(pattern_[++i], scan, p) : scan.literal(pattern_[i]);
    if (!good) return std::nullopt;
  }
  const core::Date date{p.year, p.month, p.day};
  if (!scan.at_end() || !core::is_valid(date)) return std::nullopt;
  const windows::Time time = core::days_from(date) * windows::kDay + (p.hour + p.half) * windows::kHour +
                             p.minute * windows::kMinute + p.second * windows::kSecond + p.ms;
  return Reading{time - p.offset, p.local};
}

}  // namespace ingest
