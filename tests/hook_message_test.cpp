// The shapes of hooks: what they hold, that they are well formed, and how long they may be; their signatures against
// what others compute.
#include "server/hook_message.h"

#include <simdjson.h>

#include "server/hook_signature.h"
#include "tests/program.h"

#include <catch2/catch.hpp>

namespace {

using server::HookMessage;
using server::Receiver;
using server::ReceiverKind;

constexpr core::Time kNow = 1'772'445'600'000;

core::Alert alert(const std::string& key, core::AlertStep step = core::AlertStep::fired) {
  core::Alert alert;
  alert.key = key;
  alert.name = "sla.first_response";
  alert.scope = "queue/sales";
  alert.severity = core::Severity::critical;
  alert.state = core::AlertState::firing;
  alert.step = step;
  alert.episode = 2;
  alert.version = 9;
  alert.at = alert.noticed = kNow;
  alert.started = alert.fired = kNow - 60'000;
  alert.due = kNow - 60'000;
  alert.record_kind = "ticket";
  alert.record_id = "T-1";
  alert.summary = "Ticket T-1 <has> \"no\" answer & \\ waits\nüber 1 h";
  alert.labels = {{"9-lives", "x"}, {"queue", "sales"}, {"severity", "mine"}};
  return alert;
}

HookMessage message(std::vector<core::Alert> alerts) {
  HookMessage told;
  told.tenant = "acme";
  core::Notice notice{std::string(32, 'a'), "ops", "order/1", kNow, std::move(alerts)};
  server::add_notice(told, notice, 17);
  return told;
}

Receiver of(ReceiverKind kind) {
  Receiver one;
  one.name = "ops";
  one.kind = kind;
  one.external_url = "https://wall.example.com/?a=1&b=2";
  one.routing_key.value = std::string(32, 'k');
  one.from = "Ringside Köln <alerts@example.com>";
  one.to = {"anna@example.com", "Bo <bo@example.com>"};
  return one;
}

constexpr ReceiverKind kJson[] = {ReceiverKind::generic, ReceiverKind::cloudevents,  ReceiverKind::slack,
                                  ReceiverKind::teams,   ReceiverKind::pagerduty, ReceiverKind::alertmanager};

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

}  // namespace

