#include "windows/planted_bug.h"

#ifdef RINGSIDE_PLANTED_BUGS

#include <string>

namespace windows {
namespace {

std::string& chosen() {
  static std::string name;
  return name;
}

}  // namespace

bool planted_bug(std::string_view name) { return chosen() == name; }
void plant_bug(std::string_view name) { chosen() = name; }

}  // namespace windows

#endif
