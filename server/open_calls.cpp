#include "server/open_calls.h"

#include <charconv>

namespace server {

void OpenCalls::heard(const core::Event& event) {
  using core::EventType;
  if (event.final) return;  // it is over, and all of it is said
  switch (event.type) {
    case EventType::call_started:
    case EventType::call_queued:
    case EventType::call_offered:
    case EventType::call_no_answer:
    case EventType::call_answered:
    case EventType::call_held:
    case EventType::call_resumed:
    case EventType::call_transferred:
      return put(event.subject, event.at);
    case EventType::call_abandoned:
    case EventType::call_left:
    case EventType::call_ended:
    case EventType::call_lost:
    case EventType::call_merged: {
      const auto known = at_.find(event.subject);
      if (known != at_.end() && event.at >= known->second) erase(event.subject);
      return;
    }
    default:
      return;
  }
}

void OpenCalls::put(std::string_view call, core::Time at) {
  const auto known = at_.find(call);
  if (known != at_.end() && known->second >= at) return;
  if (known == at_.end() && at_.size() >= kMost) return;
  erase(call);
  at_.emplace(call, at);
  order_.emplace(at, call);
}

void OpenCalls::erase(std::string_view call) {
  const auto known = at_.find(call);
  if (known == at_.end()) return;
  order_.erase({known->second, known->first});
  at_.erase(known);
}

std::size_t OpenCalls::close(core::Time before, std::uint32_t item, ingest::Batch& batch) {
  std::size_t closed = 0;
  while (!order_.empty() && order_.begin()->first < before) {
    const auto [at, call] = *order_.begin();
    core::Event event;
    event.type = core::EventType::call_lost;
    event.time = event.at = at;
    event.source = "ringside";
    event.subject = batch.arena.keep(call);
    event.id = batch.arena.keep("lost/" + call + "/" + std::to_string(at));
    event.channel = "voice";
    batch.events.push_back(event);
    batch.items.push_back(item + static_cast<std::uint32_t>(closed++));
    erase(call);
  }
  return closed;
}

std::string OpenCalls::memory() const {
  std::string text;
  for (const auto& [at, call] : order_) text += "call " + std::to_string(at) + " " + call + "\n";
  return text;
}

void OpenCalls::remember(std::string_view line) {
  core::Time at = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), at);
  if (error != std::errc() || end == line.data() + line.size() || *end != ' ') return;
  put(line.substr(static_cast<std::size_t>(end - line.data()) + 1), at);
}

}  // namespace server
