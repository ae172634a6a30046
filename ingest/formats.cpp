#include "ingest/formats.h"

#include <algorithm>
#include <array>

#include "ingest/native_format.h"

namespace ingest {

std::span<const FormatInfo> formats() {
  static const std::array kFormats{
      mapped_text_format(),
      ringside_format(),
  };
  return kFormats;
}

const FormatInfo* format_named(std::string_view name) {
  const auto all = formats();
  const auto it = std::find_if(all.begin(), all.end(), [&](const FormatInfo& one) { return one.name == name; });
  return it == all.end() ? nullptr : &*it;
}

core::Result<std::unique_ptr<Format>> make_format(std::string_view name, FormatOptions options) {
  const FormatInfo* info = format_named(name);
  if (info == nullptr) return core::Error{"unknown_format", "there is no format '" + std::string(name) + "'", ""};
  for (const auto& [key, values] : options.more) {
    if (std::find(info->keys.begin(), info->keys.end(), key) != info->keys.end()) continue;
    return core::Error{"bad_option", "the format '" + std::string(name) + "' has no such option", key};
  }
  if (info->needs_mapping && options.mapping.empty()) {
    return core::Error{"bad_mapping", "the format '" + std::string(name) + "' needs a mapping", "mapping"};
  }
  return info->make(std::move(options));
}

}  // namespace ingest
