#include "ingest/json_events.h"

#include <utility>

#include "ingest/instant.h"
#include "ingest/json_reader.h"

namespace ingest {

struct JsonEvents::Parser {
  JsonReader reader;
  Fields fields;
  Fault fault;
};

namespace {

using Shape = JsonReader::Shape;

constexpr std::string_view kCloudPrefix = "com.ringside.";
constexpr std::uint64_t kAttributeKeys =
    bits({Key::type, Key::id, Key::source, Key::time, Key::subject, Key::specversion,
          Key::datacontenttype, Key::data_base64});

// Where the values of a document lie, for the pointers of faults.
struct Places {
  std::string_view attributes = "/";
  std::string_view payload = "/";
};

std::string where(const Fault& fault, const Places& places) {
  if (fault.key == Key::none) return "";
  const bool attribute = (kAttributeKeys & bit(fault.key)) != 0;
  std::string text(attribute ? places.attributes : places.payload);
  if (fault.leg >= 0) text += "legs/" + std::to_string(fault.leg) + "/";
  text += name(fault.key);
  return text;
}

bool is_json_type(std::string_view type) {
  const std::string_view essence = type.substr(0, type.find(';'));
  return essence == "application/json" || essence.ends_with("+json");
}

// The key that a type's subject goes to.
Key subject_key(std::string_view type) {
  if (type.starts_with("call.")) return Key::call;
  if (type.starts_with("agent.")) return Key::agent;
  if (type.starts_with("queue.")) return Key::queue;
  return Key::ticket;
}

bool fail(Fault& fault, const char* code, const char* message, Key key) {
  fault = {code, message, key, -1};
  return false;
}

// What the CloudEvents envelope adds: its version, the prefix of its types, the subject.
bool open_envelope(Slots& item, Fault& fault) {
  if (!item.has(Key::specversion)) {
    return fail(fault, "missing_field", "specversion is required", Key::specversion);
  }
  if (item.text(Key::specversion) != "1.0") {
    return fail(fault, "bad_value", "only CloudEvents 1.0 is read", Key::specversion);
  }
  if (item.has(Key::data_base64)) {
    return fail(fault, "bad_value", "send data as a JSON object", Key::data_base64);
  }
  const std::string_view content = item.text(Key::datacontenttype);
  if (!content.empty() && !is_json_type(content)) {
    return fail(fault, "bad_value", "data must be JSON", Key::datacontenttype);
  }
  std::string_view type = item.text(Key::type);
  if (type.starts_with(kCloudPrefix)) type.remove_prefix(kCloudPrefix.size());
  item.put(Key::type, type);
  const Key key = subject_key(type);
  if (!item.has(key)) item.put(key, item.text(Key::subject));
  return true;
}

SourceOptions without_default(const SourceOptions& options) {
  SourceOptions changed = options;
  changed.source = {};  // a CloudEvent names its source
  return changed;
}

// The attributes of a binary-mode event, held to the same rules as the same words in JSON.
bool put_attributes(const CloudAttributes& attributes, Slots& item, Fault& fault) {
  // Stage one of the parser has not seen these bytes.
  const std::pair<Key, std::string_view> texts[] = {
      {Key::type, attributes.type},       {Key::id, attributes.id},
      {Key::source, attributes.source},   {Key::subject, attributes.subject},
      {Key::specversion, attributes.specversion},
  };
  for (const auto& [key, text] : texts) {
    const char* code = is_utf8(text) ? text_fault(text) : "bad_text";
    if (code) return fail(fault, code, "not a short text of UTF-8 without control characters", key);
    item.put(key, text);
  }
  if (attributes.time.empty()) return true;
  const auto time = parse_rfc3339(attributes.time);
  if (!time) return fail(fault, "bad_time", "not an RFC 3339 time", Key::time);
  item.put(Key::time, *time);
  return true;
}

}  // namespace

JsonEvents::JsonEvents() : parser_(std::make_unique<Parser>()) {}
JsonEvents::~JsonEvents() = default;
JsonEvents::JsonEvents(JsonEvents&&) noexcept = default;
JsonEvents& JsonEvents::operator=(JsonEvents&&) noexcept = default;

bool JsonEvents::native(std::string_view text, std::size_t index, const SourceOptions& options,
                        core::Time now, Batch& batch) {
  auto& [reader, fields, fault] = *parser_;
  fields.clear();
  if (!reader.read(text, Shape::native, fields, batch.arena)) {
    batch.refuse(index, std::move(reader.error()));
    return false;
  }
  if (assemble(fields, index, options, now, batch, fault)) return true;
  batch.refuse(index, {fault.code, fault.message, where(fault, {})});
  return false;
}

bool JsonEvents::cloud_event(std::string_view text, std::size_t index,
                             const SourceOptions& options, core::Time now, Batch& batch) {
  auto& [reader, fields, fault] = *parser_;
  fields.clear();
  if (!reader.read(text, Shape::envelope, fields, batch.arena)) {
    batch.refuse(index, std::move(reader.error()));
    return false;
  }
  if (open_envelope(fields.item, fault) &&
      assemble(fields, index, without_default(options), now, batch, fault)) {
    return true;
  }
  batch.refuse(index, {fault.code, fault.message, where(fault, {"/", "/data/"})});
  return false;
}

bool JsonEvents::cloud_data(const CloudAttributes& attributes, std::string_view text,
                            std::size_t index, const SourceOptions& options, core::Time now,
                            Batch& batch) {
  auto& [reader, fields, fault] = *parser_;
  fields.clear();
  if (!text.empty() && !reader.read(text, Shape::payload, fields, batch.arena)) {
    batch.refuse(index, std::move(reader.error()));
    return false;
  }
  if (put_attributes(attributes, fields.item, fault) && open_envelope(fields.item, fault) &&
      assemble(fields, index, without_default(options), now, batch, fault)) {
    return true;
  }
  batch.refuse(index, {fault.code, fault.message, where(fault, {"ce-", "/"})});
  return false;
}

}  // namespace ingest
