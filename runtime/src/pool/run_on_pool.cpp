// SPDX-License-Identifier: MIT
// Where a call runs: on a pool, on the thread that asks, or, in a simulation, on a fiber.
#include <heddle/runtime/cancel.hpp>
#include <heddle/runtime/task.hpp>

#include "fiber/lent_context.hpp"
#include "pool/call_line.hpp"
#include "pool/pool_thread.hpp"
#include "pool/pools.hpp"
#include "pool/simulated_call.hpp"
#include "sched/scheduler.hpp"

namespace heddle::detail {

namespace {

constexpr wait_kind blocking_kind{"a call on the blocking pool", wait_kind::object::none};
constexpr wait_kind cpu_kind{"a job on the CPU pool", wait_kind::object::none};

void run_in_pools(pools& all, pool_kind where, pool_call& call) {
  if (where == pool_kind::cpu) return all.cpu.run(call, wait_subject(cpu_kind));
  all.blocking.run(call, wait_subject(blocking_kind));
}

/// On a plain thread. Of the pools' threads only those that may block go elsewhere, to compute.
void run_from_thread(pool_kind where, pool_call& call) {
  const pool_thread* const here = pool_thread::current();
  const bool to_cpu = where == pool_kind::cpu && here != nullptr && here->kind != where;
  to_cpu ? run_in_pools(*here->owner, where, call) : call.body(call);
}

}  // namespace

void run_on_pool(pool_kind where, pool_call& call) {
  if (worker::current_fiber() == nullptr) return run_from_thread(where, call);
  scheduler& home = worker::current()->owner();
  if (home.choices() != nullptr) {
    const bool computes = where == pool_kind::cpu;
    return run_simulated_call(call, computes ? cpu_kind.name : blocking_kind.name);
  }
  run_in_pools(*home.attached_pools, where, call);
}

void run_simulated_call(pool_call& call, const char* name) {
  throw_if_cancelled();
  call.context = capture_context();
  bool withdrawn = false;
  task<void> step = spawn({.name = name}, [&] {
    if (withdrawn) return;
    call.reached = pool_call::stage::begun;
    const shield_guard as_on_a_thread;  // which hears of no cancellation
    call_line::execute(call);
  });
  try {
    step.join();
  } catch (const cancelled&) {
    withdrawn = call.reached == pool_call::stage::queued;
    if (withdrawn) throw;  // the step ends with its handle
    if (call.stop != nullptr) call.stop(call);
    shield([&] { step.join(); });
  }
  call_line::take_outcome(call);
}

}  // namespace heddle::detail
