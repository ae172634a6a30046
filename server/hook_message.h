// HookMessage: what one attempt tells, and the requests it becomes for each kind of receiver (docs/hooks.md has every
// shape with an example). Pure; any thread. What is written last is told: of several notices of one order that wait,
// an attempt tells the newest state of each alert, under the newest notice's id, and names the others as covered.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/alert.h"
#include "server/receivers.h"

namespace server {

struct HookMessage {
  std::string tenant;
  std::string id;                    // of the newest notice
  std::vector<std::string> covers;   // ids of the others, oldest first
  std::string order;
  std::uint64_t version = 0;         // of the order: ascending; the outbox's number of the newest notice
  core::Time at = 0;                 // when the newest was decided
  std::vector<core::Alert> alerts;   // newest state of each, in the order in which they came
  bool over() const;                 // all of them ended
};

// Adds a later notice to what is told.
void add_notice(HookMessage& message, const core::Notice& notice, std::uint64_t number);

struct HookRequest {
  std::string path;   // added to the receiver's URL
  std::vector<std::string> headers;  // "name: value"
  std::string body;
};

inline constexpr std::size_t kLargestGeneric = 20'000;  // bytes of a body
inline constexpr std::size_t kLargestCard = 28'000;     // Teams

// In order; the attempt succeeded when all of them did. At least one. `now`: wall clock, of the attempt.
std::vector<HookRequest> render(const HookMessage& message, const Receiver& receiver, core::Time now);

// Alertmanager: alerts as it wants to be told of them again and again, so that it does not take them for resolved.
HookRequest render_again(const std::vector<core::Alert>& alerts, const std::string& tenant, const Receiver& receiver,
                         core::Time now);
inline constexpr core::Duration kAgainEvery = windows::kMinute;
inline constexpr core::Duration kResolvedToldFor = 5 * windows::kMinute;
// Whether both are the same alert to Alertmanager: its labels are its identity.
bool same_labels(const core::Alert& a, const core::Alert& b, const Receiver& receiver);

// Parts of the shapes, one file a family.
std::string generic_body(const HookMessage& message);
std::string cloudevents_body(const HookMessage& message);
std::string pagerduty_body(const HookMessage& message, const core::Alert& alert, const Receiver& receiver);
std::string alertmanager_body(const std::vector<core::Alert>& alerts, const std::string& tenant,
                              const Receiver& receiver, core::Time now);
std::string slack_body(const HookMessage& message, const Receiver& receiver);
std::string teams_body(const HookMessage& message, const Receiver& receiver);
std::string mail_text(const HookMessage& message, const Receiver& receiver, core::Time now);

// Words they share.
std::string fingerprint_of(std::string_view text);                 // 128 bits of its SHA-256 as 32 hex digits
bool ended(const core::Alert& alert);
std::string iso_instant(core::Time time);                          // "2026-03-02T10:00:00.000Z"
std::string message_type(const HookMessage& message);              // "alert.fired", "alert.group"
std::string headline(const core::Alert& alert);                    // "[critical] Breached: …", one line
std::string headline(const HookMessage& message);
std::vector<std::pair<std::string, std::string>> particulars(const core::Alert& alert);  // for people: name, text
std::string shortened(std::string_view text, std::size_t bytes);   // at a character, with "…" where something is cut

}  // namespace server
