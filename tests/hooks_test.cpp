// Hooks as the server runs them: threads, a folder, restarts; and receivers nobody of us wrote: Alertmanager, a mail
// server, each started by the test on a free loopback port.
#include "server/hooks.h"

#include "tests/faulty_disk.h"
#include "tests/hook_receiver.h"
#include "tests/program.h"

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <set>

#include <catch2/catch.hpp>

namespace {

using server::Hooks;
using server::Receiver;

core::Time now() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

core::Notice notice(int i, const std::string& receiver) {
  core::Alert alert;
  alert.key = "rule/long-wait/queue/sales" + std::to_string(i);
  alert.name = "long-wait";
  alert.scope = "queue/sales";
  alert.severity = core::Severity::critical;
  alert.state = core::AlertState::firing;
  alert.episode = 1;
  alert.version = static_cast<std::uint64_t>(i);
  alert.at = alert.noticed = alert.started = alert.fired = now();
  alert.summary = "Längste Wartezeit über 60 s";
  alert.labels = {{"queue", "sales"}};
  char id[40];
  std::snprintf(id, sizeof id, "%032x", i);
  return {id, receiver, alert.key, alert.at, {alert}};
}

Receiver local(const std::string& name, const std::string& url) {
  Receiver one;
  one.name = name;
  one.urls = {{url, {}, {}}};
  one.allow = {"127.0.0.1"};
  one.rate = 1000;
  return one;
}

struct Failures {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> codes;
  Hooks::Failed recorder() {
    return [this](const core::Error& error) {
      const std::lock_guard lock(mutex);
      codes.push_back(error.code);
      changed.notify_all();
    };
  }
};

std::unique_ptr<Hooks> make(FaultyDisk& disk, Failures& failures) {
  server::HookSeams seams;
  seams.disk = disk.disk();
  return std::make_unique<Hooks>(std::move(seams), failures.recorder(), [](bool, const std::string&) {});
}

// Plain GET of a loopback server; the whole answer.
std::string get(std::uint16_t port, const std::string& path) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string all;
  if (connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) {
    const std::string request = "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    if (send(socket, request.data(), request.size(), MSG_NOSIGNAL) > 0) {
      char buffer[4'096];
      for (ssize_t n; (n = recv(socket, buffer, sizeof buffer, 0)) > 0;) {
        all.append(buffer, static_cast<std::size_t>(n));
      }
    }
  }
  close(socket);
  return all;
}

// Until `done`; what others do needs no more than this many looks, each of which costs a round trip.
bool eventually(const std::function<bool()>& done) {
  for (int i = 0; i < 200'000; ++i) {
    if (done()) return true;
    std::this_thread::yield();
  }
  return false;
}

}  // namespace

TEST_CASE("what was handed over is durable after flush, told, and not told again after a crash") {
  std::set<std::string> told;
  std::mutex mutex;
  HookReceiver target([&](const ReceivedHook& hook, std::size_t) {
    const std::lock_guard lock(mutex);
    told.insert(hook.header("webhook-id"));
    return HookReceiver::answer("200 OK");
  });
  FaultyDisk disk;
  Failures failures;
  auto hooks = make(disk, failures);
  REQUIRE_FALSE(hooks->open("acme", "/acme", {local("ops", target.url())}));  // its folder is not there
  REQUIRE(disk.disk()->make_folder("/acme"));
  REQUIRE(hooks->open("acme", "/acme", {local("ops", target.url()), local("hangs", "http://127.0.0.1:1/")}));
  hooks->start();
  std::vector<core::Notice> notices;
  for (int i = 1; i <= 50; ++i) notices.push_back(notice(i, "ops"));
  hooks->notify("acme", notices);
  hooks->notify("acme", {notice(51, "hangs")});
  REQUIRE(hooks->flush());
  CHECK(eventually([&] { return hooks->receivers("acme")->at(1).delivered == 50; }));
  hooks->stop();
  {
    const std::lock_guard lock(mutex);
    CHECK(told.size() == 50);
  }
  hooks.reset();
  disk.crash(FaultyDisk::Unsynced::kept);
  hooks = make(disk, failures);
  REQUIRE(hooks->open("acme", "/acme", {local("ops", target.url()), local("hangs", "http://127.0.0.1:1/")}));
  hooks->start();
  notices.push_back(notice(51, "hangs"));
  hooks->notify("acme", notices);  // as a replay of the journal's tail does
  REQUIRE(hooks->flush());
  const auto status = *hooks->receivers("acme");
  CHECK(status.at(0).name == "hangs");
  CHECK(status.at(0).waiting == 1);
  CHECK(status.at(1).waiting == 0);
  CHECK(target.received().size() == 50);
  CHECK(failures.codes.empty());
}

