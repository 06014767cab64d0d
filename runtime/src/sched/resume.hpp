// SPDX-License-Identifier: MIT
// The last step of a wake-up, C2 of wait/README.md, for whoever has won a claim.
// Invariant: a thread that is no loop of the woken fiber's runtime holds that runtime by a visit,
// begun while the fiber could not yet go on, until it has put the fiber into a queue and woken a
// loop.
#pragma once

#include "fiber/parker.hpp"

namespace heddle::detail {

class scheduler;

/// Makes a claimed and parked parker go on: a fiber through its runtime, a thread through its
/// futex.
void resume_parker(parker& who) noexcept;

/// Holds the runtime of a parker while a thread outside of it claims and resumes. Begin it while
/// the parker cannot have left its wait: under the lock of the list that holds it.
class visit_if_foreign {
 public:
  explicit visit_if_foreign(const parker& who) noexcept;
  ~visit_if_foreign();
  visit_if_foreign(const visit_if_foreign&) = delete;
  visit_if_foreign& operator=(const visit_if_foreign&) = delete;

  /// Leaves the end of the visit to whoever calls kept(), on the same thread.
  void keep() noexcept { host_ = nullptr; }
  static visit_if_foreign kept(const parker& who) noexcept;

 private:
  struct begun_already {};
  visit_if_foreign(const parker& who, begun_already) noexcept;
  static scheduler* foreign_host(const parker& who) noexcept;

  scheduler* host_;
};

}  // namespace heddle::detail
