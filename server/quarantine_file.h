// A file of the quarantine as bytes: entries in order behind one hash over all of them, so that it is read whole or
// not at all. Damaged bytes are an error, never a crash, and never more than is there. Pure, any thread. The file is
// described in docs/durability.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "windows/time.h"

namespace server {

struct Quarantined {
  std::uint64_t number = 0;  // from 1, in order of arrival
  std::string source;
  windows::Time at = 0;      // wall
  core::Error why;
  std::string content_type, url;
  std::string bytes;

  std::size_t size() const;
};

class QuarantineWriter {
 public:
  void add(const Quarantined& entry);
  bool empty() const { return entries_.empty(); }
  std::string take();  // the whole file

 private:
  std::string entries_;
};

// Error: bad_quarantine.
core::Result<std::vector<Quarantined>> quarantined(std::string_view file);

}  // namespace server
