// SPDX-License-Identifier: MIT
// A group of tasks that none of them outlives: a nursery. Its children may use the locals of
// whoever made it. Invariants: (1) after join(), or at the latest after the destructor, no child
// runs; (2) the first failure of a child cancels all others, and is what join() throws; the others
// are kept in failures(); (3) children live in the scope, and behind the shield, in which the group
// was made. Not here: the usual shapes (gather.hpp, race.hpp, map.hpp). Source: N. J. Smith, "Notes
// on structured concurrency", 2018; trio's Nursery, asyncio.TaskGroup.
#pragma once

#include <heddle/runtime/cancel.hpp>
#include <heddle/runtime/detail/group_core.hpp>
#include <heddle/runtime/task.hpp>

#include <exception>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace heddle {

/// A child of a task_group: its result, once the group has been joined. May be dropped at any time,
/// which changes nothing for the child. Used by one thread or fiber at a time.
template <class T>
class subtask {
 public:
  subtask() noexcept = default;
  subtask(subtask&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
  subtask& operator=(subtask&& other) noexcept {
    subtask(std::move(other)).swap(*this);
    return *this;
  }
  ~subtask() {
    if (core_ != nullptr) detail::drop_share(*core_);
  }

  /// Takes what came of the child, once, after it has ended (after join() it has). Returns: its
  /// value. Errors: rethrows what left the child; task_cancelled if it was cancelled;
  /// std::logic_error if it has not ended, or its result was taken. Suspends: no.
  T get() {
    detail::child_core& ended = detail::ended_child(core_);
    core_ = nullptr;
    const owner taken{ended};
    return detail::take_result<T>(ended);
  }

  /// Returns whether the child has ended. Order: true happens after its end.
  bool done() const { return core_ != nullptr && detail::is_done(*core_); }

  /// Returns whether the child has ended with a value, which get() has not taken.
  bool has_value() const noexcept { return ended_as(detail::task_outcome::value); }
  /// Returns whether the child has ended because it was cancelled.
  bool was_cancelled() const noexcept { return ended_as(detail::task_outcome::cancelled); }

  void swap(subtask& other) noexcept { std::swap(core_, other.core_); }

 private:
  friend class task_group;
  explicit subtask(detail::child_core* core) noexcept : core_(core) {}
  bool ended_as(detail::task_outcome how) const noexcept {
    return core_ != nullptr && detail::is_done(*core_) && core_->outcome == how;
  }
  struct owner {
    detail::child_core& core;
    ~owner() { detail::drop_share(core); }
  };

  detail::child_core* core_ = nullptr;
};

/// Children that are waited for together. Neither copied nor moved.
class task_group {
 public:
  /// Makes a group in the scope of the running fiber; on a plain thread in none.
  /// Errors: std::bad_alloc.
  task_group() = default;

  /// Not joined: cancels the children and waits for them, shielded; their errors go to
  /// config::on_unhandled. Never throws; a child of the group that ends it stops the process, for
  /// it would wait for itself. Suspends: then.
  ~task_group() = default;

  /// Starts `body()` as a child, also from another child. Children of one fiber that run on one
  /// loop start there in spawn order, as those of heddle::spawn. Errors: as heddle::spawn;
  /// std::logic_error if the group has been joined. Suspends: no.
  template <class F>
  auto spawn(F&& body, spawn_site where = spawn_site::current()) {
    detail::new_task<F, detail::child_core> fresh(std::forward<F>(body), where);
    return start(fresh);
  }
  template <class F>
  auto spawn(spawn_options options, F&& body, spawn_site where = spawn_site::current()) {
    detail::new_task<F, detail::child_core> fresh(std::forward<F>(body), where);
    detail::apply(*fresh.core, options);
    return start(fresh);
  }

  /// Runs `body()` here, in the group's own scope: cancel() and a failing child end it. Then joins.
  /// Returns: what body returns. Errors: the first failure, of a child or of the body; `cancelled`
  /// if the caller is; task_cancelled if cancel() ended a body that was to return a value;
  /// std::logic_error, before the body, outside a fiber, if it was joined, if it runs already, or
  /// if a child of the group calls. Suspends: yes. Once.
  template <class F>
  std::invoke_result_t<F> run(F&& body);

  /// Waits until all children have ended, once; runs those that nobody has started, one after the
  /// other, so that a tree of groups takes stacks for its depth only. That is, if the fiber that
  /// made the group spawns all of its children, at most 256, none with a stack or loop of its own
  /// or pinned, and joins them, and between neither suspends nor spawns anything else, and is not
  /// pinned; other children start as tasks do, and a tree of them takes stacks for its breadth. A
  /// child that suspends keeps its stack meanwhile. Errors: rethrows the
  /// first failure, which has cancelled the others; `cancelled` if the caller is, after the
  /// children were cancelled and have ended, unless one failed, or all had a result before;
  /// std::logic_error if it was joined, or if a child of the group calls. Returns normally after
  /// cancel(). Suspends: yes.
  void join() { detail::join_group(core_); }

  /// Returns what has left children, and the body, in the order in which it happened; without
  /// cancellations.
  std::vector<std::exception_ptr> failures() const { return detail::failures_of(core_); }

  /// Cancels the children, those to come, and the body of run(). Idempotent. From any fiber or
  /// thread while the group stands. Suspends: no.
  void cancel() noexcept { detail::cancel_group(core_, "its group was cancelled"); }

 private:
  template <class Fresh>
  auto start(Fresh& fresh) {
    detail::submit_child(core_, *fresh.core);
    return subtask<typename Fresh::result>(fresh.release());
  }

  mutable detail::group_core core_;
};

template <class F>
std::invoke_result_t<F> task_group::run(F&& body) {
  using result = std::invoke_result_t<F>;
  detail::maybe_t<result> value{};
  std::exception_ptr cancelled_outside;
  {
    detail::group_body inside(core_);
    try {
      if constexpr (std::is_void_v<result>) {
        std::invoke(std::forward<F>(body));
        value = true;
      } else {
        value.emplace(std::invoke(std::forward<F>(body)));
      }
    } catch (const cancelled&) {
      inside.leave();
      if (!inside.takes()) cancelled_outside = std::current_exception();
    } catch (...) {
      detail::fail_body(core_);
    }
  }
  if (cancelled_outside) detail::cancel_by_owner(core_);
  join();
  if (cancelled_outside) std::rethrow_exception(cancelled_outside);
  if constexpr (!std::is_void_v<result>) {
    if (!value) detail::throw_body_cancelled();
  }
  return detail::unwrap<result>(std::move(value));
}

}  // namespace heddle