TEST_CASE("every shape is JSON, whatever is in the texts, and no longer than its receiver takes") {
  simdjson::dom::parser parser;
  const std::string hostile = "\x01\t\"'</script>{{}}*_[x](http://evil)`<!channel> \xF0\x9F\x98\x80 ü";
  for (const ReceiverKind kind : kJson) {
    for (const int count : {1, 3, 60}) {
      for (const int length : {1, 400}) {
        std::vector<core::Alert> alerts;
        for (int i = 0; i < count; ++i) {
          const auto step = i % 2 == 0 ? core::AlertStep::fired : core::AlertStep::resolved;
          core::Alert one = alert("key/" + std::to_string(i), step);
          if (i % 2 == 1) one.ended = kNow;
          one.summary = one.reason = repeated(hostile, length);
          one.labels.emplace_back("hostile", repeated(hostile, length));
          alerts.push_back(one);
        }
        for (const server::HookRequest& request : server::render(message(alerts), of(kind), kNow)) {
          CAPTURE(server::name(kind), count, length);
          CHECK(parser.parse(request.body).error() == simdjson::SUCCESS);
          if (kind == ReceiverKind::generic || kind == ReceiverKind::cloudevents) {
            CHECK(request.body.size() <= server::kLargestGeneric);
          }
          if (kind == ReceiverKind::teams) CHECK(request.body.size() <= server::kLargestCard);
          if (kind == ReceiverKind::slack) CHECK(request.body.size() <= 40'000);
        }
      }
    }
  }
}

TEST_CASE("a generic body says what happened, to what, and which version of it") {
  const std::string body = server::generic_body(message({alert("a")}));
  simdjson::dom::parser parser;
  const simdjson::dom::element root = parser.parse(body);
  CHECK(std::string_view(root["type"]) == "alert.fired");
  CHECK(std::string_view(root["timestamp"]) == "2026-03-02T10:00:00.000Z");
  CHECK(std::uint64_t(root["data"]["version"]) == 17);
  CHECK(std::string_view(root["data"]["order"]) == "order/1");
  const simdjson::dom::element told = root["data"]["alerts"].at(0);
  CHECK(std::string_view(told["key"]) == "a");
  CHECK(std::string_view(told["severity"]) == "critical");
  CHECK(std::int64_t(told["fired"]) == kNow - 60'000);
  CHECK(std::string_view(told["record"]["id"]) == "T-1");
  CHECK(root["data"]["covers"].error() == simdjson::NO_SUCH_FIELD);
  const simdjson::dom::element event = parser.parse(server::cloudevents_body(message({alert("a")})));
  CHECK(std::string_view(event["type"]) == "ringside.alert.fired");
  CHECK(server::message_type(message({alert("a"), alert("b")})) == "alert.group");
}

TEST_CASE("later notices replace what they tell of and cover the earlier ones") {
  HookMessage told = message({alert("a"), alert("b")});
  core::Alert newer = alert("a", core::AlertStep::resolved);
  newer.version = 10;
  newer.ended = kNow;
  core::Alert older = alert("b", core::AlertStep::warned);
  older.version = 8;
  server::add_notice(told, {std::string(32, 'b'), "ops", "order/1", kNow + 5, {newer, older, alert("c")}}, 18);
  CHECK(told.id == std::string(32, 'b'));
  CHECK(told.covers == std::vector<std::string>{std::string(32, 'a')});
  CHECK(told.version == 18);
  REQUIRE(told.alerts.size() == 3);
  CHECK(told.alerts[0].step == core::AlertStep::resolved);
  CHECK(told.alerts[1].step == core::AlertStep::fired);
  CHECK_FALSE(told.over());
  CHECK(server::headline(told) == "[critical] 3 alerts, 1 of them over");
}

TEST_CASE("a PagerDuty key has at most 255 bytes and stays the same over an episode") {
  simdjson::dom::parser parser;
  const auto key_of = [&](const core::Alert& one) {
    const std::string body = server::pagerduty_body(message({one}), one, of(ReceiverKind::pagerduty));
    return std::string(std::string_view(parser.parse(body)["dedup_key"]));
  };
  const std::string base = repeated("k", 300);
  CHECK(key_of(alert(base)).size() <= 255);
  CHECK(key_of(alert(base)) == key_of(alert(base, core::AlertStep::resolved)));
  CHECK(key_of(alert(base)) != key_of(alert(base + "x")));
  core::Alert next = alert("a");
  next.episode = 3;
  CHECK(key_of(alert("a")) != key_of(next));
}

TEST_CASE("Alertmanager's labels have names it takes, and ours win") {
  simdjson::dom::parser parser;
  const std::string body = server::alertmanager_body({alert("a")}, "acme", of(ReceiverKind::alertmanager), kNow);
  const simdjson::dom::element labels = parser.parse(body).at(0)["labels"];
  CHECK(std::string_view(labels["alertname"]) == "sla.first_response");
  CHECK(std::string_view(labels["severity"]) == "critical");
  CHECK(std::string_view(labels["_9_lives"]) == "x");
  CHECK(std::string_view(labels["queue"]) == "sales");
}

TEST_CASE("a mail has the headers it needs, one line each, and hangs together over an episode") {
  HookMessage told = message({alert("a")});
  told.alerts[0].summary = "Wartezeit\r\nBcc: evil@example.com\r\n\r\nüber 1 h";
  const std::string mail = server::mail_text(told, of(ReceiverKind::mail), kNow);
  const std::string head = mail.substr(0, mail.find("\r\n\r\n"));
  CHECK(head.find("\nBcc") == std::string::npos);
  CHECK(head.find("From: =?UTF-8?B?") == 0);
  CHECK(head.find("<alerts@example.com>\r\n") != std::string::npos);
  CHECK(head.find("Date: Mon, 2 Mar 2026 10:00:00 +0000\r\n") != std::string::npos);
  CHECK(head.find("Message-ID: <" + std::string(32, 'a') + "@example.com>") != std::string::npos);
  for (std::size_t from = 0; from < mail.size();) {
    const std::size_t end = mail.find("\r\n", from);
    CHECK(end - from <= 998);
    if (end == std::string::npos) break;
    from = end + 2;
  }
  const auto thread = [](const std::string& text) {
    const std::size_t at = text.find("References: ");
    return text.substr(at, text.find("\r\n", at) - at);
  };
  HookMessage later = told;
  later.id = std::string(32, 'b');
  CHECK(thread(server::mail_text(later, of(ReceiverKind::mail), kNow + 5)) == thread(mail));
  later.alerts[0].episode = 3;
  CHECK(thread(server::mail_text(later, of(ReceiverKind::mail), kNow + 5)) != thread(mail));
}

TEST_CASE("texts are cut between characters") {
  const std::string text = repeated("ü", 50);
  for (std::size_t n = 4; n < 60; ++n) {
    const std::string cut = server::shortened(text, n);
    CHECK(cut.size() <= n);
    CHECK(simdjson::validate_utf8(cut.data(), cut.size()));
  }
  CHECK(server::iso_instant(-1) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("signatures are those that the Standard Webhooks library computes") {
  // Made with the reference library for Python, standardwebhooks 1.0.
  const auto key = server::SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  REQUIRE(key);
  CHECK(key->sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})") ==
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  const std::vector<server::SigningKey> both{*key, *server::SigningKey::parse("whsec_" + repeated("A", 32))};
  CHECK(server::signatures(both, "a", 1, "b").find(" v1,") != std::string::npos);
  for (const char* bad : {"", "whsec_", "whsec_MfKQ9r8G", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsk_AAAA",
                          "whsec_!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!"}) {
    CAPTURE(bad);
    CHECK_FALSE(server::SigningKey::parse(bad));
  }
  CHECK_FALSE(server::SigningKey::parse("whsec_" + repeated("A", 88)));
}

TEST_CASE("openssl verifies what we sign") {
  if (output_of("openssl version").empty()) {
    WARN("skipped: no openssl on the path");
    return;
  }
  const std::string mac = output_of(
      "printf %s 'msg_1.1614265330.{\"a\":1}' | openssl dgst -sha256 -mac HMAC -macopt "
      "hexkey:$(printf %s MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw | openssl base64 -d -A | od -An -tx1 | tr -d ' \\n') "
      "-binary | openssl base64 -A");
  const auto key = server::SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  CHECK("v1," + mac == key->sign("msg_1", 1614265330, R"({"a":1})"));

  // Ed25519: a new key of openssl's, its seed in our form, our signature verified by openssl.
  const std::string verdict = output_of(
      "d=$(mktemp -d) && cd $d && openssl genpkey -algorithm ed25519 -out key.pem && "
      "openssl pkey -in key.pem -pubout -out pub.pem && openssl pkey -in key.pem -outform DER | tail -c 32 | "
      "openssl base64 -A && echo \" $d\"");
  const std::size_t blank = verdict.find(' ');
  REQUIRE(blank != std::string::npos);
  const std::string folder = verdict.substr(blank + 1, verdict.size() - blank - 2);
  const auto pair = server::SigningKey::parse("whsk_" + verdict.substr(0, blank));
  REQUIRE(pair);
  const std::string text = pair->sign("msg_1", 1614265330, R"({"a":1})");
  REQUIRE(text.starts_with("v1a,"));
  const std::string said = output_of("cd " + folder + " && printf %s '" + text.substr(4) +
                                     "' | openssl base64 -d -A > sig && printf %s 'msg_1.1614265330.{\"a\":1}' > msg "
                                     "&& openssl pkeyutl -verify -pubin -inkey pub.pem -rawin -in msg -sigfile sig; "
                                     "rm -r " + folder);
  CHECK(said.find("Signature Verified Successfully") != std::string::npos);
}
