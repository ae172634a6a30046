// Recording: a file of events, read whole. As the file stands, or put in the order in which things happened.
// Its events point into it, so it outlives whoever plays it. Errors: cannot_read, bad_mapping, nothing_to_play.
// One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "ingest/batch.h"
#include "server/config.h"

namespace server {

class Recording {
 public:
  // `mapping`: path of a mapping file (docs/mapping.md); empty for NDJSON.
  static core::Result<Recording> load(const std::string& path, const std::string& mapping, const Limits& limits,
                                      core::Time now);

  // One input item: all its events are played together.
  struct Item {
    core::Time time = 0;  // the newest of its events
    std::uint32_t batch = 0;
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::uint32_t line = 0;  // of the file, from 0
  };
  const std::vector<Item>& items() const { return items_; }  // as in the file, unless put in order
  core::Time first() const { return first_; }                // earliest instant

  // By time, then as in the file: for whoever plays at a pace. As fast as possible needs no order.
  void put_in_order();

  // Items [begin, end) as a batch, every instant moved by `shift`; the authority is asked for by source.
  ingest::Batch part(std::size_t begin, std::size_t end, core::Duration shift, const TenantConfig& tenant) const;
  std::string_view line(const Item& item) const { return lines_[item.line]; }
  // "33,043 items; 301 refused: bad_time 3, …": what became of the file.
  std::string summary() const;

 private:
  Recording() = default;
  void add(ingest::Batch batch);
  core::Status read_events(const Limits& limits, core::Time now);
  core::Status read_mapped(const std::string& mapping, core::Time now);

  std::unique_ptr<const std::string> text_;  // views into it survive a move
  std::vector<std::string_view> lines_;      // NDJSON only
  std::vector<ingest::Batch> batches_;
  std::vector<Item> items_;
  core::Time first_ = 0;
};

}  // namespace server
