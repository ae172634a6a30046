// The outbox: what was put is there until it is told, whatever fails; nothing waits twice; damage is said.
#include "state/outbox.h"

#include <algorithm>
#include <set>

#include "state/notice_codec.h"
#include "tests/faulty_disk.h"

#include <catch2/catch.hpp>

namespace {

constexpr core::Time kNow = 1'772'445'600'000;
constexpr core::Duration kDay = windows::kDay;

core::Alert alert(const std::string& key, core::AlertStep step = core::AlertStep::fired) {
  core::Alert alert;
  alert.key = key;
  alert.name = "sla.answer";
  alert.scope = "queue/sales";
  alert.step = step;
  alert.episode = 1;
  alert.version = 7;
  alert.at = alert.noticed = alert.started = alert.fired = kNow;
  alert.value = 12.5;
  alert.summary = "Wartezeit überschritten";
  alert.labels = {{"priority", "high"}, {"queue", "sales"}};
  return alert;
}

core::Notice notice(int i, core::Time at = kNow, const std::string& receiver = "ops") {
  char id[40];
  std::snprintf(id, sizeof id, "%032x", i);
  return {id, receiver, "order/" + std::to_string(i % 3), at, {alert("key/" + std::to_string(i))}};
}

struct Box {
  FaultyDisk disk;
  std::unique_ptr<state::Outbox> outbox;
  std::string error;

  std::string open() {
    outbox.reset();
    auto opened = state::Outbox::open({"/data", disk.disk(), {}});
    if (!opened) {
      error = opened.error().message;
      return opened.error().code;
    }
    outbox = std::move(*opened);
    return "";
  }
  bool put(const std::vector<core::Notice>& notices, core::Time now = kNow) {
    std::vector<state::Outbox::Outgoing> outgoing;
    for (const core::Notice& one : notices) outgoing.push_back({one.receiver, &one});
    auto done = outbox->put(outgoing, now);
    if (!done) return false;
    last = std::move(*done);
    return true;
  }
  std::vector<std::string> waiting() {
    std::vector<std::string> ids;
    REQUIRE(outbox->each_waiting([&](state::OutboxEntry&& entry) { ids.push_back(entry.notice.id); }));
    return ids;
  }
  state::Outbox::Put last;
};

}  // namespace

TEST_CASE("a notice reads back as it was written, and no damage of its bytes is more than an error") {
  core::Notice whole = notice(3);
  core::Alert full = alert("sla/ticket/T-1/first_response/1", core::AlertStep::flapping);
  full.severity = core::Severity::critical;
  full.state = core::AlertState::no_data;
  full.late = true;
  full.version = 1ull << 40;
  full.ended = full.due = full.acknowledged_at = kNow + 5;
  full.reason = "a late answer";
  full.by = full.acknowledged_by = "anna";
  full.held_back = "silence";
  full.held_why = "maintenance";
  full.threshold = -3;
  full.unit = "percent";
  full.record_kind = "ticket";
  full.record_id = "T-1";
  whole.alerts.push_back(full);
  core::RowWriter row;
  state::append_notice(row, whole);
  const std::string bytes = row.take();
  const auto again = [](std::string_view text) -> std::string {
    core::RowReader reader(text);
    const auto read = state::read_notice(reader);
    if (!read || !reader.done()) return {};
    core::RowWriter writer;
    state::append_notice(writer, *read);
    return writer.take();
  };
  CHECK(again(bytes) == bytes);
  core::RowReader reader(bytes);
  const auto read = state::read_notice(reader);
  REQUIRE(read);
  CHECK(read->alerts[1].acknowledged_by == "anna");
  CHECK(read->alerts[1].version == 1ull << 40);
  CHECK(read->alerts[1].threshold == -3.0);
  CHECK(read->alerts[0].labels == alert("").labels);
  for (std::size_t size = 1; size < bytes.size(); ++size) CHECK(again(std::string_view(bytes).substr(0, size)).empty());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string hurt = bytes;
    hurt[at] = static_cast<char>(hurt[at] ^ 0xFF);
    again(hurt);  // whatever comes of it: the sanitizers watch
  }
}

TEST_CASE("what is put waits in order, once, until it is told; a done notice is not taken again") {
  Box box;
  REQUIRE(box.open() == "");
  REQUIRE(box.put({notice(1), notice(2), notice(1), notice(3)}));
  CHECK(box.last.fresh.size() == 3);
  CHECK(box.last.known == 1);
  const std::vector<std::string> ids{notice(1).id, notice(2).id, notice(3).id};
  CHECK(box.waiting() == ids);
  const std::vector<std::uint64_t> first{1}, later{2, 3};
  REQUIRE(box.outbox->delivered(first));
  REQUIRE(box.outbox->attempted(later, 4, kNow + 77, "it answered 500"));
  REQUIRE(box.open() == "");
  CHECK(box.waiting() == std::vector<std::string>{notice(2).id, notice(3).id});
  const auto entry = box.outbox->waiting(2);
  REQUIRE(entry);
  REQUIRE(entry->has_value());
  CHECK((*entry)->attempts == 4);
  CHECK((*entry)->next == kNow + 77);
  CHECK((*entry)->error == "it answered 500");
  CHECK((*entry)->notice.alerts.at(0).summary == "Wartezeit überschritten");
  REQUIRE(box.put({notice(1), notice(2), notice(4)}));
  CHECK(box.last.known == 2);
  REQUIRE(box.last.fresh.size() == 1);
  CHECK(box.last.fresh[0].number == 4);
  CHECK_FALSE(box.outbox->waiting(1)->has_value());
}

