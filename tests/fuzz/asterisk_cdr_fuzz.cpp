#include "tests/fuzz/format_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ingest::FormatOptions options;
  options.more["outbound_contexts"] = {"out"};
  return fuzz::run("asterisk_cdr", std::move(options), data, size);
}
