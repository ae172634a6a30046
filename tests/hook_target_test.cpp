// Where hooks may go: every spelling of an address that only the server can reach is refused, as text or as what a
// name resolves to.
#include "server/hook_target.h"

#include <netdb.h>
#include <netinet/in.h>

#include <cstring>

#include <catch2/catch.hpp>

namespace {

// As an attempt does it, without asking name servers: a host is an address in one of the spellings the resolver reads,
// or a name that would have to be asked for.
std::string verdict(const std::string& text, const std::vector<std::string>& allow = {}) {
  const auto list = server::AllowList::parse(allow);
  REQUIRE(list);
  const auto url = server::parse_hook_url(text);
  if (!url) return "bad url";
  std::vector<server::Address> addresses;
  const auto literal = server::parse_address(url->host);
  if (literal) {
    addresses.push_back(*literal);
  } else {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(url->host.c_str(), nullptr, &hints, &found) != 0) return "a name";
    server::Address address;
    address.v6 = found->ai_family == AF_INET6;
    if (address.v6) {
      std::memcpy(address.bytes.data(), &reinterpret_cast<sockaddr_in6*>(found->ai_addr)->sin6_addr, 16);
    } else {
      std::memcpy(address.bytes.data(), &reinterpret_cast<sockaddr_in*>(found->ai_addr)->sin_addr, 4);
    }
    addresses.push_back(address);
    freeaddrinfo(found);
  }
  return server::judge(*url, addresses, *list) ? "allowed" : "refused";
}

server::Address address(const char* text) {
  const auto parsed = server::parse_address(text);
  REQUIRE(parsed);
  return *parsed;
}

}  // namespace

TEST_CASE("no spelling of a private address is told") {
  for (const char* host : {
           "127.0.0.1", "127.0.0.2", "127.255.255.255", "127.1", "127.0.1", "2130706433", "017700000001", "0x7f000001",
           "0x7f.0.0.1", "0x7f.1", "0177.0.0.1", "0177.0.0.01", "00000177.0.0.1", "127.0.0.1.", "0", "0.0.0.0",
           "0.1.2.3", "0x0", "00.0.0.0", "10.0.0.1", "10.255.255.255", "012.0.0.1", "0xa.0.0.1", "167772161",
           "100.64.0.1", "100.127.255.255", "169.254.169.254", "2852039166", "0xa9fea9fe", "0xA9.0xFE.0xA9.0xFE",
           "0251.0376.0251.0376", "169.254.43518", "169.254.0.1", "168.63.129.16", "100.100.100.200", "172.16.0.1",
           "172.31.255.255", "0xac.16.0.1", "192.168.0.1", "192.168.1", "3232235521", "192.0.0.1", "192.0.2.1",
           "192.88.99.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.9", "224.0.0.1", "239.255.255.255",
           "240.0.0.1", "255.255.255.255", "4294967295", "%31%32%37.0.0.1", "127%2e0.0.1", "[::1]", "[::]",
           "[0:0:0:0:0:0:0:1]", "[0000::0001]", "[::127.0.0.1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
           "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[64:ff9b::127.0.0.1]",
           "[64:ff9b::a00:1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::1]", "[fe80::1]", "[fe80::1%25eth0]", "[fec0::1]",
           "[fc00::1]", "[fd00::1]", "[fd00:ec2::254]", "[fd20:ce::254]", "[ff02::1]", "[ff0e::1]", "[2001:db8::1]",
           "[2001::1]", "[2001:0:7f00:1::]", "[2001:2::1]", "[2001:10::1]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::1]",
           "[2002:c000:204::]", "[3fff::1]", "[5f00::1]", "[100::1]", "[4000::1]"}) {
    const std::string text = "https://" + std::string(host) + "/hook";
    CAPTURE(text);
    const std::string said = verdict(text);
    CHECK((said == "refused" || said == "bad url"));
  }
}

