// Percent encoding and form bodies (application/x-www-form-urlencoded, and the query of a URL). Pure functions, any
// thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ingest {

// %XX undone, + a space when `plus`. A % that no two hex digits follow stands for itself, as senders leave it.
std::string percent_decoded(std::string_view text, bool plus);

// Keys and values as they are written; views into the text.
using RawFields = std::vector<std::pair<std::string_view, std::string_view>>;
void raw_form_fields(std::string_view body, RawFields& out);
// Whether percent_decoded(text, true) would change anything.
inline bool is_encoded(std::string_view text) {
  for (const char c : text) {
    if (c == '%' || c == '+') return true;
  }
  return false;
}

using FormFields = std::vector<std::pair<std::string, std::string>>;
FormFields form_fields(std::string_view body);

// The first field of the name; empty when there is none.
std::string_view field(const FormFields& fields, std::string_view name);

}  // namespace ingest
