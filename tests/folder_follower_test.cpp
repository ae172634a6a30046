// A folder into which a file is written for each call: every file once, also across restarts, and again when it
// changed. Time is an argument; only the file system's own dates are real, so files are written until theirs differ.
#include "server/folder_follower.h"

#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <random>

#include "tests/own_folder.h"

using server::FolderFollower;

namespace {

constexpr windows::Time kLong = 3'000;  // after which a file is still

// All there is to read at this instant; a '|' where a file ended.
std::string all(FolderFollower& follower, windows::Time steady, std::size_t most = 5) {
  std::string text;
  for (;;) {
    const auto piece = follower.read(most, steady);
    if (!piece) return text + "<" + piece.error().message + ">";
    text += piece->bytes;
    if (piece->ended) text += '|';
    if (piece->bytes.empty() && !piece->ended) return text;
  }
}

// The superuser may read everything: for tests of what may not be read, this thread is somebody else.
class NotRoot {
 public:
  explicit NotRoot(const std::string& folder) {
    std::filesystem::permissions(folder, std::filesystem::perms(0755));
    setfsuid(geteuid() == 0 ? 65'534 : geteuid());
  }
  ~NotRoot() { setfsuid(geteuid()); }
  NotRoot(const NotRoot&) = delete;
  NotRoot& operator=(const NotRoot&) = delete;
};

// Looks now, and reads once what it saw then is still.
std::string settled(FolderFollower& follower, windows::Time& now) {
  const std::string early = all(follower, now += kLong);
  return early + all(follower, now += kLong);
}

std::pair<long, long> changed(const OwnFolder& folder, const std::string& name) {
  struct stat what{};
  REQUIRE(stat(folder.path(name).c_str(), &what) == 0);
  return {what.st_ctim.tv_sec, what.st_ctim.tv_nsec};
}

// Written later than `before` by the file system's own clock, whose steps may be some milliseconds.
void write_after(const OwnFolder& folder, const std::string& before, const std::string& name, const std::string& text) {
  do {
    folder.write(name, text);
  } while (changed(folder, name) <= changed(folder, before));
}

}  // namespace

TEST_CASE("each file of a folder is read whole and once, in the order they were written, when nobody writes any more") {
  OwnFolder folder;
  windows::Time now = 1'000'000;
  FolderFollower follower(folder.path("*.log"));
  folder.write("b.log", "first\nand more\n");
  write_after(folder, "b.log", "a.log", "second");
  write_after(folder, "a.log", "c.log", "");
  folder.write(".hidden.log", "no");
  folder.write("other.txt", "no");
  folder.write("d.log.gz", "no");
  CHECK(all(follower, now).empty());
  CHECK(follower.behind() == 21);
  CHECK(all(follower, now + 1'999).empty());
  CHECK(all(follower, now + 2'000) == "first\nand more\n|second||");
  CHECK(follower.behind() == 0);
  now += kLong;
  CHECK(settled(follower, now).empty());
  folder.write("e.log", "third");
  CHECK(settled(follower, now) == "third|");
  CHECK(follower.files() == 4);
  CHECK(follower.gaps() == 0);
}

TEST_CASE("a file somebody still writes is waited for, and so are those after it") {
  OwnFolder folder;
  windows::Time now = 1'000'000;
  FolderFollower follower(folder.path("*"));
  folder.write("a", "beg");
  CHECK(all(follower, now).empty());
  folder.append("a", "un");
  CHECK(all(follower, now += 1'500).empty());
  write_after(folder, "a", "b", "later");
  CHECK(all(follower, now += 1'500).empty());
  write_after(folder, "b", "a", "begun and done");  // now it is the last one
  CHECK(all(follower, now += 1'500).empty());
  CHECK(settled(follower, now) == "later|begun and done|");
}

TEST_CASE("one that was changed before another, but seen after it, comes first") {
  OwnFolder folder;
  windows::Time now = 1'000'000;
  std::filesystem::create_directory(folder.path("calls"));
  FolderFollower follower(folder.path("calls/*"));
  folder.write("old", "old");
  write_after(folder, "old", "calls/b", "new");
  CHECK(all(follower, now).empty());
  std::filesystem::create_symlink(folder.path("old"), folder.path("calls/a"));
  CHECK(all(follower, now += 1'500).empty());
  CHECK(all(follower, now += 1'500).empty());  // this one is still, but would hide the other
  CHECK(all(follower, now += 1'500) == "old|new|");
}

TEST_CASE("of those changed at the same instant the ones that were read are known by name") {
  OwnFolder folder;
  windows::Time now = 1'000'000;
  folder.write("a", "twice");
  std::filesystem::create_hard_link(folder.path("a"), folder.path("b"));
  FolderFollower one(folder.path("a*"));
  CHECK(settled(one, now) == "twice|");
  FolderFollower both(folder.path("*"));
  both.go_on(one.place());
  CHECK(settled(both, now) == "twice|");
  FolderFollower again(folder.path("*"));
  again.go_on(both.place());
  CHECK(settled(again, now).empty());
}

TEST_CASE("what is changed after it was read is read again, and one that goes unread is a gap") {
  OwnFolder folder;
  windows::Time now = 1'000'000;
  FolderFollower follower(folder.path("*"));
  folder.write("a", "one\n");
  CHECK(settled(follower, now) == "one\n|");
  folder.append("a", "two\n");
  CHECK(settled(follower, now) == "one\ntwo\n|");
  folder.write("b", "gone");
  CHECK(all(follower, now += kLong).empty());
  std::filesystem::remove(folder.path("b"));
  std::filesystem::remove(folder.path("a"));  // was read: none
  CHECK(settled(follower, now).empty());
  CHECK(follower.gaps() == 1);
  CHECK(follower.behind() == 0);
}

TEST_CASE("a folder that is not there is said and waited for; so is a file that may not be read, without the others") {
  OwnFolder folder;
  windows::Time now = 1'000'000;
  const std::string missing = folder.path("calls");
  FolderFollower follower(missing + "/*");
  CHECK(all(follower, now) == "<cannot read '" + missing + "': No such file or directory>");
  std::filesystem::create_directory(missing);
  folder.write("calls/a", "closed");
  std::filesystem::permissions(missing + "/a", std::filesystem::perms::none);
  write_after(folder, "calls/a", "calls/b", "open");
  FolderFollower again(missing + "/*");
  {
    const NotRoot nobody(folder.path(""));
    std::error_code closed;
    const std::filesystem::directory_iterator there(missing, closed);
    if (closed) {
      WARN("left out: the folder for temporary files is the superuser's own");
      return;
    }
    CHECK(settled(follower, now) == "open|");
    CHECK(follower.trouble() == "cannot read '" + missing + "/a': Permission denied");
    CHECK(follower.behind() == 6);
    again.go_on(follower.place());
    CHECK(settled(again, now) == "open|");  // not marked as read behind one that is not
  }
  std::filesystem::permissions(missing + "/a", std::filesystem::perms::all);
  CHECK(settled(follower, now) == "closed|");
  CHECK(follower.trouble().empty());
  CHECK(settled(again, now) == "closed|");
}

TEST_CASE("a restart goes on after the last file read, wherever it was, and nothing is left out") {
  const unsigned seed = GENERATE(take(8, random(0u, 1'000'000u)));
  CAPTURE(seed);
  std::mt19937 random(seed);
  OwnFolder folder;
  windows::Time now = 1'000'000;
  const std::string pattern = folder.path("*.log");
  auto follower = std::make_unique<FolderFollower>(pattern);
  std::map<std::string, int> read;  // how often each file's one line came
  int restarts = 0, files = 0;
  std::string rest;
  const auto take = [&](const std::string& text) {
    for (const char c : text) {
      if (c != '|') {
        rest += c;
        continue;
      }
      ++read[rest];
      rest.clear();
    }
  };
  for (int step = 0; step < 60; ++step) {
    for (auto burst = random() % 4; burst > 0; --burst) {  // names in any order, often at the same instant
      const std::string name = std::to_string(random() % 1'000'000) + "-" + std::to_string(files++) + ".log";
      folder.write(name, name);
    }
    if (random() % 2 == 0) take(all(*follower, now += random() % kLong, 64));
    if (random() % 5 != 0) continue;
    const std::string place = follower->place();
    ++restarts;
    rest.clear();
    follower = std::make_unique<FolderFollower>(pattern);
    follower->go_on(place);
    now = random() % 100'000;  // the steady clock begins anew
  }
  take(settled(*follower, now));
  CHECK(read.size() == static_cast<std::size_t>(files));
  for (const auto& [name, times] : read) {
    CAPTURE(name);
    CHECK(times == 1);
  }
  CHECK(restarts > 0);
  CHECK(follower->gaps() == 0);
}

TEST_CASE("a folder seen for the first time can be taken from now on; a place that is none is the beginning") {
  OwnFolder folder;
  windows::Time now = 1'000'000;
  folder.write("a", "old");
  FolderFollower from_now(folder.path("*"), true);
  CHECK(settled(from_now, now).empty());
  write_after(folder, "a", "b", "new");
  CHECK(settled(from_now, now) == "new|");
  FolderFollower again(folder.path("*"), true);
  again.go_on(from_now.place());
  CHECK(settled(again, now).empty());
  for (const char* place : {"", "file 1 2 3 4 5 6 7", "folder", "folder x", "folder 1 2 x"}) {
    FolderFollower fresh(folder.path("*"));
    fresh.go_on(place);
    CHECK(settled(fresh, now) == "old|new|");
  }
}
