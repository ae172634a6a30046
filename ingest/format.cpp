#include "ingest/format.h"

namespace ingest {

namespace {

// A sender that makes names up must not fill the memory; what is beyond the limit goes under one name.
void count(std::map<std::string, std::uint64_t, std::less<>>& by_name, std::string_view name) {
  const auto known = by_name.find(name);
  if (known != by_name.end()) {
    ++known->second;
  } else if (by_name.size() < Intake::kMaxNames) {
    by_name.emplace(name, 1);
  } else {
    ++by_name["(others)"];
  }
}

}  // namespace

void Intake::refuse(const Message& message, core::Error error) {
  remainders.push_back({std::string(message.bytes), error});
  batch.refuse(static_cast<std::size_t>(messages == 0 ? 0 : messages - 1), std::move(error));
}

void Intake::not_known(const Message& message, std::string_view name) {
  std::string shown(name.substr(0, 64));
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) > 0x7E) c = '?';
  }
  count(unknown, shown);
  remainders.push_back({std::string(message.bytes), {"unknown_event", "a kind this format does not know", shown}});
}

core::Status Format::remember(std::string_view text) {
  if (text.empty()) return core::Done{};
  return core::Error{"bad_memory", "this format remembers nothing", ""};
}

}  // namespace ingest
