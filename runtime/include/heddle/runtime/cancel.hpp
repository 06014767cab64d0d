// SPDX-License-Identifier: MIT
// Cancellation as a fiber meets it: the exception that a suspension point throws.
// Invariants: (1) level-triggered: once a task is cancelled, every suspension point of its body
// throws until the body has ended; (2) not while an exception unwinds the body, nor inside a
// shielded wait of the library's own destructors: there suspension points park; (3) a cancelled
// call had no effect.
#pragma once

#include <string_view>

namespace heddle {

/// Leaves a cancelled body. Deliberately no std::exception: catch (const std::exception&) must not
/// swallow it. A catch (...) that does is met by the next suspension point, which throws again.
class cancelled {
 public:
  cancelled() noexcept = default;
  explicit cancelled(std::string_view reason) noexcept : reason_(reason) {}

  /// Returns why, in the words of whoever cancelled; static text, empty if none was given.
  std::string_view reason() const noexcept { return reason_; }

 private:
  std::string_view reason_;
};

}  // namespace heddle
