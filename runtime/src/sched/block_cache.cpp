// SPDX-License-Identifier: MIT
// Moving blocks between a loop's list, the shared list and malloc.
#include "sched/block_cache.hpp"

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>

namespace heddle::detail {

namespace {

void free_chain(free_block* chain) noexcept {
  while (chain != nullptr) std::free(std::exchange(chain, chain->next));
}

}  // namespace

block_depot::~block_depot() {
  for (const shelf& each : shelves_) free_chain(each.first);
}

std::size_t block_depot::take(std::size_t at, std::size_t most, free_block*& chain) noexcept {
  std::lock_guard guard(lock_);
  shelf& from = shelves_[at];
  std::size_t taken = 0;
  chain = from.first;
  free_block* last = nullptr;
  for (; taken < most && from.first != nullptr; ++taken) {
    last = from.first;
    from.first = last->next;
  }
  if (last != nullptr) last->next = nullptr;
  from.count -= taken;
  from.low = std::min(from.low, from.count);
  return taken;
}

void block_depot::give(std::size_t at, free_block* chain, std::size_t count) noexcept {
  free_block* last = chain;
  while (last->next != nullptr) last = last->next;
  {
    std::lock_guard guard(lock_);
    shelf& to = shelves_[at];
    if (to.count < shared_blocks) {
      last->next = to.first;
      to.first = chain;
      to.count += count;
      chain = nullptr;
    }
  }
  free_chain(chain);
}

void block_depot::decay() noexcept {
  for (shelf& each : shelves_) {
    free_block* chain = nullptr;
    {
      std::lock_guard guard(lock_);
      const std::size_t most = std::min((each.low + 1) / 2, most_freed_at_once);
      free_block* last = nullptr;
      chain = each.first;
      for (std::size_t n = 0; n < most && each.first != nullptr; ++n, --each.count) {
        last = each.first;
        each.first = last->next;
      }
      if (last == nullptr) {
        chain = nullptr;
      } else {
        last->next = nullptr;
      }
      each.low = each.count;
    }
    free_chain(chain);
  }
}

block_cache::~block_cache() {
  for (const magazine& each : magazines_) free_chain(each.first);
}

void* block_cache::refill(std::size_t at) {
  magazine& into = magazines_[at];
  into.count = depot_.take(at, cached_blocks / 2, into.first);
  if (into.count > 0) return take(at);
  void* const block = std::malloc(block_bytes[at]);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void block_cache::spill(std::size_t at) noexcept {
  magazine& from = magazines_[at];
  free_block* const chain = from.first;
  free_block* last = chain;
  for (std::size_t n = 1; n < cached_blocks / 2; ++n) last = last->next;
  from.first = last->next;
  last->next = nullptr;
  from.count -= cached_blocks / 2;
  depot_.give(at, chain, cached_blocks / 2);
}

}  // namespace heddle::detail
