// SPDX-License-Identifier: MIT
// The stack allocator that lets Boost.Fiber have a million stacks: its own allocate each by a
// mapping (65,530 are allowed) or write to each stack's lowest page. One mapping, a free list
// outside of the stacks, guard pages where the kernel has them without a mapping each.
#pragma once

#include "harness/harness.hpp"

#include <boost/context/stack_context.hpp>

#include <cstddef>
#include <vector>

#include <sys/mman.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

namespace bench {

class slab {
 public:
  explicit slab(std::size_t stacks) : bytes_(stacks * stack_bytes) {
    base_ = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    require(base_ != MAP_FAILED, "no address space for the stacks");
    ::madvise(base_, bytes_, MADV_NOHUGEPAGE);
    free_.reserve(stacks);
    for (std::size_t n = stacks; n > 0; --n) {
      auto* const low = static_cast<std::byte*>(base_) + (n - 1) * stack_bytes;
      ::madvise(low, 4096, MADV_GUARD_INSTALL);
      free_.push_back(low);
    }
  }
  ~slab() { ::munmap(base_, bytes_); }
  slab(const slab&) = delete;
  slab& operator=(const slab&) = delete;

  boost::context::stack_context take() {
    require(!free_.empty(), "more fibers than stacks");
    boost::context::stack_context stack;
    stack.size = stack_bytes;
    stack.sp = free_.back() + stack_bytes;
    free_.pop_back();
    return stack;
  }
  void give(const boost::context::stack_context& stack) {
    free_.push_back(static_cast<std::byte*>(stack.sp) - stack_bytes);
  }

 private:
  static constexpr std::size_t stack_bytes = 64 * 1024;
  std::size_t bytes_;
  void* base_;
  std::vector<std::byte*> free_;
};

/// What boost::fibers::fiber takes with std::allocator_arg.
class slab_stack {
 public:
  explicit slab_stack(slab& from) : from_(&from) {}
  boost::context::stack_context allocate() { return from_->take(); }
  void deallocate(boost::context::stack_context& stack) noexcept { from_->give(stack); }

 private:
  slab* from_;
};

}  // namespace bench
