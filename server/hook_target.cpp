#include "server/hook_target.h"

#include <arpa/inet.h>
#include <curl/curl.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace server {
namespace {

struct Special {
  const char* range;
  int bits;
};

// https://www.iana.org/assignments/iana-ipv4-special-registry: what is not globally reachable, and multicast.
constexpr Special kSpecial4[] = {
    {"0.0.0.0", 8},      {"10.0.0.0", 8},     {"100.64.0.0", 10},  {"127.0.0.0", 8},    {"169.254.0.0", 16},
    {"172.16.0.0", 12},  {"192.0.0.0", 24},   {"192.0.2.0", 24},   {"192.31.196.0", 24}, {"192.52.193.0", 24},
    {"192.88.99.0", 24}, {"192.168.0.0", 16}, {"192.175.48.0", 24}, {"198.18.0.0", 15},  {"198.51.100.0", 24},
    {"203.0.113.0", 24}, {"224.0.0.0", 4},    {"240.0.0.0", 4}};

// Only 2000::/3 is handed out; within it https://www.iana.org/assignments/iana-ipv6-special-registry, among them
// Teredo (2001::/32) and 6to4 (2002::/16), which wrap addresses of others.
constexpr Special kGlobal6{"2000::", 3};
constexpr Special kSpecial6[] = {{"2001::", 23}, {"2001:db8::", 32}, {"2002::", 16}, {"2620:4f:8000::", 48},
                                 {"3fff::", 20}};

// IPv4 in IPv6 clothes: mapped, and translated by NAT64 (RFC 6052).
constexpr Special kWrapped[] = {{"::ffff:0.0.0.0", 96}, {"64:ff9b::", 96}};

constexpr const char* kCredentials[] = {"169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200",
                                        "168.63.129.16",   "fd00:ec2::254", "fd00:ec2::23",   "fd20:ce::254"};

bool within(const Address& address, const Address& range, int bits) {
  if (address.v6 != range.v6) return false;
  const int whole = bits / 8, rest = bits % 8;
  if (std::memcmp(address.bytes.data(), range.bytes.data(), static_cast<std::size_t>(whole)) != 0) return false;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xFF << (8 - rest));
  const auto at = static_cast<std::size_t>(whole);
  return (address.bytes[at] & mask) == (range.bytes[at] & mask);
}

Address known(const char* text) {
  const auto address = parse_address(text);
  CHECK(address, "the tables hold addresses");
  return *address;
}

bool within(const Address& address, const Special& special) {
  return within(address, known(special.range), special.bits);
}

// What is meant: IPv4 out of its wrapping.
Address unwrapped(const Address& address) {
  for (const Special& wrapping : kWrapped) {
    if (!within(address, wrapping)) continue;
    Address inner;
    std::copy(address.bytes.begin() + 12, address.bytes.end(), inner.bytes.begin());
    return inner;
  }
  return address;
}

bool hands_out_credentials(const Address& address) {
  return std::any_of(std::begin(kCredentials), std::end(kCredentials),
                     [&](const char* one) { return unwrapped(address) == known(one); });
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

bool usual_port(const HookUrl& url) {
  if (url.scheme == "smtp" || url.scheme == "smtps") return url.port == 25 || url.port == 465 || url.port == 587;
  return url.port == 443 || url.port == 8443;
}

struct UrlCloser {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::string part(CURLU* url, CURLUPart what, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, what, &text, flags) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

}  // namespace

core::Result<Address> parse_address(std::string_view text) {
  Address address;
  const std::string whole(text);
  if (inet_pton(AF_INET, whole.c_str(), address.bytes.data()) == 1) return address;
  address = {};
  address.v6 = true;
  if (inet_pton(AF_INET6, whole.c_str(), address.bytes.data()) == 1) return address;
  return core::Error{"bad_address", "'" + whole + "' is no address", {}};
}

std::string to_text(const Address& address) {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(address.v6 ? AF_INET6 : AF_INET, address.bytes.data(), text, sizeof text);
  return text;
}

bool globally_reachable(const Address& address) {
  const Address meant = unwrapped(address);
  const auto inside = [&](const Special& special) { return within(meant, special); };
  if (!meant.v6) return std::none_of(std::begin(kSpecial4), std::end(kSpecial4), inside);
  return inside(kGlobal6) && std::none_of(std::begin(kSpecial6), std::end(kSpecial6), inside);
}

core::Result<HookUrl> parse_hook_url(std::string_view text) {
  const auto bad = [](const std::string& why) { return core::Error{"bad_url", why, {}}; };
  if (text.empty()) return bad("it is empty");
  const auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; };
  if (std::any_of(text.begin(), text.end(), blank)) {
    return bad("a URL has no blanks and no control characters");
  }
  if (text.find(":///") != text.npos) return bad("it names no host");  // the library would look for one further on
  HookUrl answer;
  answer.text = text;
  const std::unique_ptr<CURLU, UrlCloser> url(curl_url());
  const CURLUcode code = curl_url_set(url.get(), CURLUPART_URL, answer.text.c_str(), CURLU_NON_SUPPORT_SCHEME);
  if (code != CURLUE_OK) return bad(std::string("it cannot be read: ") + curl_url_strerror(code));
  answer.scheme = part(url.get(), CURLUPART_SCHEME);
  if (answer.scheme != "https" && answer.scheme != "http" && answer.scheme != "smtp" && answer.scheme != "smtps") {
    return bad("it begins with https:// (or http:// where the receiver's `allow` names the host)");
  }
  if (!part(url.get(), CURLUPART_USER).empty() || !part(url.get(), CURLUPART_PASSWORD).empty()) {
    return bad("a user or password in a URL is refused; there is `authorization`");
  }
  if (!part(url.get(), CURLUPART_FRAGMENT).empty()) return bad("it has a fragment (#…), which is never sent");
  if (!part(url.get(), CURLUPART_ZONEID).empty()) return bad("an address with a zone is refused");
  answer.host = lower(part(url.get(), CURLUPART_HOST));
  if (answer.host.starts_with('[')) answer.host = answer.host.substr(1, answer.host.size() - 2);
  if (answer.host.ends_with('.')) answer.host.pop_back();
  if (answer.host.empty()) return bad("it names no host");
  const std::string port = part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  answer.port = static_cast<std::uint16_t>(std::strtoul(port.c_str(), nullptr, 10));
  if (answer.port == 0) return bad("port 0 cannot be reached");
  return answer;
}

