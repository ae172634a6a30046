// The damage table of docs/durability.md: for each kind of file and each damage, what happens. Whatever happens, never
// a number from data that is not what was committed.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <set>

#include "tests/stored.h"

#include <catch2/catch.hpp>

namespace {

// RINGSIDE_LONG_TESTS=1: every file, and more places in each.
const bool kLong = std::getenv("RINGSIDE_LONG_TESTS") != nullptr;

// A store with everything in it: tables and a log in both databases, two kept copies, a tail after the checkpoint.
void fill(Stored& stored) {
  REQUIRE(stored.open() == "");
  REQUIRE(stored.commit(20, 300));
  REQUIRE(stored.checkpoint());
  REQUIRE(stored.store->keep_copy());
  REQUIRE(stored.open() == "");
  for (int i = 0; i < 5; ++i) REQUIRE(stored.commit(4, 300));
  REQUIRE(stored.checkpoint());
  REQUIRE(stored.store->keep_copy());
  REQUIRE(stored.commit(4, 300));
  REQUIRE(stored.checkpoint());
  for (int i = 0; i < 10; ++i) REQUIRE(stored.commit(2, 300));
  stored.store.reset();
}

// "journal log", "state table", "copy manifest", "witness", …; the newest copy only.
std::string kind_of(const std::string& path) {
  const auto ends = [&](const char* end) { return path.ends_with(end); };
  if (ends("/format")) return "format";
  if (ends("/witness")) return "witness";
  if (ends("/LOCK")) return "";
  std::string where;
  if (path.starts_with("/data/journal/")) where = "journal ";
  if (path.starts_with("/data/state/")) where = "state ";
  if (path.starts_with("/data/kept/") && path.find("-000000000040/") != std::string::npos) where = "copy ";
  if (where.empty()) return "";
  if (ends(".log")) return where + "log";
  if (ends(".sst")) return where + "table";
  if (ends("/CURRENT")) return where + "CURRENT";
  if (ends("/IDENTITY")) return where + "IDENTITY";
  if (path.find("/MANIFEST-") != std::string::npos) return where + "MANIFEST";
  if (path.find("/OPTIONS-") != std::string::npos) return where + "OPTIONS";
  return "";
}

using Change = std::function<void(FaultyDisk&, const std::string& path)>;

void change(FaultyDisk& disk, const std::string& path, const std::function<void(std::string&)>& edit) {
  std::string content = disk.read(path);
  edit(content);
  disk.write(path, content);
}

struct Damage {
  std::string name;
  Change change;
};

std::vector<Damage> damages(const FaultyDisk& other) {
  std::vector<Damage> all;
  const int places = kLong ? 64 : 2;
  for (int place = 0; place < places; ++place) {
    all.push_back({"flip", [=](FaultyDisk& disk, const std::string& path) {
                     change(disk, path, [&](std::string& content) {
                       if (content.empty()) return;
                       const std::size_t at = content.size() * static_cast<std::size_t>(2 * place + 1) /
                                              static_cast<std::size_t>(2 * places);
                       content[at] = static_cast<char>(content[at] ^ (1 << place % 8));
                     });
                   }});
  }
  for (int page = 0; page < (kLong ? 3 : 1); ++page) {
    all.push_back({"zero", [=](FaultyDisk& disk, const std::string& path) {
                     change(disk, path, [&](std::string& content) {
                       const std::size_t pages = content.size() / 4096 + 1;
                       const std::size_t at = pages * static_cast<std::size_t>(page) / 3 * 4096;
                       const std::size_t size = std::min<std::size_t>(4096, content.size() - at);
                       std::fill_n(content.begin() + static_cast<std::ptrdiff_t>(at), size, '\0');
                     });
                   }});
  }
  for (const int eighth : kLong ? std::vector{0, 1, 4, 7} : std::vector{4}) {
    all.push_back({"truncate", [=](FaultyDisk& disk, const std::string& path) {
                     change(disk, path, [&](std::string& content) {
                       content.resize(content.size() * static_cast<std::size_t>(eighth) / 8);
                     });
                   }});
  }
  all.push_back({"truncate", [](FaultyDisk& disk, const std::string& path) {
                   change(disk, path, [](std::string& content) {
                     if (!content.empty()) content.pop_back();
                   });
                 }});
  all.push_back({"delete", [](FaultyDisk& disk, const std::string& path) { disk.remove(path); }});
  // The file of another store with the same history but other content; and another file of the same kind.
  all.push_back({"swap", [&other](FaultyDisk& disk, const std::string& path) {
                   const std::string theirs = other.read(path);
                   disk.write(path, theirs);
                 }});
  return all;
}

// What happens with the damaged disk: "recovers", "refuses", or "WRONG: …".
std::string outcome(const Stored& base, const std::string& kind, const std::string& path, const Change& damage) {
  Stored stored;
  stored.disk.become(base.disk);
  stored.committed = base.committed;
  stored.attempted = base.attempted;
  damage(stored.disk, path);
  if (stored.disk.has(path) && stored.disk.read(path) == base.disk.read(path)) return "";  // the damage did nothing
  const std::string code = stored.open();
  if (!code.empty()) {
    const bool helps = stored.error.find("/data") != std::string::npos &&
                       (stored.error.find("Next: ") != std::string::npos || code == "not_a_store" ||
                        code == "unknown_version");
    return helps ? "refuses" : "WRONG: an error that does not help: " + stored.error;
  }
  std::string wrong = stored.check();
  if (wrong.starts_with("refused: state_damaged") || (kind.starts_with("state") && wrong.starts_with("refused"))) {
    // Found while reading: noted, and the next start goes back to what is good.
    if (stored.open() != "") return "WRONG: does not open again: " + stored.error;
    wrong = stored.check();
  }
  if (wrong.starts_with("refused")) return "refuses";
  if (!wrong.empty()) return "WRONG: " + wrong;
  const std::vector<std::size_t> instants{20, 30, 40, 43};
  for (const std::size_t batch : kLong || kind.starts_with("copy") ? instants : std::vector<std::size_t>()) {
    const auto archive = stored.store->archive_as_of(base.committed[batch - 1].applied_at);
    if (!archive) return "WRONG: as of: " + archive.error().message;
    if (!*archive) continue;
    std::string value;
    const bool there = (*archive)->get(core::Keep::meta, "last", value);
    if (!(*archive)->status()) return "refuses";
    const std::uint64_t sequence = (*archive)->info().sequence;
    if (sequence > batch || !there || value != "v" + std::to_string(sequence)) {
      return "WRONG: as of shows another instant";
    }
  }
  // And it goes on. What merging tables comes across in the background stops it once.
  if (!stored.commit(2)) {
    return stored.error.find("Next: ") != std::string::npos ? "refuses" : "WRONG: does not commit: " + stored.error;
  }
  if (!stored.checkpoint() && (stored.open() != "" || stored.check() != "" || !stored.checkpoint())) {
    return "WRONG: does not go on: " + stored.error;
  }
  if (stored.open() != "") return "WRONG: does not open after going on: " + stored.error;
  wrong = stored.check();
  return wrong.empty() ? "recovers" : "WRONG: after going on: " + wrong;
}

}  // namespace

