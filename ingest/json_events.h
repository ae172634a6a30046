// JsonEvents: one JSON document of the native format (docs/events.md) to core::Events.
//
// All or nothing per document: either its events are appended to the batch, or one refusal with
// code, message and a JSON pointer. Complete validation, also of what is not used; nothing is
// rounded or guessed. The text needs no padding and no terminator; views in the events point into
// it. No allocation per event. Owns parser buffers: one per thread, reuse it.
#pragma once

#include <memory>
#include <string_view>

#include "ingest/batch.h"

namespace ingest {

inline constexpr std::size_t kMaxEventBytes = 16 * 1024;
inline constexpr std::size_t kMaxTextBytes = 128;  // ids and names
inline constexpr std::size_t kMaxWordsBytes = 1'024;  // tags of one record, with a comma each
inline constexpr int kMaxDepth = 16;
inline constexpr std::size_t kMaxLegs = 32;
inline constexpr core::Duration kMaxDuration = 7 * windows::kDay;

// Attributes of a CloudEvent that came as HTTP headers; empty = not given.
struct CloudAttributes {
  std::string_view type, id, source, time, subject, specversion;
};

class JsonEvents {
 public:
  JsonEvents();
  ~JsonEvents();
  JsonEvents(JsonEvents&&) noexcept;
  JsonEvents& operator=(JsonEvents&&) noexcept;

  // One native event or call.record. True when it was accepted.
  bool native(std::string_view text, std::size_t index, const SourceOptions& options,
              core::Time now, Batch& batch);

  // One CloudEvent 1.0 in structured mode.
  bool cloud_event(std::string_view text, std::size_t index, const SourceOptions& options,
                   core::Time now, Batch& batch);

  // One CloudEvent in binary mode: `text` is the data, possibly empty.
  bool cloud_data(const CloudAttributes& attributes, std::string_view text, std::size_t index,
                  const SourceOptions& options, core::Time now, Batch& batch);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace ingest
