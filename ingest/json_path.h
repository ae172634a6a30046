// JsonPath: where in a JSON document something is: a JSON pointer in which * stands for every element of a list, or
// every value of an object. It begins in the value at hand ("/name"), in an element around it ("../name", one further
// out with each "../"), or in the document ("//name"). Value, any thread.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/json_value.h"

namespace ingest {

class JsonPath {
 public:
  JsonPath() = default;
  // Nothing of the three above: empty().
  explicit JsonPath(std::string_view text);

  bool empty() const { return steps_.empty(); }
  bool from_root() const { return root_; }
  std::size_t outwards() const { return outwards_; }
  // Plain pointers, with every element between one and the next.
  const std::vector<std::string>& steps() const { return steps_; }

  // The value to begin in. `around`: the document, and the elements that hold `here`, the outermost first.
  JsonValue begin(JsonValue here, const std::vector<JsonValue>& around) const;

 private:
  std::vector<std::string> steps_;
  std::size_t outwards_ = 0;
  bool root_ = false;
};

void each_in(JsonValue value, const std::function<void(JsonValue)>& visit);

}  // namespace ingest
