// SPDX-License-Identifier: MIT
// The typed part of a task: behind the core lies the closure, and later, in the same place, what
// came of it. Invariants: (1) exactly one of body, value, error lives in the payload, as
// outcome says; (2) the body is destroyed on its fiber, before the outcome is
// stored and anybody is woken.
#pragma once

#include <heddle/runtime/cancelled.hpp>
#include <heddle/runtime/detail/task_core.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

namespace heddle::detail {

struct nothing {};

template <class R>
using stored_result = std::conditional_t<
    std::is_void_v<R>, nothing,
    std::conditional_t<std::is_reference_v<R>, std::add_pointer_t<std::remove_reference_t<R>>, R>>;

inline void* payload_of(task_core& core) noexcept {
  return reinterpret_cast<std::byte*>(&core) + core.operations->payload_offset;
}

template <class T>
T& payload_as(task_core& core) noexcept {
  return *std::launder(static_cast<T*>(payload_of(core)));
}

template <class R, class F>
stored_result<R> call_body(F& body) {
  if constexpr (std::is_void_v<R>) {
    std::invoke(std::move(body));
    return {};
  } else if constexpr (std::is_reference_v<R>) {
    auto&& found = std::invoke(std::move(body));
    return std::addressof(found);
  } else {
    return std::invoke(std::move(body));
  }
}

/// `Core`: task_core, or what a group adds to it.
template <class F, class Core = task_core>
struct task_body : Core {
  using result = std::invoke_result_t<F>;
  using value_type = stored_result<result>;
  static_assert(std::is_void_v<result> || std::is_reference_v<result> ||
                    std::is_move_constructible_v<result>,
                "what a task returns must be movable");

  template <class G>
  task_body(G&& body, spawn_site where) : Core(table, where) {
    std::construct_at(reinterpret_cast<F*>(&payload), std::forward<G>(body));
  }

  static void run(task_core& core) noexcept {
    F& body = payload_as<F>(core);
    bool body_lives = true;
    const auto drop_body = [&]() noexcept {
      if (std::exchange(body_lives, false)) std::destroy_at(&body);
    };
    std::exception_ptr error;  // null: cancelled
    try {
      // The value is built beside the body, which may own what it refers to, and moved into its
      // place.
      std::optional<value_type> value(std::in_place_t{}, call_body<result>(body));
      drop_body();
      std::construct_at(static_cast<value_type*>(payload_of(core)), std::move(*value));
      core.outcome = task_outcome::value;
      return;
    } catch (const cancelled&) {
    } catch (...) {
      error = std::current_exception();
    }
    drop_body();
    const bool failed = error != nullptr;
    if (failed) store_error(core, std::move(error));
    core.outcome = failed ? task_outcome::failure : task_outcome::cancelled;
  }

  static void destroy(task_core& core) noexcept {
    switch (core.outcome) {
      case task_outcome::none:
      case task_outcome::refused:
        return std::destroy_at(&payload_as<F>(core));
      case task_outcome::value:
        return std::destroy_at(&payload_as<value_type>(core));
      case task_outcome::failure:
        return std::destroy_at(&payload_as<std::exception_ptr>(core));
      case task_outcome::cancelled:
      case task_outcome::destroyed:
        return;
    }
  }

  static void fail(task_core& core, std::exception_ptr error) noexcept {
    std::destroy_at(&payload_as<F>(core));
    store_error(core, std::move(error));
    core.outcome = task_outcome::failure;
  }

  static const task_operations table;

  static constexpr std::size_t largest(std::size_t a, std::size_t b) { return a > b ? a : b; }
  static constexpr std::size_t payload_bytes =
      largest(sizeof(F), largest(sizeof(value_type), sizeof(std::exception_ptr)));
  static constexpr std::size_t payload_align =
      largest(alignof(F), largest(alignof(value_type), alignof(std::exception_ptr)));
  alignas(payload_align) std::byte payload[payload_bytes];

 private:
  static void store_error(task_core& core, std::exception_ptr error) noexcept {
    std::construct_at(static_cast<std::exception_ptr*>(payload_of(core)), std::move(error));
  }
};

template <class F, class Core>
constexpr std::size_t payload_offset() {
  constexpr std::size_t align = task_body<F, Core>::payload_align;
  return (sizeof(Core) + align - 1) / align * align;
}

template <class F, class Core>
const task_operations task_body<F, Core>::table{&task_body::run,
                                                &task_body::destroy,
                                                &task_body::fail,
                                                payload_offset<F, Core>(),
                                                block_class_of(sizeof(task_body)),
                                                std::is_trivially_destructible_v<value_type>};

/// A task that nobody has yet: freed unless release() hands it on.
template <class F, class Core = task_core>
class new_task {
 public:
  using body = task_body<std::decay_t<F>, Core>;
  using result = typename body::result;

  new_task(F&& callable, spawn_site where) {
    static_assert(alignof(body) <= alignof(std::max_align_t), "over-aligned callables do not fit");
    constexpr std::size_t at = block_class_of(sizeof(body));
    void* block = allocate_task(at, sizeof(body));
    try {
      core = ::new (block) body(std::forward<F>(callable), where);
    } catch (...) {
      free_task(block, at);
      throw;
    }
  }
  new_task(const new_task&) = delete;
  new_task& operator=(const new_task&) = delete;
  ~new_task() {
    if (core != nullptr) heddle::detail::release(*core);
  }
  Core* release() noexcept { return std::exchange(core, nullptr); }

  Core* core = nullptr;
};
template <class F>
new_task(F&&, spawn_site) -> new_task<F>;

/// Moves the outcome of a task that is done to its joiner.
template <class R>
R take_result(task_core& core) {
  if (core.outcome != task_outcome::value) rethrow_outcome(core);
  if constexpr (std::is_void_v<R>) {
    return;
  } else if constexpr (std::is_reference_v<R>) {
    return static_cast<R>(*payload_as<stored_result<R>>(core));
  } else {
    return std::move(payload_as<R>(core));
  }
}

}  // namespace heddle::detail
