// SPDX-License-Identifier: MIT
// Parallel algorithms on oneTBB: step P of README.md.
#include <heddle/runtime/cancelled.hpp>
#include <heddle/runtime/choice.hpp>
#include <heddle/runtime/detail/parallel_job.hpp>
#include <heddle/runtime/park.hpp>

#include "fiber/lent_context.hpp"
#include "pool/pool_thread.hpp"
#include "sched/worker.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_reduce.h>
#include <tbb/partitioner.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <utility>

namespace heddle::detail {

namespace {

/// A range as oneTBB wants one.
class part {
 public:
  explicit part(const range_part& all) : range_(all.copy()) {}
  part(const part& other) : range_(other.range_->copy()) {}
  part(part& other, tbb::split) : range_(other.range_->split()) {}
  part& operator=(const part&) = delete;
  ~part() = default;

  bool empty() const { return range_->empty(); }
  bool is_divisible() const { return range_->is_divisible(); }
  range_part& range() const noexcept { return *range_; }

 private:
  std::unique_ptr<range_part> range_;
};

/// For tasks of oneTBB.
class group_sign final : public stop_sign {
 public:
  bool is_set() const noexcept override { return tbb::is_current_task_group_canceling(); }
};

/// One run of an algorithm, by any number of threads.
struct algorithm {
  const parallel_job& job;
  const context_snapshot& context;
  const pool_thread* as;  // what each of them is meanwhile

  void run(const part& one, partial_result* into, const stop_sign& sign) const {
    const works_for_pool here(as);
    const lent_context lent(context);
    job.run(one.range(), into, sign);
  }
};

/// A body as oneTBB's parallel_reduce wants one.
class reduction {
 public:
  reduction(const algorithm& of, partial_result& into) noexcept : of_(of), result_(&into) {}
  reduction(reduction& other, tbb::split)
      : of_(other.of_), own_(other.of_.job.begin()), result_(own_.get()) {}
  reduction(const reduction&) = delete;
  reduction& operator=(const reduction&) = delete;
  ~reduction() = default;

  void operator()(const part& one) { of_.run(one, result_, group_sign()); }
  void join(reduction& right) { of_.job.combine(*result_, *right.result_); }

 private:
  const algorithm& of_;
  std::unique_ptr<partial_result> own_;
  partial_result* result_;
};

void run_with_tbb(const algorithm& of, const range_part& all, partial_result* into,
                  tbb::task_group_context& group) {
  const part whole(all);
  tbb::this_task_arena::isolate([&] {
    if (into == nullptr) {
      tbb::parallel_for(
          whole, [&of](const part& one) { of.run(one, nullptr, group_sign()); },
          tbb::auto_partitioner(), group);
    } else {
      reduction body(of, *into);
      tbb::parallel_reduce(whole, body, tbb::auto_partitioner(), group);
    }
  });
}

/// The same in a simulation: one part after the other, in an order that the policy has chosen;
/// between them other loops take turns.
class run_in_turns final : public stop_sign {
 public:
  run_in_turns(const algorithm& of, const std::atomic<bool>& cut) noexcept : of_(of), cut_(cut) {}

  bool is_set() const noexcept override { return cut_.load(std::memory_order_relaxed); }

  void operator()(part& here, partial_result* into, int cuts = 0) const {
    constexpr int most_cuts = 3;
    if (cuts < most_cuts && here.is_divisible()) return run_halves(here, into, cuts + 1);
    if (is_set()) return;
    of_.run(here, into, *this);
    end_turn();
  }

 private:
  void run_halves(part& left, partial_result* into, int cuts) const {
    part right(left, tbb::split());
    const std::unique_ptr<partial_result> of_right = of_.job.begin();
    const bool right_first = choose_below(2) == 1;
    if (right_first) (*this)(right, of_right.get(), cuts);
    (*this)(left, into, cuts);
    if (!right_first) (*this)(right, of_right.get(), cuts);
    if (into != nullptr) of_.job.combine(*into, *of_right);
  }

  const algorithm& of_;
  const std::atomic<bool>& cut_;
};

/// An algorithm as a call on the CPU pool.
class parallel_call final : public pool_call {
 public:
  parallel_call(const range_part& all, const parallel_job& job, partial_result* into) noexcept
      : pool_call(&parallel_call::run, &parallel_call::cut), all_(all), job_(job), into_(into) {}

  /// Returns whether some of the work was left undone.
  bool was_cut_short() const noexcept { return was_cut_short_; }

 private:
  static void run(pool_call& self) { static_cast<parallel_call&>(self).run_here(); }
  static void cut(pool_call& self) noexcept {
    auto& mine = static_cast<parallel_call&>(self);
    mine.cut_.store(true, std::memory_order_relaxed);
    mine.group_.cancel_group_execution();
  }

  void run_here() {
    const bool simulated = worker::current_fiber() != nullptr;
    const algorithm of{job_, context, simulated ? nullptr : pool_thread::current()};
    if (simulated) {
      part whole(all_);
      run_in_turns(of, cut_)(whole, into_);
      was_cut_short_ = cut_.load(std::memory_order_relaxed);
    } else {
      run_with_tbb(of, all_, into_, group_);
      was_cut_short_ = group_.is_group_execution_cancelled();
    }
  }

  const range_part& all_;
  const parallel_job& job_;
  partial_result* into_;
  tbb::task_group_context group_{tbb::task_group_context::isolated};
  std::atomic<bool> cut_{false};
  bool was_cut_short_ = false;
};

/// On a thread of the arena that is to do it.
void run_in_arena_of_caller(const range_part& all, const parallel_job& job, partial_result* into) {
  tbb::task_group_context group;  // bound to the work around it
  const context_snapshot context = capture_context();
  run_with_tbb({job, context, pool_thread::current()}, all, into, group);
  if (group.is_group_execution_cancelled()) throw cancelled{};
}

}  // namespace

std::size_t pace::next() noexcept {
  constexpr std::chrono::microseconds between_looks{5};
  constexpr std::size_t most = std::size_t{1} << 16;
  if (sign_.is_set()) return 0;
  const clock::time_point now = clock::now();
  if (count_ == 0) {
    count_ = 1;
  } else {
    count_ = now - began_ < between_looks ? std::min(2 * count_, most)
                                          : std::max<std::size_t>(count_ / 2, 1);
  }
  began_ = now;
  return count_;
}

void run_parallel(const range_part& all, const parallel_job& job, partial_result* into) {
  if (all.empty()) return;
  const pool_thread* const here =
      worker::current_fiber() == nullptr ? pool_thread::current() : nullptr;
  const bool may_block = here != nullptr && here->kind == pool_kind::blocking;
  if (worker::current_fiber() == nullptr && !may_block) {
    return run_in_arena_of_caller(all, job, into);
  }
  parallel_call call(all, job, into);
  run_on_pool(pool_kind::cpu, call);
  if (!call.was_cut_short()) return;
  throw_if_cancelled();
  throw cancelled{};
}

}  // namespace heddle::detail
