// What is wrong with a receiver is said, by key; secrets come from where they are.
#include "server/receivers.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

namespace {

using server::Receiver;
using server::ReceiverKind;

Receiver good(ReceiverKind kind = ReceiverKind::generic) {
  Receiver one;
  one.name = "ops";
  one.kind = kind;
  if (kind == ReceiverKind::mail) {
    one.server = "smtp.example.com:587";
    one.from = "Ringside <alerts@example.com>";
    one.to = {"anna@example.com"};
  } else if (kind == ReceiverKind::pagerduty) {
    one.routing_key = {std::string(32, 'k'), {}, {}};
  } else {
    one.urls = {{"https://hooks.example.com/x", {}, {}}};
  }
  return one;
}

std::string wrong(const Receiver& receiver) {
  std::string keys;
  for (const core::Error& error : server::check(receiver)) {
    CHECK(error.code == "bad_receiver");
    CHECK(!error.message.empty());
    keys += (keys.empty() ? "" : " ") + error.where;
  }
  return keys;
}

}  // namespace

TEST_CASE("good receivers of every kind are good") {
  for (const char* name : {"generic", "cloudevents", "slack", "teams", "pagerduty", "alertmanager", "mail"}) {
    const auto kind = server::receiver_kind(name);
    REQUIRE(kind);
    CHECK(server::name(*kind) == name);
    CHECK(wrong(good(*kind)) == "");
  }
  CHECK_FALSE(server::receiver_kind("pigeon"));
  CHECK(good(ReceiverKind::slack).attempts_per_second() == 1);
  Receiver private_one = good(ReceiverKind::alertmanager);
  private_one.urls = {{"http://10.0.0.7:9093", {}, {}}, {"http://am-2.internal:9093/", {}, {}}};
  private_one.allow = {"10.0.0.0/8", "am-2.internal"};
  CHECK(wrong(private_one) == "");
}

TEST_CASE("what is wrong with a receiver is said by its key") {
  const auto with = [](ReceiverKind kind, const auto& change) {
    Receiver one = good(kind);
    change(one);
    return wrong(one);
  };
  const auto generic = ReceiverKind::generic, mail = ReceiverKind::mail, pager = ReceiverKind::pagerduty;
  CHECK(with(generic, [](Receiver& r) { r.name = "a b"; }) == "name");
  CHECK(with(generic, [](Receiver& r) { r.urls.clear(); }) == "urls");
  CHECK(with(generic, [](Receiver& r) { r.urls[0].value = "http://hooks.example.com/"; }) == "urls");
  CHECK(with(generic, [](Receiver& r) { r.urls[0].value = "https://127.0.0.1/"; }) == "urls");
  CHECK(with(generic, [](Receiver& r) { r.urls[0].value = "https://2130706433/"; }) == "urls");
  CHECK(with(generic, [](Receiver& r) { r.urls[0].value = "smtp://8.8.8.8:25"; }) == "urls");
  CHECK(with(generic, [](Receiver& r) { r.secrets = {{"whsec_short", {}, {}}}; }) == "secrets");
  CHECK(with(generic, [](Receiver& r) { r.secrets = {{}}; }) == "secrets");
  CHECK(with(generic, [](Receiver& r) { r.authorization.value = "Bearer x\r\nX-Evil: 1"; }) == "authorization");
  CHECK(with(generic, [](Receiver& r) { r.allow = {"10.0.0.0/40"}; }) == "allow");
  CHECK(with(generic, [](Receiver& r) { r.timeout = 10; }) == "timeout");
  CHECK(with(generic, [](Receiver& r) { r.concurrency = 0; }) == "concurrency");
  CHECK(with(generic, [](Receiver& r) { r.rate = 0.001; }) == "rate");
  CHECK(with(generic, [](Receiver& r) { r.external_url = "javascript:alert(1)"; }) == "external_url");
  CHECK(with(generic, [](Receiver& r) { r.routing_key.value = std::string(32, 'k'); }) == "routing_key");
  CHECK(with(generic, [](Receiver& r) { r.to = {"a@b"}; }) == "server");
  CHECK(with(ReceiverKind::slack, [](Receiver& r) { r.secrets = {{"x", {}, {}}}; }).starts_with("secrets"));
  CHECK(with(pager, [](Receiver& r) { r.routing_key = {}; }) == "routing_key");
  CHECK(with(pager, [](Receiver& r) { r.routing_key.value = "short"; }) == "routing_key");
  CHECK(with(pager, [](Receiver& r) { r.severities = {"low", "warning", "critical"}; }) == "severities");
  CHECK(with(mail, [](Receiver& r) { r.server.clear(); }) == "server");
  CHECK(with(mail, [](Receiver& r) { r.server = "127.0.0.1:25"; }) == "server");
  CHECK(with(mail, [](Receiver& r) { r.from = "nobody"; }) == "from");
  CHECK(with(mail, [](Receiver& r) { r.to.clear(); }) == "to");
  CHECK(with(mail, [](Receiver& r) { r.to = {"a@b.c>\r\nRCPT TO:<x@y.z"}; }) == "to");
  CHECK(with(mail, [](Receiver& r) { r.user = "u"; }) == "password");
  CHECK(with(mail, [](Receiver& r) { r.security = server::MailSecurity::none; }) == "security");
}

TEST_CASE("secrets are read from files and the environment, and their absence is said without them") {
  std::string folder = (std::filesystem::temp_directory_path() / "ringside-secret-XXXXXX").string();
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  const std::string path = folder + "/url";
  std::ofstream(path) << "https://hooks.example.com/from-file\r\n";
  setenv("RINGSIDE_TEST_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1);
  Receiver one = good();
  one.urls = {server::parse_sensitive("file:" + path)};
  one.secrets = {server::parse_sensitive("env:RINGSIDE_TEST_SECRET")};
  CHECK(wrong(one) == "");  // not read yet, not judged
  REQUIRE(server::load_secrets(one));
  CHECK(one.urls[0].value == "https://hooks.example.com/from-file");
  CHECK(one.secrets[0].value.starts_with("whsec_"));
  CHECK(wrong(one) == "");
  setenv("RINGSIDE_TEST_SECRET", "whsec_other", 1);
  REQUIRE(server::load_secrets(one));  // again, at a reload
  CHECK(wrong(one) == "secrets");
  unsetenv("RINGSIDE_TEST_SECRET");
  auto missing = server::load_secrets(one);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == "secret_missing");
  CHECK(missing.error().where == "secrets");
  std::filesystem::remove_all(folder);
  missing = server::load_secrets(one);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().where == "urls");
  CHECK(server::parse_sensitive("https://x").value == "https://x");
}
