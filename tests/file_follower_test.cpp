// A file that grows, is renamed, copied, emptied and replaced, with us watching or away: every byte once, in order.
#include "server/file_follower.h"

#include <random>

#include "tests/own_folder.h"

using server::FileFollower;
using server::FilePosition;

namespace {

// All there is now; a '|' where a file ended.
std::string all(FileFollower& follower, std::size_t most = 7) {
  std::string text;
  for (;;) {
    const auto piece = follower.read(most);
    if (!piece) return text + "<" + piece.error().code + ">";
    text += piece->bytes;
    if (piece->ended) text += '|';
    if (piece->bytes.empty() && !piece->ended) return text;
  }
}

std::string number(int n) { return "line " + std::to_string(n) + " of what a switch writes\n"; }

}  // namespace

TEST_CASE("a growing file is read as it grows, and one that is not there yet is waited for") {
  OwnFolder folder;
  FileFollower follower(folder.path("log"));
  CHECK(all(follower) == "<cannot_read>");
  folder.write("log", "one\ntwo\n");
  CHECK(all(follower) == "one\ntwo\n");
  CHECK(all(follower).empty());
  folder.append("log", "thr");
  CHECK(all(follower) == "thr");
  folder.append("log", "ee\n");
  CHECK(all(follower) == "ee\n");
  CHECK(follower.gaps() == 0);
}

TEST_CASE("a file seen for the first time can be taken from its end, at a line's beginning") {
  OwnFolder folder;
  folder.write("log", "old\nold\nbegun");
  FileFollower follower(folder.path("log"), true);
  CHECK(all(follower) == "begun");
  folder.append("log", " and done\nnew\n");
  CHECK(all(follower) == " and done\nnew\n");
}

TEST_CASE("a renamed file is read to its end before the new one; a writer that is slow to go over loses nothing") {
  OwnFolder folder;
  folder.write("log", "a\n");
  FileFollower follower(folder.path("log"));
  CHECK(all(follower) == "a\n");
  folder.rename("log", "log.1");
  folder.append("log.1", "b\n");
  CHECK(all(follower) == "b\n");
  folder.write("log", "");
  folder.append("log.1", "c\n");
  CHECK(all(follower) == "c\n");
  folder.append("log.1", "d\n");
  folder.append("log", "e\n");
  CHECK(all(follower) == "d\n|e\n");
  CHECK(follower.gaps() == 0);
}

TEST_CASE("a file that was copied and emptied is read to its end in the copy") {
  OwnFolder folder;
  folder.write("log", "first line\nsecond ");
  FileFollower follower(folder.path("log"));
  CHECK(all(follower) == "first line\nsecond ");
  folder.append("log", "line\nthird line\n");
  folder.copy("log", "log.1");
  folder.write("log", "");
  const bool refilled = GENERATE(false, true);
  if (refilled) folder.append("log", "fourth line, and as long again as what was there before\n");
  std::string text = all(follower);
  if (!refilled) {
    CHECK(text == "line\nthird line\n");
    folder.append("log", "fourth line, and as long again as what was there before\n");
    text += all(follower);
  }
  CHECK(text == "line\nthird line\n|fourth line, and as long again as what was there before\n");
  CHECK(follower.gaps() == 0);
}

TEST_CASE("an emptied file without a copy goes on from its beginning") {
  OwnFolder folder;
  folder.write("log", "a long first line\n");
  FileFollower follower(folder.path("log"));
  CHECK(all(follower) == "a long first line\n");
  folder.write("log", "b\n");
  CHECK(all(follower) == "|b\n");
}

