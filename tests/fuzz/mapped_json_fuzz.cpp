#include "tests/fuzz/format_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ingest::FormatOptions options;
  options.mapping = R"(source = "f"
[json]
records = "/items"
[[event]]
type = { column = "/t", map = { a = "ticket.created", b = "call.record" }, default = "call.queued" }
id = "{#}-{//d}"
time = { first_of = [{ column = "/at", format = "epoch_s" }, { column = "/time" }] }
ticket = "{/id}"
call = "{/id}"
queue = "{/q/0}"
wait_ms = { column = "/w" }
outcome = { column = "/o", default = "answered" }
agent = "{/a}"
customer = "{/c}"
)";
  return fuzz::run("mapped_json", std::move(options), data, size);
}
