// What the process counts about itself, for /metrics (docs/rest.md). Everything is changed and read on the I/O
// thread; what other threads know reaches it with their answers.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "core/engine.h"

namespace server {

// Latencies from 100 us to 10 s in fixed buckets, as Prometheus has them.
class LatencyHistogram {
 public:
  static constexpr std::array<double, 16> kBounds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                                  0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};
  void record_us(std::int64_t us);
  void append(std::string& out, std::string_view name, std::string_view help) const;

 private:
  std::array<std::uint64_t, kBounds.size() + 1> counts_{};
  std::uint64_t total_ = 0;
  double sum_ = 0;
};

struct TenantMetrics {
  std::uint64_t accepted = 0, unchanged = 0, repeated = 0, clamped = 0, turned_away = 0, no_space = 0;
  std::map<std::string, std::uint64_t, std::less<>> refused;  // by code
  std::map<std::string, std::uint64_t, std::less<>> alerts;   // changes since the start, by step
  core::Engine::Counts engine;
  core::Time now = windows::kNever;
  core::Time last_event = windows::kNever;
};

struct ProcessMetrics {
  LatencyHistogram applied;                  // from the request's arrival to the engine having applied it
  LatencyHistogram framed;                   // to the frame being handed to the first subscriber's socket
  std::array<std::uint64_t, 6> responses{};  // by hundreds of the status
  std::map<std::string, std::uint64_t, std::less<>> closes;  // of streams, by code
  std::uint64_t connections = 0, streams = 0, accepted_connections = 0, turned_away = 0;
};

std::uint64_t resident_bytes();

// Prometheus text, one family at a time.
class MetricsText {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help);
  // `labels`: tenant="a",code="b" or empty. Of the family last begun.
  void sample(std::string_view labels, double value);
  void histogram(std::string_view name, std::string_view help, const LatencyHistogram& histogram);
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  std::string name_;
};

// A label's value, quoted and escaped.
std::string label(std::string_view name, std::string_view value);

}  // namespace server
