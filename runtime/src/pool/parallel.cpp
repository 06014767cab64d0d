// SPDX-License-Identifier: MIT
// Parallel algorithms on oneTBB: step P of README.md.
#include <heddle/runtime/cancelled.hpp>
#include <heddle/runtime/choice.hpp>
#include <heddle/runtime/detail/parallel_job.hpp>
#include <heddle/runtime/park.hpp>

#include "base/tsan_order.hpp"
#include "fiber/lent_context.hpp"
#include "pool/pool_thread.hpp"
#include "pool/tbb_algorithms.hpp"
#include "sched/worker.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <utility>

namespace heddle::detail {

namespace {

/// One run of an algorithm, by any number of threads. What they hand to one another they hand
/// through oneTBB, where the thread sanitizer does not see it.
class algorithm final : public divided_work {
 public:
  /// `as`: what each thread is meanwhile; null: what it is.
  algorithm(const parallel_job& job, const context_snapshot& context,
            const pool_thread* as) noexcept
      : job_(job), context_(context), as_(as) {}

  void run_in(tbb_group& group, const range_part& all, partial_result* into) {
    tsan_release(&begin_);
    const struct ends {
      const void* end;
      ~ends() { tsan_acquire(end); }
    } at_end{&end_};
    group_ = &group;
    group.run(*this, all, into);
    if (error_ != nullptr) std::rethrow_exception(error_);
  }

  bool is_empty(const range_part& part) const override { return got(part).empty(); }
  bool is_divisible(const range_part& part) const override { return got(part).is_divisible(); }
  range_part* copy(const range_part& part) const noexcept override {
    return handed_or_none([&part] { return got(part).copy(); });
  }
  range_part* split(range_part& part) const noexcept override {
    range_part* const right = handed_or_none([&part] { return got(part).split(); });
    handed(&part);
    return right;
  }
  void drop(range_part* part) const noexcept override {
    const a_share here(*this);
    delete &got(*part);
  }

  void run(range_part& part, partial_result* into, const stop_sign& sign) const override {
    const a_share here(*this);
    const in_turn on_it(into);
    const works_for_pool pool(as_);
    const lent_context lent(context_);
    job_.run(got(part), into, sign);
  }
  partial_result* begin() const override {
    const a_share here(*this);
    const works_for_pool pool(as_);
    const lent_context lent(context_);
    return handed(job_.begin().release());
  }
  void combine(partial_result& left, partial_result& right) const override {
    const a_share here(*this);
    const in_turn on_it(&left);
    const works_for_pool pool(as_);
    const lent_context lent(context_);
    job_.combine(left, got(right));
  }
  void drop(partial_result* result) const noexcept override {
    const a_share here(*this);
    delete &got(*result);
  }

 private:
  /// After what the caller of the algorithm did before it, and before what it does after it.
  class a_share {
   public:
    explicit a_share(const algorithm& of) noexcept : of_(of) { tsan_acquire(&of.begin_); }
    ~a_share() { tsan_release(&of_.end_); }
    a_share(const a_share&) = delete;
    a_share& operator=(const a_share&) = delete;

   private:
    const algorithm& of_;
  };
  /// After whoever has had it before, and before whoever has it next.
  class in_turn {
   public:
    explicit in_turn(const void* object) noexcept : object_(object) { tsan_acquire(object); }
    ~in_turn() { tsan_release(object_); }
    in_turn(const in_turn&) = delete;
    in_turn& operator=(const in_turn&) = delete;

   private:
    const void* object_;
  };
  /// What `make` returns; null, and the work is cut short, if it throws: oneTBB does not bear that.
  template <class Make>
  range_part* handed_or_none(Make make) const noexcept {
    const a_share here(*this);
    try {
      return handed(make().release());
    } catch (...) {
      if (!failed_.exchange(true, std::memory_order_relaxed)) error_ = std::current_exception();
      group_->cut_short();
      return nullptr;
    }
  }
  template <class T>
  static T& got(T& object) noexcept {
    tsan_acquire(&object);
    return object;
  }
  template <class T>
  static T* handed(T* object) noexcept {
    tsan_release(object);
    return object;
  }

  const parallel_job& job_;
  const context_snapshot& context_;
  const pool_thread* as_;
  tbb_group* group_ = nullptr;
  mutable std::atomic<bool> failed_{false};
  mutable std::exception_ptr error_;  // written by who has set failed_, read after all parts
  char begin_ = 0;                    // addresses for the sanitizer
  char end_ = 0;
};

/// The same in a simulation: one part after the other, in an order that the policy has chosen;
/// between them other loops take turns.
class run_in_turns final : public stop_sign {
 public:
  run_in_turns(const algorithm& work, const std::atomic<bool>& cut) noexcept
      : work_(work), cut_(cut) {}

  bool is_set() const noexcept override { return cut_.load(std::memory_order_relaxed); }

  void operator()(range_part& here, partial_result* into, int cuts = 0) const {
    constexpr int most_cuts = 3;
    if (cuts < most_cuts && here.is_divisible()) return run_halves(here, into, cuts + 1);
    if (is_set()) return;
    work_.run(here, into, *this);
    end_turn();
  }

 private:
  void run_halves(range_part& left, partial_result* into, int cuts) const {
    const std::unique_ptr<range_part> right = left.split();
    const std::unique_ptr<partial_result> of_right(into == nullptr ? nullptr : work_.begin());
    const bool right_first = choose_below(2) == 1;
    if (right_first) (*this)(*right, of_right.get(), cuts);
    (*this)(left, into, cuts);
    if (!right_first) (*this)(*right, of_right.get(), cuts);
    if (into != nullptr) work_.combine(*into, *of_right);
  }

  const algorithm& work_;
  const std::atomic<bool>& cut_;
};

/// An algorithm as a call on the CPU pool.
class parallel_call final : public pool_call {
 public:
  parallel_call(const range_part& all, const parallel_job& job, partial_result* into)
      : pool_call(&parallel_call::run, &parallel_call::cut), all_(all), job_(job), into_(into) {}

  /// Returns whether it was asked to stop early, perhaps too late to matter.
  bool was_cut_short() const noexcept { return was_cut_short_; }

 private:
  static void run(pool_call& self) { static_cast<parallel_call&>(self).run_here(); }
  static void cut(pool_call& self) noexcept {
    auto& mine = static_cast<parallel_call&>(self);
    mine.cut_.store(true, std::memory_order_relaxed);
    mine.group_.cut_short();
  }

  void run_here() {
    const bool simulated = worker::current_fiber() != nullptr;
    algorithm work(job_, context, simulated ? nullptr : pool_thread::current());
    if (simulated) {
      const std::unique_ptr<range_part> whole = all_.copy();
      run_in_turns(work, cut_)(*whole, into_);
      was_cut_short_ = cut_.load(std::memory_order_relaxed);
    } else {
      work.run_in(group_, all_, into_);
      was_cut_short_ = group_.is_cut_short();
    }
  }

  const range_part& all_;
  const parallel_job& job_;
  partial_result* into_;
  tbb_group group_{tbb_group::bound_to::nothing};
  std::atomic<bool> cut_{false};
  bool was_cut_short_ = false;
};

/// On a plain thread, or one of the CPU pool: in the arena that the thread is in.
void run_in_arena_of_caller(const range_part& all, const parallel_job& job, partial_result* into) {
  tbb_group group(tbb_group::bound_to::surroundings);
  const context_snapshot context = capture_context();
  algorithm(job, context, pool_thread::current()).run_in(group, all, into);
  if (group.is_cut_short()) throw cancelled{};
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