TEST_CASE("one notice for two places is an entry for each") {
  Box box;
  REQUIRE(box.open() == "");
  const core::Notice one = notice(1);
  const std::vector<state::Outbox::Outgoing> both{{"am", &one}, {"am/2", &one}};
  CHECK(box.outbox->put(both, kNow)->fresh.size() == 2);
  CHECK(box.outbox->put(both, kNow)->known == 2);
}

TEST_CASE("dead letters are listed by range, wait again when they are redriven, and are forgotten when purged") {
  Box box;
  REQUIRE(box.open() == "");
  std::vector<core::Notice> notices;
  for (int i = 1; i <= 6; ++i) notices.push_back(notice(i, kNow + i * 1000, i % 2 == 0 ? "even" : "odd"));
  REQUIRE(box.put(notices));
  const std::vector<std::uint64_t> all{1, 2, 3, 4, 5, 6};
  REQUIRE(box.outbox->buried(all, "it answered 500", kNow + kDay));
  REQUIRE(box.open() == "");
  CHECK(box.waiting().empty());
  CHECK(box.outbox->dead({})->size() == 6);
  state::OutboxQuery query;
  query.receiver = "even";
  CHECK(box.outbox->dead(query)->size() == 3);
  query = {};
  query.from = kNow + 2000;
  query.to = kNow + 5000;
  CHECK(box.outbox->dead(query)->size() == 3);
  query = {};
  query.after = 2;
  query.limit = 2;
  const auto page = box.outbox->dead(query);
  REQUIRE(page->size() == 2);
  CHECK(page->at(0).number == 3);
  CHECK(page->at(0).error == "it answered 500");
  CHECK(page->at(0).died == kNow + kDay);

  query = {};
  query.receiver = "odd";
  const auto redriven = box.outbox->redrive(query, kNow + 2 * kDay);
  REQUIRE(redriven->size() == 3);
  CHECK(redriven->at(0).put == kNow + 2 * kDay);
  CHECK(redriven->at(0).notice.id == notice(1).id);
  REQUIRE(box.open() == "");
  CHECK(box.waiting().size() == 3);
  CHECK(box.outbox->purge({})->size() == 3);
  CHECK(box.outbox->dead({})->empty());
  REQUIRE(box.put({notice(2, kNow + 2000, "even")}));
  CHECK(box.last.known == 1);
}

TEST_CASE("ids are forgotten after thirty days of notices' time, and what is older then is not taken any more") {
  Box box;
  REQUIRE(box.open() == "");
  REQUIRE(box.put({notice(1), notice(2)}));
  const std::vector<std::uint64_t> first{1}, second{2}, third{3};
  REQUIRE(box.outbox->delivered(first));
  REQUIRE(box.outbox->buried(second, "gone", kNow));
  REQUIRE(box.outbox->expire(kNow + 29 * kDay));
  CHECK(box.outbox->dead({})->size() == 1);
  REQUIRE(box.put({notice(1)}));
  CHECK(box.last.known == 1);

  REQUIRE(box.put({notice(3, kNow + 31 * kDay)}));
  REQUIRE(box.outbox->delivered(third));
  CHECK(box.outbox->expire(kNow + 31 * kDay)->size() == 1);  // the dead letter
  CHECK(box.outbox->dead({})->empty());
  REQUIRE(box.open() == "");
  // Forgotten, but too old to be told: a replay of years tells nothing again.
  REQUIRE(box.put({notice(1), notice(9, kNow + kDay / 2), notice(3, kNow + 31 * kDay), notice(5, kNow + 2 * kDay)}));
  CHECK(box.last.too_old == 2);
  CHECK(box.last.known == 1);
  CHECK(box.last.fresh.size() == 1);
}

TEST_CASE("what a target is told again, and notes about targets, are remembered") {
  Box box;
  REQUIRE(box.open() == "");
  REQUIRE(box.outbox->remember("am", alert("b")));
  REQUIRE(box.outbox->remember("am", alert("a")));
  REQUIRE(box.outbox->remember("am2", alert("c")));
  REQUIRE(box.outbox->note("ops", "disabled"));
  REQUIRE(box.open() == "");
  const auto told = box.outbox->remembered("am");
  REQUIRE(told->size() == 2);
  CHECK(told->at(0).key == "a");
  CHECK(told->at(1).labels == alert("").labels);
  REQUIRE(box.outbox->forget("am", "a"));
  CHECK(box.outbox->remembered("am")->size() == 1);
  const auto notes = box.outbox->notes();
  REQUIRE(notes->size() == 1);
  CHECK(notes->at(0).target == "ops");
  REQUIRE(box.outbox->note("ops", ""));
  CHECK(box.outbox->notes()->empty());
}

