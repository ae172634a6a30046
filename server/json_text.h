// JSON text exactly as JavaScript's JSON.stringify writes it, so that a page can compute the checksum of what
// it holds (docs/stream.md) from the parsed values, and equal values are equal bytes.
// Numbers: shortest text that reads back as the same double. Values: safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/value.h"
#include "ingest/batch.h"
#include "windows/time.h"

namespace server {

void append_string(std::string& out, std::string_view text);  // quoted and escaped
void append_number(std::string& out, double number);          // finite (CHECK)
void append_integer(std::string& out, std::int64_t number);
void append_value(std::string& out, const core::Value& value);  // null when nothing is known
void append_instant(std::string& out, windows::Time time);      // null for kNever

// "errors":[{"index","code","pointer","message"},…]: what was refused of what was sent, by index (docs/rest.md).
void append_refusals(std::string& out, std::vector<ingest::Refusal> refusals);

std::string json_string(std::string_view text);
std::string json_value(const core::Value& value);

}  // namespace server