core::Result<AllowList> AllowList::parse(std::span<const std::string> entries) {
  AllowList list;
  for (const std::string& entry : entries) {
    const std::size_t slash = entry.find('/');
    const auto address = parse_address(std::string_view(entry).substr(0, slash));
    if (address) {
      int bits = address->v6 ? 128 : 32;
      if (slash != std::string::npos) {
        const std::string digits = entry.substr(slash + 1);
        const bool number = !digits.empty() && digits.size() <= 3 &&
                            std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
        const int given = number ? std::stoi(digits) : -1;
        if (given < 0 || given > bits) {
          return core::Error{"bad_address", "'" + entry + "': behind the slash stands how many bits are fixed, 0 to " +
                                                std::to_string(bits), {}};
        }
        bits = given;
      }
      list.ranges_.push_back({*address, bits});
      continue;
    }
    const auto plain = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
             c == '_';
    };
    const bool digits_only = entry.find_first_not_of("0123456789.") == std::string::npos;
    if (entry.empty() || slash != std::string::npos || digits_only || !std::all_of(entry.begin(), entry.end(), plain)) {
      return core::Error{"bad_address",
                         "'" + entry + "' is neither an address (10.0.0.7), nor a range (10.0.0.0/8), nor a host name",
                         {}};
    }
    list.hosts_.push_back(lower(entry));
  }
  return list;
}

bool AllowList::names(std::string_view host) const {
  return std::find(hosts_.begin(), hosts_.end(), lower(host)) != hosts_.end();
}

bool AllowList::holds(const Address& address) const {
  const Address meant = unwrapped(address);
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& range) {
    const bool exact = range.bits == (range.address.v6 ? 128 : 32);
    if (hands_out_credentials(meant) && !exact) return false;
    return within(meant, range.address, range.bits) || within(address, range.address, range.bits);
  });
}

bool may_connect(const Address& address, const AllowList& allow, std::string_view host) {
  if (allow.holds(address)) return true;
  if (hands_out_credentials(address)) return false;
  return globally_reachable(address) || allow.names(host);
}

core::Status judge(const HookUrl& url, std::span<const Address> addresses, const AllowList& allow) {
  const auto refused = [&](const std::string& why) { return core::Error{"target_refused", url.host + ": " + why, {}}; };
  if (addresses.empty()) return refused("the name has no address");
  bool trusted = true;
  for (const Address& address : addresses) {
    if (!may_connect(address, allow, url.host)) {
      return refused(to_text(address) + " is not a public address, and `allow` does not name it");
    }
    trusted = trusted && (allow.holds(address) || allow.names(url.host));
  }
  if (trusted) return core::Done{};
  if (url.scheme == "http") return refused("plain http is only for hosts that `allow` names");
  if (!usual_port(url)) return refused("port " + std::to_string(url.port) + " is only for hosts that `allow` names");
  return core::Done{};
}

}  // namespace server
