// Format: what one kind of system sends, read into events. The interface of every format but the native one;
// ingest/formats.h makes them by name, docs/sources/ has a page for each.
//
// A format is a state machine without clock, socket and disk: bytes of one message and the time go in, events and
// what could not be read come out. Everything in an Intake is a copy: a message may go once read() returns.
// The same message gives the same events under the same ids, so that a message sent twice counts once. Where a
// system tells only parts (a queue_log's restart, a help desk's whole ticket) a format remembers what it needs;
// memory() carries that across a restart together with the position in the source, and a format that starts in
// mid-stream without it reads what it can. One thread at a time.
//
// Errors are never fatal: a message that cannot be read is refused, counted by code and kept as a Remainder.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/zone.h"
#include "ingest/batch.h"
#include "ingest/body.h"

namespace ingest {

// How the bytes of a connection or file are cut into messages (ingest/framing.h).
enum class Framing : std::uint8_t {
  lines,         // one line, without its end; a first line that names columns is a message like any other
  ami,           // one block of "Key: value" lines, without the blank line that ends it
  event_socket,  // headers, and a body as long as Content-Length says: "headers\n\nbody"
  document,      // one HTTP body
};

// One message of the transport.
struct Message {
  std::string_view bytes;
  // Of HTTP only. Names of headers are compared without regard to case.
  std::string_view content_type;
  std::span<const Header> headers;
  std::string_view url;  // as the sender sees it: "https://host/path?query"; signatures cover it
};

// A message that could not be read, or was not known; kept so that it can be looked at and read again later.
struct Remainder {
  std::string bytes;
  core::Error why;
};

// What a source says a level is; compared with ours, never counted.
struct Gauge {
  std::string scope;  // "queue/sales", "agent/1042"
  std::string what;   // of ours: "waiting", "agents_logged_in", …; otherwise the source's word
  std::int64_t value = 0;
  core::Time at = 0;
};

// What came out of messages of one source.
struct Intake {
  Batch batch;  // refusals have the number of the message as index, counted from 0 in this intake
  std::vector<Remainder> remainders;
  std::map<std::string, std::uint64_t, std::less<>> unknown;  // verbs and event types nobody described, by name
  std::map<std::string, std::uint64_t, std::less<>> inferred;  // events concluded, not told, by the rule's name
  std::uint64_t silent = 0;  // messages understood that have nothing to tell
  std::set<std::string, std::less<>> unmapped_agents;  // names that are in no table
  std::set<std::string, std::less<>> unmapped_queues;
  std::vector<Gauge> gauges;
  std::uint64_t messages = 0;

  static constexpr std::size_t kMaxNames = 1000;  // of each of the sets and maps above

  // Counts and keeps the message.
  void refuse(const Message& message, core::Error error);
  // A message of a kind this format does not know: counted under `name`, kept.
  void not_known(const Message& message, std::string_view name);
};

// What the configuration says about a source. Names of agents and queues are the source's, then ours.
struct FormatOptions {
  std::string source;
  std::uint8_t authority = 0;
  core::Zone zone;  // of wall times without offset
  core::Duration max_ahead = SourceOptions().max_ahead;
  core::Time accept_from = SourceOptions().accept_from;
  std::map<std::string, std::string, std::less<>> agents;
  std::map<std::string, std::string, std::less<>> queues;
  std::string secret;           // of the sender's signatures; empty: signatures are not checked
  std::string customer_secret;  // pseudonyms of customers are made with it; empty: customers are not told apart
  std::string call_prefix;      // before the ids of calls and tickets, where two systems may use the same ones
  std::string mapping;          // text of a mapping file
  // What belongs to one format only, as its page says: key to values.
  std::map<std::string, std::vector<std::string>, std::less<>> more;
};

class Format {
 public:
  virtual ~Format() = default;

  // Adds what the message says to `out`.
  virtual void read(const Message& message, core::Time now, Intake& out) = 0;

  // Decisions that wait for what comes next are taken when nothing came; call it about once a second.
  virtual void settle(core::Time, Intake&) {}

  // A connection was made anew: what happened meanwhile is not known. The messages that follow say what is.
  virtual void reconnected() {}

  // Whether the sender is who it says: missing_signature, bad_signature, stale_signature. Before read().
  virtual core::Status check(const Message&, core::Time) const { return core::Done{}; }

  // What is remembered between messages, as lines of text, and back. remember: bad_memory, nothing changed.
  virtual std::string memory() const { return {}; }
  virtual core::Status remember(std::string_view text);

  Format() = default;
  Format(const Format&) = delete;
  Format& operator=(const Format&) = delete;
};

}  // namespace ingest
