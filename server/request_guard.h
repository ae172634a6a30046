// The head of an HTTP request judged as raw bytes, before any parser sees it: everything that two readers of
// the same bytes could understand differently is refused (RFC 9112, docs/rest.md "Framing"). Pure, any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace server {

inline constexpr std::size_t kMaxHeadBytes = 8 * 1024;
inline constexpr std::size_t kMaxFields = 64;
inline constexpr std::size_t kMaxTargetBytes = 2 * 1024;

struct HeadProblem {
  int status = 400;
  std::string detail;
};

// `head`: from the request line to the empty line, both included.
std::optional<HeadProblem> judge_head(std::string_view head);

// Where the head in `bytes` ends (past its empty line); 0 if it does not yet.
std::size_t head_length(std::string_view bytes);

}  // namespace server
