// JSON documents by a mapping file (docs/mapping.md): everybody's webhook without a line of code.
//
// A document is one record or holds a list of them; columns are JSON pointers into a record, or from the document's
// root when they begin with "//". A list of texts or numbers is its words, sorted, with commas between. The tables of
// the source for agents and queues, its prefix and its pseudonyms hold here too: `customer` is what recognises the
// customer at the sender, and leaves as a pseudonym, or not at all without a secret.
#include <algorithm>

#include "ingest/document_format.h"
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
  void document(JsonValue root) override;

 private:
  void record(JsonValue root, JsonValue record);
  std::string_view cell(JsonValue value);
  void adopt(std::size_t from);

  const Mapping mapping_;
  MappedRow row_;
  std::size_t count_ = 0;
};

void MappedJson::document(JsonValue root) {
  const std::string& records = mapping_.plan().records;
  if (records.empty()) return record(root, root);
  const JsonValue list = root.pointer(records);
  if (!list.is_list()) return refuse("missing_field", "there is no list of records where the mapping looks", records);
  list.each([&](JsonValue one) { record(root, one); });
}

std::string_view MappedJson::cell(JsonValue value) {
  if (!value.is_list()) return join({value.word()});
  std::vector<std::string> words;
  value.each([&](JsonValue one) { words.push_back(one.word()); });
  std::sort(words.begin(), words.end());
  std::string all;
  for (const std::string& word : words) all.append(all.empty() ? "" : ",").append(word);
  return join({all});
}

void MappedJson::record(JsonValue root, JsonValue record) {
  const auto& columns = mapping_.plan().columns;
  row_.cells.resize(columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::string_view pointer = columns[i].pointer;
    row_.cells[i] = pointer.starts_with("//") ? cell(root.pointer(pointer.substr(1))) : cell(record.pointer(pointer));
  }
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

void MappedJson::adopt(std::size_t from) {
  Batch& batch = out().batch;
  Arena& arena = batch.arena;
  for (std::size_t i = from; i < batch.events.size(); ++i) {
    core::Event& event = batch.events[i];
    const core::About about = core::about(event.type);
    event.source = options().source;
    event.agent = agent(event.agent);
    event.queue = queue(event.queue);
    event.customer = customer(event.customer);
    if (about == core::About::agent) event.subject = agent(event.subject);
    else if (about == core::About::queue) event.subject = queue(event.subject);
    else event.subject = subject(event.subject);
    for (std::string_view* text :
         {&event.source, &event.id, &event.subject, &event.agent, &event.queue, &event.team, &event.site,
          &event.channel, &event.priority, &event.text, &event.reason, &event.by, &event.customer}) {
      *text = arena.keep(*text);
    }
  }
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
