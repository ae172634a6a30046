// One view inside the Hub: its cells in key order and in order of change, and the encodings made of them.
// `delta` costs as much as has changed, never as much as there is. I/O thread only.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server/hub.h"

namespace server {

// Cells are nodes of a map (stable addresses) and of a list, the one changed last in front.
struct Hub::Cell {
  std::string value;
  std::uint64_t seq = 0;
  std::string_view row;
  std::string_view column;
  Cell* newer = nullptr;
  Cell* older = nullptr;
};

struct Hub::Row {
  std::map<std::string, Cell, std::less<>> cells;
};

struct Hub::View {
  std::string key;
  std::string name;
  std::uint64_t first_seq = 0;  // nothing before is known
  std::uint64_t seq = 0;        // 0: not yet published
  Time asof = windows::kNever;
  Time last_event = windows::kNever;
  std::int64_t stamp = 0;
  std::map<std::string, Row, std::less<>> rows;
  Cell* newest = nullptr;
  std::size_t bytes = 0;  // about what all cells cost on the wire
  std::set<SubscriberId> subscribers;
  std::map<std::uint64_t, Payload> frames;  // by `since`, all for the present seq; 0 = the snapshot

  void set(const CellUpdate& update, std::uint64_t at);
  std::uint32_t checksum() const;
  std::string snapshot() const;                  // the frame's JSON
  std::string delta(std::uint64_t since) const;  // empty if a snapshot is the better answer
  void append_cells(std::string& out) const;

 private:
  mutable std::uint64_t checked_seq_ = 0;
  mutable std::uint32_t checksum_ = 0;
};

}  // namespace server
