#include "tests/fuzz/format_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ingest::FormatOptions options;
  options.more["wrap_up_s"] = {"30"};
  return fuzz::run("freeswitch_events", std::move(options), data, size);
}
