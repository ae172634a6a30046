// From the outbox to real receivers over loopback sockets, on a clock that tests move: what is told, in which order,
// how often, and that nobody waits for a bad receiver.
#include "server/hook_delivery.h"

#include "tests/faulty_disk.h"
#include "tests/hook_receiver.h"
#include "tests/program.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include <catch2/catch.hpp>

namespace {

using server::HookDelivery;
using server::HookMoment;
using server::Receiver;
using windows::kHour;
using windows::kMinute;
using windows::kSecond;

constexpr core::Time kNow = 1'772'445'600'000;

core::Alert alert(const std::string& key, core::AlertStep step, std::uint64_t version) {
  core::Alert alert;
  alert.key = key;
  alert.name = "sla.answer";
  alert.scope = "queue/sales";
  alert.severity = core::Severity::critical;
  alert.state = core::AlertState::firing;
  alert.step = step;
  alert.episode = 1;
  alert.version = version;
  alert.at = alert.noticed = kNow;
  alert.started = alert.fired = kNow - 5'000;
  alert.summary = "Call c1 waits for too long";
  alert.labels = {{"queue", "sales"}};
  if (step == core::AlertStep::resolved) {
    alert.ended = kNow + 1'000;
    alert.state = core::AlertState::normal;
  }
  return alert;
}

core::Notice notice(int i, const std::string& receiver, const std::string& key,
                    core::AlertStep step = core::AlertStep::fired) {
  char id[40];
  std::snprintf(id, sizeof id, "%032x", i);
  return {id, receiver, key, kNow, {alert(key, step, static_cast<std::uint64_t>(i))}};
}

Receiver receiver(const std::string& name, const std::string& url,
                  server::ReceiverKind kind = server::ReceiverKind::generic) {
  Receiver one;
  one.name = name;
  one.kind = kind;
  one.urls = {{url, {}, {}}};
  one.allow = {"127.0.0.1"};
  one.rate = 1000;
  return one;
}

// An outbox, a sender and a delivery; `now` moves only when nothing is under way.
struct Bench {
  FaultyDisk disk;
  server::HookSender sender;
  std::vector<std::string> warnings;
  std::unique_ptr<HookDelivery> delivery;
  std::shared_ptr<state::Outbox> outbox;
  core::Time now = kNow;

  explicit Bench(server::ResolveName resolve = {}) : sender(std::move(resolve)) {}

  HookMoment moment() const { return {now, now}; }
  void start(const std::vector<Receiver>& receivers) {
    delivery.reset();
    outbox.reset();
    auto opened = state::Outbox::open({"/outbox", disk.disk(), {}});
    REQUIRE(opened);
    outbox = std::move(*opened);
    delivery = std::make_unique<HookDelivery>(sender, [] { return 0.5; }, [this](bool warning, std::string text) {
      if (warning) warnings.push_back(std::move(text));
    });
    REQUIRE(delivery->add_tenant("acme", outbox, receivers, moment()));
  }
  void put(const std::vector<core::Notice>& notices) {
    const auto done = outbox->put(delivery->outgoing("acme", notices), now);
    REQUIRE(done);
    REQUIRE(delivery->added("acme", done->fresh, moment()));
  }
  // Until nothing is under way and the next thing to do is later than `until`; the clock jumps from one to the next.
  void run(core::Time until) {
    for (;;) {
      REQUIRE(delivery->step(moment()));
      if (!delivery->idle()) {
        for (const auto& answer : sender.wait(10 * kSecond)) REQUIRE(delivery->take(answer, moment()));
        continue;
      }
      const core::Time next = delivery->wake(now);
      if (next > until) break;
      now = std::max(now, next);
    }
    now = std::max(now, until);
  }
  server::ReceiverStatus status(const std::string& name) const {
    for (const auto& one : delivery->status("acme")) {
      if (one.name == name) return one;
    }
    FAIL("no status of " << name);
    return {};
  }
  std::size_t waiting() const {
    std::size_t count = 0;
    REQUIRE(outbox->each_waiting([&](state::OutboxEntry&&) { ++count; }));
    return count;
  }
};

std::string always(const std::string& status, const std::string& headers = {}) {
  return HookReceiver::answer(status, headers);
}

}  // namespace

