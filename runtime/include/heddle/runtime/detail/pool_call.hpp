// SPDX-License-Identifier: MIT
// A call that runs on a thread while its caller waits: its record, in the caller's frame.
// Invariants: (1) it runs once, or, if its caller was cancelled before, not at all; (2) the caller
// leaves its frame when nobody else knows of the record any more. Steps and proof:
// src/pool/README.md. Shipped, but not API.
#pragma once

#include <heddle/runtime/context_var.hpp>
#include <heddle/runtime/detail/result_shapes.hpp>
#include <heddle/runtime/park.hpp>

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace heddle::detail {

struct pool_call {
  using body_function = void (*)(pool_call&);
  using stop_function = void (*)(pool_call&) noexcept;
  enum class stage : std::uint8_t { queued, begun, done };

  explicit pool_call(body_function runs, stop_function stops = nullptr) noexcept
      : body(runs), stop(stops) {}
  pool_call(const pool_call&) = delete;
  pool_call& operator=(const pool_call&) = delete;

  body_function body;
  stop_function stop;        // asks a body that has begun to end early; null: there is no way to
  context_snapshot context;  // of the caller
  std::exception_ptr error;  // what left the body
  int error_number = 0;      // errno, as the body has left it

  // Under the lock of its line.
  stage reached = stage::queued;
  waiter* caller = nullptr;
  pool_call* next = nullptr;
  pool_call* previous = nullptr;

 protected:
  ~pool_call() = default;
};

/// A call of `f`, and what came of it.
template <class F>
class call_of final : public pool_call {
 public:
  using result = std::invoke_result_t<F>;

  explicit call_of(F&& f) noexcept : pool_call(&call_of::run), call_(std::addressof(f)) {}

  result take() {
    if constexpr (std::is_void_v<result>) {
      return;
    } else if constexpr (std::is_reference_v<result>) {
      return static_cast<result>(value_->get());
    } else {
      return std::move(*value_);
    }
  }

 private:
  static void run(pool_call& self) {
    auto& mine = static_cast<call_of&>(self);
    mine.value_.emplace(call_and_keep(std::forward<F>(*mine.call_)));
  }

  std::remove_reference_t<F>* call_;
  std::optional<shown_result<result>> value_;
};

enum class pool_kind : std::uint8_t { blocking, cpu };

/// Has `call` run on a pool of the caller's runtime, and waits for it; without one, here. Errors:
/// what left the body; `cancelled`: it has not begun, or was stopped; resource_exhausted.
void run_on_pool(pool_kind where, pool_call& call);

}  // namespace heddle::detail
