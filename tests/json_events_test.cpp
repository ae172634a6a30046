// The native format: what is read, and for everything that is refused the exact code and place.
#include <algorithm>
#include <string>
#include <vector>

#include "ingest/body.h"
#include "ingest/instant.h"
#include "ingest/json_events.h"

#include <catch2/catch.hpp>  // last: its CHECK replaces ours

namespace {

using core::Event;
using core::EventType;
using ingest::Batch;
using ingest::JsonEvents;

constexpr core::Time kNow = 1'769'938'200'000;  // 2026-02-01T09:30:00Z

ingest::SourceOptions options() { return {.source = "pbx", .authority = 3}; }

Batch parse(std::string body, std::string_view type = "application/x-ndjson",
            std::vector<ingest::Header> headers = {}) {
  JsonEvents parser;
  return ingest::parse_body(parser, type, headers, std::move(body), options(), kNow);
}

// The one refusal of a one-line body as "code pointer", or "" when it was accepted.
std::string verdict(std::string line) {
  const Batch batch = parse(std::move(line));
  if (batch.refusals.empty()) return "";
  REQUIRE(batch.events.empty());
  REQUIRE(batch.refusals.size() == 1);
  const core::Error& error = batch.refusals[0].error;
  REQUIRE_FALSE(error.message.empty());
  return error.code + (error.where.empty() ? "" : " " + error.where);
}

// A good event with something more in it.
std::string with(const std::string& more) {
  return R"({"type":"call.queued","id":"1","time":1769938199000,"call":"c1","queue":"sales")" +
         more + "}";
}

std::string nested(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') +
         std::string(static_cast<std::size_t>(depth), ']');
}

Event one(const std::string& line) {
  static std::vector<Batch> kept;
  kept.push_back(parse(line));
  if (!kept.back().refusals.empty()) {
    const core::Error& error = kept.back().refusals[0].error;
    FAIL(error.code + " " + error.where + " " + error.message);
  }
  REQUIRE(kept.back().events.size() == 1);
  return kept.back().events[0];
}

const std::string kGood = with("");

}  // namespace

TEST_CASE("one event with everything a call can say") {
  const Event e = one(
      R"({"type":"call.answered","id":"e-1","source":"acd","time":"2026-02-01T09:29:59.500Z",)"
      R"("call":"c1","queue":"sales","agent":"1042","channel":"voice","priority":"high",)"
      R"("customer":"k9","wait_ms":8500})");
  CHECK(e.type == EventType::call_answered);
  CHECK_FALSE(e.final);
  CHECK(e.authority == 3);
  CHECK(e.source == "acd");
  CHECK(e.id == "e-1");
  CHECK(e.time == 1'769'938'199'500);
  CHECK(e.at == e.time);
  CHECK(e.subject == "c1");
  CHECK(e.queue == "sales");
  CHECK(e.agent == "1042");
  CHECK(e.channel == "voice");
  CHECK(e.priority == "high");
  CHECK(e.customer == "k9");
  CHECK(e.value == 8500);
  CHECK(e.is_public);
}

