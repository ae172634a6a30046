// Our own formats as sources: native events (docs/events.md) one to a line, and rows that a mapping file describes
// (docs/mapping.md), so that files and connections can carry them. Constants and pure functions, any thread.
#pragma once

#include "ingest/formats.h"

namespace ingest {

// "ringside": one event or call.record to a line. An event may name its own source; authority is the connection's.
const FormatInfo& ringside_format();
// "mapped_text": needs a mapping. A header is remembered, and the number of lines, across restarts; where a file that
// follows begins with the same header, that line is no row.
const FormatInfo& mapped_text_format();

}  // namespace ingest
