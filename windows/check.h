// CHECK(condition, message): an invariant of ours. Broken means a bug: print where and stop, in every build.
// Never for input: what a peer sends gets a Result (core/result.h). Safe from any thread.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace windows {

[[noreturn]] inline void check_failed(const char* file, int line, const char* condition,
                                      const char* message) {
  std::fprintf(stderr, "ringside: bug at %s:%d: %s (%s)\n", file, line, message, condition);
  std::abort();
}

}  // namespace windows

#define CHECK(condition, message)                                                     \
  (static_cast<bool>(condition) ? void(0)                                             \
                                : ::windows::check_failed(__FILE__, __LINE__, #condition, message))
