// Log lines to standard error, one per event worth a person's time; never per event of the data. Thread-safe.
#pragma once

#include <string_view>

#include "server/config.h"

namespace server {

void set_log_level(LogLevel level);
void log(LogLevel level, std::string_view text);

inline void log_error(std::string_view text) { log(LogLevel::error, text); }
inline void log_warn(std::string_view text) { log(LogLevel::warn, text); }
inline void log_info(std::string_view text) { log(LogLevel::info, text); }
inline void log_debug(std::string_view text) { log(LogLevel::debug, text); }

}  // namespace server
