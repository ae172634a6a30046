// A file of the quarantine of any bytes, as it is and with the hash it would need: all entries, or a refusal; what was
// read is written as the same bytes.
#include <cstdint>
#include <string>

#include "server/quarantine_file.h"
#include "server/source_mark.h"
#include "windows/check.h"

namespace {

void read(const std::string& file) {
  const auto entries = server::quarantined(file);
  if (!entries) {
    CHECK(entries.error().code == "bad_quarantine" && !entries.error().message.empty(), "a refusal says why");
    return;
  }
  server::QuarantineWriter writer;
  for (const server::Quarantined& entry : *entries) {
    CHECK(entry.bytes.size() <= file.size(), "no more than is there");
    writer.add(entry);
  }
  CHECK(writer.take() == file, "what was read is written as it was");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  read(bytes);
  const std::uint64_t hash = server::stored_hash(bytes);
  read(std::string(reinterpret_cast<const char*>(&hash), sizeof hash) + bytes);
  return 0;
}
