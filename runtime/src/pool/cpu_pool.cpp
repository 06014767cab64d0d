// SPDX-License-Identifier: MIT
// The arena and its tokens.
#include "pool/cpu_pool.hpp"

#include "base/assert.hpp"
#include "pool/pool_thread.hpp"

#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <optional>
#include <set>

namespace heddle::detail {

namespace {

/// What the pools of this process want of oneTBB, whose threads are one set for all, by itself one
/// less than there are cores: it counts on the thread that calls, and here that is a loop's, which
/// does not help. Of several wishes oneTBB grants the smallest, so there is one for all pools.
/// Process-wide, like what it is about; it lasts as long as a pool needs it.
class wish_for_threads {
 public:
  explicit wish_for_threads(std::size_t threads) : threads_(threads) {
    const std::lock_guard guard(lock);
    wishes.insert(threads);
    renew();
  }
  ~wish_for_threads() {
    const std::lock_guard guard(lock);
    wishes.erase(wishes.find(threads_));
    renew();
  }
  wish_for_threads(const wish_for_threads&) = delete;
  wish_for_threads& operator=(const wish_for_threads&) = delete;

 private:
  using control = tbb::global_control;

  static void renew() {
    granted.reset();
    if (wishes.empty()) return;
    const std::size_t without = control::active_value(control::max_allowed_parallelism);
    granted.emplace(control::max_allowed_parallelism, std::max(*wishes.rbegin() + 1, without));
  }

  static inline std::mutex lock;
  static inline std::multiset<std::size_t> wishes;
  static inline std::optional<control> granted;

  std::size_t threads_;
};

}  // namespace

struct cpu_pool::arena {
  using control = tbb::global_control;
  explicit arena(const config& settings)
      : wish(settings.cpu_threads),
        stack_size(
            control::thread_stack_size,
            std::max(settings.pool_stack_bytes, control::active_value(control::thread_stack_size))),
        threads(static_cast<int>(settings.cpu_threads), 0) {
    threads.initialize();
  }

  wish_for_threads wish;
  control stack_size;
  tbb::task_arena threads;
};

cpu_pool::cpu_pool(const config& settings, pools& owner)
    : settings_(settings), threads_are_{&owner, pool_kind::cpu, settings.debug} {}

cpu_pool::~cpu_pool() {
  waiter last(cancellation::shield);
  std::unique_lock guard(lock_);
  HEDDLE_ASSERT(empty(), "a CPU pool ends while calls stand in line");
  const bool waits = tokens_ != 0;
  if (waits) closer_ = &last;
  guard.unlock();
  if (waits) last.wait();
  // Whoever was last has unlocked then, or is about to.
  const std::lock_guard has_unlocked(lock_);
}

void cpu_pool::send_somebody() {
  std::call_once(started_, [this] { arena_ = std::make_unique<arena>(settings_); });
  {
    const std::lock_guard guard(lock_);
    ++tokens_;
  }
  try {
    arena_->threads.enqueue([this] { serve_one(); });
  } catch (...) {
    const std::lock_guard guard(lock_);
    --tokens_;
    throw;
  }
}

void cpu_pool::serve_one() noexcept {
  const works_for_pool here(&threads_are_);
  resumption caller;
  resumption closer;
  std::unique_lock guard(lock_);
  if (pool_call* const call = take()) {
    guard.unlock();
    execute(*call);
    guard.lock();
    caller = finish(*call);
  }
  if (--tokens_ == 0 && closer_ != nullptr) closer = closer_->claim();
}

}  // namespace heddle::detail
