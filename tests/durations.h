// Durations as the scripts of tests write them.
#pragma once

#include <cctype>
#include <map>
#include <optional>
#include <string>

#include "windows/time.h"

// "12s", "1m30s", "250ms", "2h", "3d"; nothing: it is none.
inline std::optional<windows::Duration> duration_of(const std::string& text) {
  static const std::map<std::string, windows::Duration> kUnits{
      {"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  windows::Duration total = 0;
  std::size_t i = 0;
  while (i < text.size()) {
    std::size_t used = 0;
    if (std::isdigit(static_cast<unsigned char>(text[i])) == 0) return std::nullopt;
    const windows::Duration n = std::stoll(text.substr(i), &used);
    i += used;
    std::string unit;
    while (i < text.size() && std::isalpha(static_cast<unsigned char>(text[i])) != 0) unit += text[i++];
    const auto known = kUnits.find(unit);
    if (known == kUnits.end()) return std::nullopt;
    total += n * known->second;
  }
  return text.empty() ? std::nullopt : std::optional(total);
}
