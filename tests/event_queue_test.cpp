// The queue keeps its budgets, its items, and the order of each producer.
#include <memory>
#include <thread>
#include <vector>

#include "ingest/event_queue.h"

#include <catch2/catch.hpp>

namespace {

struct Work {
  int producer = 0;
  int number = 0;
  std::size_t size = 1;
  std::unique_ptr<int> owned;

  std::size_t bytes() const { return size; }
};

using Queue = ingest::EventQueue<Work>;
constexpr std::chrono::microseconds kNoWait{0};

Work work(int number, std::size_t size = 1) {
  return {0, number, size, std::make_unique<int>(number)};
}

}  // namespace

TEST_CASE("the item budget: full means refused and not moved") {
  Queue queue({.items = 2, .bytes = 100});
  CHECK(queue.try_push(work(1)));
  CHECK(queue.try_push(work(2)));
  Work third = work(3);
  CHECK_FALSE(queue.try_push(std::move(third)));
  REQUIRE(third.owned);
  CHECK(*third.owned == 3);

  std::vector<Work> out;
  CHECK(queue.pop_bulk(out, 1, kNoWait) == 1);
  CHECK(out[0].number == 1);
  CHECK(queue.try_push(std::move(third)));
  CHECK(queue.pop_bulk(out, 10, kNoWait) == 2);
  CHECK(out.size() == 3);
  CHECK(queue.items() == 0);
  CHECK(queue.bytes() == 0);
  CHECK(queue.pop_bulk(out, 10, kNoWait) == 0);
  CHECK(queue.pop_bulk(out, 0, kNoWait) == 0);
}

TEST_CASE("the byte budget, and one item larger than all of it") {
  Queue queue({.items = 100, .bytes = 100});
  CHECK(queue.try_push(work(1, 60)));
  CHECK_FALSE(queue.try_push(work(2, 41)));
  CHECK(queue.try_push(work(3, 40)));
  CHECK(queue.bytes() == 100);
  CHECK(queue.items() == 2);
  CHECK_FALSE(queue.try_push(work(4, 1000)));
  std::vector<Work> out;
  CHECK(queue.pop_bulk(out, 10, kNoWait) == 2);
  CHECK(queue.try_push(work(5, 1000)));
  CHECK_FALSE(queue.try_push(work(6, 1)));
  CHECK(queue.pop_bulk(out, 10, kNoWait) == 1);
  CHECK(queue.bytes() == 0);
}

TEST_CASE("many producers: nothing is lost, nothing twice, each in its order") {
  constexpr int kProducers = 4;
  constexpr int kEach = 20'000;
  Queue queue({.items = 64, .bytes = 400});
  std::vector<std::thread> producers;
  for (int p = 0; p < kProducers; ++p) {
    producers.emplace_back([&queue, p] {
      for (int i = 0; i < kEach; ++i) {
        Work item = work(i, static_cast<std::size_t>(1 + i % 13));
        item.producer = p;
        while (!queue.try_push(std::move(item))) std::this_thread::yield();
      }
    });
  }
  std::vector<int> next(kProducers, 0);
  int received = 0;
  bool in_order = true;
  bool bounded = true;
  while (received < kProducers * kEach) {
    std::vector<Work> out;
    queue.pop_bulk(out, 32, std::chrono::milliseconds(100));
    bounded = bounded && queue.items() <= 64 + kProducers && queue.bytes() <= 400;
    for (const Work& item : out) {
      in_order = in_order && item.owned && *item.owned == item.number &&
                 item.number == next[static_cast<std::size_t>(item.producer)]++;
      ++received;
    }
  }
  for (auto& thread : producers) thread.join();
  CHECK(in_order);
  CHECK(bounded);
  CHECK(queue.items() == 0);
  CHECK(queue.bytes() == 0);
}
