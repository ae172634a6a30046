// JsonTokens: where the tokens of one JSON document begin. The only place that knows simdjson.
//
// This is simdjson's first stage alone: it checks UTF-8, finds strings, refuses control characters
// inside them, and lists the offset of every bracket, colon, comma, string and scalar. The grammar
// is checked by the reader that walks the list (json_events.cpp), because neither of simdjson's own
// readers fits: On-Demand does not check what it does not read, and the DOM builds a second copy of
// everything. The stage reads no byte beyond the text, so no padding is needed. Owns the list: one
// per thread, valid until the next scan.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace ingest {

class JsonTokens {
 public:
  explicit JsonTokens(std::size_t max_bytes);
  ~JsonTokens();

  // nullptr, or what is wrong with the text. At most max_bytes (CHECKed).
  const char* scan(std::string_view text);

  // Offsets in ascending order; end()[0] exists and is the size of the text.
  const std::uint32_t* begin() const { return begin_; }
  const std::uint32_t* end() const { return end_; }

 private:
  struct Stage;
  std::unique_ptr<Stage> stage_;
  const std::uint32_t* begin_ = nullptr;
  const std::uint32_t* end_ = nullptr;
};

bool is_utf8(std::string_view text);

}  // namespace ingest
