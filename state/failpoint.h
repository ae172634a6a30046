// Failpoints: named places at which the process can be told to kill itself, so that a test can crash it exactly
// there. Always compiled in, because the crash tests run on what is shipped; off, one costs a load and a branch.
//
//   RINGSIDE_FAILPOINT=after_journal_sync        SIGKILL the first time it is reached
//   RINGSIDE_FAILPOINT=after_journal_sync:12     the twelfth time
// The variable is read once, before main(). An unknown name stops the process with the list of those there
// are. Any thread.
#pragma once

#include <array>
#include <atomic>
#include <string_view>

namespace state {

// Every failpoint there is; a test that walks them all walks this list.
inline constexpr std::array<std::string_view, 11> kFailpoints{
    "before_journal_write",     // a group of batches is made, nothing is written
    "after_journal_sync",       // RocksDB has synced it, the witness does not know yet
    "after_witness_sync",       // durable; nothing was released yet
    "before_release",           // the commit thread is about to tell the loop
    "after_release",            // acknowledgements are on their way
    "before_checkpoint_write",  // all rows are collected
    "after_checkpoint_write",   // durable; the engine does not know yet
    "before_keep_copy",         // of the state, by hard links
    "after_keep_copy",          // made; older copies are still there
    "while_recovering",         // between two batches of the tail
    "after_recovery",           // numbers are right, nobody was told
};

namespace failpoint {
// What is armed, found at start; null: nothing.
extern std::atomic<const char*> armed;
void reached(std::string_view name);
void arm_from_environment();
}  // namespace failpoint

}  // namespace state

#define FAILPOINT(name)                                                                  \
  do {                                                                                   \
    if (state::failpoint::armed.load(std::memory_order_relaxed) != nullptr) [[unlikely]] \
      state::failpoint::reached(name);                                                   \
  } while (false)
