// DocumentFormat: what formats of JSON documents share: a body that is one document, an array of them, or one to a
// line, and times as such systems write them. See ingest/message_format.h. One thread at a time.
#pragma once

#include "ingest/json_value.h"
#include "ingest/message_format.h"

namespace ingest {

class DocumentFormat : public MessageFormat {
 public:
  using MessageFormat::MessageFormat;

 protected:
  void message(const Message& message) override;
  virtual void document(JsonValue root) = 0;

  // The bytes of the document that is being read, for ids; of one in a list without spaces.
  std::string_view bytes() const { return bytes_; }

 private:
  void read_one(std::string_view text);

  JsonDocument json_;
  std::string_view bytes_;
};

// RFC 3339, also with "+0100" for "+01:00", or epoch seconds or milliseconds; kNever when there is none.
core::Time instant_of(JsonValue value);
core::Time instant_of(std::string_view text);

}  // namespace ingest
