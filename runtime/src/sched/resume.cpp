// SPDX-License-Identifier: MIT
// Resuming fibers through their runtime and plain threads through their futex.
#include "sched/resume.hpp"

#include "base/futex.hpp"
#include "fiber/fiber.hpp"
#include "sched/scheduler.hpp"
#include "sched/worker.hpp"

namespace heddle::detail {

void resume_parker(parker& who) noexcept {
  if (who.what == parker::kind::fiber) {
    who.home->make_ready(static_cast<fiber&>(who));
    return;
  }
  auto& thread = static_cast<thread_parker&>(who);
  std::atomic<std::uint32_t>* const signal = &thread.signal;
  // order: release — partner: park_thread(). The thread may go on, and end, from here on.
  signal->store(1, std::memory_order_release);
  futex_wake(signal);
}

scheduler* visit_if_foreign::foreign_host(const parker& who) noexcept {
  const worker* const here = worker::current();
  return who.home == nullptr || (here != nullptr && &here->owner() == who.home) ? nullptr
                                                                                : who.home;
}

visit_if_foreign::visit_if_foreign(const parker& who) noexcept : host_(foreign_host(who)) {
  if (host_ != nullptr) host_->begin_visit();
}

visit_if_foreign::visit_if_foreign(const parker& who, begun_already) noexcept
    : host_(foreign_host(who)) {}

visit_if_foreign visit_if_foreign::kept(const parker& who) noexcept {
  return {who, begun_already{}};
}

visit_if_foreign::~visit_if_foreign() {
  if (host_ != nullptr) host_->end_visit();
}

}  // namespace heddle::detail
