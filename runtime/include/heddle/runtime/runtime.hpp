// SPDX-License-Identifier: MIT
// A runtime: loops that run fibers, and the ways in from plain threads.
// Invariants: (1) several runtimes may live side by side; nothing process-wide is touched unless
// config::debug is set, but for oneTBB's threads, by the CPU pool; (2) when the destructor returns,
// every fiber has ended, every loop's thread is joined and every descriptor and mapping of the
// runtime is given back.
#pragma once

#include <heddle/runtime/config.hpp>
#include <heddle/runtime/stats.hpp>
#include <heddle/runtime/task.hpp>

#include <chrono>
#include <iosfwd>
#include <memory>
#include <utility>
#include <vector>

namespace heddle {

namespace detail {
class policy;
class pools;
template <class F>
decltype(auto) run_simulated(config settings, policy& decides, F&& body, spawn_site where);
}  // namespace detail

template <class F>
decltype(auto) run(config settings, F&& body, spawn_site where = spawn_site::current());

/// Loops that run fibers, each on a thread of its own, until it is destroyed. Its functions may be
/// called from any fiber and any thread, unless they say otherwise. In a child of fork() it does
/// not work: docs/guides/traps.md.
class runtime {
 public:
  /// Starts a thread for each loop. Errors: std::invalid_argument (a bad setting, named),
  /// resource_exhausted (threads, descriptors, memory): nothing is left behind then.
  explicit runtime(config settings = config::from_env());

  /// Cancels what is left, detached fibers too, and waits for it. Not from one of its own fibers.
  ~runtime();

  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;

  /// Runs `body()` in a fiber and blocks the calling plain thread until it has ended. Returns: its
  /// value. Errors: rethrows what left it; task_cancelled; std::logic_error inside a fiber;
  /// shut_down.
  template <class F>
  decltype(auto) run(F&& body, spawn_site where = spawn_site::current()) {
    require_plain_thread("runtime::run");
    return spawn(std::forward<F>(body), where).join();
  }

  /// Starts `body()` in a new fiber of this runtime, from any fiber or thread. Errors: as
  /// heddle::spawn.
  template <class F>
  auto spawn(F&& body, spawn_site where = spawn_site::current()) {
    return spawn(spawn_options{}, std::forward<F>(body), where);
  }
  /// As above, with a name, a stack size, a loop to start on.
  template <class F>
  auto spawn(spawn_options options, F&& body, spawn_site where = spawn_site::current()) {
    detail::new_task fresh(std::forward<F>(body), where);
    detail::apply(*fresh.core, options);
    detail::submit_to(*scheduler_, *fresh.core);
    return task<typename decltype(fresh)::result>(fresh.release());
  }

  /// Stops accepting tasks from outside, waits up to `grace` for the live ones, then cancels the
  /// rest, refuses their spawns too, and gives them as long again, at least 100 ms. Returns:
  /// whether all ended; if not, survivors are listed on stderr and the destructor still waits for
  /// them. Idempotent; from plain threads.
  bool shutdown(std::chrono::nanoseconds grace);

  /// Returns the counters. Suspends: no. Cost: some loads a loop.
  runtime_stats stats() const;

  /// Prints every started fiber: id, name, spawn site, state, what it waits for and who holds that.
  /// Does not stop the loops: a fiber that changes meanwhile may be printed as it was or as it is.
  void dump(std::ostream& out) const;

  /// Returns a copy of each loop's event ring, oldest record first. Empty unless
  /// config::trace_events.
  std::vector<std::vector<trace_record>> trace() const;

  /// Returns the effective settings.
  const config& settings() const noexcept;

  /// Returns the runtime of the running fiber, or whose pool the calling thread works for. Errors:
  /// std::logic_error on another plain thread.
  static runtime& current();

 private:
  struct adopt_calling_thread {};
  runtime(config settings, adopt_calling_thread);
  /// All loops are simulated: `decides` gives them turns on the thread that calls drive().
  runtime(config settings, detail::policy& decides);
  void drive(detail::task_core& main_task);
  static void require_plain_thread(const char* operation);

  template <class F>
  friend decltype(auto) run(config settings, F&& body, spawn_site where);
  template <class F>
  friend decltype(auto) detail::run_simulated(config settings, detail::policy& decides, F&& body,
                                              spawn_site where);

  template <class T>
  using owned = std::unique_ptr<T, void (*)(T*)>;
  explicit runtime(owned<detail::scheduler> started);

  owned<detail::pools> pools_;  // outlives the fibers
  owned<detail::scheduler> scheduler_;
};

/// Runs `body()` as the first fiber of a new runtime; the calling thread is one of its loops, so
/// that one loop needs no thread. Returns: its value, after everything it left running was
/// cancelled and has ended. Errors: as runtime's constructor and runtime::run.
template <class F>
decltype(auto) run(config settings, F&& body, spawn_site where) {
  runtime::require_plain_thread("run");
  // Ends after the runtime: should the value's way out throw, what is left of the value may own
  // tasks, and they have ended by then.
  detail::new_task main_task(std::forward<F>(body), where);
  runtime own(std::move(settings), runtime::adopt_calling_thread{});
  own.drive(*main_task.core);
  return detail::take_result<typename decltype(main_task)::result>(*main_task.core);
}

/// As above, with the settings that the environment gives (config::from_env).
template <class F>
requires std::is_invocable_v<std::decay_t<F>>
decltype(auto) run(F&& body, spawn_site where = spawn_site::current()) {
  return run(config::from_env(), std::forward<F>(body), where);
}

}  // namespace heddle
