#include "ingest/batch.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace ingest {

char* Arena::take(std::size_t size) {
  if (size_ - used_ < size) {
    size_ = std::max(size, kBlock);
    used_ = 0;
    blocks_.push_back(std::make_unique<char[]>(size_));
    bytes_ += size_;
  }
  char* place = blocks_.empty() ? nullptr : blocks_.back().get() + used_;
  used_ += size;
  return place;
}

std::string_view Arena::keep(std::string_view text) {
  if (text.empty()) return {};
  char* place = take(text.size());
  std::memcpy(place, text.data(), text.size());
  return {place, text.size()};
}

std::string_view Batch::hold(std::string body) {
  text = std::make_unique<const std::string>(std::move(body));
  return *text;
}

void Batch::refuse(std::size_t index, core::Error error) {
  ++refused;
  ++refused_by_code[error.code];
  if (refusals.size() < max_refusals) refusals.push_back({index, std::move(error)});
}

std::size_t Batch::bytes() const {
  std::size_t total = sizeof(Batch) + arena.bytes() + (text ? text->capacity() : 0) +
                      events.capacity() * sizeof(core::Event) +
                      items.capacity() * sizeof(std::uint32_t);
  for (const Refusal& r : refusals) {
    total += sizeof(Refusal) + r.error.code.size() + r.error.message.size() + r.error.where.size();
  }
  return total;
}

}  // namespace ingest