TEST_CASE("questions about what nobody knows are errors; a test notice arrives") {
  HookReceiver target([](const auto&, std::size_t) { return HookReceiver::answer("200 OK"); });
  FaultyDisk disk;
  Failures failures;
  auto hooks = make(disk, failures);
  REQUIRE(hooks->open("acme", "", {local("ops", target.url())}));
  hooks->start();
  CHECK(hooks->receivers("other").error().code == "unknown_tenant");
  CHECK(hooks->test("acme", "other").error().code == "unknown_receiver");
  CHECK(hooks->dead_letters("other", {}).error().code == "unknown_tenant");
  CHECK(hooks->set_receivers("acme", {Receiver{}}).error().code == "bad_receiver");
  const auto id = hooks->test("acme", "ops");
  REQUIRE(id);
  CHECK(eventually([&] { return target.received().size() == 1; }));
  CHECK(target.received()[0].header("webhook-id") == *id);
  CHECK(target.received()[0].body.find("This is a test") != std::string::npos);
  CHECK(hooks->metrics().find("ringside_hook_waiting{tenant=\"acme\",receiver=\"ops\"}") != std::string::npos);

  hooks->notify("acme", {notice(1, "nobody")});
  REQUIRE(hooks->flush());
  const auto letters = hooks->dead_letters("acme", {});
  REQUIRE(letters->size() == 1);
  CHECK(letters->at(0).alerts.at(0).summary == "Längste Wartezeit über 60 s");
  REQUIRE(hooks->set_receivers("acme", {local("ops", target.url()), local("nobody", target.url())}));
  CHECK(*hooks->redrive("acme", {}) == 1);
  CHECK(eventually([&] { return target.received().size() == 2; }));
  CHECK(hooks->dead_letters("acme", {})->empty());
  CHECK(*hooks->purge("acme", {}) == 0);
}

TEST_CASE("a disk that fails is said once, and nothing is promised after it") {
  FaultyDisk disk;
  Failures failures;
  auto hooks = make(disk, failures);
  REQUIRE(disk.disk()->make_folder("/acme"));
  REQUIRE(hooks->open("acme", "/acme", {local("ops", "http://127.0.0.1:1/")}));
  disk.fail_at(1, FaultyDisk::Fault::broken);
  hooks->start();
  hooks->notify("acme", {notice(1, "ops")});
  hooks->notify("acme", {notice(2, "ops")});
  CHECK_FALSE(hooks->flush());
  hooks->stop();
  CHECK(failures.codes.size() == 1);
  disk.heal();
}