TEST_CASE("after a restart it goes on where it was, whatever became of the file meanwhile") {
  OwnFolder folder;
  const int before = GENERATE(0, 1, 40);
  std::string text;
  for (int i = 0; i < before; ++i) text += number(i);
  folder.write("log", text);
  FilePosition position;
  {
    FileFollower follower(folder.path("log"));
    CHECK(all(follower, 1'000) == text);
    position = follower.position(text.size());
  }
  const auto written = server::file_position(server::text_of(position));
  REQUIRE(written);
  CHECK(*written == position);
  folder.append("log", number(100));
  FileFollower follower(folder.path("log"));
  follower.go_on(position);
  SECTION("nothing") { CHECK(all(follower) == number(100)); }
  SECTION("renamed") {
    folder.rename("log", "log.1");
    folder.write("log", number(101));
    CHECK(all(follower) == number(100) + "|" + number(101));
  }
  SECTION("renamed, and the new one is not there yet") {
    folder.rename("log", "log.1");
    CHECK(all(follower) == number(100));
    folder.write("log", number(101));
    CHECK(all(follower) == "|" + number(101));
  }
  SECTION("renamed three times") {
    folder.rename("log", "log.1");
    folder.write("log", number(101));
    folder.rename("log.1", "log.2");
    folder.rename("log", "log.1");
    folder.write("log", number(102));
    folder.rename("log.2", "log.3");
    folder.rename("log.1", "log.2");
    folder.rename("log", "log.1");
    folder.write("log", number(103));
    CHECK(all(follower) == number(100) + "|" + number(101) + "|" + number(102) + "|" + number(103));
  }
  SECTION("copied and emptied") {
    if (before == 0) return;  // nothing was read: nothing can be recognised
    folder.copy("log", "log-20260302");
    folder.write("log", number(101));
    CHECK(all(follower) == number(100) + "|" + number(101));
  }
  SECTION("compressed, which is a gap") {
    if (before == 0) return;
    folder.rename("log", "log.1.gz");
    folder.write("log", number(101));
    CHECK(all(follower) == number(101));
    CHECK(follower.gaps() == 1);
  }
}

TEST_CASE("a position is of no use in a text that is none") {
  CHECK_FALSE(server::file_position(""));
  CHECK_FALSE(server::file_position("file 1 2 3"));
  CHECK_FALSE(server::file_position("file 1 2 3 4 5 6 7 8"));
  CHECK_FALSE(server::file_position("file 1 2 3 9999999 5 6 7"));
}

TEST_CASE("any mixture of writing, rotating, reading and restarting gives every byte once") {
  const auto seed = GENERATE(range(1u, 60u));
  CAPTURE(seed);
  std::mt19937 random(seed);
  OwnFolder folder;
  folder.write("log", "");
  std::string expected, seen;
  auto follower = std::make_unique<FileFollower>(folder.path("log"));
  std::uint64_t in_file = 0, files = 0;  // bytes of the current file used
  int rotations = 0;
  const auto read = [&](int pieces) {
    for (int i = 0; i < pieces; ++i) {
      const auto piece = follower->read(1 + random() % 90);
      REQUIRE(piece);
      if (files != follower->files()) {
        files = follower->files();
        in_file = follower->begun_at();
      }
      seen += piece->bytes;
      in_file += piece->bytes.size();
    }
  };
  read(1);
  for (int step = 0; step < 120; ++step) {
    switch (random() % 8) {
      case 0:
      case 1:
      case 2: {
        const std::string line = number(step);
        folder.append("log", line);
        expected += line;
        break;
      }
      case 3:  // a rotation that gives the new file something at once, as a switch does that reopens
        for (int i = rotations; i > 0; --i) folder.rename("log." + std::to_string(i), "log." + std::to_string(i + 1));
        folder.rename("log", "log.1");
        ++rotations;
        folder.write("log", number(1'000 + step));
        expected += number(1'000 + step);
        break;
      case 4: {  // a restart
        const bool begun = files != 0;
        const FilePosition position = follower->position(in_file);
        follower = std::make_unique<FileFollower>(folder.path("log"));
        if (begun) follower->go_on(position);
        files = 0;
        if (begun) read(1);
        break;
      }
      default:
        read(static_cast<int>(random() % 6));
    }
  }
  read(500);
  CHECK(seen == expected);
  CHECK(follower->gaps() == 0);
}
