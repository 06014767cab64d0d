// SPDX-License-Identifier: MIT
// A task: a callable that runs in a fiber of its own, and the handle that owns it.
// Invariants: (1) a result or error is delivered exactly once: to join(), or to
// config::on_unhandled; (2) no handle is lost silently: one that is dropped cancels its task and
// waits for it; (3) body and captures live and die on the task's own fiber. Structured groups of
// tasks are built on this class.
#pragma once

#include <heddle/runtime/cancelled.hpp>
#include <heddle/runtime/detail/task_body.hpp>
#include <heddle/runtime/detail/task_core.hpp>
#include <heddle/runtime/error.hpp>
#include <heddle/runtime/park.hpp>

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace heddle {

/// What spawn may be told of the new fiber.
struct spawn_options {
  std::string_view name = {};   ///< copied; for messages and dumps; at most 256 bytes are kept
  std::size_t stack_bytes = 0;  ///< 0: config::stack_bytes; 16 KiB..1 GiB, rounded up to 2^n
  bool pinned = false;          ///< never migrates from the loop on which it starts
  std::optional<unsigned> loop = {};  ///< starts there, unless that loop is in one long slice
};

namespace detail {
/// Copies options into a core. Errors: std::invalid_argument naming the option.
void apply(task_core& core, const spawn_options& options);
}  // namespace detail

/// Owns a spawned task. Move-only; may outlive its runtime; used by one thread or fiber at a time.
/// T: what the callable returns: movable, void, or a reference.
/// Misuse (a moved-from, joined or detached task) throws std::logic_error that names the operation.
template <class T>
class [[nodiscard]] task {
 public:
  task() noexcept = default;
  task(task&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
  task& operator=(task&& other) noexcept {
    if (this != &other) {
      drop();
      core_ = std::exchange(other.core_, nullptr);
    }
    return *this;
  }
  /// Still attached: cancels the task, then waits for it, shielded. Never throws; an error of the
  /// task goes to config::on_unhandled.
  ~task() { drop(); }

  /// Waits for the end of the task, once. Returns: its value.
  /// Errors: rethrows what left the task; task_cancelled if it was cancelled; `cancelled` if this
  /// has to wait and the caller is: then the task goes on and can be joined again. Suspends: yes,
  /// cancel-safe; blocks a plain thread. Order: the task's end happens before the return. Cost: a
  /// task that has not started is run by a direct switch where nobody is overtaken by it.
  T join() {
    detail::task_core& core = attached("join");
    if (!detail::is_done(core)) detail::wait_done(core);
    const owner ended{std::exchange(core_, nullptr)};
    return detail::take_result<T>(core);
  }

  /// Has the end of the task end `self` too, a wait of the caller's that may be in other lists as
  /// well: the claim has the reason event and the tag 0. For primitives like select. Returns: false
  /// if the task has ended already: nothing is to come then. Shape: `self` is the caller's and has
  /// begun; the same task may be watched twice by one wait. True: unwatch_end() must follow before
  /// the caller begins another wait or uses the handle otherwise. Errors: std::logic_error if the
  /// caller is the task itself. Somebody else joins or watches it: the process stops with a
  /// message. Suspends: no. Cost: one CAS.
  bool watch_end(const waiter& self) { return detail::watch_end(attached("watch_end"), self); }

  /// Takes back watch_end(); the task's end does not touch the caller's waits afterwards. Returns:
  /// whether the task has ended. Suspends: no. Cost: one CAS; spins for a few instructions if the
  /// task ends just now.
  bool unwatch_end() { return detail::unwatch_end(attached("unwatch_end")); }

  /// Waits for the end of the task, which can then be joined without waiting. Errors: `cancelled`
  /// if the caller is, also if the task has ended. Suspends, Order, Cost: as join().
  void wait() {
    detail::task_core& core = attached("wait");
    if (detail::is_done(core)) {
      cooperate();  // it can be asked for again and again
    } else {
      detail::wait_done(core);
    }
  }

  /// Returns whether the task has ended. Order: true happens after its end.
  bool done() const { return detail::is_done(attached("done")); }

  /// Requests cancellation: the task's next suspension point throws `cancelled`. Idempotent.
  /// Suspends: no. From any fiber or thread, but not while another uses the handle.
  void cancel() { detail::request_cancel(attached("cancel")); }

  /// Gives up the handle; the task goes on, and its runtime's destructor cancels it and waits. Its
  /// error, if any, goes to config::on_unhandled.
  void detach() {
    detail::detach(attached("detach"));
    core_ = nullptr;
  }

  /// Returns the task's id, which is its fiber's.
  fiber_id id() const { return attached("id").id; }

  /// Returns the name given at spawn; valid while the handle is attached.
  std::string_view name() const { return detail::name_of(attached("name")); }

  /// Returns whether there is a task to join.
  bool joinable() const noexcept { return core_ != nullptr; }

 private:
  template <class F>
  friend auto spawn(F&& body, spawn_site where);
  template <class F>
  friend auto spawn(spawn_options options, F&& body, spawn_site where);
  friend class runtime;

  explicit task(detail::task_core* core) noexcept : core_(core) {}

  struct owner {  // frees a task that has ended, also when its result throws on the way out
    detail::task_core* core;
    ~owner() { detail::release(*core); }
  };

  detail::task_core& attached(const char* operation) const {
    if (core_ == nullptr) detail::throw_no_task(operation);
    return *core_;
  }
  void drop() noexcept {
    if (core_ != nullptr) detail::drop(*std::exchange(core_, nullptr));
  }

  detail::task_core* core_ = nullptr;
};

/// Starts `body()` in a new fiber of the running fiber's runtime and returns its handle. The child
/// belongs to no scope of the caller. Children of one fiber that run on one loop start there in
/// spawn order, but for those with a `loop`, and, rarely, of a loop held up for 1 ms. Shape: body
/// may be move-only. Errors: std::logic_error on a plain thread, shut_down, resource_exhausted,
/// std::bad_alloc. Suspends: no. Cost: one pooled block; no stack until it starts.
template <class F>
auto spawn(F&& body, spawn_site where = spawn_site::current()) {
  detail::new_task fresh(std::forward<F>(body), where);
  detail::submit(*fresh.core);
  return task<typename decltype(fresh)::result>(fresh.release());
}

/// As above, with a name, a stack size, a loop to start on. Errors: also std::invalid_argument that
/// names the option.
template <class F>
auto spawn(spawn_options options, F&& body, spawn_site where = spawn_site::current()) {
  detail::new_task fresh(std::forward<F>(body), where);
  detail::apply(*fresh.core, options);
  detail::submit(*fresh.core);
  return task<typename decltype(fresh)::result>(fresh.release());
}

}  // namespace heddle
