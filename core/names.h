// Names: words to small dense numbers and back, in order of first appearance. The number is for speed only:
// nothing a user sees is ordered by it. Views handed out live as long as the Names. One thread at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include <xxhash.h>

#include "core/hash_index.h"

namespace core {

class Names {
 public:
  std::uint32_t intern(std::string_view text) {
    if (last_ < texts_.size() && texts_[last_] == text) return last_;  // channels and priorities repeat
    const std::uint64_t hash = hash_of(text);
    last_ = look_up(hash, text);
    if (last_ == kUnknown) {
      last_ = size();
      texts_.emplace_back(text);
      index_.insert(hash, last_);
    }
    return last_;
  }
  static constexpr std::uint32_t kUnknown = HashIndex::kNone;
  std::uint32_t find(std::string_view text) const { return look_up(hash_of(text), text); }
  std::string_view text(std::uint32_t id) const { return texts_[id]; }
  std::uint32_t size() const { return static_cast<std::uint32_t>(texts_.size()); }

  // For whoever will ask soon (Engine::expect): the hash of a word, its place in the index, a likely number.
  static std::uint64_t hash_of(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }
  const HashIndex& index() const { return index_; }

 private:
  std::uint32_t look_up(std::uint64_t hash, std::string_view text) const {
    return index_.find(hash, [&](std::uint32_t id) { return texts_[id] == text; });
  }

  std::uint32_t last_ = 0;
  std::deque<std::string> texts_;
  HashIndex index_;
};

}  // namespace core