TEST_CASE("every type puts its fields where they belong") {
  const auto event = [](const std::string& type, const std::string& rest) {
    return one(R"({"type":")" + type + R"(","id":"1","time":1769938199000,)" + rest + "}");
  };
  CHECK(event("call.started", R"("call":"c","direction":"inbound")").text == "inbound");
  CHECK(event("call.queued", R"("call":"c","queue":"q")").queue == "q");
  CHECK(event("call.offered", R"("call":"c","agent":"a")").agent == "a");
  CHECK(event("call.no_answer", R"("call":"c","agent":"a","ring_ms":15000)").value == 15000);
  CHECK(event("call.held", R"("call":"c","agent":"a")").value == core::kNoValue);
  CHECK(event("call.resumed", R"("call":"c","agent":"a")").type == EventType::call_resumed);
  const Event moved =
      event("call.transferred", R"("call":"c","agent":"a","kind":"blind","talk_ms":7)");
  CHECK(moved.text == "blind");
  CHECK(moved.value == 7);
  CHECK(event("call.abandoned", R"("call":"c","wait_ms":3)").value == 3);
  CHECK(event("call.left", R"("call":"c","reason":"voicemail")").text == "voicemail");
  CHECK(event("call.ended", R"("call":"c","talk_ms":4)").value == 4);
  CHECK(event("call.wrapped", R"("call":"c","agent":"a","wrap_ms":5)").value == 5);
  const Event login = event("agent.login", R"("agent":"a","team":"t","site":"s")");
  CHECK(login.subject == "a");
  CHECK(login.agent.empty());
  CHECK(login.team == "t");
  CHECK(login.site == "s");
  const Event state = event("agent.state", R"("agent":"a","state":"break","reason":"lunch")");
  CHECK(state.text == "break");
  CHECK(state.reason == "lunch");
  CHECK(event("agent.logout", R"("agent":"a")").type == EventType::agent_logout);
  CHECK(event("agent.assigned", R"("agent":"a","team":"t")").team == "t");
  const Event assigned = event("queue.assigned", R"("queue":"q","team":"t","site":"s")");
  CHECK(assigned.subject == "q");
  CHECK(assigned.queue.empty());
  CHECK(event("ticket.created", R"("ticket":"t","queue":"q","by":"customer")").by == "customer");
  CHECK(event("ticket.assigned", R"("ticket":"t","agent":null)").agent.empty());
  CHECK(event("ticket.status", R"("ticket":"t","status":"on_hold")").text == "on_hold");
  const Event reply = event("ticket.reply", R"("ticket":"t","by":"agent","public":false)");
  CHECK_FALSE(reply.is_public);
  CHECK(event("ticket.priority", R"("ticket":"t","priority":"p1")").priority == "p1");
  CHECK(event("ticket.resolved", R"("ticket":"t")").type == EventType::ticket_resolved);
  CHECK(event("ticket.reopened", R"("ticket":"t")").type == EventType::ticket_reopened);
  CHECK(event("ticket.closed", R"("ticket":"t")").type == EventType::ticket_closed);
  const Event rated = event("ticket.rated", R"("ticket":"t","score":5,"scale":"csat")");
  CHECK(rated.value == 5);
  CHECK(rated.text == "csat");
}

