// OpenCalls: the calls a source has spoken of and not ended, and when it last did, so that what it never ends is
// closed at last: a switch that lost the end of a call, a member that is listed for hours after hanging up.
//
// Closed means: call.lost at the instant last heard of, by the source "ringside" with the lowest authority, under an id
// made of the call and that instant. Whatever is said later about the call undoes it (docs/events.md).
// Time is an argument; ordered by it, so that asking what is overdue costs what is overdue. One thread at a time.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/event.h"
#include "ingest/batch.h"

namespace server {

class OpenCalls {
 public:
  void heard(const core::Event& event);
  // Ends what nobody spoke of since `before`, as events in the batch; `item` is the number of the first. How many.
  std::size_t close(core::Time before, std::uint32_t item, ingest::Batch& batch);

  std::size_t size() const { return at_.size(); }
  std::string memory() const;          // "call <instant> <id>\n"…
  void remember(std::string_view line);  // without "call "; what is no such line is left out

 private:
  static constexpr std::size_t kMost = 100'000;  // beyond it new calls are not watched
  void put(std::string_view call, core::Time at);
  void erase(std::string_view call);

  std::map<std::string, core::Time, std::less<>> at_;
  std::set<std::pair<core::Time, std::string>> order_;
};

}  // namespace server
