#include "server/keep_commands.h"

#include <chrono>
#include <cstdio>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ingest/instant.h"
#include "ingest/json_events.h"
#include "server/event_text.h"
#include "server/quarantine_file.h"
#include "server/source_mark.h"
#include "state/event_codec.h"
#include "state/inspect.h"

namespace server {
namespace {

enum Exit : int { kGood = 0, kFailed = 1, kUsage = 2, kDamaged = 3 };

// Following another process's database keeps all its files open, and there may be thousands.
void allow_many_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

int fail(const core::Error& error) {
  const std::string place = error.where.empty() ? "" : error.where + ": ";
  fmt::print(stderr, "ringside: {}{}\n", place, error.message);
  const bool damaged = error.code.ends_with("_damaged") || error.code == "journal_incomplete";
  return damaged ? kDamaged : kFailed;
}

// A line that grows, once something takes longer than a second: a bar on a terminal, else a line every five seconds.
class Bar {
 public:
  ~Bar() { clear(); }

  void operator()(std::string_view what, std::uint64_t done, std::uint64_t total) {
    const auto now = std::chrono::steady_clock::now();
    const auto pause = std::chrono::milliseconds(terminal_ ? 100 : 5'000);
    if (now - begun_ < std::chrono::seconds(1) || now - shown_ < pause) return;
    shown_ = now;
    const double part = total == 0 ? 0 : static_cast<double>(done) / static_cast<double>(total);
    if (!terminal_) {
      fmt::print(stderr, "{}{}: {:.0f} %\n", name_, what, part * 100);
      return;
    }
    constexpr std::size_t kWidth = 30;
    const auto full = static_cast<std::size_t>(part * kWidth);
    fmt::print(stderr, "\r\x1b[K{}{} [{:#<{}}{:.<{}}] {:.0f} %", name_, what, "", full, "", kWidth - full, part * 100);
    std::fflush(stderr);
    drawn_ = true;
  }
  void begin(const std::string& name) {
    clear();
    name_ = name.empty() ? "" : name + ": ";
  }
  void clear() {
    if (drawn_) fmt::print(stderr, "\r\x1b[K");
    drawn_ = false;
  }

 private:
  bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  bool drawn_ = false;
  std::string name_;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now(), shown_;
};

core::Result<std::vector<state::Place>> places(const std::string& folder) {
  auto found = state::stores_in(folder);
  if (!found.empty()) return found;
  return core::Error{"not_a_store", "there is no data of Ringside here", folder};
}

std::string within(const std::string& folder, const state::Place& place) {
  return place.name.empty() ? folder : folder + "/" + place.name;
}

std::string instant(core::Time time) { return time == windows::kNever ? "-" : ingest::format_instant(time); }

void print_inspection(const state::Place& place, const state::Inspection& seen) {
  fmt::print("{}\n", place.path);
  fmt::print("  journal   {} batches, {} items, {} events, from {} to {}\n", seen.batches, seen.items, seen.events,
             instant(seen.first), instant(seen.last));
  fmt::print("  witness   batch {} was acknowledged last\n", seen.promised);
  fmt::print("  state     as of batch {} ({}), {} rows; {} good copies\n", seen.state.sequence,
             instant(seen.state.applied_at), seen.rows, seen.copies);
  if (seen.waiting + seen.dead > 0) fmt::print("  outbox    {} waiting, {} dead\n", seen.waiting, seen.dead);
  for (const std::string& warning : seen.warnings) fmt::print("  warning   {}\n", warning);
  for (const std::string& fault : seen.faults) fmt::print("  DAMAGED   {}\n", fault);
  fmt::print("  {}\n", seen.faults.empty() ? "whole: nothing that was acknowledged is missing"
                                           : "not whole; next: ringside restore BACKUP FOLDER");
}

// What sources keep beside the store: damage there costs reading again, or what nobody could read anyway.
void inspect_sources(const std::string& store, std::uint64_t promised, std::vector<std::string>& warnings) {
  const auto disk = state::Disk::real();
  const auto each = [&](const std::string& part, auto look) {
    const auto names = disk->list(store + "/" + part);
    for (std::size_t i = 0; names && i < names->size(); ++i) {
      const std::string path = store + "/" + part + "/" + (*names)[i];
      const auto content = disk->read(path);
      if (content) look((*names)[i], path, *content);
    }
  };
  each("sources", [&](const std::string& name, const std::string& path, const std::string& content) {
    if (name.starts_with('.') || name.ends_with(".new")) return;
    const auto mark = source_mark(content);
    const std::string again = "; that source is read from its beginning";
    if (!mark) warnings.push_back(path + ": " + mark.error().message + again);
    if (mark && mark->sequence > promised) warnings.push_back(path + ": the journal is older than it" + again);
  });
  each("quarantine", [&](const std::string& name, const std::string& path, const std::string& content) {
    if (name.ends_with(".new") || quarantined(content)) return;
    warnings.push_back(path + ": it is damaged, and left out");
  });
}

// A batch number, or an instant: then the first batch that was applied at it or later, resp. the last before.
struct Bound {
  std::uint64_t batch = 0;
  core::Time time = windows::kNever;
};

core::Result<Bound> bound(const CommandLine& line, const std::string& option, Bound otherwise) {
  if (!line.has(option)) return otherwise;
  const std::string text = line.option(option);
  if (const auto time = ingest::parse_rfc3339(text)) return Bound{otherwise.batch, *time};
  const auto number = ingest::parse_epoch_ms(text);
  if (!number || *number < 0) {
    return core::Error{"bad_usage", "'--" + option + "' takes the number of a batch or an instant like "
                                    "2026-02-01T09:15:00Z", ""};
  }
  constexpr core::Time kNoBatch = 100'000'000'000;  // so many batches there are not; that many milliseconds is 1973
  if (*number >= kNoBatch) return Bound{otherwise.batch, *number};
  return Bound{static_cast<std::uint64_t>(*number), otherwise.time};
}

bool same(const core::Event& a, const core::Event& b) {
  return a.type == b.type && a.final == b.final && a.is_public == b.is_public && a.visit == b.visit &&
         a.time == b.time && a.at == b.at && a.value == b.value && a.source == b.source && a.id == b.id &&
         a.subject == b.subject && a.agent == b.agent && a.queue == b.queue && a.team == b.team && a.site == b.site &&
         a.channel == b.channel && a.priority == b.priority && a.text == b.text && a.reason == b.reason &&
         a.by == b.by && a.customer == b.customer;
}

// Prints items, each read back to be sure that it says the same.
class Printer {
 public:
  Printer() {
    options_.source = "journal";
    options_.accept_from = std::numeric_limits<core::Time>::min();
  }

