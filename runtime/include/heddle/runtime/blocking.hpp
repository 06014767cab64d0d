// SPDX-License-Identifier: MIT
// Calls that block their thread (files, getaddrinfo, libraries that know no fibers), on threads
// that may be blocked, while the fiber waits and its loop goes on. The runtime's blocking pool
// starts a thread when a call finds none idle, up to config::max_blocking_threads; further calls
// stand in line. A thread that has idled for config::blocking_keep_alive ends. Not here: calls that
// compute (cpu_pool.hpp). Source: to_thread and run_in_executor of asyncio.
#pragma once

#include <heddle/runtime/detail/pool_call.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace heddle {

namespace detail {

/// Runs a call that was handed to an executor, once; the last copy that is destroyed without having
/// run it fails it.
class handed_call {
 public:
  explicit handed_call(std::shared_ptr<class call_ticket> ticket) noexcept
      : ticket_(std::move(ticket)) {}
  void operator()() const noexcept;

 private:
  std::shared_ptr<call_ticket> ticket_;
};

/// Has `call` run where `hand_over` brings it, and waits for it.
void run_handed_over(pool_call& call, const std::function<void(handed_call)>& hand_over);

template <class Executor>
concept has_execute = requires(Executor& executor, handed_call call) {
  executor.execute(std::move(call));
};
template <class Executor>
concept has_enqueue = requires(Executor& executor, handed_call call) {
  executor.enqueue(std::move(call));
};

}  // namespace detail

/// What can be asked to run a function later: by executor.enqueue(f), as oneTBB's task_arena, else
/// by executor.execute(f), as Asio's executors, else by executor(f). It is given a copyable
/// function object, to be called once, on any thread, or to be destroyed; it is asked on the
/// caller's loop, and should not wait for the function's end.
template <class Executor>
concept executor = detail::has_execute<Executor> || detail::has_enqueue<Executor> ||
    std::invocable<Executor&, detail::handed_call>;

/// Calls `f()` on a thread of the blocking pool and waits for it. Calls begin first come, first
/// served. The call sees the caller's context_vars. It runs on a plain thread: what needs a fiber
/// (spawn, yield) throws std::logic_error there. On a thread of one of the pools, and on a plain
/// thread: calls f there. Returns: what f returns. Errors: what f throws; `cancelled` if the caller
/// was cancelled before the call began, and then f is not called (so a deadline around it bounds
/// how long it stands in line); resource_exhausted if not even one thread can be had;
/// std::bad_alloc. Once it has begun it returns its result, and a cancellation comes at the next
/// suspension point. errno is then what f has left, as after cpu() and run_in(). Suspends: yes,
/// cancel-safe. Cost: to wake a thread, 2 to 30 µs.
template <class F>
requires std::is_invocable_v<F> std::invoke_result_t<F> blocking(F&& f) {
  detail::call_of<F> call(std::forward<F>(f));
  detail::run_on_pool(detail::pool_kind::blocking, call);
  return call.take();
}

/// Has `where` call `f()`, and waits for it: from a fiber, or from a plain thread that `where` does
/// not need to run f. f sees the caller's context_vars. Returns: what f returns. Errors: what f
/// throws; what `where` throws when it is asked; `cancelled` if the caller was cancelled before the
/// call began, and then f is not called, whatever `where` does later; std::runtime_error if `where`
/// drops the call; std::bad_alloc. In a simulation `where` must be made of its fibers: nothing else
/// can end a wait there. Suspends: yes, cancel-safe.
template <executor Executor, class F>
requires std::is_invocable_v<F> std::invoke_result_t<F> run_in(Executor&& where, F&& f) {
  detail::call_of<F> call(std::forward<F>(f));
  detail::run_handed_over(call, [&where](detail::handed_call handed) {
    // What has both, as oneTBB's arena, waits in execute().
    if constexpr (detail::has_enqueue<std::remove_reference_t<Executor>>) {
      where.enqueue(std::move(handed));
    } else if constexpr (detail::has_execute<std::remove_reference_t<Executor>>) {
      where.execute(std::move(handed));
    } else {
      std::invoke(where, std::move(handed));
    }
  });
  return call.take();
}

}  // namespace heddle
