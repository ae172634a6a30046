// A journal's payload of any bytes: whole items, or a refusal that says why. What was read can be written, and says
// the same when it is read again.
#include <cstdint>
#include <string>
#include <vector>

#include "state/event_codec.h"
#include "windows/check.h"

namespace {

struct Item {
  std::string payload;  // of it alone
  std::uint64_t content = 0;
};

std::vector<Item> items_of(std::string_view payload, bool& good) {
  std::vector<Item> items;
  state::PayloadReader reader(payload);
  std::span<const core::Event> item;
  while (reader.next(item)) {
    CHECK(!item.empty(), "an item without events");
    const char* const end = payload.data() + payload.size();
    for (const core::Event& e : item) {
      CHECK(static_cast<int>(e.type) < core::kEventTypes, "a type that there is");
      for (const std::string_view text : {e.source, e.id, e.subject, e.agent, e.queue, e.text}) {
        CHECK(text.empty() || (text.data() >= payload.data() && text.data() + text.size() <= end),
              "a text from within the payload");
      }
    }
    state::PayloadWriter writer;
    const std::uint64_t content = writer.add(item);
    items.push_back({writer.take(), content});
  }
  const core::Status status = reader.status();
  CHECK(status || !status.error().code.empty(), "a refusal says why");
  good = static_cast<bool>(status);
  return items;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  bool good = false;
  for (const Item& item : items_of({reinterpret_cast<const char*>(data), size}, good)) {
    const auto again = items_of(item.payload, good);
    CHECK(good && again.size() == 1, "what we wrote is one item");
    CHECK(again[0].payload == item.payload && again[0].content == item.content, "and says the same");
  }
  return 0;
}
