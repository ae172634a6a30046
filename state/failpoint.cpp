#include "state/failpoint.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <unistd.h>

namespace state::failpoint {

std::atomic<const char*> armed{nullptr};

namespace {

std::string_view armed_name;
std::atomic<long> left{0};

[[noreturn]] void unknown(std::string_view name) {
  std::fprintf(stderr, "ringside: no failpoint is called '%.*s'; there are:\n", static_cast<int>(name.size()),
               name.data());
  for (const std::string_view known : kFailpoints) {
    std::fprintf(stderr, "  %.*s\n", static_cast<int>(known.size()), known.data());
  }
  std::exit(2);
}

// Before main(), so that a failpoint itself need not ask whether the environment was read.
const bool kRead = (arm_from_environment(), true);

}  // namespace

void arm_from_environment() {
  const char* text = std::getenv("RINGSIDE_FAILPOINT");
  if (text == nullptr || *text == '\0') return;
  const std::string_view whole(text);
  const std::size_t colon = whole.find(':');
  armed_name = whole.substr(0, colon);
  left = colon == std::string_view::npos ? 1 : std::max(1L, std::atol(text + colon + 1));
  if (std::find(kFailpoints.begin(), kFailpoints.end(), armed_name) == kFailpoints.end()) unknown(armed_name);
  armed = text;
}

void reached(std::string_view name) {
  if (std::find(kFailpoints.begin(), kFailpoints.end(), name) == kFailpoints.end()) unknown(name);
  if (name != armed_name || left.fetch_sub(1) != 1) return;
  ::kill(::getpid(), SIGKILL);
}

}  // namespace state::failpoint
