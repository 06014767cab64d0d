// SPDX-License-Identifier: MIT
// The parker of each plain thread: a thread_local, and therefore never used on a fiber.
#include "fiber/parker.hpp"

#include <heddle/runtime/lock_owner.hpp>

namespace heddle::detail {

__attribute__((noinline)) thread_parker& parker_of_plain_thread() noexcept {
  thread_local thread_parker mine;
  return mine;
}

fiber_id id_of_plain_thread() noexcept {
  static std::atomic<std::uint64_t> last{std::uint64_t{1} << 62};  // only ever grows
  fiber_id& id = parker_of_plain_thread().caller;
  if (id == fiber_id::none) id = fiber_id{last.fetch_add(1, std::memory_order_relaxed)};
  return id;
}

}  // namespace heddle::detail