TEST_CASE("accepted oddities") {
  for (const std::string& line : std::vector<std::string>{
           kGood, kGood + "   ", "  " + kGood, with(R"(,"x":null)"), with(R"(,"agent":null)"),
           with(R"(,"x":{"a":[1,2.5e3,-0,true,false,null,"\u00e9\ud83d\ude00"]})"),
           with(R"(,"x":1e999)"), with(R"(,"x":123456789012345678901234567890)"),
           with(R"(,"x":1,"x":2)"), with(R"(,"agent":"")"), with(R"(,"x":)" + nested(15)),
           with(R"(,"\u0078":1)"), with(",\"agent\":\"Jos\xC3\xA9\""),
           with(R"(,"agent":"a\/b\"c")"), with(R"(,"wait_ms":-0)")}) {
    INFO(line);
    CHECK(verdict(line) == "");
  }
}

TEST_CASE("refused: exact code and pointer") {
  struct Row {
    std::string line, verdict;
  };
  const std::string type = R"({"type":"call.queued",)";
  for (const Row& row : std::vector<Row>{
           // not JSON
           {"{", "malformed"},
           {"}", "malformed"},
           {"hello", "malformed"},
           {kGood.substr(0, kGood.size() - 1), "malformed"},
           {kGood.substr(0, kGood.size() - 3), "malformed"},
           {kGood.substr(0, 30), "malformed"},
           {kGood + kGood, "malformed"},
           {kGood + " " + kGood, "malformed"},
           {kGood + ",", "malformed"},
           {kGood + "}", "malformed"},
           {with(","), "malformed"},
           {R"({"id":1 "s":"two"})", "wrong_type /id"},
           {with(R"(,"x":1 "s":"two")"), "malformed"},
           {with(R"(,"x" 1)"), "malformed"},
           {with(R"(,"x":)"), "malformed /x"},
           {with(R"(,x:1)"), "malformed"},
           {with(R"(,'x':1)"), "malformed"},
           {with(R"(,"x":tru)"), "malformed /x"},
           {with(R"(,"x":[1,2})"), "malformed /x"},
           {with(R"(,"x":[1,])"), "malformed /x"},
           {with(R"(,"x":{"a":1,})"), "malformed /x"},
           {with(R"(,"x":01)"), "malformed /x"},
           {with(R"(,"x":1.)"), "malformed /x"},
           {with(R"(,"x":.5)"), "malformed /x"},
           {with(R"(,"x":+1)"), "malformed /x"},
           {with(R"(,"x":-)"), "malformed /x"},
           {with(R"(,"x":1e)"), "malformed /x"},
           {with(R"(,"x":0x10)"), "malformed /x"},
           {with(R"(,"x":NaN)"), "malformed /x"},
           {with(R"(,"x":-Infinity)"), "malformed /x"},
           {with(R"(,"x":"\x41")"), "malformed /x"},
           {with(R"(,"x":"\u12G4")"), "malformed /x"},
           {with(R"(,"x":"\ud800")"), "malformed /x"},
           {with(R"(,"x":"\udc00\ud800")"), "malformed /x"},
           {with(R"(,"agent":"\ud83dx")"), "malformed /agent"},
           {with(R"(,"\ud800":1)"), "malformed /\\ud800"},
           {with(",\"x\":\"\xFF\""), "malformed"},
           {with(",\"x\":\"\xC0\xAF\""), "malformed"},
           {with(",\"x\":\"\xED\xA0\x80\""), "malformed"},
           {with(",\"x\":\"a\tb\""), "malformed"},
           {with(",\"x\":\"" + std::string(1, '\0') + "\""), "malformed"},
           {with(std::string(1, '\0')), "malformed"},
           {std::string(1, '\0'), "malformed"},
           {with(R"(,"x":"open)"), "malformed"},
           {"\xEF\xBB\xBF" + kGood, "malformed"},
           {with(R"(,"a/b~c":tru)"), "malformed /a~1b~0c"},
           {with(R"(,"call":tru)"), "duplicate_key /call"},
           {with(R"(,"agent":tru)"), "malformed /agent"},
           {with("\f"), "malformed"},
           // size and shape
           {with(R"(,"x":")" + std::string(16 * 1024, 'a') + "\""), "too_large"},
           {with(R"(,"x":)" + nested(16)), "too_deep /x"},
           {with(R"(,"x":)" + nested(5000)), "too_deep /x"},
           {with(R"(,"x":{"a":)" + nested(15) + "}"), "too_deep /x"},
           {"[]", "wrong_type"},
           {"\"text\"", "wrong_type"},
           {"12", "wrong_type"},
           {"null", "wrong_type"},
           {"{}", "missing_field /type"},
           // keys
           {with(R"(,"call":"c1")"), "duplicate_key /call"},
           {with(R"(,"\u0063all":"c2")"), "duplicate_key /call"},
           {with(R"(,"id":"1")"), "duplicate_key /id"},
           {with(R"(,"agent":null,"agent":"a")"), "duplicate_key /agent"},
           // types
           {with(R"(,"agent":1042)"), "wrong_type /agent"},
           {with(R"(,"agent":["a"])"), "wrong_type /agent"},
           {with(R"(,"agent":{"id":"a"})"), "wrong_type /agent"},
           {with(R"(,"agent":true)"), "wrong_type /agent"},
           {with(R"(,"wait_ms":"12")"), "wrong_type /wait_ms"},
           {with(R"(,"wait_ms":1.0)"), "wrong_type /wait_ms"},
           {with(R"(,"wait_ms":1e3)"), "wrong_type /wait_ms"},
           {with(R"(,"wait_ms":[1])"), "wrong_type /wait_ms"},
           {with(R"(,"public":1)"), "wrong_type /public"},
           {with(R"(,"public":"true")"), "wrong_type /public"},
           {with(R"(,"legs":{})"), "wrong_type /legs"},
           {with(R"(,"legs":[1])"), "wrong_type /legs/0"},
           {with(R"(,"legs":[{"agent":1}])"), "wrong_type /legs/0/agent"},
           {with(R"(,"legs":[{},{"agent":"a","agent":"b"}])"), "duplicate_key /legs/1/agent"},
           // numbers and texts
           {with(R"(,"wait_ms":9223372036854775808)"), "number_out_of_range /wait_ms"},
           {with(R"(,"wait_ms":-99999999999999999999)"), "number_out_of_range /wait_ms"},
           {with(R"(,"wait_ms":604800001)"), "bad_duration /wait_ms"},
           {with(R"(,"agent":")" + std::string(129, 'a') + "\""), "too_long /agent"},
           {with(R"(,"agent":"a\u0000b")"), "bad_text /agent"},
           {with(R"(,"agent":"a\nb")"), "bad_text /agent"},
           {with(",\"agent\":\"a\x7F\""), "bad_text /agent"},
           {with(",\"agent\":\"a\xC2\x85\""), "bad_text /agent"},
           {with(R"(,"agent":"\u0085")"), "bad_text /agent"},
           // type
           {R"({"type":"call.parked","id":"1","time":1769938199000,"call":"c"})",
            "unknown_type /type"},
           {R"({"type":"CALL.QUEUED","id":"1","time":1769938199000,"call":"c"})",
            "unknown_type /type"},
           {R"({"type":"call.hold_total","id":"1","time":1769938199000,"call":"c"})",
            "unknown_type /type"},
           {R"({"type":"","id":"1","time":1769938199000,"call":"c"})", "missing_field /type"},
           {R"({"type":7,"id":"1","time":1769938199000,"call":"c"})", "wrong_type /type"},
           // required fields
           {type + R"("time":1769938199000,"call":"c","queue":"q"})", "missing_field /id"},
           {type + R"("id":"1","call":"c","queue":"q"})", "missing_field /time"},
           {type + R"("id":"1","time":1769938199000,"queue":"q"})", "missing_field /call"},
           {type + R"("id":"1","time":1769938199000,"call":"c"})", "missing_field /queue"},
           {type + R"("id":"","time":1769938199000,"call":"c","queue":"q"})", "missing_field /id"},
           {type + R"("id":null,"time":1769938199000,"call":"c","queue":"q"})",
            "missing_field /id"},
           {R"({"type":"call.answered","id":"1","time":1769938199000,"call":"c"})",
            "missing_field /agent"},
           {R"({"type":"ticket.rated","id":"1","time":1769938199000,"ticket":"t","scale":"nps"})",
            "missing_field /score"},
           // words and ranges
           {R"({"type":"agent.state","id":"1","time":1769938199000,"agent":"a","state":"lunch"})",
            "bad_value /state"},
           {R"({"type":"call.left","id":"1","time":1769938199000,"call":"c","reason":"bored"})",
            "bad_value /reason"},
           {R"({"type":"ticket.reply","id":"1","time":1769938199000,"ticket":"t","by":"bot"})",
            "bad_value /by"},
           {R"({"type":"ticket.rated","id":"1","time":1769938199000,"ticket":"t","scale":"csat",)"
            R"("score":0})",
            "bad_value /score"},
           // times
           {type + R"("id":"1","time":"yesterday","call":"c","queue":"q"})", "bad_time /time"},
           {type + R"("id":"1","time":"2026-02-30T00:00:00Z","call":"c","queue":"q"})",
            "bad_time /time"},
           {type + R"("id":"1","time":1.5,"call":"c","queue":"q"})", "wrong_type /time"},
           {type + R"("id":"1","time":true,"call":"c","queue":"q"})", "wrong_type /time"},
           {type + R"("id":"1","time":1769938500001,"call":"c","queue":"q"})",
            "future_time /time"},
           {type + R"("id":"1","time":9223372036854775807,"call":"c","queue":"q"})",
            "future_time /time"},
           {type + R"("id":"1","time":"9999-12-31T23:59:59Z","call":"c","queue":"q"})",
            "future_time /time"},
           {type + R"("id":"1","time":1769938199,"call":"c","queue":"q"})", "past_time /time"},
           {type + R"("id":"1","time":-9223372036854775807,"call":"c","queue":"q"})",
            "past_time /time"},
           {type + R"("id":"1","time":"1989-12-31T23:59:59.999Z","call":"c","queue":"q"})",
            "past_time /time"},
       }) {
    INFO(row.line.substr(0, 200));
    CHECK(verdict(row.line) == row.verdict);
    // Whatever is wrong with a line, its neighbours are read.
    const Batch batch = parse(kGood + "\n" + row.line + "\n" + kGood);
    CHECK(batch.accepted == 2);
    CHECK(batch.refused == 1);
    CHECK(batch.items == std::vector<std::uint32_t>{0, 2});
    REQUIRE(batch.refusals.size() == 1);
    CHECK(batch.refusals[0].index == 1);
  }
}

