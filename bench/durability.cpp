// What durability costs: an acknowledgement (journal and witness, both synced) against a bare append and fdatasync of
// the same bytes on the same disk, in turns, so that both see the same weather; then what a store's parts cost.
//
//   ringside-bench-durability [FOLDER] [SECONDS]     default: a folder of its own in the current one, 5 seconds
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "state/event_codec.h"
#include "state/seen.h"
#include "state/store.h"

namespace {

using Clock = std::chrono::steady_clock;

double us_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

struct Times {
  std::vector<double> us;
  double at(double part) {
    std::sort(us.begin(), us.end());
    return us[std::min(us.size() - 1, static_cast<std::size_t>(part * static_cast<double>(us.size())))];
  }
};

// A call's events, `count` items; numbers from `first` on.
std::string payload(std::uint64_t first, std::size_t count) {
  state::PayloadWriter writer;
  for (std::uint64_t i = first; i < first + count; ++i) {
    const std::string id = fmt::format("{:08x}-{:04x}", i * 2654435761u, i % 65536);
    const std::string call = fmt::format("c-{}", i / 3);
    const std::string agent = fmt::format("{}", 1000 + i % 4800);
    core::Event event;
    event.type = i % 3 == 0 ? core::EventType::call_queued : i % 3 == 1 ? core::EventType::call_answered
                                                                        : core::EventType::call_ended;
    event.time = event.at = 1'769'937'000'000 + static_cast<core::Time>(i) * 7;
    event.source = "acd-lyon";
    event.id = id;
    event.subject = call;
    event.queue = "sales";
    event.agent = i % 3 == 0 ? "" : std::string_view(agent);
    if (i % 3 == 1) event.value = 12'345;
    writer.add({&event, 1});
  }
  return writer.take();
}

std::unique_ptr<state::Store> open(const std::string& folder) {
  state::StoreOptions options;
  options.folder = folder;
  auto store = state::Store::open(options);
  if (!store) {
    fmt::print(stderr, "{}\n", store.error().message);
    std::exit(1);
  }
  return std::move(*store);
}

void acknowledgements(state::Store& store, const std::string& folder, std::size_t events, double seconds) {
  const std::string bytes = payload(1, events);
  const int file = ::open((folder + "/bare").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0644);
  Times bare, durable;
  const auto begin = Clock::now();
  while (us_since(begin) < seconds * 1e6) {
    auto start = Clock::now();
    if (::write(file, bytes.data(), bytes.size()) < 0 || ::fdatasync(file) != 0) std::exit(1);
    bare.us.push_back(us_since(start));
    start = Clock::now();
    const state::Append append{1'769'937'000'000, bytes};
    if (!store.commit({&append, 1})) std::exit(1);
    durable.us.push_back(us_since(start));
  }
  ::close(file);
  fmt::print("{:>5} events, {:>6} bytes: bare fdatasync p50 {:.0f} us p99 {:.0f} us; acknowledged p50 {:.0f} us "
             "p99 {:.0f} us; ratio p50 {:.2f} p99 {:.2f} ({} pairs)\n",
             events, bytes.size(), bare.at(0.5), bare.at(0.99), durable.at(0.5), durable.at(0.99),
             durable.at(0.5) / bare.at(0.5), durable.at(0.99) / bare.at(0.99), bare.us.size());
}

}  // namespace

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  const fs::path folder = argc > 1 ? fs::path(argv[1]) : fs::path("durability-bench");
  const double seconds = argc > 2 ? std::atof(argv[2]) : 5;
  fs::remove_all(folder);
  fs::create_directories(folder);

  auto store = open((folder / "a").string());
  for (const std::size_t events : {1u, 50u, 500u}) {
    acknowledgements(*store, folder.string(), events, seconds / 3);
  }
  store.reset();

  // A million events in batches of 500, then a start, then reading them all.
  store = open((folder / "b").string());
  constexpr std::size_t kEvents = 1'000'000, kBatch = 500;
  std::vector<std::string> batches;
  for (std::size_t i = 0; i < kEvents; i += kBatch) batches.push_back(payload(i, kBatch));
  std::size_t bytes = 0;
  auto start = Clock::now();
  for (const std::string& batch : batches) {
    const state::Append append{1'769'937'000'000, batch};
    if (!store->commit({&append, 1})) return 1;
    bytes += batch.size();
  }
  const double written = us_since(start) / 1e6;
  fmt::print("{} events in batches of {}: {:.0f} events/s acknowledged, {:.1f} bytes an event before compression\n",
             kEvents, kBatch, kEvents / written, static_cast<double>(bytes) / kEvents);
  store.reset();
  start = Clock::now();
  store = open((folder / "b").string());
  fmt::print("open and check them: {:.0f} ms; {:.1f} bytes an event on disk\n", us_since(start) / 1e3,
             static_cast<double>(store->bytes()) / kEvents);
  start = Clock::now();
  std::size_t items = 0;
  const core::Status read = store->read(1, store->last().sequence, [&](const state::JournalBatch& batch) {
    state::PayloadReader reader(batch.payload);
    std::span<const core::Event> item;
    while (reader.next(item)) items += item.size();
    return true;
  });
  if (!read || items != kEvents) return 1;
  fmt::print("read and decode them: {:.0f} ms\n", us_since(start) / 1e3);

  // A checkpoint of 100,000 records of 300 bytes and as many ids; then ids that are not there.
  state::CheckpointBatch checkpoint;
  checkpoint.info = {store->last().sequence, 1'769'937'000'000, 1};
  state::Seen seen({48 * windows::kHour, 1'000'000}, store.get());
  std::string row(300, 'x');
  for (std::uint64_t i = 0; i < 100'000; ++i) {
    for (std::size_t j = 0; j < row.size(); j += 8) row[j] = static_cast<char>(i * (j + 1) >> j % 13);
    checkpoint.rows.push_back({core::Keep::record, fmt::format("h{:012}", i), row, false});
    const std::string id = std::to_string(i);
    seen.remember(state::item_key("acd", id), i, 1'769'937'000'000);
  }
  checkpoint.ids = seen.take(1);
  start = Clock::now();
  if (!store->write_checkpoint(std::move(checkpoint))) return 1;
  fmt::print("a checkpoint of 100,000 records and ids: {:.0f} ms\n", us_since(start) / 1e3);
  start = Clock::now();
  if (!store->keep_copy()) return 1;
  fmt::print("a kept copy of it: {:.1f} ms\n", us_since(start) / 1e3);
  const state::Seen after({48 * windows::kHour, 1'000'000}, store.get());
  start = Clock::now();
  std::size_t fresh = 0;
  for (std::uint64_t i = 0; i < 200'000; ++i) {
    const std::string id = "n" + std::to_string(i);
    fresh += after.look(state::item_key("acd", id), i, 1'769'937'000'001) == state::Seen::Answer::fresh ? 1 : 0;
  }
  fmt::print("an id that is not in memory, after a start: {:.2f} us ({} fresh)\n", us_since(start) / 200'000, fresh);
  start = Clock::now();
  for (std::uint64_t i = 0; i < 200'000; ++i) {
    const std::string id = "n" + std::to_string(i);
    fresh += seen.look(state::item_key("acd", id), i, 1'769'937'000'001) == state::Seen::Answer::fresh ? 1 : 0;
  }
  fmt::print("the same while everything within the horizon is in memory: {:.3f} us\n", us_since(start) / 200'000);
  store.reset();
  fs::remove_all(folder);
  return 0;
}
