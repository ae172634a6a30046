// verify, backup, restore, journal: on real folders, also while the store is in use.
#include "state/inspect.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "state/event_codec.h"

#include <catch2/catch.hpp>

namespace {

namespace fs = std::filesystem;

struct Folder {
  fs::path path;
  Folder() {
    std::string name = (fs::temp_directory_path() / "ringside-test-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
  std::string operator/(const std::string& name) const { return (path / name).string(); }
};

std::string payload(int number) {
  state::PayloadWriter writer;
  const std::string id = "e" + std::to_string(number);
  core::Event event;
  event.type = core::EventType::call_queued;
  event.time = event.at = 1'769'937'000'000 + number;
  event.source = "acd";
  event.id = id;
  event.subject = id;
  event.queue = "sales";
  writer.add({&event, 1});
  return writer.take();
}

std::unique_ptr<state::Store> open(const std::string& folder) {
  state::StoreOptions options;
  options.folder = folder;
  auto store = state::Store::open(options);
  if (!store) FAIL(store.error().message);
  return std::move(*store);
}

void commit(state::Store& store, int count) {
  for (int i = 0; i < count; ++i) {
    const int number = static_cast<int>(store.last().sequence) + 1;
    const std::string bytes = payload(number);
    const state::Append append{1'769'937'000'000 + number * 1'000, bytes};
    REQUIRE(store.commit({&append, 1}));
  }
}

void checkpoint(state::Store& store) {
  const std::uint64_t last = store.last().sequence;
  const core::Time at = 1'769'937'000'000 + static_cast<core::Time>(last) * 1'000;
  REQUIRE(store.write_checkpoint({{last, at, last}, {{core::Keep::meta, "last", std::to_string(last)}}, {}}));
  REQUIRE(store.keep_copy());
}

std::uint64_t batches(const std::string& folder) {
  std::uint64_t count = 0;
  const core::Status read = state::read_journal(folder, 1, ~0ULL, [&](const state::JournalBatch& batch) {
    CHECK(std::string(batch.payload) == payload(static_cast<int>(++count)));
    return true;
  });
  CHECK(read);
  return count;
}

void flip(const std::string& path, std::size_t from_end) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(-static_cast<std::streamoff>(from_end), std::ios::end);
  const auto at = file.tellg();
  const int byte = file.get();
  file.seekp(at);
  file.put(static_cast<char>(byte ^ 8));
}

std::string newest(const std::string& folder, const std::string& extension) {
  std::string found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string path = entry.path().string();
    if (path.ends_with(extension) && path > found && entry.file_size() > 0) found = path;
  }
  return found;
}

}  // namespace

TEST_CASE("verify, backup and journal while the store is in use") {
  const Folder folder;
  auto store = open(folder / "data");
  commit(*store, 50);
  checkpoint(*store);
  commit(*store, 10);

  auto seen = state::inspect(folder / "data", {});
  REQUIRE(seen);
  CHECK(seen->faults.empty());
  CHECK(seen->warnings.empty());
  CHECK(seen->batches == 60);
  CHECK(seen->events == 60);
  CHECK(seen->promised == 60);
  CHECK(seen->state.sequence == 50);
  CHECK(seen->copies == 1);
  CHECK(batches(folder / "data") == 60);

  auto report = state::back_up(folder / "data", folder / "backup", {});
  REQUIRE(report);
  CHECK(report->before == 0);
  CHECK(report->batches == 60);
  CHECK(!report->copy.empty());
  commit(*store, 7);
  checkpoint(*store);
  report = state::back_up(folder / "data", folder / "backup", {});
  REQUIRE(report);
  CHECK(report->before == 60);
  CHECK(report->batches == 67);
  CHECK(batches(folder / "backup") == 67);
  CHECK(state::inspect(folder / "backup", {})->faults.empty());

  auto other = open(folder / "other");
  commit(*other, 1);
  const auto wrong = state::back_up(folder / "other", folder / "backup", {});
  REQUIRE(!wrong);
  CHECK(wrong.error().code == "other_store");

  const auto used = state::restore(folder / "backup", folder / "data", {});
  REQUIRE(!used);
  CHECK(used.error().code == "in_use");
}

TEST_CASE("restore into nothing: the same batches, the state from the copy, and it goes on") {
  const Folder folder;
  {
    auto store = open(folder / "data");
    commit(*store, 30);
    checkpoint(*store);
    commit(*store, 5);
  }
  REQUIRE(state::back_up(folder / "data", folder / "backup", {}));
  const auto report = state::restore(folder / "backup", folder / "new", {});
  REQUIRE(report);
  CHECK(report->batches == 35);
  CHECK(report->aside.empty());
  auto store = open(folder / "new");
  CHECK(store->last().sequence == 35);
  CHECK(store->checkpoint().sequence == 30);
  commit(*store, 1);
  store.reset();
  CHECK(batches(folder / "new") == 36);
}

TEST_CASE("restore over a damaged store: the backup, what the damaged journal has beyond it, and what is lost") {
  const Folder folder;
  {
    auto store = open(folder / "data");
    commit(*store, 20);
    REQUIRE(state::back_up(folder / "data", folder / "backup", {}));
    commit(*store, 40);
  }
  flip(newest(folder / "data/journal", ".log"), 1'000);  // the log holds all sixty
  state::StoreOptions options;
  options.folder = folder / "data";
  const auto refused = state::Store::open(options);
  REQUIRE(!refused);
  CHECK(refused.error().code == "journal_damaged");
  CHECK(refused.error().message.find("ringside restore") != std::string::npos);
  const auto seen = state::inspect(folder / "data", {});
  REQUIRE(seen);
  CHECK(seen->faults.size() >= 2);
  CHECK(seen->batches > 20);
  CHECK(seen->batches < 60);

  for (const bool with_backup : {true, false}) {
    fs::remove_all(folder / "copy");
    fs::copy(folder / "data", folder / "copy", fs::copy_options::recursive);
    const auto report = state::restore(with_backup ? folder / "backup" : "", folder / "copy", {});
    REQUIRE(report);
    CHECK(report->batches == (with_backup ? 20 : 0));
    CHECK(report->batches + report->salvaged == seen->batches);
    CHECK(report->lost == 60 - seen->batches);
    CHECK(fs::exists(report->aside));
    CHECK(batches(folder / "copy") == seen->batches);
    CHECK(state::inspect(folder / "copy", {})->faults.empty());
  }
}

TEST_CASE("stores are found by what is in the folder") {
  const Folder folder;
  open(folder / "sales");
  open(folder / "support");
  fs::create_directory(folder / "something");
  const auto places = state::stores_in(folder.path.string());
  REQUIRE(places.size() == 2);
  CHECK(places[0].name == "sales");
  CHECK(places[1].path == folder / "support");
  CHECK(state::stores_in(folder / "sales").at(0).name.empty());
  CHECK(state::stores_in(folder / "something").empty());
}
