#include "server/client_message.h"

#include <simdjson.h>
#include <algorithm>

namespace server {
namespace {

using simdjson::dom::element;

constexpr std::size_t kMaxName = 128;
constexpr std::size_t kMaxGroups = 16;
constexpr std::size_t kMaxScopes = 200;
constexpr std::size_t kMaxColumns = 200;
constexpr std::uint64_t kMaxDeadlines = 200;
constexpr double kSlowest = 0.2;
constexpr double kFastest = 10;

core::Error bad(std::string message, std::string where) {
  return {"bad_message", std::move(message), std::move(where)};
}

bool text(element from, const char* key, std::string& out) {
  std::string_view view;
  if (from[key].get(view) != simdjson::SUCCESS) return false;
  out = view;
  return true;
}

bool texts(element from, const char* key, std::size_t limit, std::vector<std::string>& out) {
  simdjson::dom::array array;
  if (from[key].get(array) != simdjson::SUCCESS || array.size() == 0 || array.size() > limit) return false;
  for (const element item : array) {
    std::string_view view;
    if (item.get(view) != simdjson::SUCCESS || view.empty() || view.size() > kMaxName) return false;
    out.emplace_back(view);
  }
  return true;
}

core::Result<core::ViewDefinition> definition(element from) {
  simdjson::dom::array groups;
  if (from["groups"].get(groups) != simdjson::SUCCESS || groups.size() == 0 || groups.size() > kMaxGroups) {
    return bad("must be a list of 1 to 16 groups", "/def/groups");
  }
  core::ViewDefinition view;
  for (const element group : groups) {
    const std::string where = "/def/groups/" + std::to_string(view.groups.size());
    core::ViewGroup& added = view.groups.emplace_back();
    if (!texts(group, "scopes", kMaxScopes, added.scopes))
      return bad("must be a list of 1 to 200 scopes", where + "/scopes");
    if (!texts(group, "columns", kMaxColumns, added.columns))
      return bad("must be a list of 1 to 200 columns", where + "/columns");
  }
  return view;
}

core::Result<ResumePoint> resume_point(element from) {
  ResumePoint point;
  if (!text(from, "epoch", point.epoch)) return bad("must be a text", "/from/epoch");
  if (from["seq"].get(point.seq) != simdjson::SUCCESS) return bad("must be a whole number", "/from/seq");
  return point;
}

bool has(element from, const char* key) { return from[key].error() == simdjson::SUCCESS; }

core::Result<ClientMessage> read_subscription(element root, ClientMessage message) {
  if (has(root, "hz")) {
    if (root["hz"].get(message.hz) != simdjson::SUCCESS) return bad("must be a number", "/hz");
    message.hz = std::clamp(message.hz, kSlowest, kFastest);
  }
  if (has(root, "from")) {
    auto from = resume_point(root["from"].value_unsafe());
    if (!from) return from.error();
    message.from = std::move(*from);
  }
  if (has(root, "def")) {
    auto view = definition(root["def"].value_unsafe());
    if (!view) return view.error();
    view->id = message.view;
    message.definition = std::move(*view);
  }
  return message;
}

core::Result<ClientMessage> read_alerts(element root, ClientMessage message) {
  message.op = ClientMessage::Op::alerts;
  if (!has(root, "after")) return message;
  std::uint64_t after = 0;
  if (root["after"].get(after) != simdjson::SUCCESS) return bad("must be a whole number", "/after");
  message.after = after;
  return message;
}

core::Result<ClientMessage> read_deadlines(element root, ClientMessage message) {
  message.op = ClientMessage::Op::deadlines;
  if (has(root, "scope") && (!text(root, "scope", message.scope) || message.scope.size() > kMaxName)) {
    return bad("must be a text of up to 128 bytes", "/scope");
  }
  if (!has(root, "limit")) return message;
  std::uint64_t limit = 0;
  if (root["limit"].get(limit) != simdjson::SUCCESS || limit < 1 || limit > kMaxDeadlines) {
    return bad("must be a whole number from 1 to 200", "/limit");
  }
  message.limit = limit;
  return message;
}

// {"op":"unsub","what":"alerts"}
core::Result<ClientMessage> read_what(element root, ClientMessage message) {
  std::string what;
  if (!text(root, "what", what) || (what != "alerts" && what != "deadlines")) {
    return bad("must be alerts or deadlines", "/what");
  }
  message.op = what == "alerts" ? ClientMessage::Op::leave_alerts : ClientMessage::Op::leave_deadlines;
  return message;
}

}  // namespace

core::Result<ClientMessage> parse_client_message(std::string_view json, std::optional<std::int64_t>& id) {
  thread_local simdjson::dom::parser parser;
  element root;
  // Not `get(root)` on a temporary padded string: the document points into the parser, not into the text.
  if (parser.parse(json.data(), json.size(), true).get(root) != simdjson::SUCCESS || !root.is_object()) {
    return bad("a message is one JSON object", "");
  }
  ClientMessage message;
  if (root["id"].get(message.id) != simdjson::SUCCESS) return bad("must be a whole number", "/id");
  id = message.id;
  std::string op;
  if (!text(root, "op", op)) return bad("must be a text", "/op");
  if (op == "alerts") return read_alerts(root, std::move(message));
  if (op == "deadlines") return read_deadlines(root, std::move(message));
  if (op == "unsub" && has(root, "what")) return read_what(root, std::move(message));
  if (!text(root, "view", message.view) || message.view.empty() || message.view.size() > kMaxName) {
    return bad("must be a text of 1 to 128 bytes", "/view");
  }
  if (op == "sub") return read_subscription(root, std::move(message));
  if (op == "unsub" || op == "resync") {
    message.op = op == "unsub" ? ClientMessage::Op::unsub : ClientMessage::Op::resync;
    return message;
  }
  return core::Error{"unknown_op", "op is sub, unsub, resync, alerts or deadlines", "/op"};
}

}  // namespace server
