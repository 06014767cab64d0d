// SPDX-License-Identifier: MIT
// The bodies and ranges that oneTBB's templates want. Compiled without the thread sanitizer
// (runtime/CMakeLists.txt), which would see half of how oneTBB hands them over.
#include "pool/tbb_algorithms.hpp"

#include <tbb/parallel_for.h>
#include <tbb/parallel_reduce.h>
#include <tbb/partitioner.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

namespace heddle::detail {

namespace {

tbb::task_group_context& of(void* context) noexcept {
  return *static_cast<tbb::task_group_context*>(context);
}

/// A range as oneTBB wants one: neither copying nor cutting it may throw, for oneTBB keeps parts in
/// an array that it then could not take down. Without a range it is empty.
class part {
 public:
  part(const divided_work& work, const range_part& all) noexcept
      : work_(work), range_(work.copy(all)) {}
  part(const part& other) noexcept
      : work_(other.work_), range_(other.range_ == nullptr ? nullptr : work_.copy(*other.range_)) {}
  part(part& other, tbb::split) noexcept
      : work_(other.work_),
        range_(other.range_ == nullptr ? nullptr : work_.split(*other.range_)) {}
  part& operator=(const part&) = delete;
  ~part() {
    if (range_ != nullptr) work_.drop(range_);
  }

  bool empty() const { return range_ == nullptr || work_.is_empty(*range_); }
  bool is_divisible() const { return range_ != nullptr && work_.is_divisible(*range_); }
  void run(partial_result* into) const;

 private:
  const divided_work& work_;
  range_part* range_;
};

class group_sign final : public stop_sign {
 public:
  bool is_set() const noexcept override { return tbb::is_current_task_group_canceling(); }
};

void part::run(partial_result* into) const {
  if (range_ != nullptr) work_.run(*range_, into, group_sign());
}

/// A body as oneTBB's parallel_reduce wants one.
class reduction {
 public:
  reduction(const divided_work& work, partial_result& into) noexcept
      : work_(work), result_(&into), is_own_(false) {}
  reduction(reduction& other, tbb::split)
      : work_(other.work_), result_(work_.begin()), is_own_(true) {}
  reduction(const reduction&) = delete;
  reduction& operator=(const reduction&) = delete;
  ~reduction() {
    if (is_own_) work_.drop(result_);
  }

  void operator()(const part& one) { one.run(result_); }
  void join(reduction& right) { work_.combine(*result_, *right.result_); }

 private:
  const divided_work& work_;
  partial_result* result_;
  bool is_own_;
};

}  // namespace

tbb_group::tbb_group(bound_to what)
    : context_(new tbb::task_group_context(what == bound_to::nothing
                                               ? tbb::task_group_context::isolated
                                               : tbb::task_group_context::bound)) {}

tbb_group::~tbb_group() { delete &of(context_); }

void tbb_group::cut_short() noexcept { of(context_).cancel_group_execution(); }

bool tbb_group::is_cut_short() const noexcept {
  return of(context_).is_group_execution_cancelled();
}

void tbb_group::run(const divided_work& work, const range_part& all, partial_result* into) {
  const part whole(work, all);
  tbb::this_task_arena::isolate([&] {
    const tbb::auto_partitioner by_need;
    if (into == nullptr) {
      const auto body = [](const part& one) { one.run(nullptr); };
      tbb::parallel_for(whole, body, by_need, of(context_));
    } else {
      reduction body(work, *into);
      tbb::parallel_reduce(whole, body, by_need, of(context_));
    }
  });
}

}  // namespace heddle::detail
