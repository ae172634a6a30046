#include "server/log.h"

#include <atomic>
#include <cstdio>
#include <string>

#include "ingest/instant.h"
#include "server/clock.h"

namespace server {
namespace {

std::atomic<LogLevel> threshold{LogLevel::info};

}  // namespace

void set_log_level(LogLevel level) { threshold.store(level, std::memory_order_relaxed); }

void log(LogLevel level, std::string_view text) {
  if (level > threshold.load(std::memory_order_relaxed)) return;
  constexpr const char* kNames[] = {"error", "warn", "info", "debug"};
  // One write: lines of several threads never mix.
  std::string line = ingest::format_instant(wall_now());
  line.append(1, ' ').append(kNames[static_cast<int>(level)]).append(1, ' ').append(text).append(1, '\n');
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace server
