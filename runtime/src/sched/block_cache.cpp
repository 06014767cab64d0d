// SPDX-License-Identifier: MIT
// Moving magazines between a loop and the depot, and blocks from and to malloc.
#include "sched/block_cache.hpp"

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <new>

namespace heddle::detail {

magazine::~magazine() {
  for (std::size_t n = 0; n < count; ++n) std::free(blocks[n]);
}

block_depot::~block_depot() {
  for (shelf& each : shelves_) {
    while (each.first != nullptr) {
      const std::unique_ptr<magazine> last(std::exchange(each.first, each.first->next));
    }
  }
}

std::unique_ptr<magazine> block_depot::take(std::size_t at) noexcept {
  std::lock_guard guard(lock_);
  shelf& from = shelves_[at];
  if (from.first == nullptr) return nullptr;
  from.low = std::min(from.low, --from.count);
  return std::unique_ptr<magazine>(std::exchange(from.first, from.first->next));
}

void block_depot::give(std::size_t at, std::unique_ptr<magazine> full) noexcept {
  std::lock_guard guard(lock_);
  shelf& to = shelves_[at];
  if (to.count == depot_magazines) return;
  full->next = to.first;
  to.first = full.release();
  ++to.count;
}

void block_depot::decay() noexcept {
  for (shelf& each : shelves_) {
    magazine* surplus = nullptr;
    {
      std::lock_guard guard(lock_);
      std::size_t most = std::min((each.low + 1) / 2, most_freed_at_once);
      for (; most > 0 && each.first != nullptr; --most, --each.count) {
        magazine* const one = std::exchange(each.first, each.first->next);
        one->next = surplus;
        surplus = one;
      }
      each.low = each.count;
    }
    while (surplus != nullptr) {
      const std::unique_ptr<magazine> one(std::exchange(surplus, surplus->next));
    }
  }
}

block_cache::block_cache(block_depot& depot, bool shared) : depot_(depot), shared_(shared) {
  for (pair& each : pairs_) {
    each.in_use = std::make_unique<magazine>();
    each.spare = std::make_unique<magazine>();
  }
}

void* block_cache::allocate(std::size_t at) const noexcept {
  // The last word belongs to malloc, which writes there only when it gives or frees the next block.
  constexpr std::size_t two_lines = 2 * cacheline_bytes - 8;
  const std::size_t bytes = block_bytes[at];
  const bool fills_two_lines = bytes <= two_lines && two_lines - bytes < sizeof(void*) * 4;
  if (!shared_ || !fills_two_lines) return std::malloc(bytes);
  void* block = nullptr;
  const bool refused = ::posix_memalign(&block, cacheline_bytes, two_lines) != 0;
  return refused ? nullptr : block;
}

void* block_cache::refill(std::size_t at) {
  pair& mine = pairs_[at];
  if (mine.spare->count != 0) {
    std::swap(mine.in_use, mine.spare);
    return take(at);
  }
  if (std::unique_ptr<magazine> full = depot_.take(at)) {
    mine.in_use = std::move(full);
    return take(at);
  }
  // A batch, so that neighbours in time are neighbours in memory, handed out from the low end up.
  magazine& into = *mine.in_use;
  constexpr std::size_t batch = magazine_blocks / 2;
  for (std::size_t n = batch; n > 0; --n) {
    void* const block = allocate(at);
    if (block == nullptr) break;
    into.blocks[into.count++] = block;
  }
  if (into.count == 0) throw std::bad_alloc();
  std::reverse(into.blocks.begin(), into.blocks.begin() + static_cast<std::ptrdiff_t>(into.count));
  return take(at);
}

void block_cache::spill(std::size_t at, void* block) noexcept {
  pair& mine = pairs_[at];
  if (mine.spare->count == 0) {
    std::swap(mine.in_use, mine.spare);
    return give(at, block);
  }
  std::unique_ptr<magazine> empty(new (std::nothrow) magazine);
  if (empty == nullptr) {
    std::free(block);
    return;
  }
  depot_.give(at, std::exchange(mine.in_use, std::move(empty)));
  give(at, block);
}

}  // namespace heddle::detail
