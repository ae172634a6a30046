// Names: words to small dense numbers and back, in order of first appearance. The number is for speed only:
// nothing a user sees is ordered by it. Views handed out live as long as the Names. One thread at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>
#include <xxhash.h>

namespace core {

struct NameHash {
  using is_avalanching = void;
  std::size_t operator()(std::string_view text) const { return XXH3_64bits(text.data(), text.size()); }
};

class Names {
 public:
  std::uint32_t intern(std::string_view text) {
    if (last_ < texts_.size() && texts_[last_] == text) return last_;  // channels and priorities repeat
    return last_ = look_up(text);
  }
  static constexpr std::uint32_t kUnknown = 0xFFFFFFFF;
  std::uint32_t find(std::string_view text) const {
    const auto known = ids_.find(text);
    return known == ids_.end() ? kUnknown : known->second;
  }
  std::string_view text(std::uint32_t id) const { return texts_[id]; }
  std::uint32_t size() const { return static_cast<std::uint32_t>(texts_.size()); }

 private:
  std::uint32_t look_up(std::string_view text) {
    const auto known = ids_.find(text);
    if (known != ids_.end()) return known->second;
    const auto id = static_cast<std::uint32_t>(texts_.size());
    ids_.emplace(texts_.emplace_back(text), id);
    return id;
  }

  std::uint32_t last_ = 0;
  std::deque<std::string> texts_;
  boost::unordered_flat_map<std::string_view, std::uint32_t, NameHash> ids_;
};

}  // namespace core
