// Any text is a matcher or is refused with a place in it; what was read reads the same when it is written.
#include <cstdint>
#include <string>

#include "core/alert.h"
#include "windows/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto matcher = core::parse_matcher(text);
  if (!matcher) {
    const std::size_t at = std::stoul(matcher.error().where);
    CHECK(at >= 1 && at <= size + 1, "the place of an error lies in the text");
    return 0;
  }
  const auto again = core::parse_matcher(core::text_of(*matcher));
  CHECK(again && *again == *matcher, "a matcher reads as it was written");
  core::Alert alert;
  alert.key = alert.name = alert.scope = std::string(text);
  core::matches(*matcher, alert);
  return 0;
}
