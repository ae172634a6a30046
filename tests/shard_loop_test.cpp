#include "server/shard_loop.h"

#include "ingest/body.h"

#include <catch2/catch.hpp>

namespace {

// What the loop says, written down.
struct Outputs : server::ShardOutput {
  void append(std::size_t, std::uint64_t sequence, core::Time applied_at, std::string payload) override {
    said.push_back("append " + std::to_string(sequence) + " at " + std::to_string(applied_at));
    payloads.push_back(std::move(payload));
  }
  void checkpoint(std::size_t, server::Checkpoint checkpoint) override {
    said.push_back("checkpoint of " + std::to_string(checkpoint.batch.info.sequence));
    generation = checkpoint.batch.info.generation;
  }
  void release(std::function<void()> leave) override { leave(); }
  void publish(server::Emission emission) override {
    if (shows) said.push_back("shown at " + std::to_string(emission.now));
  }

  void tell(server::Told told) override {
    for (const core::AlertChange& change : told.changes) {
      said.push_back("alert " + std::to_string(change.number) + " " + change.alert.key);
    }
  }

  std::vector<std::string> taken() { return std::exchange(said, {}); }

  std::vector<std::string> said;
  std::vector<std::string> payloads;
  std::uint64_t generation = 0;
  bool shows = false;
};

class Tenant {
 public:
  explicit Tenant(bool kept = true, windows::Duration interval = windows::kHour, std::size_t items = 1'000,
                  const std::string& more = {}) {
    auto config = server::parse_config("[[tenant]]\nname = \"a\"\nclock = \"data\"\n" + more, "", {});
    REQUIRE(config);
    config->tenants[0].views.clear();
    if (!kept) {
      REQUIRE(loop.add_tenant(0, config->tenants[0]));
      return;
    }
    auto engine = core::Engine::create(config->tenants[0].settings);
    REQUIRE(engine);
    server::Keeping::Start start;
    start.seen = std::make_unique<state::Seen>(state::SeenOptions{}, nullptr);
    start.interval = interval;
    start.items = items;
    REQUIRE(loop.add_tenant(0, config->tenants[0], std::move(*engine), std::move(start)));
  }

  void post(const std::string& name, const std::string& lines) {
    ingest::SourceOptions options;
    options.source = "acd";
    const ingest::Batch batch = ingest::parse_body(parser, "", {}, lines, options, 1'800'000'000'000);
    REQUIRE(batch.refused == 0);
    loop.submit(0, batch, 0, [this, name](const server::EventsResult& r) {
      outputs.said.push_back(name + ": " + std::to_string(r.accepted) + " accepted, " + std::to_string(r.unchanged) +
                             " unchanged" + (r.refusals.empty() ? "" : ", " + r.refusals[0].error.code));
    }, {0, steady});
  }
  void ask(const std::string& name) {
    loop.ask(0, [this, name](core::Engine& engine) {
      const std::uint64_t applied = engine.counts().applied;
      return [this, name, applied] { outputs.said.push_back(name + " sees " + std::to_string(applied)); };
    });
  }

