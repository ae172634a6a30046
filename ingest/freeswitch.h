// What both formats of FreeSWITCH share: names are "support@example.com", and one switch serves many domains. Pure
// functions, any thread.
#pragma once

#include <string_view>

namespace ingest {

inline std::string_view without_domain(std::string_view name) { return name.substr(0, name.find('@')); }

inline std::string_view domain_of(std::string_view name) {
  const auto at = name.find('@');
  return at == std::string_view::npos ? std::string_view() : name.substr(at + 1);
}

// `wanted` empty: all. What names no domain may be anybody's.
inline bool in_domain(std::string_view domain, std::string_view wanted) {
  return wanted.empty() || domain.empty() || domain == wanted;
}

}  // namespace ingest