TEST_CASE("the edges of the time range are accepted") {
  const auto at = [](const std::string& time) {
    return verdict(R"({"type":"agent.logout","id":"1","agent":"a","time":)" + time + "}");
  };
  CHECK(at("1769938500000") == "");
  CHECK(at("631152000000") == "");
  CHECK(at("631151999999") == "past_time /time");
}

TEST_CASE("negative durations are clamped and counted, and only when the event is accepted") {
  const Batch batch =
      parse(R"({"type":"call.answered","id":"1","time":1769938199000,"call":"c","agent":"a",)"
            R"("wait_ms":-1000})"
            "\n"
            R"({"type":"call.answered","id":"1","time":1769938199000,"call":"c","wait_ms":-1000})");
  REQUIRE(batch.events.size() == 1);
  CHECK(batch.events[0].value == 0);
  CHECK(batch.clamped == 1);
  CHECK(batch.refused_by_code.at("missing_field") == 1);
}

TEST_CASE("escaped texts are unescaped, also at the limit of their length") {
  CHECK(one(with(R"(,"agent":"Jos\u00e9 \ud83d\ude00")")).agent == "Jos\xC3\xA9 \xF0\x9F\x98\x80");
  CHECK(one(with(R"(,"agent":"a\"b\\c\/d")")).agent == "a\"b\\c/d");
  std::string escaped;
  for (int i = 0; i < 128; ++i) escaped += "\\u0061";
  CHECK(one(with(R"(,"agent":")" + escaped + "\"")).agent == std::string(128, 'a'));
  CHECK(verdict(with(R"(,"agent":")" + escaped + "a\"")) == "too_long /agent");
  CHECK(one(R"({"typ\u0065":"agent.logout","id":"1","agent":"a","time":1769938199000})").subject ==
        "a");
}

