#include "tools/generate/stream.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <vector>

#include "tools/simulate/lines.h"
#include "tools/simulate/random.h"
#include "windows/check.h"

namespace generate {
namespace {

using simulate::Random;
using windows::kDay;
using windows::kMinute;
using windows::kSecond;

constexpr std::size_t kBytesPerLine = 250;
constexpr double kAbandoned = 0.06;

// Draws 0 … n-1 with probability ~ 1 / (rank + 1)^exponent in one look-up (Walker's alias method); which number
// has which rank is shuffled, so that the busy ones are not neighbours.
class Popularity {
 public:
  Popularity(std::uint32_t n, double exponent, Random& random)
      : threshold_(n), alias_(n), number_(n) {
    std::vector<double> share(n);
    double sum = 0;
    for (std::uint32_t i = 0; i < n; ++i) sum += share[i] = std::pow(i + 1.0, -exponent);
    std::vector<std::uint32_t> small, large;
    for (std::uint32_t i = 0; i < n; ++i) {
      number_[i] = i;
      share[i] *= n / sum;
      (share[i] < 1 ? small : large).push_back(i);
    }
    for (; !small.empty() && !large.empty(); small.pop_back()) {
      const std::uint32_t s = small.back(), l = large.back();
      threshold_[s] = share[s];
      alias_[s] = l;
      share[l] -= 1 - share[s];
      if (share[l] >= 1) continue;
      large.pop_back();
      small.back() = l;
      small.push_back(l);
    }
    for (const auto& rest : {small, large}) {
      for (const std::uint32_t i : rest) threshold_[i] = 1;
    }
    for (std::uint32_t i = n - 1; i > 0; --i) {
      std::swap(number_[i], number_[static_cast<std::size_t>(random.between(0, i + 1))]);
    }
  }

  std::uint32_t draw(Random& random) const {
    const auto i = static_cast<std::size_t>(
        random.between(0, static_cast<std::int64_t>(threshold_.size())));
    return number_[random.unit() < threshold_[i] ? i : alias_[i]];
  }

 private:
  std::vector<double> threshold_;
  std::vector<std::uint32_t> alias_;
  std::vector<std::uint32_t> number_;
};

struct Call {
  Time queued;
  Duration wait;
  Duration talk;  // -1: abandoned
  std::uint32_t agent;
  std::uint32_t customer;
};

struct Arrival {
  Time at;
  std::uint32_t call;
  std::uint8_t step;  // 0 queued, 1 answered or abandoned, 2 ended
};

// "2026-03-02T08:00:00.123Z"; the date is kept from call to call because it changes once a day.
class Clock {
 public:
  std::string_view text(Time t) {
    const std::int64_t day = windows::floor_div(t, kDay);
    if (day != day_) {
      day_ = day;
      text_ = simulate::rfc3339(day * kDay);
    }
    const auto put = [this](std::size_t at, std::int64_t value, std::size_t digits) {
      for (std::size_t i = digits; i-- > 0; value /= 10) {
        text_[at + i] = static_cast<char>('0' + value % 10);
      }
    };
    const Duration of_day = t - day * kDay;
    put(11, of_day / windows::kHour, 2);
    put(14, of_day / kMinute % 60, 2);
    put(17, of_day / kSecond % 60, 2);
    put(20, of_day % 1000, 3);
    return text_;
  }

 private:
  std::int64_t day_ = INT64_MIN;
  std::string text_;
};

class Writer {
 public:
  explicit Writer(const GenerateOptions& options) : queues_(options.queues) {}

