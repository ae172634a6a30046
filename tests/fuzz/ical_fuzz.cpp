// Holidays of any bytes: dates in order, or a refusal with its line.
#include <cstdint>

#include "ingest/ical.h"
#include "windows/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto holidays = ingest::read_holidays({reinterpret_cast<const char*>(data), size});
  if (!holidays) {
    CHECK(holidays.error().code == "bad_ical" && !holidays.error().where.empty(), "a refusal says where");
    return 0;
  }
  for (std::size_t i = 0; i < holidays->size(); ++i) {
    CHECK(core::is_valid((*holidays)[i]), "dates exist");
    CHECK(i == 0 || (*holidays)[i - 1] < (*holidays)[i], "dates are in order, each once");
  }
  return 0;
}
