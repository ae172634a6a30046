#include "server/deadline_json.h"

#include "server/json_text.h"

namespace server {
namespace {

void append_deadline(std::string& out, const core::Deadline& deadline, bool elapsed) {
  const auto text = [&out](const char* key, std::string_view value) {
    if (value.empty()) return;
    out.append(R"(,")").append(key).append(R"(":)");
    append_string(out, value);
  };
  out += R"({"record":{"kind":)";
  append_string(out, deadline.record_kind);
  out += R"(,"id":)";
  append_string(out, deadline.record_id);
  out += R"(},"clock":)";
  append_string(out, core::name(deadline.clock));
  out += R"(,"instance":)";
  append_integer(out, deadline.instance);
  text("policy", deadline.policy);
  text("queue", deadline.queue);
  text("agent", deadline.agent);
  text("priority", deadline.priority);
  out += R"(,"started_at":)";
  append_instant(out, deadline.started);
  out += R"(,"deadline_at":)";
  append_instant(out, deadline.due);
  out += R"(,"target_ms":)";
  append_integer(out, deadline.target);
  if (elapsed) {
    out += R"(,"elapsed_ms":)";
    append_integer(out, deadline.elapsed);
  }
  out += deadline.breached ? R"(,"breached":true)" : R"(,"breached":false)";
  out += deadline.paused ? R"(,"paused":true)" : R"(,"paused":false)";
  if (deadline.warned > 0) {
    out += R"(,"warned":)";
    append_integer(out, deadline.warned);
  }
  if (deadline.closed_until != windows::kNever) {
    out += R"(,"closed_until":)";
    append_instant(out, deadline.closed_until);
  }
  out += '}';
}

}  // namespace

std::string deadlines_json(std::span<const core::Deadline> list, bool elapsed) {
  std::string out = "[";
  for (const core::Deadline& deadline : list) {
    if (out.size() > 1) out += ',';
    append_deadline(out, deadline, elapsed);
  }
  out += ']';
  return out;
}

}  // namespace server
