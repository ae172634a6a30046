// KpiSpec: one governed KPI as data. The built-in catalogue (core/catalogue.toml) and the user's own
// ([[kpi]] in the configuration) have this same form; a later one with the same id overrides.
// Value type, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace core {

enum class Unit : std::uint8_t { count, percent, duration, time, ratio, rate, score };
enum class Direction : std::uint8_t { higher, lower, none };  // which way is better

// Which instant of a contact decides the window and interval it counts in (docs/kpis.md).
//   entry: when it entered the queue; cohorts add up, recent values are provisional
//   event: when each thing happened (answer, abandon, …)
//   end:   when the contact including after-call work was over
//   time:  durations clipped to the window (levels); no instant decides
enum class Attribution : std::uint8_t { entry, event, end, time };

std::string_view name(Unit unit);
std::string_view name(Direction direction);
std::string_view name(Attribution attribution);
std::optional<Unit> unit_named(std::string_view text);
std::optional<Direction> direction_named(std::string_view text);
std::optional<Attribution> attribution_named(std::string_view text);

// Limits a value is judged by. `scope` empty = everywhere; else a scope key such as "queue/vip".
struct Thresholds {
  std::string scope;
  std::optional<double> target;
  std::optional<double> warn;
  std::optional<double> crit;
};

struct KpiSpec {
  std::string id;  // [a-z][a-z0-9_]*
  int version = 1;
  std::string title;
  std::string description;  // one sentence a supervisor understands
  std::string formula;      // core/formula.h
  Unit unit = Unit::count;  // percent: the formula's result is multiplied by 100; duration: milliseconds
  Direction direction = Direction::none;
  Attribution attribution = Attribution::event;
  int decimals = 0;  // to which the stream rounds; REST gives full precision
  std::vector<Thresholds> thresholds;
};

}  // namespace core
