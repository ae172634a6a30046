#include "tests/fuzz/format_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ingest::FormatOptions options;
  return fuzz::run("zammad", std::move(options), data, size);
}
