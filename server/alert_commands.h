// What people do about alerts over REST: bodies to commands, commands to events for the journal (docs/rest.md).
// Who does it is always said. Pure, any thread.
#pragma once

#include <string>
#include <string_view>

#include "core/event.h"
#include "core/result.h"
#include "ingest/batch.h"

namespace server {

struct AlertCommand {
  core::EventType type = core::EventType::alert_acknowledged;
  std::string subject;  // the alert's key, the silence's id
  std::string matcher;  // of a silence
  core::Duration length = 0;
  std::string by, reason;
};

// Errors: bad_body, with the field as `where`; bad_matcher.
core::Result<AlertCommand> parse_acknowledgement(std::string_view body);             // {"key","by","reason"}
core::Result<AlertCommand> parse_silence(std::string_view body, std::string id);     // {"matcher","for","by","reason"}
core::Result<AlertCommand> parse_silence_end(std::string_view body, std::string id);  // {"by","reason"}

// `id`: of the event; unique.
ingest::Batch batch_of(const AlertCommand& command, std::string_view id, core::Time now);
// One event of our own about `subject`.
ingest::Batch own_event(core::EventType type, std::string_view subject, std::string_view id, core::Time now);

}  // namespace server
