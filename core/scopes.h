// Scopes: whom something is about: numbers of names (core/names.h). Value, any thread.
#pragma once

#include "core/record.h"

namespace core {

// Unset parts are kNone; the tenant is always meant.
struct Scopes {
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  std::uint32_t agent = kNone;
  std::uint32_t team = kNone;
  std::uint32_t site = kNone;
  std::uint16_t queue = kNoQueue;
  std::uint8_t channel = kNoName;
  std::uint8_t priority = kNoName;

  bool operator==(const Scopes&) const = default;
};

}  // namespace core
