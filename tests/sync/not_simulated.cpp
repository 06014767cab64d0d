// SPDX-License-Identifier: MIT
// The cases of sync that do not run under a seed, and why.
#include "testing/simulated/not_simulated.hpp"

#include <span>

namespace heddle::test {

namespace {

constexpr const char* patterns[] = {
    // Plain threads: a waker's last instructions, or what a thread gets that is no fiber.
    "lifetime.the_last_user_*",
    "lifetime.whoever_*",
    "*.may_be_destroyed_by_*",
    "gate.opening_and_waiting_*",
    "rate_limiter.gives_what_is_there_to_whoever_asks_*",
    "mutex.a_plain_thread_*",
    "lock_cycle.a_dump_says_that_a_plain_thread_*",
    "channel_conservation.of_values_under_*",
    "select.waits_for_the_end_of_tasks_of_another_runtime_*",
    "oneshot.wakes_a_fiber_and_a_thread_*",
    "oneshot.frees_its_state_*",

    // A runtime with threads, looked at from outside of it.
    "*.says_in_a_dump_*",
    "stall.*",

    // The machine's time: a clock that is not heddle's, and how long a cancel takes.
    "*_until_a_moment_of_any_clock",
    "cancel_latency.*",

    // How often each comes, where a schedule may have a select wait always: then its first case is
    // served.
    "select_go.a_send_case_chosen_*",

    // Child processes.
    "*_DeathTest.*",
    "lifetime.destroyed_while_*",

    // Nobody waits, so there is no order: the whole case is calls of one thread.
    "any_queue/*.is_drained_or_dropped_*",
    "barrier.one_who_drops_out_*",
    "barrier_abort.tokens_*",
    "broadcast.a_slow_receiver_*",
    "broadcast.gives_every_receiver_*",
    "broadcast.keeps_no_more_*",
    "broadcast.needs_room_*",
    "broadcast.receivers_come_and_go",
    "broadcast.the_end_comes_*",
    "channel.destroys_what_is_left_*",
    "channel.too_large_a_buffer_*",
    "event.is_set_until_*",
    "gate.is_closed_until_*",
    "latch.opens_at_zero_*",
    "lifo_queue.*",
    "once.runs_the_first_call_only",
    "oneshot.a_setter_hears_*",
    "oneshot.gives_the_value_*",
    "oneshot.of_void_*",
    "oneshot.refuses_to_be_set_*",
    "oneshot.throws_the_error_*",
    "permit.can_be_given_up_*",
    "permit.gives_back_*",
    "permit.is_empty_*",
    "priority_queue.gives_*",
    "priority_queue.refuses_*",
    "priority_queue.takes_*",
    "*.refuses_counts_*",
    "queue.gives_items_*",
    "queue.items_that_nobody_got_*",
    "queue.keeps_the_order_*",
    "queue.more_task_done_*",
    "queue.moves_items_*",
    "queue.must_be_told_*",
    "queue_shutdown.after_a_drain_*",
    "queue_shutdown.now_drops_no_more_*",
    "queue_shutdown.put_throws_*",
    "queue_shutdown.what_was_got_*",
    "rate_limiter.does_not_save_*",
    "rate_limiter.keeps_rates_*",
    "rate_limiter.refuses_what_*",
    "rate_limiter.starts_with_*",
    "select.hands_over_a_value_by_reference_*",
    "select.takes_as_many_cases_*",
    "select.takes_time_outs_*",
    "watch.a_copy_*",
    "watch.frees_a_value_*",
    "watch.shows_the_latest_*",
    "watch.the_end_comes_*",
};

}  // namespace

std::span<const char* const> not_simulated() { return patterns; }

}  // namespace heddle::test
