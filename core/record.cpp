#include "core/record.h"

#include <algorithm>
#include <tuple>

#include <xxhash.h>

namespace core {

Rank rank_of(const Event& event) {
  const std::uint64_t hash = XXH3_64bits_withSeed(event.id.data(), event.id.size(),
                                                  XXH3_64bits(event.source.data(), event.source.size()));
  return (std::uint64_t{event.authority} << 60) |
         ((static_cast<std::uint64_t>(event.time) & 0xFFF'FFFF'FFFF) << 16) | (hash & 0xFFFF);
}

std::uint16_t source_mark(std::string_view source) {
  return static_cast<std::uint16_t>(XXH3_64bits(source.data(), source.size()) & ~std::uint64_t{Observation::kFinal});
}

bool before(const Observation& a, const Observation& b) {
  const auto key = [](const Observation& o) {
    return std::tie(o.at, o.type, o.rank, o.agent, o.queue, o.detail, o.value, o.channel, o.priority, o.origin);
  };
  return key(a) < key(b);
}

std::uint64_t record_hash(Record::Kind kind, std::string_view id) {
  return XXH3_64bits_withSeed(id.data(), id.size(), static_cast<std::uint64_t>(kind));
}

std::uint64_t customer_hash(std::string_view key) {
  return key.empty() ? 0 : std::max<std::uint64_t>(1, XXH3_64bits(key.data(), key.size()));
}

bool Record::name_customer(std::uint64_t hash, Rank rank) {
  if (hash == 0 || std::tie(rank, hash) <= std::tie(customer_rank, customer)) return false;
  customer_rank = rank;
  customer = hash;
  return true;
}

bool Record::add(const Observation& observation) {
  const auto live_end = std::partition_point(observations.begin(), observations.end(),
                                             [](const Observation& o) { return !o.final(); });
  if (!observation.final()) {
    const auto at = std::lower_bound(observations.begin(), live_end, observation, before);
    if (at != live_end && *at == observation) return false;
    observations.insert(at, observation);
    return true;
  }
  Rank known = 0;
  for (auto o = live_end; o != observations.end(); ++o) {
    if (o->visit() == observation.visit()) known = o->rank;
  }
  if (known > observation.rank) return false;
  if (known != 0 && known < observation.rank) {
    observations.erase(std::remove_if(live_end, observations.end(),
                                      [&](const Observation& o) { return o.visit() == observation.visit(); }),
                       observations.end());
  }
  const auto first_final = std::partition_point(observations.begin(), observations.end(),
                                                [](const Observation& o) { return !o.final(); });
  const auto at = std::lower_bound(first_final, observations.end(), observation, before);
  if (at != observations.end() && *at == observation) return false;
  observations.insert(at, observation);
  return true;
}

}  // namespace core
