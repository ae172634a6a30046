// The body of the fuzz targets of formats: the bytes of a source, cut by its framer in pieces the input chooses, read
// by its format. What comes out must be fit for the engine, and what is remembered must survive being written out.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>

#include "ingest/fields.h"
#include "ingest/formats.h"
#include "ingest/framing.h"
#include "ingest/json_tokens.h"
#include "windows/check.h"

namespace fuzz {

constexpr core::Time kNow = 1'790'000'000'000;

inline void check(const ingest::Intake& out) {
  CHECK(out.batch.events.size() == out.batch.items.size(), "every event has its item");
  CHECK(out.remainders.size() >= out.batch.refused, "what is refused is kept");
  for (std::size_t i = 0; i < out.batch.events.size(); ++i) {
    const core::Event& e = out.batch.events[i];
    CHECK(!e.id.empty() && !e.subject.empty() && !e.source.empty(), "an event without a name");
    CHECK(e.at <= kNow + windows::kHour && e.at > 0, "an event out of time");
    CHECK(e.value >= core::kNoValue && e.value <= ingest::kMaxDuration, "a value out of range");
    CHECK(i == 0 || out.batch.items[i] >= out.batch.items[i - 1], "items are together");
    const bool tags = e.type == core::EventType::ticket_tags || e.type == core::EventType::call_tags;
    CHECK(!tags || ingest::words_fault(e.text) == nullptr, "tags that native events could not have");
    const std::string_view text_of = tags ? std::string_view() : e.text;
    for (const std::string_view text : {e.id, e.subject, e.agent, e.queue, e.channel, e.priority, e.reason, text_of}) {
      CHECK(text.empty() || ingest::text_fault(text) == nullptr, "a text that native events could not have");
      CHECK(ingest::is_utf8(text), "a text that is no UTF-8");
    }
  }
}

struct Target {
  const char* name;  // of its file and its corpus
  const char* format;
};
inline constexpr Target kTargets[] = {{"3cx_cdr", "3cx_cdr"},
                                      {"amazon_connect", "amazon_connect"},
                                      {"ami", "asterisk_ami"},
                                      {"asterisk_cdr", "asterisk_cdr"},
                                      {"freeswitch_cdr", "freeswitch_cdr"},
                                      {"freeswitch_events", "freeswitch_events"},
                                      {"genesys", "genesys_cloud"},
                                      {"jira", "jira"},
                                      {"livechat", "livechat"},
                                      {"mapped_json", "mapped_json"},
                                      {"queue_log", "asterisk_queue_log"},
                                      {"twilio", "twilio_taskrouter"},
                                      {"zammad", "zammad"},
                                      {"zendesk", "zendesk"}};

inline ingest::FormatOptions options_of(std::string_view format) {
  ingest::FormatOptions options;
  options.source = "fuzz";
  options.secret = "secret";
  options.customer_secret = "secret";
  if (format == "asterisk_cdr") options.more["outbound_contexts"] = {"out"};
  if (format == "3cx_cdr") options.more["queue_numbers"] = {"960"};
  if (format == "freeswitch_events") options.more["wrap_up_s"] = {"30"};
  if (format == "mapped_json")
    options.mapping = R"(source = "f"
[json]
records = "/items"
[time]
format = ["rfc3339", "%a, %d %b %Y %I:%M:%S.%f %p %z"]
[[event]]
type = { column = "/t", map = { a = "ticket.created", b = "call.record" }, default = "call.queued" }
id = "{#}-{//d}"
time = { first_of = [{ column = "/at", format = "epoch_s" }, { column = "/time" }] }
ticket = "{/id}"
call = "{/id}"
queue = { column = "/q/0", after = "-", before = "." }
site = "{../d}"
tags = "{/l/*/n}"
category = { column = "/c", when = { column = "/c", begins_with = ["x", "y"] } }
wait_ms = { column = "/w" }
outcome = { column = "/o", default = "answered" }
agent = "{/a}"
customer = "{/c}"
)";
  return options;
}

// Events read. `take` gets what came out, for tests that want more.
template <class Take>
std::size_t run(std::string_view target, const std::uint8_t* data, std::size_t size, Take&& take) {
  const Target* const found =
      std::find_if(std::begin(kTargets), std::end(kTargets), [&](const Target& t) { return t.name == target; });
  CHECK(found != std::end(kTargets), "no such target");
  const ingest::FormatInfo* const info = ingest::format_named(found->format);
  CHECK(info != nullptr, "no such format");
  const ingest::FormatOptions options = options_of(found->format);
  const auto make = [&] {
    auto made = ingest::make_format(found->format, options);
    CHECK(made, "the options are good");
    return std::move(*made);
  };
  auto format = make();
  if (size == 0) return 0;
  const std::size_t piece = data[0] == 0 ? size : data[0];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  ingest::Framer framer(info->framing, 64 * 1024);
  ingest::Intake out;
  const auto read = [&](std::string_view text) {
    ingest::Message message;
    message.bytes = text;
    message.content_type = text.starts_with('{') ? "application/json" : "application/x-www-form-urlencoded";
    message.url = "https://x.example/?a=b";
    (void)format->check(message, kNow);
    format->read(message, kNow, out);
  };
  for (std::size_t i = 0; i < bytes.size(); i += piece) {
    framer.feed(bytes.substr(i, piece));
    while (const auto message = framer.next()) read(*message);
  }
  if (const auto rest = framer.rest()) read(*rest);
  const std::string memory = format->memory();
  auto again = make();
  CHECK(again->remember(memory), "a format reads its own memory");
  CHECK(again->memory() == memory, "and remembers the same");
  format->settle(kNow + windows::kMinute, out);
  check(out);
  (void)again->remember(bytes);
  take(out);
  return out.batch.events.size();
}

inline std::size_t run(std::string_view target, const std::uint8_t* data, std::size_t size) {
  return run(target, data, size, [](const ingest::Intake&) {});
}

}  // namespace fuzz
