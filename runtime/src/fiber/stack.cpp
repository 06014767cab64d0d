// SPDX-License-Identifier: MIT
// Mapping, guarding, trimming and measuring stacks.
#include "fiber/stack.hpp"

#include <heddle/runtime/error.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <sys/mman.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

namespace heddle::detail {

guard_kind guard_maker::guard(void* low) noexcept {
  if (madvise_works_) {
    if (::madvise(low, page_bytes, MADV_GUARD_INSTALL) == 0) return guard_kind::madvise;
    // EINVAL is a kernel that does not know it. Anything else may pass, but a stack without a guard
    // is worse than one that costs a mapping: fall through.
    if (errno == EINVAL) madvise_works_ = false;
  }
  if (mprotect_left_ > 0 && ::mprotect(low, page_bytes, PROT_NONE) == 0) {
    --mprotect_left_;
    return guard_kind::mprotect;
  }
  return guard_kind::none;
}

slab::slab(std::size_t stack_bytes, std::size_t count) : stack_bytes_(stack_bytes), count_(count) {
  const std::size_t bytes = stack_bytes * count;
  void* const memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (memory == MAP_FAILED) {
    throw resource_exhausted(
        "heddle: no address space for " + std::to_string(count) + " stacks of " +
        std::to_string(stack_bytes / 1024) + " KiB (" + std::strerror(errno) +
        "): raise the limit (ulimit -v, vm.max_map_count) or use smaller stacks");
  }
  memory_ = static_cast<std::byte*>(memory);
  // A huge page would commit the tops of eight stacks and all between. Old kernels may lack the
  // call.
  ::madvise(memory_, bytes, MADV_NOHUGEPAGE);
}

slab::slab(slab&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)),
      stack_bytes_(other.stack_bytes_),
      count_(other.count_) {}

slab::~slab() {
  if (memory_ != nullptr) ::munmap(memory_, stack_bytes_ * count_);
}

bool slab::contains(const void* address) const noexcept {
  const auto* const at = static_cast<const std::byte*>(address);
  return at >= memory_ && at < memory_ + stack_bytes_ * count_;
}

void trim_stack(std::byte* low, std::size_t bytes) noexcept {
  ::madvise(low + page_bytes, bytes - page_bytes, MADV_DONTNEED);
}

std::size_t resident_stack_bytes(std::byte* low, std::size_t bytes) noexcept {
  constexpr std::size_t pages_at_once = 256;
  std::array<unsigned char, pages_at_once> resident;
  for (std::size_t offset = page_bytes; offset < bytes; offset += pages_at_once * page_bytes) {
    const std::size_t length = std::min(pages_at_once * page_bytes, bytes - offset);
    if (::mincore(low + offset, length, resident.data()) != 0) return 0;
    for (std::size_t page = 0; page < length / page_bytes; ++page) {
      if ((resident[page] & 1) != 0) return bytes - offset - page * page_bytes;
    }
  }
  return 0;
}

}  // namespace heddle::detail
