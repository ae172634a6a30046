#include "ingest/json_path.h"

#include <algorithm>

namespace ingest {

JsonPath::JsonPath(std::string_view text) {
  if (text.starts_with("//")) {
    root_ = true;
    text.remove_prefix(1);
  }
  while (text.starts_with("../")) {
    ++outwards_;
    text.remove_prefix(text.starts_with("../../") ? 3 : 2);
  }
  if (!text.starts_with('/')) return;
  for (;;) {
    std::size_t star = text.find("/*");
    while (star != text.npos && star + 2 < text.size() && text[star + 2] != '/') star = text.find("/*", star + 1);
    steps_.emplace_back(text.substr(0, star));
    if (star == text.npos) return;
    text.remove_prefix(star + 2);
  }
}

JsonValue JsonPath::begin(JsonValue here, const std::vector<JsonValue>& around) const {
  if (root_) return around.front();
  return outwards_ == 0 ? here : around[around.size() - std::min(outwards_, around.size())];
}

void each_in(JsonValue value, const std::function<void(JsonValue)>& visit) {
  if (value.is_list()) value.each(visit);
  else value.each_field([&](std::string_view, JsonValue one) { visit(one); });
}

}  // namespace ingest
