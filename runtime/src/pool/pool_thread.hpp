// SPDX-License-Identifier: MIT
// What a thread knows of itself while it works for a pool: whose it is, and where its stack lies,
// for the message about an overflow. A thread_local, like those of plain threads: never used on a
// fiber.
#pragma once

#include <heddle/runtime/config.hpp>
#include <heddle/runtime/detail/pool_call.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

#include <sched.h>

namespace heddle::detail {

class pools;

struct pool_thread {
  pools* owner;
  pool_kind kind;
  bool explains;                  // overflows of its stack
  std::optional<cpu_set_t> cpus;  // where it may run, if loops, which may start it, are bound

  /// Returns what the calling thread is; null if it works for no pool.
  static const pool_thread* current() noexcept;
};

/// Returns the CPUs of the calling thread, which makes the pools, if loops are to be bound.
std::optional<cpu_set_t> cpus_of(const config& settings) noexcept;

struct thread_stack {
  std::uintptr_t begin = 0;  // its lowest byte
  std::size_t bytes = 0;     // 0: not known
};

/// Returns where the calling thread's stack lies, if it has worked for a pool that explains
/// overflows. For signal handlers.
thread_stack explained_stack() noexcept;

/// Makes the calling thread one of a pool's for a while. Null: it stays what it is.
class works_for_pool {
 public:
  explicit works_for_pool(const pool_thread* as) noexcept;
  ~works_for_pool();
  works_for_pool(const works_for_pool&) = delete;
  works_for_pool& operator=(const works_for_pool&) = delete;

 private:
  const pool_thread* before_;
};

}  // namespace heddle::detail
