// SPDX-License-Identifier: MIT
// Cancellation as a fiber meets it: the exception that a suspension point throws.
// Invariants: (1) level-triggered: once a scope is cancelled, every suspension point inside throws
// until the scope has been left; (2) not while an exception unwinds through the scope, nor inside a
// shield: there suspension points park; (3) a cancelled call had no effect. Not here: who cancels
// (cancel.hpp, task.hpp).
#pragma once

#include <memory>
#include <string_view>

namespace heddle {

namespace detail {

/// Why something is cancelled, and what keeps the text alive; null: it is static.
struct cancel_reason {
  std::string_view text;
  std::shared_ptr<const void> keeps;

  /// Copies `text`; without it if there is no memory.
  static cancel_reason copy_of(std::string_view text) noexcept;
};

}  // namespace detail

/// Leaves a cancelled body. Deliberately no std::exception: catch (const std::exception&) must not
/// swallow it. A catch (...) that does is met by the next suspension point, which throws again.
class cancelled {
 public:
  cancelled() noexcept = default;
  /// Copies `reason`; leaves it out if there is no memory.
  explicit cancelled(std::string_view reason) noexcept
      : why_(detail::cancel_reason::copy_of(reason)) {}
  explicit cancelled(detail::cancel_reason why) noexcept : why_(std::move(why)) {}

  /// Returns why, in the words of whoever cancelled; valid as long as this object or a copy of it.
  std::string_view reason() const noexcept { return why_.text; }

 private:
  detail::cancel_reason why_;
};

}  // namespace heddle
