#include "core/keep.h"

#include "core/keep_codec.h"

namespace core {

std::string behind(std::string_view prefix) {
  std::string key(prefix);
  while (!key.empty() && key.back() == '\xFF') key.pop_back();
  CHECK(!key.empty(), "no key is behind all");
  key.back() = static_cast<char>(static_cast<std::uint8_t>(key.back()) + 1);
  return key;
}

std::string merge_interval(std::string_view old, std::string_view delta) {
  CHECK(old.empty() || delta.empty(), "intervals have not left memory yet");
  return std::string(old.empty() ? delta : old);
}

}  // namespace core
