// DiskSpace: sheds below one mark, resumes above another, says why.
#include "state/disk_space.h"

#include <catch2/catch.hpp>

TEST_CASE("free space: sheds below, resumes above, stays in between") {
  std::uint64_t free = 0;
  bool broken = false;
  state::DiskSpace space("/data", {100 << 20, 200 << 20}, [&](const std::string&) -> core::Result<std::uint64_t> {
    if (broken) return core::Error{"disk_error", "gone", "/data"};
    return free << 20;
  });
  const auto with = [&](std::uint64_t mebibytes) {
    free = mebibytes;
    return space.enough();
  };
  CHECK(with(150));  // between the marks at first: nothing was shed yet
  CHECK(space.reason().empty());
  CHECK(with(100));
  CHECK(!with(99));
  CHECK(space.reason() == "only 99 MiB are free in /data; at least 200 MiB are needed to go on");
  CHECK(!with(199));
  CHECK(with(200));
  CHECK(with(101));
  broken = true;
  CHECK(!space.enough());
  CHECK(space.reason() == "/data: gone");
  broken = false;
  CHECK(!with(150));
  CHECK(with(300));
}

TEST_CASE("free space of a folder that is there, and of one that is not") {
  CHECK(state::free_space("/"));
  CHECK(!state::free_space("/no/such/folder"));
}