TEST_CASE("lines: endings, blanks, the last one, and the index counts every line") {
  const Batch batch = parse("\n" + kGood + "\r\n\r\n  \t\n" + kGood + "\n{}\n" + kGood);
  CHECK(batch.accepted == 3);
  CHECK(batch.items == std::vector<std::uint32_t>{1, 4, 6});
  REQUIRE(batch.refusals.size() == 1);
  CHECK(batch.refusals[0].index == 5);
  CHECK(parse("").accepted == 0);
  CHECK(parse("\n\n").refused == 0);
}

TEST_CASE("views stay valid when the batch moves") {
  Batch first = parse(with(R"(,"agent":"\u0061gent")"));
  const Batch second = std::move(first);
  REQUIRE(second.events.size() == 1);
  CHECK(second.events[0].queue == "sales");
  CHECK(second.events[0].agent == "agent");
  CHECK(second.events[0].source == "pbx");
  CHECK(second.bytes() > second.text->size());
}

TEST_CASE("an event at every offset of the body, so that block edges fall everywhere") {
  for (std::size_t n = 0; n < 130; ++n) {
    const std::string line = with(R"(,"x":")" + std::string(n, 'x') + R"(","agent":"\u0061")");
    CHECK(verdict(line) == "");
    for (std::size_t cut = 1; cut < line.size(); cut += 7) {
      CHECK(verdict(line.substr(0, cut)).starts_with("malformed"));
    }
  }
}

