#include "server/alert_commands.h"

#include <simdjson.h>

#include "core/alert.h"
#include "server/config_text.h"

namespace server {
namespace {

using simdjson::dom::element;

constexpr std::size_t kMaxText = 1'000;
constexpr core::Duration kLongestSilence = 366 * windows::kDay;

core::Error bad(std::string message, const char* where) { return {"bad_body", std::move(message), where}; }

// A text of a JSON object; `required`: not empty.
core::Status read(element from, const char* key, bool required, std::string& out) {
  std::string_view text;
  const auto error = from[key].get(text);
  const std::string where = std::string("/") + key;
  if (error == simdjson::NO_SUCH_FIELD && !required) return core::Done{};
  if (error != simdjson::SUCCESS || (required && text.empty()) || text.size() > kMaxText) {
    return core::Error{"bad_body", "must be a text of " + std::string(required ? "1" : "0") + " to 1000 bytes", where};
  }
  out = text;
  return core::Done{};
}

core::Result<element> object(simdjson::dom::parser& parser, std::string_view body) {
  element root;
  if (parser.parse(body.data(), body.size(), true).get(root) != simdjson::SUCCESS || !root.is_object()) {
    return bad("the body must be one JSON object", "");
  }
  return root;
}

// Who and why.
core::Status read_author(element root, AlertCommand& command) {
  const core::Status by = read(root, "by", true, command.by);
  return by ? read(root, "reason", false, command.reason) : by;
}

}  // namespace

core::Result<AlertCommand> parse_acknowledgement(std::string_view body) {
  simdjson::dom::parser parser;
  const auto root = object(parser, body);
  if (!root) return root.error();
  AlertCommand command;
  command.type = core::EventType::alert_acknowledged;
  core::Status done = read(*root, "key", true, command.subject);
  if (done) done = read_author(*root, command);
  if (!done) return done.error();
  return command;
}

core::Result<AlertCommand> parse_silence(std::string_view body, std::string id) {
  simdjson::dom::parser parser;
  const auto root = object(parser, body);
  if (!root) return root.error();
  AlertCommand command;
  command.type = core::EventType::alert_silenced;
  command.subject = std::move(id);
  std::string length;
  core::Status done = read(*root, "matcher", true, command.matcher);
  if (done) done = read(*root, "for", true, length);
  if (done) done = read_author(*root, command);
  if (!done) return done.error();
  const auto parsed = parse_duration(length);
  if (!parsed || *parsed < windows::kSecond || *parsed > kLongestSilence) {
    return bad("must be a duration such as \"2h\", at most \"366d\"", "/for");
  }
  command.length = *parsed;
  const auto matcher = core::parse_matcher(command.matcher);
  if (!matcher) return matcher.error();
  return command;
}

core::Result<AlertCommand> parse_silence_end(std::string_view body, std::string id) {
  simdjson::dom::parser parser;
  const auto root = object(parser, body);
  if (!root) return root.error();
  AlertCommand command;
  command.type = core::EventType::alert_silence_ended;
  command.subject = std::move(id);
  const core::Status done = read_author(*root, command);
  if (!done) return done.error();
  return command;
}

ingest::Batch own_event(core::EventType type, std::string_view subject, std::string_view id, core::Time now) {
  ingest::Batch batch;
  core::Event event;
  event.type = type;
  event.time = event.at = now;
  event.source = "ringside";
  event.id = batch.arena.keep(id);
  event.subject = batch.arena.keep(subject);
  batch.events.push_back(event);
  batch.items.push_back(0);
  batch.accepted = 1;
  return batch;
}

ingest::Batch batch_of(const AlertCommand& command, std::string_view id, core::Time now) {
  ingest::Batch batch = own_event(command.type, command.subject, id, now);
  core::Event& event = batch.events[0];
  event.by = batch.arena.keep(command.by);
  event.reason = batch.arena.keep(command.reason);
  event.text = batch.arena.keep(command.matcher);
  if (command.type == core::EventType::alert_silenced) event.value = command.length;
  return batch;
}

}  // namespace server
