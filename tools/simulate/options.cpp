#include "tools/simulate/options.h"

#include <charconv>
#include <cstdio>

namespace simulate {
namespace {

constexpr std::string_view kUsage =
    R"(usage: ringside-simulate [options]

A support organisation of 48 agents in 5 teams and 3 sites with 6 queues and a help desk, as a stream of events
(NDJSON, docs/events.md). The same seed and start give the same bytes.

  --post URL         send to a server, e.g. http://localhost:8080 (path /v1/events); default: standard output
  --out FILE         write to a file
  --warm 60m         begin that long ago and send the past at once, so that every window is full
  --duration 2h      stop that long after the warm-up; default: until stopped
  --speed N          seconds of the organisation per second; 0: as fast as possible (default: 1 with --post,
                     else 0, which needs --duration)
  --start INSTANT    RFC 3339 (UTC) or epoch milliseconds; default: now, less the warm-up
  --clock HH:MM      the organisation's time of day when the warm-up ends (default 10:20, a busy morning);
                     "real": UTC
  --seed N           default 1
  --rate F           factor on all arrivals, default 1
  --quiet            no progress on standard error)";

core::Error wrong(std::string_view option, std::string_view value) {
  return {"bad_option", "ringside-simulate: " + std::string(option) + " does not take \"" +
                            std::string(value) + "\"; --help lists the options", ""};
}

template <class Number>
bool parse_number(std::string_view text, Number& number) {
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  return ec == std::errc() && end == text.data() + text.size();
}

// "90s", "60m", "2h", "1d"
bool parse_duration(std::string_view text, Duration& duration) {
  if (text.size() < 2) return false;
  std::int64_t count = 0;
  if (!parse_number(text.substr(0, text.size() - 1), count) || count < 0 || count > 100'000) {
    return false;
  }
  switch (text.back()) {
    case 's': duration = count * windows::kSecond; return true;
    case 'm': duration = count * windows::kMinute; return true;
    case 'h': duration = count * windows::kHour; return true;
    case 'd': duration = count * windows::kDay; return true;
    default: return false;
  }
}

// "10:20" as the time since midnight
bool parse_clock(std::string_view text, Duration& of_day) {
  std::int64_t hours = 0, minutes = 0;
  if (text.size() != 5 || text[2] != ':' || !parse_number(text.substr(0, 2), hours) ||
      !parse_number(text.substr(3), minutes) || hours > 23 || minutes > 59) {
    return false;
  }
  of_day = hours * windows::kHour + minutes * windows::kMinute;
  return true;
}

// "2026-03-02T08:00:00Z" or milliseconds
bool parse_instant(const std::string& text, Time& instant) {
  if (parse_number(std::string_view(text), instant)) return true;
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, used = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2dZ%n", &year, &month, &day, &hour, &minute,
                  &second, &used) != 6 ||
      used != static_cast<int>(text.size()) || month < 1 || month > 12 || day < 1 || day > 31) {
    return false;
  }
  const std::int64_t shifted_year = month <= 2 ? year - 1 : year;
  const std::int64_t era = windows::floor_div(shifted_year, 400);
  const std::int64_t year_of_era = shifted_year - era * 400;
  const std::int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  instant = (era * 146097 + day_of_era - 719468) * windows::kDay + hour * windows::kHour +
            minute * windows::kMinute + second * windows::kSecond;
  return true;
}

struct Raw {
  std::optional<double> speed;
  std::optional<Time> start;
  std::string_view clock = "10:20";
};

// false: the value does not fit the option.
core::Result<bool> take(std::string_view name, const std::string& value, Options& options,
                        Raw& raw) {
  if (name == "--post") {
    auto url = parse_url(value);
    if (!url) return url.error();
    options.post = *url;
    return true;
  }
  if (name == "--out") return options.file = value, !value.empty();
  if (name == "--warm") return parse_duration(value, options.warm);
  if (name == "--duration") return parse_duration(value, options.duration);
  if (name == "--seed") return parse_number(std::string_view(value), options.world.seed);
  if (name == "--clock") {
    Duration ignored = 0;
    return value == "real" || parse_clock(value, ignored);
  }
  if (name == "--rate") {
    return parse_number(std::string_view(value), options.world.rate) && options.world.rate > 0 &&
           options.world.rate <= 1000;
  }
  if (name == "--speed") {
    return parse_number(std::string_view(value), raw.speed.emplace()) && *raw.speed >= 0 &&
           *raw.speed <= 100'000;
  }
  if (name == "--start") return parse_instant(value, raw.start.emplace());
  return core::Error{"bad_option",
                     "ringside-simulate: there is no option " + std::string(name) +
                         "; --help lists them",
                     ""};
}

}  // namespace

core::Result<Options> parse_options(const std::vector<std::string_view>& arguments, Time now) {
  Options options;
  Raw raw;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view name = arguments[i];
    if (name == "--help" || name == "-h") return core::Error{"help", std::string(kUsage), ""};
    if (name == "--quiet") {
      options.quiet = true;
      continue;
    }
    const std::string_view value = i + 1 < arguments.size() ? arguments[++i] : std::string_view{};
    const auto taken = take(name, std::string(value), options, raw);
    if (!taken) return taken.error();
    if (!*taken) return wrong(name, value);
    if (name == "--clock") raw.clock = value;
  }
  options.speed = raw.speed.value_or(options.post ? 1 : 0);
  if (options.speed <= 0 && options.duration == 0) {
    return core::Error{"bad_option", "ringside-simulate: without pacing it needs --duration", ""};
  }
  options.world.start = raw.start.value_or(now - options.warm);
  const Time live_from = options.world.start + options.warm;
  if (Duration of_day = 0; parse_clock(raw.clock, of_day)) {
    options.world.local_offset =
        of_day - (live_from - windows::floor_to(live_from, windows::kDay));
  }
  // Whoever has just begun to look sees a queue in trouble soon.
  options.world.first_burst = live_from + 25 * windows::kSecond;
  return options;
}

}  // namespace simulate
