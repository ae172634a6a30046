#include "simulator.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/engine.h"
#include "faulty_disk.h"
#include "graveyard.h"
#include "ingest/body.h"
#include "server/recovery.h"
#include "server/serve.h"
#include "server/shard_loop.h"
#include "state/event_codec.h"
#include "state/store.h"
#include "told_before.h"
#include "windows/planted_bug.h"

namespace simulator {
namespace {

using core::Duration;
using core::Time;
using windows::kNever;

constexpr Time kStart = 1'772'438'400'000;  // 2 March 2026, 08:00 UTC
constexpr std::size_t kTenant = 0;
constexpr Duration kHorizon = 48 * windows::kHour;
constexpr const char* kFolder = "/tenant";
constexpr const char* kSaved = "/saved";

struct Broken {
  std::string what;
};

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n)); }
  bool percent(std::int64_t p) { return below(100) < p; }
  std::uint64_t any() { return random_(); }

 private:
  std::mt19937_64 random_;
};

// What a client sends: the text, and its events held for the uninterrupted engine.
struct Message {
  std::string text;
  std::vector<std::string> ids;
  bool acknowledged = false;
};

std::string message_text(std::uint64_t seed, int client, int number, Time at, std::vector<std::string>& ids) {
  Dice dice(seed * 1'000'003 + static_cast<std::uint64_t>(client) * 7'919 + static_cast<std::uint64_t>(number));
  std::string text;
  const auto event = [&](const char* type, Time time, const std::string& fields) {
    const std::string id = fmt::format("{}-{}-{}", client, number, ids.size());
    ids.push_back(id);
    text += fmt::format(R"({{"type":"{}","id":"{}","source":"s","time":{},{}}})", type, id, time, fields) + "\n";
  };
  for (std::int64_t c = 1 + dice.below(4); c > 0; --c) {
    const std::string call = fmt::format(R"("call":"c{}")", dice.below(40));
    const std::string agent = fmt::format(R"("agent":"a{}")", dice.below(5));
    // Mostly just now, sometimes hours late, sometimes so late that it has long left memory.
    const Duration late = dice.percent(10)  ? dice.below(5 * windows::kHour)
                          : dice.percent(5) ? dice.below(9 * windows::kDay)
                                            : dice.below(30 * windows::kSecond);
    const Time time = at - late;
    switch (dice.below(9)) {
      case 0:
        event("call.queued", time,
              call + fmt::format(R"(,"queue":"q{}","customer":"k{}")", dice.below(3), dice.below(9)));
        break;
      case 1: event("call.answered", time, call + "," + agent); break;
      case 2: event("call.ended", time, call); break;
      case 3: event("call.abandoned", time, call); break;
      case 4: event("agent.state", time, agent + R"(,"state":"break")"); break;
      case 5: event("agent.login", time, agent); break;
      case 6: event("agent.assigned", time, agent + fmt::format(R"(,"team":"t{}")", dice.below(2))); break;
      case 7:
        event("ticket.created", time, fmt::format(R"("ticket":"t{}","queue":"it","by":"customer")", dice.below(20)));
        break;
      default: event("ticket.resolved", time, fmt::format(R"("ticket":"t{}")", dice.below(20))); break;
    }
  }
  return text;
}

core::TenantSettings settings() {
  core::TenantSettings made;
  made.name = "tenant";
  made.kpis = server::builtin_kpis();
  core::AlertRule crowd;
  crowd.id = "crowd";
  crowd.kpi = "waiting";
  crowd.scopes = {"queue/*", "tenant"};
  crowd.enter = 3;
  crowd.leave = 1;
  crowd.hold = 2 * windows::kSecond;
  crowd.keep_firing = 5 * windows::kSecond;
  made.alerts.rules.push_back(crowd);
  core::AlertRoute route;
  route.receivers = {"desk"};
  made.alerts.routes.push_back(route);
  return made;
}

ingest::Batch parsed(const std::string& text) {
  ingest::Batch batch;
  const std::string_view held = batch.hold(text);
  ingest::JsonEvents parser;
  ingest::SourceOptions source;
  source.source = "s";
  constexpr Time kFar = 4'000'000'000'000;
  ingest::read_ndjson(parser, held, source, kFar, batch);
  if (batch.refused > 0) throw Broken{"the simulator sent what is refused: " + text};
  return batch;
}

class World : private server::ShardOutput {
 public:
  explicit World(std::uint64_t seed) : seed_(seed), dice_(seed) {
    faults_ = {dice_.below(6), dice_.below(25), dice_.below(30), dice_.below(30), dice_.below(25)};
    interval_ = 100 + dice_.below(5'000);
    rows_at_once_ = static_cast<std::size_t>(1 + dice_.below(6));
    wanted_ = 40 + dice_.below(120);
    clients_.resize(static_cast<std::size_t>(1 + dice_.below(3)));
  }

  Report run() {
    try {
      oracle_ = engine();
      recover();
      for (int i = 0; i < 700; ++i) step();
      calm_ = true;
      for (int i = 0; !finished(); ++i) {
        if (i == 20'000) throw Broken{"without faults it does not come to an end"};
        step();
      }
      crash("at the end");
      recover();
      note("end", oracle_->digest());
    } catch (const Broken& broken) {
      report_.failure = broken.what;
    }
    report_.simulated_ms = wall_ - kStart;
    report_.trace = trace_;
    for (const auto& client : clients_) {
      for (const Message& message : client.messages) report_.events += message.acknowledged ? message.ids.size() : 0;
    }
    return report_;
  }

 private:
  struct Faults {  // in percent of the steps at which they are possible
    std::int64_t crash, disk, lost_request, lost_answer, damage;
  };
  struct Request {
    std::size_t client;
    std::size_t message;
    Time due;
  };
  struct Client {
    std::deque<Message> messages;
    std::optional<Time> waiting_since;
  };
  struct Appended {
    std::uint64_t sequence;
    Time applied_at;
    std::string payload;
  };
  // The process, from one start to its crash.
  struct Life {
    Life() = default;
    Life(const Life&) = delete;
    ~Life() { loop.reset(); }  // reads what the store holds
    std::unique_ptr<state::Store> store;
    std::optional<server::ShardLoop> loop;
    std::deque<Appended> appended;            // handed over, not committed
    std::optional<std::uint64_t> synced;      // committed, not told
    std::optional<server::Checkpoint> checkpoint;
    std::optional<std::uint64_t> written;     // durable, not told
    bool copy = false;
  };

  // ---- trace ----

  void note(std::string_view what, std::uint64_t value = 0) {
    // FNV-1a: the trace is only compared with that of the second run.
    const auto mix = [this](std::uint64_t v) { trace_ = (trace_ ^ v) * 0x100000001b3ull; };
    for (const char c : what) mix(static_cast<unsigned char>(c));
    mix(value);
    mix(static_cast<std::uint64_t>(wall_));
  }
  void reach(const std::string& path) {
    note(path);
    ++report_.reached[path];
  }

  // ---- ShardOutput ----

  void append(std::size_t, std::uint64_t sequence, Time applied_at, std::string payload) override {
    note("append", sequence);
    life_->appended.push_back({sequence, applied_at, std::move(payload)});
  }
  void checkpoint(std::size_t, server::Checkpoint checkpoint) override {
    if (life_->checkpoint) throw Broken{"two checkpoints at once"};
    note("checkpoint", checkpoint.batch.info.sequence);
    life_->checkpoint = std::move(checkpoint);
  }
  void release(std::function<void()> leave) override { leave(); }
  void publish(server::Emission emission) override {
    note("publish", emission.counts.applied);
    shown_ = std::max(shown_, emission.counts.applied);
  }
  void tell(server::Told told) override {
    for (const auto& [path, wrong] : told_.add(told)) wrong.empty() ? reach(path) : throw Broken{wrong};
  }

  // ---- one step ----

  void step() {
    ++report_.steps;
    wall_ += dice_.percent(70) ? dice_.below(50) : dice_.below(4'000);
    if (dice_.percent(1)) wall_ += windows::kHour * (1 + dice_.below(30));
    if (!life_) {
      recover();
      return;
    }
    if (!calm_ && dice_.percent(faults_.crash)) return crash("between two steps");
    switch (dice_.below(8)) {
      case 0: return send();
      case 1: return deliver();
      case 2: return commit();
      case 3: return tell_synced();
      case 4: return write_checkpoint();
      case 5: return tell_written();
      default:
        if (dice_.percent(3)) reach("clock set back");
        life_->loop->step({wall_ - (dice_.percent(3) ? 5'000 : 0), wall_ - kStart});
    }
  }

  void send() {
    const auto index = static_cast<std::size_t>(dice_.below(static_cast<std::int64_t>(clients_.size())));
    Client& client = clients_[index];
    if (client.waiting_since && wall_ < *client.waiting_since + 5'000) return;
    if (client.waiting_since) reach("client asks again");
    if (!client.waiting_since) {
      // Now and then something old once more, as sources do that lost their place.
      if (!client.messages.empty() && dice_.percent(5)) {
        reach("old message again");
        const auto old = static_cast<std::size_t>(dice_.below(static_cast<std::int64_t>(client.messages.size())));
        network_.push_back({index, old, wall_ + dice_.below(300)});
        return;
      }
      if (static_cast<std::int64_t>(client.messages.size()) >= wanted_) return;
      Message message;
      message.text = message_text(seed_, static_cast<int>(index), static_cast<int>(client.messages.size()), wall_,
                                  message.ids);
      for (const std::string& id : message.ids) owner_[id] = {index, client.messages.size()};
      client.messages.push_back(std::move(message));
    }
    client.waiting_since = wall_;
    note("send", index);
    if (!calm_ && dice_.percent(faults_.lost_request)) return reach("request lost");
    network_.push_back({index, client.messages.size() - 1, wall_ + dice_.below(300)});
  }

  void deliver() {
    if (network_.empty()) return;
    const auto at = static_cast<std::size_t>(dice_.below(static_cast<std::int64_t>(network_.size())));
    const Request request = network_[at];
    if (request.due > wall_) return;
    network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(at));
    const bool lose_answer = !calm_ && dice_.percent(faults_.lost_answer);
    note("deliver", request.message);
    const ingest::Batch batch = parsed(clients_[request.client].messages[request.message].text);
    life_->loop->submit(kTenant, batch, 0, [this, request, lose_answer](const server::EventsResult& result) {
      answered(request, lose_answer, result);
    }, {wall_, wall_ - kStart});
  }

  void answered(const Request& request, bool lost, const server::EventsResult& result) {
    if (!result.refusals.empty()) throw Broken{"refused: " + result.refusals[0].error.message};
    if (result.repeated > 0) reach("repetition recognised");
    if (lost) return reach("answer lost");
    Client& client = clients_[request.client];
    note("acknowledged", request.message);
    client.messages[request.message].acknowledged = true;
    if (request.message + 1 == client.messages.size()) client.waiting_since.reset();
  }

  void commit() {
    if (life_->appended.empty() || life_->synced) return;
    const auto n = static_cast<std::size_t>(1 + dice_.below(static_cast<std::int64_t>(life_->appended.size())));
    std::vector<state::Append> group;
    for (std::size_t i = 0; i < n; ++i) group.push_back({life_->appended[i].applied_at, life_->appended[i].payload});
    const std::uint64_t last = life_->appended[n - 1].sequence;
    if (windows::planted_bug("acknowledged before the sync")) {
      life_->loop->synced(kTenant, last);
      if (!calm_ && dice_.percent(20)) return crash("in the middle of a commit");
    }
    const bool failing = !calm_ && dice_.percent(faults_.disk);
    if (failing) disk_.fail_at(1, fault());
    const core::Status committed = life_->store->commit(group);
    disk_.heal();
    if (!committed) {
      reach("commit failed");
      return crash("after a commit that failed");
    }
    note("committed", last);
    if (life_->store->last().sequence != last) throw Broken{"the loop and the store count differently"};
    life_->appended.erase(life_->appended.begin(), life_->appended.begin() + static_cast<std::ptrdiff_t>(n));
    life_->synced = last;
  }

  void tell_synced() {
    if (!life_->synced) return;
    life_->loop->synced(kTenant, *life_->synced);
    life_->synced.reset();
  }

  void write_checkpoint() {
    if (life_->copy) {
      life_->copy = false;
      const core::Status copied = life_->store->keep_copy();
      if (!copied) throw Broken{"no copy: " + copied.error().message};
      return reach("copy kept");
    }
    if (!life_->checkpoint || life_->written) return;
    server::Checkpoint checkpoint = std::move(*life_->checkpoint);
    life_->checkpoint.reset();
    const std::uint64_t generation = checkpoint.batch.info.generation;
    if (windows::planted_bug("checkpoint claims a later sequence")) ++checkpoint.batch.info.sequence;
    const bool failing = !calm_ && dice_.percent(faults_.disk);
    if (failing) disk_.fail_at(1, fault());
    const core::Status written = life_->store->write_checkpoint(std::move(checkpoint.batch));
    disk_.heal();
    if (!written) {
      reach("checkpoint failed");
      return crash("after a checkpoint that failed");
    }
    reach("checkpoint written");
    life_->written = generation;
    life_->copy = checkpoint.copy;
  }

  void tell_written() {
    if (!life_->written || life_->copy) return;
    life_->loop->written(kTenant, *life_->written);
    life_->written.reset();
  }

  FaultyDisk::Fault fault() {
    const bool space = dice_.percent(40);
    reach(space ? "disk full" : "disk error");
    // From the next call on, so that RocksDB's own threads cannot take the fault away; disk_fault_test walks all calls.
    return space ? FaultyDisk::Fault::no_space : FaultyDisk::Fault::broken;
  }

  // ---- crash and recovery ----

  void crash(const std::string& when) {
    reach("crash " + when);
    if (life_->loop && !life_->appended.empty()) reach("crash with batches not committed");
    if (life_->synced) reach("crash with a commit not told");
    if (life_->checkpoint) reach("crash with a checkpoint not written");
    if (life_->written) reach("crash with a checkpoint not told");
    const auto unsynced = static_cast<FaultyDisk::Unsynced>(dice_.below(3));
    disk_.crash(unsynced, dice_.any());
    static Graveyard graveyard;
    graveyard.bury(std::move(life_));
    network_.clear();  // connections are gone
    if (calm_) return;
    if (dice_.percent(faults_.damage)) damage_state();
    if (dice_.percent(faults_.damage / 2)) cut_journal();
  }

  // What was synced is there no more: that must stop the start. Then a person puts it back.
  void cut_journal() {
    std::string newest;
    for (const std::string& file : disk_.files(std::string(kFolder) + "/journal")) {
      if (file.ends_with(".log")) newest = file;
    }
    if (newest.empty() || disk_.read(newest).empty()) return;
    if (!disk_.files(kSaved).empty()) disk_.remove(kSaved);
    disk_.copy(kFolder, kSaved);
    disk_.write(newest, "");
    cut_ = true;
    reach("journal cut");
  }

  // The state can be damaged: it is made anew from an older copy and the journal. Which files RocksDB has depends on
  // its own threads, so what is damaged is what it always has; the store's tests damage everything else.
  void damage_state() {
    const std::string current = std::string(kFolder) + "/state/CURRENT";
    if (!disk_.has(current)) return;
    disk_.write(current, "MANIFEST-9\n");
    reach("state damaged");
  }

  std::unique_ptr<core::Engine> engine() {
    auto made = core::Engine::create(settings());
    if (!made) throw Broken{made.error().message};
    return std::move(*made);
  }

  void recover() {
    state::StoreOptions options;
    options.folder = kFolder;
    options.disk = disk_.disk();
    options.kept_copies = 2;
    options.cache_bytes = 1 << 20;
    auto store = state::Store::open(options);
    if (!store && cut_) {
      reach("cut journal refused");
      disk_.remove(kFolder);
      disk_.copy(kSaved, kFolder);
      options.disk = disk_.disk();
      store = state::Store::open(options);
    }
    cut_ = false;
    if (!store) throw Broken{"cannot open: " + store.error().message};
    server::RecoveryOptions how;
    how.settings = settings();
    const std::uint64_t before = (*store)->checkpoint().generation;
    auto recovered = server::recover(**store, how, {});
    if (!recovered) throw Broken{"cannot recover: " + recovered.error().message};
    if (!(*store)->notes().empty() || (*store)->checkpoint().generation < before) reach("older state used");
    if (recovered->replayed > 0) reach("tail applied");
    if ((*store)->checkpoint().generation > 0) reach("state read");
    if (recovered->refused > 0) throw Broken{"the journal holds what is refused"};
    check(**store, *recovered->engine);
    note("recovered", (*store)->last().sequence);

    server::Keeping::Start start;
    start.last = (*store)->last();
    start.applied_at = recovered->engine->now();
    start.checkpoint = (*store)->checkpoint();
    start.archive = std::move(recovered->archive);
    start.seen = std::move(recovered->seen);
    start.interval = interval_;
    start.rows_at_once = rows_at_once_;
    life_ = std::make_unique<Life>();
    life_->store = std::move(*store);
    life_->loop.emplace(static_cast<server::ShardOutput&>(*this));
    server::TenantConfig config;
    config.settings = settings();
    config.views.push_back(server::default_wallboard());
    // In some worlds whoever speaks cannot tell everything, and is not always said to be at work.
    if (seed_ % 3 == 0 && dice_.percent(70)) {
      config.sources.emplace_back();
      config.sources.back().name = "s";
      config.sources.back().format = "3cx_cdr";
    }
    const core::Status added =
        life_->loop->add_tenant(kTenant, config, std::move(recovered->engine), std::move(start));
    if (!added) throw Broken{added.error().message};
    if (!calm_ && dice_.percent(10)) crash("during recovery");
  }

  // The journal against what clients sent and were told; the engine against the uninterrupted one.
  void check(const state::Store& store, core::Engine& recovered) {
    const core::Status read = store.read(checked_ + 1, store.last().sequence, [&](const state::JournalBatch& batch) {
      if (batch.sequence != checked_ + 1) throw Broken{"the journal has a gap"};
      checked_ = batch.sequence;
      if (batch.applied_at > oracle_->now()) oracle_->advance(batch.applied_at);
      state::PayloadReader items(batch.payload);
      for (std::span<const core::Event> item; items.next(item);) {
        const auto owner = owner_.find(std::string(item[0].id));
        if (item[0].type == core::EventType::sources_told) {
          if (!oracle_->apply(item[0])) throw Broken{"the uninterrupted engine refuses who is at work"};
          reach("sources told");
          continue;
        }
        if (owner == owner_.end()) throw Broken{"in the journal is what nobody sent"};
        const auto [known, fresh] = journal_.try_emplace(owner->first, batch.applied_at);
        if (!fresh && batch.applied_at - known->second < kHorizon)
          throw Broken{"an event is in the journal twice: " + owner->first};
        if (!fresh) reach("repetition beyond the horizon");
        known->second = batch.applied_at;
        // From what the client sent, not from what the journal says.
        const auto& [client, message] = owner->second;
        const ingest::Batch sent = parsed(clients_[client].messages[message].text);
        const auto same = std::find_if(sent.events.begin(), sent.events.end(),
                                       [&](const core::Event& e) { return e.id == item[0].id; });
        if (!oracle_->apply(*same)) throw Broken{"the uninterrupted engine refuses it"};
      }
      return true;
    });
    if (!read) throw Broken{"the journal cannot be read: " + read.error().message};
    for (const auto& client : clients_) {
      for (const Message& message : client.messages) {
        if (!message.acknowledged) continue;
        for (const std::string& id : message.ids) {
          if (!journal_.contains(id)) throw Broken{"acknowledged and lost: " + id};
        }
      }
    }
    if (shown_ > recovered.counts().applied)
      throw Broken{fmt::format("{} applied events were shown, {} are there", shown_, recovered.counts().applied)};
    if (recovered.alerts_digest() != oracle_->alerts_digest())
      throw Broken{"the alerts recovered are others than the uninterrupted ones"};
    for (const core::RuleState& rule : recovered.rule_states("*")) {
      if (!rule.told) reach("rule not judged");
    }
    const Time now = std::max(recovered.now(), oracle_->now());
    recovered.advance(now);
    oracle_->advance(now);
    if (recovered.digest() != oracle_->digest())
      throw Broken{"the engine recovered is another than the uninterrupted one"};
    note("digest", oracle_->digest());
    if (store.checkpoint().generation > 0 && dice_.percent(25)) check_state(store);
  }

  // The state alone is the engine of the checkpoint's moment, not more and not less.
  void check_state(const state::Store& store) {
    const state::CheckpointInfo info = store.checkpoint();
    const auto archive = store.archive();
    const auto from_state = engine(), from_journal = engine();
    const core::Status restored = from_state->restore(*archive);
    if (!restored) throw Broken{"the state cannot be read: " + restored.error().message};
    from_state->attach(archive.get());
    constexpr Time kAll = INT64_MAX;
    const auto replayed = server::replay_journal(store, 1, info.sequence, kAll, *from_journal, nullptr, {});
    if (!replayed) throw Broken{"the journal cannot be read: " + replayed.error().message};
    from_journal->advance(info.applied_at);
    if (from_state->digest() != from_journal->digest()) throw Broken{"the state is not that of its sequence"};
    reach("state compared with the journal");
  }

  bool finished() const {
    return std::all_of(clients_.begin(), clients_.end(), [&](const Client& client) {
      return static_cast<std::int64_t>(client.messages.size()) >= wanted_ / 4 &&
             std::all_of(client.messages.begin(), client.messages.end(),
                         [](const Message& message) { return message.acknowledged; });
    });
  }

  std::uint64_t seed_;
  Dice dice_;
  Faults faults_{};
  Duration interval_ = 0;
  std::size_t rows_at_once_ = 1;
  std::int64_t wanted_ = 0;
  bool calm_ = false;
  bool cut_ = false;  // the journal, since the last crash
  Time wall_ = kStart;
  FaultyDisk disk_;
  std::vector<Client> clients_;
  std::vector<Request> network_;
  std::map<std::string, std::pair<std::size_t, std::size_t>> owner_;  // event id -> client, message
  std::map<std::string, Time> journal_;
  ToldBefore told_;                                // ids seen in it, and when last
  std::uint64_t checked_ = 0;                                          // sequence
  std::uint64_t shown_ = 0;
  std::unique_ptr<core::Engine> oracle_;
  std::unique_ptr<Life> life_;
  std::uint64_t trace_ = 0xcbf29ce484222325ull;
  Report report_;
};

}  // namespace

const std::map<std::string, std::uint64_t>& all_paths() {
  static const std::map<std::string, std::uint64_t> kPaths = [] {
    std::map<std::string, std::uint64_t> paths;
    for (const char* name :
         {"alert told", "alert told again", "notice made", "notice made again",
          "answer lost", "checkpoint failed", "checkpoint written", "client asks again", "clock set back",
          "commit failed", "copy kept", "crash after a checkpoint that failed", "crash after a commit that failed",
          "crash at the end", "crash between two steps", "crash during recovery", "crash with a checkpoint not told",
          "crash with a checkpoint not written", "crash with a commit not told", "crash with batches not committed",
          "cut journal refused", "disk error", "disk full", "journal cut", "old message again", "older state used",
          "repetition beyond the horizon", "repetition recognised", "request lost", "rule not judged", "sources told",
          "state compared with the journal", "state damaged", "state read", "tail applied"})
      paths[name] = 0;
    return paths;
  }();
  return kPaths;
}

Report run(std::uint64_t seed) { return World(seed).run(); }

}  // namespace simulator
