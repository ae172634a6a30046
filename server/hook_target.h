// HookTarget: where a URL leads, and whether we may go there. Nobody who can configure a receiver shall be able to make
// the server talk to what only the server can reach: every address a name has is judged on every attempt, and the
// attempt goes to the address that was judged.
//
// Refused, unless `allow` of the receiver names them: everything that is not globally reachable (the special-purpose
// registries of IANA, RFC 6890 and its updates; IPv4 inside ::ffff:0:0/96 and 64:ff9b::/96 is judged as IPv4), plain
// http, and ports other than 443 and 8443 (25, 465, 587 for mail). The addresses at which clouds hand out credentials
// are refused even inside an allowed range: only by themselves can they be named.
// Errors: bad_url, bad_address, target_refused. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace server {

struct Address {
  std::array<std::uint8_t, 16> bytes{};  // IPv4: the first four
  bool v6 = false;
  bool operator==(const Address&) const = default;
};

core::Result<Address> parse_address(std::string_view text);  // "10.0.0.7", "::1"; no other spellings
std::string to_text(const Address& address);
bool globally_reachable(const Address& address);

// Taken apart by the library that later connects, so that nobody can read it in two ways.
struct HookUrl {
  std::string scheme;  // https, http; of mail: smtps, smtp
  std::string host;    // lower case; an IPv6 address without brackets
  std::uint16_t port = 0;
  std::string text;    // the whole, as given
};
core::Result<HookUrl> parse_hook_url(std::string_view text);

class AllowList {
 public:
  static core::Result<AllowList> parse(std::span<const std::string> entries);

  bool names(std::string_view host) const;
  bool holds(const Address& address) const;
  bool empty() const { return ranges_.empty() && hosts_.empty(); }

 private:
  struct Range {
    Address address;
    int bits = 0;
  };
  std::vector<Range> ranges_;
  std::vector<std::string> hosts_;
};

// Whether all of `addresses` may be told through `url`. One that may not refuses all.
core::Status judge(const HookUrl& url, std::span<const Address> addresses, const AllowList& allow);
// Of one address, as far as it alone can tell: for the moment of connecting.
bool may_connect(const Address& address, const AllowList& allow, std::string_view host);

}  // namespace server
