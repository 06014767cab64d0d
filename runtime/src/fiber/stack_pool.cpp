// SPDX-License-Identifier: MIT
// Growth, reuse and decay of the pool.
#include "fiber/stack_pool.hpp"

#include <heddle/runtime/error.hpp>

#include "base/forks.hpp"

#include <algorithm>
#include <bit>
#include <string>

namespace heddle::detail {

struct stack_pool::slot_block {
  slot_block(std::size_t stack_bytes, std::size_t count)
      : memory(stack_bytes, count), created(new std::atomic<std::uint8_t>[count] {}) {}

  std::size_t slot_of(const void* address) const noexcept {
    return static_cast<std::size_t>(static_cast<const std::byte*>(address) - memory.low(0)) /
           memory.stack_bytes();
  }
  fiber* fiber_at(std::size_t slot) const noexcept {
    return reinterpret_cast<fiber*>(fiber::record_at(memory.low(slot), memory.stack_bytes()));
  }

  slab memory;
  std::size_t next_fresh = 0;
  std::unique_ptr<std::atomic<std::uint8_t>[]> created;  // 1: there is a fiber in this slot
};

stack_pool::stack_pool(settings how, scheduler& home, fiber::entry_function entry)
    : how_(how), home_(home), entry_(entry), guards_(how.most_mprotect_guards) {
  if (how.refuse_madvise_guards) guards_.refuse_madvise();
}

stack_pool::~stack_pool() {
  for_each([](fiber& one) { one.destroy(); });
}

std::size_t stack_pool::class_of(std::size_t stack_bytes) noexcept {
  return static_cast<std::size_t>(std::bit_width(stack_bytes - 1) -
                                  std::bit_width(smallest_stack_bytes - 1));
}

std::size_t stack_pool::take_default(std::span<fiber*> into) {
  end_left_fiber();
  std::lock_guard guard(lock_);
  size_class& from = classes_[class_of(how_.default_stack_bytes)];
  std::size_t count = 0;
  do {
    into[count++] = take_locked(from, how_.default_stack_bytes);
  } while (count < into.size() && !from.warm.empty());
  return count;
}

fiber* stack_pool::take(std::size_t stack_bytes) {
  end_left_fiber();
  std::lock_guard guard(lock_);
  const std::size_t bytes = std::bit_ceil(std::max(stack_bytes, smallest_stack_bytes));
  return take_locked(classes_[class_of(bytes)], bytes);
}

fiber* stack_pool::take_locked(size_class& from, std::size_t stack_bytes) {
  if (from.warm.empty()) return &create_fresh(from, stack_bytes);
  fiber* const taken = from.warm.back();
  from.warm.pop_back();
  from.warm_low = std::min(from.warm_low, from.warm.size());
  pooled_.fetch_sub(1, std::memory_order_relaxed);
  return taken;
}

fiber& stack_pool::create_fresh(size_class& from, std::size_t stack_bytes) {
  if (!from.trimmed.empty()) {
    std::byte* const low = from.trimmed.back();
    from.trimmed.pop_back();
    fiber& one = fiber::create({low, stack_bytes, next_epoch()}, home_, entry_);
    slot_block& block = block_of(one);
    // order: release — partner: find(), for_each(): the record is complete.
    block.created[block.slot_of(low)].store(1, std::memory_order_release);
    return one;
  }
  slot_block& block = block_with_room(from, stack_bytes);
  const std::size_t slot = block.next_fresh++;
  std::byte* const low = block.memory.low(slot);
  if (guards_.guard(low) == guard_kind::none) unguarded_.fetch_add(1, std::memory_order_relaxed);
  fiber& one = fiber::create({low, stack_bytes, next_epoch()}, home_, entry_);
  // order: release — as above.
  block.created[slot].store(1, std::memory_order_release);
  stacks_.fetch_add(1, std::memory_order_relaxed);
  return one;
}

std::uint32_t stack_pool::next_epoch() noexcept {
  // A record would have to end 65,536 waits within the instant that a late waker needs.
  return first_epoch_ += std::uint32_t{1} << 16;
}

stack_pool::slot_block& stack_pool::block_with_room(size_class& from, std::size_t stack_bytes) {
  if (!from.blocks.empty() && from.blocks.back()->next_fresh < from.blocks.back()->memory.count()) {
    return *from.blocks.back();
  }
  const std::size_t known = blocks_.load(std::memory_order_relaxed);
  if (known == most_blocks) throw resource_exhausted("heddle: 8192 slabs of stacks are in use");
  // Slabs double from 1 MiB to 256 MiB of address space: small programs stay small, a million
  // stacks take about a thousand mappings.
  constexpr std::size_t first_bytes = std::size_t{1} << 20;
  const std::size_t doublings = std::min<std::size_t>(from.blocks.size(), 8);
  const std::size_t count = std::max<std::size_t>(1, (first_bytes << doublings) / stack_bytes);
  auto block = std::make_unique<slot_block>(stack_bytes, count);
  std::size_t slots = count;
  for (const auto& each : from.blocks) slots += each->memory.count();
  from.trimmed.reserve(slots);  // so that trimming and giving back never allocate
  from.warm.reserve(slots);
  from.blocks.push_back(std::move(block));
  // order: release — partner: find() reads the block through the index.
  index_[known].store(from.blocks.back().get(), std::memory_order_release);
  // order: release — partner: find().
  blocks_.store(known + 1, std::memory_order_release);
  return *from.blocks.back();
}

stack_pool::slot_block& stack_pool::block_of(const fiber& one) noexcept {
  for (const auto& block : classes_[class_of(one.stack_bytes())].blocks) {
    if (block->memory.contains(&one)) return *block;
  }
  __builtin_unreachable();
}

void stack_pool::give(std::span<fiber* const> list) noexcept {
  std::lock_guard guard(lock_);
  for (fiber* const one : list) {
    size_class& to = classes_[class_of(one->stack_bytes())];
    to.warm.push_back(one);
    if (to.warm.size() > kept_warm) excess_.store(true, std::memory_order_relaxed);
    pooled_.fetch_add(1, std::memory_order_relaxed);
  }
}

void stack_pool::trim_one(size_class& from) noexcept {
  fiber* const cold = from.warm.back();
  from.warm.pop_back();
  pooled_.fetch_sub(1, std::memory_order_relaxed);
  slot_block& block = block_of(*cold);
  std::byte* const low = cold->stack_low();
  const std::size_t bytes = cold->stack_bytes();
  block.created[block.slot_of(low)].store(0, std::memory_order_relaxed);
  cold->destroy();
  trim_stack(low, bytes);
  from.trimmed.push_back(low);
}

void stack_pool::decay() noexcept {
  std::lock_guard guard(lock_);
  bool more = false;
  for (size_class& each : classes_) {
    const std::size_t spare = std::min(each.warm_low, each.warm.size());
    const std::size_t excess = spare > kept_warm ? spare - kept_warm : 0;
    for (std::size_t n = std::min(excess, most_trims_at_once); n > 0; --n) trim_one(each);
    each.warm_low = each.warm.size();
    more = more || each.warm.size() > kept_warm;
  }
  excess_.store(more, std::memory_order_relaxed);
}

void stack_pool::for_each(const std::function<void(fiber&)>& visit) {
  std::lock_guard guard(lock_);
  for (const size_class& each : classes_) {
    for (const auto& block : each.blocks) {
      for (std::size_t slot = 0; slot < block->next_fresh; ++slot) {
        // order: acquire — partner: create_fresh().
        if (block->created[slot].load(std::memory_order_acquire) != 0) {
          visit(*block->fiber_at(slot));
        }
      }
    }
  }
}

fiber_identity::copy stack_pool::identity_of(const fiber* one) noexcept {
  std::lock_guard guard(lock_);  // none is destroyed meanwhile
  bool in_guard = false;
  const fiber* const there = find(one, in_guard);
  return there != nullptr && there == one ? there->identity.read() : fiber_identity::copy{};
}

const fiber* stack_pool::find(const void* address, bool& in_guard) const noexcept {
  // order: acquire — partner: block_with_room().
  const std::size_t known = blocks_.load(std::memory_order_acquire);
  for (std::size_t n = 0; n < known; ++n) {
    // order: acquire — partner: block_with_room().
    const slot_block* const block = index_[n].load(std::memory_order_acquire);
    if (!block->memory.contains(address)) continue;
    const std::size_t slot = block->slot_of(address);
    in_guard = static_cast<const std::byte*>(address) < block->memory.low(slot) + page_bytes;
    // order: acquire — partner: create_fresh().
    const bool exists = block->created[slot].load(std::memory_order_acquire) != 0;
    return exists ? block->fiber_at(slot) : nullptr;
  }
  return nullptr;
}

}  // namespace heddle::detail
