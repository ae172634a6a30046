// The benchmark stream: NDJSON in the native format, the same bytes for the same options.
//
// Three events a call: queued, answered or abandoned, ended (with talk time as measured by the source). Calls
// are spread evenly over `span`; their agents are drawn evenly or by Zipf's law from `agents`, queue q serves the
// agents with number = q modulo agents / 100. A part of the lines arrives out of order, a part of the calls up to
// a day late (their whole life lies that much earlier), a part of the lines twice. Lines are in order of arrival
// and about 249 bytes long. Times are milliseconds UTC. One thread.
#pragma once

#include <cstdint>
#include <string>

#include "windows/time.h"

namespace generate {

using windows::Duration;
using windows::Time;

struct GenerateOptions {
  std::uint64_t seed = 1;
  std::uint64_t calls = 100'000;
  std::uint32_t agents = 20'000;  // at least 100
  std::uint32_t queues = 200;
  double zipf = 0.9;              // exponent; 0: every agent equally busy
  Time start = 1'772'438'400'000; // 2026-03-02T08:00:00Z
  Duration span = windows::kHour;
  double disordered = 0.10;       // of the lines, up to 60 s
  double late = 0.01;             // of the calls, up to 24 h
  double duplicated = 0.02;       // of the lines
};

std::string generate_stream(const GenerateOptions& options);

}  // namespace generate
