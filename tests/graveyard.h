// Where processes go that crashed. RocksDB waits a second before it gives up on a disk that is gone, so they end beside
// what goes on, on threads of their own; they touch nothing that anybody still looks at. One thread at a time.
#pragma once

#include <deque>
#include <thread>
#include <utility>

class Graveyard {
 public:
  template <class Life>
  void bury(Life&& life) {
    if (threads_.size() == 24) {
      threads_.front().join();
      threads_.pop_front();
    }
    threads_.emplace_back([life = std::forward<Life>(life)]() mutable { life.reset(); });
  }
  ~Graveyard() {
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  std::deque<std::thread> threads_;
};