TEST_CASE("Alertmanager takes our alerts and shows them", "[outside]") {
  if (!there_is("prometheus-alertmanager")) {
    WARN("skipped: prometheus-alertmanager is not installed (tools/setup --test)");
    return;
  }
  std::string folder = (std::filesystem::temp_directory_path() / "ringside-am-XXXXXX").string();
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  std::ofstream(folder + "/am.yml") << "route: {receiver: none}\nreceivers: [{name: none}]\n";
  std::uint16_t port = 0;
  {
    Program manager({"prometheus-alertmanager", "--config.file=" + folder + "/am.yml", "--storage.path=" + folder,
                     "--web.listen-address=127.0.0.1:0", "--cluster.listen-address="});
    for (std::string line = manager.line(); !line.empty(); line = manager.line()) {
      const std::size_t at = line.find("msg=\"Listening on\" address=127.0.0.1:");
      if (at == std::string::npos) continue;
      port = static_cast<std::uint16_t>(std::stoi(line.substr(at + 37)));
      break;
    }
    REQUIRE(port != 0);
    FaultyDisk disk;
    Failures failures;
    auto hooks = make(disk, failures);
    Receiver am = local("am", "http://127.0.0.1:" + std::to_string(port));
    am.kind = server::ReceiverKind::alertmanager;
    REQUIRE(hooks->open("acme", "", {am}));
    hooks->start();
    hooks->notify("acme", {notice(1, "am"), notice(2, "am")});
    CHECK(eventually([&] { return hooks->receivers("acme")->at(0).delivered == 2; }));
    CHECK(hooks->receivers("acme")->at(0).error.empty());
    std::string shown;
    CHECK(eventually([&] {
      shown = get(port, "/api/v2/alerts");
      return shown.find("long-wait") != std::string::npos;
    }));
    CHECK(shown.find(R"("alertname":"long-wait")") != std::string::npos);
    CHECK(shown.find(R"("alert_key":"rule/long-wait/queue/sales2")") != std::string::npos);
    CHECK(shown.find("Längste Wartezeit über 60 s") != std::string::npos);
    core::Notice over = notice(3, "am");
    over.alerts[0].key = notice(1, "").alerts[0].key;
    over.alerts[0].step = core::AlertStep::resolved;
    over.alerts[0].ended = now();
    hooks->notify("acme", {over});
    CHECK(eventually([&] {
      shown = get(port, "/api/v2/alerts");
      return shown.find("queue/sales1\"") == std::string::npos;
    }));
    CHECK(shown.find("queue/sales2\"") != std::string::npos);
  }
  std::filesystem::remove_all(folder);
}

TEST_CASE("a mail server takes our mails", "[outside]") {
  if (std::system("/usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null") != 0) {
    WARN("skipped: python3-aiosmtpd is not installed (tools/setup --test)");
    return;
  }
  Program server({"/usr/bin/python3", std::string(RINGSIDE_SOURCE_DIR) + "/tests/mail_receiver.py"});
  const std::string port = server.line();
  REQUIRE(!port.empty());
  FaultyDisk disk;
  Failures failures;
  auto hooks = make(disk, failures);
  Receiver mail;
  mail.name = "mail";
  mail.kind = server::ReceiverKind::mail;
  mail.server = "127.0.0.1:" + std::to_string(std::stoi(port));
  mail.allow = {"127.0.0.1"};
  mail.security = server::MailSecurity::none;
  mail.from = "Ringside <alerts@example.com>";
  mail.to = {"anna@example.com", "gone@example.com", "Bo <bo@example.com>"};
  REQUIRE(hooks->open("acme", "", {mail}));
  hooks->start();
  hooks->notify("acme", {notice(1, "mail")});
  const std::string got = server.line();
  CHECK(got.find(R"("from": "alerts@example.com")") != std::string::npos);
  CHECK(got.find(R"("to": ["anna@example.com", "bo@example.com"])") != std::string::npos);
  CHECK(got.find("Message-ID: <" + notice(1, "").id + "@example.com>") != std::string::npos);
  CHECK(got.find("Subject: =?UTF-8?B?") != std::string::npos);
  CHECK(eventually([&] { return hooks->receivers("acme")->at(0).delivered == 1; }));
  // What a server does not offer is not done without.
  mail.security = server::MailSecurity::starttls;
  REQUIRE(hooks->set_receivers("acme", {mail}));
  hooks->notify("acme", {notice(2, "mail")});
  CHECK(eventually([&] { return hooks->receivers("acme")->at(0).failed >= 1; }));
  CHECK(hooks->receivers("acme")->at(0).waiting == 1);
}
