// Marks and places of files of any bytes, as they are and with the hash they would need: read, or refused with a
// reason; what was read is written and read again as the same.
#include <cstdint>
#include <string>

#include "server/file_follower.h"
#include "server/source_mark.h"
#include "windows/check.h"

namespace {

void mark(const std::string& text) {
  const auto read = server::source_mark(text);
  if (!read) {
    CHECK(read.error().code == "bad_mark" && !read.error().message.empty(), "a refusal says why");
    return;
  }
  const std::string written = server::text_of(*read);
  const auto again = server::source_mark(written);
  CHECK(again && server::text_of(*again) == written, "a mark we wrote is read as it was");
  if (const auto position = server::file_position(read->place)) {
    CHECK(server::file_position(server::text_of(*position)) == position, "a place we wrote is read as it was");
    CHECK(position->tail_bytes <= position->offset, "nothing before the beginning");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  mark(text);
  mark(std::to_string(server::stored_hash(text)) + "\n" + text);
  (void)server::file_position(text);
  return 0;
}
