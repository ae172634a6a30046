// EventQueue: what the I/O threads hand to the thread that owns the engine. Bounded in items and in
// bytes.
//
// moodycamel's queue is not bounded, so the budgets are kept here in two atomics: try_push
// reserves, pop_bulk gives back. Full means false and nothing moved; the caller answers 503 or
// stops reading. One item larger than the whole byte budget is let in when the queue is empty, so
// that no item can wait forever. Order is kept per producer thread, not across producers. try_push:
// any thread. pop_bulk: one consumer thread.
#pragma once

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <utility>
#include <vector>

#include <concurrentqueue/blockingconcurrentqueue.h>

namespace ingest {

template <class Item>
concept QueueItem = std::movable<Item> && requires(const Item& item) {
  { item.bytes() } -> std::convertible_to<std::size_t>;
};

template <QueueItem Item>
class EventQueue {
 public:
  struct Limits {
    std::size_t items = 1024;
    std::size_t bytes = 64u << 20;
  };

  explicit EventQueue(Limits limits) : limits_(limits), queue_(limits.items) {}

  bool try_push(Item&& item) {
    const std::size_t size = item.bytes();
    if (!reserve(size)) return false;
    if (queue_.enqueue(Slot{std::move(item), size})) return true;
    release(1, size);
    return false;
  }

  // Appends up to `max` items; waits up to `timeout` for the first. Returns how many.
  std::size_t pop_bulk(std::vector<Item>& out, std::size_t max, std::chrono::microseconds timeout) {
    if (max == 0) return 0;
    scratch_.resize(max);
    const std::size_t n = queue_.wait_dequeue_bulk_timed(scratch_.begin(), max, timeout);
    std::size_t size = 0;
    for (std::size_t i = 0; i < n; ++i) {
      size += scratch_[i].size;
      out.push_back(std::move(scratch_[i].item));
    }
    if (n > 0) release(n, size);
    return n;
  }

  // Rough while others push and pop.
  std::size_t items() const { return items_.load(std::memory_order_relaxed); }
  std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  struct Slot {
    Item item;
    std::size_t size = 0;
  };

  bool reserve(std::size_t size) {
    if (items_.fetch_add(1, std::memory_order_relaxed) >= limits_.items) {
      items_.fetch_sub(1, std::memory_order_relaxed);
      return false;
    }
    std::size_t used = bytes_.load(std::memory_order_relaxed);
    do {
      if (used != 0 && (size > limits_.bytes || used > limits_.bytes - size)) {
        items_.fetch_sub(1, std::memory_order_relaxed);
        return false;
      }
    } while (!bytes_.compare_exchange_weak(used, used + size, std::memory_order_relaxed));
    return true;
  }

  void release(std::size_t n, std::size_t size) {
    bytes_.fetch_sub(size, std::memory_order_relaxed);
    items_.fetch_sub(n, std::memory_order_relaxed);
  }

  const Limits limits_;
  moodycamel::BlockingConcurrentQueue<Slot> queue_;
  std::atomic<std::size_t> items_{0};
  std::atomic<std::size_t> bytes_{0};
  std::vector<Slot> scratch_;  // of the consumer
};

}  // namespace ingest
