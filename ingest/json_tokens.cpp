#include "ingest/json_tokens.h"

#include <simdjson.h>

#include "windows/check.h"

namespace ingest {

struct JsonTokens::Stage {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> parser;
  std::size_t max_bytes = 0;
};

JsonTokens::JsonTokens(std::size_t max_bytes) : stage_(std::make_unique<Stage>()) {
  // The depth is of simdjson's second stage, which is not used.
  const auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(
      max_bytes, 1, stage_->parser);
  CHECK(!error && stage_->parser, "no memory for a JSON parser");
  stage_->max_bytes = max_bytes;
}

JsonTokens::~JsonTokens() = default;

const char* JsonTokens::scan(std::string_view text) {
  CHECK(text.size() <= stage_->max_bytes, "a document longer than the parser was made for");
  auto& parser = *stage_->parser;
  const auto error = parser.stage1(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                                   simdjson::stage1_mode::regular);
  switch (error) {
    case simdjson::SUCCESS:
      begin_ = parser.structural_indexes.get();
      end_ = begin_ + parser.n_structural_indexes;
      return nullptr;
    case simdjson::EMPTY: return "there is no JSON value";
    case simdjson::UTF8_ERROR: return "not valid UTF-8";
    case simdjson::UNESCAPED_CHARS: return "a control character inside a string";
    case simdjson::UNCLOSED_STRING: return "a string is not closed";
    default: return "not JSON";
  }
}

bool is_utf8(std::string_view text) {
  return simdjson::validate_utf8(text.data(), text.size());
}

}  // namespace ingest