TEST_CASE("without a folder it is in memory and does the same") {
  auto outbox = state::Outbox::open({});
  REQUIRE(outbox);
  const core::Notice one = notice(1);
  const std::vector<state::Outbox::Outgoing> out{{"ops", &one}};
  CHECK((*outbox)->put(out, kNow)->fresh.size() == 1);
  CHECK((*outbox)->put(out, kNow)->known == 1);
}

TEST_CASE("whatever call to the disk fails, what was put is there after a crash, once, and nothing else") {
  const bool reads = GENERATE(false, true);
  const auto fault = GENERATE(FaultyDisk::Fault::io_error, FaultyDisk::Fault::no_space);
  int reached = 0;
  for (std::uint64_t n = 1;; n += 1 + n / 6) {
    Box box;
    REQUIRE(box.open() == "");
    REQUIRE(box.put({notice(0)}));
    std::set<std::string> promised{notice(0).id}, attempted = promised, told;
    box.outbox.reset();
    box.disk.fail_at(n, fault, reads);
    if (box.open() == "") {
      for (int i = 1; i <= 12; ++i) {
        attempted.insert(notice(i).id);
        if (box.put({notice(i)})) promised.insert(notice(i).id);
        const std::vector<std::uint64_t> numbers{static_cast<std::uint64_t>(i)};
        const auto entry = box.outbox->waiting(numbers[0]);
        if (i % 3 != 0 || !entry || !entry->has_value()) continue;
        told.insert((*entry)->notice.id);
        const core::Status done = box.outbox->delivered(numbers);
        if (!done) CHECK_FALSE(box.put({notice(50 + i)}));
      }
    }
    const std::string failed = box.disk.failed();
    INFO("call " << n << ": " << failed);
    box.disk.heal();
    box.outbox.reset();
    box.disk.crash(n % 2 == 0 ? FaultyDisk::Unsynced::lost : FaultyDisk::Unsynced::some, n);
    const std::string code = box.open();
    INFO(box.error);
    REQUIRE(code == "");
    const std::vector<std::string> waiting = box.waiting();
    const std::set<std::string> there(waiting.begin(), waiting.end());
    CHECK(there.size() == waiting.size());
    for (const std::string& id : promised) CHECK((there.count(id) == 1 || told.count(id) == 1));
    for (const std::string& id : there) CHECK(attempted.count(id) == 1);
    REQUIRE(box.put({notice(99)}));
    if (failed.empty()) break;
    ++reached;
  }
  CHECK(reached > 8);
}

TEST_CASE("after a write that failed nothing is promised any more") {
  Box box;
  REQUIRE(box.open() == "");
  box.disk.fail_at(1, FaultyDisk::Fault::io_error);
  REQUIRE_FALSE(box.put({notice(1)}));
  box.disk.heal();
  CHECK_FALSE(box.put({notice(2)}));
}

TEST_CASE("damage is said: a lost log, a lost witness, a lost database, another format") {
  Box box;
  REQUIRE(box.open() == "");
  REQUIRE(box.put({notice(1)}));
  box.outbox.reset();
  box.disk.copy("/data/db", "/yesterday");
  REQUIRE(box.open() == "");
  REQUIRE(box.put({notice(2)}));
  box.outbox.reset();

  SECTION("the database is that of yesterday") {
    box.disk.remove("/data/db");
    box.disk.copy("/yesterday", "/data/db");
    CHECK(box.open() == "outbox_damaged");
    CHECK(box.error.find("2 writes of alerts were promised, 1 are there") != std::string::npos);
  }
  SECTION("no database") {
    box.disk.remove("/data/db");
    CHECK(box.open() == "outbox_damaged");
  }
  SECTION("no witness") {
    box.disk.remove("/data/witness");
    CHECK(box.open() == "outbox_damaged");
  }
  SECTION("a witness of zeros") {
    box.disk.write("/data/witness", std::string(8192, '\0'));
    CHECK(box.open() == "outbox_damaged");
  }
  SECTION("every file of the database, its last bytes changed") {
    for (const std::string& file : box.disk.files("/data/db")) {
      if (file.ends_with("LOCK") || file.ends_with("IDENTITY")) continue;
      Box hurt;
      hurt.disk.become(box.disk);
      std::string content = hurt.disk.read(file);
      if (content.empty()) continue;
      content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 0x55);
      hurt.disk.write(file, content);
      INFO(file);
      const std::string code = hurt.open();
      // An error, or nothing that matters was hit: both notices are there.
      if (code.empty()) CHECK(hurt.waiting().size() == 2);
      CHECK((code.empty() || code == "outbox_damaged" || code == "disk_error"));
    }
  }
}