  Outputs outputs;
  ingest::JsonEvents parser;
  windows::Time steady = 0;
  server::ShardLoop loop{outputs};
};

std::string line(int id, int second, const std::string& queue = "sales") {
  return R"({"type":"call.queued","id":")" + std::to_string(id) + R"(","time":)" +
         std::to_string(1'760'000'000'000 + second * 1'000) + R"(,"call":"c)" + std::to_string(id) + R"(","queue":")" +
         queue + "\"}\n";
}

using Said = std::vector<std::string>;

}  // namespace

TEST_CASE("what leaves the loop waits for the journal, in order") {
  Tenant tenant;
  tenant.post("first", line(1, 0));
  tenant.ask("question");
  tenant.post("second", line(2, 1));
  CHECK(tenant.outputs.taken() == Said{"append 1 at 1760000000000", "append 2 at 1760000001000"});
  tenant.loop.synced(0, 1);
  CHECK(tenant.outputs.taken() == Said{"first: 1 accepted, 0 unchanged", "question sees 1"});
  tenant.ask("later question");
  CHECK(tenant.outputs.taken().empty());
  tenant.loop.synced(0, 2);
  CHECK(tenant.outputs.taken() == Said{"second: 1 accepted, 0 unchanged", "later question sees 2"});
  tenant.ask("last question");
  CHECK(tenant.outputs.taken() == Said{"last question sees 2"});
}

TEST_CASE("a repetition is acknowledged when the original is synced, and not before") {
  Tenant tenant;
  tenant.post("first", line(1, 0));
  tenant.post("again", line(1, 0));
  CHECK(tenant.outputs.taken() == Said{"append 1 at 1760000000000"});
  tenant.loop.synced(0, 1);
  CHECK(tenant.outputs.taken() == Said{"first: 1 accepted, 0 unchanged", "again: 0 accepted, 1 unchanged"});
}

TEST_CASE("an id with another content is refused and is not in the journal") {
  Tenant tenant;
  tenant.post("first", line(1, 0) + line(2, 0));
  tenant.post("other", line(1, 0, "support") + line(3, 0));
  tenant.loop.synced(0, 2);
  CHECK(tenant.outputs.taken() ==
        Said{"append 1 at 1760000000000", "append 2 at 1760000000000", "first: 2 accepted, 0 unchanged",
             "other: 1 accepted, 0 unchanged, id_conflict"});
  state::PayloadReader read(tenant.outputs.payloads[1]);
  std::span<const core::Event> item;
  REQUIRE(read.next(item));
  CHECK(item[0].id == "3");
  CHECK_FALSE(read.next(item));
}

TEST_CASE("what nobody keeps leaves at once") {
  Tenant tenant(false);
  tenant.post("first", line(1, 0));
  tenant.ask("question");
  tenant.post("again", line(1, 0));
  CHECK(tenant.outputs.taken() ==
        Said{"first: 1 accepted, 0 unchanged", "question sees 1", "again: 0 accepted, 1 unchanged"});
}

TEST_CASE("a checkpoint is written when what it stands for is synced, one at a time") {
  Tenant tenant(true, 1'000);
  tenant.loop.step({0, 0});
  tenant.post("first", line(1, 0));
  tenant.steady = 500;
  tenant.loop.step({0, 500});
  CHECK(tenant.outputs.taken() == Said{"append 1 at 1760000000000"});
  for (int i = 0; i < 100; ++i) tenant.loop.step({0, 1'000});
  CHECK(tenant.outputs.taken().empty());
  tenant.loop.synced(0, 1);
  tenant.outputs.taken();
  tenant.loop.step({0, 1'001});
  CHECK(tenant.outputs.taken() == Said{"checkpoint of 1"});
  tenant.post("second", line(2, 1));
  tenant.loop.synced(0, 2);
  tenant.outputs.taken();
  for (int i = 0; i < 100; ++i) tenant.loop.step({0, 5'000 + i});
  CHECK(tenant.outputs.taken().empty());
  tenant.loop.written(0, tenant.outputs.generation);
  for (int i = 0; i < 100; ++i) tenant.loop.step({0, 6'000 + i});
  CHECK(tenant.outputs.taken() == Said{"checkpoint of 2"});
}

TEST_CASE("a checkpoint does not wait for its time when much came in") {
  Tenant tenant(true, windows::kHour, 3);
  for (int i = 0; i < 2; ++i) tenant.post("post", line(i, i));
  tenant.loop.synced(0, 2);
  tenant.outputs.taken();
  for (int i = 0; i < 100; ++i) tenant.loop.step({0, i});
  CHECK(tenant.outputs.taken().empty());
  tenant.post("post", line(2, 2));
  tenant.loop.synced(0, 3);
  tenant.outputs.taken();
  for (int i = 0; i < 100; ++i) tenant.loop.step({0, i});
  CHECK(tenant.outputs.taken() == Said{"checkpoint of 3"});
}

TEST_CASE("while the disk stands still, what views show is held back as one difference") {
  Tenant tenant;
  bool opened = false;
  const core::ViewDefinition view{"v", {{{"agent/*"}, {"state"}}}};
  tenant.loop.open_view(0, "v", view, [&](const core::Status& status) { opened = static_cast<bool>(status); });
  REQUIRE(opened);
  tenant.loop.step({0, 0});
  tenant.outputs.shows = true;
  tenant.post("first", line(1, 0));
  tenant.outputs.taken();
  for (int i = 1; i < 100; ++i) tenant.loop.step({0, i * 200});
  CHECK(tenant.outputs.taken().empty());
  tenant.loop.synced(0, 1);
  const Said said = tenant.outputs.taken();
  CHECK(said.size() > 1);
  CHECK(said.size() <= 1 + 4);
}

namespace {

// What a batch of the journal consists of: the types of its events.
std::vector<core::EventType> types(const std::string& payload) {
  std::vector<core::EventType> all;
  state::PayloadReader read(payload);
  for (std::span<const core::Event> item; read.next(item);) all.push_back(item[0].type);
  return all;
}

}  // namespace

TEST_CASE("which sources are at work is in the journal before what they say, once, and again when that changes") {
  using core::EventType;
  using Types = std::vector<EventType>;
  const std::string cdr = "[[tenant.source]]\nname = \"acd\"\nformat = \"3cx_cdr\"\n";
  Tenant tenant(true, windows::kHour, 1'000, cdr);
  const auto last = [&] { return types(tenant.outputs.payloads.back()); };
  tenant.loop.step({0, 0});
  CHECK(tenant.outputs.payloads.empty());  // nothing is known of the time
  tenant.post("first", line(1, 0));
  CHECK(last() == Types{EventType::sources_told, EventType::call_queued});
  tenant.post("second", line(2, 1));
  CHECK(last() == Types{EventType::call_queued});

  tenant.loop.set_sources(0, {});
  tenant.post("third", line(3, 2));
  CHECK(last() == Types{EventType::sources_told, EventType::call_queued});
  tenant.loop.set_sources(0, {});
  tenant.loop.step({0, 1'000});
  CHECK(tenant.outputs.payloads.size() == 3);
  // Back before anything was said: time alone tells it, at the same instant as before.
  auto again = server::parse_config("[[tenant]]\nname = \"a\"\n" + cdr, "", {});
  REQUIRE(again);
  tenant.loop.set_sources(0, again->tenants[0].sources);
  tenant.loop.step({0, 2'000});
  CHECK(last() == Types{EventType::sources_told});
  tenant.loop.set_sources(0, {});
  tenant.loop.step({0, 3'000});
  CHECK(last() == Types{EventType::sources_told});
  CHECK(tenant.outputs.payloads.size() == 5);
  tenant.loop.synced(0, 5);
  CHECK(tenant.outputs.taken().back() == "third: 1 accepted, 0 unchanged");

  // Whoever reads the journal knows the same, and has nothing to tell anew.
  auto config = server::parse_config("[[tenant]]\nname = \"a\"\nclock = \"data\"\n", "", {});
  REQUIRE(config);
  auto replayed = std::move(*core::Engine::create(config->tenants[0].settings));
  for (const std::string& payload : tenant.outputs.payloads) {
    REQUIRE(server::apply_batch(payload, 1'760'000'002'000, *replayed, nullptr));
  }
  CHECK(replayed->alerts_digest() == tenant.loop.engine(0).alerts_digest());
}

TEST_CASE("where every source can tell everything the journal does not speak of them") {
  Tenant tenant(true, windows::kHour, 1'000, "[[tenant.source]]\nname = \"acd\"\nformat = \"ringside\"\n");
  tenant.post("first", line(1, 0));
  CHECK(types(tenant.outputs.payloads.back()) == std::vector{core::EventType::call_queued});
}
