#include "ingest/form.h"

#include <algorithm>

namespace ingest {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char low = static_cast<char>(c | 0x20);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

}  // namespace

std::string percent_decoded(std::string_view text, bool plus) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      out += plus && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

void raw_form_fields(std::string_view body, RawFields& out) {
  out.clear();
  while (!body.empty()) {
    const std::size_t end = std::min(body.find('&'), body.size());
    const std::string_view pair = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    out.emplace_back(pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size())));
  }
}

FormFields form_fields(std::string_view body) {
  RawFields raw;
  raw_form_fields(body, raw);
  FormFields fields;
  fields.reserve(raw.size());
  for (const auto& [key, value] : raw) fields.emplace_back(percent_decoded(key, true), percent_decoded(value, true));
  return fields;
}

std::string_view field(const FormFields& fields, std::string_view name) {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.first == name; });
  return found == fields.end() ? std::string_view() : found->second;
}

}  // namespace ingest
