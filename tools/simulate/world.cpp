#include "tools/simulate/world.h"

#include <fmt/format.h>

#include <limits>

namespace simulate {
namespace {

// Different runs must not share ids: a server that has seen one run would take the other for duplicates.
std::string tag_of(const WorldOptions& options) {
  std::uint64_t x = options.seed * 0x100000001b3u ^ static_cast<std::uint64_t>(options.start);
  return fmt::format("{:08x}", Random::splitmix(x) >> 32);
}

}  // namespace

World::World(const WorldOptions& options)
    : options_(options),
      agenda_(options.start),
      random_(options.seed),
      noise_(~options.seed),
      journal_(tag_of(options),
               [this](Time sent, std::string line) { send(sent, std::move(line)); }),
      floor_(FloorOptions{options.rate, options.local_offset, options.first_burst}, agenda_,
             random_, journal_),
      desk_(options.rate, agenda_, random_, journal_, floor_) {
  floor_.open();
  desk_.open();
}

void World::send(Time sent, std::string line) {
  Time arrives = sent + noise_.between(5, 60);
  if (noise_.chance(options_.late)) {
    arrives += noise_.between(3 * windows::kSecond, windows::kMinute);
  } else if (noise_.chance(options_.disordered)) {
    arrives += noise_.between(0, 3 * windows::kSecond);
  }
  if (noise_.chance(options_.duplicated)) {
    const Time again = arrives + noise_.between(0, 10 * windows::kSecond);
    under_way_.push(Delivery{again, ++last_, line});
  }
  under_way_.push(Delivery{arrives, ++last_, std::move(line)});
}

std::uint64_t World::advance(Time until, std::string& out) {
  agenda_.run(until);
  std::uint64_t count = 0;
  for (; !under_way_.empty() && under_way_.top().at <= until; under_way_.pop(), ++count) {
    out += under_way_.top().line;
    out += '\n';
  }
  return count;
}

std::uint64_t World::drain(std::string& out) {
  std::uint64_t count = 0;
  for (; !under_way_.empty(); under_way_.pop(), ++count) {
    out += under_way_.top().line;
    out += '\n';
  }
  return count;
}

void World::check() const {
  floor_.check();
  desk_.check();
}

}  // namespace simulate
