// SourceConfig: one [[tenant.source]] as a value: who says it, in what form, and how it reaches us
// (docs/configuration.md, docs/sources/). A source without a format is only a name: of events that come over
// /v1/events, for their authority. Values, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ingest/format.h"
#include "windows/time.h"

namespace server {

enum class Inlet : std::uint8_t {
  none,     // only named
  http,     // they post to /v1/sources/<name>
  file,     // we follow a file
  files,    // we read files of a folder as they appear
  connect,  // we connect
  listen,   // they connect
};
std::string_view name(Inlet inlet);

struct SourceConfig {
  std::string name;
  std::uint8_t authority = 1;
  std::string format;
  Inlet inlet = Inlet::none;
  std::string file;       // or the files, as a pattern
  bool from_end = false;  // of a file seen for the first time
  std::string host;       // to connect to, or the address to listen on
  std::uint16_t port = 0;
  bool tls = false;                   // of connections we make
  std::string tls_ca;                 // certificates to trust, in PEM; empty: the system's
  std::string tls_name;               // what theirs must be for; empty: `host`
  std::string user, password;         // of AMI and event socket
  std::vector<std::string> filters;   // of AMI
  bool plain_login = false;           // of AMI: the password itself is sent, not an answer to a challenge
  windows::Duration reconnect_after = windows::kSecond;  // the first time; then twice as long, up to 30 s
  windows::Duration close_after = 0;  // a call nobody speaks of for so long is closed; 0: never
  std::string public_url;             // what senders put before the path, where signatures cover it
  ingest::FormatOptions options;
  std::string as_written;  // everything it was made of, files and secrets too: the same text, the same source

  bool operator==(const SourceConfig& other) const { return name == other.name && as_written == other.as_written; }
};

// Of [storage] and what sources leave there.
struct QuarantineLimits {
  std::size_t bytes = 16u << 20;                   // per tenant
  windows::Duration age = 30 * windows::kDay;
};

}  // namespace server
