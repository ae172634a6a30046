// Bodies: media types, arrays, CloudEvents, and whole-call records taken apart.
#include <string>
#include <vector>

#include "ingest/body.h"
#include "ingest/instant.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace {

using core::Event;
using core::EventType;
using ingest::Batch;
using ingest::Header;

constexpr core::Time kNow = 1'769'938'200'000;
constexpr core::Time kThen = 1'769'937'000'000;
const std::string kEvent =
    R"({"type":"call.queued","id":"1","time":1769938199000,"call":"c1","queue":"sales"})";

Batch parse(std::string body, std::string_view type, std::vector<Header> headers = {}) {
  ingest::JsonEvents parser;
  return ingest::parse_body(parser, type, headers, std::move(body), {.source = "api"}, kNow);
}

std::string verdict(const Batch& batch, std::size_t i = 0) {
  if (batch.refusals.size() <= i) return "";
  const auto& r = batch.refusals[i];
  return std::to_string(r.index) + " " + r.error.code +
         (r.error.where.empty() ? "" : " " + r.error.where);
}

// "type at value agent text" of each event, times relative to kThen in seconds.
std::string story(const Batch& batch) {
  std::string text = verdict(batch);
  for (const Event& e : batch.events) {
    CHECK(e.final);
    CHECK(e.subject == "c");
    text += std::string(core::name(e.type).substr(5)) + " " + std::to_string((e.at - kThen) / 1000);
    if (e.value != core::kNoValue) text += " =" + std::to_string(e.value / 1000);
    for (const auto word : {e.queue, e.agent, e.text}) {
      if (!word.empty()) text += " " + std::string(word);
    }
    text += "; ";
  }
  return text;
}

// A record whose instants are written as seconds after kThen.
std::string record(std::string fields) {
  std::string text = R"({"type":"call.record","id":"r","time":1769938000000,"call":"c",)";
  for (std::size_t at; (at = fields.find('@')) != std::string::npos;) {
    std::size_t used = 0;
    const int seconds = std::stoi(fields.substr(at + 1), &used);
    fields.replace(at, used + 1, std::to_string(kThen + seconds * 1000));
  }
  return text + fields + "}";
}

}  // namespace

TEST_CASE("media types") {
  for (const char* type : {"application/x-ndjson", "Application/NDJSON ; charset=UTF-8",
                           "application/jsonl", "application/json", ""}) {
    INFO(type);
    CHECK(parse(kEvent, type).accepted == 1);
  }
  for (const char* type : {"text/plain", "application/xml", "application/json; charset=latin-1",
                           "application/x-www-form-urlencoded"}) {
    INFO(type);
    CHECK(verdict(parse(kEvent, type)) == "0 unsupported_media_type");
  }
  CHECK(verdict(parse(kEvent + "\n" + kEvent, "application/json")) == "0 malformed");
  CHECK(parse("{\n" + kEvent.substr(1), "application/json").accepted == 1);
  CHECK(verdict(parse("", "application/json")) == "0 malformed");
}

TEST_CASE("arrays: one bad element costs that element") {
  const Batch batch =
      parse("[" + kEvent + ",{\"x\":[1,\"]},\\\"\"]} , " + kEvent + ",[]," + kEvent + "]", "");
  CHECK(batch.items == std::vector<std::uint32_t>{0, 2, 4});
  CHECK(verdict(batch, 0) == "1 missing_field /type");
  CHECK(verdict(batch, 1) == "3 wrong_type");

  CHECK(parse("[]", "").refused == 0);
  CHECK(parse(" [ ] ", "").refused == 0);
  for (const std::string tail : {"", ",", ",{", ",{\"a\":\"", "]]", "]x"}) {
    INFO(tail);
    const Batch cut = parse("[" + kEvent + tail, "application/json");
    CHECK(cut.refused == 1);
    CHECK(cut.refusals.at(0).error.code == "malformed");
    CHECK(cut.accepted <= 1);
  }
  CHECK(verdict(parse("[" + kEvent + ",]", "")) == "1 malformed");
  CHECK(verdict(parse("[" + kEvent + kEvent + "]", "")) == "0 malformed");
}