TEST_CASE("a notice is posted once, signed, and done") {
  HookReceiver target([](const auto&, std::size_t) { return always("204 No Content"); });
  Bench bench;
  Receiver ops = receiver("ops", target.url("/hook?team=1"));
  ops.secrets = {{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", {}, {}}, {"whsec_" + std::string(32, 'A'), {}, {}}};
  ops.authorization = {"Bearer abc", {}, {}};
  bench.start({ops});
  bench.put({notice(1, "ops", "key/1")});
  bench.run(kNow + kHour);
  const auto hooks = target.received();
  REQUIRE(hooks.size() == 1);
  CHECK(hooks[0].line() == "POST /hook?team=1 HTTP/1.1");
  CHECK(hooks[0].header("webhook-id") == notice(1, "", "").id);
  CHECK(hooks[0].header("webhook-timestamp") == std::to_string(kNow / 1000));
  CHECK(hooks[0].header("authorization") == "Bearer abc");
  CHECK(hooks[0].header("content-type") == "application/json");
  const std::string signatures = hooks[0].header("webhook-signature");
  CHECK(std::count(signatures.begin(), signatures.end(), ' ') == 1);
  CHECK(signatures.starts_with("v1,"));
  CHECK(hooks[0].body.starts_with(R"({"type":"alert.fired","timestamp":"2026-03-02T10:00:00.000Z","data":{)"));
  CHECK(bench.waiting() == 0);
  CHECK(bench.status("ops").delivered == 1);
  CHECK(bench.status("ops").state == "good");
}

TEST_CASE("attempts follow the schedule and tell the newest state; a restart goes on where it was") {
  bool good = false;
  HookReceiver target([&](const auto&, std::size_t) { return always(good ? "200 OK" : "500 Internal Server Error"); });
  Bench bench;
  bench.start({receiver("ops", target.url())});
  bench.put({notice(1, "ops", "key/1")});
  bench.run(kNow + 33 * kSecond);  // at 0, 1, 4, 12, 32 s
  CHECK(target.received().size() == 5);
  CHECK(bench.status("ops").state == "failing");
  CHECK(bench.status("ops").error == "it answered 500");
  CHECK(bench.status("ops").retries == 4);
  bench.start({receiver("ops", target.url())});
  bench.run(kNow + 91 * kSecond);
  CHECK(target.received().size() == 5);
  bench.run(kNow + 92 * kSecond);
  CHECK(target.received().size() == 6);
  // What is over is told as over, at once, under the newest id.
  good = true;
  bench.put({notice(2, "ops", "key/1", core::AlertStep::resolved)});
  bench.run(bench.now + kHour);
  const auto hooks = target.received();
  REQUIRE(hooks.size() == 7);
  for (std::size_t i = 0; i < 6; ++i) CHECK(hooks[i].header("webhook-id") == notice(1, "", "").id);
  CHECK(hooks[6].header("webhook-id") == notice(2, "", "").id);
  CHECK(hooks[6].body.find(R"("type":"alert.resolved")") != std::string::npos);
  CHECK(hooks[6].body.find(R"("covers":[")" + notice(1, "", "").id + "\"]") != std::string::npos);
  CHECK(hooks[6].body.find(R"("fired":1772445595000,"ended":1772445601000)") != std::string::npos);
  CHECK(bench.waiting() == 0);
}

TEST_CASE("only 2xx is a delivery: redirects are not followed, Retry-After is kept to, 410 disables") {
  HookReceiver elsewhere([](const auto&, std::size_t) { return always("200 OK"); });
  std::string status = "302 Found", headers = "Location: " + elsewhere.url() + "\r\n";
  HookReceiver target([&](const auto&, std::size_t) { return always(status, headers); });
  Bench bench;
  bench.start({receiver("ops", target.url())});
  bench.put({notice(1, "ops", "key/1")});
  bench.run(kNow);
  CHECK(target.received().size() == 1);
  CHECK(bench.status("ops").error == "it answered 302");
  status = "429 Too Many Requests";
  headers = "Retry-After: 600\r\n";
  bench.run(kNow + kSecond);
  CHECK(target.received().size() == 2);
  bench.run(kNow + 600 * kSecond);
  CHECK(target.received().size() == 2);
  status = "503 Service Unavailable";
  bench.run(kNow + 601 * kSecond);
  CHECK(target.received().size() == 3);
  status = "410 Gone";
  headers.clear();
  bench.run(kNow + 1'201 * kSecond);
  CHECK(target.received().size() == 4);
  CHECK(bench.status("ops").state == "disabled");
  CHECK(bench.status("ops").dead == 1);
  bench.put({notice(2, "ops", "key/2")});
  bench.run(bench.now + kHour);
  CHECK(target.received().size() == 4);
  CHECK(bench.status("ops").dead == 2);
  bench.start({receiver("ops", target.url())});  // also after a restart
  CHECK(bench.status("ops").state == "disabled");
  CHECK(elsewhere.received().empty());

  status = "200 OK";
  SECTION("redriving asks it again") {
    const auto redriven = bench.outbox->redrive({}, bench.now);
    REQUIRE(bench.delivery->added("acme", *redriven, bench.moment(), true));
    bench.run(bench.now);
    CHECK(target.received().size() == 6);
    CHECK(bench.status("ops").dead == 0);
    CHECK(bench.status("ops").state == "good");
  }
  SECTION("and so does another URL") {
    REQUIRE(bench.delivery->set_receivers("acme", {receiver("ops", target.url("/new"))}, bench.moment()));
    bench.put({notice(3, "ops", "key/3")});
    bench.run(bench.now);
    CHECK(target.received().size() == 5);
  }
}

TEST_CASE("receivers that refuse, hang, or answer nonsense delay nobody") {
  HookReceiver hangs([](const auto&, std::size_t) { return std::string(); });
  HookReceiver nonsense([](const auto&, std::size_t) { return std::string("what?\r\n\r\n"); });
  HookReceiver endless([](const auto&, std::size_t) {
    return HookReceiver::answer("500 No", {}, std::string(1 << 20, 'x'));
  });
  HookReceiver good([](const auto&, std::size_t) { return always("200 OK"); });
  std::uint16_t closed = 0;
  {
    HookReceiver gone([](const auto&, std::size_t) { return always("200 OK"); });
    closed = gone.port();
  }
  Bench bench;
  std::vector<Receiver> all{receiver("hangs", hangs.url()), receiver("nonsense", nonsense.url()),
                            receiver("endless", endless.url()), receiver("good", good.url()),
                            receiver("refuses", "http://127.0.0.1:" + std::to_string(closed) + "/")};
  for (Receiver& one : all) one.timeout = 300;
  bench.start(all);
  std::vector<core::Notice> notices;
  int id = 0;
  for (int i = 0; i < 20; ++i) {
    for (const Receiver& one : all) notices.push_back(notice(++id, one.name, "key/" + std::to_string(i)));
  }
  bench.put(notices);
  // The good one has all of it before the first of the others has timed out.
  REQUIRE(bench.delivery->step(bench.moment()));
  while (bench.status("good").delivered < 20) {
    for (const auto& answer : bench.sender.wait(10 * kSecond)) REQUIRE(bench.delivery->take(answer, bench.moment()));
    REQUIRE(bench.delivery->step(bench.moment()));
  }
  CHECK(hangs.received().size() < 20);
  bench.run(kNow);
  CHECK(bench.status("hangs").state == "open");
  CHECK(bench.status("hangs").error.find("imeout") != std::string::npos);
  CHECK(bench.status("nonsense").state == "open");
  CHECK(bench.status("endless").error == "it answered 500");
  CHECK(bench.status("refuses").state == "open");
  CHECK(bench.status("good").state == "good");
  // A day later they are dead letters, and nothing waits.
  bench.now = kNow + 24 * kHour;
  bench.run(bench.now);
  CHECK(bench.waiting() == 0);
  CHECK(bench.outbox->dead({})->size() == 80);
  CHECK(bench.status("refuses").dead == 20);
  CHECK(hangs.received().size() < 20);
}

TEST_CASE("a name is judged on every attempt, by every address it has, and never followed into the network within") {
  HookReceiver inside([](const auto&, std::size_t) { return always("200 OK"); });
  std::atomic<int> asked{0};
  // It changes its answer: public when it is asked first, ours later (DNS rebinding); and mixed.
  Bench bench([&](const std::string& host) -> core::Result<std::vector<server::Address>> {
    const int n = asked++;
    const server::Address far = *server::parse_address("192.0.2.1"), near = *server::parse_address("127.0.0.1");
    if (host == "mixed.example.com") return std::vector{far, near};
    if (host == "gone.example.com") return core::Error{"not_found", "gone.example.com: no such name", {}};
    return std::vector{n == 0 ? far : near};
  });
  const std::string port = std::to_string(inside.port());
  Receiver rebinds = receiver("rebinds", "https://rebinds.example.com/");
  rebinds.allow.clear();
  Receiver mixed = receiver("mixed", "http://mixed.example.com:" + port + "/");
  mixed.allow = {"192.0.2.0/24"};
  Receiver gone = receiver("gone", "https://gone.example.com/");
  Receiver named = receiver("named", "http://named.example.com:" + port + "/x");
  named.allow = {"named.example.com"};
  bench.start({rebinds, mixed, gone, named});
  bench.put({notice(1, "rebinds", "a")});
  bench.run(kNow + 2 * kSecond);
  CHECK(asked >= 2);
  CHECK(bench.status("rebinds").error.find("127.0.0.1 is not a public address") != std::string::npos);
  bench.put({notice(2, "mixed", "a"), notice(3, "gone", "a"), notice(4, "named", "a")});
  bench.run(bench.now);
  CHECK(bench.status("mixed").error.find("127.0.0.1 is not a public address") != std::string::npos);
  CHECK(bench.status("gone").error == "gone.example.com: no such name");
  REQUIRE(inside.received().size() == 1);
  CHECK(inside.received()[0].line() == "POST /x HTTP/1.1");
  CHECK(inside.received()[0].head.find("Host: named.example.com:" + port) != std::string::npos);
}

TEST_CASE("over TLS it is the name that is verified, not the address") {
  if (!there_is("openssl") || !there_is("python3")) {
    WARN("skipped: no openssl or no python3 on the path");
    return;
  }
  std::string folder = (std::filesystem::temp_directory_path() / "ringside-tls-XXXXXX").string();
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  output_of("cd " + folder + " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem "
            "-out cert.pem -days 2 -subj /CN=hooks.example.test -addext subjectAltName=DNS:hooks.example.test");
  {
    Program secure({"python3", std::string(RINGSIDE_SOURCE_DIR) + "/tests/tls_receiver.py", folder});
    const std::string port = std::to_string(std::stoi("0" + secure.line()));
    REQUIRE(port != "0");
    Bench bench([](const std::string&) -> core::Result<std::vector<server::Address>> {
      return std::vector{*server::parse_address("127.0.0.1")};
    });
    const auto at = [&](const std::string& name, const std::string& host, bool trusted) {
      Receiver one = receiver(name, "https://" + host + ":" + port + "/hook");
      one.allow = {host};
      if (trusted) one.ca_file = folder + "/cert.pem";
      return one;
    };
    bench.start({at("good", "hooks.example.test", true), at("misnamed", "other.example.test", true),
                 at("unknown", "hooks.example.test", false)});
    bench.put({notice(1, "good", "a"), notice(2, "misnamed", "a"), notice(3, "unknown", "a")});
    bench.run(kNow);
    CHECK(bench.status("good").delivered == 1);
    CHECK(secure.line() == "hooks.example.test:" + port + "\n");
    CHECK(bench.status("misnamed").failed == 1);
    CHECK(bench.status("unknown").failed == 1);
    CHECK(bench.status("unknown").error.find("certificate") != std::string::npos);
  }
  std::filesystem::remove_all(folder);
}

TEST_CASE("several URLs are told each on its own; a receiver that is gone leaves dead letters") {
  HookReceiver one([](const auto&, std::size_t) { return always("200 OK"); });
  HookReceiver two([](const auto&, std::size_t) { return always("500 No"); });
  Bench bench;
  Receiver both = receiver("both", one.url());
  both.urls.push_back({two.url(), {}, {}});
  bench.start({both});
  bench.put({notice(1, "both", "a"), notice(2, "nobody", "a")});
  bench.run(kNow);
  CHECK(bench.status("both").delivered == 1);
  CHECK(bench.status("both/2").delivered == 0);
  CHECK(bench.waiting() == 1);
  REQUIRE(bench.outbox->dead({})->size() == 1);
  CHECK(bench.outbox->dead({})->at(0).error == "the configuration has no receiver of that name");
  REQUIRE(bench.delivery->set_receivers("acme", {receiver("both", one.url())}, bench.moment()));
  CHECK(bench.waiting() == 0);
  CHECK(bench.outbox->dead({})->size() == 2);
}

TEST_CASE("who wants to hear of the beginning only is not told of the end") {
  HookReceiver target([](const auto&, std::size_t) { return always("200 OK"); });
  Bench bench;
  Receiver ops = receiver("ops", target.url());
  ops.resolved = false;
  bench.start({ops});
  bench.put({notice(1, "ops", "a", core::AlertStep::resolved), notice(2, "ops", "b")});
  bench.run(kNow);
  CHECK(target.received().size() == 1);
  CHECK(bench.waiting() == 0);
}

TEST_CASE("PagerDuty gets an event for each alert of a notice; it is told when all are taken") {
  std::size_t fails = 1;
  HookReceiver target([&](const auto&, std::size_t index) {
    return always(index == fails ? "500 No" : "202 Accepted");
  });
  Bench bench;
  Receiver pager = receiver("pager", target.url("/v2/enqueue"), server::ReceiverKind::pagerduty);
  pager.routing_key = {std::string(32, 'k'), {}, {}};
  bench.start({pager});
  core::Notice group = notice(1, "pager", "a");
  group.alerts.push_back(alert("b", core::AlertStep::acknowledged, 2));
  group.alerts.push_back(alert("c", core::AlertStep::resolved, 3));
  bench.put({group});
  bench.run(kNow + 2 * kSecond);
  const auto hooks = target.received();
  REQUIRE(hooks.size() == 5);  // one, one that failed; then all three
  CHECK(hooks[2].body.find(R"("event_action":"trigger","dedup_key":"ringside/acme/a/1")") != std::string::npos);
  CHECK(hooks[3].body.find(R"("event_action":"acknowledge","dedup_key":"ringside/acme/b/1")") != std::string::npos);
  CHECK(hooks[4].body.find(R"("event_action":"resolve","dedup_key":"ringside/acme/c/1")") != std::string::npos);
  CHECK(bench.waiting() == 0);
}

TEST_CASE("Alertmanager is told again every minute while it fires and for five minutes after; also after a restart") {
  HookReceiver target([](const auto&, std::size_t) { return always("200 OK"); });
  Bench bench;
  const auto am = receiver("am", "http://127.0.0.1:" + std::to_string(target.port()) + "/",
                           server::ReceiverKind::alertmanager);
  bench.start({am});
  bench.put({notice(1, "am", "a")});
  bench.run(kNow + 3 * kMinute);
  CHECK(target.received().size() == 4);
  CHECK(target.received()[3].line() == "POST /api/v2/alerts HTTP/1.1");
  CHECK(target.received()[3].body.find(R"("endsAt":"2026-03-02T10:08:00.000Z")") != std::string::npos);
  bench.start({am});
  bench.run(kNow + 3 * kMinute);
  CHECK(target.received().size() == 5);
  // Its severity is a label: with another one it is another alert, and the old one is over.
  core::Notice graver = notice(2, "am", "a");
  graver.alerts[0].severity = core::Severity::warning;
  bench.put({graver});
  bench.run(bench.now);
  CHECK(target.received().back().body.find(R"("severity":"warning")") != std::string::npos);
  CHECK(target.received().back().body.find(R"("severity":"critical")") != std::string::npos);
  core::Notice over = notice(3, "am", "a", core::AlertStep::resolved);
  over.alerts[0].ended = bench.now;
  bench.put({over});
  const core::Time ended = bench.now;
  bench.run(bench.now + 4 * kMinute);
  CHECK(target.received().back().body.find(R"("endsAt":")" + server::iso_instant(ended)) != std::string::npos);
  bench.run(bench.now + 5 * kMinute);
  const std::size_t told = target.received().size();
  bench.run(bench.now + kHour);
  CHECK(target.received().size() == told);
  CHECK(bench.outbox->remembered("am")->empty());
}

TEST_CASE("no secret is in what is logged, shown or counted") {
  HookReceiver target([](const auto&, std::size_t) { return always("500 No"); });
  Bench bench;
  Receiver ops = receiver("ops", target.url("/services/T0000/TOPSECRET"));
  ops.secrets = {{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", {}, {}}};
  ops.authorization = {"Bearer TOPSECRET", {}, {}};
  bench.start({ops});
  bench.put({notice(1, "ops", "a")});
  bench.run(kNow + 26 * kHour);
  std::string all = bench.delivery->metrics(bench.now) + bench.status("ops").error + bench.status("ops").host;
  for (const std::string& line : bench.warnings) all += line;
  const auto dead = bench.outbox->dead({});
  for (const auto& entry : *dead) all += entry.error;
  CHECK(!bench.warnings.empty());
  CHECK(all.find("TOPSECRET") == std::string::npos);
  CHECK(all.find("whsec_") == std::string::npos);
  CHECK(all.find("MfKQ9r8G") == std::string::npos);
}
