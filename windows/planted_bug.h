// Planted bugs: known mistakes, to be made on purpose so that the tests that should notice can be tested. They exist
// only in a build with -DRINGSIDE_PLANTED_BUGS=ON, where the simulator chooses one; everywhere else the question is a
// constant and the mistake is not compiled. tools/planted-bugs makes them all, one by one. Set before any thread.
#pragma once

#include <string_view>

namespace windows {

#ifdef RINGSIDE_PLANTED_BUGS
bool planted_bug(std::string_view name);
void plant_bug(std::string_view name);  // before anything runs; "" = none
#else
constexpr bool planted_bug(std::string_view) { return false; }
#endif

}  // namespace windows