  core::Status print(const state::JournalBatch& batch) {
    state::PayloadReader payload(batch.payload);
    std::span<const core::Event> item;
    while (payload.next(item)) {
      const std::string text = native_text(item);
      if (!reads_back(text, item)) ++changed_;
      std::fwrite(text.data(), 1, text.size(), stdout);
      std::fputc('\n', stdout);
    }
    if (std::ferror(stdout) != 0) return core::Error{"cannot_write", "standard output was closed", ""};
    return payload.status();
  }
  std::uint64_t changed() const { return changed_; }

 private:
  bool reads_back(const std::string& text, std::span<const core::Event> item) {
    ingest::Batch batch;
    if (!parser_.native(text, 0, options_, std::numeric_limits<core::Time>::max() / 2, batch)) return false;
    if (batch.events.size() != item.size()) return false;
    for (std::size_t i = 0; i < item.size(); ++i) {
      if (!same(batch.events[i], item[i])) return false;
    }
    return true;
  }

  ingest::JsonEvents parser_;
  ingest::SourceOptions options_;
  std::uint64_t changed_ = 0;
};

}  // namespace

int verify(const CommandLine& line) {
  allow_many_files();
  const auto stores = places(line.arguments[0]);
  if (!stores) return fail(stores.error());
  int code = kGood;
  Bar bar;
  for (const state::Place& place : *stores) {
    bar.begin(place.name);
    auto seen = state::inspect(place.path, std::ref(bar));
    bar.clear();
    if (!seen) {
      const bool damaged = fail(seen.error()) == kDamaged || seen.error().code == "not_a_store";
      code = std::max<int>(code, damaged ? kDamaged : kFailed);
      continue;
    }
    inspect_sources(place.path, seen->promised, seen->warnings);
    print_inspection(place, *seen);
    if (!seen->faults.empty()) code = kDamaged;
  }
  return code;
}

int backup(const CommandLine& line) {
  allow_many_files();
  const auto stores = places(line.arguments[0]);
  if (!stores) return fail(stores.error());
  const std::string& to = line.arguments[1];
  if (!stores->front().name.empty()) {
    const core::Status made = state::Disk::real()->make_folder(to);
    if (!made) return fail(made.error());
  }
  Bar bar;
  for (const state::Place& place : *stores) {
    bar.begin(place.name);
    const auto report = state::back_up(place.path, within(to, place), std::ref(bar));
    bar.clear();
    if (!report) return fail(report.error());
    fmt::print("{}: {} batches, {} of them new; {}\n", within(to, place), report->batches,
               report->batches - report->before,
               report->copy.empty() ? "no copy of the state yet, it is made again from the journal"
                                    : "with the copy of the state " + report->copy);
  }
  return kGood;
}

int restore(const CommandLine& line) {
  allow_many_files();
  const std::string& from = line.arguments[0];
  const std::string& to = line.arguments[1];
  const bool alone = from == "none";
  const auto stores = places(alone ? to : from);
  if (!stores) return fail(stores.error());
  if (!stores->front().name.empty()) {
    const core::Status made = state::Disk::real()->make_folder(to);
    if (!made) return fail(made.error());
  }
  int code = kGood;
  Bar bar;
  for (const state::Place& place : *stores) {
    bar.begin(place.name);
    const auto report = state::restore(alone ? "" : place.path, alone ? place.path : within(to, place), std::ref(bar));
    bar.clear();
    if (!report) return fail(report.error());
    fmt::print("{}: {} batches from the backup", alone ? place.path : within(to, place), report->batches);
    if (!report->aside.empty()) {
      fmt::print(", {} more from what was there, which is now {}", report->salvaged, report->aside);
    }
    fmt::print("\n");
    if (report->lost == 0) continue;
    fmt::print("LOST: {} batches that were acknowledged. Sources that still have their events can send them again; "
               "what is there is not counted twice.\n", report->lost);
    code = kDamaged;
  }
  return code;
}

int journal(const CommandLine& line) {
  allow_many_files();
  const auto from = bound(line, "from", {1, std::numeric_limits<core::Time>::min()});
  const auto to = bound(line, "to", {~std::uint64_t{0} - 1, std::numeric_limits<core::Time>::max()});
  for (const auto* one : {&from, &to}) {
    if (*one) continue;
    fail(one->error());
    return kUsage;
  }
  const auto stores = places(line.arguments[0]);
  if (!stores) return fail(stores.error());
  const state::Place* place = stores->size() == 1 ? &stores->front() : nullptr;
  std::string names;
  for (const state::Place& known : *stores) {
    if (line.has("tenant") && known.name == line.option("tenant")) place = &known;
    names += (names.empty() ? "" : ", ") + known.name;
  }
  if (place == nullptr || (line.has("tenant") && !place->name.empty() && place->name != line.option("tenant"))) {
    fmt::print(stderr, "ringside: which tenant? '--tenant' with one of: {}\n", names);
    return kUsage;
  }
  Printer printer;
  core::Status printed = core::Done{};
  const core::Status read = state::read_journal(place->path, from->batch, to->batch, [&](const auto& batch) {
    if (batch.applied_at >= to->time && to->time != std::numeric_limits<core::Time>::max()) return false;
    if (batch.applied_at >= from->time) printed = printer.print(batch);
    return static_cast<bool>(printed);
  });
  if (!printed) return fail(printed.error());
  if (!read) return fail(read.error());
  if (std::fflush(stdout) != 0) return fail({"cannot_write", "standard output was closed", ""});
  if (printer.changed() > 0) {
    fmt::print(stderr, "ringside: {} items came through a mapping in a form the native format cannot say exactly\n",
               printer.changed());
    return kFailed;
  }
  return kGood;
}

}  // namespace server