TEST_CASE("public addresses are told over https on the usual ports, and nothing else is") {
  for (const char* host : {"8.8.8.8", "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
                           "172.15.255.255", "172.32.0.0", "192.167.255.255", "198.17.255.255", "198.20.0.0",
                           "223.255.255.255", "[2606:4700:4700::1111]", "[2a00:1450:4001:81b::200e]", "[2001:4860::8]",
                           "[64:ff9b::8.8.8.8]", "[::ffff:8.8.8.8]"}) {
    const std::string text = std::string("://") + host;
    CAPTURE(text);
    CHECK(verdict("https" + text + "/") == "allowed");
    CHECK(verdict("https" + text + ":8443/x?y=z") == "allowed");
    CHECK(verdict("https" + text + ":8080/") == "refused");
    CHECK(verdict("https" + text + ":22/") == "refused");
    CHECK(verdict("http" + text + "/") == "refused");
    CHECK(verdict("http" + text + ":443/") == "refused");
    CHECK(verdict("smtp" + text + ":587") == "allowed");
    CHECK(verdict("smtp" + text + ":2525") == "refused");
  }
}

TEST_CASE("what is no plain https address of a host is no URL of a hook") {
  for (const char* text :
       {"", "https://", "https:///x", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/",
        "dict://example.com:11211/", "javascript:alert(1)", "data:text/plain,x", "https://user:pass@example.com/",
        "https://user@example.com/", "https://example.com/#x", "https://example.com:0/", "https://example.com:99999/",
        "https://exa mple.com/", "https://example.com/\r\nX: y", "https://example.com/\tx", "https://[::1/",
        "https://example.com\\@127.0.0.1/x y", "//example.com/"}) {
    CAPTURE(text);
    CHECK_FALSE(server::parse_hook_url(text));
  }
  const auto url = server::parse_hook_url("https://Hooks.Example.COM./a/b?c=d");
  REQUIRE(url);
  CHECK(url->host == "hooks.example.com");
  CHECK(url->port == 443);
  CHECK(verdict("https://hooks.example.com/") == "a name");
}

TEST_CASE("what the allow-list names may be private, plain and on any port") {
  CHECK(verdict("http://10.1.2.3:9093/", {"10.0.0.0/8"}) == "allowed");
  CHECK(verdict("http://11.1.2.3:9093/", {"10.0.0.0/8"}) == "refused");
  CHECK(verdict("http://127.0.0.1:9093/", {"127.0.0.1"}) == "allowed");
  CHECK(verdict("http://127.0.0.2:9093/", {"127.0.0.1"}) == "refused");
  CHECK(verdict("http://[fd00::7]:80/", {"fd00::/8"}) == "allowed");
  CHECK(verdict("http://[::ffff:10.0.0.1]/", {"10.0.0.0/8"}) == "allowed");
  CHECK(verdict("smtp://10.0.0.25:2525", {"10.0.0.25"}) == "allowed");
  // Where clouds hand out credentials: only when named by itself.
  CHECK(verdict("http://169.254.169.254/", {"169.254.0.0/16"}) == "refused");
  CHECK(verdict("http://169.254.169.254/", {"0.0.0.0/0"}) == "refused");
  CHECK(verdict("http://[::ffff:169.254.169.254]/", {"0.0.0.0/0", "::/0"}) == "refused");
  CHECK(verdict("http://[fd00:ec2::254]/", {"fd00::/8"}) == "refused");
  CHECK(verdict("http://169.254.169.254/", {"169.254.169.254"}) == "allowed");
  for (const char* bad : {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "::/129", "10.0.0", "host/8", "a b",
                          "http://x"}) {
    CAPTURE(bad);
    const std::vector<std::string> entries{bad};
    CHECK_FALSE(server::AllowList::parse(entries));
  }
}

TEST_CASE("one private address among the public ones of a name refuses all of them") {
  const auto url = server::parse_hook_url("https://hooks.example.com/");
  const auto none = server::AllowList::parse({});
  const std::vector<server::Address> mixed{address("8.8.8.8"), address("10.0.0.1")};
  const std::vector<server::Address> good{address("8.8.8.8"), address("2606:4700::1")};
  CHECK_FALSE(server::judge(*url, mixed, *none));
  CHECK(server::judge(*url, good, *none));
  CHECK_FALSE(server::judge(*url, {}, *none));
  const std::vector<std::string> entries{"Hooks.example.com"};
  const auto named = server::AllowList::parse(entries);
  CHECK(server::judge(*url, mixed, *named));
  CHECK(server::may_connect(address("10.0.0.1"), *named, "hooks.example.com"));
  CHECK_FALSE(server::may_connect(address("10.0.0.1"), *named, "other.example.com"));
  CHECK_FALSE(server::may_connect(address("169.254.169.254"), *named, "hooks.example.com"));
}
