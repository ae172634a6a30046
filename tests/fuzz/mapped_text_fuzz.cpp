// Two halves, split at the first NUL: a mapping and a text. Without one, a fixed mapping that uses
// every feature.
#include <cstdint>
#include <string>

#include "ingest/mapped_text.h"
#include "windows/check.h"

namespace {

constexpr core::Time kNow = 1'769'938'200'000;

constexpr std::string_view kMapping = R"(source = "f"
[text]
separator = ","
comment = "#"
encoding = "windows-1252"
[time]
zone = "Europe/Berlin"
date = "d"
format = "%y%m%d %H:%M:%S"
not_before = "b"
[columns]
b.null = ["0"]
[[filter]]
name = "f"
drop_when = { any = [{ column = "w", less_than = -9 }, { column = "w", greater_than = 99999 }] }
[[event]]
when = { not = { column = "q", in = ["x", "y"] } }
type = "call.record"
id = "{#}-{c}"
call = "{c}"
queue = { column = "q", map = { a = "b" }, unmapped = "null", default = "z" }
time = { column = "t", format = "epoch_ms", date = "", not_before = "" }
started_at = "{b}"
queued_at = { first_of = ["{e}", { column = "b", null = [] }] }
answered_at = "{e}"
ended_at = { column = "t", format = "%Y-%m-%dT%H:%M:%S.%f%z", date = "" }
outcome = { column = "o", default = "answered" }
wait_ms = { column = "w", unit = "h:mm:ss" }
talk_ms = { column = "w" }
[[event]]
when = { column = "o", null = true }
type = "ticket.rated"
id = "r{#}"
time = { column = "t", format = "rfc3339", date = "" }
ticket = "{c}"
score = "{w}"
scale = "nps"
public = true
)";

void run(const ingest::Mapping& mapping, std::string_view text) {
  ingest::MappedText reader(mapping);
  ingest::Batch batch;
  // In two pieces, cut at a line end.
  const std::size_t middle = text.find('\n', text.size() / 2);
  const std::size_t cut = middle == std::string_view::npos ? text.size() : middle + 1;
  if (reader.read(text.substr(0, cut), kNow, batch)) reader.read(text.substr(cut), kNow, batch);
  CHECK(batch.events.size() == batch.items.size(), "every event has its item");
  for (const auto& event : batch.events) {
    CHECK(!event.id.empty() && !event.subject.empty(), "unnamed event");
    CHECK(event.at <= kNow + windows::kDay, "an event from the future");
    CHECK(event.value >= core::kNoValue, "a negative value");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const ingest::Mapping fixed = *ingest::Mapping::parse(kMapping);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t nul = bytes.find('\0');
  if (nul == std::string_view::npos) {
    run(fixed, bytes);
    return 0;
  }
  const auto mapping = ingest::Mapping::parse(bytes.substr(0, nul));
  if (mapping) {
    run(*mapping, bytes.substr(nul + 1));
  } else {
    CHECK(!mapping.error().message.empty(), "a refusal without reason");
  }
  return 0;
}