TEST_CASE("damage table: every kind of file, every damage, none silently wrong") {
  Stored base, other;
  fill(base);
  other.options.id = state::Chain{7, 8};
  fill(other);

  std::map<std::string, std::map<std::string, std::set<std::string>>> table;
  std::map<std::string, int> files;
  int cases = 0;
  for (const std::string& path : base.disk.files("/data")) {
    const std::string kind = kind_of(path);
    if (kind.empty() || (++files[kind] > 2 && !kLong)) continue;
    for (const Damage& damage : damages(other.disk)) {
      if (damage.name == "swap" && !other.disk.has(path)) continue;
      const std::string result = outcome(base, kind, path, damage.change);
      if (result.empty()) continue;
      ++cases;
      INFO(path << ", " << damage.name);
      CHECK(!result.starts_with("WRONG"));
      if (result.starts_with("WRONG")) WARN(result);
      table[kind][damage.name].insert(result);
    }
  }
  // The promises, in one place; the same as in docs/durability.md. "refuses": the start, or the reading, says so. A
  // damage may hit bytes that do not matter.
  for (const auto& [kind, row] : table) {
    const bool only_rebuilt = kind.starts_with("state") || kind.starts_with("copy");
    std::string line = kind + ":";
    for (const auto& [damage, results] : row) {
      line += "  " + damage + " =";
      for (const std::string& result : results) line += " " + result;
      INFO(kind << ", " << damage);
      if (only_rebuilt && kind != "copy table") CHECK(results == std::set<std::string>{"recovers"});
    }
    if (std::getenv("RINGSIDE_SHOW_TABLE") != nullptr) std::printf("%s\n", line.c_str());
  }
  const auto is = [&](const char* kind, const char* damage, const char* result) {
    INFO(kind << ", " << damage);
    CHECK(table[kind][damage] == std::set<std::string>{result});
  };
  for (const char* damage : {"flip", "zero", "truncate", "delete", "swap"}) {
    is("format", damage, "refuses");
    is("journal log", damage, "refuses");
    CHECK(table["journal table"][damage].contains("refuses"));
  }
  is("witness", "delete", "refuses");
  is("witness", "swap", "refuses");
  is("journal CURRENT", "delete", "refuses");
  is("journal MANIFEST", "delete", "refuses");
  is("journal IDENTITY", "delete", "recovers");
  is("journal OPTIONS", "delete", "recovers");
  CHECK(cases > 90);
}

