// A request body (or a piece of a stream cut at line ends) to a Batch: finds the container, then
// JsonEvents does the rest.
//
//   application/x-ndjson, application/ndjson, application/jsonl   one event per line
//   application/json                                              one event, or an array of events
//   application/cloudevents+json, application/cloudevents-batch+json
//   any JSON type with ce-* headers                               CloudEvent in binary mode
//   none                                              an array if it starts with [, else NDJSON
// One bad item never affects the others. Pure functions, any thread (one JsonEvents each).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "ingest/batch.h"
#include "ingest/json_events.h"

namespace ingest {

using Header = std::pair<std::string_view, std::string_view>;

// Per body; the item after it is refused as too_many and ends the body.
inline constexpr std::size_t kMaxItems = 10'000;

// The batch owns `body` and everything its events point to, also the name of the default source.
// A media type we do not read is one refusal of item 0 with code unsupported_media_type.
Batch parse_body(JsonEvents& parser, std::string_view content_type, std::span<const Header> headers,
                 std::string body, const SourceOptions& options, core::Time now);

// The same over text that the caller keeps, appended to `batch`.
void read_ndjson(JsonEvents& parser, std::string_view text, const SourceOptions& options,
                 core::Time now, Batch& batch);

}  // namespace ingest
