// A folder of this process's own below the system's temporary folder, for whoever follows another process's
// database and needs a place for notes. Errors: disk_error. Any thread.
#pragma once

#include <string>

#include "core/result.h"

namespace state {

core::Result<std::string> make_own_folder();
void remove_own_folder(const std::string& path);

}  // namespace state
