// SPDX-License-Identifier: MIT
// The thread_locals of pool threads.
#include "pool/pool_thread.hpp"

#include "base/alternate_stack.hpp"

#include <pthread.h>

namespace heddle::detail {

namespace {

constinit thread_local const pool_thread* here = nullptr;
constinit thread_local thread_stack own_stack{};
constinit thread_local bool unbound = false;  // from the CPU of the loop that has started it

thread_stack stack_of_caller() noexcept {
  pthread_attr_t how;
  if (::pthread_getattr_np(::pthread_self(), &how) != 0) return {};
  void* begin = nullptr;
  std::size_t bytes = 0;
  const bool known = ::pthread_attr_getstack(&how, &begin, &bytes) == 0;
  ::pthread_attr_destroy(&how);
  return known ? thread_stack{reinterpret_cast<std::uintptr_t>(begin), bytes} : thread_stack{};
}

/// Once a thread: where its stack lies, and another one for the handler.
void prepare_to_explain() noexcept {
  if (own_stack.bytes != 0) return;
  static thread_local const alternate_stack for_handlers(true);
  own_stack = stack_of_caller();
}

}  // namespace

std::optional<cpu_set_t> cpus_of(const config& settings) noexcept {
  cpu_set_t cpus;
  if (!settings.pin_loops) return {};
  if (::pthread_getaffinity_np(::pthread_self(), sizeof cpus, &cpus) != 0) return {};
  return cpus;
}

__attribute__((noinline)) const pool_thread* pool_thread::current() noexcept { return here; }

thread_stack explained_stack() noexcept { return own_stack; }

works_for_pool::works_for_pool(const pool_thread* as) noexcept : before_(here) {
  if (as == nullptr) return;
  if (as->explains) prepare_to_explain();
  if (as->cpus.has_value() && !unbound) {
    unbound = ::pthread_setaffinity_np(::pthread_self(), sizeof *as->cpus, &*as->cpus) == 0;
  }
  here = as;
}

works_for_pool::~works_for_pool() { here = before_; }

}  // namespace heddle::detail
