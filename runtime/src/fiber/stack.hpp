// SPDX-License-Identifier: MIT
// Stacks: slabs of address space cut into equal stacks, each with a guard page at its low end.
// Invariants: (1) a slab is one mapping, never moved, unmapped only by its destructor; (2) a slot
// is guarded once and stays so, however often it is reused; (3) a slot's memory is committed page
// by page as it is touched, never as a huge page; (4) without guards a stack is still usable, and
// counted. Source: madvise(2) MADV_GUARD_INSTALL (Linux 6.13), which needs no mapping of its own
// per guard; the mprotect fallback splits the mapping twice per stack and so meets
// vm.max_map_count.
#pragma once

#include <cstddef>
#include <cstdint>

namespace heddle::detail {

inline constexpr std::size_t page_bytes = 4096;
inline constexpr std::size_t smallest_stack_bytes = 16 * 1024;

/// How a stack's low end is protected.
enum class guard_kind : std::uint8_t { none, madvise, mprotect };

/// Makes guards, and remembers what the kernel refused. Used under the pool's lock.
class guard_maker {
 public:
  /// `most_mprotect` bounds the guards that split a mapping.
  explicit guard_maker(std::size_t most_mprotect) noexcept : mprotect_left_(most_mprotect) {}

  /// Guards the page at `low`.
  guard_kind guard(void* low) noexcept;

  /// Behaves from now on as on a kernel without MADV_GUARD_INSTALL; for tests.
  void refuse_madvise() noexcept { madvise_works_ = false; }

 private:
  bool madvise_works_ = true;
  std::size_t mprotect_left_;
};

/// A mapping of `count` stacks of `stack_bytes` each.
class slab {
 public:
  /// Errors: resource_exhausted, with the advice that fits.
  slab(std::size_t stack_bytes, std::size_t count);
  ~slab();
  slab(slab&& other) noexcept;
  slab& operator=(slab&&) = delete;

  /// Returns the low end of stack `index`, its guard page.
  std::byte* low(std::size_t index) const noexcept { return memory_ + index * stack_bytes_; }
  std::size_t count() const noexcept { return count_; }
  std::size_t stack_bytes() const noexcept { return stack_bytes_; }
  bool contains(const void* address) const noexcept;

 private:
  std::byte* memory_;
  std::size_t stack_bytes_;
  std::size_t count_;
};

/// Gives a stack's pages back to the system; its contents become zero. The guard stays.
void trim_stack(std::byte* low, std::size_t bytes) noexcept;

/// Returns how many bytes below `high` down to the lowest resident page.
std::size_t resident_stack_bytes(std::byte* low, std::size_t bytes) noexcept;

}  // namespace heddle::detail
