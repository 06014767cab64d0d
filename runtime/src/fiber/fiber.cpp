// SPDX-License-Identifier: MIT
// How a fiber is laid out on its stack.
#include "fiber/fiber.hpp"

#include "fiber/stack.hpp"

#include <boost/context/preallocated.hpp>
#include <boost/context/stack_context.hpp>

#include <memory>
#include <new>

namespace heddle::detail {

namespace {

/// The stack belongs to a slab: Boost has nothing to free.
struct keep_stack {
  void deallocate(boost::context::stack_context&) noexcept {}
};

}  // namespace

fiber& fiber::create(std::byte* low, std::size_t bytes, scheduler& home, entry_function entry) {
  constexpr std::size_t record_bytes = (sizeof(fiber) + alignof(fiber) - 1) & ~(alignof(fiber) - 1);
  std::byte* const top = low + bytes - record_bytes;
  fiber* const self = ::new (top) fiber(low, bytes, home);
  boost::context::stack_context stack;
  stack.sp = top;
  stack.size = static_cast<std::size_t>(top - low);
  const boost::context::preallocated frame(top, stack.size, stack);
  self->saved.context = boost::context::fiber(
      std::allocator_arg, frame, keep_stack{}, [self, entry](boost::context::fiber&& left) {
        arrive(self->saved, std::move(left));
        entry(*self);
        return boost::context::fiber{};  // not reached
      });
  self->saved.sanitizer.create(low + page_bytes, bytes - page_bytes);
  return *self;
}

}  // namespace heddle::detail
