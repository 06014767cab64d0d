// SPDX-License-Identifier: MIT
// How a fiber is laid out on its stack.
#include "fiber/fiber.hpp"

#include "fiber/cancel_domain.hpp"
#include "fiber/stack.hpp"

#include <heddle/runtime/detail/scope_frame.hpp>

#include <boost/context/detail/fcontext.hpp>

#include <algorithm>
#include <cstdint>
#include <new>

namespace heddle::detail {

namespace {

/// The first frame of every stack. It never returns, so there is nothing above it to return to.
void enter(boost::context::detail::transfer_t from) noexcept {
  fiber& self = *static_cast<switch_state*>(current_thread_state())->running();
  const departure left = arrive(self.saved, {from.fctx, from.data});
  self.entry()(self, left);
  __builtin_unreachable();
}

}  // namespace

std::byte* fiber::record_at(std::byte* low, std::size_t bytes) noexcept {
  constexpr std::size_t record_bytes = (sizeof(fiber) + alignof(fiber) - 1) & ~(alignof(fiber) - 1);
  constexpr std::size_t colours = 8;
  constexpr std::size_t colour_bytes = 192;
  const std::size_t colour = reinterpret_cast<std::uintptr_t>(low) / bytes % colours;
  return low + bytes - record_bytes - colour * colour_bytes;
}

fiber& fiber::create(place where, scheduler& home, entry_function entry) {
  std::byte* const top = record_at(where.low, where.bytes);
  fiber* const self = ::new (top) fiber(where, home, entry);
  const auto below = static_cast<std::size_t>(top - where.low);
  self->saved.self = self;
  self->saved.context = boost::context::detail::make_fcontext(top, below, &enter);
  self->saved.sanitizer.create(where.low + page_bytes, where.bytes - page_bytes);
  return *self;
}

void fiber::destroy() noexcept {
  saved.sanitizer.destroy();
  cancel_domain* const groups = domain.exchange(nullptr, std::memory_order_relaxed);
  if (groups != nullptr) groups->end();
}

scope_depth fiber::floor_of_unwinding(unsigned uncaught_now) const noexcept {
  // Those that were entered by now, inside a destructor; scopes further in were entered later.
  scope_depth outermost = nothing_heard;
  for (const scope_frame* each = innermost;
       each != nullptr && each->uncaught_at_entry >= uncaught_now; each = each->outer) {
    outermost = each->depth;
  }
  return std::max(outermost, shield);
}

}  // namespace heddle::detail
