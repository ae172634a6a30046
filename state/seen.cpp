#include "state/seen.h"

#include <algorithm>
#include <deque>

#include <boost/unordered/unordered_flat_map.hpp>

#include "state/store.h"
#include "windows/planted_bug.h"

namespace state {
namespace {

struct KeyHash {
  using is_avalanching = void;
  std::size_t operator()(const ItemKey& key) const { return key.low; }
};

struct Known {
  std::uint64_t content = 0;
  core::Time at = 0;
};

}  // namespace

struct Seen::State {
  SeenOptions options;
  const Store* store = nullptr;
  boost::unordered_flat_map<ItemKey, Known, KeyHash> known;
  // In the order they were remembered; the first `taken` of them belong to the generations in `marks`, and the
  // first `kept` of those are durable. A key that was remembered again is in here twice, with two instants.
  struct Entry {
    ItemKey key;
    core::Time at = 0;
  };
  std::deque<Entry> order;
  std::size_t taken = 0;
  std::size_t kept = 0;
  struct Mark {
    std::uint64_t generation = 0;
    std::size_t entries = 0;
  };
  std::deque<Mark> marks;
  core::Time in_store_until = windows::kNever;  // nothing newer is in the store and not in memory
  mutable std::uint64_t looked_up = 0;

  void forget_oldest() {
    const Entry& oldest = order.front();
    const auto it = known.find(oldest.key);
    if (it != known.end() && it->second.at == oldest.at) known.erase(it);
    order.pop_front();
  }

  // Memory is for the newest; without a store nothing waits to be kept.
  void shrink(core::Time now) {
    while (!order.empty()) {
      const bool expired = order.front().at < now - options.horizon;
      if (known.size() <= options.in_memory && !expired) return;
      if (store == nullptr) {
        forget_oldest();
        if (taken > 0) --taken;
        continue;
      }
      if (kept == 0) return;
      in_store_until = std::max(in_store_until, order.front().at);
      forget_oldest();
      --kept;
      --taken;
    }
  }
};

Seen::Seen(const SeenOptions& options, const Store* store) : state_(std::make_unique<State>()) {
  state_->options = options;
  state_->store = store;
  if (store != nullptr && store->has_ids()) state_->in_store_until = store->checkpoint().applied_at;
}

Seen::~Seen() = default;

Seen::Answer Seen::look(const ItemKey& key, std::uint64_t content, core::Time now) const {
  const core::Time since = now - state_->options.horizon;
  Known known;
  const auto it = state_->known.find(key);
  if (it != state_->known.end()) {
    known = it->second;
  } else {
    if (state_->in_store_until < since) return Answer::fresh;
    if (windows::planted_bug("ids in the state are not looked up")) return Answer::fresh;
    ++state_->looked_up;
    const auto row = state_->store->find_id(key);
    if (!row) return Answer::fresh;
    known = {row->content, row->at};
  }
  if (known.at < since) return Answer::fresh;
  return known.content == content ? Answer::repeated : Answer::conflict;
}

void Seen::remember(const ItemKey& key, std::uint64_t content, core::Time now) {
  state_->known[key] = {content, now};
  state_->order.push_back({key, now});
  state_->shrink(now);
}

std::vector<SeenRow> Seen::take(std::uint64_t generation) {
  std::vector<SeenRow> rows;
  if (state_->store == nullptr) return rows;
  State& state = *state_;
  rows.reserve(state.order.size() - state.taken);
  for (std::size_t i = state.taken; i < state.order.size(); ++i) {
    const State::Entry& entry = state.order[i];
    const auto it = state.known.find(entry.key);
    if (it != state.known.end() && it->second.at == entry.at) rows.push_back({entry.key, it->second.content, entry.at});
  }
  state.marks.push_back({generation, state.order.size() - state.taken});
  state.taken = state.order.size();
  return rows;
}

void Seen::kept(std::uint64_t generation) {
  State& state = *state_;
  core::Time newest = windows::kNever;
  while (!state.marks.empty() && state.marks.front().generation <= generation) {
    state.kept += state.marks.front().entries;
    state.marks.pop_front();
  }
  if (!state.order.empty()) newest = state.order.back().at;
  if (newest != windows::kNever) state.shrink(newest);
}

Seen::Counts Seen::counts() const { return {state_->known.size(), state_->looked_up}; }

}  // namespace state
