// SPDX-License-Identifier: MIT
// How oneTBB is asked for threads. Compiled without the thread sanitizer (runtime/CMakeLists.txt).
#include "pool/tbb_arena.hpp"

#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <mutex>
#include <new>
#include <optional>
#include <set>

namespace heddle::detail {

namespace {

using control = tbb::global_control;

/// What the pools of this process want of oneTBB, whose threads are one set for all, by itself one
/// less than there are cores: it counts on the thread that calls, and here that is a loop's, which
/// does not help. Of several wishes oneTBB grants the smallest, so there is one for all pools.
/// Process-wide, like what it is about. Never destroyed: a runtime may end after main().
struct wish_list {
  std::mutex lock;
  std::multiset<std::size_t> wishes;
  std::optional<control> granted;

  static wish_list& of_process() {
    static wish_list& only = *new wish_list;
    return only;
  }
  /// Under the lock.
  void renew() {
    granted.reset();
    if (wishes.empty()) return;
    const std::size_t without = control::active_value(control::max_allowed_parallelism);
    granted.emplace(control::max_allowed_parallelism, std::max(*wishes.rbegin() + 1, without));
  }
};

/// One pool's wish, as long as it stands.
class wish_for_threads {
 public:
  explicit wish_for_threads(std::size_t threads) {
    const std::lock_guard guard(all_.lock);
    mine_ = all_.wishes.insert(threads);
    try {
      all_.renew();
    } catch (...) {
      withdraw();
      throw;
    }
  }
  ~wish_for_threads() {
    const std::lock_guard guard(all_.lock);
    withdraw();
  }
  wish_for_threads(const wish_for_threads&) = delete;
  wish_for_threads& operator=(const wish_for_threads&) = delete;

 private:
  /// Under the lock.
  void withdraw() noexcept {
    all_.wishes.erase(mine_);
    try {
      all_.renew();
    } catch (const std::bad_alloc&) {
      // The other pools have the threads that oneTBB has by itself.
    }
  }

  wish_list& all_ = wish_list::of_process();
  std::multiset<std::size_t>::iterator mine_;
};

}  // namespace

struct tbb_arena::parts {
  explicit parts(const settings& wanted)
      : wish(wanted.threads),
        stacks(control::thread_stack_size,
               std::max(wanted.stack_bytes, control::active_value(control::thread_stack_size))),
        arena(static_cast<int>(wanted.threads), 0) {
    arena.initialize();
  }

  wish_for_threads wish;
  control stacks;
  tbb::task_arena arena;
};

tbb_arena::tbb_arena(settings wanted) : parts_(new parts(wanted)) {}

tbb_arena::~tbb_arena() { delete parts_; }

void tbb_arena::enqueue(void (*run)(void*) noexcept, void* argument) {
  parts_->arena.enqueue([run, argument] { run(argument); });
}

}  // namespace heddle::detail