  void write(std::string& out, const Arrival& arrival, const Call& call) {
    const bool answered = call.talk >= 0;
    const Time answered_at = call.queued + call.wait;
    const Time at = arrival.step == 0   ? call.queued
                    : arrival.step == 1 ? answered_at
                                        : answered_at + std::max<Duration>(call.talk, 0);
    static constexpr std::string_view kTypes[] = {"call.queued", "call.answered", "call.ended"};
    out += "{\"type\":\"";
    out += arrival.step == 1 && !answered ? "call.abandoned" : kTypes[arrival.step];
    out += "\",\"id\":\"e-";
    number(out, arrival.call, 9);
    out += static_cast<char>('a' + arrival.step);
    out += "\",\"source\":\"pbx-";
    number(out, arrival.call % 4 + 1, 2);
    out += "\",\"time\":\"";
    out += clock_.text(at);
    out += "\",\"call\":\"call-";
    number(out, arrival.call, 10);
    out += "\",\"queue\":\"queue-";
    number(out, call.agent % queues_, 4);
    out += '"';
    if (answered && arrival.step > 0) {
      out += ",\"agent\":\"agent-";
      number(out, call.agent, 6);
      out += '"';
    }
    out += ",\"channel\":\"voice\",\"priority\":\"normal\",\"customer\":\"customer-";
    number(out, call.customer, 8);
    out += '"';
    if (arrival.step == 1) field(out, ",\"wait_ms\":", call.wait);
    if (arrival.step == 2 && answered) field(out, ",\"talk_ms\":", call.talk);
    // A field nobody asked for, as real sources have them.
    if (arrival.step == 0) out += ",\"trunk\":\"sip-gateway-02/channel-0417\"";
    out += "}\n";
  }

 private:
  static void number(std::string& out, std::uint64_t value, std::size_t digits) {
    const std::size_t at = out.size();
    out.append(digits, '0');
    for (std::size_t i = digits; i-- > 0; value /= 10) {
      out[at + i] = static_cast<char>('0' + value % 10);
    }
  }
  static void field(std::string& out, std::string_view name, std::int64_t value) {
    out += name;
    out += std::to_string(value);
  }

  std::uint32_t queues_;
  Clock clock_;
};

}  // namespace

std::string generate_stream(const GenerateOptions& options) {
  CHECK(options.agents >= 100 && options.queues >= 1 && options.calls < UINT32_MAX && options.span > 0, "fair options");
  Random random(options.seed);
  const Popularity popularity(options.agents, options.zipf, random);
  std::vector<Call> calls;
  std::vector<Arrival> arrivals;
  calls.reserve(options.calls);
  arrivals.reserve(options.calls * 3 + options.calls / 10);
  const double mean = static_cast<double>(options.span) / static_cast<double>(options.calls);
  for (std::uint64_t i = 0; i < options.calls; ++i) {
    const double place = (static_cast<double>(i) + random.unit()) * mean;
    const Time queued = options.start + static_cast<Time>(place);
    Call call{queued, std::min(random.exponential(18 * kSecond), 10 * kMinute), -1,
              popularity.draw(random), static_cast<std::uint32_t>(random.between(0, 50'000'000))};
    if (!random.chance(kAbandoned)) {
      call.talk = std::clamp(random.lognormal(180 * kSecond, 0.7), 5 * kSecond, 30 * kMinute);
    }
    const Time steps[] = {queued, queued + call.wait,
                          queued + call.wait + std::max<Duration>(call.talk, 0)};
    for (std::uint8_t step = 0; step < 3; ++step) {
      Time at = steps[step];
      if (random.chance(options.disordered)) at += random.between(0, kMinute);
      arrivals.push_back({at, static_cast<std::uint32_t>(i), step});
      if (random.chance(options.duplicated)) {
        arrivals.push_back({at + random.between(0, kMinute), static_cast<std::uint32_t>(i), step});
      }
    }
    if (random.chance(options.late)) call.queued -= random.between(0, kDay);
    calls.push_back(call);
  }
  std::stable_sort(arrivals.begin(), arrivals.end(),
                   [](const Arrival& a, const Arrival& b) { return a.at < b.at; });
  std::string out;
  out.reserve(arrivals.size() * kBytesPerLine);
  Writer writer(options);
  for (const Arrival& arrival : arrivals) writer.write(out, arrival, calls[arrival.call]);
  return out;
}

}  // namespace generate
