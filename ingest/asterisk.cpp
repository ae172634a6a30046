#include "ingest/asterisk.h"

#include <algorithm>
#include <array>

namespace ingest {

namespace {

constexpr std::array<std::string_view, 14> kTechnologies = {
    "PJSIP", "SIP", "Agent", "Local", "IAX2", "DAHDI", "SCCP", "Skinny", "MGCP", "H323", "Khomp", "TELCHAN", "Zap",
    "USTM"};

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

std::string_view short_interface(std::string_view name) {
  if (name == "NONE") return {};
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) return name;
  if (std::find(kTechnologies.begin(), kTechnologies.end(), name.substr(0, slash)) == kTechnologies.end()) return name;
  std::string_view rest = name.substr(slash + 1);
  rest = rest.substr(0, rest.find('@'));
  rest = rest.substr(0, rest.find('/'));
  // A channel is its interface and a number of eight hex digits.
  const std::size_t dash = rest.rfind('-');
  if (dash != std::string_view::npos && rest.size() - dash == 9 && is_hex(rest.substr(dash + 1)))
    rest = rest.substr(0, dash);
  return rest.empty() ? name : rest;
}

}  // namespace ingest