TEST_CASE("a body holds at most 10000 events") {
  std::string body;
  for (int i = 0; i < 10'005; ++i) body += kEvent + "\n";
  const Batch lines = parse(body, "");
  CHECK(lines.accepted == 10'000);
  CHECK(verdict(lines) == "10000 too_many");
  std::string array = "[";
  for (int i = 0; i < 10'005; ++i) array += kEvent + ",";
  CHECK(verdict(parse(array + "{}]", "")) == "10000 too_many");
}

TEST_CASE("CloudEvents, structured") {
  const std::string head = R"({"specversion":"1.0","id":"7","source":"/acd","type":)";
  const std::string tail = R"(,"time":"2026-02-01T09:29:00Z","data":{"call":"c1","queue":"q"}})";
  const std::string_view type = "application/cloudevents+json; charset=utf-8";
  const Batch good = parse(head + R"("com.ringside.call.queued")" + tail, type);
  REQUIRE(good.events.size() == 1);
  CHECK(good.events[0].source == "/acd");
  CHECK(good.events[0].subject == "c1");
  CHECK(good.events[0].queue == "q");
  CHECK(parse(head + R"("call.queued")" + tail, type).accepted == 1);
  CHECK(verdict(parse(head + R"("com.other.call")" + tail, type)) == "0 unknown_type /type");

  const auto with = [&](const std::string& more) {
    return verdict(parse(head + R"("call.queued",)" + more + "}", type));
  };
  const std::string time = R"("time":"2026-02-01T09:29:00Z",)";
  CHECK(with(time + R"("subject":"c1","data":{"queue":"q"})") == "");
  CHECK(with(time + R"("data":{"queue":"q"})") == "0 missing_field /data/call");
  CHECK(with(time + R"("subject":"c1","data":{"queue":5})") == "0 wrong_type /data/queue");
  CHECK(with(time + R"("subject":"c1","data":{"id":5,"queue":"q"})") == "");
  CHECK(with(time + R"("subject":"c1","data":[1])") == "0 wrong_type /data");
  CHECK(with(time + R"("data_base64":"e30=")") == "0 bad_value /data_base64");
  CHECK(with(time + R"("datacontenttype":"text/xml")") == "0 bad_value /datacontenttype");
  CHECK(with(R"("subject":"c1","data":{"queue":"q"})") == "0 missing_field /time");
  CHECK(verdict(parse(kEvent, type)) == "0 missing_field /specversion");
  CHECK(verdict(parse(R"({"specversion":"0.3","id":"7","source":"s","type":"x"})", type)) ==
        "0 bad_value /specversion");
  CHECK(verdict(parse(R"({"specversion":"1.0","id":"7","type":"call.queued","subject":"c",)"
                      R"("time":"2026-02-01T09:29:00Z","data":{"queue":"q"}})",
                      type)) == "0 missing_field /source");

  const std::string one = head + R"("call.queued")" + tail;
  const Batch batch =
      parse("[" + one + "," + kEvent + "," + one + "]", "application/cloudevents-batch+json");
  CHECK(batch.items == std::vector<std::uint32_t>{0, 2});
  CHECK(verdict(batch) == "1 missing_field /specversion");
  CHECK(verdict(parse(one, "application/cloudevents-batch+json")) == "0 wrong_type");
}

TEST_CASE("CloudEvents, binary") {
  const std::vector<Header> headers = {
      {"Ce-Specversion", "1.0"}, {"ce-id", "7"},          {"CE-Source", "/acd/caf%C3%A9"},
      {"ce-type", "call.queued"}, {"ce-subject", "c 1"}, {"ce-time", "2026-02-01T09:29:00Z"}};
  const Batch good = parse(R"({"queue":"q"})", "application/json", headers);
  REQUIRE(good.events.size() == 1);
  CHECK(good.events[0].source == "/acd/caf\xC3\xA9");
  CHECK(good.events[0].subject == "c 1");
  CHECK(verdict(parse("", "application/json", headers)) == "0 missing_field /queue");
  CHECK(verdict(parse(R"({"queue":1})", "application/json", headers)) == "0 wrong_type /queue");

  auto changed = headers;
  changed[5].second = "noon";
  CHECK(verdict(parse("{}", "application/json", changed)) == "0 bad_time ce-time");
  changed = headers;
  changed[1].second = "a%00b";
  CHECK(verdict(parse("{}", "application/json", changed)) == "0 bad_text ce-id");
  changed = headers;
  changed[2].second = "%ff";
  CHECK(verdict(parse("{}", "application/json", changed)) == "0 bad_text ce-source");
  changed = headers;
  changed.emplace_back("ce-id", "8");
  CHECK(verdict(parse("{}", "application/json", changed)) == "0 duplicate_key ce-id");
  changed = {{"ce-id", "7"}};
  CHECK(verdict(parse(kEvent, "application/json", changed)) == "0 missing_field ce-specversion");
}

TEST_CASE("records are taken apart") {
  const auto told = [](const std::string& fields) { return story(parse(record(fields), "")); };
  CHECK(told(R"("queue":"q","started_at":@0,"queued_at":@10,"answered_at":@30,"ended_at":@90,)"
             R"("agent":"a","wait_ms":20000,"talk_ms":50000,"hold_ms":10000,"wrap_ms":5000,)"
             R"("outcome":"answered","direction":"inbound")") ==
        "started 0 inbound; queued 10 q; answered 30 =20 q a; hold_total 90 =10 q a; "
        "ended 90 =50 q a; wrapped 95 =5 q a; ");
  // Computed from durations.
  CHECK(told(R"("queue":"q","queued_at":@10,"wait_ms":20000,"talk_ms":50000,"hold_ms":10000,)"
             R"("agent":"a","outcome":"answered")") ==
        "queued 10 q; answered 30 =20 q a; hold_total 90 =10 q a; ended 90 =50 q a; ");
  CHECK(told(R"("queue":"q","answered_at":@30,"wait_ms":20000,"outcome":"answered")") ==
        "queued 10 q; answered 30 =20 q; ");
  // Without a queue.
  CHECK(told(R"("answered_at":@30,"ended_at":@90,"wait_ms":0,"outcome":"answered")") ==
        "answered 30 =0; ended 90; ");
  CHECK(told(R"("queue":"q","queued_at":@10,"ended_at":@40,"wait_ms":30000,)"
             R"("outcome":"abandoned")") == "queued 10 q; abandoned 40 =30 q; ");
  CHECK(told(R"("queue":"q","ended_at":@40,"wait_ms":30000,"outcome":"voicemail")") ==
        "queued 10 q; left 40 q voicemail; ");
  CHECK(told(R"("queue":"q","started_at":@0,"ended_at":@9,"outcome":"abandoned_in_ivr")") ==
        "started 0; ended 9; ");
  CHECK(told(R"("queue":"q","queued_at":@10,"answered_at":@30,"agent":"a","outcome":"answered",)"
             R"("talk_ms":5000,"transferred":"blind")") ==
        "queued 10 q; answered 30 q a; transferred 35 =5 q a blind; ");
  CHECK(told(R"("queue":"q","queued_at":@10,"wait_ms":9000,"ended_at":@99,"outcome":"answered",)"
             R"("legs":[{"agent":"a","offered_at":@15,"answered_at":@19,"talk_ms":5000,)"
             R"("hold_ms":1000,"transferred":"attended","wrapped_at":@40},)"
             R"({"agent":"b","answered_at":@30}])") ==
        "queued 10 q; offered 15 q a; answered 19 =9 q a; hold_total 25 =1 q a; "
        "transferred 25 =5 q a attended; wrapped 40 q a; answered 30 q b; ended 99 q b; ");
}

TEST_CASE("records that cannot be read exactly are refused, whole") {
  const auto told = [](const std::string& fields) { return story(parse(record(fields), "")); };
  CHECK(told(R"("queue":"q")") == "0 missing_field /outcome");
  CHECK(told(R"("outcome":"lost")") == "0 bad_value /outcome");
  CHECK(told(R"("outcome":"answered")") == "0 missing_field /answered_at");
  CHECK(told(R"("outcome":"answered","queue":"q","answered_at":@9)") ==
        "0 missing_field /queued_at");
  CHECK(told(R"("outcome":"answered","queued_at":@9)") == "0 missing_field /queue");
  CHECK(told(R"("outcome":"abandoned","queue":"q","queued_at":@9)") == "0 missing_field /ended_at");
  CHECK(told(R"("outcome":"abandoned_in_ivr")") == "0 missing_field /ended_at");
  CHECK(told(R"("outcome":"answered","answered_at":@9,"transferred":"blind")") ==
        "0 missing_field /ended_at");
  CHECK(told(R"("outcome":"answered","answered_at":@9,"wrap_ms":1)") ==
        "0 missing_field /ended_at");
  CHECK(told(R"("outcome":"answered","started_at":@0,"direction":"up","answered_at":@9)") ==
        "0 bad_value /direction");
  const std::string legs = R"("outcome":"answered","started_at":@0,"legs":)";
  CHECK(told(legs + R"([{"answered_at":@9}])") == "0 missing_field /legs/0/agent");
  CHECK(told(legs + R"([{"agent":"a","answered_at":@9},{"agent":"b","answered_at":@10}])") ==
        "0 missing_field /legs/0/transferred");
  CHECK(told(legs + R"([{"agent":"a","answered_at":@9,"transferred":"odd"}])") ==
        "0 bad_value /legs/0/transferred");
  CHECK(told(legs + R"([{"agent":"a","answered_at":@99999}])") ==
        "0 future_time /legs/0/answered_at");
  CHECK(told(R"("outcome":"answered","answered_at":@9,"ended_at":99)") == "0 past_time /ended_at");
  CHECK(told(R"("outcome":"answered","answered_at":@1199,"talk_ms":604800000)") ==
        "0 future_time");
  std::string many = "[";
  for (int i = 0; i < 33; ++i) many += i == 0 ? "{}" : ",{}";
  CHECK(told(legs + many + "]") == "0 too_many /legs/32");
}
