// SPDX-License-Identifier: MIT
// Asking a fiber to leave a scope.
#include "sched/cancel.hpp"

#include <heddle/runtime/detail/scope_frame.hpp>

#include "fiber/fiber.hpp"
#include "sched/scheduler.hpp"
#include "sched/worker.hpp"

#include <cstdint>
#include <utility>

namespace heddle::detail {

void raise_deepest(fiber& inside, scope_depth depth) noexcept {
  // order: seq_cst — m, then the wake word; partners: worker::commit_park(): word, then m; and
  // lower_deepest(): m, then the flags of scopes, of which this one's is set.
  if (depth == 0) {
    inside.attention.fetch_or(fiber::cancel, std::memory_order_seq_cst);
    return;
  }
  const std::uint32_t wanted = (depth + std::uint32_t{1}) << fiber::deepest_shift;
  // order: seq_cst — as above, also when somebody has raised it as far.
  std::uint32_t seen = inside.attention.load(std::memory_order_seq_cst);
  while ((seen & fiber::deepest_mask) < wanted &&
         !inside.attention.compare_exchange_weak(seen, (seen & ~fiber::deepest_mask) | wanted,
                                                 std::memory_order_seq_cst,
                                                 std::memory_order_seq_cst)) {
  }
}

void tell(fiber& inside, scope_depth depth) noexcept {
  const scheduler::visit while_here(*inside.home);
  raise_deepest(inside, depth);
  if (inside.word.cancel_current(depth) == wake_word::claim_result::won_parked) {
    inside.home->make_ready(inside);
  }
}

void arm_deadlines(fiber& self) noexcept {
  timer_wheel& here = worker::current()->timers();
  for (scope_frame* each = std::exchange(self.unarmed, nullptr); each != nullptr;
       each = each->unarmed_before) {
    here.arm(*each, each->limit.when());
  }
}

bool mark_late(scope_frame& frame) noexcept {
  constexpr std::uint32_t late =
      scope_frame::asked | scope_frame::cancelled | scope_frame::timed_out;
  std::uint32_t seen = frame.word.load(std::memory_order_relaxed);
  do {
    if ((seen & scope_frame::asked) != 0) return false;
    // order: seq_cst — the flag, then m (Q1, Q2).
  } while (!frame.word.compare_exchange_weak(seen, seen | late, std::memory_order_seq_cst,
                                             std::memory_order_relaxed));
  return true;
}

void cancel_due(timer* scopes) noexcept {
  while (scopes != nullptr) {
    auto& frame = static_cast<scope_frame&>(*scopes);
    scopes = frame.next;
    // The owner waits for the timer to be off: the frame stays, and so does the fiber.
    cancel_list groups({timed_out_text, nullptr});
    if (mark_late(frame)) ask_to_leave(*frame.owner, frame.depth, groups);
    // order: release — the last touch; partner: end_deadline().
    frame.state.store(timer_state::off, std::memory_order_release);
  }
}

bool begin_request(scope_frame& frame) noexcept {
  std::uint32_t seen = frame.word.load(std::memory_order_relaxed);
  do {
    if ((seen & scope_frame::asked) != 0) return false;
    // order: relaxed — nothing is said yet; leave_scope() sees that somebody is at work.
  } while (!frame.word.compare_exchange_weak(
      seen, (seen | scope_frame::asked) + scope_frame::one_canceller, std::memory_order_relaxed,
      std::memory_order_relaxed));
  return true;
}

void ask_to_leave(fiber& inside, scope_depth depth, cancel_list& groups) noexcept {
  tell(inside, depth);
  groups.add_groups_of(inside, depth);
}

void finish_request(scope_frame& frame, cancel_reason why) noexcept {
  cancel_list groups(why);
  frame.reason = std::move(why);
  // order: seq_cst — the flag, then m (Q1, Q2); releases the reason.
  const std::uint32_t before =
      frame.word.fetch_or(scope_frame::cancelled, std::memory_order_seq_cst);
  if ((before & scope_frame::running) != 0) ask_to_leave(*frame.owner, frame.depth, groups);
  // order: release — the last touch (Q4); partner: end_scope().
  frame.word.fetch_sub(scope_frame::one_canceller, std::memory_order_release);
}

}  // namespace heddle::detail
