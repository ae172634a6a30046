// Receivers: who is told of alerts, and how: settings as plain values, and what must be true of them.
//
// A URL, a key or a password is a Sensitive: given as it is, or as the name of a file or of an environment variable
// that holds it, so that a configuration can be shown to people. load_secrets() reads those, once, at load; nothing
// ever logs or shows a Sensitive.
// Errors: bad_receiver (check), secret_missing (load_secrets), with the key it is about as `where`.
// Values; any thread. What a receiver gets is docs/hooks.md.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/alert.h"
#include "core/result.h"

namespace server {

// Exactly one of the three is given; `value` is filled by load_secrets() from the others.
struct Sensitive {
  std::string value;
  std::string file;         // its content, without the line's end
  std::string environment;  // a variable's name

  bool given() const { return !value.empty() || !file.empty() || !environment.empty(); }
};
// "file:PATH", "env:NAME", or the value itself.
Sensitive parse_sensitive(std::string_view text);

enum class ReceiverKind : std::uint8_t {
  generic,       // Standard Webhooks
  cloudevents,   // the same, as structured CloudEvents 1.0
  slack,         // an incoming webhook, Block Kit
  teams,         // a Workflows URL, Adaptive Card
  pagerduty,     // Events API v2
  alertmanager,  // POST /api/v2/alerts of Prometheus' Alertmanager, each peer
  mail,          // SMTP
};
std::string_view name(ReceiverKind kind);
core::Result<ReceiverKind> receiver_kind(std::string_view name);

enum class MailSecurity : std::uint8_t {
  none,      // only to a server that `allow` names
  starttls,  // on 587 or 25: refused where the server does not offer it
  tls,       // from the first byte, on 465
};

struct Receiver {
  std::string name;  // unique within the tenant
  ReceiverKind kind = ReceiverKind::generic;
  // https://host[:port]/path. Each is told everything, on its own: of Alertmanager name all peers, and no load
  // balancer, each with its base ("http://am-1:9093"). PagerDuty needs none. Mail has none.
  std::vector<Sensitive> urls;
  // generic, cloudevents: what bodies are signed with: "whsec_…" (24 to 64 bytes, HMAC-SHA256) or "whsk_…" (an Ed25519
  // seed of 32 bytes, or that and its public key). Several while a secret is being replaced.
  std::vector<Sensitive> secrets;
  Sensitive authorization;  // value of the header Authorization
  Sensitive routing_key;    // PagerDuty: of the integration, 32 characters
  // On-premises: addresses ("10.0.0.7"), ranges ("10.0.0.0/8", "fd00::/8") and host names ("am-1.internal") that may be
  // told although they are private, with plain http and on any port. Set by who runs the server.
  std::vector<std::string> allow;
  std::string ca_file;  // certificates to trust instead of the system's
  core::Duration timeout = 15 * windows::kSecond;  // of one attempt, all in all
  int concurrency = 4;      // attempts at a time; one at a time for each alert
  double rate = 0;          // attempts a second, bursts of twice that; 0: 1 for Slack, 4 for Teams, 20 otherwise
  bool resolved = true;     // told when it is over, too
  // What info, warning and critical are called there: PagerDuty's severity, Alertmanager's label.
  std::array<std::string, 3> severities{"info", "warning", "critical"};
  std::string external_url;  // where people reach this wallboard: links lead there; empty: no links

  // mail
  std::string server;  // host[:port]; the port is 587 or, with tls, 465 when it is not said
  MailSecurity security = MailSecurity::starttls;
  std::string user;    // empty: no login
  Sensitive password;
  std::string from;    // an address, or "Name <address>"
  std::vector<std::string> to;

  double attempts_per_second() const;
};

// What is wrong with it, all of it; empty: nothing. Secrets that are not read yet are not judged.
std::vector<core::Error> check(const Receiver& receiver);

// Reads what is in files and environment variables. Then check() judges those, too.
core::Status load_secrets(Receiver& receiver);

}  // namespace server
