// JSON documents by a mapping file (docs/mapping.md): everybody's webhook without a line of code.
//
// A document is one record or holds lists of them, which may lie in elements of other lists; columns are JSON pointers
// into a record, into what is around it ("../"), or from the document's root ("//"). A list of texts or numbers is its
// words, sorted, with commas between. The tables of the source for agents and queues, its prefix and its pseudonyms
// hold here too: `customer` is what recognises the customer at the sender, and leaves as a pseudonym, or not at all
// without a secret. A CloudEvent whose attributes are headers is read as if they stood around its data.
#include <algorithm>
#include <functional>

#include "ingest/document_format.h"
#include "ingest/form.h"
#include "ingest/formats_made.h"
#include "ingest/mapped_row.h"
#include "ingest/mapping.h"
#include "ingest/webhook_signature.h"

namespace ingest {

namespace {

class MappedJson : public DocumentFormat {
 public:
  MappedJson(FormatOptions options, Mapping mapping)
      : DocumentFormat(std::move(options)), mapping_(std::move(mapping)), row_(mapping_.plan()) {
    SourceOptions from;
    from.source = this->options().source;
    from.authority = this->options().authority;
    from.max_ahead = this->options().max_ahead;
    from.accept_from = this->options().accept_from;
    row_.speak_for(from);
  }

  // Nobody signs what somebody designed, but a secret can be sent along in a header.
  core::Status check(const Message& message, core::Time) const override {
    if (options().secret.empty()) return core::Done{};
    return check_secret_header(message, "x-api-key", options().secret);
  }

 protected:
  void message(const Message& message) override;
  void document(JsonValue root) override;

 private:
  // The elements around the one that is read, the document first.
  using Around = std::vector<JsonValue>;
  void records(JsonValue in, std::size_t step, Around& around);
  void record(JsonValue record, const Around& around);
  std::string_view cell(const JsonPath& path, JsonValue record, const Around& around);

  const Mapping mapping_;
  MappedRow row_;
  std::size_t count_ = 0;  // of the records of the document
};

void append_json(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    const auto u = static_cast<unsigned char>(c);
    if (u < 0x20) out.append("\\u00").append(1, kHex[u >> 4]).append(1, kHex[u & 15]);
    else out.append(c == '"' || c == '\\' ? "\\" : "").append(1, c);
  }
  out += '"';
}

// Binary mode: attributes are headers, the body is the data.
void MappedJson::message(const Message& message) {
  const bool whole = message.content_type.starts_with("application/cloudevents");
  if (whole || header(message, "ce-specversion").empty()) return DocumentFormat::message(message);
  std::string event = "{";
  for (const auto& [name, value] : message.headers) {
    const std::string key = lower(name);
    if (!key.starts_with("ce-") || key == "ce-data") continue;
    append_json(event, std::string_view(key).substr(3));
    event += ':';
    append_json(event, percent_decoded(value, false));
    event += ',';
  }
  event += R"("data":)";
  const bool json = message.content_type.empty() || lower(message.content_type).find("json") != std::string::npos;
  if (message.bytes.empty()) event += "null";
  else if (json) event += message.bytes;
  else append_json(event, message.bytes);
  event += '}';
  Message in_one = message;
  in_one.bytes = event;
  DocumentFormat::message(in_one);
}

void MappedJson::document(JsonValue root) {
  count_ = 0;
  Around around{root};
  if (mapping_.plan().records.empty()) return record(root, around);
  records(root, 0, around);
}

void MappedJson::records(JsonValue in, std::size_t step, Around& around) {
  const auto& path = mapping_.plan().records.steps();
  const JsonValue list = in.pointer(path[step]);
  if (!list.is_list() && !list.is_object()) {
    if (step > 0 && list.is_null()) return;  // this one has none
    return refuse("missing_field", "there is no list of records where the mapping looks", path[step]);
  }
  each_in(list, [&](JsonValue one) {
    if (step + 1 == path.size()) return record(one, around);
    around.push_back(one);
    records(one, step + 1, around);
    around.pop_back();
  });
}

std::string_view MappedJson::cell(const JsonPath& path, JsonValue record, const Around& around) {
  const auto& steps = path.steps();
  const JsonValue first = path.begin(record, around).pointer(steps[0]);
  if (steps.size() == 1 && !first.is_list()) return join({first.word()});
  std::vector<std::string> words;
  const std::function<void(JsonValue, std::size_t)> gather = [&](JsonValue value, std::size_t step) {
    if (step == steps.size()) {
      if (value.is_list()) value.each([&](JsonValue one) { words.push_back(one.word()); });
      else words.push_back(value.word());
      return;
    }
    each_in(value, [&](JsonValue one) { gather(one.pointer(steps[step]), step + 1); });
  };
  gather(first, 1);
  std::erase_if(words, [](const std::string& word) { return word.empty(); });
  std::sort(words.begin(), words.end());
  std::string all;
  for (const std::string& word : words) all.append(all.empty() ? "" : ",").append(word);
  return join({all});
}

void MappedJson::record(JsonValue record, const Around& around) {
  const auto& columns = mapping_.plan().columns;
  row_.cells.resize(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) row_.cells[i] = cell(columns[i].path, record, around);
  Batch& batch = out().batch;
  const std::size_t events = batch.events.size();
  const std::size_t accepted = batch.accepted;
  const auto filtered = [&] {
    std::uint64_t sum = 0;
    for (const auto& [name, count] : batch.filtered) sum += count;
    return sum;
  };
  const std::uint64_t before = filtered();
  if (row_.tell(++count_, true, now(), batch)) {
    if (filtered() != before) silent();
    adopt(events);
    return;
  }
  // What the row was refused with, and the document it is in.
  batch.accepted = accepted;
  const core::Error why = batch.refusals.empty() ? core::Error{"refused", "more than a batch can name", ""}
                                                  : batch.refusals.back().error;
  out().remainders.push_back({std::string(bytes()), why});
}

}  // namespace

MadeFormat make_mapped_json(FormatOptions options) {
  auto mapping = Mapping::parse(options.mapping);
  if (!mapping) return mapping.error();
  if (mapping->plan().layout != MappingPlan::Layout::json)
    return core::Error{"bad_mapping", "a mapping of JSON has a table [json]", ""};
  return std::unique_ptr<Format>(std::make_unique<MappedJson>(std::move(options), std::move(*mapping)));
}

}  // namespace ingest