TEST_CASE("category and tags become events of their own, on whatever they come") {
  const auto texts = [](const std::string& line) {
    const Batch batch = parse(line);
    for (const auto& r : batch.refusals) FAIL(r.error.code + " " + r.error.where + " " + r.error.message);
    std::vector<std::string> all;
    for (const Event& e : batch.events) all.push_back(std::string(core::name(e.type)) + "=" + std::string(e.text));
    return all;
  };
  using Texts = std::vector<std::string>;
  CHECK(texts(with(R"(,"category":"billing","tags":["vip"," b","vip"])")) ==
        Texts{"call.queued=", "call.category=billing", "call.tags=b,vip"});
  CHECK(texts(with(R"(,"tags":"z, a,,z")")) == Texts{"call.queued=", "call.tags=a,z"});
  CHECK(texts(with(R"(,"tags":[])")) == Texts{"call.queued=", "call.tags="});
  CHECK(texts(with(R"(,"tags":null)")) == Texts{"call.queued="});
  CHECK(texts(with(R"(,"tags":"")")) == Texts{"call.queued="});
  CHECK(texts(R"({"type":"call.tags","id":"1","time":1769938199000,"call":"c1","tags":["b","a"],"category":"x"})") ==
        Texts{"call.tags=a,b", "call.category=x"});
  CHECK(texts(R"({"type":"agent.login","id":"1","time":1769938199000,"agent":"a1","tags":["b"]})") ==
        Texts{"agent.login="});
}

TEST_CASE("tags, promises and merges that are refused") {
  CHECK(verdict(with(R"(,"tags":["a,b"])")) == "bad_value /tags");
  CHECK(verdict(with(R"(,"tags":[1])")) == "wrong_type /tags");
  CHECK(verdict(with(R"(,"tags":{"a":1})")) == "wrong_type /tags");
  CHECK(verdict(with(R"(,"tags":["a\u0007"])")) == "bad_text /tags");
  CHECK(verdict(with(R"(,"tags":["a")")) == "malformed /tags");
  CHECK(verdict(with(R"(,"tags":")" + std::string(1'100, 'x') + "\"")) == "too_long /tags");
  const std::string left = R"({"type":"call.left","id":"1","time":1769938199000,"call":"c1","reason":"callback")";
  CHECK(one(left + R"(,"promised_at":1769938200000})").value == 1'000);
  CHECK(one(left + "}").value == core::kNoValue);
  CHECK(verdict(left + R"(,"promised_at":1769938198999})") == "bad_value /promised_at");
  CHECK(verdict(left + R"(,"promised_at":1770943000001})") == "bad_value /promised_at");
  CHECK(verdict(R"({"type":"ticket.merged","id":"1","time":1769938199000,"ticket":"t"})") == "missing_field /into");
  CHECK(verdict(R"({"type":"alert.silenced","id":"1","time":1769938199000,"alert":"t"})") == "unknown_type /type");
}
