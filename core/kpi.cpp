#include "core/kpi.h"

#include <array>
#include <utility>

namespace core {
namespace {

template <class E, std::size_t N>
using Names = std::array<std::pair<std::string_view, E>, N>;

constexpr Names<Unit, 7> kUnits{{{"count", Unit::count}, {"percent", Unit::percent}, {"duration", Unit::duration},
                                 {"time", Unit::time}, {"ratio", Unit::ratio}, {"rate", Unit::rate},
                                 {"score", Unit::score}}};
constexpr Names<Direction, 3> kDirections{
    {{"higher", Direction::higher}, {"lower", Direction::lower}, {"none", Direction::none}}};
constexpr Names<Attribution, 4> kAttributions{{{"entry", Attribution::entry}, {"event", Attribution::event},
                                               {"end", Attribution::end}, {"time", Attribution::time}}};

template <class E, std::size_t N>
std::string_view name_in(const Names<E, N>& names, E value) {
  for (const auto& [text, e] : names) {
    if (e == value) return text;
  }
  return "?";
}

template <class E, std::size_t N>
std::optional<E> named_in(const Names<E, N>& names, std::string_view text) {
  for (const auto& [n, e] : names) {
    if (n == text) return e;
  }
  return std::nullopt;
}

}  // namespace

std::string_view name(Unit unit) { return name_in(kUnits, unit); }
std::string_view name(Direction direction) { return name_in(kDirections, direction); }
std::string_view name(Attribution attribution) { return name_in(kAttributions, attribution); }
std::optional<Unit> unit_named(std::string_view text) { return named_in(kUnits, text); }
std::optional<Direction> direction_named(std::string_view text) { return named_in(kDirections, text); }
std::optional<Attribution> attribution_named(std::string_view text) { return named_in(kAttributions, text); }

}  // namespace core