TEST_CASE("damage: one slot of the witness is enough, none is not") {
  Stored base;
  fill(base);
  for (const bool both : {false, true}) {
    Stored stored;
    stored.disk.become(base.disk);
    stored.committed = stored.attempted = base.committed;
    change(stored.disk, "/data/witness", [&](std::string& content) {
      content[100] = 'x';
      if (both) content[4096 + 100] = 'x';
    });
    CHECK(stored.open() == (both ? "witness_damaged" : ""));
    if (!both) {
      CHECK(stored.check() == "");
      REQUIRE(stored.store->notes().size() == 1);
      stored.store.reset();
      CHECK(stored.open() == "");
      CHECK(stored.store->notes().empty());
    }
  }
}

TEST_CASE("damage: the state and its newest copy, the state and all copies, the folders themselves") {
  Stored base;
  fill(base);
  const auto after = [&](const std::function<void(FaultyDisk&)>& damage) {
    Stored stored;
    stored.disk.become(base.disk);
    stored.committed = stored.attempted = base.committed;
    damage(stored.disk);
    const std::string code = stored.open();
    if (!code.empty()) return code;
    const std::string wrong = stored.check();
    if (!wrong.empty()) return wrong;
    return "from " + std::to_string(stored.store->checkpoint().sequence);
  };
  const auto zero_tables = [](FaultyDisk& disk, const std::string& below) {
    for (const std::string& path : disk.files(below)) {
      if (!path.ends_with(".sst")) continue;
      change(disk, path, [](std::string& content) { content.assign(content.size(), '\0'); });
    }
  };
  CHECK(after([](FaultyDisk&) {}) == "from 44");
  CHECK(after([](FaultyDisk& disk) { disk.remove("/data/state"); }) == "from 40");
  CHECK(after([&](FaultyDisk& disk) {
          disk.remove("/data/state");
          for (const std::string& path : disk.files("/data/kept")) {
            if (path.find("000040/") != std::string::npos && path.ends_with(".sst")) {
              change(disk, path, [](std::string& content) { content[content.size() / 3] ^= 4; });
            }
          }
        }) == "from 20");
  CHECK(after([&](FaultyDisk& disk) {
          zero_tables(disk, "/data/state");
          zero_tables(disk, "/data/kept");
        }) == "from 0");
  CHECK(after([](FaultyDisk& disk) {
          disk.remove("/data/state");
          disk.remove("/data/kept");
        }) == "from 0");
  CHECK(after([](FaultyDisk& disk) { disk.remove("/data/journal"); }) == "journal_damaged");
  CHECK(after([](FaultyDisk& disk) {
          disk.remove("/data/journal");
          disk.remove("/data/state");
        }) == "journal_damaged");
}

TEST_CASE("damage: batches dropped, edited or moved inside the journal are found, and the message says which") {
  Stored base;
  fill(base);
  // The log holds the commits after the second open, one RocksDB record each; cut at the boundary of a record.
  std::string log;
  for (const std::string& path : base.disk.files("/data/journal")) {
    if (path.ends_with(".log")) log = path;
  }
  const std::string whole = base.disk.read(log);
  for (std::size_t size = 0; size < whole.size(); size += kLong ? 1 : 97) {
    Stored stored;
    stored.disk.become(base.disk);
    stored.disk.write(log, whole.substr(0, size));
    const std::string code = stored.open();
    CHECK(code == "journal_incomplete");
    CHECK(stored.error.find("everything up to batch 64 was acknowledged") != std::string::npos);
  }
}
