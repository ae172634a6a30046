#include "server/gzip.h"

#include <zlib.h>

#include <algorithm>

namespace server {
namespace {

constexpr std::size_t kAtOnce = 64 * 1024;
constexpr int kOnlyGzip = 16 + MAX_WBITS;

struct Inflater {
  Inflater() { CHECK(inflateInit2(&stream, kOnlyGzip) == Z_OK, "no memory"); }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  z_stream stream{};
};

}  // namespace

core::Result<std::string> unpacked(std::string_view bytes, std::size_t most) {
  const auto bad = [](const std::string& what) { return core::Error{"bad_encoding", "the gzip body " + what, ""}; };
  Inflater inflater;
  z_stream& stream = inflater.stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib does not write there
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  for (bool ended = false; !ended;) {
    const std::size_t had = out.size();
    const std::size_t room = std::min(kAtOnce, most + 1 - had);
    out.resize(had + room);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + had);
    stream.avail_out = static_cast<uInt>(room);
    const int result = inflate(&stream, Z_NO_FLUSH);
    out.resize(had + room - stream.avail_out);
    if (out.size() > most) {
      return core::Error{"too_large", "the body is larger than limits.body_bytes when it is unpacked", ""};
    }
    if (result == Z_STREAM_END) {
      // Several one after the other are one text.
      ended = stream.avail_in == 0;
      if (!ended && inflateReset(&stream) != Z_OK) return bad("is damaged");
    } else if (result == Z_BUF_ERROR || (result == Z_OK && stream.avail_in == 0 && stream.avail_out > 0)) {
      return bad("is not whole");
    } else if (result != Z_OK) {
      return bad("is damaged");
    }
  }
  return out;
}

}  // namespace server
