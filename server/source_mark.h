// What is kept of a source beside the journal, as bytes: how far it was read, and what its format remembers.
// Damaged bytes are an error, never half a mark. Pure, any thread. The file is described in docs/durability.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace server {

// How far a source was read, and what its format remembers.
struct SourceMark {
  std::string format;
  std::uint64_t sequence = 0;  // the journal's, when it was written: in an older journal it means nothing
  std::string file;            // that is followed; empty: none
  std::string place;           // of the inlet: one line
  std::string calls;           // OpenCalls::memory: lines
  std::string memory;
};
std::string text_of(const SourceMark& mark);
// Error: bad_mark.
core::Result<SourceMark> source_mark(std::string_view text);

// FNV-1a, 64 bit: stored, so it must never change.
std::uint64_t stored_hash(std::string_view bytes);

}  // namespace server
