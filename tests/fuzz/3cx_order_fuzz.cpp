// An order of 3CX's fields that somebody configured (the first line), and records in whatever order they come.
#include "tests/fuzz/format_target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line = [&] {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view found = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return found;
  };
  ingest::FormatOptions options = fuzz::options_of("3cx_cdr");
  std::string_view order = line();
  while (!order.empty()) {
    const std::size_t end = std::min(order.find(','), order.size());
    options.more["fields"].emplace_back(order.substr(0, end));
    order.remove_prefix(std::min(end + 1, order.size()));
  }
  auto format = ingest::make_format("3cx_cdr", options);
  if (!format) {
    CHECK(format.error().where == "fields", "a refusal says where");
    return 0;
  }
  ingest::Intake out;
  while (!text.empty()) {
    ingest::Message message;
    message.bytes = line();
    (*format)->read(message, fuzz::kNow, out);
  }
  fuzz::check(out);
  return 0;
}
