#include "tests/fuzz/format_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ingest::FormatOptions options;
  options.more["queue_numbers"] = {"960"};
  return fuzz::run("3cx_cdr", std::move(options), data, size);
}
