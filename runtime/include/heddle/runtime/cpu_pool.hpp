// SPDX-License-Identifier: MIT
// One job that computes, on a pool of threads for such jobs, while its fiber waits and the loop
// goes on. The pool is a oneTBB arena of the runtime with config::cpu_threads threads, started when
// it is first used; what the job does in parallel, by oneTBB or by parallel_for, the same threads
// do. Not here: calls that block their thread (blocking.hpp), work that is cut in parts by
// recursion (fork_join.hpp) or over a range (parallel.hpp).
#pragma once

#include <heddle/runtime/detail/pool_call.hpp>

#include <type_traits>
#include <utility>

namespace heddle {

/// Calls `f()` on a thread of the CPU pool and waits for it. Jobs begin first come, first served.
/// The job sees the caller's context_vars. It runs on a plain thread: a wait blocks that thread,
/// and what needs a fiber (heddle::spawn, yield) throws std::logic_error;
/// runtime::current().spawn() works. On a thread of the CPU pool, and on a plain thread: calls f
/// there; on one of the blocking pool: on the CPU pool. Returns: what f returns. Errors: what f
/// throws; `cancelled` if the caller was cancelled before the job began, and then f is not called;
/// resource_exhausted if oneTBB can have no thread; std::bad_alloc. Once it has begun, the call
/// returns its result, and a cancellation comes at the next suspension point. Suspends: yes,
/// cancel-safe. Cost: to wake a thread, 2 to 30 µs.
template <class F>
requires std::is_invocable_v<F> std::invoke_result_t<F> cpu(F&& f) {
  detail::call_of<F> call(std::forward<F>(f));
  detail::run_on_pool(detail::pool_kind::cpu, call);
  return call.take();
}

}  // namespace heddle
