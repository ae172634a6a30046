#include "server/quarantine_file.h"

#include <cstring>

#include "server/source_mark.h"

namespace server {
namespace {

constexpr std::string_view kFirst = "ringside quarantine 1\n";

void put_number(std::string& out, std::uint64_t number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void put_text(std::string& out, std::string_view text) {
  put_number(out, text.size());
  out.append(text);
}

// Reads what put_* wrote; once anything is wrong, everything is.
struct Reader {
  std::string_view rest;
  bool good = true;

  std::uint64_t number() {
    std::uint64_t value = 0;
    if (rest.size() < sizeof value) return good = false, 0;
    std::memcpy(&value, rest.data(), sizeof value);
    rest.remove_prefix(sizeof value);
    return value;
  }
  std::string text() {
    const std::uint64_t size = number();
    if (!good || size > rest.size()) return good = false, std::string();
    std::string value(rest.substr(0, size));
    rest.remove_prefix(size);
    return value;
  }
};

Quarantined get(Reader& reader) {
  Quarantined entry;
  entry.number = reader.number();
  entry.at = static_cast<windows::Time>(reader.number());
  for (std::string* text : {&entry.source, &entry.why.code, &entry.why.message, &entry.why.where,
                            &entry.content_type, &entry.url, &entry.bytes}) {
    *text = reader.text();
  }
  return entry;
}

}  // namespace

std::size_t Quarantined::size() const {
  return sizeof *this + source.size() + why.message.size() + why.where.size() + content_type.size() + url.size() +
         bytes.size();
}

void QuarantineWriter::add(const Quarantined& entry) {
  put_number(entries_, entry.number);
  put_number(entries_, static_cast<std::uint64_t>(entry.at));
  for (const std::string* text : {&entry.source, &entry.why.code, &entry.why.message, &entry.why.where,
                                  &entry.content_type, &entry.url, &entry.bytes}) {
    put_text(entries_, *text);
  }
}

std::string QuarantineWriter::take() {
  const std::string content = std::string(kFirst) + entries_;
  entries_.clear();
  std::string file;
  put_number(file, stored_hash(content));
  return file + content;
}

core::Result<std::vector<Quarantined>> quarantined(std::string_view file) {
  Reader reader{file};
  const std::uint64_t hash = reader.number();
  if (!reader.good || hash != stored_hash(reader.rest)) return core::Error{"bad_quarantine", "it is damaged", ""};
  if (!reader.rest.starts_with(kFirst)) return core::Error{"bad_quarantine", "it is of another version", ""};
  reader.rest.remove_prefix(kFirst.size());
  std::vector<Quarantined> entries;
  while (!reader.rest.empty()) {
    entries.push_back(get(reader));
    if (!reader.good) return core::Error{"bad_quarantine", "an entry is cut off", ""};
  }
  return entries;
}

}  // namespace server
