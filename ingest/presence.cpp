#include "ingest/presence.h"

#include <algorithm>

namespace ingest {

Presence::Known* Presence::known(std::string_view agent) {
  const auto found = agents_.find(agent);
  if (found != agents_.end()) return &found->second;
  if (agent.empty() || agents_.size() >= kMaxAgents) return nullptr;
  return &agents_[std::string(agent)];
}

// Compares what the queues say with what was told.
Presence::News Presence::settle(Known& known, std::string_view reason) {
  News news;
  const bool paused = !known.queues.empty() &&
                      std::all_of(known.queues.begin(), known.queues.end(), [](const auto& q) { return q.second; });
  const State state = known.queues.empty() ? State::out : paused ? State::paused : State::available;
  if (state == known.state && (state != State::paused || reason.empty() || reason == known.reason)) return news;
  news.login = known.state == State::unknown || known.state == State::out;
  if (state == State::out) {
    news.logout = known.state != State::out;
    news.login = false;
  } else if (paused || !news.login) {
    news.state = true;
    news.paused = paused;
    news.reason = paused ? std::string(reason) : std::string();
  }
  known.state = state;
  known.reason = paused ? std::string(reason) : std::string();
  return news;
}

Presence::News Presence::joined(std::string_view agent, std::string_view queue, bool paused, std::string_view reason) {
  Known* const k = known(agent);
  if (k == nullptr) return {};
  // "There, but nobody says where" gives way to the first queue that is named.
  if (!queue.empty()) k->queues.erase("");
  if (queue.empty() && !k->queues.empty() && !k->queues.contains("")) return {};
  k->queues[std::string(queue)] = paused;
  return settle(*k, reason);
}

Presence::News Presence::left(std::string_view agent, std::string_view queue) {
  Known* const k = known(agent);
  if (k == nullptr) return {};
  if (queue.empty()) {
    k->queues.clear();
  } else if (const auto at = k->queues.find(queue); at != k->queues.end()) {
    k->queues.erase(at);
  }
  return settle(*k, {});
}

Presence::News Presence::pause(std::string_view agent, std::string_view queue, bool paused, std::string_view reason) {
  Known* const k = known(agent);
  if (k == nullptr) return {};
  if (queue.empty()) {
    if (k->queues.empty()) k->queues[""] = paused;
    for (auto& [name, is_paused] : k->queues) is_paused = paused;
  } else {
    k->queues.erase("");
    k->queues[std::string(queue)] = paused;
  }
  return settle(*k, reason);
}

Presence::News Presence::seen(std::string_view agent) {
  Known* const k = known(agent);
  if (k == nullptr || !k->queues.empty()) return {};
  k->queues[""] = false;
  return settle(*k, {});
}

std::vector<std::string> Presence::clear() { return all_but({}); }

std::vector<std::string> Presence::all_but(const std::vector<std::string>& kept) {
  std::vector<std::string> gone;
  for (auto& [name, k] : agents_) {
    if (k.queues.empty() || std::find(kept.begin(), kept.end(), name) != kept.end()) continue;
    gone.push_back(name);
    k = {};
    k.state = State::out;
  }
  return gone;
}

Presence::State Presence::state(std::string_view agent) const {
  const auto found = agents_.find(agent);
  return found == agents_.end() ? State::unknown : found->second.state;
}

void Presence::write(MemoryWriter& out) const {
  for (const auto& [name, k] : agents_) {
    std::vector<std::string> words{"agent", name, std::to_string(static_cast<int>(k.state)), k.reason};
    for (const auto& [queue, paused] : k.queues) {
      words.push_back(queue);
      words.push_back(paused ? "1" : "0");
    }
    out.line(words);
  }
}

bool Presence::read(const MemoryLine& line) {
  if (line.size() < 4 || line.size() % 2 != 0 || line[2].size() != 1 || line[2][0] < '0' || line[2][0] > '3')
    return false;
  Known k;
  k.state = static_cast<State>(line[2][0] - '0');
  k.reason = line[3];
  for (std::size_t i = 4; i < line.size(); i += 2) k.queues[line[i]] = line[i + 1] == "1";
  if (agents_.size() >= kMaxAgents) return false;
  agents_[line[1]] = std::move(k);
  return true;
}

}  // namespace ingest
