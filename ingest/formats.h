// The formats there are, by name. Constants and a pure function, any thread.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "ingest/capability.h"
#include "ingest/format.h"

namespace ingest {

struct FormatInfo {
  std::string_view name;   // in the configuration: "asterisk_queue_log"
  std::string_view title;  // for people: "Asterisk queue_log"
  Framing framing;
  std::span<const Capability> capabilities;  // what is not listed it cannot give; of a mapping: see abilities()
  // Keys of FormatOptions::more; any other is refused.
  std::span<const std::string_view> keys;
  bool needs_mapping = false;
  core::Result<std::unique_ptr<Format>> (*make)(FormatOptions options);
};

// In alphabetical order.
std::span<const FormatInfo> formats();
// nullptr: there is none of that name.
const FormatInfo* format_named(std::string_view name);

// What a source of this format can tell: what the format can, or of a mapping what its events do. One that cannot be
// read tells nothing.
std::vector<Capability> abilities(const FormatInfo& format, const FormatOptions& options);

// Errors: unknown_format; bad_option, with the key as `where`; bad_mapping.
core::Result<std::unique_ptr<Format>> make_format(std::string_view name, FormatOptions options);

}  // namespace ingest
