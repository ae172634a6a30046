#include "state/own_folder.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace state {

core::Result<std::string> make_own_folder() {
  std::error_code ignored;
  const std::filesystem::path temporary = std::filesystem::temp_directory_path(ignored);
  std::string name = ((temporary.empty() ? "/tmp" : temporary) / "ringside-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) return core::Error{"disk_error", std::strerror(errno), name};
  return name;
}

void remove_own_folder(const std::string& path) {
  std::error_code ignored;  // what stays is small and temporary
  std::filesystem::remove_all(path, ignored);
}

}  // namespace state
