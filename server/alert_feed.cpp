#include "server/alert_feed.h"

#include <algorithm>

#include "server/alert_json.h"
#include "server/frames.h"
#include "server/json_text.h"
#include "windows/check.h"

namespace server {
namespace {

Payload frame(const std::string& json) { return std::make_shared<const std::string>(text_frame(json)); }

Payload encoded(const core::AlertChange& change) {
  std::string json = R"({"t":"alert","number":)" + std::to_string(change.number) + R"(,"change":)";
  append_alert(json, change.alert);
  json += '}';
  return frame(json);
}

}  // namespace

bool AlertFeed::goes_on(const Told& told) const {
  if (!started() || told.number != number_ || told.active->size() != active_.size()) return false;
  return std::all_of(told.active->begin(), told.active->end(), [this](const core::Alert& alert) {
    const auto known = active_.find(alert.key);
    return known != active_.end() && known->second.version == alert.version;
  });
}

void AlertFeed::take_in(const Told& told) {
  state_ = nullptr;
  if (told.active) {
    // Other settings: whoever has seen another past than this one must begin anew.
    if (!goes_on(told)) {
      ++line_;
      changes_.clear();
    }
    active_.clear();
    for (const core::Alert& alert : *told.active) active_[alert.key] = alert;
  } else {
    CHECK(told.changes.empty() || told.changes.front().number == number_ + 1, "changes are told without a hole");
  }
  for (const core::AlertChange& change : told.changes) {
    if (!changes_.empty() && change.number <= number_) continue;
    changes_.push_back(encoded(change));
    number_ = change.number;
    if (told.active) continue;
    if (change.alert.state == core::AlertState::normal) {
      active_.erase(change.alert.key);
    } else {
      active_[change.alert.key] = change.alert;
    }
  }
  number_ = told.number;
  while (changes_.size() > kept_) changes_.pop_front();
}

std::vector<Payload> AlertFeed::begin(std::optional<std::uint64_t> after, Place& place) {
  std::vector<Payload> frames;
  if (!started()) return frames;
  const bool known = after && *after <= number_ && *after + 1 >= first();
  if (after && !known) {
    frames.push_back(*after > number_ ? anew() : gap(*after + 1, "not remembered any more"));
  }
  place = {line_, known ? *after : number_};
  // The state is always first; of a reader that goes on where it was, the changes it missed follow, which are in it.
  frames.push_back(state());
  return frames;
}

std::vector<Payload> AlertFeed::next(Place& place, std::size_t limit) {
  std::vector<Payload> frames;
  if (!behind(place)) return frames;
  if (place.line != line_ || place.number + 1 < first()) {
    if (place.line != 0) frames.push_back(place.line == line_ ? gap(place.number + 1, "too slow") : anew());
    frames.push_back(state());
    place = {line_, number_};
    return frames;
  }
  while (frames.size() < limit && place.number < number_) {
    frames.push_back(changes_[place.number + 1 - first()]);
    ++place.number;
  }
  return frames;
}

Payload AlertFeed::state() {
  if (state_) return state_;
  std::string json = R"({"t":"alerts","number":)" + std::to_string(number_) + R"(,"active":[)";
  for (const auto& [key, alert] : active_) {
    if (json.back() != '[') json += ',';
    append_alert(json, alert);
  }
  json += "]}";
  state_ = frame(json);
  return state_;
}

// Nothing was lost, but what the reader has is of another past.
Payload AlertFeed::anew() {
  ++gaps_;
  return frame(R"({"t":"gap","reason":"numbered anew"})");
}

Payload AlertFeed::gap(std::uint64_t from, const char* reason) {
  ++gaps_;
  std::string json = R"({"t":"gap","from":)" + std::to_string(from) + R"(,"to":)" + std::to_string(number_) +
                     R"(,"reason":)";
  append_string(json, reason);
  return frame(json + "}");
}

}  // namespace server
